package api

import (
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/app"
)

// Members serves members, their statements, households and referrals, and manual changes to them.
func Members(a *app.App) lambda.Handler {
	return request.NewHandler(a, "members", map[string]request.Operation{
		"POST /v1/members":                              enrolMember,
		"GET /v1/members/{member}":                      getMember,
		"PATCH /v1/members/{member}":                    changeMember,
		"GET /v1/members/{member}/entries":              listEntries,
		"GET /v1/members/{member}/entries/{entry}":      getEntry,
		"GET /v1/entries/{entry}":                       findEntry,
		"POST /v1/members/{member}/adjustments":         adjustBalance,
		"POST /v1/members/{member}/extensions":          extendPoints,
		"GET /v1/members/{member}/tier":                 getTier,
		"PUT /v1/members/{member}/tier":                 setTier,
		"POST /v1/members/{member}/reinstatements":      reinstatePoints,
		"POST /v1/households":                           foundHousehold,
		"GET /v1/households/{household}":                getHousehold,
		"POST /v1/households/{household}/invitations":   inviteToHousehold,
		"POST /v1/households/{household}/accept":        joinHousehold,
		"POST /v1/households/{household}/leave":         leaveHousehold,
		"POST /v1/households/{household}/remove":        removeFromHousehold,
		"PUT /v1/members/{member}/campaigns/{campaign}": registerForCampaign,
		"PUT /v1/members/{member}/referral-code":        giveReferralCode,
		"POST /v1/members/{member}/referral":            referMember,
		"GET /v1/members/{member}/referrals":            listReferrals,
		"GET /v1/members/{member}/consents":             listConsents,
	})
}

// Earn serves orders, events, quotes and campaigns.
func Earn(a *app.App) lambda.Handler {
	return request.NewHandler(a, "earn", map[string]request.Operation{
		"PUT /v1/orders/{order}":           putOrder,
		"GET /v1/orders/{order}":           getOrder,
		"POST /v1/orders/{order}/activate": activateOrder,
		"POST /v1/events":                  putEvent,
		"POST /v1/events/{event}/activate": activateEvent,
		"POST /v1/quotes":                  quoteOrder,
		"GET /v1/campaigns":                listCampaigns,
	})
}

// Redeem serves rewards, redemptions, codes, transfers and conversions.
func Redeem(a *app.App) lambda.Handler {
	return request.NewHandler(a, "redeem", map[string]request.Operation{
		"GET /v1/rewards":                               listRewards,
		"GET /v1/members/{member}/rewards":              listMemberRewards,
		"POST /v1/rewards/{reward}/waitlist":            joinWaitingList,
		"GET /v1/rewards/{reward}/waitlist/{member}":    getPlace,
		"DELETE /v1/rewards/{reward}/waitlist/{member}": leaveWaitingList,
		"GET /v1/members/{member}/perks":                listPerks,
		"POST /v1/rewards/{reward}/codes":               addCodes,
		"POST /v1/redemptions":                          redeemReward,
		"GET /v1/members/{member}/redemptions":          listVouchers,
		"GET /v1/redemptions/{redemption}":              getRedemption,
		"POST /v1/redemptions/{redemption}/commit":      commitRedemption,
		"POST /v1/redemptions/{redemption}/cancel":      cancelRedemption,
		"POST /v1/redemptions/{redemption}/reverse":     reverseRedemption,
		"POST /v1/members/{member}/transfers":           transferPoints,
		"GET /v1/transfers/{transfer}":                  getTransfer,
		"POST /v1/transfers/{transfer}/accept":          acceptTransfer,
		"POST /v1/transfers/{transfer}/decline":         declineTransfer,
		"POST /v1/transfers/{transfer}/cancel":          cancelTransfer,
		"POST /v1/redemptions/{redemption}/fulfillment": updateFulfillment,
		"POST /v1/redemptions/{redemption}/send":        sendGiftCard,
		"GET /v1/fulfillments":                          listFulfillments,
		"GET /v1/codes/{code}":                          getCode,
		"POST /v1/codes/{code}/uses":                    useCode,
		"POST /v1/codes/{code}/uses/{use}/reverse":      reverseUse,
		"GET /v1/codes/{code}/qr":                       drawCode,
		"POST /v1/members/{member}/conversions":         convertPoints,
		"GET /v1/conversions/{conversion}":              getConversion,
		"POST /v1/conversions/{conversion}/reverse":     undoConversion,
	})
}
