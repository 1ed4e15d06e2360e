package ledger_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// firstRelease is a table as the first release wrote it, a key and a document a line each: never change it. It has a
// member with orders that were capped, refunded and cancelled, from whose other lots was taken and whose points lapsed,
// a level that was reached and lost, redemptions in every state, and a guest's order.
func firstRelease(t *testing.T) *bench {
	b := newBench(t, memory(t))
	b.p.Earn.Caps = []loyalty.Cap{{Points: 120, Per: loyalty.PerOrder}, {Points: 150, Per: loyalty.PerDay}, {Points: 900, Per: loyalty.PerMonth}}
	b.p.Tiers.Levels[1].From = 100
	if err := b.p.Compile(); err != nil {
		t.Fatal(err)
	}
	all, err := os.ReadFile("testdata/first-release.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(all)), "\n")
	for i := 0; i < len(lines); i += 2 {
		pk, sk, _ := strings.Cut(lines[i], " / ")
		it := table.Item{Key: table.Key{PK: pk, SK: sk}, Doc: json.RawMessage(lines[i+1])}
		var e struct {
			Sequence int64 `json:"seq"`
		}
		if err := json.Unmarshal(it.Doc, &e); err != nil {
			t.Fatal(err)
		}
		if e.Sequence > 0 && sk != "ACCOUNT" {
			it.Index = table.Key{PK: "P#bluebird#M#mem_ada", SK: fmt.Sprintf("%010d", e.Sequence)}
		}
		if err := b.Table.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
	}
	b.now = time.UnixMilli(1804327320000).UTC()
	return b
}

func TestAnAccountOfTheFirstReleaseIsRead(t *testing.T) {
	b := firstRelease(t)
	b.audit(t, "mem_ada")
	got, err := b.Member(t.Context(), b.p, "mem_ada")
	if err != nil {
		t.Fatal(err)
	}
	at := func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
	want := loyalty.Account{
		Member: "mem_ada", Status: loyalty.Active, Joined: at(1768035600000), Sequence: 21, Head: "OSsDCMLXYlaqJE9HVZRTL7pBDEpCZvJ9WL66sW9L_r0",
		Pending: []loyalty.Pending{{Cause: loyalty.Cause{Kind: "order", ID: "1046"}, ActiveAt: at(1805536920000), Expires: 20280331, Points: 30}},
		Holds: []loyalty.Hold{{
			Redemption: loyalty.Redemption{ID: "rd_4", Reward: "sticker", Points: 100, Order: "1046", Status: loyalty.Reserved, At: at(1804327320000), Until: at(1804329120000)},
			Lots:       []loyalty.Lot{{Expires: 20280331, Points: 100}},
		}},
		Tier:         loyalty.Standing{Level: "bronze", Since: at(1802163660000), Before: "silver"},
		Metrics:      []loyalty.Metric{{Points: 71, Orders: 2}, {Month: 202703, Points: 30, Orders: 1}},
		Usage:        []loyalty.Usage{{Per: loyalty.PerDay, Ends: 20270306, N: 30}, {Per: loyalty.PerMonth, Ends: 20270331, N: 30}},
		LastActivity: at(1804327320000),
		Purse:        loyalty.Purse{Lots: []loyalty.Lot{{Expires: 20280331, Points: 10}}, Earned: 138, Redeemed: 100, Expired: 128},
	}
	if diff := cmp.Diff(want, got.Account); diff != "" {
		t.Error(diff)
	}
}

func TestOrdersOfTheFirstReleaseAreRead(t *testing.T) {
	b := firstRelease(t)
	base := func(worth loyalty.Points, g loyalty.Grant) loyalty.Grant {
		g.Worth, g.ActiveAt, g.Expires = worth, time.UnixMilli(1771495320000).UTC(), 20270228
		return g
	}
	first := loyalty.Grant{Worth: 41, ActiveAt: time.UnixMilli(1768035660000).UTC(), Expires: 20270131, Taken: []loyalty.Lot{{Expires: 20270228, Points: 69}}}
	capped := loyalty.Grant{Worth: 30, ActiveAt: first.ActiveAt, Expires: 20270131}
	for id, want := range map[string]loyalty.OrderState{
		"1042": {Worth: 41, Grants: []loyalty.Grant{first}, Shares: []loyalty.Share{{Used: 41, Peak: 120}}},
		"1043": {Worth: 30, Grants: []loyalty.Grant{capped}, Shares: []loyalty.Share{{Used: 30, Peak: 30, Cut: true}}},
		"1044": {Grants: []loyalty.Grant{base(0, loyalty.Grant{Lapsed: 37})}, Shares: []loyalty.Share{{Peak: 37}}},
		"1045": {Grants: []loyalty.Grant{base(0, loyalty.Grant{})}, Shares: []loyalty.Share{{Peak: 37}}},
	} {
		got, err := b.Order(t.Context(), b.p.ID, id)
		if err != nil {
			t.Fatal(err)
		}
		want.Order, want.Buyer.Level, want.Program, want.Revision = got.State.Order, "silver", 1, got.Revision
		if id == "1042" {
			want.Buyer.Level = "bronze"
		}
		if diff := cmp.Diff(want, got.State); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
		again, err := b.PutOrder(t.Context(), b.p, got.State.Order, ledger.By{})
		if err != nil || !again.Replayed {
			t.Errorf("order %s told again is %+v, %v", id, again, err)
		}
	}
	why := []string{"earn.purchase 80.00 EUR x 1 per 1.00 = 80", "tiers.silver x 1.25 = 20", "earn.caps 150 per day = -70"}
	var got []string
	e, err := b.FindEntry(t.Context(), b.p.ID, "ent_order~1043~1")
	for _, x := range e.Because {
		got = append(got, x.Rule+" "+x.Effect()+" = "+x.Points)
	}
	if diff := cmp.Diff(why, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestATableOfTheFirstReleaseGoesOn(t *testing.T) {
	b := firstRelease(t)
	all, err := b.Order(t.Context(), b.p.ID, "1042")
	if err != nil {
		t.Fatal(err)
	}
	o := all.State.Order
	if o.Refunds[0].Status != loyalty.RefundSucceeded || o.Refunds[1].Status != loyalty.RefundPending || o.Refunds[0].Lines[0].Amount != 500 {
		t.Errorf("the refunds are %+v", o.Refunds)
	}
	o.Refunds[0].Status = loyalty.RefundFailed
	if r := b.put(t, o); r.State.Worth != 120 || r.Revision != 3 { // its lots have lapsed meanwhile
		t.Errorf("%+v", r)
	}
	if _, err := b.Commit(t.Context(), b.p, "rd_4", ledger.By{Input: "1"}); err != nil {
		t.Error(err)
	}
	in := ledger.RedemptionRequest{ID: "rd_3", Member: "mem_ada", Reward: "five-off"}
	_, err = b.Redeem(t.Context(), b.p, in, ledger.By{Input: "rd_3"})
	wantRefusal(t, err, loyalty.InsufficientPoints)
	got, err := b.Redemption(t.Context(), b.p.ID, "rd_3")
	if err != nil || got.Redemption.Status != loyalty.Refused || got.Entry.Refusal.Needed != 500 || got.Entry.Refusal.Available != 110 {
		t.Errorf("%+v, %v", got, err)
	}
	guest, err := b.Order(t.Context(), b.p.ID, "1041")
	if err != nil || guest.State.Order.Member != "" || guest.State.Grants[0].Worth != 0 {
		t.Errorf("the guest's order is %+v, %v", guest, err)
	}
	b.advance(14 * 24 * time.Hour)
	b.wantBalance(t, "mem_ada", loyalty.Balance{Active: 40})
	b.audit(t, "mem_ada")
}
