package api

import (
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/app"
)

// Members serves members, their statements, households and referrals, and manual changes to them. Most routes under
// /v1/me have the operations of the same routes under /v1/members/{member}.
func Members(a *app.App) lambda.Handler {
	return request.NewHandler(a, "members", map[string]request.Operation{
		"POST /v1/members":                              createMember,
		"GET /v1/members":                               listMembers,
		"GET /v1/members/{member}":                      retrieveMember,
		"PATCH /v1/members/{member}":                    updateMember,
		"GET /v1/members/{member}/entries":              listEntries,
		"GET /v1/members/{member}/entries/{entry}":      retrieveMemberEntry,
		"GET /v1/entries/{entry}":                       retrieveEntry,
		"GET /v1/entries/{entry}/proof":                 retrieveEntryProof,
		"GET /v1/audit":                                 listAuditRecords,
		"GET /v1/checkpoint":                            retrieveCheckpoint,
		"POST /v1/members/{member}/adjustments":         createAdjustment,
		"GET /v1/approvals":                             listApprovals,
		"POST /v1/approvals/{approval}/approve":         approveAdjustment,
		"POST /v1/approvals/{approval}/reject":          rejectAdjustment,
		"POST /v1/members/{member}/extensions":          extendPoints,
		"GET /v1/members/{member}/tier":                 retrieveTier,
		"PUT /v1/members/{member}/status":               updateMemberStatus,
		"PUT /v1/members/{member}/tier":                 updateTier,
		"POST /v1/members/{member}/reinstatements":      reinstatePoints,
		"POST /v1/households":                           createHousehold,
		"GET /v1/households/{household}":                retrieveHousehold,
		"POST /v1/households/{household}/invitations":   inviteToHousehold,
		"POST /v1/households/{household}/accept":        joinHousehold,
		"POST /v1/households/{household}/leave":         leaveHousehold,
		"POST /v1/households/{household}/remove":        removeFromHousehold,
		"PUT /v1/members/{member}/campaigns/{campaign}": registerForCampaign,
		"PUT /v1/members/{member}/referral-code":        createReferralCode,
		"POST /v1/members/{member}/referral":            attributeReferral,
		"GET /v1/members/{member}/referrals":            listReferrals,
		"GET /v1/members/{member}/consents":             listConsents,
		"GET /v1/members/{member}/export":               exportMember,
		"GET /v1/members/{member}/export/page":          renderExport,
		"POST /v1/members/{member}/erasure":             createErasure,
		"GET /v1/members/{member}/erasure":              retrieveErasure,
		"DELETE /v1/members/{member}/erasure":           cancelErasure,
		"GET /v1/erasures":                              listErasures,

		"GET /v1/me":                      retrieveSelf,
		"PUT /v1/me":                      enrollSelf,
		"PATCH /v1/me":                    updateSelf,
		"GET /v1/me/entries":              listEntries,
		"GET /v1/me/entries/{entry}":      retrieveMemberEntry,
		"PUT /v1/me/campaigns/{campaign}": registerForCampaign,
		"PUT /v1/me/referral-code":        createReferralCode,
		"GET /v1/me/consents":             listConsents,
		"GET /v1/me/export":               exportMember,
		"GET /v1/me/export/page":          renderExport,
		"POST /v1/me/erasure":             createErasure,
		"GET /v1/me/erasure":              retrieveErasure,
		"DELETE /v1/me/erasure":           cancelErasure,
	}).Function()
}

// Earn serves orders, events, quotes and campaigns.
func Earn(a *app.App) lambda.Handler {
	return request.NewHandler(a, "earn", map[string]request.Operation{
		"PUT /v1/orders/{order}":             putOrder,
		"GET /v1/orders/{order}":             retrieveOrder,
		"POST /v1/orders/{order}/activate":   activateOrder,
		"POST /v1/events":                    createEvent,
		"POST /v1/events/{event}/activate":   activateEvent,
		"POST /v1/quotes":                    createQuote,
		"POST /v1/programs/{program}/quotes": createQuote,
		"GET /v1/campaigns":                  listCampaigns,
		"GET /v1/me/campaigns":               listCampaigns,
	}).Function()
}
