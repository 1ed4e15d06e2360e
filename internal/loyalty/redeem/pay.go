package redeem

import (
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// A Payment is the number of points that pay for an order, and the money that they are worth.
type Payment struct {
	Points loyalty.Points
	Value  loyalty.Money
}

// Payable returns how much of an order a member can pay with at most the given number of points. The parameter total is
// the order's total. If the points are enough for the whole payable amount, the payment covers that amount exactly.
// Otherwise, their number is rounded down to whole steps. A payment never exceeds Pay.Share and Pay.Most, and takes no
// more points than its amount of money requires. It is zero if no payment is possible, or if the points are fewer than
// Pay.Min. Pay.Min is checked before surplus points are removed, so that removing them cannot make a payment too small.
// Payable returns false if the program accepts no points for that currency.
//
// Formulas: the money for points is points × money per point, rounded down to a minor unit; the points for money are
// the least number of points that is worth the money.
func Payable(terms *loyalty.RedemptionTerms, want loyalty.Points, total loyalty.Money) (pay Payment, ok bool) {
	return payable(terms, want, total, 0)
}

// payable is like Payable, for an order of which other payments with points already pay a part. The caller passes the
// amount of that part in minor units.
func payable(
	terms *loyalty.RedemptionTerms, want loyalty.Points, total loyalty.Money, already int64,
) (pay Payment, ok bool) {
	rate, ok := terms.Pay.Rates[total.Currency]
	if !ok {
		return Payment{}, false
	}
	perPoint := rate.PerPoint()
	value := bound(&terms.Pay, total, already)
	if want < PointsNeeded(value, perPoint) {
		step := max(1, terms.Pay.Step)
		want = want / step * step
		value, _ = perPoint.Mul(exact.Whole(int64(want))).Floor()
	}
	if least, _ := perPoint.Mul(exact.Whole(int64(terms.Pay.Min))).Floor(); want < terms.Pay.Min ||
		value < max(1, least) {
		return Payment{}, true
	}
	return Payment{PointsNeeded(value, perPoint), loyalty.Money{Amount: value, Currency: total.Currency}}, true
}

// bound returns how much more of an order points may pay, in minor units.
func bound(y *loyalty.Pay, total loyalty.Money, already int64) int64 {
	most := total.Amount
	if y.Share != nil {
		most, _ = exact.Of(y.Share).Mul(exact.Whole(total.Amount)).Floor()
	}
	if n, ok := y.Most[total.Currency]; ok {
		most = min(most, n)
	}
	return max(0, most-already)
}

// paying returns the key under which all payments with points for an order are counted together. For a redemption
// without an order, it is the key for its cart. The key is empty if the redemption is not a payment, or has neither an
// order nor a cart. In that case, no other payment counts towards the same limit.
func paying(r loyalty.Redemption, c loyalty.Currency) string {
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

// PaymentUsage returns how much a committed payment uses of its order's limit on payments with points, in minor units.
// The usage is multiplied by n, which is 1 when the payment is committed and -1 when it is reversed.
func PaymentUsage(zone *time.Location, r loyalty.Redemption, n int64) []loyalty.Usage {
	rule := paying(r, r.Value.Currency)
	if rule == "" || r.Value.Amount == 0 {
		return nil
	}
	return []loyalty.Usage{{Rule: rule, Per: PerUse, Ends: calendar.DateOf(r.At, zone), N: n * r.Value.Amount}}
}

// paidBeside returns the amount that the member's other payments pay for the same order, in minor units. It counts
// committed and reserved payments.
func paidBeside(a loyalty.Account, r loyalty.Redemption) (n int64) {
	rule := paying(r, r.Total.Currency)
	if rule == "" {
		return 0
	}
	for _, u := range a.Usage {
		if u.Rule == rule {
			n += u.N
		}
	}
	for _, h := range a.Holds {
		if paying(h.Redemption, h.Redemption.Value.Currency) == rule {
			n += h.Redemption.Value.Amount
		}
	}
	return n
}

// PointsNeeded returns the least number of points that is worth an amount in minor units.
func PointsNeeded(amount int64, perPoint exact.Number) loyalty.Points {
	n, isWhole := exact.Whole(amount).Quo(perPoint).Floor()
	if !isWhole {
		n++
	}
	return loyalty.Points(n)
}

// PayReward is the reward ID of redemptions that pay for an order with points.
const PayReward = "pay-with-points"

// payment returns a reward that represents a payment, and its cost in points. It sets the requested points and the
// value in the redemption. The parameter more is the number of points that the member can use beyond the account's
// points, such as those of the household. It returns a rejection if no payment is possible.
func (rs Rules) payment(
	acc loyalty.Account, more loyalty.Points, in *loyalty.Redemption,
) (loyalty.Reward, error) {
	available := acc.Balance().Active + more
	want := in.Points
	switch {
	case len(rs.Redemption.Pay.Rates) == 0:
		return loyalty.Reward{}, loyalty.Refuse(
			loyalty.NotFound, "/reward", "The program does not accept points as payment.",
		)
	case in.Total.Amount <= 0 || in.Total.Amount > loyalty.MaxAmount:
		return loyalty.Reward{}, loyalty.Refuse(
			loyalty.ValidationFailed, "/order_total", "Specify order_total, above 0.",
		)
	case want < 0:
		return loyalty.Reward{}, loyalty.Refuse(loyalty.AmountNotPositive, "/points", "points must be above 0.")
	case want == 0, want > available:
		want = available
	}
	already := paidBeside(acc, *in)
	pay, ok := payable(&rs.Redemption, want, in.Total, already)
	if !ok {
		return loyalty.Reward{}, loyalty.Refuse(loyalty.CurrencyUnsupported, "/order_total/currency",
			"The program accepts points as payment in "+currencies(&rs.Redemption.Pay)+".")
	}
	if pay.Points == 0 {
		least, ok := LeastPayment(&rs.Redemption.Pay, in.Total, already)
		if !ok {
			return loyalty.Reward{}, loyalty.Refuse(loyalty.AmountOutOfRange, "/order_total",
				"The part of this order that points can still pay costs fewer than the "+loyalty.FormatPoints(
					max(1, rs.Redemption.Pay.Min),
				)+
					" points that the program requires.")
		}
		if available < least {
			return loyalty.Reward{}, rs.insufficientWith(acc, "", more, least, "The minimum payment is")
		}
		return loyalty.Reward{}, loyalty.Refuse(loyalty.AmountOutOfRange, "/points",
			"Too few points to pay any part of this order. Use at least "+loyalty.FormatPoints(least)+", in steps of "+
				loyalty.FormatPoints(max(1, rs.Redemption.Pay.Step))+".")
	}
	in.Requested, in.Value = in.Points, pay.Value
	return loyalty.Reward{ID: PayReward, Type: "pay", Cost: pay.Points}, nil
}

// LeastPayment returns the smallest number of points that can pay for any part of an order. The caller passes the
// amount that other points already pay, in minor units. The result is a multiple of the step, or fewer points if these
// pay the whole payable amount. It returns false if no number of points can pay.
func LeastPayment(y *loyalty.Pay, total loyalty.Money, already int64) (loyalty.Points, bool) {
	rate, step, most := y.Rates[total.Currency], max(1, y.Step), bound(y, total, already)
	worth, _ := rate.PerPoint().Mul(exact.Whole(int64(y.Min))).Floor()
	n := max(y.Min, PointsNeeded(1, rate.PerPoint()))
	return min((n+step-1)/step*step, max(y.Min, PointsNeeded(most, rate.PerPoint()))), most >= max(1, worth)
}

func currencies(y *loyalty.Pay) string {
	var out []string
	for c := range y.Rates {
		out = append(out, string(c))
	}
	return strings.Join(slices.Sorted(slices.Values(out)), ", ")
}
