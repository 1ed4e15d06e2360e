package engine

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"pgregory.net/rapid"
)

func TestWhatIsLeftOfAnOrderAfterRefunds(t *testing.T) {
	tea := func() loyalty.Order {
		o := paid("EUR", loyalty.Line{Category: "coffee-beans", Amount: 3000}, loyalty.Line{Amount: 2000})
		o.Shipping = 490
		return o
	}
	for _, c := range []struct {
		name string
		edit func(*loyalty.Order)
		want loyalty.Points
	}{
		{"nothing was refunded", func(*loyalty.Order) {}, 80},
		{"a line came back that earned double", func(o *loyalty.Order) {
			o.Refunds = []loyalty.Refund{back("1", 3000, loyalty.RefundLine{ID: "1", Quantity: 1, Amount: 3000})}
		}, 20},
		{"half of a line came back", func(o *loyalty.Order) {
			o.Refunds = []loyalty.Refund{back("1", 1500, loyalty.RefundLine{ID: "1", Quantity: 1, Amount: 1500})}
		}, 50},
		{
			"half of the total was refunded", func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 2745)} },
			40,
		},
		{
			"half of the total was refunded in two parts",
			func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 1000), back("2", 1745)} }, 40,
		},
		{
			"half of the goods was refunded", func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 2500)} },
			43,
		},
		{"the goods but a cent", func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 4999)} }, 7},
		{
			"all items were refunded, and not the shipping",
			func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 5000)} }, 0,
		},
		{"everything was refunded", func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 5490)} }, 0},
		{
			"only the shipping was refunded",
			func(o *loyalty.Order) { r := back("1", 490); r.Shipping = 490; o.Refunds = []loyalty.Refund{r} }, 80,
		},
		{"a refund is on its way", func(o *loyalty.Order) {
			r := back("1", 5490)
			r.Status = loyalty.RefundPending
			o.Refunds = []loyalty.Refund{r}
		}, 80},
		{"a refund failed", func(o *loyalty.Order) {
			r := back("1", 5490)
			r.Status = loyalty.RefundFailed
			o.Refunds = []loyalty.Refund{r}
		}, 80},
		{
			"a third of a discounted order",
			func(o *loyalty.Order) { o.Discount = 500; o.Refunds = []loyalty.Refund{back("1", 1663)} }, 48,
		},
		{"a discounted line came back", func(o *loyalty.Order) {
			o.Discount = 500
			o.Refunds = []loyalty.Refund{back("1", 2700, loyalty.RefundLine{ID: "1", Quantity: 1, Amount: 2700})}
		}, 18},
		{"half of what a gift card paid half of", func(o *loyalty.Order) {
			o.Tenders = []loyalty.Tender{{Kind: loyalty.TenderGiftCard, Amount: 2745}}
			o.Refunds = []loyalty.Refund{back("1", 2745)}
		}, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := testProgram(t)
			o := tea()
			c.edit(&o)
			q, err := QuoteOrder(p, joined(t, p, noon), o, nil, noon)
			if err != nil || q.Points != c.want {
				t.Errorf("worth %d because %v (%v), want %d", q.Points, q.Reasons, err, c.want)
			}
		})
	}
}

func TestRefundsThatCannotBeAreRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		refunds []loyalty.Refund
		code    loyalty.Code
		pointer string
	}{
		{
			"more than the order cost",
			[]loyalty.Refund{back("1", 2000), back("2", 1001)},
			loyalty.RefundExceedsPayment, "/refunds",
		},
		{
			"more than a line cost",
			[]loyalty.Refund{back("1", 1500, loyalty.RefundLine{ID: "1", Quantity: 1, Amount: 1001})},
			loyalty.RefundExceedsPayment, "/refunds",
		},
		{
			"more shipping than there was",
			[]loyalty.Refund{{ID: "1", Status: loyalty.RefundSucceeded, Amount: 100, Shipping: 100}},
			loyalty.RefundExceedsPayment, "/refunds",
		},
		{"two of one id", []loyalty.Refund{back("1", 1), back("1", 1)}, loyalty.ValidationFailed, "/refunds/1/id"},
		{
			"a line that the order does not have",
			[]loyalty.Refund{back("1", 5, loyalty.RefundLine{ID: "9", Quantity: 1, Amount: 5})},
			loyalty.ValidationFailed, "/refunds/0/line_items/0/id",
		},
		{
			"parts above the whole",
			[]loyalty.Refund{back("1", 5, loyalty.RefundLine{ID: "1", Quantity: 1, Amount: 6})},
			loyalty.ValidationFailed, "/refunds/0/amount",
		},
		{"an amount below zero", []loyalty.Refund{back("1", -5)}, loyalty.AmountOutOfRange, "/refunds/0/amount"},
		{
			"an unknown status",
			[]loyalty.Refund{{ID: "1", Status: "lost"}},
			loyalty.ValidationFailed,
			"/refunds/0/status",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := testProgram(t)
			o := paid("EUR", loyalty.Line{Amount: 1000}, loyalty.Line{Amount: 2000})
			o.Refunds = c.refunds
			_, err := award.PlaceOrder(Begin(p, joined(t, p, noon), noon), nil, EarnRules(p), o, nil)
			if e, ok := err.(*loyalty.Error); !ok || e.Code != c.code || e.Pointer != c.pointer {
				t.Errorf("got %v, want %s at %q", err, c.code, c.pointer)
			}
		})
	}
}

func TestManySmallRefundsLeaveNothing(t *testing.T) {
	p := testProgram(t)
	p.Earn.Rates["EUR"] = loyalty.Rate{Points: big.NewRat(1, 1), Per: 1000}
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	s := newShop(t, p)
	o := paid("EUR", loyalty.Line{Amount: 10_000})
	s.submit(o, noon)
	for i := range 20 {
		o.Refunds = append(o.Refunds, back(fmt.Sprint(i), 500))
		s.submit(o, noon)
	}
	if b := s.acc.Balance(); b != (loyalty.Balance{}) {
		t.Errorf("twenty refunds of a twentieth leave %+v", b)
	}
	o = paid("EUR", loyalty.Line{Amount: 10_000})
	o.ID = "1043"
	s.submit(o, noon)
	for i, amount := range []int64{3333, 3333, 3333, 1} {
		o.Refunds = append(o.Refunds, back(fmt.Sprint(i), amount))
		s.submit(o, noon)
	}
	if b := s.acc.Balance(); b != (loyalty.Balance{}) {
		t.Errorf("three thirds and a cent leave %+v", b)
	}
}

func TestARefundThatFailsLaterLeavesNoTrace(t *testing.T) {
	active := noon.AddDate(0, 0, 15)
	for _, spent := range []loyalty.Points{0, 50, 120, 180} {
		s := newShop(t, testProgram(t))
		first := paid("EUR", loyalty.Line{Amount: 10_000})
		second := paid("EUR", loyalty.Line{Amount: 8_000})
		second.ID, second.PlacedAt = "1043", noon.AddDate(0, -1, 0).Add(24*time.Hour)
		s.acc.Joined = second.PlacedAt
		s.submit(second, noon)
		s.submit(first, noon)
		if spent > 0 {
			s.spend(spent, active)
		}
		s.pass(active)
		before := s.acc
		first.Refunds = []loyalty.Refund{back("1", 10_000)}
		s.submit(first, active)
		if s.acc.Debt != max(0, spent-80) {
			t.Errorf("after spending %d and a full refund the debt is %d", spent, s.acc.Debt)
		}
		first.Refunds[0].Status = loyalty.RefundFailed
		s.submit(first, active)
		if !reflect.DeepEqual(before.Lots, s.acc.Lots) || s.acc.Debt != 0 || s.issued["1042"] != 100 {
			t.Errorf(
				"after spending %d: %+v and debt %d, before the refund %+v", spent, s.acc.Lots, s.acc.Debt,
				before.Lots,
			)
		}
	}
}

func TestExpiredPointsAreNotTakenBack(t *testing.T) {
	s := newShop(t, testProgram(t))
	o := paid("EUR", loyalty.Line{Amount: 10_000})
	s.submit(o, noon)
	late := noon.AddDate(1, 2, 0)
	other := paid("EUR", loyalty.Line{Amount: 5_000})
	other.ID, other.PlacedAt = "1043", late.AddDate(0, 0, -20)
	s.submit(other, late)
	o.Refunds = []loyalty.Refund{back("1", 10_000)}
	e := s.submit(o, late)
	if b := s.acc.Balance(); b != (loyalty.Balance{Active: 50}) || s.acc.Expired != 100 || e.Points != 0 {
		t.Errorf("the refund of an order whose points expired leaves %+v, expired %d", b, s.acc.Expired)
	}
	o.Refunds[0].Status = loyalty.RefundFailed
	if s.submit(o, late); s.acc.Balance() != (loyalty.Balance{Active: 50}) {
		t.Errorf("and when it fails %+v", s.acc.Balance())
	}
}

func TestHowFarAClawbackReaches(t *testing.T) {
	for _, c := range []struct {
		reach loyalty.ClawbackPolicy
		want  loyalty.Balance
	}{
		{loyalty.ClawbackDebt, loyalty.Balance{Debt: 40}},
		{loyalty.ClawbackWithinBalance, loyalty.Balance{}},
		{loyalty.ClawbackPendingOnly, loyalty.Balance{Active: 60}},
	} {
		p := testProgram(t)
		p.Clawback = c.reach
		s := newShop(t, p)
		o := paid("EUR", loyalty.Line{Amount: 10_000})
		s.submit(o, noon)
		active := noon.AddDate(0, 0, 15)
		s.spend(40, active)
		o.Refunds = []loyalty.Refund{back("1", 10_000)}
		e := s.submit(o, active)
		if got := s.acc.Balance(); got != c.want {
			t.Errorf("reach %d leaves %+v, want %+v", c.reach, got, c.want)
		}
		sum := new(big.Rat)
		for _, b := range e.Reasons {
			n, _ := new(big.Rat).SetString(b.Points)
			sum.Add(sum, n)
		}
		if sum.Cmp(new(big.Rat).SetInt64(int64(e.Points))) != 0 {
			t.Errorf("the reasons %v sum to %s, and the entry moves %d", e.Reasons, sum, e.Points)
		}
	}
}

// The states of an order, reported in any order and any number of times, have the same result as the last state alone.
func TestSendingAnOrderInAnyOrderConverges(t *testing.T) {
	p := testProgram(t)
	rapid.Check(t, func(t *rapid.T) {
		o := paid(
			"EUR", loyalty.Line{Category: "coffee-beans", Amount: rapid.Int64Range(0, 9_000).Draw(t, "beans")},
			loyalty.Line{Amount: rapid.Int64Range(1, 9_000).Draw(t, "mugs")},
		)
		o.Discount = rapid.Int64Range(0, receipt.ItemTotal(o)/2).Draw(t, "discount")
		var all []loyalty.Refund
		for rest, i := receipt.OrderTotal(o), 0; rest > 0 && i < 4; i++ {
			n := rapid.Int64Range(0, rest).Draw(t, "refund")
			all, rest = append(all, back(fmt.Sprint(i), n)), rest-n
		}
		s := newShop(t, p)
		now := noon
		most := loyalty.Points(0)
		for range rapid.IntRange(1, 12).Draw(t, "tellings") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(60*24*time.Hour)).Draw(t, "later")))
			o.Refunds = rapid.SliceOfNDistinct(
				rapid.SampledFrom(all), 0, len(all), func(r loyalty.Refund) string { return r.ID },
			).Draw(t, "told")
			if s.states[o.ID] == nil && now.Sub(noon) > loyalty.MaxOrderAge {
				now = noon
			}
			s.submit(o, now)
			state := s.states[o.ID]
			most = max(most, state.Worth)
			if got := s.issued[o.ID] - expiredPoints(state); got != state.Worth || got < 0 {
				t.Fatalf(
					"issued %d of which %d were written off, worth %d", s.issued[o.ID], expiredPoints(state),
					state.Worth,
				)
			}
		}
		alone := newShop(t, p)
		if want := alone.submit(o, noon).Order.Worth; s.states[o.ID].Worth != want {
			t.Fatalf("worth %d after all tellings, and %d if only the last had come", s.states[o.ID].Worth, want)
		}
	})
}

func TestAGuestsOrderIsClaimedInTime(t *testing.T) {
	p := testProgram(t)
	o := paid("EUR", loyalty.Line{Amount: 10_000})
	o.Member = ""
	state, err := award.GuestOrder(Begin(p, loyalty.Account{}, noon), nil, EarnRules(p), o)
	if err != nil || state.Worth != 0 || state.Revision != 1 {
		t.Fatalf("the guest's order is %+v, %v", state, err)
	}
	o.Member = "mem_ada"
	claimable := noon.AddDate(0, 0, 30) // claim_within, where the program does not say
	for _, c := range []struct {
		at, joined time.Time
		want       error
	}{
		{noon.Add(loyalty.MaxOrderAge), noon, nil},
		{noon.Add(loyalty.MaxOrderAge + time.Millisecond), noon, loyalty.ValidationFailed},
		{claimable, claimable, nil},
		{claimable.Add(time.Millisecond), claimable, loyalty.ValidationFailed},
		{claimable.Add(time.Millisecond), noon.Add(loyalty.JoinGrace), nil},
		{claimable.Add(time.Millisecond), noon.Add(loyalty.JoinGrace + time.Millisecond), loyalty.ValidationFailed},
	} {
		acc := joined(t, p, c.joined)
		out, err := award.PlaceOrder(Begin(p, acc, c.at), &state, EarnRules(p), o, nil)
		if !errors.Is(err, c.want) {
			t.Errorf(
				"claimed %s after it was placed, joined %s after: %v, want %v", c.at.Sub(noon), c.joined.Sub(noon),
				err, c.want,
			)
		}
		if _, direct := award.PlaceOrder(Begin(p, acc, c.at), nil, EarnRules(p), o, nil); !errors.Is(direct, c.want) {
			t.Errorf(
				"sent at once %s after it was placed, joined %s after: %v, want %v", c.at.Sub(noon),
				c.joined.Sub(noon), direct, c.want,
			)
		}
		if err == nil && out.Account.Balance() != (loyalty.Balance{Active: 100}) {
			t.Errorf("claimed in time it gives %+v", out.Account.Balance())
		}
	}
}

// expiredPoints returns the points of an order that were written off.
func expiredPoints(s *loyalty.OrderState) (n loyalty.Points) {
	for _, g := range s.Grants {
		if g.Wallet != "" {
			continue
		}
		n += g.ExpiredOn
	}
	return n
}
