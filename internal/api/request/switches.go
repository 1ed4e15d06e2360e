package request

import (
	"context"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/switches"
)

// obeyed has the kill switch that a writing route obeys. Other writing routes obey only switches.ReadOnly.
var obeyed = map[string]switches.Switch{
	"PUT /v1/orders/{order}":           switches.Earn,
	"POST /v1/orders/{order}/activate": switches.Earn,
	"POST /v1/events":                  switches.Earn,
	"POST /v1/events/{event}/activate": switches.Earn,

	"POST /v1/redemptions":                        switches.Redeem,
	"POST /v1/redemptions/{redemption}/commit":    switches.Redeem,
	"POST /v1/redemptions/{redemption}/send":      switches.Redeem,
	"POST /v1/codes/{code}/uses":                  switches.Redeem,
	"POST /v1/members/{member}/transfers":         switches.Redeem,
	"POST /v1/transfers/{transfer}/accept":        switches.Redeem,
	"POST /v1/members/{member}/conversions":       switches.Redeem,
	"POST /v1/rewards/{reward}/waitlist":          switches.Redeem,
	"POST /v1/me/redemptions":                     switches.Redeem,
	"POST /v1/me/redemptions/{redemption}/commit": switches.Redeem,
	"POST /v1/me/transfers":                       switches.Redeem,
	"POST /v1/me/transfers/{transfer}/accept":     switches.Redeem,

	// These routes store nothing.
	"POST /v1/quotes":                    switches.Exempt,
	"POST /v1/programs/{program}/quotes": switches.Exempt,
	"POST /v1/program/validate":          switches.Exempt,
	"POST /v1/reminders/preview":         switches.Exempt,

	// Operators need these routes to find and remove the cause of an incident.
	"PUT /v1/program/switches":        switches.Exempt,
	"PUT /v1/program/draft":           switches.Exempt,
	"POST /v1/program/publish":        switches.Exempt,
	"POST /v1/program/rollback":       switches.Exempt,
	"POST /v1/sign-in":                switches.Exempt,
	"POST /v1/sessions":               switches.Exempt,
	"DELETE /v1/session":              switches.Exempt,
	"POST /v1/operators":              switches.Exempt,
	"PUT /v1/operators/{operator}":    switches.Exempt,
	"DELETE /v1/operators/{operator}": switches.Exempt,

	// Mail clients do not repeat the request, and consent can be withdrawn at any time.
	"POST /v1/unsubscribe/{token}": switches.Exempt,

	// Package payments checks the switch of webhooks after it verified the signature.
	"POST /v1/webhooks/{program}/{provider}":                  switches.Earn,
	"POST /v1/webhooks/{program}/shopify/{resource}/{action}": switches.Earn,
}

// switchOf returns the kill switch that a route obeys. Routes that only read obey none.
func switchOf(pattern string) switches.Switch {
	if strings.HasPrefix(pattern, "GET ") {
		return switches.Exempt
	}
	return obeyed[pattern]
}

// checkSwitch returns a *switches.StoppedError if a kill switch of the program stops the route. The state of the
// switches is cached for up to 30 seconds.
func (c *Call) checkSwitch(ctx context.Context) error {
	if c.Route.Switch == switches.Exempt {
		return nil
	}
	s, _, err := c.App.Programs.Schedule(ctx, c.Who.Program)
	if err != nil {
		return err
	}
	return s.Switches.Check(c.Route.Switch)
}

// stoppedDetail explains to callers which switch is set.
func stoppedDetail(s switches.Switch) string {
	what := "changes"
	switch s {
	case switches.Earn:
		what = "earning"
	case switches.Redeem:
		what = "redeeming"
	}
	return "The operator of the program has stopped " + what + " (" + string(s) +
		"). Nothing was changed. Repeat the request later with the same Idempotency-Key."
}
