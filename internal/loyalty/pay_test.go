package loyalty

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func payProgram(tb testing.TB, y Pay) *Program {
	p := testProgram(tb)
	p.Redemption.Pay = y
	if err := p.Compile(); err != nil {
		tb.Fatal(err)
	}
	return p
}

func TestWhatPointsPayOfAnOrder(t *testing.T) {
	hundred := map[Currency]Rate{"EUR": {Points: big.NewRat(100, 1), Per: 100}, "JPY": {Points: big.NewRat(3, 1), Per: 2}, "KWD": {Points: big.NewRat(10, 1), Per: 37}}
	beans := map[Currency]Rate{"EUR": {Points: big.NewRat(150, 1), Per: 100}}
	for _, c := range []struct {
		name  string
		pay   Pay
		want  Points
		total Money
		gives Payment
	}{
		{"a point is a cent", Pay{Rates: hundred}, 250, Money{2999, "EUR"}, Payment{250, Money{250, "EUR"}}},
		{"never more than the order", Pay{Rates: hundred}, 9999, Money{2999, "EUR"}, Payment{2999, Money{2999, "EUR"}}},
		{"whole steps", Pay{Rates: hundred, Step: 100}, 250, Money{2999, "EUR"}, Payment{200, Money{200, "EUR"}}},
		{"the last step is smaller, so that the order is covered to the cent", Pay{Rates: hundred, Step: 100}, 3000, Money{2999, "EUR"}, Payment{2999, Money{2999, "EUR"}}},
		{"fewer than the least", Pay{Rates: hundred, Min: 200}, 199, Money{2999, "EUR"}, Payment{}},
		{"the least, of which not every point is worth a cent", Pay{Rates: beans, Min: 100, Step: 100}, 100, Money{5000, "EUR"}, Payment{99, Money{66, "EUR"}}},
		{"the least, for an order that it covers", Pay{Rates: beans, Min: 100}, 100, Money{66, "EUR"}, Payment{99, Money{66, "EUR"}}},
		{"an order that fewer than the least would cover", Pay{Rates: beans, Min: 100}, 9999, Money{65, "EUR"}, Payment{}},
		{"a least between two steps", Pay{Rates: beans, Min: 150, Step: 100}, 199, Money{5000, "EUR"}, Payment{}},
		{"half of the order", Pay{Rates: hundred, Share: big.NewRat(1, 2)}, 9999, Money{2999, "EUR"}, Payment{1499, Money{1499, "EUR"}}},
		{"at most so much", Pay{Rates: hundred, Most: map[Currency]int64{"EUR": 1000}}, 9999, Money{2999, "EUR"}, Payment{1000, Money{1000, "EUR"}}},
		{"no point for the part of a yen", Pay{Rates: hundred}, 100, Money{1000, "JPY"}, Payment{99, Money{66, "JPY"}}},
		{"dinars have three decimals", Pay{Rates: hundred}, 5, Money{1000, "KWD"}, Payment{5, Money{18, "KWD"}}},
		{"an order of nothing", Pay{Rates: hundred}, 5, Money{0, "EUR"}, Payment{}},
	} {
		got, ok := payProgram(t, c.pay).Payable(c.want, c.total)
		if !ok || got != c.gives {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.gives)
		}
	}
	if _, ok := payProgram(t, Pay{Rates: hundred}).Payable(5, Money{100, "USD"}); ok {
		t.Error("points pay for dollars that have no rate")
	}
}

// Points are never worth more than their rate, nobody pays a point too many, and what can be covered is.
func TestPaymentsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := Rate{Points: big.NewRat(rapid.Int64Range(1, 1000).Draw(t, "points"), rapid.Int64Range(1, 7).Draw(t, "of")), Per: rapid.Int64Range(1, 500).Draw(t, "per")}
		p := &Program{ID: "p", Zone: noon.Location(), Redemption: RedemptionTerms{Pay: Pay{
			Rates: map[Currency]Rate{"EUR": rate}, Step: Points(rapid.IntRange(0, 200).Draw(t, "step")),
		}}}
		if err := p.Compile(); err != nil {
			t.Fatal(err)
		}
		total := Money{rapid.Int64Range(1, 100_000).Draw(t, "total"), "EUR"}
		want := Points(rapid.IntRange(0, 1_000_000).Draw(t, "want"))
		pay, _ := p.Payable(want, total)
		worth := new(big.Rat).Mul(big.NewRat(int64(pay.Points)*rate.Per, 1), new(big.Rat).Inv(rate.Points))
		value := big.NewRat(pay.Value.Amount, 1)
		if pay.Points > want || worth.Cmp(value) < 0 || pay.Value.Amount > total.Amount {
			t.Fatalf("%d points pay %s of %s, and are worth %s", pay.Points, pay.Value, total, worth.FloatString(3))
		}
		if pay.Points > 0 {
			less := new(big.Rat).Mul(big.NewRat(int64(pay.Points-1)*rate.Per, 1), new(big.Rat).Inv(rate.Points))
			if less.Cmp(value) >= 0 {
				t.Fatalf("%d points would pay %s too", pay.Points-1, pay.Value)
			}
		}
		if need := new(big.Rat).Mul(big.NewRat(total.Amount, rate.Per), rate.Points); need.Cmp(big.NewRat(int64(want), 1)) <= 0 && pay.Value != total {
			t.Fatalf("%d points could pay all of %s, and pay %s", want, total, pay.Value)
		}
	})
}

func TestAPaymentIsReservedAndCommittedInPart(t *testing.T) {
	p := payProgram(t, Pay{Rates: map[Currency]Rate{"EUR": {Points: big.NewRat(100, 1), Per: 100}}, Min: 100, Step: 50})
	acc := joined(t, p, noon)
	acc.Lots = []Lot{{Expires: 20271231, Points: 1030}}
	out, err := p.Redeem(acc, Redemption{ID: "rd_1", Reward: PayReward, Order: "1043", Total: Money{5000, "EUR"}}, false, nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	r := *out.Entries[0].Redemption
	if r.Points != 1000 || r.Value != (Money{1000, "EUR"}) || out.Account.Balance() != (Balance{Active: 30, Reserved: 1000}) {
		t.Fatalf("%+v leaves %+v", r, out.Account.Balance())
	}
	out, err = p.Commit(out.Account, r, 400, noon)
	if err != nil {
		t.Fatal(err)
	}
	if r := out.Entries[0].Redemption; r.Value != (Money{400, "EUR"}) || out.Account.Balance() != (Balance{Active: 630}) {
		t.Errorf("%+v leaves %+v", r, out.Account.Balance())
	}
	for _, c := range []struct {
		in   Redemption
		code Code
	}{
		{Redemption{Points: 99, Total: Money{5000, "EUR"}}, AmountOutOfRange},
		{Redemption{Points: 100, Total: Money{5000, "USD"}}, CurrencyUnsupported},
		{Redemption{Points: 100}, ValidationFailed},
		{Redemption{Points: -1, Total: Money{5000, "EUR"}}, AmountNotPositive},
	} {
		c.in.ID, c.in.Reward = "rd_2", PayReward
		if _, err := p.Redeem(acc, c.in, false, nil, noon); !errors.Is(err, c.code) {
			t.Errorf("%+v is answered with %v, want %s", c.in, err, c.code)
		}
	}
}

// The fewest points that a refusal names do, and no fewer.
func TestTheLeastThatARefusalNamesDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &Program{ID: "p", Zone: noon.Location(), Redemption: RedemptionTerms{Pay: Pay{
			Rates: map[Currency]Rate{"EUR": {Points: big.NewRat(rapid.Int64Range(1, 300).Draw(t, "points"), 1), Per: rapid.Int64Range(1, 200).Draw(t, "per")}},
			Min:   Points(rapid.IntRange(0, 120).Draw(t, "min")), Step: Points(rapid.IntRange(0, 60).Draw(t, "step")),
			Share: rapid.SampledFrom([]*big.Rat{nil, big.NewRat(1, 2)}).Draw(t, "share"),
		}}}
		if err := p.Compile(); err != nil {
			t.Fatal(err)
		}
		total := Money{rapid.Int64Range(1, 200).Draw(t, "total"), "EUR"}
		least, ok := p.Redemption.Pay.least(total, 0)
		for want := Points(0); want < 2_000; want++ {
			if pay, _ := p.Payable(want, total); pay.Points > 0 {
				if !ok || want != least {
					t.Fatalf("%d points pay %s of %s, and the least are %d, %t", want, pay.Value, total, least, ok)
				}
				return
			}
		}
		if ok && least < 2_000 {
			t.Fatalf("%d points pay nothing of %s", least, total)
		}
	})
}

// What is offered is the whole balance, and a quote says the same.
func TestThePointsThatAreTheLeastPay(t *testing.T) {
	p := payProgram(t, Pay{Rates: map[Currency]Rate{"EUR": {Points: big.NewRat(150, 1), Per: 100}}, Min: 100, Step: 100})
	acc := joined(t, p, noon)
	acc.Lots = []Lot{{Expires: 20271231, Points: 100}}
	want := Payment{99, Money{66, "EUR"}}
	if q, err := p.Quote(acc, paid("EUR", Line{Amount: 5000}), nil, noon); err != nil || q.Pay != want {
		t.Errorf("%+v, %v", q.Pay, err)
	}
	out, err := p.Redeem(acc, Redemption{ID: "rd_1", Reward: PayReward, Points: 100, Total: Money{5000, "EUR"}}, true, nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	if r := last(out).Redemption; (Payment{r.Points, r.Value}) != want || out.Account.Balance() != (Balance{Active: 1}) {
		t.Errorf("%+v leaves %+v", r, out.Account.Balance())
	}
	var refusal *Error
	in := Redemption{ID: "rd_2", Reward: PayReward, Total: Money{65, "EUR"}}
	if _, err := p.Redeem(acc, in, true, nil, noon); !errors.As(err, &refusal) || refusal.Code != AmountOutOfRange || refusal.Pointer != "/order_total" {
		t.Errorf("of an order that costs 98 points: %v", err)
	}
}

// What is asked for is how many at most: more than there are is what there is.
func TestAPaymentTakesWhatThereIs(t *testing.T) {
	p := payProgram(t, Pay{Rates: map[Currency]Rate{"EUR": {Points: big.NewRat(100, 1), Per: 100}}, Min: 100, Step: 50})
	for _, c := range []struct{ has, asked, takes Points }{{2030, 5000, 2000}, {2030, 2031, 2000}, {2030, 0, 2000}, {2030, 150, 150}, {100, 5000, 100}, {99, 5000, 0}, {0, 5000, 0}, {0, 0, 0}} {
		acc := joined(t, p, noon)
		if c.has > 0 {
			acc.Lots = []Lot{{Expires: 20271231, Points: c.has}}
		}
		out, err := p.Redeem(acc, Redemption{ID: "rd_1", Reward: PayReward, Points: c.asked, Total: Money{5000, "EUR"}}, true, nil, noon)
		if c.takes == 0 {
			if !errors.Is(err, InsufficientPoints) {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		if r := last(out).Redemption; r.Points != c.takes || r.Requested != c.asked || r.Value != (Money{int64(c.takes), "EUR"}) {
			t.Errorf("%+v: %+v", c, r)
		}
	}
}

// Of a part of what is held, no point is taken that what it pays does not cost.
func TestAPartOfAPaymentCostsWhatItPays(t *testing.T) {
	p := payProgram(t, Pay{Rates: map[Currency]Rate{"KWD": {Points: big.NewRat(5, 1), Per: 2}}})
	acc := joined(t, p, noon)
	acc.Lots = []Lot{{Expires: 20271231, Points: 700}}
	out, err := p.Redeem(acc, Redemption{ID: "rd_1", Reward: PayReward, Total: Money{5000, "KWD"}}, false, nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	acc = out.Account
	for n, want := range map[Points]Payment{
		1: {}, 2: {}, 3: {3, Money{1, "KWD"}}, 4: {3, Money{1, "KWD"}}, 5: {5, Money{2, "KWD"}}, 699: {698, Money{279, "KWD"}}, 700: {700, Money{280, "KWD"}},
	} {
		out, err := p.Commit(acc, Redemption{ID: "rd_1"}, n, noon)
		if want.Points == 0 {
			if !errors.Is(err, AmountOutOfRange) {
				t.Errorf("%d points: %+v, %v", n, out, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		r := last(out).Redemption
		if got := (Payment{r.Points, r.Value}); got != want || out.Account.Balance() != (Balance{Active: 700 - want.Points}) || out.Account.Redeemed != want.Points {
			t.Errorf("%d points pay %+v, and leave %+v", n, got, out.Account.Balance())
		}
	}
}

func TestAPartOfAConversionByARewardGivesSomething(t *testing.T) {
	p := stocked(t, func(p *Program, r *Reward) {
		inMiles(p, r)
		r.Points = 20
	})
	acc := redeemed(t, p, saver(t, p, ample), Redemption{ID: "rd_1"}, false, noon).Account
	if _, err := p.Commit(acc, Redemption{ID: "rd_1"}, 4, noon); !errors.Is(err, AmountOutOfRange) {
		t.Errorf("4 of 100 points for a fifth of a mile each: %v", err)
	}
	if out, err := p.Commit(acc, Redemption{ID: "rd_1"}, 5, noon); err != nil || last(out).Redemption.Credit.Worth != 1 {
		t.Errorf("%+v, %v", out.Entries, err)
	}
}

// A share is of the order, however many payments it has: what others hold or have paid of it is deducted.
func TestPaymentsOfOneOrderShareItsBound(t *testing.T) {
	p := payProgram(t, Pay{Rates: map[Currency]Rate{"EUR": {Points: big.NewRat(100, 1), Per: 100}}, Share: big.NewRat(1, 2)})
	for name, to := range map[string]Redemption{"an order": {Order: "o1"}, "a cart and its order": {Order: "o1", Cart: "c1"}, "a cart": {Cart: "c1"}, "neither": {}} {
		acc := saver(t, p, ample)
		pay := func(id string, total int64, commit bool) (Points, Entry) {
			t.Helper()
			in := to
			in.ID, in.Reward, in.Total = id, PayReward, Money{total, "EUR"}
			out, err := p.Redeem(acc, in, commit, nil, noon)
			if errors.Is(err, AmountOutOfRange) {
				return 0, Entry{}
			}
			if err != nil {
				t.Fatal(err)
			}
			acc = out.Account
			return last(out).Redemption.Points, last(out)
		}
		end := func(out Outcome, err error) Entry {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			acc = out.Account
			return last(out)
		}
		want := func(what string, got, want Points) {
			t.Helper()
			if name == "neither" {
				want = 500 // each stands for itself
			}
			if got != want {
				t.Errorf("%s: %s, and then %d", name, what, got)
			}
		}
		held := Points(0)
		if to.Cart != "" {
			held = 500 // it takes the place of the one before
		}
		n, _ := pay("rd_1", 1000, false)
		want("nothing", n, 500)
		n, _ = pay("rd_2", 1000, false)
		want("500 held", n, held)
		open := acc.Holds[len(acc.Holds)-1].Redemption
		committed := end(p.Commit(acc, open, 300, noon))
		n, _ = pay("rd_3", 1000, true)
		if name == "neither" {
			continue
		}
		want("300 of 500 committed", n, 200)
		n, _ = pay("rd_4", 1000, true)
		want("all paid", n, 0)
		n, _ = pay("rd_5", 1200, true)
		want("a larger order", n, 100)
		end(p.Reverse(acc, committed, big.NewRat(1, 1), noon))
		n, _ = pay("rd_6", 1200, false)
		want("300 reversed", n, 300)
		end(p.Cancel(acc, acc.Holds[0].Redemption, noon))
		n, _ = pay("rd_7", 1200, true)
		want("a hold canceled", n, 300)
		if len(acc.Holds) > 0 {
			t.Errorf("%s: %+v", name, acc.Holds)
		}
	}
}
