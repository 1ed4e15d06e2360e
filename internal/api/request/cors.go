package request

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/auth"
)

// This file implements CORS (https://fetch.spec.whatwg.org/#http-cors-protocol) for the routes of members and guests.
// Each program has a list of origins. No other route permits calls from pages, and no route permits credentials of the
// browser such as cookies.

// permit returns the headers that let a page read the answer. It returns none if the request is not from a page, or if
// the program does not allow the page's origin. An answer without a principal does not depend on the program, so every
// allowed origin may read it.
func permit(ctx context.Context, c *Call) [][2]string {
	if c.Event.Headers.Origin == "" || c.Route == nil || !isForPages(c.Route.Rule) {
		return nil
	}
	ok, err := c.App.Tokens.AllowsOrigin(ctx, c.Event.Headers.Origin, c.Who.Program)
	if err != nil || !ok {
		return [][2]string{{"vary", "origin"}}
	}
	return [][2]string{
		{"access-control-allow-origin", c.Event.Headers.Origin},
		{"access-control-expose-headers", "idempotent-replayed, retry-after"},
		{"vary", "origin"},
	}
}

// isForPages reports whether pages may call a route: members with their tokens, and guests.
func isForPages(r auth.Rule) bool { return r.IsForMembers() || r.Guests() != "" }

// isPreflight reports whether a browser asks whether a page may call such a route. Such a request has no token.
func isPreflight(c *Call) bool {
	return c.Event.Method == http.MethodOptions && c.Event.Headers.Origin != "" &&
		slices.ContainsFunc(c.all, func(r Route) bool {
			method, pattern, _ := strings.Cut(r.Pattern, " ")
			return isForPages(r.Rule) && method == c.Event.Headers.WantedMethod &&
				Matches(pattern, c.Event.decodedPath())
		})
}

// preflight answers a browser that asks whether a page may call a route. It returns forbidden if no program allows the
// page's origin.
func preflight(ctx context.Context, c *Call) (Answer, error) {
	ok, err := c.App.Tokens.AllowsOrigin(ctx, c.Event.Headers.Origin, "")
	if err != nil {
		return Answer{}, err
	}
	if !ok {
		return Answer{}, auth.Forbidden
	}
	return Answer{Status: http.StatusNoContent, headers: [][2]string{
		{"access-control-allow-origin", c.Event.Headers.Origin},
		{"access-control-allow-methods", c.Event.Headers.WantedMethod},
		{"access-control-allow-headers", "authorization, content-type, idempotency-key"},
		{"access-control-max-age", "600"},
		{"vary", "origin"},
	}}, nil
}
