package request

import (
	"context"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/switches"
)

// DefaultRoute is API Gateway's route key for requests that match no other route, and DefaultFunction is the function
// that serves it. The answer is 405 with the allowed methods if the path exists with another method, and otherwise 404.
const (
	DefaultRoute    = "$default"
	DefaultFunction = "members"
)

// A Route is an operation of the API: the function that serves it and the requirements of its requests.
type Route struct {
	Pattern  string    // the method and path as in openapi.yaml: "PUT /v1/orders/{order}"
	Function string    // the name of the function that serves the route, such as "earn"
	Rule     auth.Rule // states who may call the route
	Keyed    bool      // whether requests must have an Idempotency-Key
	Body     body
	Query    []string // the names of the allowed query parameters

	Switch switches.Switch // the kill switch that the route obeys
}

// An Operation serves the requests of a route.
type Operation func(context.Context, *Call) (Answer, error)

// A body is the kind of body that a route takes.
type body int

const (
	NoBody    body = 0
	SmallBody body = 256 << 10
	LargeBody body = 1 << 20
	FileBody  body = 4 << 20 // contains a program file
	MaybeBody body = -1      // the body is omitted, or an object without required fields
)

const keyed, unkeyed = true, false

// MemberFilters are the query parameters that select members. A request has exactly one of them.
var MemberFilters = []string{
	"email", "phone", "external_id", "code", "order", "name", "segment", "tier", "updated_since",
}

// enrollment is the only route of members whose caller may not be enrolled yet.
const enrollment = "PUT /v1/me"

// Routes returns all operations of the API. Package payments serves the routes of the function webhooks.
func Routes() []Route {
	page, words := []string{"page_size", "cursor"}, []string{"language"}
	open, changes := []string{"status", "page_size", "cursor"}, []string{"until", "draft", "cursor"}
	found := append(slices.Clone(MemberFilters), page...)
	all := []Route{
		{"POST /v1/members", "members", writeMembers, keyed, SmallBody, nil, ""},
		{"GET /v1/members", "members", findMembers, unkeyed, NoBody, found, ""},
		{"GET /v1/members/{member}", "members", findMembers, unkeyed, NoBody, nil, ""},
		{"PATCH /v1/members/{member}", "members", writeMembers, unkeyed, SmallBody, nil, ""},
		{"GET /v1/members/{member}/entries", "members", readMembers, unkeyed, NoBody, page, ""},
		{"GET /v1/members/{member}/entries/{entry}", "members", readMembers, unkeyed, NoBody, words, ""},
		{"GET /v1/entries/{entry}", "members", readMembers, unkeyed, NoBody, words, ""},
		{"GET /v1/entries/{entry}/proof", "members", readMembers, unkeyed, NoBody, nil, ""},
		{"GET /v1/audit", "members", readAudit, unkeyed, NoBody, page, ""},
		{"GET /v1/checkpoint", "members", readLog, unkeyed, NoBody, nil, ""},
		{"POST /v1/members/{member}/adjustments", "members", adjust, keyed, SmallBody, nil, ""},
		{"GET /v1/approvals", "members", decideApprovals, unkeyed, NoBody, open, ""},
		{"POST /v1/approvals/{approval}/approve", "members", decideApprovals, unkeyed, MaybeBody, nil, ""},
		{"POST /v1/approvals/{approval}/reject", "members", decideApprovals, unkeyed, MaybeBody, nil, ""},
		{"POST /v1/members/{member}/extensions", "members", overrideRules, keyed, SmallBody, nil, ""},
		{"GET /v1/members/{member}/tier", "members", findMembers, unkeyed, NoBody, nil, ""},
		{"PUT /v1/members/{member}/status", "members", adjust, unkeyed, SmallBody, nil, ""},
		{"PUT /v1/members/{member}/tier", "members", overrideRules, keyed, SmallBody, nil, ""},
		{"POST /v1/members/{member}/reinstatements", "members", overrideRules, unkeyed, SmallBody, nil, ""},
		{"POST /v1/households", "members", writeMembers, keyed, SmallBody, nil, ""},
		{"GET /v1/households/{household}", "members", readMembers, unkeyed, NoBody, nil, ""},
		{"POST /v1/households/{household}/invitations", "members", writeMembers, unkeyed, SmallBody, nil, ""},
		{"POST /v1/households/{household}/accept", "members", writeMembers, unkeyed, SmallBody, nil, ""},
		{"POST /v1/households/{household}/leave", "members", writeMembers, unkeyed, SmallBody, nil, ""},
		{"POST /v1/households/{household}/remove", "members", writeMembers, unkeyed, SmallBody, nil, ""},
		{"PUT /v1/members/{member}/campaigns/{campaign}", "members", writeMembers, unkeyed, MaybeBody, nil, ""},
		{"PUT /v1/members/{member}/referral-code", "members", writeMembers, unkeyed, MaybeBody, nil, ""},
		{"POST /v1/members/{member}/referral", "members", writeMembers, keyed, SmallBody, nil, ""},
		{"GET /v1/members/{member}/referrals", "members", readMembers, unkeyed, NoBody, page, ""},
		{"GET /v1/members/{member}/consents", "members", readMembers, unkeyed, NoBody, nil, ""},
		{"GET /v1/members/{member}/export", "members", exportMembers, unkeyed, NoBody, []string{"cursor"}, ""},
		{"GET /v1/members/{member}/export/page", "members", exportMembers, unkeyed, NoBody, []string{"cursor"}, ""},
		{"POST /v1/members/{member}/erasure", "members", writeMembers, unkeyed, MaybeBody, nil, ""},
		{"GET /v1/members/{member}/erasure", "members", readMembers, unkeyed, NoBody, nil, ""},
		{"DELETE /v1/members/{member}/erasure", "members", writeMembers, unkeyed, NoBody, nil, ""},
		{"GET /v1/erasures", "members", readMembers, unkeyed, NoBody, page, ""},

		{"PUT /v1/orders/{order}", "earn", writeOrders, unkeyed, LargeBody, nil, ""},
		{"GET /v1/orders/{order}", "earn", readOrders, unkeyed, NoBody, nil, ""},
		{"POST /v1/orders/{order}/activate", "earn", overrideRules, unkeyed, MaybeBody, nil, ""},
		{"POST /v1/events", "earn", writeEvents, unkeyed, SmallBody, nil, ""},
		{"POST /v1/events/{event}/activate", "earn", overrideRules, unkeyed, MaybeBody, nil, ""},
		{"POST /v1/quotes", "earn", quoteOrders, unkeyed, LargeBody, words, ""},
		{"GET /v1/campaigns", "earn", readRewards, unkeyed, NoBody, nil, ""},

		{"GET /v1/rewards", "redeem", readRewards, unkeyed, NoBody, []string{"member"}, ""},
		{"GET /v1/members/{member}/rewards", "redeem", findMembers, unkeyed, NoBody, nil, ""},
		{"POST /v1/rewards/{reward}/waitlist", "redeem", changeRedemptions, unkeyed, SmallBody, nil, ""},
		{"GET /v1/rewards/{reward}/waitlist/{member}", "redeem", findRedemptions, unkeyed, NoBody, nil, ""},
		{"DELETE /v1/rewards/{reward}/waitlist/{member}", "redeem", changeRedemptions, unkeyed, NoBody, nil, ""},
		{"GET /v1/members/{member}/perks", "redeem", findMembers, unkeyed, NoBody, nil, ""},
		{"POST /v1/rewards/{reward}/codes", "redeem", uploadCodes, unkeyed, LargeBody, nil, ""},
		{"POST /v1/redemptions", "redeem", redeemRewards, keyed, SmallBody, nil, ""},
		{"GET /v1/members/{member}/redemptions", "redeem", findRedemptions, unkeyed, NoBody, page, ""},
		{"GET /v1/redemptions/{redemption}", "redeem", findRedemptions, unkeyed, NoBody, nil, ""},
		{"POST /v1/redemptions/{redemption}/commit", "redeem", redeemRewards, keyed, MaybeBody, nil, ""},
		{"POST /v1/redemptions/{redemption}/cancel", "redeem", redeemRewards, keyed, MaybeBody, nil, ""},
		{"POST /v1/redemptions/{redemption}/reverse", "redeem", changeRedemptions, keyed, MaybeBody, nil, ""},
		{"POST /v1/members/{member}/transfers", "redeem", movePoints, keyed, SmallBody, nil, ""},
		{"GET /v1/transfers/{transfer}", "redeem", readRedemptions, unkeyed, NoBody, nil, ""},
		{"POST /v1/transfers/{transfer}/accept", "redeem", movePoints, keyed, MaybeBody, nil, ""},
		{"POST /v1/transfers/{transfer}/decline", "redeem", movePoints, keyed, MaybeBody, nil, ""},
		{"POST /v1/transfers/{transfer}/cancel", "redeem", movePoints, keyed, MaybeBody, nil, ""},
		{"POST /v1/redemptions/{redemption}/fulfillment", "redeem", changeRedemptions, unkeyed, SmallBody, nil, ""},
		{"POST /v1/redemptions/{redemption}/send", "redeem", changeRedemptions, keyed, SmallBody, nil, ""},
		{"GET /v1/fulfillments", "redeem", readRedemptions, unkeyed, NoBody, open, ""},
		{"GET /v1/codes/{code}", "redeem", findRedemptions, unkeyed, NoBody, nil, ""},
		{"POST /v1/codes/{code}/uses", "redeem", redeemRewards, keyed, MaybeBody, nil, ""},
		{"POST /v1/codes/{code}/uses/{use}/reverse", "redeem", changeRedemptions, keyed, SmallBody, nil, ""},
		{"GET /v1/codes/{code}/qr", "redeem", findRedemptions, unkeyed, NoBody, nil, ""},
		{"POST /v1/members/{member}/conversions", "redeem", movePoints, keyed, SmallBody, nil, ""},
		{"GET /v1/conversions/{conversion}", "redeem", readRedemptions, unkeyed, NoBody, nil, ""},
		{"POST /v1/conversions/{conversion}/reverse", "redeem", movePoints, keyed, MaybeBody, nil, ""},

		{"GET /v1/program", "programs", readProgram, unkeyed, NoBody, nil, ""},
		{"GET /v1/program/draft", "programs", readProgram, unkeyed, NoBody, nil, ""},
		{"PUT /v1/program/draft", "programs", writeProgram, unkeyed, FileBody, nil, ""},
		{"POST /v1/program/validate", "programs", writeProgram, unkeyed, FileBody, nil, ""},
		{"POST /v1/program/publish", "programs", writeProgram, unkeyed, SmallBody, nil, ""},
		{"POST /v1/program/rollback", "programs", writeProgram, unkeyed, SmallBody, nil, ""},
		{"GET /v1/program/switches", "programs", readProgram, unkeyed, NoBody, nil, ""},
		{"PUT /v1/program/switches", "programs", stopProgram, unkeyed, SmallBody, nil, ""},
		{"GET /v1/program/tier-changes", "programs", readChanges, unkeyed, NoBody, changes, ""},
		{"GET /v1/program/versions", "programs", readProgram, unkeyed, NoBody, page, ""},

		{"POST /v1/sign-in", "programs", auth.Public, unkeyed, SmallBody, nil, ""},
		{"POST /v1/sessions", "programs", auth.Public, unkeyed, SmallBody, nil, ""},
		{"GET /v1/session", "programs", anyOperator, unkeyed, NoBody, nil, ""},
		{"DELETE /v1/session", "programs", anyOperator, unkeyed, NoBody, nil, ""},
		{"GET /v1/operators", "programs", readOperators, unkeyed, NoBody, nil, ""},
		{"POST /v1/operators", "programs", manageOperators, unkeyed, SmallBody, nil, ""},
		{"GET /v1/operators/{operator}", "programs", readOperators, unkeyed, NoBody, nil, ""},
		{"PUT /v1/operators/{operator}", "programs", manageOperators, unkeyed, SmallBody, nil, ""},
		{"DELETE /v1/operators/{operator}", "programs", manageOperators, unkeyed, NoBody, nil, ""},

		{"GET /v1/reminders/scheduled", "reminders", readReminders, unkeyed, NoBody, page, ""},
		{"POST /v1/reminders/preview", "reminders", sendReminders, unkeyed, SmallBody, nil, ""},
		{"POST /v1/reminders/test", "reminders", sendReminders, unkeyed, SmallBody, nil, ""},
		{"GET /v1/reports/reminders", "reminders", readProgram, unkeyed, NoBody, []string{"from", "to"}, ""},
		{"GET /v1/unsubscribe/{token}", "reminders", auth.Public, unkeyed, NoBody, nil, ""},
		{"POST /v1/unsubscribe/{token}", "reminders", auth.Public, unkeyed, NoBody, nil, ""},

		{"GET /v1/me", "members", auth.Members, unkeyed, NoBody, nil, ""},
		{enrollment, "members", auth.Members, unkeyed, SmallBody, nil, ""},
		{"PATCH /v1/me", "members", auth.Members, unkeyed, SmallBody, nil, ""},
		{"GET /v1/me/entries", "members", auth.Members, unkeyed, NoBody, page, ""},
		{"GET /v1/me/entries/{entry}", "members", auth.Members, unkeyed, NoBody, words, ""},
		{"PUT /v1/me/campaigns/{campaign}", "members", auth.Members, unkeyed, MaybeBody, nil, ""},
		{"PUT /v1/me/referral-code", "members", auth.Members, unkeyed, MaybeBody, nil, ""},
		{"GET /v1/me/consents", "members", auth.Members, unkeyed, NoBody, nil, ""},
		{"GET /v1/me/export", "members", auth.Members, unkeyed, NoBody, []string{"cursor"}, ""},
		{"GET /v1/me/export/page", "members", auth.Members, unkeyed, NoBody, []string{"cursor"}, ""},
		{"POST /v1/me/erasure", "members", auth.Members, unkeyed, MaybeBody, nil, ""},
		{"GET /v1/me/erasure", "members", auth.Members, unkeyed, NoBody, nil, ""},
		{"DELETE /v1/me/erasure", "members", auth.Members, unkeyed, NoBody, nil, ""},
		{"GET /v1/me/campaigns", "earn", auth.Members, unkeyed, NoBody, nil, ""},
		{"GET /v1/me/rewards", "redeem", auth.Members, unkeyed, NoBody, nil, ""},
		{"GET /v1/me/perks", "redeem", auth.Members, unkeyed, NoBody, nil, ""},
		{"GET /v1/me/redemptions", "redeem", auth.Members, unkeyed, NoBody, page, ""},
		{"POST /v1/me/redemptions", "redeem", auth.Members, keyed, SmallBody, nil, ""},
		{"GET /v1/me/redemptions/{redemption}", "redeem", auth.Members, unkeyed, NoBody, nil, ""},
		{"POST /v1/me/redemptions/{redemption}/commit", "redeem", auth.Members, keyed, MaybeBody, nil, ""},
		{"POST /v1/me/redemptions/{redemption}/cancel", "redeem", auth.Members, keyed, MaybeBody, nil, ""},
		{"POST /v1/me/transfers", "redeem", auth.Members, keyed, SmallBody, nil, ""},
		{"GET /v1/me/transfers/{transfer}", "redeem", auth.Members, unkeyed, NoBody, nil, ""},
		{"POST /v1/me/transfers/{transfer}/accept", "redeem", auth.Members, keyed, MaybeBody, nil, ""},
		{"POST /v1/me/transfers/{transfer}/decline", "redeem", auth.Members, keyed, MaybeBody, nil, ""},
		{"POST /v1/me/transfers/{transfer}/cancel", "redeem", auth.Members, keyed, MaybeBody, nil, ""},

		{"GET /v1/programs/{program}/rewards", "redeem", auth.Guests(auth.GuestRewards), unkeyed, NoBody, nil, ""},
		{"POST /v1/programs/{program}/quotes", "earn", auth.Guests(auth.GuestQuotes), unkeyed, SmallBody, words, ""},

		{"POST /v1/webhooks/{program}/{provider}", "webhooks", auth.Public, unkeyed, SmallBody, nil, ""},
		{
			"POST /v1/webhooks/{program}/shopify/{resource}/{action}", "webhooks", auth.Public, unkeyed, SmallBody,
			nil, "",
		},
	}
	for i := range all {
		all[i].Switch = switchOf(all[i].Pattern)
	}
	return all
}

// allowed returns the methods that the routes define for a path, in alphabetical order, or none if no route has the
// path.
func allowed(all []Route, path string) (methods []string) {
	for _, r := range all {
		method, pattern, _ := strings.Cut(r.Pattern, " ")
		if Matches(pattern, path) {
			methods = append(methods, method)
		}
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}

// Matches reports whether a path matches a pattern such as /v1/orders/{order}. A parameter matches one segment that is
// not empty.
func Matches(pattern, path string) bool {
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
