package api

import (
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

// DefaultRoute is API Gateway's route key for requests that match no other route, and DefaultFunction is the function
// that serves it. The answer is 405 with the allowed methods if the path exists with another method, and otherwise 404.
const (
	DefaultRoute    = "$default"
	DefaultFunction = "members"
)

// Routes returns all operations of the API.
func Routes() []request.Route {
	page, words := []string{"page_size", "cursor"}, []string{"language"}
	return []request.Route{
		{
			Pattern: "POST /v1/members", Function: "members", Scope: auth.MembersWrite, Keyed: true,
			Body:  request.SmallBody,
			Serve: enrolMember,
		},
		{Pattern: "GET /v1/members/{member}", Function: "members", Scope: auth.MembersRead, Serve: getMember},
		{
			Pattern: "PATCH /v1/members/{member}", Function: "members", Scope: auth.MembersWrite,
			Body:  request.SmallBody,
			Serve: changeMember,
		},
		{
			Pattern: "GET /v1/members/{member}/entries", Function: "members", Scope: auth.MembersRead, Query: page,
			Serve: listEntries,
		},
		{
			Pattern: "GET /v1/members/{member}/entries/{entry}", Function: "members", Scope: auth.MembersRead,
			Query: words, Serve: getEntry,
		},
		{
			Pattern: "GET /v1/entries/{entry}", Function: "members", Scope: auth.MembersRead, Query: words,
			Serve: findEntry,
		},
		{
			Pattern: "POST /v1/members/{member}/adjustments", Function: "members", Scope: auth.AdjustmentsWrite,
			Keyed: true, Body: request.SmallBody, Serve: adjustBalance,
		},
		{
			Pattern: "POST /v1/members/{member}/extensions", Function: "members", Scope: auth.AdjustmentsWrite,
			Keyed: true, Body: request.SmallBody, Serve: extendPoints,
		},
		{Pattern: "GET /v1/members/{member}/tier", Function: "members", Scope: auth.MembersRead, Serve: getTier},
		{
			Pattern: "PUT /v1/members/{member}/tier", Function: "members", Scope: auth.AdjustmentsWrite, Keyed: true,
			Body: request.SmallBody, Serve: setTier,
		},
		{
			Pattern: "POST /v1/members/{member}/reinstatements", Function: "members", Scope: auth.AdjustmentsWrite,
			Body: request.SmallBody, Serve: reinstatePoints,
		},
		{
			Pattern: "POST /v1/households", Function: "members", Scope: auth.MembersWrite, Keyed: true,
			Body: request.SmallBody, Serve: foundHousehold,
		},
		{Pattern: "GET /v1/households/{household}", Function: "members", Scope: auth.MembersRead, Serve: getHousehold},
		{
			Pattern: "POST /v1/households/{household}/invitations", Function: "members", Scope: auth.MembersWrite,
			Body: request.SmallBody, Serve: inviteToHousehold,
		},
		{
			Pattern: "POST /v1/households/{household}/accept", Function: "members", Scope: auth.MembersWrite,
			Body: request.SmallBody, Serve: joinHousehold,
		},
		{
			Pattern: "POST /v1/households/{household}/leave", Function: "members", Scope: auth.MembersWrite,
			Body: request.SmallBody, Serve: leaveHousehold,
		},
		{
			Pattern: "POST /v1/households/{household}/remove", Function: "members", Scope: auth.MembersWrite,
			Body: request.SmallBody, Serve: removeFromHousehold,
		},
		{
			Pattern: "PUT /v1/members/{member}/campaigns/{campaign}", Function: "members", Scope: auth.MembersWrite,
			Body: request.MaybeBody, Serve: registerForCampaign,
		},

		{
			Pattern: "PUT /v1/members/{member}/referral-code", Function: "members", Scope: auth.MembersWrite,
			Body: request.MaybeBody, Serve: giveReferralCode,
		},
		{
			Pattern: "POST /v1/members/{member}/referral", Function: "members", Scope: auth.MembersWrite, Keyed: true,
			Body: request.SmallBody, Serve: referMember,
		},
		{
			Pattern: "GET /v1/members/{member}/referrals", Function: "members", Scope: auth.MembersRead, Query: page,
			Serve: listReferrals,
		},

		{
			Pattern: "GET /v1/members/{member}/consents", Function: "members", Scope: auth.MembersRead,
			Serve: listConsents,
		},

		{
			Pattern: "PUT /v1/orders/{order}", Function: "earn", Scope: auth.OrdersWrite, Body: request.LargeBody,
			Serve: putOrder,
		},
		{Pattern: "GET /v1/orders/{order}", Function: "earn", Scope: auth.OrdersRead, Serve: getOrder},
		{
			Pattern: "POST /v1/orders/{order}/activate", Function: "earn", Scope: auth.AdjustmentsWrite,
			Body: request.MaybeBody, Serve: activateOrder,
		},
		{
			Pattern: "POST /v1/events", Function: "earn", Scope: auth.EventsWrite, Body: request.SmallBody,
			Serve: putEvent,
		},
		{
			Pattern: "POST /v1/events/{event}/activate", Function: "earn", Scope: auth.AdjustmentsWrite,
			Body: request.MaybeBody, Serve: activateEvent,
		},
		{
			Pattern: "POST /v1/quotes", Function: "earn", Scope: auth.OrdersWrite, Body: request.LargeBody,
			Query: words,
			Serve: quoteOrder,
		},
		{Pattern: "GET /v1/campaigns", Function: "earn", Scope: auth.RewardsRead, Serve: listCampaigns},

		{
			Pattern: "GET /v1/rewards", Function: "redeem", Scope: auth.RewardsRead, Query: []string{"member"},
			Serve: listRewards,
		},
		{
			Pattern: "GET /v1/members/{member}/rewards", Function: "redeem", Scope: auth.MembersRead,
			Serve: listMemberRewards,
		},
		{
			Pattern: "POST /v1/rewards/{reward}/waitlist", Function: "redeem", Scope: auth.RedemptionsWrite,
			Body: request.SmallBody, Serve: joinWaitingList,
		},
		{
			Pattern: "GET /v1/rewards/{reward}/waitlist/{member}", Function: "redeem", Scope: auth.RedemptionsRead,
			Serve: getPlace,
		},
		{
			Pattern: "DELETE /v1/rewards/{reward}/waitlist/{member}", Function: "redeem", Scope: auth.RedemptionsWrite,
			Serve: leaveWaitingList,
		},
		{Pattern: "GET /v1/members/{member}/perks", Function: "redeem", Scope: auth.MembersRead, Serve: listPerks},
		{
			Pattern: "POST /v1/rewards/{reward}/codes", Function: "redeem", Scope: auth.ProgramWrite,
			Body:  request.LargeBody,
			Serve: addCodes,
		},
		{
			Pattern: "POST /v1/redemptions", Function: "redeem", Scope: auth.RedemptionsWrite, Keyed: true,
			Body: request.SmallBody, Serve: redeemReward,
		},
		{
			Pattern: "GET /v1/members/{member}/redemptions", Function: "redeem", Scope: auth.RedemptionsRead,
			Query: page, Serve: listVouchers,
		},
		{
			Pattern: "GET /v1/redemptions/{redemption}", Function: "redeem", Scope: auth.RedemptionsRead,
			Serve: getRedemption,
		},
		{
			Pattern: "POST /v1/redemptions/{redemption}/commit", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, Body: request.MaybeBody, Serve: commitRedemption,
		},
		{
			Pattern: "POST /v1/redemptions/{redemption}/cancel", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, Body: request.MaybeBody, Serve: cancelRedemption,
		},
		{
			Pattern: "POST /v1/redemptions/{redemption}/reverse", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, Body: request.MaybeBody, Serve: reverseRedemption,
		},
		{
			Pattern: "POST /v1/members/{member}/transfers", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, Body: request.SmallBody, Serve: transferPoints,
		},
		{Pattern: "GET /v1/transfers/{transfer}", Function: "redeem", Scope: auth.RedemptionsRead, Serve: getTransfer},
		{
			Pattern: "POST /v1/transfers/{transfer}/accept", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, Body: request.MaybeBody, Serve: acceptTransfer,
		},
		{
			Pattern: "POST /v1/transfers/{transfer}/decline", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, Body: request.MaybeBody, Serve: declineTransfer,
		},
		{
			Pattern: "POST /v1/transfers/{transfer}/cancel", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, Body: request.MaybeBody, Serve: cancelTransfer,
		},
		{
			Pattern: "POST /v1/redemptions/{redemption}/fulfillment", Function: "redeem", Scope: auth.RedemptionsWrite,
			Body: request.SmallBody, Serve: updateFulfillment,
		},
		{
			Pattern: "POST /v1/redemptions/{redemption}/send", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, Body: request.SmallBody, Serve: sendGiftCard,
		},
		{
			Pattern: "GET /v1/fulfillments", Function: "redeem", Scope: auth.RedemptionsRead,
			Query: []string{"status", "page_size", "cursor"}, Serve: listFulfillments,
		},
		{Pattern: "GET /v1/codes/{code}", Function: "redeem", Scope: auth.RedemptionsRead, Serve: getCode},
		{
			Pattern: "POST /v1/codes/{code}/uses", Function: "redeem", Scope: auth.RedemptionsWrite, Keyed: true,
			Body: request.MaybeBody, Serve: useCode,
		},
		{
			Pattern: "POST /v1/codes/{code}/uses/{use}/reverse", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, Body: request.SmallBody, Serve: reverseUse,
		},
		{Pattern: "GET /v1/codes/{code}/qr", Function: "redeem", Scope: auth.RedemptionsRead, Serve: drawCode},
		{
			Pattern: "POST /v1/members/{member}/conversions", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, Body: request.SmallBody, Serve: convertPoints,
		},
		{
			Pattern: "GET /v1/conversions/{conversion}", Function: "redeem", Scope: auth.RedemptionsRead,
			Serve: getConversion,
		},
		{
			Pattern: "POST /v1/conversions/{conversion}/reverse", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, Body: request.MaybeBody, Serve: undoConversion,
		},

		{Pattern: "GET /v1/program", Function: "programs", Scope: auth.ProgramRead, Serve: getProgram},
		{Pattern: "GET /v1/program/draft", Function: "programs", Scope: auth.ProgramRead, Serve: getDraft},
		{
			Pattern: "PUT /v1/program/draft", Function: "programs", Scope: auth.ProgramWrite, Body: request.SmallBody,
			Serve: putDraft,
		},
		{
			Pattern: "POST /v1/program/validate", Function: "programs", Scope: auth.ProgramWrite,
			Body:  request.SmallBody,
			Serve: checkProgram,
		},
		{
			Pattern: "POST /v1/program/publish", Function: "programs", Scope: auth.ProgramWrite,
			Body:  request.SmallBody,
			Serve: publishProgram,
		},
		{
			Pattern: "POST /v1/program/rollback", Function: "programs", Scope: auth.ProgramWrite,
			Body:  request.SmallBody,
			Serve: rollbackProgram,
		},
		{
			Pattern: "GET /v1/program/tier-changes", Function: "programs", Scope: auth.MembersRead,
			Query: []string{"until", "draft", "cursor"}, Serve: listLevelChanges,
		},
		{
			Pattern: "GET /v1/program/versions", Function: "programs", Scope: auth.ProgramRead, Query: page,
			Serve: listVersions,
		},

		{
			Pattern: "GET /v1/reminders/scheduled", Function: "reminders", Scope: auth.MembersRead, Query: page,
			Serve: listTomorrow,
		},
		{
			Pattern: "POST /v1/reminders/preview", Function: "reminders", Scope: auth.MembersWrite,
			Body:  request.SmallBody,
			Serve: previewReminder,
		},
		{
			Pattern: "POST /v1/reminders/test", Function: "reminders", Scope: auth.MembersWrite,
			Body:  request.SmallBody,
			Serve: testReminder,
		},
		{
			Pattern: "GET /v1/reports/reminders", Function: "reminders", Scope: auth.ProgramRead,
			Query: []string{"from", "to"}, Serve: reportReminders,
		},
		{Pattern: "GET /v1/unsubscribe/{token}", Function: "reminders", Serve: askUnsubscribe},
		{Pattern: "POST /v1/unsubscribe/{token}", Function: "reminders", Serve: unsubscribe},

		{
			Pattern: "POST /v1/webhooks/{program}/{provider}", Function: "webhooks", Body: request.SmallBody,
		}, // served by package payments
		{
			Pattern: "POST /v1/webhooks/{program}/shopify/{resource}/{action}", Function: "webhooks",
			Body: request.SmallBody,
		},
	}
}

// Members serves members, their statements, households and referrals, and manual changes to them.
func Members(a *app.App) lambda.Handler { return request.NewHandler(Routes(), a, "members") }

// Earn serves orders, events, quotes and campaigns.
func Earn(a *app.App) lambda.Handler { return request.NewHandler(Routes(), a, "earn") }

// Redeem serves rewards, redemptions, codes, transfers and conversions.
func Redeem(a *app.App) lambda.Handler { return request.NewHandler(Routes(), a, "redeem") }

// Programs serves the program file.
func Programs(reader request.Reader) func(*app.App) lambda.Handler {
	return func(a *app.App) lambda.Handler {
		h := request.NewHandler(Routes(), a, "programs")
		h.Reader = reader
		return h
	}
}

// Reminders serves reminders: the schedule for tomorrow, previews, reports and unsubscribe links.
func Reminders(office func(*app.App) *notify.Dispatcher) func(*app.App) lambda.Handler {
	return func(a *app.App) lambda.Handler {
		h := request.NewHandler(Routes(), a, "reminders")
		h.Office = office(a)
		return h
	}
}
