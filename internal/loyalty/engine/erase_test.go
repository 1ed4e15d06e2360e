package engine

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// TestEraseEmptiesEveryWallet erases an account with active and pending points, debt and a reservation.
func TestEraseEmptiesEveryWallet(t *testing.T) {
	p := &loyalty.Program{ID: "p", Zone: time.UTC}
	p.Wallets = []loyalty.Wallet{{ID: "miles"}}
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	lot := func(day calendar.Date, n loyalty.Points) loyalty.Lot { return loyalty.Lot{Expires: day, Points: n} }
	acc := loyalty.Account{
		Member: "mem_ada", Status: loyalty.Active, Joined: now.AddDate(-1, 0, 0), Sequence: 7,
		Purse:  loyalty.Purse{Lots: []loyalty.Lot{lot(20270331, 40), lot(20271231, 5)}},
		Purses: []loyalty.Purse{{Wallet: "miles", Debt: 12}},
		Pending: []loyalty.Pending{
			{Cause: loyalty.Cause{Kind: "order", ID: "1"}, ActiveAt: now.Add(time.Hour), Expires: 20270331, Points: 9},
			{Cause: loyalty.Cause{Kind: "order", ID: "2"}, Wallet: "miles", Expires: 20270331, Points: 3},
		},
		Holds: []loyalty.Hold{{
			Redemption: loyalty.Redemption{ID: "rd_1", Reward: "mug", Points: 100, Until: now.Add(time.Hour)},
			Lots:       []loyalty.Lot{lot(20270331, 100)},
		}},
		Traits: loyalty.Traits{
			Revision: 2, Zone: "Europe/London", Birthday: 1210, Given: 2026, Segments: []string{"vip"},
			Referral: loyalty.Referral{By: "mem_eve"}, OptIns: []loyalty.OptIn{{Campaign: "spring"}},
		},
	}
	out, err := Erase(p, acc, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := posting.CheckWrite(acc, out.Account, out.Entries); err != nil {
		t.Error(err)
	}
	got, last := out.Account, out.Entries[len(out.Entries)-1]
	if len(out.Entries) != 2 || out.Entries[0].Redemption.Status != loyalty.Canceled ||
		last.Kind != loyalty.KindForfeit || last.Points != -154 || last.Status != loyalty.Erased {
		t.Errorf("the entries are %+v", out.Entries)
	}
	if got.Balance() != (loyalty.Balance{}) || got.BalanceOf("miles") != (loyalty.Balance{}) || len(got.Holds) > 0 {
		t.Errorf("the account is %+v", got)
	}
	if tr := got.Traits; tr.Zone != "" || tr.Birthday != 0 || tr.Given != 0 || tr.Segments != nil || tr.OptIns != nil ||
		tr.Referral.By != "mem_eve" {
		t.Errorf("the traits are %+v", tr)
	}
	sums := map[string]string{"": "-154", "miles": "9"}
	for _, r := range last.Reasons {
		if r.Kind != loyalty.WasErased || r.Points != sums[r.Wallet] {
			t.Errorf("reason %+v", r)
		}
	}
	if due := Due(p, got); !due.IsZero() {
		t.Errorf("the erased account is due at %s", due)
	}
	if again, err := Erase(p, got, now); err != nil || len(again.Entries) > 0 {
		t.Errorf("a second erasure posts %v, %v", again.Entries, err)
	}
}
