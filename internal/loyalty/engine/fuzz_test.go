package engine

import (
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

// digits are bytes that are read as numbers, and as zero after the last byte.
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

// amount returns a small, a large or an absurd amount.
func (d *digits) amount() int64 {
	n := int64(d.next())<<8 | int64(d.next())
	switch d.below(16) {
	case 0:
		return n * 1_000_000
	case 1:
		return loyalty.MaxAmount - n
	case 2:
		return -n
	}
	return n
}

// fuzzed returns a program with rules of every kind.
func fuzzed(f *testing.F) *loyalty.Program {
	return made(f, func(p *loyalty.Program) {
		p.Earn.Pending = calendar.Wait{
			Until: calendar.WhenDelivered, For: calendar.Period{Days: 2}, Within: calendar.Period{Days: 40},
		}
		p.Earn.Counts = loyalty.Counts{Items: true, Shipping: true}
		p.Earn.Carry, p.Earn.Rounding = true, loyalty.Nearest
		p.Groups = []loyalty.Group{
			{ID: "best", Mode: loyalty.Best}, {ID: "sum", Mode: loyalty.Sum}, {ID: "only", Mode: loyalty.Exclusive},
		}
		p.Earn.Rules = []loyalty.Rule{
			{
				ID: "unit", Give: loyalty.PerUnit{Points: big.NewRat(1, 3)}, Group: "sum",
				Caps: []loyalty.Cap{{Points: 70, Per: loyalty.PerDay, Reject: false}},
			},
			{
				ID: "half", Give: loyalty.Multiply{By: big.NewRat(1, 2)}, Group: "sum",
				Match: loyalty.Match{SKUs: []string{"b"}},
			},
			{
				ID: "steps",
				Give: loyalty.Steps{
					Bands: map[loyalty.Currency][]loyalty.Band{
						"EUR": {{From: 1000, Points: 5}, {From: 9000, Points: 50}},
					},
				},
				Group: "best", Budget: 500,
			},
			{
				ID: "linked", Give: loyalty.PerAmount{Rates: euro(2)}, Group: "best",
				Match: loyalty.Match{Tenders: []string{"card"}},
				Life: loyalty.Life{
					Pending: new(calendar.Wait), Expires: &calendar.Expiry{After: calendar.Period{Days: 9}},
				},
			},
			{
				ID: "first", Give: loyalty.Fixed{Points: 100}, Group: "only",
				Match:  loyalty.Match{FirstOrder: true, MinSpend: euros(20)},
				Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}},
			},
		}
		p.Earn.Caps = []loyalty.Cap{
			{Points: 2_000_000, Per: loyalty.PerOrder, Reject: false},
			{Points: 3_000_000, Per: loyalty.PerWeek, Reject: true},
		}
		p.Milestones = []loyalty.Milestone{{ID: "second", Target: 2, Points: 40}}
		p.MaxDebt = 1000
		rates(p)
	})
}

// order returns one of three orders, unchanged or changed by the bytes.
func (d *digits) order(states map[string]*loyalty.OrderState, now time.Time) loyalty.Order {
	id := fmt.Sprint(d.below(3))
	if s := states[id]; s != nil && d.below(4) > 0 {
		o := s.Order
		switch d.below(4) {
		case 0:
			o.Status = []loyalty.OrderStatus{loyalty.OrderPaid, loyalty.OrderPlaced, loyalty.OrderCanceled}[d.below(3)]
		case 1:
			o.Delivered = now
		}
		return d.facts(o, now)
	}
	o := loyalty.Order{
		ID: id, Member: "mem_ada", PlacedAt: now.Add(-time.Duration(d.below(100)) * 24 * time.Hour),
		Status:   loyalty.OrderPaid,
		Currency: []loyalty.Currency{"EUR", "JPY", "CHF", "KWD", "XXX"}[d.below(5)],
	}
	if s := states[id]; s != nil {
		o.PlacedAt, o.Currency = s.Order.PlacedAt, s.Order.Currency
	}
	for i := range d.below(5) {
		o.Lines = append(o.Lines, loyalty.Line{
			ID: fmt.Sprint(i), SKU: []string{"a", "b"}[d.below(2)],
			Category: []string{"", "coffee-beans", "gift-cards"}[d.below(3)],
			Quantity: int64(d.below(9)), Amount: d.amount(),
		})
	}
	if d.below(2) == 0 {
		o.Discount, o.Shipping, o.Tax = d.amount(), d.amount(), d.amount()
	}
	for range d.below(3) {
		o.Tenders = append(
			o.Tenders,
			loyalty.Tender{
				Kind: []loyalty.TenderKind{
					loyalty.TenderCard, loyalty.TenderGiftCard, loyalty.TenderPoints, "shells",
				}[d.below(4)],
				Amount: d.amount(),
			},
		)
	}
	return d.facts(o, now)
}

func (d *digits) facts(o loyalty.Order, now time.Time) loyalty.Order {
	o.Refunds, o.Disputes = nil, nil
	for i := range d.below(4) {
		r := loyalty.Refund{
			ID: fmt.Sprint(i), At: now,
			Status: []loyalty.RefundStatus{
				loyalty.RefundSucceeded, loyalty.RefundFailed, loyalty.RefundPending,
			}[d.below(3)],
			Amount: d.amount(),
		}
		switch d.below(4) {
		case 0:
			r.Lines = []loyalty.RefundLine{
				{ID: fmt.Sprint(d.below(5)), Quantity: int64(d.below(9)), Amount: d.amount()},
			}
		case 1:
			r.Shipping = d.amount()
		case 2:
			r.Amount = receipt.OrderTotal(o)
		}
		o.Refunds = append(o.Refunds, r)
	}
	if d.below(4) == 0 {
		o.Disputes = []loyalty.Dispute{
			{
				ID: "dp", At: now,
				Status: []loyalty.DisputeStatus{
					loyalty.DisputeOpen, loyalty.DisputeWon, loyalty.DisputeLost,
				}[d.below(3)],
				Amount: d.amount(),
			},
		}
	}
	return o
}

// FuzzPlaceOrder searches for orders that are neither accepted nor rejected, and for accounts whose entries do not add
// up. The bytes define three orders, their refunds, deliveries and disputes, days that pass, and points that are spent.
func FuzzPlaceOrder(f *testing.F) {
	p := fuzzed(f)
	for _, seed := range []string{
		"", "0", "an order of some lines, delivered, refunded and disputed",
		"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f" +
			"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		d := digits(bytes)
		acc, now := joined(t, p, noon.AddDate(-1, 0, 0)), noon
		states := map[string]*loyalty.OrderState{}
		adjusted := loyalty.Points(0)
		for range 40 {
			if len(d) == 0 {
				return
			}
			now = now.Add(time.Duration(d.below(20)) * 24 * time.Hour)
			out := advanced(t, p, acc, now)
			acc = out.Account
			o := d.order(states, now)
			out, err := award.PlaceOrder(
				Begin(p, acc, now), states[o.ID], EarnRules(p), o,
				earn.Budgets{"earn.rules.steps": loyalty.Points(d.below(60))},
			)
			if refused := new(loyalty.Error); err != nil && !errors.As(err, &refused) {
				t.Fatalf("%+v: %v", o, err)
			}
			if err == nil {
				states[o.ID] = out.Entries[0].Order
				adds(t, out.Entries[0])
				acc = out.Account
			}
			if n := loyalty.Points(d.below(200)); n > 0 {
				if out, err := Adjust(p, acc, fmt.Sprint(acc.Sequence), "", -n, "spent", now); err == nil {
					acc, adjusted = out.Account, adjusted-n
				}
			}
			b := acc.Balance()
			if min(b.Active, b.Pending, b.Reserved, b.Debt) < 0 || b.Debt > p.MaxDebt ||
				b.Active+b.Pending-b.Debt+acc.Expired-adjusted != acc.Earned {
				t.Fatalf("%+v, %d expired, %d adjusted, %d earned", b, acc.Expired, adjusted, acc.Earned)
			}
		}
	})
}

// adds checks that the reasons of an entry and the parts of an order add up.
func adds(t *testing.T, e loyalty.Entry) {
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
	worth := loyalty.Points(0)
	for _, g := range s.Grants {
		if worth += g.Worth; g.Worth < 0 || g.Owed < 0 || g.ExpiredOn < 0 {
			t.Fatalf("a grant is %+v", g)
		}
	}
	if worth != s.Worth || worth < 0 || s.Order.Status != loyalty.OrderPaid && worth != 0 {
		t.Fatalf("a %s order is worth %d, and its grants %d", s.Order.Status, s.Worth, worth)
	}
}
