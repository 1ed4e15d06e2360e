package loyalty

import (
	"fmt"
	"slices"
	"time"
)

// shop is an account and its orders, told in revisions as a merchant tells them.
type shop struct {
	t      interface{ Fatal(...any) }
	p      *Program
	acc    Account
	states map[string]*OrderState
	issued map[string]Points

	entries  []Entry // the member's
	versions []Live  // of the program, before p
}

// took lets what was decided be written down, once the levels are decided too, as the ledger does.
func (s *shop) took(out Outcome) {
	if len(s.entries) == 0 {
		out, err := s.p.Join(s.acc.Member, Traits{}, s.acc.Joined)
		if err != nil {
			s.t.Fatal(err)
		}
		s.entries = out.Entries
	}
	out = redecided(s.t, s.p, out, s.entries, s.versions...)
	s.acc, s.entries = out.Account, append(s.entries, out.Entries...)
	s.note(out)
}

// note takes over what became of the orders that were decided.
func (s *shop) note(out Outcome) {
	for _, e := range out.Entries {
		if e.Order == nil {
			continue
		}
		s.states[e.Order.Order.ID] = e.Order
		for _, p := range e.Postings {
			if p.Bucket == BucketIssued && p.Wallet == "" {
				s.issued[e.Order.Order.ID] -= p.Points
			}
		}
	}
}

// redecided is an outcome with the orders and levels decided again that it asks for.
func redecided(t interface{ Fatal(...any) }, p *Program, out Outcome, entries []Entry, versions ...Live) Outcome {
	return completed(t, p, out, History{Entries: entries, Versions: versions})
}

// completed is an outcome with the orders and levels decided again that it asks for: from their latest entries, and
// from what the entries say since an instant or, where that is not enough, from all of them.
func completed(t interface{ Fatal(...any) }, p *Program, out Outcome, all History) Outcome {
	for !out.Needs.IsZero() {
		h := all
		h.All, h.Orders = out.Needs.All, knownOrders(p, out.Needs.Orders, all)
		if out.Needs.Later != (PlacedOrder{}) {
			h.Later = LaterThan(out.Needs.Later, all.Entries)
		}
		for i := len(h.Entries) - 1; i >= 0 && !h.All; i-- {
			if out.Needs.Enough(h.Entries[i]) {
				h.Entries = h.Entries[i+1:]
				break
			}
		}
		was, now := out.Needs, out.Account.Seen
		if len(out.Entries) > 0 {
			now = out.Entries[0].Recorded
		}
		var err error
		if out, err = p.Redecide(out, h, now); err != nil {
			t.Fatal(err)
		}
		if h.All && len(was.Orders) == 0 && !out.Needs.IsZero() {
			t.Fatal("all entries are not enough")
		}
	}
	return out
}

// knownOrders returns the latest entries of orders, with the rules of their versions.
func knownOrders(p *Program, orders []PlacedOrder, h History) (known []KnownOrder) {
	for _, o := range orders {
		for _, e := range slices.Backward(h.Entries) {
			if e.Order == nil || e.Order.Order.ID != o.ID {
				continue
			}
			x := KnownOrder{e, p}
			for _, v := range h.Versions {
				if v.Program.Version == e.Order.Program {
					x.Rules = v.Program
				}
			}
			known = append(known, x)
			break
		}
	}
	return known
}

func newShop(t interface{ Fatal(...any) }, p *Program) *shop {
	return &shop{t: t, p: p, acc: joined(t, p, noon), states: map[string]*OrderState{}, issued: map[string]Points{}}
}

func (s *shop) tell(o Order, now time.Time) Entry {
	s.pass(now)
	out, err := s.place(s.states[o.ID], o, nil, now)
	if err != nil {
		s.t.Fatal(err)
	}
	s.took(out)
	return out.Entries[0]
}

// place decides an order, if necessary with what is known of the member's other orders.
func (s *shop) place(prior *OrderState, o Order, left Budgets, now time.Time) (Outcome, error) {
	acc := s.acc
	for {
		out, err := s.p.PlaceOrder(acc, prior, s.p, o, left, now)
		if !out.Needs.Undecided() {
			return out, err
		}
		if out.Needs.Numbers {
			acc = s.p.WithFirstOrders(acc, s.entries)
		}
		if out.Needs.Later != (PlacedOrder{}) {
			acc = acc.WithLaterOrders(out.Needs.Later, s.entries)
		}
	}
}

func (s *shop) pass(now time.Time) {
	out, err := s.p.Advance(s.acc, now)
	if err != nil {
		s.t.Fatal(err)
	}
	s.took(out)
}

func (s *shop) spend(n Points, now time.Time) {
	s.pass(now)
	out, err := s.p.Adjust(s.acc, fmt.Sprint("adj", s.acc.Sequence), "", -n, "spent", now)
	if err != nil {
		s.t.Fatal(err)
	}
	s.took(out)
}
