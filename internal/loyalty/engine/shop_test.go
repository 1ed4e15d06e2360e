package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// A shop is an account with its orders, which are reported in revisions as a merchant reports them.
type shop struct {
	t      interface{ Fatal(...any) }
	p      *loyalty.Program
	acc    loyalty.Account
	states map[string]*loyalty.OrderState
	issued map[string]loyalty.Points

	entries  []loyalty.Entry // the member's
	versions []tier.Live     // of the program, before p
}

// took applies an outcome after the levels were decided too, in the same way as the ledger.
func (s *shop) took(out posting.Outcome) {
	if len(s.entries) == 0 {
		out, err := Join(s.p, s.acc.Member, loyalty.Traits{}, s.acc.Joined)
		if err != nil {
			s.t.Fatal(err)
		}
		s.entries = out.Entries
	}
	out = redecided(s.t, s.p, out, s.entries, s.versions...)
	s.acc, s.entries = out.Account, append(s.entries, out.Entries...)
	s.note(out)
}

// note stores the latest states of the orders that were decided.
func (s *shop) note(out posting.Outcome) {
	for _, e := range out.Entries {
		if e.Order == nil {
			continue
		}
		s.states[e.Order.Order.ID] = e.Order
		for _, p := range e.Postings {
			if p.Bucket == loyalty.BucketIssued && p.Wallet == "" {
				s.issued[e.Order.Order.ID] -= p.Points
			}
		}
	}
}

// redecided returns an outcome after the orders and levels that it requests were decided again.
func redecided(
	t interface{ Fatal(...any) }, p *loyalty.Program, out posting.Outcome, entries []loyalty.Entry,
	versions ...tier.Live,
) posting.Outcome {
	return completed(t, p, out, tier.History{Entries: entries, Versions: versions})
}

// completed returns an outcome after the orders and levels that it requests were decided again: from their latest
// entries, and from the entries since an instant or, if these are not enough, from all entries.
func completed(
	t interface{ Fatal(...any) }, p *loyalty.Program, out posting.Outcome, all tier.History,
) posting.Outcome {
	for !tier.NeedsNothing(out.Needs) {
		h := all
		h.All, h.Orders = out.Needs.All, knownOrders(p, out.Needs.Orders, all)
		if out.Needs.Later != (loyalty.PlacedOrder{}) {
			h.Later = award.LaterThan(out.Needs.Later, all.Entries)
		}
		for i := len(h.Entries) - 1; i >= 0 && !h.All; i-- {
			if tier.Enough(out.Needs, h.Entries[i]) {
				h.Entries = h.Entries[i+1:]
				break
			}
		}
		was, now := out.Needs, out.Account.Seen
		if len(out.Entries) > 0 {
			now = out.Entries[0].Recorded
		}
		var err error
		if out, err = Redecide(p, out, h, now); err != nil {
			t.Fatal(err)
		}
		if h.All && len(was.Orders) == 0 && !tier.NeedsNothing(out.Needs) {
			t.Fatal("all entries are not enough")
		}
	}
	return out
}

// knownOrders returns the latest entries of orders, with the rules of their versions.
func knownOrders(p *loyalty.Program, orders []loyalty.PlacedOrder, h tier.History) (known []tier.KnownOrder) {
	for _, o := range orders {
		for _, e := range slices.Backward(h.Entries) {
			if e.Order == nil || e.Order.Order.ID != o.ID {
				continue
			}
			x := tier.KnownOrder{Entry: e, Rules: EarnRules(p)}
			for _, v := range h.Versions {
				if v.Program.Version == e.Order.Program {
					x.Rules = EarnRules(v.Program)
				}
			}
			known = append(known, x)
			break
		}
	}
	return known
}

func newShop(t interface{ Fatal(...any) }, p *loyalty.Program) *shop {
	return &shop{
		t: t, p: p, acc: joined(t, p, noon), states: map[string]*loyalty.OrderState{},
		issued: map[string]loyalty.Points{},
	}
}

func (s *shop) submit(o loyalty.Order, now time.Time) loyalty.Entry {
	s.pass(now)
	out, err := s.place(s.states[o.ID], o, nil, now)
	if err != nil {
		s.t.Fatal(err)
	}
	s.took(out)
	return out.Entries[0]
}

// place decides an order, if necessary with data about the member's other orders.
func (s *shop) place(
	prior *loyalty.OrderState, o loyalty.Order, left earn.Budgets, now time.Time,
) (posting.Outcome, error) {
	acc := s.acc
	for {
		out, err := award.PlaceOrder(Begin(s.p, acc, now), prior, EarnRules(s.p), o, left)
		if !tier.Undecided(out.Needs) {
			return out, err
		}
		if out.Needs.Numbers {
			acc = award.WithFirstOrders(acc, s.entries)
		}
		if out.Needs.Later != (loyalty.PlacedOrder{}) {
			acc = award.WithLaterOrders(acc, out.Needs.Later, s.entries)
		}
	}
}

func (s *shop) pass(now time.Time) {
	out, err := Advance(s.p, s.acc, now)
	if err != nil {
		s.t.Fatal(err)
	}
	s.took(out)
}

func (s *shop) spend(n loyalty.Points, now time.Time) {
	s.pass(now)
	out, err := Adjust(s.p, s.acc, fmt.Sprint("adj", s.acc.Sequence), "", -n, "spent", now)
	if err != nil {
		s.t.Fatal(err)
	}
	s.took(out)
}
