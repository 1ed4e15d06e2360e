package api

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// with enrolls a member, credits the given number of points and returns the member's ID.
func (w *world) with(points int) string {
	w.t.Helper()
	id := w.must("POST", "/v1/members", `{}`)
	if points > 0 {
		w.must(
			"POST", "/v1/members/"+id+"/adjustments", fmt.Sprintf(`{"points": %d, "reason": "a good start"}`, points),
		)
	}
	return id
}

func (w *world) wants(what, member string, want loyalty.Balance) {
	w.t.Helper()
	a := w.do(sentRequest{method: "GET", path: "/v1/members/" + member})
	got := loyalty.Balance{}
	for name, n := range map[string]*loyalty.Points{
		"active": &got.Active, "pending": &got.Pending, "reserved": &got.Reserved, "debt": &got.Debt,
	} {
		v, _ := lookup(a.json, "balance."+name)
		f, ok := v.(float64)
		if !ok {
			w.t.Fatalf("%s: the member is %s", what, a.body)
		}
		*n = loyalty.Points(f)
	}
	if got != want {
		w.t.Errorf("%s the balance is %+v, want %+v", what, got, want)
	}
}

// audited recomputes the member's account from its entries and reports a difference.
func (w *world) audited(member string) {
	w.t.Helper()
	if err := w.app.Statements.Audit(w.t.Context(), "bluebird", loyalty.MemberID(member)); err != nil {
		w.t.Error(err)
	}
}

func redeemRequest(member, reward, more string) sentRequest {
	return sentRequest{
		method: "POST", path: "/v1/redemptions",
		body: fmt.Appendf(nil, `{"member": %q, "reward": %q%s}`, member, reward, more),
	}
}

func keyed(r sentRequest, key string) sentRequest {
	r.header = map[string]string{"Idempotency-Key": key}
	return r
}

// expect sends a request and requires the given status and code.
func (w *world) expect(name string, r sentRequest, want string) answered {
	w.t.Helper()
	a := w.do(r)
	if got := summary(a); got != want {
		w.t.Fatalf("%s: %s %s, want %s", name, got, a.body, want)
	}
	return a
}

func (w *world) answers(name string, got, want map[string]int) {
	w.t.Helper()
	if !maps.Equal(got, want) {
		w.t.Errorf("%s answered %v, want %v", name, got, want)
	}
}

// Of 50 parallel redemptions of 100 points each, by a member with 100 points, one must succeed, whether it is only
// reserved or committed at once. The reward "ahoy" of testdata/shop.yaml costs 100 points and has no other requirement.
func TestOneOfFiftyParallelRedemptionsSucceeds(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w, _ := newShop(t, tab, 0)
		for more, want := range map[string]loyalty.Balance{
			`, "commit": true`: {}, `, "commit": false`: {Reserved: 100},
		} {
			ada := w.with(100)
			got := w.parallel(50, func(int) sentRequest { return redeemRequest(ada, "ahoy", more) })
			w.answers("50 redemptions"+more, got, map[string]int{"201": 1, "409 insufficient_points": 49})
			w.wants("after 50 redemptions"+more, ada, want)
			w.audited(ada)
		}
	})
}

// Of 50 parallel requests with the same Idempotency-Key, one must redeem, and the others must be replays.
func TestFiftyRequestsWithOneKeyRedeemOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w, _ := newShop(t, tab, 0)
		ada := w.with(100)
		again := 0
		got := w.parallel(50, func(i int) sentRequest {
			return keyed(redeemRequest(ada, "ahoy", `, "commit": true`), "one-key-for-all-50")
		},
			func(a answered) { again += map[string]int{"true": 1}[a.header["idempotent-replayed"]] })
		w.answers("one key sent 50 times", got, map[string]int{"201": 50})
		if again != 49 {
			t.Errorf("%d of 50 answers say that they are a repetition", again)
		}
		w.wants("after one key sent 50 times", ada, loyalty.Balance{})
		w.audited(ada)
	})
}

// A rejected redemption must be rejected again under the same Idempotency-Key, even after the member has earned enough
// points.
func TestRejectedRedemptionStaysRejected(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w, _ := newShop(t, tab, 0)
		ada := w.with(99)
		r := keyed(redeemRequest(ada, "ahoy", ""), "declined-for-want-of-1")
		first := w.expect("with 99 points", r, "409 insufficient_points")
		w.must(
			"PUT", "/v1/orders/1",
			`{"member": "`+ada+
				`", "placed_at": "2026-12-01T10:00:00Z", "currency": "EUR", "status": "paid", `+
				`"line_items": [{"id": "1", "quantity": 1, "amount": 50000}]}`,
		)
		w.advance(14 * 24 * time.Hour)
		w.wants("a fortnight later", ada, loyalty.Balance{Active: 599})
		again := w.expect("with 599 points", r, "409 insufficient_points")
		for _, field := range []string{"needed", "active", "detail", "code"} {
			was, _ := lookup(first.json, field)
			if is, _ := lookup(again.json, field); is != was {
				t.Errorf("%s was %v and is %v", field, was, is)
			}
		}
		w.wants("after it", ada, loyalty.Balance{Active: 599})
		w.expect("under another key", redeemRequest(ada, "ahoy", ""), "201")
	})
}

// A reservation can be committed or canceled once, only for its exact points, and only before the instant of its
// expiry, to the millisecond.
func TestReservationIsResolvedOnceAndInTime(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w, _ := newShop(t, tab, 0)
		ada := w.with(300)
		hold := func() (path string) {
			a := w.expect("a reservation", redeemRequest(ada, "ahoy", ""), "201")
			id, _ := lookup(a.json, "id")
			return "/v1/redemptions/" + id.(string)
		}
		end := func(path, how, body string) sentRequest {
			return sentRequest{method: "POST", path: path + "/" + how, body: []byte(body)}
		}
		rd := hold()
		for body, want := range map[string]string{
			`{"points": 101}`: "422 amount_out_of_range", `{"points": 99}`: "422 amount_out_of_range",
			`{"points": 1}`: "422 amount_out_of_range", `{"points": 0}`: "422 amount_not_positive",
			`{"points": -1}`: "422 amount_not_positive",
		} {
			w.expect("a commit of "+body, end(rd, "commit", body), want)
		}
		w.wants("after commits that were refused", ada, loyalty.Balance{Active: 200, Reserved: 100})
		w.expect("a commit of all", end(rd, "commit", "{}"), "200")
		w.expect("a second commit", end(rd, "commit", "{}"), "409 already_resolved")
		w.expect("a cancel after it", end(rd, "cancel", "{}"), "409 already_resolved")
		w.wants("committed once", ada, loyalty.Balance{Active: 200})

		rd = hold()
		w.advance(30*time.Minute - time.Millisecond)
		w.expect("a commit in the last millisecond", end(rd, "commit", "{}"), "200")
		rd = hold()
		w.advance(30 * time.Minute)
		w.expect("a commit at the instant", end(rd, "commit", "{}"), "422 expired")
		w.advance(time.Millisecond)
		w.expect("a commit a millisecond after it", end(rd, "commit", "{}"), "422 expired")
		w.wants("expired", ada, loyalty.Balance{Active: 100})
		w.audited(ada)
	})
}

// A cancellation must restore the points once, only by a key of the same program, and never after the commit.
func TestCancellationRestoresPointsOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w, _ := newShop(t, tab, 0)
		ada := w.with(200)
		path := func(reward, more string) string {
			a := w.expect("a redemption", redeemRequest(ada, reward, more), "201")
			id, _ := lookup(a.json, "id")
			return "/v1/redemptions/" + id.(string) + "/cancel"
		}
		cancel := sentRequest{method: "POST", path: path("ahoy", ""), body: []byte("{}")}
		foreign, nobody := cancel, cancel
		foreign.key, nobody.path = "other", "/v1/redemptions/rd_nobody/cancel"
		notMine, notThere := w.expect("of another program", foreign, "404 not_found"), w.expect(
			"of an unknown member", nobody, "404 not_found",
		)
		if a, b := bare(notMine), bare(notThere); a != b {
			t.Errorf("the response for another program's resource differs from that for a missing one: %s, %s", a, b)
		}
		w.wants("after it", ada, loyalty.Balance{Active: 100, Reserved: 100})

		got := w.parallel(20, func(int) sentRequest { return cancel })
		w.answers("20 cancels", got, map[string]int{"200": 1, "409 already_resolved": 19})
		w.wants("given back once", ada, loyalty.Balance{Active: 200})

		cancel.path = path("voucher", `, "commit": true`)
		w.advance(24 * time.Hour)
		code, _ := lookup(
			w.expect(
				"the redemption", sentRequest{method: "GET", path: strings.TrimSuffix(cancel.path, "/cancel")}, "200",
			).json,
			"code",
		)
		w.expect("a cancel after the commit", cancel, "409 already_resolved")
		w.expect(
			"the code at the till", sentRequest{method: "POST", path: "/v1/codes/" + code.(string) + "/uses"}, "200",
		)
		w.expect("a cancel after it was used", cancel, "409 already_resolved")
		w.wants("in the end", ada, loyalty.Balance{Active: 100})
		w.audited(ada)
	})
}

// bare returns the JSON of a rejection without the fields that identify the request.
func bare(a answered) string {
	m := maps.Clone(a.json.(map[string]any))
	delete(m, "request_id")
	delete(m, "instance")
	return jsonOf(m)
}

// A member who repeatedly earns points, redeems them and returns the order must get one reward and owe its price.
func TestEarningRedeemingAndReturningGivesNoProfit(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w, _ := newShop(t, tab, 0)
		ada := w.with(0)
		had := 0
		for round := range 20 {
			order := fmt.Sprintf(`"member": %q, "placed_at": %q, "currency": "EUR", "status": "paid", `+
				`"line_items": [{"id": "1", "quantity": 1, "amount": 10000}]`,
				ada, w.clock().Format(time.RFC3339))
			path := fmt.Sprint("/v1/orders/", round)
			w.must("PUT", path, "{"+order+"}")
			w.advance(14 * 24 * time.Hour)
			switch a := w.do(redeemRequest(ada, "ahoy", `, "commit": true`)); {
			case a.status == 201:
				had++
			case summary(a) != "409 insufficient_points":
				t.Fatalf("round %d: %s", round, a.body)
			}
			w.must(
				"PUT", path,
				"{"+order+fmt.Sprintf(
					`, "refunds": [{"id": "re_1", "at": %q, "amount": 10000}]}`, w.clock().Format(time.RFC3339),
				),
			)
			w.wants(fmt.Sprint("after round ", round), ada, loyalty.Balance{Debt: 100})
			w.expect("a reward in debt", redeemRequest(ada, "ahoy", ""), "409 insufficient_points")
		}
		if had != 1 {
			t.Errorf("%d rewards were had for orders that were all given back", had)
		}
		w.must("POST", "/v1/members/"+ada+"/adjustments", `{"points": 100, "reason": "pays the debt"}`)
		w.wants("one reward and its price later", ada, loyalty.Balance{})
		w.audited(ada)
	})
}
