package api

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/auth"
)

// TestEveryRouteAsksForItsKey calls every operation of openapi.yaml without a key, with an invalid key, with a key that
// has every scope except the required one, with a key of another program, and with a key that has only the required
// scope. It fails for an operation that has no request here.
func TestEveryRouteAsksForItsKey(t *testing.T) {
	newMatrix(newWorld(t, memory(t))).run(t)
}

type matrix struct {
	*world
	ids     *strings.Replacer
	bodies  map[string]string
	foreign map[string]string // the answers to another program's key; not_found for operations that are not listed
}

func newMatrix(w *world) matrix {
	ada := w.must("POST", "/v1/members", `{"external_id": "cust-1"}`)
	w.must("POST", "/v1/members/"+ada+"/adjustments", `{"points": 5000, "reason": "a good start"}`)
	first := w.must("POST", "/v1/redemptions", `{"member": "`+ada+`", "reward": "five-off"}`)
	basket := `"member": "` + ada + `", "currency": "EUR", "line_items": [{"id": "1", "quantity": 1, "amount": 100}]`
	event := `{"member": "` + ada + `", "type": "review.pending", "id": "778", "at": "2026-12-01T10:00:00Z"}`
	w.must("POST", "/v1/events", event)
	order := `{` + basket + `, "placed_at": "2026-12-01T10:00:00Z", "status": "paid"}`
	w.must("PUT", "/v1/orders/1042", order)
	w.must("PUT", "/v1/program/draft", `{"source": "x"}`)
	w.logEntry("bluebird", "ent_order~1042~1")
	own := "200"
	return matrix{
		world: w,
		ids: strings.NewReplacer("{member}", ada, "{order}", "1042", "{redemption}", first, "{entry}",
			"ent_order~1042~1",
			"{event}", "review:778", "{campaign}", "quiz", "{reward}", "five-off", "{code}", "7K3M-Q9XZ", "{use}",
			"use_nobody", "{transfer}", "tr_00000000000000000000", "{household}", "hh_00000000000000000000",
			"{conversion}", "cv_none"),
		bodies: map[string]string{
			"createMember": `{}`, "updateMember": `{"name": "Ada"}`,
			"createAdjustment": `{"points": 5, "reason": "matrix"}`,
			"putOrder":         order, "createQuote": `{` + basket + `}`,
			"createRedemption": `{"member": "` + ada + `", "reward": "five-off"}`,
			"commitRedemption": `{}`, "cancelRedemption": `{}`, "updateDraft": `{"source": "y"}`,
			"validateProgram": `{"source": "y"}`,
			"createEvent":     event, "activateOrder": `{}`, "activateEvent": `{}`, "registerForCampaign": `{}`,
			"extendPoints":      `{"until": "2028-06-30", "reason": "matrix"}`,
			"reinstatePoints":   `{"entry": "ent_expiry~unknown~1", "until": "2027-06-30", "reason": "matrix"}`,
			"createHousehold":   `{"owner": "` + ada + `"}`,
			"inviteToHousehold": `{"member": "` + ada + `", "role": "adult"}`,
			"joinHousehold":     `{"member": "` + ada + `"}`, "leaveHousehold": `{"member": "` + ada + `"}`,
			"removeFromHousehold": `{"member": "` + ada + `"}`,
			"createTransfer":      `{"to": "` + ada + `", "points": 5}`, "acceptTransfer": `{}`,
			"declineTransfer": `{}`, "cancelTransfer": `{}`,
			"reverseRedemption": `{}`, "createConversion": `{"from": "points", "to": "miles", "points": 15}`,
			"reverseConversion":  `{}`,
			"createReferralCode": `{}`, "attributeReferral": `{"code": "UNKNOWN-CODE"}`,
			"uploadCodes": `{"codes": ["MATRIX-1"]}`, "useCode": `{}`, "reverseCodeUse": `{"reason": "matrix"}`,
			"joinWaitlist": `{"member": "` + ada + `"}`, "leaveWaitlist": "",
			"sendGiftCard":      `{"email": "eve@example.com"}`,
			"updateFulfillment": `{"status": "shipped"}`,
			"updateTier":        `{"level": "gold", "reason": "matrix"}`,
			"publishProgram":    `{}`, "rollbackProgram": `{"version": 1}`,
			"previewReminder": `{"member": "` + ada + `", "reminder": "points-30d", "at": "2027-12-20T10:00:00Z"}`,
			"sendTestReminder": `{"member": "` + ada +
				`", "reminder": "points-30d", "at": "2027-12-20T10:00:00Z", "to": ["me@example.com"]}`,
		},
		// Operations whose request names no resource of the first program succeed for the second program.
		foreign: map[string]string{
			"createMember": "201", "listRewards": own, "listFulfillments": own, "listCampaigns": own,
			"retrieveProgram": own, "updateDraft": own, "validateProgram": own,
			"rollbackProgram": own, "uploadCodes": "422 validation_failed", "listVersions": own, "listTierChanges": own,
			"publishProgram": "422 validation_failed", "retrieveDraft": own,
			"listScheduledReminders": own, "retrieveReminderReport": own,
		},
	}
}

// run calls every operation in a fixed order.
func (m matrix) run(t *testing.T) {
	paths := m.spec.doc.Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		operations := paths[path].Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			op := operations[method]
			scope := ruleOf(m.spec, op).Scope()
			if scope == "" {
				continue // webhooks are authenticated by signatures
			}
			t.Run(op.OperationID, func(t *testing.T) {
				m.operation(t, method, path, op.OperationID, scope)
			})
		}
	}
}

func (m matrix) operation(t *testing.T, method, path, id string, scope auth.Scope) {
	r := sentRequest{method: method, path: m.ids.Replace(path)}
	body, ok := m.bodies[id]
	if ok {
		r.body = []byte(body)
	}
	if !ok && method != "GET" {
		t.Fatalf("%s has no request here", id)
	}
	m.key("just "+id, "bluebird", scope)
	m.key("but "+id, "bluebird", allBut(scope)...)
	for _, c := range []struct{ key, want string }{
		{"none", "401 unauthenticated"}, {"garbage", "401 token_invalid"}, {"but " + id, "403 scope_missing"},
	} {
		before := m.dump()
		r.key = c.key
		a := m.do(r)
		if got := summary(a); got != c.want || m.dump() != before {
			t.Errorf("by %s: %s, want %s and no trace", c.key, got, c.want)
		}
	}
	want := m.foreign[id]
	if want == "" {
		want = "404 not_found"
	}
	if id == "retrieveDraft" { // another row of this test may already have stored the draft of the other program
		m.do(sentRequest{method: "PUT", path: path, key: "other", body: []byte(`{"source": "mine"}`)})
	}
	if id == "publishProgram" {
		m.do(sentRequest{method: "PUT", path: "/v1/program/draft", key: "other", body: []byte(`{"source": "mine"}`)})
	}
	r.key = "other"
	if got := summary(m.do(r)); got != want {
		t.Errorf("by another program's key: %s, want %s", got, want)
	}
	r.key = "just " + id
	if a := m.do(r); a.status == 401 || a.status == 403 {
		t.Errorf("by a key with %s: %s", scope, summary(a))
	}
}

func allBut(scope auth.Scope) (out []auth.Scope) {
	what, reads := strings.CutSuffix(string(scope), ":read")
	for _, s := range auth.Scopes() {
		if s != scope && s != auth.Admin && (!reads || string(s) != what+":write") {
			out = append(out, s)
		}
	}
	return out
}

func TestUnknownAndForeignAnswerTheSame(t *testing.T) {
	w := newWorld(t, memory(t))
	ada := w.must("POST", "/v1/members", `{}`)
	unknown := w.do(sentRequest{method: "GET", path: "/v1/members/mem_00000000000000000000", key: "other"})
	foreign := w.do(sentRequest{method: "GET", path: "/v1/members/" + ada, key: "other"})
	same := func(a answered) string {
		m := a.json.(map[string]any)
		delete(m, "request_id")
		delete(m, "instance")
		return summary(a) + jsonOf(m) + jsonOf(a.header)
	}
	if same(unknown) != same(foreign) {
		t.Errorf("the response reveals that it exists:\n%s\n%s", unknown.body, foreign.body)
	}
}
