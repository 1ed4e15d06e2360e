package loyalty

import (
	"errors"
	"slices"
	"testing"
)

func TestCheckWriteFindsEveryViolation(t *testing.T) {
	before := Account{Member: "mem_ada", Sequence: 3, Purse: Purse{Lots: []Lot{{Points: 100}}}}
	spend := Entry{
		Sequence: 4, Member: "mem_ada", Points: -40, Balance: Balance{Active: 60},
		Postings: []Posting{{Bucket: BucketActive, Points: -40}, {Bucket: BucketRedeemed, Points: 40}},
	}
	after, err := before.Apply(spend)
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckWrite(before, after, []Entry{spend}); err != nil {
		t.Errorf("a sound write: %v", err)
	}
	for name, change := range map[string]func(a *Account, e *Entry){
		"a gap in the sequence":               func(_ *Account, e *Entry) { e.Sequence = 5 },
		"an account that is behind its entry": func(a *Account, _ *Entry) { a.Sequence = 3 },
		"postings that do not sum to zero":    func(_ *Account, e *Entry) { e.Postings[1].Points = 39 },
		"a wallet that does not sum to zero": func(_ *Account, e *Entry) {
			e.Postings = append(e.Postings, Posting{Wallet: "miles", Bucket: BucketActive, Points: 1}, Posting{Bucket: BucketIssued, Points: -1})
		},
		"points that were not posted":           func(_ *Account, e *Entry) { e.Points = -39 },
		"a balance that the account has not":    func(_ *Account, e *Entry) { e.Balance.Active = 61 },
		"an account that changes by other sums": func(a *Account, e *Entry) { a.Lots[0].Points, e.Balance.Active = 61, 61 },
		"a lot below zero": func(a *Account, e *Entry) {
			a.Lots = []Lot{{Points: -10}, {Expires: 20271231, Points: 70}}
		},
		"a pending amount below zero": func(a *Account, e *Entry) {
			a.Pending = []Pending{{Points: -5}, {Points: 5}}
		},
		"a hold below zero": func(a *Account, e *Entry) {
			a.Holds = []Hold{{Lots: []Lot{{Points: -5}, {Points: 5}}}}
		},
		"a debt below zero": func(a *Account, e *Entry) {
			a.Debt, a.Lots[0].Points, e.Balance = -1, 59, Balance{Active: 59, Debt: -1}
		},
	} {
		a, e := after, spend
		a.Lots, e.Postings = slices.Clone(after.Lots), slices.Clone(spend.Postings)
		change(&a, &e)
		if err := CheckWrite(before, a, []Entry{e}); !errors.Is(err, ErrInvariant) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestApplyReportsViolations(t *testing.T) {
	acc := Account{Member: "mem_ada", Sequence: 3}
	for _, e := range []Entry{
		{Sequence: 5, Member: "mem_ada"},
		{Sequence: 4, Member: "mem_ada", Postings: []Posting{{Bucket: BucketActive, Points: 1}}},
		{Sequence: 4, Member: "mem_ada", Postings: []Posting{{Bucket: BucketActive, Points: -1}, {Bucket: BucketRedeemed, Points: 1}}},
	} {
		if _, err := acc.Apply(e); !errors.Is(err, ErrInvariant) {
			t.Errorf("%+v: %v", e, err)
		}
	}
}
