package loyalty

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func back(id string, amount int64, lines ...RefundLine) Refund {
	return Refund{ID: id, At: noon, Status: RefundSucceeded, Amount: amount, Lines: lines}
}

func TestWhatIsLeftOfAnOrderAfterRefunds(t *testing.T) {
	tea := func() Order {
		o := paid("EUR", Line{Category: "coffee-beans", Amount: 3000}, Line{Amount: 2000})
		o.Shipping = 490
		return o
	}
	for _, c := range []struct {
		name string
		edit func(*Order)
		want Points
	}{
		{"nothing was refunded", func(*Order) {}, 80},
		{"a line came back that earned double", func(o *Order) { o.Refunds = []Refund{back("1", 3000, RefundLine{"1", 1, 3000})} }, 20},
		{"half of a line came back", func(o *Order) { o.Refunds = []Refund{back("1", 1500, RefundLine{"1", 1, 1500})} }, 50},
		{"half of the total was refunded", func(o *Order) { o.Refunds = []Refund{back("1", 2745)} }, 40},
		{"half of the total was refunded in two parts", func(o *Order) { o.Refunds = []Refund{back("1", 1000), back("2", 1745)} }, 40},
		{"half of the goods was refunded", func(o *Order) { o.Refunds = []Refund{back("1", 2500)} }, 43},
		{"the goods but a cent", func(o *Order) { o.Refunds = []Refund{back("1", 4999)} }, 7},
		{"all items were refunded, and not the shipping", func(o *Order) { o.Refunds = []Refund{back("1", 5000)} }, 0},
		{"everything was refunded", func(o *Order) { o.Refunds = []Refund{back("1", 5490)} }, 0},
		{"only the shipping was refunded", func(o *Order) { r := back("1", 490); r.Shipping = 490; o.Refunds = []Refund{r} }, 80},
		{"a refund is on its way", func(o *Order) { r := back("1", 5490); r.Status = RefundPending; o.Refunds = []Refund{r} }, 80},
		{"a refund failed", func(o *Order) { r := back("1", 5490); r.Status = RefundFailed; o.Refunds = []Refund{r} }, 80},
		{"a third of a discounted order", func(o *Order) { o.Discount = 500; o.Refunds = []Refund{back("1", 1663)} }, 48},
		{"a discounted line came back", func(o *Order) { o.Discount = 500; o.Refunds = []Refund{back("1", 2700, RefundLine{"1", 1, 2700})} }, 18},
		{"half of what a gift card paid half of", func(o *Order) {
			o.Tenders = []Tender{{Kind: TenderGiftCard, Amount: 2745}}
			o.Refunds = []Refund{back("1", 2745)}
		}, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := testProgram(t)
			o := tea()
			c.edit(&o)
			q, err := p.Quote(joined(t, p, noon), o, nil, noon)
			if err != nil || q.Points != c.want {
				t.Errorf("worth %d because %v (%v), want %d", q.Points, q.Reasons, err, c.want)
			}
		})
	}
}

// An order has two lines of 100.00, which earn 1 and 2 points per euro, tax of 38.00 and shipping of 10.00: 248.00 in all.
func TestRefundsOfTaxAndShippingTakeNoPointsForGoods(t *testing.T) {
	of := func(amount, shipping, tax int64, lines ...RefundLine) Refund {
		r := back(fmt.Sprint(amount, shipping, tax), amount, lines...)
		r.Shipping, r.Tax = shipping, tax
		return r
	}
	one := RefundLine{ID: "2", Amount: 10_000}
	for _, c := range []struct {
		name    string
		refunds []Refund
		dispute int64
		want    string // what remains of the goods, in minor units
	}{
		{"a sum of half of the order", []Refund{of(12_400, 0, 0)}, 0, "10000"},
		{"a sum of the goods and their tax", []Refund{of(23_800, 0, 0)}, 0, "0"},
		{"a sum of the goods and their share of the tax", []Refund{of(23_620, 0, 0)}, 0, "0"},
		{"a sum of the goods alone", []Refund{of(20_000, 0, 0)}, 0, "120000/31"},
		{"the tax", []Refund{of(3_800, 0, 3_800)}, 0, "20000"},
		{"the shipping", []Refund{of(1_000, 1_000, 0)}, 0, "20000"},
		{"a line and its tax", []Refund{of(11_900, 0, 1_900, one)}, 0, "10000"},
		{"a line and its tax, stated as a sum", []Refund{of(11_900, 0, 0, one)}, 0, "10000"},
		{"a line and more than all tax and shipping", []Refund{of(15_800, 0, 0, one)}, 0, "9000"},
		{"tax, and a rest that must be goods", []Refund{of(11_900, 0, 1_900)}, 0, "10000"},
		{"a line, then everything else as a sum", []Refund{of(11_900, 0, 1_900, one), of(12_900, 0, 0)}, 0, "0"},
		{"the shipping, then half of the rest as a sum", []Refund{of(1_000, 1_000, 0), of(11_900, 0, 0)}, 0, "10000"},
		{"a dispute of half of the order", nil, 12_400, "10000"},
		{"a dispute of the goods and their tax", nil, 23_800, "0"},
		{"a sum and a dispute", []Refund{of(6_200, 0, 0)}, 6_200, "10000"},
		{"a sum and a dispute beyond the total", []Refund{of(20_000, 0, 0)}, 20_000, "0"},
	} {
		o := paid("EUR", Line{Amount: 10_000}, Line{Category: "coffee-beans", Amount: 10_000})
		o.Shipping, o.Tax, o.Refunds = 1_000, 3_800, c.refunds
		if c.dispute > 0 {
			o.Disputes = []Dispute{{ID: "d", Status: DisputeLost, Amount: c.dispute}}
		}
		if err := o.check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		r := o.refunded()
		left := whole(o.items() - o.stated().byLine()).sub(r.goods)
		if left.String() != c.want {
			t.Errorf("%s: %s of the goods remain, want %s", c.name, left, c.want)
		}
		if over := r.sum().sub(whole(o.Shipping + o.Tax)); over.sign() > 0 || r.shipping.sign() < 0 || r.tax.sign() < 0 {
			t.Errorf("%s: %v of the shipping and %v of the tax are refunded", c.name, r.shipping, r.tax)
		}
		slices.Reverse(o.Refunds)
		if got := o.refunded(); !reflect.DeepEqual(got, r) {
			t.Errorf("%s: in another order %v and %v", c.name, got, r)
		}
	}
}

// The parts of all refunds and disputes add up to what went back, whatever they state, and all of it takes everything.
func TestPartsOfRefundsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Int64Range(0, 10_000)
		o := paid("EUR", Line{Amount: amount.Draw(t, "first")}, Line{Amount: amount.Draw(t, "second")})
		o.Shipping, o.Tax = amount.Draw(t, "shipping"), amount.Draw(t, "tax")
		back := int64(0)
		for i := range rapid.IntRange(0, 5).Draw(t, "refunds") {
			r := Refund{ID: fmt.Sprint(i), Status: RefundSucceeded}
			s := o.stated()
			if rapid.Bool().Draw(t, "by line") {
				r.Lines = []RefundLine{{ID: "1", Amount: rapid.Int64Range(0, o.Lines[0].Amount-s.lines["1"]).Draw(t, "line")}}
				r.Amount += r.Lines[0].Amount
			}
			if rapid.Bool().Draw(t, "with tax") {
				r.Tax = rapid.Int64Range(0, o.Tax-s.tax).Draw(t, "refunded tax")
				r.Amount += r.Tax
			}
			if back+r.Amount > o.total() {
				continue
			}
			r.Amount += rapid.Int64Range(0, o.total()-back-r.Amount).Draw(t, "rest")
			back, o.Refunds = back+r.Amount, append(o.Refunds, r)
		}
		r := o.refunded()
		goods := r.goods.add(whole(o.stated().byLine()))
		sum := goods.add(r.sum())
		if sum.sub(whole(back)).sign() > 0 {
			t.Fatalf("%d went back, by parts %v", back, sum)
		}
		if back == o.total() && goods.sub(whole(o.items())).sign() != 0 {
			t.Fatalf("everything went back, and of %d of goods %v", o.items(), goods)
		}
	})
}

func TestRefundsThatCannotBeAreRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		refunds []Refund
		code    Code
		pointer string
	}{
		{"more than the order cost", []Refund{back("1", 2000), back("2", 1001)}, RefundExceedsPayment, "/refunds"},
		{"more than a line cost", []Refund{back("1", 1500, RefundLine{"1", 1, 1001})}, RefundExceedsPayment, "/refunds"},
		{"more shipping than there was", []Refund{{ID: "1", Status: RefundSucceeded, Amount: 100, Shipping: 100}}, RefundExceedsPayment, "/refunds"},
		{"two of one id", []Refund{back("1", 1), back("1", 1)}, ValidationFailed, "/refunds/1/id"},
		{"a line that the order does not have", []Refund{back("1", 5, RefundLine{"9", 1, 5})}, ValidationFailed, "/refunds/0/line_items/0/id"},
		{"parts above the whole", []Refund{back("1", 5, RefundLine{"1", 1, 6})}, ValidationFailed, "/refunds/0/amount"},
		{"an amount below zero", []Refund{back("1", -5)}, AmountOutOfRange, "/refunds/0/amount"},
		{"an unknown status", []Refund{{ID: "1", Status: "lost"}}, ValidationFailed, "/refunds/0/status"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := testProgram(t)
			o := paid("EUR", Line{Amount: 1000}, Line{Amount: 2000})
			o.Refunds = c.refunds
			_, err := p.PlaceOrder(joined(t, p, noon), nil, p, o, nil, noon)
			if e, ok := err.(*Error); !ok || e.Code != c.code || e.Pointer != c.pointer {
				t.Errorf("got %v, want %s at %q", err, c.code, c.pointer)
			}
		})
	}
}

func TestManySmallRefundsLeaveNothing(t *testing.T) {
	p := testProgram(t)
	p.Earn.Rates["EUR"] = Rate{Points: big.NewRat(1, 1), Per: 1000}
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	s := newShop(t, p)
	o := paid("EUR", Line{Amount: 10_000})
	s.tell(o, noon)
	for i := range 20 {
		o.Refunds = append(o.Refunds, back(fmt.Sprint(i), 500))
		s.tell(o, noon)
	}
	if b := s.acc.Balance(); b != (Balance{}) {
		t.Errorf("twenty refunds of a twentieth leave %+v", b)
	}
	o = paid("EUR", Line{Amount: 10_000})
	o.ID = "1043"
	s.tell(o, noon)
	for i, amount := range []int64{3333, 3333, 3333, 1} {
		o.Refunds = append(o.Refunds, back(fmt.Sprint(i), amount))
		s.tell(o, noon)
	}
	if b := s.acc.Balance(); b != (Balance{}) {
		t.Errorf("three thirds and a cent leave %+v", b)
	}
}

func TestARefundThatFailsLaterLeavesNoTrace(t *testing.T) {
	active := noon.AddDate(0, 0, 15)
	for _, spent := range []Points{0, 50, 120, 180} {
		s := newShop(t, testProgram(t))
		first := paid("EUR", Line{Amount: 10_000})
		second := paid("EUR", Line{Amount: 8_000})
		second.ID, second.PlacedAt = "1043", noon.AddDate(0, -1, 0).Add(24*time.Hour)
		s.acc.Joined = second.PlacedAt
		s.tell(second, noon)
		s.tell(first, noon)
		if spent > 0 {
			s.spend(spent, active)
		}
		s.pass(active)
		before := s.acc
		first.Refunds = []Refund{back("1", 10_000)}
		s.tell(first, active)
		if s.acc.Debt != max(0, spent-80) {
			t.Errorf("after spending %d and a full refund the debt is %d", spent, s.acc.Debt)
		}
		first.Refunds[0].Status = RefundFailed
		s.tell(first, active)
		if !reflect.DeepEqual(before.Lots, s.acc.Lots) || s.acc.Debt != 0 || s.issued["1042"] != 100 {
			t.Errorf("after spending %d: %+v and debt %d, before the refund %+v", spent, s.acc.Lots, s.acc.Debt, before.Lots)
		}
	}
}

func TestLapsedPointsAreNotTakenBack(t *testing.T) {
	s := newShop(t, testProgram(t))
	o := paid("EUR", Line{Amount: 10_000})
	s.tell(o, noon)
	late := noon.AddDate(1, 2, 0)
	other := paid("EUR", Line{Amount: 5_000})
	other.ID, other.PlacedAt = "1043", late.AddDate(0, 0, -20)
	s.tell(other, late)
	o.Refunds = []Refund{back("1", 10_000)}
	e := s.tell(o, late)
	if b := s.acc.Balance(); b != (Balance{Active: 50}) || s.acc.Expired != 100 || e.Points != 0 {
		t.Errorf("the refund of an order whose points expired leaves %+v, expired %d", b, s.acc.Expired)
	}
	o.Refunds[0].Status = RefundFailed
	if s.tell(o, late); s.acc.Balance() != (Balance{Active: 50}) {
		t.Errorf("and when it fails %+v", s.acc.Balance())
	}
}

func TestHowFarAClawbackReaches(t *testing.T) {
	for _, c := range []struct {
		reach ClawbackPolicy
		want  Balance
	}{
		{ClawbackDebt, Balance{Debt: 40}},
		{ClawbackWithinBalance, Balance{}},
		{ClawbackPendingOnly, Balance{Active: 60}},
	} {
		p := testProgram(t)
		p.Clawback = c.reach
		s := newShop(t, p)
		o := paid("EUR", Line{Amount: 10_000})
		s.tell(o, noon)
		active := noon.AddDate(0, 0, 15)
		s.spend(40, active)
		o.Refunds = []Refund{back("1", 10_000)}
		e := s.tell(o, active)
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

// The states of an order in any order, any number of times, end where the last one alone would have.
func TestTellingAnOrderInAnyOrderConverges(t *testing.T) {
	p := testProgram(t)
	rapid.Check(t, func(t *rapid.T) {
		o := paid("EUR", Line{Category: "coffee-beans", Amount: rapid.Int64Range(0, 9_000).Draw(t, "beans")}, Line{Amount: rapid.Int64Range(1, 9_000).Draw(t, "mugs")})
		o.Discount = rapid.Int64Range(0, o.items()/2).Draw(t, "discount")
		var all []Refund
		for rest, i := o.total(), 0; rest > 0 && i < 4; i++ {
			n := rapid.Int64Range(0, rest).Draw(t, "refund")
			all, rest = append(all, back(fmt.Sprint(i), n)), rest-n
		}
		s := newShop(t, p)
		now := noon
		most := Points(0)
		for range rapid.IntRange(1, 12).Draw(t, "tellings") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(60*24*time.Hour)).Draw(t, "later")))
			o.Refunds = rapid.SliceOfNDistinct(rapid.SampledFrom(all), 0, len(all), func(r Refund) string { return r.ID }).Draw(t, "told")
			if s.states[o.ID] == nil && now.Sub(noon) > MaxOrderAge {
				now = noon
			}
			s.tell(o, now)
			state := s.states[o.ID]
			most = max(most, state.Worth)
			if got := s.issued[o.ID] - state.lapsed(); got != state.Worth || got < 0 {
				t.Fatalf("issued %d of which %d were written off, worth %d", s.issued[o.ID], state.lapsed(), state.Worth)
			}
		}
		alone := newShop(t, p)
		if want := alone.tell(o, noon).Order.Worth; s.states[o.ID].Worth != want {
			t.Fatalf("worth %d after all tellings, and %d if only the last had come", s.states[o.ID].Worth, want)
		}
	})
}

func TestAGuestsOrderIsClaimedInTime(t *testing.T) {
	p := testProgram(t)
	o := paid("EUR", Line{Amount: 10_000})
	o.Member = ""
	state, err := p.GuestOrder(nil, p, o, noon)
	if err != nil || state.Worth != 0 || state.Revision != 1 {
		t.Fatalf("the guest's order is %+v, %v", state, err)
	}
	o.Member = "mem_ada"
	claimable := noon.AddDate(0, 0, 30) // claim_within, where the program does not say
	for _, c := range []struct {
		at, joined time.Time
		want       error
	}{
		{noon.Add(MaxOrderAge), noon, nil},
		{noon.Add(MaxOrderAge + time.Millisecond), noon, ValidationFailed},
		{claimable, claimable, nil},
		{claimable.Add(time.Millisecond), claimable, ValidationFailed},
		{claimable.Add(time.Millisecond), noon.Add(JoinGrace), nil},
		{claimable.Add(time.Millisecond), noon.Add(JoinGrace + time.Millisecond), ValidationFailed},
	} {
		acc := joined(t, p, c.joined)
		out, err := p.PlaceOrder(acc, &state, p, o, nil, c.at)
		if !errors.Is(err, c.want) {
			t.Errorf("claimed %s after it was placed, joined %s after: %v, want %v", c.at.Sub(noon), c.joined.Sub(noon), err, c.want)
		}
		if _, direct := p.PlaceOrder(acc, nil, p, o, nil, c.at); !errors.Is(direct, c.want) {
			t.Errorf("sent at once %s after it was placed, joined %s after: %v, want %v", c.at.Sub(noon), c.joined.Sub(noon), direct, c.want)
		}
		if err == nil && out.Account.Balance() != (Balance{Active: 100}) {
			t.Errorf("claimed in time it gives %+v", out.Account.Balance())
		}
	}
}

// expired is what was written off of an order.
func (s *OrderState) lapsed() (n Points) {
	for _, g := range s.Grants {
		if g.Wallet != "" {
			continue
		}
		n += g.ExpiredOn
	}
	return n
}
