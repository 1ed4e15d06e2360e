package redeem

import (
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestPaymentsByPoints(t *testing.T) {
	terms := func(pay loyalty.Pay) *loyalty.RedemptionTerms {
		pay.Rates = map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(3, 1), Per: 10}} // 3.33 cents a point
		return &loyalty.RedemptionTerms{Pay: pay}
	}
	half := big.NewRat(1, 2)
	for _, c := range []struct {
		name    string
		pay     loyalty.Pay
		want    loyalty.Points
		total   int64
		already int64
		points  loyalty.Points
		value   int64
	}{
		{"nothing", loyalty.Pay{}, 0, 100, 0, 0, 0},
		{"one point", loyalty.Pay{}, 1, 100, 0, 1, 3},
		{"two points", loyalty.Pay{}, 2, 100, 0, 2, 6},
		{"three points", loyalty.Pay{}, 3, 100, 0, 3, 10},
		{"all of the order", loyalty.Pay{}, 30, 100, 0, 30, 100},
		{"more than the order", loyalty.Pay{}, 99, 100, 0, 30, 100},
		{"the last step covers the order exactly", loyalty.Pay{Step: 7}, 30, 100, 0, 30, 100},
		{"whole steps", loyalty.Pay{Step: 7}, 29, 100, 0, 28, 93},
		{"less than a step", loyalty.Pay{Step: 7}, 6, 100, 0, 0, 0},
		{"the minimum", loyalty.Pay{Min: 6}, 6, 100, 0, 6, 20},
		{"less than the minimum", loyalty.Pay{Min: 6}, 5, 100, 0, 0, 0},
		{"an order below the minimum", loyalty.Pay{Min: 6}, 99, 19, 0, 0, 0},
		{"an order at the minimum", loyalty.Pay{Min: 6}, 99, 20, 0, 6, 20},
		{"a share", loyalty.Pay{Share: half}, 99, 101, 0, 15, 50},
		{"at most an amount", loyalty.Pay{Most: map[loyalty.Currency]int64{"EUR": 40}}, 99, 100, 0, 12, 40},
		{"the rest after another payment", loyalty.Pay{Share: half}, 99, 100, 20, 9, 30},
		{"after another payment of all", loyalty.Pay{Share: half}, 99, 100, 50, 0, 0},
		{"after another payment of more", loyalty.Pay{Share: half}, 99, 100, 60, 0, 0},
	} {
		got, ok := payable(terms(c.pay), c.want, loyalty.Money{Amount: c.total, Currency: "EUR"}, c.already)
		if !ok || got.Points != c.points || got.Value.Amount != c.value {
			t.Errorf("%s: %+v, %t", c.name, got, ok)
		}
	}
	if _, ok := Payable(terms(loyalty.Pay{}), 5, loyalty.Money{Amount: 1, Currency: "USD"}); ok {
		t.Error("points pay in a currency without a rate")
	}
	for _, c := range []struct {
		pay     loyalty.Pay
		total   int64
		already int64
		want    loyalty.Points
		ok      bool
	}{
		{loyalty.Pay{}, 100, 0, 1, true},
		{loyalty.Pay{Min: 5}, 100, 0, 5, true},
		{loyalty.Pay{Min: 5, Step: 4}, 100, 0, 8, true},
		{loyalty.Pay{Min: 8, Step: 4}, 100, 0, 8, true},
		{loyalty.Pay{Min: 5, Step: 40}, 100, 0, 30, true},
		{loyalty.Pay{Min: 5}, 16, 0, 5, true},
		{loyalty.Pay{Min: 5}, 15, 0, 5, false},
		{loyalty.Pay{}, 10, 10, 0, false},
	} {
		got, ok := LeastPayment(&terms(c.pay).Pay, loyalty.Money{Amount: c.total, Currency: "EUR"}, c.already)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("the least payment under %+v of %d is %d, %t", c.pay, c.total, got, ok)
		}
	}
}

func TestKeysOfPaymentsForOneOrder(t *testing.T) {
	pay := loyalty.Redemption{
		Reward: PayReward, Value: loyalty.Money{Amount: 50, Currency: "EUR"}, At: loyaltytest.Noon,
	}
	order, cart, both := pay, pay, pay
	order.Order, cart.Cart, both.Order, both.Cart = "1", "c", "1", "c"
	other := order
	other.Reward = "r"
	for _, c := range []struct {
		r    loyalty.Redemption
		want string
	}{
		{pay, ""},
		{other, ""},
		{order, "redemption.pay:EUR:order:1"},
		{cart, "redemption.pay:EUR:cart:c"},
		{both, "redemption.pay:EUR:order:1"},
	} {
		if got := paying(c.r, "EUR"); got != c.want {
			t.Errorf("%+v is counted under %q", c.r, got)
		}
		usage := PaymentUsage(time.UTC, c.r, -1)
		if (len(usage) == 1) != (c.want != "") || len(usage) == 1 && (usage[0].N != -50 || usage[0].Rule != c.want) {
			t.Errorf("%+v uses %+v", c.r, usage)
		}
	}
	free := order
	if free.Value.Amount = 0; len(PaymentUsage(time.UTC, free, 1)) != 0 {
		t.Error("a payment of nothing is counted")
	}
	cart.Value.Amount = 7
	acc := loyalty.Account{
		Usage: append(PaymentUsage(time.UTC, order, 1), PaymentUsage(time.UTC, cart, 1)...),
		Holds: []loyalty.Hold{{Redemption: order}, {Redemption: cart}, {Redemption: order}, {Redemption: pay}},
	}
	in := order
	in.Total = loyalty.Money{Amount: 500, Currency: "EUR"}
	if got := paidBeside(acc, in); got != 150 {
		t.Errorf("other payments pay %d", got)
	}
	if in.Order = ""; paidBeside(acc, in) != 0 {
		t.Error("a payment without an order has other payments")
	}
}
