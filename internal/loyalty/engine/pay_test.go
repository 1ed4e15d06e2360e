package engine

import (
	"errors"
	"math/big"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"pgregory.net/rapid"
)

func payProgram(tb testing.TB, y loyalty.Pay) *loyalty.Program {
	p := testProgram(tb)
	p.Redemption.Pay = y
	if err := Compile(p); err != nil {
		tb.Fatal(err)
	}
	return p
}

func TestWhatPointsPayOfAnOrder(t *testing.T) {
	hundred := map[loyalty.Currency]loyalty.Rate{
		"EUR": {Points: big.NewRat(100, 1), Per: 100}, "JPY": {Points: big.NewRat(3, 1), Per: 2},
		"KWD": {Points: big.NewRat(10, 1), Per: 37},
	}
	beans := map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(150, 1), Per: 100}}
	for _, c := range []struct {
		name  string
		pay   loyalty.Pay
		want  loyalty.Points
		total loyalty.Money
		gives redeem.Payment
	}{
		{
			"a point is a cent",
			loyalty.Pay{Rates: hundred},
			250,
			loyalty.Money{Amount: 2999, Currency: "EUR"},
			redeem.Payment{Points: 250, Value: loyalty.Money{Amount: 250, Currency: "EUR"}},
		},
		{
			"never more than the order",
			loyalty.Pay{Rates: hundred},
			9999,
			loyalty.Money{Amount: 2999, Currency: "EUR"},
			redeem.Payment{Points: 2999, Value: loyalty.Money{Amount: 2999, Currency: "EUR"}},
		},
		{
			"whole steps",
			loyalty.Pay{Rates: hundred, Step: 100},
			250,
			loyalty.Money{Amount: 2999, Currency: "EUR"},
			redeem.Payment{Points: 200, Value: loyalty.Money{Amount: 200, Currency: "EUR"}},
		},
		{
			"the last step is smaller, so that the order is covered to the cent",
			loyalty.Pay{Rates: hundred, Step: 100},
			3000,
			loyalty.Money{Amount: 2999, Currency: "EUR"},
			redeem.Payment{Points: 2999, Value: loyalty.Money{Amount: 2999, Currency: "EUR"}},
		},
		{
			"fewer than the least",
			loyalty.Pay{Rates: hundred, Min: 200},
			199,
			loyalty.Money{Amount: 2999, Currency: "EUR"},
			redeem.Payment{},
		},
		{
			"the least, of which not every point is worth a cent",
			loyalty.Pay{Rates: beans, Min: 100, Step: 100},
			100,
			loyalty.Money{Amount: 5000, Currency: "EUR"},
			redeem.Payment{Points: 99, Value: loyalty.Money{Amount: 66, Currency: "EUR"}},
		},
		{
			"the least, for an order that it covers",
			loyalty.Pay{Rates: beans, Min: 100},
			100,
			loyalty.Money{Amount: 66, Currency: "EUR"},
			redeem.Payment{Points: 99, Value: loyalty.Money{Amount: 66, Currency: "EUR"}},
		},
		{
			"an order that fewer than the least would cover",
			loyalty.Pay{Rates: beans, Min: 100},
			9999,
			loyalty.Money{Amount: 65, Currency: "EUR"},
			redeem.Payment{},
		},
		{
			"a least between two steps",
			loyalty.Pay{Rates: beans, Min: 150, Step: 100},
			199,
			loyalty.Money{Amount: 5000, Currency: "EUR"},
			redeem.Payment{},
		},
		{
			"half of the order",
			loyalty.Pay{Rates: hundred, Share: big.NewRat(1, 2)},
			9999,
			loyalty.Money{Amount: 2999, Currency: "EUR"},
			redeem.Payment{Points: 1499, Value: loyalty.Money{Amount: 1499, Currency: "EUR"}},
		},
		{
			"at most so much",
			loyalty.Pay{Rates: hundred, Most: map[loyalty.Currency]int64{"EUR": 1000}},
			9999,
			loyalty.Money{Amount: 2999, Currency: "EUR"},
			redeem.Payment{Points: 1000, Value: loyalty.Money{Amount: 1000, Currency: "EUR"}},
		},
		{
			"no point for the part of a yen",
			loyalty.Pay{Rates: hundred},
			100,
			loyalty.Money{Amount: 1000, Currency: "JPY"},
			redeem.Payment{Points: 99, Value: loyalty.Money{Amount: 66, Currency: "JPY"}},
		},
		{
			"dinars have three decimals",
			loyalty.Pay{Rates: hundred},
			5,
			loyalty.Money{Amount: 1000, Currency: "KWD"},
			redeem.Payment{Points: 5, Value: loyalty.Money{Amount: 18, Currency: "KWD"}},
		},
		{
			"an order of nothing",
			loyalty.Pay{Rates: hundred},
			5,
			loyalty.Money{Amount: 0, Currency: "EUR"},
			redeem.Payment{},
		},
	} {
		got, ok := redeem.Payable(&payProgram(t, c.pay).Redemption, c.want, c.total)
		if !ok || got != c.gives {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.gives)
		}
	}
	if _, ok := redeem.Payable(
		&payProgram(t, loyalty.Pay{Rates: hundred}).Redemption, 5, loyalty.Money{Amount: 100, Currency: "USD"},
	); ok {
		t.Error("points pay for dollars that have no rate")
	}
}

// Points are never worth more than their rate. A payment uses no superfluous points, and covers as much as it can.
func TestPaymentsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := loyalty.Rate{
			Points: big.NewRat(rapid.Int64Range(1, 1000).Draw(t, "points"), rapid.Int64Range(1, 7).Draw(t, "of")),
			Per:    rapid.Int64Range(1, 500).Draw(t, "per"),
		}
		p := &loyalty.Program{
			ID:   "p",
			Zone: noon.Location(),
			Spending: loyalty.Spending{Redemption: loyalty.RedemptionTerms{Pay: loyalty.Pay{
				Rates: map[loyalty.Currency]loyalty.Rate{"EUR": rate},
				Step:  loyalty.Points(rapid.IntRange(0, 200).Draw(t, "step")),
			}}},
		}
		if err := Compile(p); err != nil {
			t.Fatal(err)
		}
		total := loyalty.Money{Amount: rapid.Int64Range(1, 100_000).Draw(t, "total"), Currency: "EUR"}
		want := loyalty.Points(rapid.IntRange(0, 1_000_000).Draw(t, "want"))
		pay, _ := redeem.Payable(&p.Redemption, want, total)
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
		if need := new(big.Rat).Mul(
			big.NewRat(total.Amount, rate.Per), rate.Points,
		); need.Cmp(big.NewRat(int64(want), 1)) <= 0 && pay.Value != total {
			t.Fatalf("%d points could pay all of %s, and pay %s", want, total, pay.Value)
		}
	})
}

func TestAPaymentIsReservedAndCommittedInPart(t *testing.T) {
	p := payProgram(
		t,
		loyalty.Pay{
			Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(100, 1), Per: 100}}, Min: 100,
			Step: 50,
		},
	)
	acc := joined(t, p, noon)
	acc.Lots = []loyalty.Lot{{Expires: 20271231, Points: 1030}}
	out, err := redeem.Redeem(Begin(p, acc, noon), loyalty.Redemption{
		ID: "rd_1", Reward: redeem.PayReward, Order: "1043", Total: loyalty.Money{Amount: 5000, Currency: "EUR"},
	}, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := *out.Entries[0].Redemption
	if r.Points != 1000 || r.Value != (loyalty.Money{Amount: 1000, Currency: "EUR"}) ||
		out.Account.Balance() != (loyalty.Balance{Active: 30, Reserved: 1000}) {
		t.Fatalf("%+v leaves %+v", r, out.Account.Balance())
	}
	out, err = Commit(p, out.Account, r, 400, noon)
	if err != nil {
		t.Fatal(err)
	}
	if r := out.Entries[0].Redemption; r.Value != (loyalty.Money{Amount: 400, Currency: "EUR"}) ||
		out.Account.Balance() != (loyalty.Balance{Active: 630}) {
		t.Errorf("%+v leaves %+v", r, out.Account.Balance())
	}
	for _, c := range []struct {
		in   loyalty.Redemption
		code loyalty.Code
	}{
		{loyalty.Redemption{Points: 99, Total: loyalty.Money{Amount: 5000, Currency: "EUR"}}, loyalty.AmountOutOfRange},
		{
			loyalty.Redemption{Points: 100, Total: loyalty.Money{Amount: 5000, Currency: "USD"}},
			loyalty.CurrencyUnsupported,
		},
		{loyalty.Redemption{Points: 100}, loyalty.ValidationFailed},
		{
			loyalty.Redemption{Points: -1, Total: loyalty.Money{Amount: 5000, Currency: "EUR"}},
			loyalty.AmountNotPositive,
		},
	} {
		c.in.ID, c.in.Reward = "rd_2", redeem.PayReward
		if _, err := redeem.Redeem(Begin(p, acc, noon), c.in, false, nil); !errors.Is(err, c.code) {
			t.Errorf("%+v is answered with %v, want %s", c.in, err, c.code)
		}
	}
}

// The minimum that a rejection states is accepted, and one point less is not.
func TestTheLeastThatARefusalNamesDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &loyalty.Program{
			ID:   "p",
			Zone: noon.Location(),
			Spending: loyalty.Spending{Redemption: loyalty.RedemptionTerms{Pay: loyalty.Pay{
				Rates: map[loyalty.Currency]loyalty.Rate{
					"EUR": {
						Points: big.NewRat(rapid.Int64Range(1, 300).Draw(t, "points"), 1),
						Per:    rapid.Int64Range(1, 200).Draw(t, "per"),
					},
				},
				Min:   loyalty.Points(rapid.IntRange(0, 120).Draw(t, "min")),
				Step:  loyalty.Points(rapid.IntRange(0, 60).Draw(t, "step")),
				Share: rapid.SampledFrom([]*big.Rat{nil, big.NewRat(1, 2)}).Draw(t, "share"),
			}}},
		}
		if err := Compile(p); err != nil {
			t.Fatal(err)
		}
		total := loyalty.Money{Amount: rapid.Int64Range(1, 200).Draw(t, "total"), Currency: "EUR"}
		least, ok := redeem.LeastPayment(&p.Redemption.Pay, total, 0)
		for want := loyalty.Points(0); want < 2_000; want++ {
			if pay, _ := redeem.Payable(&p.Redemption, want, total); pay.Points > 0 {
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

// A quote offers the whole balance as a payment, even if it is exactly the minimum.
func TestThePointsThatAreTheLeastPay(t *testing.T) {
	p := payProgram(
		t,
		loyalty.Pay{
			Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(150, 1), Per: 100}}, Min: 100,
			Step: 100,
		},
	)
	acc := joined(t, p, noon)
	acc.Lots = []loyalty.Lot{{Expires: 20271231, Points: 100}}
	want := redeem.Payment{Points: 99, Value: loyalty.Money{Amount: 66, Currency: "EUR"}}
	if q, err := QuoteOrder(p, acc, paid("EUR", loyalty.Line{Amount: 5000}), nil, noon); err != nil || q.Pay != want {
		t.Errorf("%+v, %v", q.Pay, err)
	}
	out, err := redeem.Redeem(Begin(p, acc, noon), loyalty.Redemption{
		ID: "rd_1", Reward: redeem.PayReward, Points: 100, Total: loyalty.Money{Amount: 5000, Currency: "EUR"},
	}, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r := last(out).Redemption; (redeem.Payment{Points: r.Points, Value: r.Value}) != want ||
		out.Account.Balance() != (loyalty.Balance{Active: 1}) {
		t.Errorf("%+v leaves %+v", r, out.Account.Balance())
	}
	var refusal *loyalty.Error
	in := loyalty.Redemption{ID: "rd_2", Reward: redeem.PayReward, Total: loyalty.Money{Amount: 65, Currency: "EUR"}}
	if _, err := redeem.Redeem(Begin(p, acc, noon), in, true, nil); !errors.As(err, &refusal) ||
		refusal.Code != loyalty.AmountOutOfRange || refusal.Pointer != "/order_total" {
		t.Errorf("of an order that costs 98 points: %v", err)
	}
}

// The requested number of points is a maximum: if the balance is lower, the payment uses the balance.
func TestAPaymentTakesWhatThereIs(t *testing.T) {
	p := payProgram(
		t,
		loyalty.Pay{
			Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(100, 1), Per: 100}}, Min: 100,
			Step: 50,
		},
	)
	for _, c := range []struct{ has, asked, takes loyalty.Points }{
		{2030, 5000, 2000},
		{2030, 2031, 2000},
		{2030, 0, 2000},
		{2030, 150, 150},
		{100, 5000, 100},
		{99, 5000, 0},
		{0, 5000, 0},
		{0, 0, 0},
	} {
		acc := joined(t, p, noon)
		if c.has > 0 {
			acc.Lots = []loyalty.Lot{{Expires: 20271231, Points: c.has}}
		}
		out, err := redeem.Redeem(Begin(p, acc, noon), loyalty.Redemption{
			ID: "rd_1", Reward: redeem.PayReward, Points: c.asked,
			Total: loyalty.Money{Amount: 5000, Currency: "EUR"},
		}, true, nil)
		if c.takes == 0 {
			if !errors.Is(err, loyalty.InsufficientPoints) {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		if r := last(out).Redemption; r.Points != c.takes || r.Requested != c.asked ||
			r.Value != (loyalty.Money{Amount: int64(c.takes), Currency: "EUR"}) {
			t.Errorf("%+v: %+v", c, r)
		}
	}
}

// A commit of a part of the reserved points takes no more points than the paid amount costs.
func TestAPartOfAPaymentCostsWhatItPays(t *testing.T) {
	p := payProgram(t, loyalty.Pay{Rates: map[loyalty.Currency]loyalty.Rate{"KWD": {Points: big.NewRat(5, 1), Per: 2}}})
	acc := joined(t, p, noon)
	acc.Lots = []loyalty.Lot{{Expires: 20271231, Points: 700}}
	out, err := redeem.Redeem(
		Begin(p, acc, noon),
		loyalty.Redemption{ID: "rd_1", Reward: redeem.PayReward, Total: loyalty.Money{Amount: 5000, Currency: "KWD"}},
		false, nil,
	)
	if err != nil {
		t.Fatal(err)
	}
	acc = out.Account
	for n, want := range map[loyalty.Points]redeem.Payment{
		1: {}, 2: {}, 3: {Points: 3, Value: loyalty.Money{Amount: 1, Currency: "KWD"}},
		4:   {Points: 3, Value: loyalty.Money{Amount: 1, Currency: "KWD"}},
		5:   {Points: 5, Value: loyalty.Money{Amount: 2, Currency: "KWD"}},
		699: {Points: 698, Value: loyalty.Money{Amount: 279, Currency: "KWD"}},
		700: {Points: 700, Value: loyalty.Money{Amount: 280, Currency: "KWD"}},
	} {
		out, err := Commit(p, acc, loyalty.Redemption{ID: "rd_1"}, n, noon)
		if want.Points == 0 {
			if !errors.Is(err, loyalty.AmountOutOfRange) {
				t.Errorf("%d points: %+v, %v", n, out, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		r := last(out).Redemption
		if got := (redeem.Payment{Points: r.Points, Value: r.Value}); got != want ||
			out.Account.Balance() != (loyalty.Balance{
				Active: 700 - want.Points,
			}) || out.Account.Redeemed != want.Points {
			t.Errorf("%d points pay %+v, and leave %+v", n, got, out.Account.Balance())
		}
	}
}

func TestAPartOfAConversionByARewardGivesSomething(t *testing.T) {
	p := stocked(t, func(p *loyalty.Program, r *loyalty.Reward) {
		inMiles(p, r)
		r.Points = 20
	})
	acc := redeemed(t, p, saver(t, p, ample), loyalty.Redemption{ID: "rd_1"}, false, noon).Account
	if _, err := Commit(p, acc, loyalty.Redemption{ID: "rd_1"}, 4, noon); !errors.Is(err, loyalty.AmountOutOfRange) {
		t.Errorf("4 of 100 points for a fifth of a mile each: %v", err)
	}
	if out, err := Commit(p, acc, loyalty.Redemption{ID: "rd_1"}, 5, noon); err != nil ||
		last(out).Redemption.Credit.Worth != 1 {
		t.Errorf("%+v, %v", out.Entries, err)
	}
}

// The maximum share of an order that points can pay applies to all payments together: amounts that others have paid or
// reserved are deducted.
func TestPaymentsOfOneOrderShareItsBound(t *testing.T) {
	p := payProgram(
		t,
		loyalty.Pay{
			Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(100, 1), Per: 100}},
			Share: big.NewRat(1, 2),
		},
	)
	for name, to := range map[string]loyalty.Redemption{
		"an order": {Order: "o1"}, "a cart and its order": {Order: "o1", Cart: "c1"}, "a cart": {Cart: "c1"},
		"neither": {},
	} {
		acc := saver(t, p, ample)
		pay := func(id string, total int64, commit bool) (loyalty.Points, loyalty.Entry) {
			t.Helper()
			in := to
			in.ID, in.Reward, in.Total = id, redeem.PayReward, loyalty.Money{Amount: total, Currency: "EUR"}
			out, err := redeem.Redeem(Begin(p, acc, noon), in, commit, nil)
			if errors.Is(err, loyalty.AmountOutOfRange) {
				return 0, loyalty.Entry{}
			}
			if err != nil {
				t.Fatal(err)
			}
			acc = out.Account
			return last(out).Redemption.Points, last(out)
		}
		end := func(out posting.Outcome, err error) loyalty.Entry {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			acc = out.Account
			return last(out)
		}
		want := func(what string, got, want loyalty.Points) {
			t.Helper()
			if name == "neither" {
				want = 500 // each stands for itself
			}
			if got != want {
				t.Errorf("%s: %s, and then %d", name, what, got)
			}
		}
		held := loyalty.Points(0)
		if to.Cart != "" {
			held = 500 // it takes the place of the one before
		}
		n, _ := pay("rd_1", 1000, false)
		want("nothing", n, 500)
		n, _ = pay("rd_2", 1000, false)
		want("500 held", n, held)
		open := acc.Holds[len(acc.Holds)-1].Redemption
		committed := end(Commit(p, acc, open, 300, noon))
		n, _ = pay("rd_3", 1000, true)
		if name == "neither" {
			continue
		}
		want("300 of 500 committed", n, 200)
		n, _ = pay("rd_4", 1000, true)
		want("all paid", n, 0)
		n, _ = pay("rd_5", 1200, true)
		want("a larger order", n, 100)
		end(redeem.Reverse(Begin(p, acc, noon), committed, big.NewRat(1, 1)))
		n, _ = pay("rd_6", 1200, false)
		want("300 reversed", n, 300)
		end(Cancel(p, acc, acc.Holds[0].Redemption, noon))
		n, _ = pay("rd_7", 1200, true)
		want("a hold canceled", n, 300)
		if len(acc.Holds) > 0 {
			t.Errorf("%s: %+v", name, acc.Holds)
		}
	}
}
