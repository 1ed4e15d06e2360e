package api

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

// A Route is an operation of the API: the function that serves it and the requirements of its requests.
type Route struct {
	Pattern  string     // HTTP API route key, Go mux pattern, and openapi.yaml's method and path: "PUT /v1/orders/{order}"
	Function string     // name of the function that serves it, such as "earn"
	Scope    auth.Scope // required scope of the API key; empty for a public route
	Keyed    bool       // requires an Idempotency-Key

	body  body
	query []string // names of the allowed query parameters
	serve func(context.Context, *call) (answer, error)
}

// A body is the kind of body that a route takes.
type body int

const (
	noBody    body = 0
	smallBody body = 256 << 10
	largeBody body = 1 << 20
	maybeBody body = -1 // omitted, or an object without required fields
)

// DefaultRoute is API Gateway's route key for requests that match no other route. DefaultFunction serves it. It
// answers 405 with the allowed methods if the path has other methods, and 404 if the path does not exist.
const (
	DefaultRoute    = "$default"
	DefaultFunction = "members"
)

// Routes returns all operations of the API.
func Routes() []Route {
	page, words := []string{"page_size", "cursor"}, []string{"language"}
	return []Route{
		{
			Pattern: "POST /v1/members", Function: "members", Scope: auth.MembersWrite, Keyed: true, body: smallBody,
			serve: enrolMember,
		},
		{Pattern: "GET /v1/members/{member}", Function: "members", Scope: auth.MembersRead, serve: getMember},
		{
			Pattern: "PATCH /v1/members/{member}", Function: "members", Scope: auth.MembersWrite, body: smallBody,
			serve: changeMember,
		},
		{
			Pattern: "GET /v1/members/{member}/entries", Function: "members", Scope: auth.MembersRead, query: page,
			serve: listEntries,
		},
		{
			Pattern: "GET /v1/members/{member}/entries/{entry}", Function: "members", Scope: auth.MembersRead,
			query: words, serve: getEntry,
		},
		{
			Pattern: "GET /v1/entries/{entry}", Function: "members", Scope: auth.MembersRead, query: words,
			serve: findEntry,
		},
		{
			Pattern: "POST /v1/members/{member}/adjustments", Function: "members", Scope: auth.AdjustmentsWrite,
			Keyed: true, body: smallBody, serve: adjustBalance,
		},
		{
			Pattern: "POST /v1/members/{member}/extensions", Function: "members", Scope: auth.AdjustmentsWrite,
			Keyed: true, body: smallBody, serve: extendPoints,
		},
		{Pattern: "GET /v1/members/{member}/tier", Function: "members", Scope: auth.MembersRead, serve: getTier},
		{
			Pattern: "PUT /v1/members/{member}/tier", Function: "members", Scope: auth.AdjustmentsWrite, Keyed: true,
			body: smallBody, serve: setTier,
		},
		{
			Pattern: "POST /v1/members/{member}/reinstatements", Function: "members", Scope: auth.AdjustmentsWrite,
			body: smallBody, serve: reinstatePoints,
		},
		{
			Pattern: "POST /v1/households", Function: "members", Scope: auth.MembersWrite, Keyed: true,
			body: smallBody, serve: foundHousehold,
		},
		{Pattern: "GET /v1/households/{household}", Function: "members", Scope: auth.MembersRead, serve: getHousehold},
		{
			Pattern: "POST /v1/households/{household}/invitations", Function: "members", Scope: auth.MembersWrite,
			body: smallBody, serve: inviteToHousehold,
		},
		{
			Pattern: "POST /v1/households/{household}/accept", Function: "members", Scope: auth.MembersWrite,
			body: smallBody, serve: joinHousehold,
		},
		{
			Pattern: "POST /v1/households/{household}/leave", Function: "members", Scope: auth.MembersWrite,
			body: smallBody, serve: leaveHousehold,
		},
		{
			Pattern: "POST /v1/households/{household}/remove", Function: "members", Scope: auth.MembersWrite,
			body: smallBody, serve: removeFromHousehold,
		},
		{
			Pattern: "PUT /v1/members/{member}/campaigns/{campaign}", Function: "members", Scope: auth.MembersWrite,
			body: maybeBody, serve: registerForCampaign,
		},

		{
			Pattern: "PUT /v1/members/{member}/referral-code", Function: "members", Scope: auth.MembersWrite,
			body: maybeBody, serve: giveReferralCode,
		},
		{
			Pattern: "POST /v1/members/{member}/referral", Function: "members", Scope: auth.MembersWrite, Keyed: true,
			body: smallBody, serve: referMember,
		},
		{
			Pattern: "GET /v1/members/{member}/referrals", Function: "members", Scope: auth.MembersRead, query: page,
			serve: listReferrals,
		},

		{
			Pattern: "GET /v1/members/{member}/consents", Function: "members", Scope: auth.MembersRead,
			serve: listConsents,
		},

		{
			Pattern: "PUT /v1/orders/{order}", Function: "earn", Scope: auth.OrdersWrite, body: largeBody,
			serve: putOrder,
		},
		{Pattern: "GET /v1/orders/{order}", Function: "earn", Scope: auth.OrdersRead, serve: getOrder},
		{
			Pattern: "POST /v1/orders/{order}/activate", Function: "earn", Scope: auth.AdjustmentsWrite,
			body: maybeBody, serve: activateOrder,
		},
		{Pattern: "POST /v1/events", Function: "earn", Scope: auth.EventsWrite, body: smallBody, serve: putEvent},
		{
			Pattern: "POST /v1/events/{event}/activate", Function: "earn", Scope: auth.AdjustmentsWrite,
			body: maybeBody, serve: activateEvent,
		},
		{
			Pattern: "POST /v1/quotes", Function: "earn", Scope: auth.OrdersWrite, body: largeBody, query: words,
			serve: quoteOrder,
		},
		{Pattern: "GET /v1/campaigns", Function: "earn", Scope: auth.RewardsRead, serve: listCampaigns},

		{
			Pattern: "GET /v1/rewards", Function: "redeem", Scope: auth.RewardsRead, query: []string{"member"},
			serve: listRewards,
		},
		{
			Pattern: "GET /v1/members/{member}/rewards", Function: "redeem", Scope: auth.MembersRead,
			serve: listMemberRewards,
		},
		{
			Pattern: "POST /v1/rewards/{reward}/waitlist", Function: "redeem", Scope: auth.RedemptionsWrite,
			body: smallBody, serve: joinWaitingList,
		},
		{
			Pattern: "GET /v1/rewards/{reward}/waitlist/{member}", Function: "redeem", Scope: auth.RedemptionsRead,
			serve: getPlace,
		},
		{
			Pattern: "DELETE /v1/rewards/{reward}/waitlist/{member}", Function: "redeem", Scope: auth.RedemptionsWrite,
			serve: leaveWaitingList,
		},
		{Pattern: "GET /v1/members/{member}/perks", Function: "redeem", Scope: auth.MembersRead, serve: listPerks},
		{
			Pattern: "POST /v1/rewards/{reward}/codes", Function: "redeem", Scope: auth.ProgramWrite, body: largeBody,
			serve: addCodes,
		},
		{
			Pattern: "POST /v1/redemptions", Function: "redeem", Scope: auth.RedemptionsWrite, Keyed: true,
			body: smallBody, serve: redeemReward,
		},
		{
			Pattern: "GET /v1/members/{member}/redemptions", Function: "redeem", Scope: auth.RedemptionsRead,
			query: page, serve: listVouchers,
		},
		{
			Pattern: "GET /v1/redemptions/{redemption}", Function: "redeem", Scope: auth.RedemptionsRead,
			serve: getRedemption,
		},
		{
			Pattern: "POST /v1/redemptions/{redemption}/commit", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, body: maybeBody, serve: commitRedemption,
		},
		{
			Pattern: "POST /v1/redemptions/{redemption}/cancel", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, body: maybeBody, serve: cancelRedemption,
		},
		{
			Pattern: "POST /v1/redemptions/{redemption}/reverse", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, body: maybeBody, serve: reverseRedemption,
		},
		{
			Pattern: "POST /v1/members/{member}/transfers", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, body: smallBody, serve: transferPoints,
		},
		{Pattern: "GET /v1/transfers/{transfer}", Function: "redeem", Scope: auth.RedemptionsRead, serve: getTransfer},
		{
			Pattern: "POST /v1/transfers/{transfer}/accept", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, body: maybeBody, serve: acceptTransfer,
		},
		{
			Pattern: "POST /v1/transfers/{transfer}/decline", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, body: maybeBody, serve: declineTransfer,
		},
		{
			Pattern: "POST /v1/transfers/{transfer}/cancel", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, body: maybeBody, serve: cancelTransfer,
		},
		{
			Pattern: "POST /v1/redemptions/{redemption}/fulfillment", Function: "redeem", Scope: auth.RedemptionsWrite,
			body: smallBody, serve: updateFulfillment,
		},
		{
			Pattern: "POST /v1/redemptions/{redemption}/send", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, body: smallBody, serve: sendGiftCard,
		},
		{
			Pattern: "GET /v1/fulfillments", Function: "redeem", Scope: auth.RedemptionsRead,
			query: []string{"status", "page_size", "cursor"}, serve: listFulfillments,
		},
		{Pattern: "GET /v1/codes/{code}", Function: "redeem", Scope: auth.RedemptionsRead, serve: getCode},
		{
			Pattern: "POST /v1/codes/{code}/uses", Function: "redeem", Scope: auth.RedemptionsWrite, Keyed: true,
			body: maybeBody, serve: useCode,
		},
		{
			Pattern: "POST /v1/codes/{code}/uses/{use}/reverse", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, body: smallBody, serve: reverseUse,
		},
		{Pattern: "GET /v1/codes/{code}/qr", Function: "redeem", Scope: auth.RedemptionsRead, serve: drawCode},
		{
			Pattern: "POST /v1/members/{member}/conversions", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, body: smallBody, serve: convertPoints,
		},
		{
			Pattern: "GET /v1/conversions/{conversion}", Function: "redeem", Scope: auth.RedemptionsRead,
			serve: getConversion,
		},
		{
			Pattern: "POST /v1/conversions/{conversion}/reverse", Function: "redeem", Scope: auth.RedemptionsWrite,
			Keyed: true, body: maybeBody, serve: undoConversion,
		},

		{Pattern: "GET /v1/program", Function: "programs", Scope: auth.ProgramRead, serve: getProgram},
		{Pattern: "GET /v1/program/draft", Function: "programs", Scope: auth.ProgramRead, serve: getDraft},
		{
			Pattern: "PUT /v1/program/draft", Function: "programs", Scope: auth.ProgramWrite, body: smallBody,
			serve: putDraft,
		},
		{
			Pattern: "POST /v1/program/validate", Function: "programs", Scope: auth.ProgramWrite, body: smallBody,
			serve: checkProgram,
		},
		{
			Pattern: "POST /v1/program/publish", Function: "programs", Scope: auth.ProgramWrite, body: smallBody,
			serve: publishProgram,
		},
		{
			Pattern: "POST /v1/program/rollback", Function: "programs", Scope: auth.ProgramWrite, body: smallBody,
			serve: rollbackProgram,
		},
		{
			Pattern: "GET /v1/program/tier-changes", Function: "programs", Scope: auth.MembersRead,
			query: []string{"until", "draft", "cursor"}, serve: listLevelChanges,
		},
		{
			Pattern: "GET /v1/program/versions", Function: "programs", Scope: auth.ProgramRead, query: page,
			serve: listVersions,
		},

		{
			Pattern: "GET /v1/reminders/scheduled", Function: "reminders", Scope: auth.MembersRead, query: page,
			serve: listTomorrow,
		},
		{
			Pattern: "POST /v1/reminders/preview", Function: "reminders", Scope: auth.MembersWrite, body: smallBody,
			serve: previewReminder,
		},
		{
			Pattern: "POST /v1/reminders/test", Function: "reminders", Scope: auth.MembersWrite, body: smallBody,
			serve: testReminder,
		},
		{
			Pattern: "GET /v1/reports/reminders", Function: "reminders", Scope: auth.ProgramRead,
			query: []string{"from", "to"}, serve: reportReminders,
		},
		{Pattern: "GET /v1/unsubscribe/{token}", Function: "reminders", serve: askUnsubscribe},
		{Pattern: "POST /v1/unsubscribe/{token}", Function: "reminders", serve: unsubscribe},

		{
			Pattern: "POST /v1/webhooks/{program}/{provider}", Function: "webhooks", body: smallBody,
		}, // served by package payments
		{Pattern: "POST /v1/webhooks/{program}/shopify/{resource}/{action}", Function: "webhooks", body: smallBody},
	}
}

// Members serves members, their statements, households and referrals, and manual changes to them.
func Members(a *app.App) lambda.Handler { return newHandler(a, "members") }

// Earn serves orders, events, quotes and campaigns.
func Earn(a *app.App) lambda.Handler { return newHandler(a, "earn") }

// Redeem serves rewards, redemptions, codes, transfers and conversions.
func Redeem(a *app.App) lambda.Handler { return newHandler(a, "redeem") }

// Programs serves the program file.
func Programs(reader Reader) func(*app.App) lambda.Handler {
	return func(a *app.App) lambda.Handler {
		h := newHandler(a, "programs")
		h.reader = reader
		return h
	}
}

// Reminders serves reminders: the schedule for tomorrow, previews, reports and unsubscribe links.
func Reminders(office func(*app.App) *notify.Dispatcher) func(*app.App) lambda.Handler {
	return func(a *app.App) lambda.Handler {
		h := newHandler(a, "reminders")
		h.office = office(a)
		return h
	}
}

// allowed returns the methods of a path in alphabetical order, or none if the API has no such path.
func allowed(path string) (methods []string) {
	for _, r := range Routes() {
		method, pattern, _ := strings.Cut(r.Pattern, " ")
		if matches(pattern, path) {
			methods = append(methods, method)
		}
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}

func matches(pattern, path string) bool {
	for {
		want, moreWant, more := strings.Cut(pattern, "/")
		got, moreGot, also := strings.Cut(path, "/")
		parameter := strings.HasPrefix(want, "{") && got != ""
		if more != also || want != got && !parameter {
			return false
		}
		if !more {
			return true
		}
		pattern, path = moreWant, moreGot
	}
}
