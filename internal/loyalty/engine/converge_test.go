package engine

import (
	"flag"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"pgregory.net/rapid"
)

// A till is a shop whose campaigns have budgets. It tracks the budgets in the same way as the ledger.
type till struct {
	*shop
	spent   map[string]loyalty.Points
	because []string // of the last entry
}

func newTill(t interface{ Fatal(...any) }, p *loyalty.Program) *till {
	return &till{shop: newShop(t, p), spent: map[string]loyalty.Points{}}
}

// A fataler is a test, or one random case of it.
type fataler interface{ Fatalf(string, ...any) }

// put places an order in the same way as the ledger: first without the budgets, then with their remaining points.
func (s *till) put(t fataler, o loyalty.Order, now time.Time) loyalty.Entry {
	s.pass(now)
	left := earn.Budgets{}
	for {
		out, err := s.place(s.states[o.ID], o, left, now)
		if err != nil {
			t.Fatalf("%+v: %v", o, err)
		}
		out = completed(s.t, s.p, out, tier.History{Entries: s.entries, Left: left})
		again := false
		for _, x := range out.Spends {
			if _, known := left[x.Rule]; !known && x.Points >= 0 {
				left[x.Rule], again = x.Budget-s.spent[x.Rule], true
			}
		}
		if again {
			continue
		}
		for _, x := range out.Spends {
			if s.spent[x.Rule] += x.Points; s.spent[x.Rule] == 0 {
				delete(s.spent, x.Rule)
			}
		}
		for _, x := range out.Spends {
			s.checkBudget(t, x, out)
		}
		s.keep(t, o, out)
		return out.Entries[0]
	}
}

// checkBudget checks a budget after a spend. Only an order that had received as many points from the budget before may
// exceed its remaining points.
func (s *till) checkBudget(t fataler, x posting.Spend, out posting.Outcome) {
	restored := slices.ContainsFunc(out.Entries, func(e loyalty.Entry) bool {
		if e.Order == nil {
			return false
		}
		prior := s.states[e.Order.Order.ID]
		return prior != nil && receipt.ShareOf(e.Order, x.Rule).Charged <= receipt.ShareOf(prior, x.Rule).Granted
	})
	if n := s.spent[x.Rule]; n < 0 || n > x.Budget && x.Points > 0 && !restored {
		t.Fatalf("%d of the %d points of %s are spent", n, x.Budget, x.Rule)
	}
}

func (s *till) keep(t fataler, o loyalty.Order, out posting.Outcome) {
	s.acc, s.entries = out.Account, append(s.entries, out.Entries...)
	s.note(out)
	s.because = nil
	for _, e := range out.Entries {
		if e.Order != nil {
			s.check(t, e)
		}
	}
	for _, e := range out.Entries { // one command may decide an order more than once
		if e.Order == nil {
			continue
		}
		id := e.Order.Order.ID
		if got, worth := s.issued[id]-expiredPoints(s.states[id]), s.states[id].Worth; got != worth {
			t.Fatalf("order %s is worth %d, and %d points were issued for it", id, worth, got)
		}
	}
}

// check compares an order's entry with its reasons and grants.
func (s *till) check(t fataler, e loyalty.Entry) {
	sums := map[string]*big.Rat{"": new(big.Rat)}
	for _, b := range e.Reasons {
		s.because = append(s.because, b.Rule+": "+b.Effect()+" = "+b.Points)
		n, ok := new(big.Rat).SetString(b.Points)
		if !ok {
			t.Fatalf("%q is no number", b.Points)
		}
		if sums[b.Wallet] == nil {
			sums[b.Wallet] = new(big.Rat)
		}
		sums[b.Wallet].Add(sums[b.Wallet], n)
	}
	for _, w := range append(e.Wallets, loyalty.WalletChange{Points: e.Points}) {
		sum := sums[w.Wallet]
		if sum == nil && w.Points != 0 || sum != nil && sum.Cmp(new(big.Rat).SetInt64(int64(w.Points))) != 0 {
			t.Fatalf(
				"the reasons sum to %s, and the entry moves %d of %q: %v", sum.RatString(), w.Points, w.Wallet,
				e.Reasons,
			)
		}
	}
	worth, id := loyalty.Points(0), e.Order.Order.ID
	for _, g := range e.Order.Grants {
		if g.Wallet == "" {
			worth += g.Worth
		}
		if g.Worth < 0 {
			t.Fatalf("a grant is worth %d", g.Worth)
		}
	}
	if worth != e.Order.Worth || worth < 0 {
		t.Fatalf("order %s is worth %d, and its grants are worth %d", id, e.Order.Worth, worth)
	}
}

// For any program and order, refunds and disputes that are reported in any sequence, once or several times, lead to the
// same account. The order is never worth less than zero or more than the whole order, and nothing after a full refund.
func TestFactsInAnyOrderEndInTheSameBalances(t *testing.T) {
	checks(t, 20_000)
	rapid.Check(t, func(t *rapid.T) {
		p := randomProgram(t)
		o := randomOrder(t, "1042")
		refunds, disputes := randomFacts(t, o)
		other := randomOrder(t, "1041")
		now := noon.Add(time.Hour)

		s := newTill(t, p)
		s.put(t, other, now)
		whole := newTill(t, p)
		whole.put(t, other, now)
		most := whole.put(t, o, now).Order.Worth
		for range rapid.IntRange(0, 8).Draw(t, "tellings") {
			reported := o
			if len(refunds) > 0 {
				reported.Refunds = rapid.SliceOfNDistinct(
					rapid.SampledFrom(refunds), 0, len(refunds), func(r loyalty.Refund) string { return r.ID },
				).Draw(t, "told")
			}
			for _, d := range disputes {
				if rapid.Bool().Draw(t, "dispute reported") {
					d.Status = rapid.SampledFrom(
						[]loyalty.DisputeStatus{loyalty.DisputeOpen, loyalty.DisputeWon, loyalty.DisputeLost},
					).Draw(t, "dispute is")
					reported.Disputes = append(reported.Disputes, d)
				}
			}
			if worth := s.put(t, reported, now).Order.Worth; worth > most {
				t.Fatalf("worth %d with %d refunds, and %d as a whole", worth, len(reported.Refunds), most)
			}
		}
		o.Refunds, o.Disputes = refunds, disputes
		s.put(t, o, now)
		s.put(t, o, now)
		alone := newTill(t, p)
		alone.put(t, other, now)
		alone.put(t, o, now)
		same(t, s, alone)

		returned := o
		returned.Refunds, returned.Disputes = []loyalty.Refund{
			{ID: "all", At: noon, Status: loyalty.RefundSucceeded, Amount: receipt.OrderTotal(o)},
		}, nil
		if worth := s.put(t, returned, now).Order.Worth; worth > 0 && receipt.OrderTotal(o) > 0 &&
			(o.Shipping+o.Tax == 0 ||
				!p.Earn.Counts.Shipping && !p.Earn.Counts.Tax) {
			t.Fatalf("a full refund leaves %d points", worth)
		}
		returned.Status, returned.Refunds = loyalty.OrderCanceled, nil
		s.put(t, returned, now)
		only := newTill(t, p)
		only.put(t, other, now)
		if s.acc.Balance() != only.acc.Balance() {
			t.Fatalf("a canceled order leaves %+v, and none at all %+v", s.acc.Balance(), only.acc.Balance())
		}
	})
}

// checks sets the number of rapid's checks to n, unless a flag sets it.
func checks(t *testing.T, n int) {
	f := flag.Lookup("rapid.checks")
	if f.Value.String() != f.DefValue {
		return
	}
	if err := flag.Set("rapid.checks", strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { flag.Set("rapid.checks", f.DefValue) })
}

// same compares the final states of two tills, except for the revision numbers.
func same(t *rapid.T, a, b *till) {
	t.Helper()
	if fmt.Sprint(a.acc.Purses) != fmt.Sprint(b.acc.Purses) {
		t.Fatalf("%+v in wallets against %+v", a.acc.Purses, b.acc.Purses)
	}
	if a.acc.Balance() != b.acc.Balance() || !slices.Equal(a.acc.Lots, b.acc.Lots) ||
		!slices.Equal(a.acc.Pending, b.acc.Pending) {
		t.Fatalf("%s\nagainst %s\nbecause %v\nagainst %v", a.worths(), b.worths(), a.because, b.because)
	}
	if fmt.Sprint(a.acc.Usage) != fmt.Sprint(b.acc.Usage) || fmt.Sprint(a.spent) != fmt.Sprint(b.spent) ||
		a.acc.Carried != b.acc.Carried {
		t.Fatalf(
			"used %v %v, %v %v against %v %v, %v %v", a.acc.Usage, a.spent, a.acc.Carried, a.acc.Metrics, b.acc.Usage,
			b.spent, b.acc.Carried, b.acc.Metrics,
		)
	}
	for id, s := range a.states {
		if s.Worth != b.states[id].Worth {
			t.Fatalf("order %s is worth %d against %d", id, s.Worth, b.states[id].Worth)
		}
	}
}

func (s *till) worths() (out string) {
	for _, id := range slices.Sorted(maps.Keys(s.states)) {
		x := s.states[id]
		out += fmt.Sprintf("%s: %d", id, x.Worth)
		for _, g := range x.Grants {
			out += fmt.Sprintf(" (%s %d until %s)", g.Rule, g.Worth, g.Expires)
		}
		out += fmt.Sprintf(" %+v; ", x.Shares)
	}
	return out + fmt.Sprint(s.acc.Lots, s.acc.Debt)
}
