package api

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/switches"
)

// switchReactions states for each writing route which switches stop it: e for earn, r for redeem, and o for read_only.
// TestEverySwitchStopsItsRoutes fails for a route that is not listed.
var switchReactions = map[string]string{
	"PUT /v1/orders/{order}": "eo", "POST /v1/orders/{order}/activate": "eo",
	"POST /v1/events": "eo", "POST /v1/events/{event}/activate": "eo",
	"POST /v1/redemptions": "ro", "POST /v1/redemptions/{redemption}/commit": "ro",
	"POST /v1/redemptions/{redemption}/send": "ro", "POST /v1/codes/{code}/uses": "ro",
	"POST /v1/members/{member}/transfers": "ro", "POST /v1/transfers/{transfer}/accept": "ro",
	"POST /v1/members/{member}/conversions": "ro", "POST /v1/rewards/{reward}/waitlist": "ro",
	"POST /v1/me/redemptions": "ro", "POST /v1/me/redemptions/{redemption}/commit": "ro",
	"POST /v1/me/transfers": "ro", "POST /v1/me/transfers/{transfer}/accept": "ro",

	"POST /v1/members": "o", "PATCH /v1/members/{member}": "o", "POST /v1/members/{member}/adjustments": "o",
	"POST /v1/members/{member}/extensions": "o", "PUT /v1/members/{member}/status": "o",
	"PUT /v1/members/{member}/tier": "o", "POST /v1/members/{member}/reinstatements": "o",
	"POST /v1/households": "o", "POST /v1/households/{household}/invitations": "o",
	"POST /v1/households/{household}/accept": "o", "POST /v1/households/{household}/leave": "o",
	"POST /v1/households/{household}/remove": "o", "PUT /v1/members/{member}/campaigns/{campaign}": "o",
	"PUT /v1/members/{member}/referral-code": "o", "POST /v1/members/{member}/referral": "o",
	"POST /v1/approvals/{approval}/approve": "o", "POST /v1/approvals/{approval}/reject": "o",
	"POST /v1/members/{member}/erasure": "o", "DELETE /v1/members/{member}/erasure": "o",
	"DELETE /v1/rewards/{reward}/waitlist/{member}": "o", "POST /v1/rewards/{reward}/codes": "o",
	"POST /v1/redemptions/{redemption}/cancel": "o", "POST /v1/redemptions/{redemption}/reverse": "o",
	"POST /v1/transfers/{transfer}/decline": "o", "POST /v1/transfers/{transfer}/cancel": "o",
	"POST /v1/redemptions/{redemption}/fulfillment": "o", "POST /v1/codes/{code}/uses/{use}/reverse": "o",
	"POST /v1/conversions/{conversion}/reverse": "o", "POST /v1/reminders/test": "o",
	"PUT /v1/me": "o", "PATCH /v1/me": "o", "PUT /v1/me/campaigns/{campaign}": "o", "PUT /v1/me/referral-code": "o",
	"POST /v1/me/erasure": "o", "DELETE /v1/me/erasure": "o",
	"POST /v1/me/redemptions/{redemption}/cancel": "o", "POST /v1/me/transfers/{transfer}/decline": "o",
	"POST /v1/me/transfers/{transfer}/cancel": "o",

	"POST /v1/quotes": "", "POST /v1/programs/{program}/quotes": "", "POST /v1/program/validate": "",
	"POST /v1/reminders/preview": "", "PUT /v1/program/switches": "", "PUT /v1/program/draft": "",
	"POST /v1/program/publish": "", "POST /v1/program/rollback": "", "POST /v1/sign-in": "", "POST /v1/sessions": "",
	"DELETE /v1/session": "", "POST /v1/operators": "", "PUT /v1/operators/{operator}": "",
	"DELETE /v1/operators/{operator}": "", "POST /v1/unsubscribe/{token}": "",

	// internal/payments has the test of the webhooks.
	"POST /v1/webhooks/{program}/{provider}":                  "eo",
	"POST /v1/webhooks/{program}/shopify/{resource}/{action}": "eo",
}

// TestEveryWritingRouteHasSwitch compares the declared switch of each route with the list.
func TestEveryWritingRouteHasSwitch(t *testing.T) {
	declared := map[switches.Switch]string{
		switches.Earn: "eo", switches.Redeem: "ro", "": "o", switches.Exempt: "",
	}
	seen := map[string]bool{}
	for _, r := range request.Routes() {
		want, listed := switchReactions[r.Pattern]
		if reads := strings.HasPrefix(r.Pattern, "GET "); reads == listed {
			t.Errorf("%s is not classified correctly", r.Pattern)
		}
		if got := declared[r.Switch]; got != want {
			t.Errorf("%s obeys %q, want %q", r.Pattern, got, want)
		}
		seen[r.Pattern] = true
	}
	for pattern := range switchReactions {
		if !seen[pattern] {
			t.Errorf("there is no route %s", pattern)
		}
	}
}

// TestEverySwitchStopsItsRoutes calls every writing route with each switch set. A stopped request changes nothing and
// states when to repeat it.
func TestEverySwitchStopsItsRoutes(t *testing.T) {
	for letter, s := range map[string]switches.Switch{
		"e": switches.Earn, "r": switches.Redeem, "o": switches.ReadOnly,
	} {
		t.Run(string(s), func(t *testing.T) {
			m := newMatrix(newWorld(t, memory(t)))
			for _, key := range []string{"operator:owner", "operator:owner2"} {
				m.operator(key)
			}
			m.advance(switches.Wait) // otherwise the other functions have the state in their caches
			m.must("PUT", "/v1/program/switches", `{"stopped": ["`+string(s)+`"], "reason": "incident"}`)
			m.everyWrite(t, letter)
		})
	}
}

func (m matrix) everyWrite(t *testing.T, letter string) {
	paths := m.spec.doc.Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		operations := paths[path].Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			op := operations[method]
			stops, writes := switchReactions[method+" "+path]
			rule := ruleOf(m.spec, op)
			if !writes || rule.IsPublic() || op.OperationID == "updateSwitches" {
				continue
			}
			r := m.request(t, method, path, op.OperationID)
			switch {
			case rule.IsForMembers():
				r.key = "member:cust-1"
			case rule.Scope() == "" && rule.Guests() == "":
				r.key = "operator:owner2"
			}
			before := m.dump()
			a := m.do(r)
			got := a.status == 503 && a.header["retry-after"] == "30"
			if want := strings.Contains(stops, letter); got != want {
				t.Errorf("%s: %s, stopped %t, want %t", op.OperationID, summary(a), got, want)
			}
			if got && m.dump() != before {
				t.Errorf("%s was stopped but changed the table", op.OperationID)
			}
		}
	}
}

// TestSwitchReachesOtherProcesses sets a switch in another process. The cached state is used for at most 30 seconds,
// and the release takes as long.
func TestSwitchReachesOtherProcesses(t *testing.T) {
	w := newWorld(t, memory(t))
	ada := w.must("POST", "/v1/members", `{"external_id": "cust-1"}`)
	put := func(id string) string {
		return summary(w.do(sentRequest{method: "PUT", path: "/v1/orders/" + id, body: []byte(`{"member": "` + ada +
			`", "currency": "EUR", "line_items": [{"id": "1", "quantity": 1, "amount": 100}],` +
			` "placed_at": "2026-12-01T10:00:00Z", "status": "paid"}`)}))
	}
	set := func(stopped ...switches.Switch) {
		t.Helper()
		if _, err := w.app.Catalog.SetSwitches(t.Context(), "bluebird", stopped, "incident", "test"); err != nil {
			t.Fatal(err)
		}
	}
	if got := put("1"); got != "201" {
		t.Fatal(got)
	}
	set(switches.Earn)
	w.advance(switches.Wait)
	if got := put("2"); got != "503 temporarily_unavailable" {
		t.Errorf("after 30 seconds: %s", got)
	}
	set()
	w.advance(switches.Wait - time.Second)
	if got := put("2"); got != "503 temporarily_unavailable" {
		t.Errorf("the cached state was not used: %s", got)
	}
	w.advance(time.Second)
	if got := put("2"); got != "201" {
		t.Errorf("after the release: %s", got)
	}
}
