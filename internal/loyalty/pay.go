package loyalty

import (
	"math/big"
	"slices"
	"strings"
)

// Pay states how members can pay for orders with points. Without Rates they cannot.
type Pay struct {
	// Rates is the number of points per amount of money: 100 points per 1.00 EUR is {100, 100}.
	Rates map[Currency]Rate
	// Min is the fewest points that one payment takes.
	Min Points
	// Step is the number of points of which a payment is a multiple; zero means 1. The last step may be smaller, so
	// that points can pay the whole amount.
	Step Points
	// Share is the largest share of an order that all payments with points together can pay, above 0 and at most 1; nil
	// means the whole order.
	Share *big.Rat
	// Most is the largest amount of one order that points can pay, in minor units. A currency without an entry has no
	// limit.
	Most map[Currency]int64
}

// A Payment is the number of points that pay for an order, and the money that they are worth.
type Payment struct {
	Points Points
	Value  Money
}

// Payable returns how much of an order with the given total up to want points can pay. If want is at least the points
// that the payable amount is worth, the payment covers that amount exactly; otherwise want is rounded down to whole
// steps. A payment never exceeds Share and Most, and takes no point beyond the money that it pays. It is zero if no
// payment is possible, or if the points are fewer than Min. Min applies to the points before those beyond the money are
// removed, so that removing them cannot make a payment too small. ok is false if the program takes no points for that
// currency.
//
// Source of the formula: points × money per point, rounded down to a minor unit; for money, the least number of points
// that is worth it.
func (p *Program) Payable(want Points, total Money) (pay Payment, ok bool) {
	return p.payable(want, total, 0)
}

// payable is like Payable, for an order of which points already pay the given amount in minor units.
func (p *Program) payable(want Points, total Money, already int64) (pay Payment, ok bool) {
	rate, ok := p.Redemption.Pay.Rates[total.Currency]
	if !ok {
		return Payment{}, false
	}
	perPoint := rate.perPoint()
	value := p.Redemption.Pay.bound(total, already)
	if want < need(value, perPoint) {
		step := max(1, p.Redemption.Pay.Step)
		want = want / step * step
		value, _ = perPoint.mul(whole(int64(want))).floor()
	}
	if least, _ := perPoint.mul(whole(int64(p.Redemption.Pay.Min))).floor(); want < p.Redemption.Pay.Min || value < max(1, least) {
		return Payment{}, true
	}
	return Payment{need(value, perPoint), Money{value, total.Currency}}, true
}

// bound returns how much more of an order points may pay, in minor units.
func (y *Pay) bound(total Money, already int64) int64 {
	most := total.Amount
	if y.Share != nil {
		most, _ = exactOf(y.Share).mul(whole(total.Amount)).floor()
	}
	if n, ok := y.Most[total.Currency]; ok {
		most = min(most, n)
	}
	return max(0, most-already)
}

// paying returns the usage rule of the order that a redemption pays for with points, or of the cart if the redemption
// names no order. It is empty if the redemption is not a payment or names neither; such a payment has no other payments
// to share a limit with.
func (r Redemption) paying(c Currency) string {
	switch {
	case r.Reward != PayReward:
		return ""
	case r.Order != "":
		return "redemption.pay:" + string(c) + ":order:" + r.Order
	case r.Cart != "":
		return "redemption.pay:" + string(c) + ":cart:" + r.Cart
	}
	return ""
}

// pays returns how much a committed payment uses of the amount that points may pay of its order, in minor units, times
// n. n is 1 when the payment is committed and -1 when it is reversed.
func (p *Program) pays(r Redemption, n int64) []Usage {
	rule := r.paying(r.Value.Currency)
	if rule == "" || r.Value.Amount == 0 {
		return nil
	}
	return []Usage{{Rule: rule, Per: perUse, Ends: DateOf(r.At, p.Zone), N: n * r.Value.Amount}}
}

// paidBeside returns how much of the same order the member's other payments pay, in minor units. It counts committed
// and reserved payments.
func (a Account) paidBeside(r Redemption) (n int64) {
	rule := r.paying(r.Total.Currency)
	if rule == "" {
		return 0
	}
	for _, u := range a.Usage {
		if u.Rule == rule && u.Per == perUse {
			n += u.N
		}
	}
	for _, h := range a.Holds {
		if h.Redemption.paying(h.Redemption.Value.Currency) == rule {
			n += h.Redemption.Value.Amount
		}
	}
	return n
}

// need returns the least number of points that is worth an amount in minor units.
func need(amount int64, perPoint exact) Points {
	n, isWhole := whole(amount).quo(perPoint).floor()
	if !isWhole {
		n++
	}
	return Points(n)
}

// PayReward is the reward ID of redemptions that pay for an order with points.
const PayReward = "pay-with-points"

// payment returns a payment as a reward with its cost in points, and sets the requested points and the value in the
// redemption. more is the number of points that the member can use beyond the account's own, such as those of the
// household. It returns a rejection if no payment is possible.
func (p *Program) payment(acc Account, more Points, in *Redemption) (Reward, error) {
	available := acc.Balance().Active + more
	want := in.Points
	switch {
	case len(p.Redemption.Pay.Rates) == 0:
		return Reward{}, refuse(NotFound, "/reward", "The program does not accept points as payment.")
	case in.Total.Amount <= 0 || in.Total.Amount > MaxAmount:
		return Reward{}, refuse(ValidationFailed, "/order_total", "Specify order_total, above 0.")
	case want < 0:
		return Reward{}, refuse(AmountNotPositive, "/points", "points must be above 0.")
	case want == 0, want > available:
		want = available
	}
	already := acc.paidBeside(*in)
	pay, ok := p.payable(want, in.Total, already)
	if !ok {
		return Reward{}, refuse(CurrencyUnsupported, "/order_total/currency",
			"The program accepts points as payment in "+p.Redemption.Pay.currencies()+".")
	}
	if pay.Points == 0 {
		least, ok := p.Redemption.Pay.least(in.Total, already)
		if !ok {
			return Reward{}, refuse(AmountOutOfRange, "/order_total",
				"The part of this order that points can still pay costs fewer than the "+points(max(1, p.Redemption.Pay.Min))+
					" points that the program requires.")
		}
		if available < least {
			return Reward{}, p.insufficientWith(acc, "", more, least, "The minimum payment is")
		}
		return Reward{}, refuse(AmountOutOfRange, "/points",
			"Too few points to pay any part of this order. Use at least "+points(least)+", in steps of "+
				points(max(1, p.Redemption.Pay.Step))+".")
	}
	in.Requested, in.Value = in.Points, pay.Value
	return Reward{ID: PayReward, Type: "pay", Cost: pay.Points}, nil
}

// least returns the fewest points that can pay for any part of an order with the given total, of which points already
// pay the given amount in minor units. They are in whole steps, or fewer if they cover everything that points may pay.
// It returns false if no number of points can pay.
func (y *Pay) least(total Money, already int64) (Points, bool) {
	rate, step, most := y.Rates[total.Currency], max(1, y.Step), y.bound(total, already)
	worth, _ := rate.perPoint().mul(whole(int64(y.Min))).floor()
	n := max(y.Min, need(1, rate.perPoint()))
	return min((n+step-1)/step*step, max(y.Min, need(most, rate.perPoint()))), most >= max(1, worth)
}

func (y *Pay) currencies() string {
	var out []string
	for c := range y.Rates {
		out = append(out, string(c))
	}
	return strings.Join(slices.Sorted(slices.Values(out)), ", ")
}
