package posting

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestCheckWriteFindsEveryViolation(t *testing.T) {
	before := loyalty.Account{Member: "mem_ada", Sequence: 3, Purse: loyalty.Purse{Lots: []loyalty.Lot{{Points: 100}}}}
	spend := loyalty.Entry{
		Sequence: 4, Member: "mem_ada", Points: -40,
		Totals: loyalty.Totals{Balance: loyalty.Balance{Active: 60}}, Postings: []loyalty.Posting{
			{Bucket: loyalty.BucketActive, Points: -40}, {Bucket: loyalty.BucketRedeemed, Points: 40},
		},
	}
	after, err := Apply(before, spend)
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckWrite(before, after, []loyalty.Entry{spend}); err != nil {
		t.Errorf("a sound write: %v", err)
	}
	for name, change := range map[string]func(a *loyalty.Account, e *loyalty.Entry){
		"a gap in the sequence":               func(_ *loyalty.Account, e *loyalty.Entry) { e.Sequence = 5 },
		"an account that is behind its entry": func(a *loyalty.Account, _ *loyalty.Entry) { a.Sequence = 3 },
		"postings that do not sum to zero":    func(_ *loyalty.Account, e *loyalty.Entry) { e.Postings[1].Points = 39 },
		"a wallet that does not sum to zero": func(_ *loyalty.Account, e *loyalty.Entry) {
			e.Postings = append(
				e.Postings, loyalty.Posting{Wallet: "miles", Bucket: loyalty.BucketActive, Points: 1},
				loyalty.Posting{Bucket: loyalty.BucketIssued, Points: -1},
			)
		},
		"points that were not posted":        func(_ *loyalty.Account, e *loyalty.Entry) { e.Points = -39 },
		"a balance that the account has not": func(_ *loyalty.Account, e *loyalty.Entry) { e.Balance.Active = 61 },
		"an account that changes by other sums": func(
			a *loyalty.Account, e *loyalty.Entry,
		) {
			a.Lots[0].Points, e.Balance.Active = 61, 61
		},
		"a lot below zero": func(a *loyalty.Account, e *loyalty.Entry) {
			a.Lots = []loyalty.Lot{{Points: -10}, {Expires: 20271231, Points: 70}}
		},
		"a pending amount below zero": func(a *loyalty.Account, e *loyalty.Entry) {
			a.Pending = []loyalty.Pending{{Points: -5}, {Points: 5}}
		},
		"a hold below zero": func(a *loyalty.Account, e *loyalty.Entry) {
			a.Holds = []loyalty.Hold{{Lots: []loyalty.Lot{{Points: -5}, {Points: 5}}}}
		},
		"a debt below zero": func(a *loyalty.Account, e *loyalty.Entry) {
			a.Debt, a.Lots[0].Points, e.Balance = -1, 59, loyalty.Balance{Active: 59, Debt: -1}
		},
	} {
		a, e := after, spend
		a.Lots, e.Postings = slices.Clone(after.Lots), slices.Clone(spend.Postings)
		change(&a, &e)
		if err := CheckWrite(before, a, []loyalty.Entry{e}); !errors.Is(err, ErrInvariant) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Entries of several wallets and buckets, and a write without entries, are sound. The points of an entry are those of
// the main wallet: active and pending points less the debt.
func TestSoundWrites(t *testing.T) {
	before := loyalty.Account{
		Member: "mem_ada", Sequence: 3, Purse: loyalty.Purse{Lots: []loyalty.Lot{{Points: 100}}, Debt: 7},
		Pending: []loyalty.Pending{{Points: 5}},
	}
	d := Decide(&loyalty.Program{}, before, time.Time{})
	for _, postings := range [][]loyalty.Posting{
		{
			{Bucket: loyalty.BucketActive, Points: 10},
			{Bucket: loyalty.BucketDebt, Points: 2},
			{Bucket: loyalty.BucketPending, Cause: loyalty.Cause{Kind: "order", ID: "1"}, Points: 4},
			{Bucket: loyalty.BucketIssued, Points: -16},
		},
		{
			{Wallet: "miles", Bucket: loyalty.BucketActive, Points: 9},
			{Wallet: "miles", Bucket: loyalty.BucketIssued, Points: -9},
		},
	} {
		if err := d.Post(loyalty.Entry{Postings: postings}); err != nil {
			t.Fatal(err)
		}
	}
	if err := CheckWrite(before, d.Account, d.Entries); err != nil {
		t.Errorf("two entries: %v", err)
	}
	if err := CheckWrite(before, before, nil); err != nil {
		t.Errorf("no entries: %v", err)
	}
	swapped := []loyalty.Entry{d.Entries[1], d.Entries[0]}
	if err := CheckWrite(before, d.Account, swapped); !errors.Is(err, ErrInvariant) {
		t.Errorf("entries in the wrong order: %v", err)
	}
	other := before
	other.Lots = []loyalty.Lot{{Points: 101}}
	if err := CheckWrite(before, other, nil); !errors.Is(err, ErrInvariant) {
		t.Errorf("a change without an entry: %v", err)
	}
}

func TestApplyReportsViolations(t *testing.T) {
	acc := loyalty.Account{Member: "mem_ada", Sequence: 3}
	for _, e := range []loyalty.Entry{
		{Sequence: 5, Member: "mem_ada"},
		{Sequence: 4, Member: "mem_ada", Postings: []loyalty.Posting{{Bucket: loyalty.BucketActive, Points: 1}}},
		{
			Sequence: 4, Member: "mem_ada",
			Postings: []loyalty.Posting{
				{Bucket: loyalty.BucketActive, Points: -1}, {Bucket: loyalty.BucketRedeemed, Points: 1},
			},
		},
	} {
		if _, err := Apply(acc, e); !errors.Is(err, ErrInvariant) {
			t.Errorf("%+v: %v", e, err)
		}
	}
}
