package loyalty

import (
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"
)

// digits is bytes that are read as numbers; zero once they are used up.
type digits []byte

func (d *digits) next() byte {
	if len(*d) == 0 {
		return 0
	}
	b := (*d)[0]
	*d = (*d)[1:]
	return b
}

func (d *digits) below(n int) int { return int(d.next()) % n }

// amount is small, or large, or absurd.
func (d *digits) amount() int64 {
	n := int64(d.next())<<8 | int64(d.next())
	switch d.below(16) {
	case 0:
		return n * 1_000_000
	case 1:
		return MaxAmount - n
	case 2:
		return -n
	}
	return n
}

// fuzzed is a program with something of everything.
func fuzzed(f *testing.F) *Program {
	return made(f, func(p *Program) {
		p.Earn.Pending = Wait{Until: WhenDelivered, For: Period{Days: 2}, Within: Period{Days: 40}}
		p.Earn.Counts = Counts{Items: true, Shipping: true}
		p.Earn.Carry, p.Earn.Rounding = true, Nearest
		p.Groups = []Group{{"best", Best}, {"sum", Sum}, {"only", Exclusive}}
		p.Earn.Rules = []Rule{
			{ID: "unit", Give: PerUnit{big.NewRat(1, 3)}, Group: "sum", Caps: []Cap{{70, PerDay, false}}},
			{ID: "half", Give: Multiply{big.NewRat(1, 2)}, Group: "sum", Match: Match{SKUs: []string{"b"}}},
			{ID: "steps", Give: Steps{map[Currency][]Band{"EUR": {{1000, 5}, {9000, 50}}}}, Group: "best", Budget: 500},
			{ID: "linked", Give: PerAmount{euro(2)}, Group: "best", Match: Match{Tenders: []string{"card"}}, Life: Life{Pending: new(Wait), Expires: &Expiry{After: Period{Days: 9}}}},
			{ID: "first", Give: Fixed{100}, Group: "only", Match: Match{FirstOrder: true, MinSpend: euros(20)}, Limits: []Limit{{1, PerEver}}},
		}
		p.Earn.Caps = []Cap{{2_000_000, PerOrder, false}, {3_000_000, PerWeek, true}}
		p.Milestones = []Milestone{{"second", 2, 40}}
		p.MaxDebt = 1000
		rates(p)
	})
}

// order is one of three orders, as it was or as the bytes have it now.
func (d *digits) order(states map[string]*OrderState, now time.Time) Order {
	id := fmt.Sprint(d.below(3))
	if s := states[id]; s != nil && d.below(4) > 0 {
		o := s.Order
		switch d.below(4) {
		case 0:
			o.Status = []OrderStatus{OrderPaid, OrderPlaced, OrderCanceled}[d.below(3)]
		case 1:
			o.Delivered = now
		}
		return d.facts(o, now)
	}
	o := Order{
		ID: id, Member: "mem_ada", PlacedAt: now.Add(-time.Duration(d.below(100)) * 24 * time.Hour), Status: OrderPaid,
		Currency: []Currency{"EUR", "JPY", "CHF", "KWD", "XXX"}[d.below(5)],
	}
	if s := states[id]; s != nil {
		o.PlacedAt, o.Currency = s.Order.PlacedAt, s.Order.Currency
	}
	for i := range d.below(5) {
		o.Lines = append(o.Lines, Line{
			ID: fmt.Sprint(i), SKU: []string{"a", "b"}[d.below(2)], Category: []string{"", "coffee-beans", "gift-cards"}[d.below(3)],
			Quantity: int64(d.below(9)), Amount: d.amount(),
		})
	}
	if d.below(2) == 0 {
		o.Discount, o.Shipping, o.Tax = d.amount(), d.amount(), d.amount()
	}
	for range d.below(3) {
		o.Tenders = append(o.Tenders, Tender{Kind: []TenderKind{TenderCard, TenderGiftCard, TenderPoints, "shells"}[d.below(4)], Amount: d.amount()})
	}
	return d.facts(o, now)
}

func (d *digits) facts(o Order, now time.Time) Order {
	o.Refunds, o.Disputes = nil, nil
	for i := range d.below(4) {
		r := Refund{ID: fmt.Sprint(i), At: now, Status: []RefundStatus{RefundSucceeded, RefundFailed, RefundPending}[d.below(3)], Amount: d.amount()}
		switch d.below(4) {
		case 0:
			r.Lines = []RefundLine{{fmt.Sprint(d.below(5)), int64(d.below(9)), d.amount()}}
		case 1:
			r.Shipping = d.amount()
		case 2:
			r.Amount = o.total()
		}
		o.Refunds = append(o.Refunds, r)
	}
	if d.below(4) == 0 {
		o.Disputes = []Dispute{{"dp", now, []DisputeStatus{DisputeOpen, DisputeWon, DisputeLost}[d.below(3)], d.amount()}}
	}
	return o
}

// FuzzPlaceOrder looks for orders that are neither taken nor refused, and for accounts that do not add up. What the
// bytes say is three orders, their refunds, deliveries and disputes, days that pass, and points that are spent.
func FuzzPlaceOrder(f *testing.F) {
	p := fuzzed(f)
	for _, seed := range []string{"", "0", "an order of some lines, delivered, refunded and disputed", "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		d := digits(bytes)
		acc, now := joined(t, p, noon.AddDate(-1, 0, 0)), noon
		states := map[string]*OrderState{}
		adjusted := Points(0)
		for range 40 {
			if len(d) == 0 {
				return
			}
			now = now.Add(time.Duration(d.below(20)) * 24 * time.Hour)
			out := advanced(t, p, acc, now)
			acc = out.Account
			o := d.order(states, now)
			out, err := p.PlaceOrder(acc, states[o.ID], p, o, Budgets{"earn.rules.steps": Points(d.below(60))}, now)
			if refused := new(Error); err != nil && !errors.As(err, &refused) {
				t.Fatalf("%+v: %v", o, err)
			}
			if err == nil {
				states[o.ID] = out.Entries[0].Order
				adds(t, out.Entries[0])
				acc = out.Account
			}
			if n := Points(d.below(200)); n > 0 {
				if out, err := p.Adjust(acc, fmt.Sprint(acc.Sequence), "", -n, "spent", now); err == nil {
					acc, adjusted = out.Account, adjusted-n
				}
			}
			b := acc.Balance()
			if min(b.Active, b.Pending, b.Reserved, b.Debt) < 0 || b.Debt > p.MaxDebt || b.Active+b.Pending-b.Debt+acc.Expired-adjusted != acc.Earned {
				t.Fatalf("%+v, %d expired, %d adjusted, %d earned", b, acc.Expired, adjusted, acc.Earned)
			}
		}
	})
}

// adds holds an entry to its reasons and an order to its parts.
func adds(t *testing.T, e Entry) {
	sum := new(big.Rat)
	for _, b := range e.Reasons {
		n, ok := new(big.Rat).SetString(b.Points)
		if !ok {
			t.Fatalf("%q is no number", b.Points)
		}
		sum.Add(sum, n)
	}
	if sum.Cmp(new(big.Rat).SetInt64(int64(e.Points))) != 0 {
		t.Fatalf("the reasons sum to %s, and the entry moves %d: %v", sum.RatString(), e.Points, e.Reasons)
	}
	s := e.Order
	worth := Points(0)
	for _, g := range s.Grants {
		if worth += g.Worth; g.Worth < 0 || g.Owed < 0 || g.ExpiredOn < 0 {
			t.Fatalf("a grant is %+v", g)
		}
	}
	if worth != s.Worth || worth < 0 || s.Order.Status != OrderPaid && worth != 0 {
		t.Fatalf("a %s order is worth %d, and its grants %d", s.Order.Status, s.Worth, worth)
	}
}
