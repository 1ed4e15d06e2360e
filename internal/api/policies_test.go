package api

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/stack/stacktest"
)

// TestPoliciesOfTheAPIFunctionsAreExact runs every script, and requests for overdue members, under the policies of
// template.yaml. It fails if a policy denies a request, or if no request needs a grant.
func TestPoliciesOfTheAPIFunctionsAreExact(t *testing.T) {
	var calls access.Recorder
	observed := func() *world {
		w := newWorld(t, memory(t))
		w.guard.Observe = calls.Record
		return w
	}
	for _, file := range scripts(t) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		w := observed()
		(&script{
			world: w, file: file, vars: map[string]string{}, replayed: map[string]bool{},
		}).run(strings.Split(string(raw), "\n"))
	}
	observed().overdue()
	observed().reminders()
	observed().keyUse()
	w := observed()
	w.proofs()
	w.actions()
	w = newWorld(t, memory(t))
	w.guard.Observe = calls.Record
	w.sessions()
	for _, f := range []string{"members", "earn", "redeem", "programs", "reminders"} {
		stacktest.Prove(t, w.guard, f, stacktest.Table, &calls)
	}
}

// sessions sends a request with an operator's session to each function.
func (w *world) sessions() {
	w.t.Helper()
	w.operator("operator:owner")
	ada := w.must("POST", "/v1/members", `{"email": "owner@shop.test"}`)
	for path, status := range map[string]int{
		"/v1/members/" + ada: 200, "/v1/campaigns": 200, "/v1/rewards": 200, "/v1/operators": 200,
		"/v1/reports/reminders": 200,
	} {
		if a := w.do(sentRequest{method: "GET", path: path, key: "operator:owner"}); a.status != status {
			w.t.Errorf("%s: %d %s", path, a.status, a.body)
		}
		w.advance(time.Minute) // each function's process reads the session itself
	}
}

// keyUse sends a request with an API key to each function. Each records the use of the key.
func (w *world) keyUse() {
	w.t.Helper()
	w.recordKeyUse()
	for _, path := range []string{
		"/v1/audit", "/v1/campaigns", "/v1/rewards", "/v1/program", "/v1/reminders/scheduled",
	} {
		w.fetch("GET", path, "", 200)
		w.app.KeyUse.Wait()
		w.advance(time.Hour)
	}
}

func scripts(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	return files
}

// overdue sends requests about members for whom every effect of time is due.
func (w *world) overdue() {
	w.t.Helper()
	late := stacktest.Overdue{T: w.t, Stores: w.app.Stores, Advance: w.advance}
	p := late.Publish("bluebird", 1)
	w.app.Programs.Forget("bluebird")
	w.advance(time.Minute)
	changed := w.must("POST", "/v1/members", `{"external_id": "cust-1"}`)
	late.Enroll("mem_earn", "mem_redeem", "mem_other", "mem_friend")
	w.household(p, "mem_redeem", "mem_friend")
	late.Members("mem_earn", "mem_redeem", loyalty.MemberID(changed))
	late.Queue("mem_redeem", "mem_other")
	w.must("PATCH", "/v1/members/"+changed, `{"external_id": "cust-2"}`)
	w.must("PUT",
		"/v1/orders/late", `{"member": "mem_earn", "placed_at": "2026-12-16T10:00:00Z", "currency": "EUR",
		"status": "paid", "line_items": [{"id": "1", "quantity": 1, "amount": 1000}]}`)
	w.must("POST", "/v1/redemptions", `{"member": "mem_redeem", "reward": "print", "household": true}`)
	w.claim(p)
	w.advance(keyring.CacheFor) // the function reads the key of the program itself
	w.must("POST", "/v1/quotes", `{"member": "mem_earn", "currency": "EUR", "line_items": [
		{"id": "1", "quantity": 1, "amount": 1000}]}`)
}

func (w *world) household(p *loyalty.Program, owner, other loyalty.MemberID) {
	w.t.Helper()
	ctx, hs := w.t.Context(), w.app.Households
	_, founded := hs.Found(ctx, p, "hh_1", owner, ledger.By{Actor: "test"})
	_, invited := hs.Invite(ctx, p, "hh_1", other, "adult")
	_, joined := hs.AcceptInvitation(ctx, p, "hh_1", other)
	if err := errors.Join(founded, invited, joined); err != nil {
		w.t.Fatal(err)
	}
}

// claim sends the paid order of a person who is not a member yet, and enrolls the person.
func (w *world) claim(p *loyalty.Program) {
	w.t.Helper()
	now, email := w.app.Now(), w.app.EmailName()(p.ID, "grace@shop.test")
	money := loyalty.Money{Amount: 1000, Currency: "EUR"}
	paid := service.Report{Payment: "stripe:pi_1", Order: "paid-1", Email: email.Value, Facts: []loyalty.Fact{
		{Kind: loyalty.FactCapture, ID: "pi_1", State: loyalty.FactDone, Money: money, Clock: now.UnixMilli(), At: now},
	}}
	outcome, err := w.app.Payments.Receive(
		w.t.Context(), p, service.Delivery{Provider: "stripe", Event: "evt_1", Received: now, Mark: "m"}, &paid,
	)
	if err != nil || outcome.Outcome != service.Applied {
		w.t.Fatal(outcome.Outcome, outcome.Detail, err)
	}
	w.must("PUT", "/v1/orders/paid-1", `{"placed_at": "2026-12-16T10:00:00Z", "currency": "EUR", "status": "paid",
		"line_items": [{"id": "1", "quantity": 1, "amount": 1000}]}`)
	w.must("POST", "/v1/members", `{"email": "grace@shop.test", "email_verified": true}`)
}

// reminders sends one request to each route of the reminders function.
func (w *world) reminders() {
	w.t.Helper()
	ada := w.remind()
	w.must("POST", "/v1/members/"+ada+"/adjustments", `{"points": 3000, "reason": "a gift card"}`)
	w.app.Programs.Forget("bluebird") // each function's process reads the program itself
	w.advance(time.Date(2027, 12, 1, 10, 0, 0, 0, time.UTC).Sub(start))
	w.fetch("GET", "/v1/reminders/scheduled", "", 200)
	w.fetch(
		"POST", "/v1/reminders/test",
		`{"member": "`+ada+`", "reminder": "points-30d", "at": "2027-12-20T10:00:00Z", "to": ["a@x.example"]}`, 200,
	)
	w.must("POST", "/v1/redemptions", `{"member": "`+ada+`", "reward": "gift-25", "commit": true}`)
	w.fetch(
		"POST", "/v1/reminders/preview",
		`{"member": "external:ada", "reminder": "points-30d", "at": "2027-12-20T10:00:00Z"}`, 200,
	)
	w.fetch("GET", "/v1/reports/reminders", "", 200)
	links := w.office(w.app).Links
	sub := notify.Subscription{
		Program: "bluebird", Member: loyalty.MemberID(ada), Channel: loyalty.Email, Purpose: loyalty.Marketing,
	}
	for _, method := range []string{"GET", "POST"} {
		path := strings.TrimPrefix(links.Unsubscribe(sub), "https://api.test")
		if a := w.do(
			sentRequest{method: method, path: path, header: map[string]string{"Authorization": ""}},
		); a.status != 200 {
			w.t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
		}
	}
}
