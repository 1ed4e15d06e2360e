package loyalty

import (
	"math/big"
	"slices"
	"strings"
)

// Pay is how orders can be paid with points. Without rates they cannot.
type Pay struct {
	Rates map[Currency]Rate  // so many points are so much money: 100 points per 1.00 EUR is {100, 100}
	Min   Points             // at least so many at a time
	Step  Points             // in multiples of this; zero for 1. The last step may be smaller, so that all can be paid
	Share *big.Rat           // at most this share of an order, all payments together, above 0 and at most 1; nil for all of it
	Most  map[Currency]int64 // at most so much of one order, in minor units; a currency that is not there has no bound
}

// A Payment is how much of an order points pay.
type Payment struct {
	Points Points
	Value  Money
}

// Payable is what up to want points pay of an order that comes to total: never more than share and bound allow, in whole
// steps, and no point more than the money is worth. Zero is as many as possible. What points cover to the last cent
// needs no whole step. The zero Payment: none, or fewer than the least. The least is of points as they are offered, in
// whole steps: those of them that the money is not worth are not taken, and lack nobody. ok is false if the program takes
// no points for that currency.
//
// Source of the formula: points × money per point, rounded down to a minor unit; and for money, the least number of
// points that is worth it.
func (p *Program) Payable(want Points, total Money) (pay Payment, ok bool) {
	return p.payable(want, total, 0)
}

// payable is Payable of an order of which points pay so much already.
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

// bound is how much more of an order points may pay.
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

// paying is the order that a redemption pays for with points, or the cart where it names no order, as the rule of a usage;
// empty if it is no payment, or names neither and stands for itself.
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

// pays is what a payment that is committed uses of what points may pay of its order, in minor units, times n: 1 when it is
// committed, -1 when it is undone.
func (p *Program) pays(r Redemption, n int64) []Usage {
	rule := r.paying(r.Value.Currency)
	if rule == "" || r.Value.Amount == 0 {
		return nil
	}
	return []Usage{{Rule: rule, Per: perUse, Ends: DateOf(r.At, p.Zone), N: n * r.Value.Amount}}
}

// paidBeside is how much the member's other payments pay of the order of one, in minor units: those that are committed,
// and those that are reserved.
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

// need is the least number of points that is worth an amount of minor units.
func need(amount int64, perPoint exact) Points {
	n, isWhole := whole(amount).quo(perPoint).floor()
	if !isWhole {
		n++
	}
	return Points(n)
}

// PayReward is the id under which points pay for an order.
const PayReward = "pay-with-points"

// payment is the reward that a payment is, with its cost, for who can draw on more than is there; a refusal if none is
// possible.
func (p *Program) payment(acc Account, more Points, in *Redemption) (Reward, error) {
	available := acc.Balance().Active + more
	want := in.Points
	switch {
	case len(p.Redemption.Pay.Rates) == 0:
		return Reward{}, refuse(NotFound, "/reward", "The program does not take points as payment.")
	case in.Total.Amount <= 0 || in.Total.Amount > MaxAmount:
		return Reward{}, refuse(ValidationFailed, "/order_total", "Say what the order comes to.")
	case want < 0:
		return Reward{}, refuse(AmountNotPositive, "/points", "Points that pay are above 0.")
	case want == 0, want > available:
		want = available
	}
	already := acc.paidBeside(*in)
	pay, ok := p.payable(want, in.Total, already)
	if !ok {
		return Reward{}, refuse(CurrencyUnsupported, "/order_total/currency", "The program takes points for "+p.Redemption.Pay.currencies()+".")
	}
	if pay.Points == 0 {
		least, ok := p.Redemption.Pay.least(in.Total, already)
		if !ok {
			return Reward{}, refuse(AmountOutOfRange, "/order_total", "What points may yet pay of this order costs less than the "+points(max(1, p.Redemption.Pay.Min))+" points that a payment takes at least.")
		}
		if available < least {
			return Reward{}, p.insufficientWith(acc, "", more, least, "A payment takes at least")
		}
		return Reward{}, refuse(AmountOutOfRange, "/points", "So many points pay nothing of this order; at least "+points(least)+" do, in steps of "+points(max(1, p.Redemption.Pay.Step))+".")
	}
	in.Requested, in.Value = in.Points, pay.Value
	return Reward{ID: PayReward, Type: "pay", Cost: pay.Points}, nil
}

// least is the fewest points that pay anything of an order that comes to total, of which points pay so much already: in
// whole steps, or what covers all that they may pay; false if none do.
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
