package api

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/auth"
)

// TestEveryRouteHasExactCallers calls every operation of openapi.yaml as every kind of caller: without credentials,
// with invalid ones, with an expired token, with a key of each scope, with keys that have all scopes but one, with a
// key or a token of another program, and as a member. It fails for an operation that has no request here.
func TestEveryRouteHasExactCallers(t *testing.T) {
	newMatrix(newWorld(t, memory(t))).run(t)
}

type matrix struct {
	*world
	ids     *strings.Replacer
	bodies  map[string]string
	foreign map[string]string // the answers to another program's key; not_found for operations that are not listed
}

func newMatrix(w *world) matrix {
	w.keys["expired"] = w.token("cust-1", 11*time.Minute)
	ada := w.must("POST", "/v1/members", `{"external_id": "cust-1"}`)
	w.must("POST", "/v1/members", `{"external_id": "cust-2"}`)
	w.must("POST", "/v1/members/"+ada+"/adjustments", `{"points": 5000, "reason": "a good start"}`)
	first := w.must("POST", "/v1/redemptions", `{"member": "`+ada+`", "reward": "five-off"}`)
	basket := `"member": "` + ada + `", "currency": "EUR", "line_items": [{"id": "1", "quantity": 1, "amount": 100}]`
	event := `{"member": "` + ada + `", "type": "review.pending", "id": "778", "at": "2026-12-01T10:00:00Z"}`
	w.must("POST", "/v1/events", event)
	order := `{` + basket + `, "placed_at": "2026-12-01T10:00:00Z", "status": "paid"}`
	w.must("PUT", "/v1/orders/1042", order)
	w.must("POST", "/v1/members/"+ada+"/erasure", `{}`)
	w.must("PUT", "/v1/program/draft", `{"source": "x"}`)
	w.logEntry("bluebird", "ent_order~1042~1")
	spare, err := w.operators.Add(w.t.Context(), "bluebird", auth.NewOperator{Email: "s@x", Role: auth.Clerk}, "test")
	if err != nil {
		w.t.Fatal(err)
	}
	w.operator("operator:support0")
	pending := w.as("operator:support0", "POST", "/v1/members/"+ada+"/adjustments",
		`{"points": 2000, "reason": "matrix"}`, 202)["id"].(string)
	own := "200"
	return matrix{
		world: w,
		ids: strings.NewReplacer("{member}", ada, "{order}", "1042", "{redemption}", first, "{entry}",
			"ent_order~1042~1",
			"{event}", "review:778", "{campaign}", "quiz", "{reward}", "five-off", "{code}", "7K3M-Q9XZ", "{use}",
			"use_nobody", "{transfer}", "tr_00000000000000000000", "{household}", "hh_00000000000000000000",
			"{conversion}", "cv_none", "{operator}", spare.ID, "{program}", "bluebird", "{approval}", pending),
		bodies: map[string]string{
			"createMember": `{}`, "updateMember": `{"name": "Ada"}`,
			"createAdjustment": `{"points": 5, "reason": "matrix"}`,
			"putOrder":         order, "createQuote": `{` + basket + `}`,
			"createGuestQuote": `{"currency": "EUR", "line_items": [{"id": "1", "quantity": 1, "amount": 100}]}`,
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
			"reverseConversion": `{}`,
			"createErasure":     `{}`, "cancelErasure": "", "createOwnErasure": `{}`, "cancelOwnErasure": "",
			"createReferralCode": `{}`, "attributeReferral": `{"code": "UNKNOWN-CODE"}`,
			"uploadCodes": `{"codes": ["MATRIX-1"]}`, "useCode": `{}`, "reverseCodeUse": `{"reason": "matrix"}`,
			"joinWaitlist": `{"member": "` + ada + `"}`, "leaveWaitlist": "",
			"sendGiftCard":       `{"email": "eve@example.com"}`,
			"updateFulfillment":  `{"status": "shipped"}`,
			"updateTier":         `{"level": "gold", "reason": "matrix"}`,
			"updateMemberStatus": `{"status": "active", "reason": "matrix"}`,
			"updateSwitches":     `{"stopped": [], "reason": "matrix"}`,
			"publishProgram":     `{}`, "rollbackProgram": `{"version": 1}`,
			"createOperator": `{"email": "§@new.test", "role": "clerk"}`, "updateOperator": `{"role": "clerk"}`,
			"removeOperator": "", "revokeSession": "", "approveAdjustment": `{}`, "rejectAdjustment": `{}`,
			"enrollSelf": `{}`, "updateSelf": `{"name": "Ada"}`, "registerSelfForCampaign": `{}`,
			"createOwnReferralCode": `{}`, "createOwnRedemption": `{"reward": "five-off"}`, "commitOwnRedemption": `{}`,
			"cancelOwnRedemption": `{}`, "createOwnTransfer": `{"to": "` + ada + `", "points": 5}`,
			"acceptOwnTransfer": `{}`, "declineOwnTransfer": `{}`, "cancelOwnTransfer": `{}`,
			"previewReminder": `{"member": "` + ada + `", "reminder": "points-30d", "at": "2027-12-20T10:00:00Z"}`,
			"sendTestReminder": `{"member": "` + ada +
				`", "reminder": "points-30d", "at": "2027-12-20T10:00:00Z", "to": ["me@example.com"]}`,
		},
		// Operations whose request names no resource of the first program succeed for the second program.
		foreign: map[string]string{
			"createMember": "201", "listMembers": own, "listRewards": own,
			"listFulfillments": own, "listCampaigns": own, "listErasures": own,
			"listAuditRecords": own,
			"retrieveSwitches": own, "updateSwitches": own,
			"retrieveProgram": own, "updateDraft": own, "validateProgram": own,
			"rollbackProgram": own, "uploadCodes": "422 validation_failed", "listVersions": own, "listTierChanges": own,
			"publishProgram": "422 validation_failed", "retrieveDraft": own,
			"listApprovals": own,
			"listOperators": own, "createOperator": "201", "retrieveSession": own, "revokeSession": own,
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
			rule := ruleOf(m.spec, op)
			if rule.IsPublic() {
				continue // webhooks are authenticated by signatures
			}
			t.Run(op.OperationID, func(t *testing.T) {
				r := m.request(t, method, path, op.OperationID)
				if rule.Guests() != "" {
					m.byGuests(t, r)
					return
				}
				m.rejections(t, r, op.OperationID, rule)
				switch {
				case rule.IsForMembers():
					m.byMembers(t, r, op.OperationID)
				case rule.Scope() != "":
					m.byKeys(t, r, op.OperationID, rule.Scope())
				}
				m.byOperators(t, r, op.OperationID, rule)
			})
		}
	}
}

// request returns the request of an operation.
func (m matrix) request(t *testing.T, method, path, id string) sentRequest {
	r := sentRequest{method: method, path: m.ids.Replace(path)}
	if id == "listMembers" {
		r.path += "?external_id=cust-1"
	}
	body, ok := m.bodies[id]
	if ok {
		r.body = []byte(body)
	}
	if !ok && method != "GET" {
		t.Fatalf("%s has no request here", id)
	}
	return r
}

// rejections calls an operation as every caller that its rule rejects. No call leaves a trace.
func (m matrix) rejections(t *testing.T, r sentRequest, id string, rule auth.Rule) {
	want := map[string]string{
		"none": "401 unauthenticated", "garbage": "401 token_invalid", "expired": "401 token_expired",
	}
	switch {
	case rule.IsForMembers():
		want["admin"], want["reader"] = "403 forbidden", "403 forbidden"
	case rule.Scope() == "":
		want["admin"], want["member:cust-1"] = "403 forbidden", "403 forbidden"
	default:
		m.key("but "+id, "bluebird", allBut(rule.Scope())...)
		want["but "+id], want["member:cust-1"] = "403 scope_missing", "403 forbidden"
	}
	for _, scope := range auth.Scopes() {
		key := "only " + string(scope)
		if m.keys[key] == "" {
			m.key(key, "bluebird", scope)
		}
		switch {
		case rule.Scope() == "":
			want[key] = "403 forbidden"
		case !(auth.Principal{Scopes: []auth.Scope{scope}}).May(rule.Scope()):
			want[key] = "403 scope_missing"
		}
	}
	for _, role := range auth.AllRoles() {
		key := "operator:" + string(role)
		if m.operator(key); !rule.Roles().Has(role) {
			want[key] = "403 forbidden"
		}
	}
	before := m.dump()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		r.key = key
		if got := summary(m.do(r)); got != want[key] {
			t.Errorf("by %s: %s, want %s", key, got, want[key])
		}
	}
	if m.dump() != before {
		t.Error("a rejected request changed the table")
	}
}

// byGuests calls an operation as every kind of caller. The answers are the same, because the operation ignores
// credentials. Another program, which is not open to guests, is unknown.
func (m matrix) byGuests(t *testing.T, r sentRequest) {
	other := strings.Replace(r.path, "/bluebird/", "/redbird/", 1)
	for _, key := range []string{"none", "garbage", "expired", "admin", "reader", "other", "member:cust-1"} {
		r.key = key
		if got := summary(m.do(r)); got != "200" {
			t.Errorf("by %s: %s, want 200", key, got)
		}
		closed := r
		closed.path = other
		if got := summary(m.do(closed)); got != "404 not_found" {
			t.Errorf("by %s at a program without guests: %s, want 404 not_found", key, got)
		}
	}
}

// byMembers calls an operation as the owner of the requested objects, as another member, as a member of another
// program, and as a person who is not enrolled.
func (m matrix) byMembers(t *testing.T, r sentRequest, id string) {
	for _, key := range []string{"member:nobody", "member:cust-1@in:redbird"} {
		r.key = key
		if id == "enrollSelf" {
			continue // the only operation that succeeds for a person who is not enrolled
		}
		if got := summary(m.do(r)); got != "404 not_found" {
			t.Errorf("by %s: %s, want 404 not_found", key, got)
		}
	}
	r.key = "member:cust-2"
	if got := summary(m.do(r)); strings.Contains(r.path, m.ids.Replace("{redemption}")) && got != "404 not_found" {
		t.Errorf("by another member: %s, want 404 not_found", got)
	}
	r.key = "member:cust-1"
	// The program has no campaign and no transfers.
	unknown := id == "registerSelfForCampaign" || strings.Contains(r.path, m.ids.Replace("{transfer}"))
	if a := m.do(r); a.status == 401 || a.status == 403 || a.status == 404 && !unknown {
		t.Errorf("by the member: %s", summary(a))
	}
}

// byKeys calls an operation with a key of another program, and with a key that has only the required scope.
func (m matrix) byKeys(t *testing.T, r sentRequest, id string, scope auth.Scope) {
	want := m.foreign[id]
	if want == "" {
		want = "404 not_found"
	}
	path := r.path
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
	r.key = "only " + string(scope)
	if a := m.do(r); a.status == 401 || a.status == 403 {
		t.Errorf("by a key with %s: %s", scope, summary(a))
	}
}

// byOperators calls an operation as an operator of another program, and as an operator with each role that may call it.
func (m matrix) byOperators(t *testing.T, r sentRequest, id string, rule auth.Rule) {
	for _, role := range auth.AllRoles() {
		if !rule.Roles().Has(role) {
			continue
		}
		who := string(role)
		if id == "revokeSession" {
			who += "2" // the session cannot be used for the operations that follow
		}
		body := m.bodies[id]
		r.key, r.body = "operator:"+who+"@in:redbird", []byte(strings.ReplaceAll(body, "§", who))
		if body == "" {
			r.body = nil
		}
		m.operator(r.key)
		want := m.foreign[id]
		if want == "" {
			want = "404 not_found"
		}
		if got := summary(m.do(r)); got != want {
			t.Errorf("by the %s of another program: %s, want %s", role, got, want)
		}
		r.key = "operator:" + who
		m.operator(r.key)
		if a := m.do(r); a.status == 401 || a.status == 403 {
			t.Errorf("by the %s: %s", role, summary(a))
		}
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
