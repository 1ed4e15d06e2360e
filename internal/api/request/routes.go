package request

import (
	"context"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/auth"
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
	page, words, needs := []string{"page_size", "cursor"}, []string{"language"}, auth.Needs
	open, changes := []string{"status", "page_size", "cursor"}, []string{"until", "draft", "cursor"}
	found := append(slices.Clone(MemberFilters), page...)
	return []Route{
		{"POST /v1/members", "members", needs(auth.MembersWrite), keyed, SmallBody, nil},
		{"GET /v1/members", "members", needs(auth.MembersRead), unkeyed, NoBody, found},
		{"GET /v1/members/{member}", "members", needs(auth.MembersRead), unkeyed, NoBody, nil},
		{"PATCH /v1/members/{member}", "members", needs(auth.MembersWrite), unkeyed, SmallBody, nil},
		{"GET /v1/members/{member}/entries", "members", needs(auth.MembersRead), unkeyed, NoBody, page},
		{"GET /v1/members/{member}/entries/{entry}", "members", needs(auth.MembersRead), unkeyed, NoBody, words},
		{"GET /v1/entries/{entry}", "members", needs(auth.MembersRead), unkeyed, NoBody, words},
		{"GET /v1/entries/{entry}/proof", "members", needs(auth.MembersRead), unkeyed, NoBody, nil},
		{"GET /v1/audit", "members", needs(auth.AuditRead), unkeyed, NoBody, page},
		{"GET /v1/checkpoint", "members", needs(auth.ProgramRead), unkeyed, NoBody, nil},
		{"POST /v1/members/{member}/adjustments", "members", needs(auth.AdjustmentsWrite), keyed, SmallBody, nil},
		{"POST /v1/members/{member}/extensions", "members", needs(auth.AdjustmentsWrite), keyed, SmallBody, nil},
		{"GET /v1/members/{member}/tier", "members", needs(auth.MembersRead), unkeyed, NoBody, nil},
		{"PUT /v1/members/{member}/status", "members", needs(auth.AdjustmentsWrite), unkeyed, SmallBody, nil},
		{"PUT /v1/members/{member}/tier", "members", needs(auth.AdjustmentsWrite), keyed, SmallBody, nil},
		{"POST /v1/members/{member}/reinstatements", "members", needs(auth.AdjustmentsWrite), unkeyed, SmallBody, nil},
		{"POST /v1/households", "members", needs(auth.MembersWrite), keyed, SmallBody, nil},
		{"GET /v1/households/{household}", "members", needs(auth.MembersRead), unkeyed, NoBody, nil},
		{"POST /v1/households/{household}/invitations", "members", needs(auth.MembersWrite), unkeyed, SmallBody, nil},
		{"POST /v1/households/{household}/accept", "members", needs(auth.MembersWrite), unkeyed, SmallBody, nil},
		{"POST /v1/households/{household}/leave", "members", needs(auth.MembersWrite), unkeyed, SmallBody, nil},
		{"POST /v1/households/{household}/remove", "members", needs(auth.MembersWrite), unkeyed, SmallBody, nil},
		{"PUT /v1/members/{member}/campaigns/{campaign}", "members", needs(auth.MembersWrite), unkeyed, MaybeBody, nil},
		{"PUT /v1/members/{member}/referral-code", "members", needs(auth.MembersWrite), unkeyed, MaybeBody, nil},
		{"POST /v1/members/{member}/referral", "members", needs(auth.MembersWrite), keyed, SmallBody, nil},
		{"GET /v1/members/{member}/referrals", "members", needs(auth.MembersRead), unkeyed, NoBody, page},
		{"GET /v1/members/{member}/consents", "members", needs(auth.MembersRead), unkeyed, NoBody, nil},

		{"PUT /v1/orders/{order}", "earn", needs(auth.OrdersWrite), unkeyed, LargeBody, nil},
		{"GET /v1/orders/{order}", "earn", needs(auth.OrdersRead), unkeyed, NoBody, nil},
		{"POST /v1/orders/{order}/activate", "earn", needs(auth.AdjustmentsWrite), unkeyed, MaybeBody, nil},
		{"POST /v1/events", "earn", needs(auth.EventsWrite), unkeyed, SmallBody, nil},
		{"POST /v1/events/{event}/activate", "earn", needs(auth.AdjustmentsWrite), unkeyed, MaybeBody, nil},
		{"POST /v1/quotes", "earn", needs(auth.OrdersWrite), unkeyed, LargeBody, words},
		{"GET /v1/campaigns", "earn", needs(auth.RewardsRead), unkeyed, NoBody, nil},

		{"GET /v1/rewards", "redeem", needs(auth.RewardsRead), unkeyed, NoBody, []string{"member"}},
		{"GET /v1/members/{member}/rewards", "redeem", needs(auth.MembersRead), unkeyed, NoBody, nil},
		{"POST /v1/rewards/{reward}/waitlist", "redeem", needs(auth.RedemptionsWrite), unkeyed, SmallBody, nil},
		{"GET /v1/rewards/{reward}/waitlist/{member}", "redeem", needs(auth.RedemptionsRead), unkeyed, NoBody, nil},
		{"DELETE /v1/rewards/{reward}/waitlist/{member}", "redeem", needs(auth.RedemptionsWrite), unkeyed, NoBody, nil},
		{"GET /v1/members/{member}/perks", "redeem", needs(auth.MembersRead), unkeyed, NoBody, nil},
		{"POST /v1/rewards/{reward}/codes", "redeem", needs(auth.ProgramWrite), unkeyed, LargeBody, nil},
		{"POST /v1/redemptions", "redeem", needs(auth.RedemptionsWrite), keyed, SmallBody, nil},
		{"GET /v1/members/{member}/redemptions", "redeem", needs(auth.RedemptionsRead), unkeyed, NoBody, page},
		{"GET /v1/redemptions/{redemption}", "redeem", needs(auth.RedemptionsRead), unkeyed, NoBody, nil},
		{"POST /v1/redemptions/{redemption}/commit", "redeem", needs(auth.RedemptionsWrite), keyed, MaybeBody, nil},
		{"POST /v1/redemptions/{redemption}/cancel", "redeem", needs(auth.RedemptionsWrite), keyed, MaybeBody, nil},
		{"POST /v1/redemptions/{redemption}/reverse", "redeem", needs(auth.RedemptionsWrite), keyed, MaybeBody, nil},
		{"POST /v1/members/{member}/transfers", "redeem", needs(auth.RedemptionsWrite), keyed, SmallBody, nil},
		{"GET /v1/transfers/{transfer}", "redeem", needs(auth.RedemptionsRead), unkeyed, NoBody, nil},
		{"POST /v1/transfers/{transfer}/accept", "redeem", needs(auth.RedemptionsWrite), keyed, MaybeBody, nil},
		{"POST /v1/transfers/{transfer}/decline", "redeem", needs(auth.RedemptionsWrite), keyed, MaybeBody, nil},
		{"POST /v1/transfers/{transfer}/cancel", "redeem", needs(auth.RedemptionsWrite), keyed, MaybeBody, nil},
		{
			"POST /v1/redemptions/{redemption}/fulfillment", "redeem", needs(auth.RedemptionsWrite), unkeyed, SmallBody,
			nil,
		},
		{"POST /v1/redemptions/{redemption}/send", "redeem", needs(auth.RedemptionsWrite), keyed, SmallBody, nil},
		{"GET /v1/fulfillments", "redeem", needs(auth.RedemptionsRead), unkeyed, NoBody, open},
		{"GET /v1/codes/{code}", "redeem", needs(auth.RedemptionsRead), unkeyed, NoBody, nil},
		{"POST /v1/codes/{code}/uses", "redeem", needs(auth.RedemptionsWrite), keyed, MaybeBody, nil},
		{"POST /v1/codes/{code}/uses/{use}/reverse", "redeem", needs(auth.RedemptionsWrite), keyed, SmallBody, nil},
		{"GET /v1/codes/{code}/qr", "redeem", needs(auth.RedemptionsRead), unkeyed, NoBody, nil},
		{"POST /v1/members/{member}/conversions", "redeem", needs(auth.RedemptionsWrite), keyed, SmallBody, nil},
		{"GET /v1/conversions/{conversion}", "redeem", needs(auth.RedemptionsRead), unkeyed, NoBody, nil},
		{"POST /v1/conversions/{conversion}/reverse", "redeem", needs(auth.RedemptionsWrite), keyed, MaybeBody, nil},

		{"GET /v1/program", "programs", needs(auth.ProgramRead), unkeyed, NoBody, nil},
		{"GET /v1/program/draft", "programs", needs(auth.ProgramRead), unkeyed, NoBody, nil},
		{"PUT /v1/program/draft", "programs", needs(auth.ProgramWrite), unkeyed, FileBody, nil},
		{"POST /v1/program/validate", "programs", needs(auth.ProgramWrite), unkeyed, FileBody, nil},
		{"POST /v1/program/publish", "programs", needs(auth.ProgramWrite), unkeyed, SmallBody, nil},
		{"POST /v1/program/rollback", "programs", needs(auth.ProgramWrite), unkeyed, SmallBody, nil},
		{"GET /v1/program/tier-changes", "programs", needs(auth.MembersRead), unkeyed, NoBody, changes},
		{"GET /v1/program/versions", "programs", needs(auth.ProgramRead), unkeyed, NoBody, page},

		{"GET /v1/reminders/scheduled", "reminders", needs(auth.MembersRead), unkeyed, NoBody, page},
		{"POST /v1/reminders/preview", "reminders", needs(auth.MembersWrite), unkeyed, SmallBody, nil},
		{"POST /v1/reminders/test", "reminders", needs(auth.MembersWrite), unkeyed, SmallBody, nil},
		{"GET /v1/reports/reminders", "reminders", needs(auth.ProgramRead), unkeyed, NoBody, []string{"from", "to"}},
		{"GET /v1/unsubscribe/{token}", "reminders", auth.Public, unkeyed, NoBody, nil},
		{"POST /v1/unsubscribe/{token}", "reminders", auth.Public, unkeyed, NoBody, nil},

		{"GET /v1/me", "members", auth.Members, unkeyed, NoBody, nil},
		{enrollment, "members", auth.Members, unkeyed, SmallBody, nil},
		{"PATCH /v1/me", "members", auth.Members, unkeyed, SmallBody, nil},
		{"GET /v1/me/entries", "members", auth.Members, unkeyed, NoBody, page},
		{"GET /v1/me/entries/{entry}", "members", auth.Members, unkeyed, NoBody, words},
		{"PUT /v1/me/campaigns/{campaign}", "members", auth.Members, unkeyed, MaybeBody, nil},
		{"PUT /v1/me/referral-code", "members", auth.Members, unkeyed, MaybeBody, nil},
		{"GET /v1/me/consents", "members", auth.Members, unkeyed, NoBody, nil},
		{"GET /v1/me/campaigns", "earn", auth.Members, unkeyed, NoBody, nil},
		{"GET /v1/me/rewards", "redeem", auth.Members, unkeyed, NoBody, nil},
		{"GET /v1/me/perks", "redeem", auth.Members, unkeyed, NoBody, nil},
		{"GET /v1/me/redemptions", "redeem", auth.Members, unkeyed, NoBody, page},
		{"POST /v1/me/redemptions", "redeem", auth.Members, keyed, SmallBody, nil},
		{"GET /v1/me/redemptions/{redemption}", "redeem", auth.Members, unkeyed, NoBody, nil},
		{"POST /v1/me/redemptions/{redemption}/commit", "redeem", auth.Members, keyed, MaybeBody, nil},
		{"POST /v1/me/redemptions/{redemption}/cancel", "redeem", auth.Members, keyed, MaybeBody, nil},

		{"POST /v1/webhooks/{program}/{provider}", "webhooks", auth.Public, unkeyed, SmallBody, nil},
		{"POST /v1/webhooks/{program}/shopify/{resource}/{action}", "webhooks", auth.Public, unkeyed, SmallBody, nil},
	}
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
