package earn

import (
	"math/big"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

// WorthOf returns the points that an order gives under the rules, with the reasons. The state s contains
// the order, which must be valid. Orders with status placed or canceled, or without a status, give nothing. The
// function late returns the instant at which the points of a rule were forfeited, or zero. For the empty rule, it
// returns the instant for all other points.
//
// The formula is: eligible amount × rate × best category × level, plus the points of rules and campaigns, plus the
// fraction that earlier orders carried over, if the program carries fractions. The sum is rounded once, then the
// program's caps apply. The eligible amount is the amount after the order's discount, without refunded or contested
// money, and without payments by points, gift card or store credit. Discount and tenders are spread over the parts of
// the order proportionally, without rounding.
//
// The result depends only on the line items and the money that remain of the order. Any number of refunds in any order
// therefore leads to the same points, unless points were forfeited because their condition was not met in time. The
// result never exceeds the points of the same order without refunds, so no refund gives points. The reasons are
// differences and add up to the result.
func WorthOf(
	r Rules, acc loyalty.Account, s *loyalty.OrderState, left Budgets, late func(rule string) time.Time,
) (Worth, error) {
	var w Worth
	o := s.Order
	switch o.Status {
	case loyalty.OrderPaid:
	case loyalty.OrderCanceled:
		w.Reasons = []loyalty.Reason{loyalty.NewReason("earn.purchase", "0", loyalty.IsCanceled)}
	default:
		w.Reasons = []loyalty.Reason{loyalty.NewReason("earn.purchase", "0", loyalty.IsUnpaid)}
	}
	s.Cut = nil
	if o.Status != loyalty.OrderPaid {
		s.Buyer.Orders = 0
		if r.Compiled.Numbers > 0 {
			s.Buyer.Orders = -1
		}
		w.Rest = exact.Whole(0)
		w.charge(r.Earning, r.Zone, s)
		return w, nil
	}
	// Caps, limits and budgets are applied to the whole order, even if a refund is reported together with the order.
	// The result therefore does not depend on whether the order or the refund is reported first.
	s.Order.Refunds, s.Order.Disputes = nil, nil
	w.partly = Reduced(o)
	err := w.evaluate(r, acc, s, left, nil)
	w.fit()
	w.received = w.receives()
	if s.Order = o; err == nil && Reduced(o) {
		most := w
		w = Worth{asks: most.asks, granted: most.received}
		err = w.evaluate(r, acc, s, left, &most)
		w.fit()
		w.received = w.receives()
	}
	w.forfeit(r.Zone, late)
	w.charge(r.Earning, r.Zone, s)
	return w, err
}

// evaluate computes the points of a paid order. If this is the order reduced by refunds, the parameter most is the
// Worth of the whole order.
func (w *Worth) evaluate(
	r Rules, acc loyalty.Account, s *loyalty.OrderState, left Budgets, most *Worth,
) error {
	v := Valuation{Rules: r, Acc: acc, S: s, goods: goods{order: &s.Order}, budgets: left, most: most, Worth: w}
	w.Reasons, w.Rest = make([]loyalty.Reason, 0, 4), exact.Whole(0)
	v.base()
	v.number()
	v.byCategory()
	w.MissingLevel(s)
	v.level = exact.Whole(1)
	if m, ok := r.Compiled.Levels[s.Buyer.Level]; ok && m.Less.Sign() != 0 {
		v.level = m.By
		v.add(m.Rule, v.sum.Mul(m.Less), loyalty.IsFactor, m.Text)
	}
	if len(r.Compiled.Rules) > 0 && !v.nothingEligible() {
		v.rules()
	}
	v.prepare()
	w.count(&r.Tiers, &v)
	w.countTierGroups(r.TierGroups, &v)
	if err := w.walletWorth(&r.Compiled, r.Wallets, &v); err != nil {
		return err
	}
	if err := v.round(); err != nil {
		return err
	}
	if most != nil {
		w.bound(most)
		return nil
	}
	if w.Total == 0 && !v.nothingEligible() {
		v.unapplied(func(*loyalty.CompiledRule) bool { return true })
	}
	w.cap(&r.Earn, r.Zone, acc, s)
	return nil
}

// bound limits the points of an order reduced by refunds to the points of the whole order.
func (w *Worth) bound(most *Worth) {
	if w.Total > most.Total {
		w.Reasons = append(
			w.Reasons, loyalty.NewReason("earn.purchase", loyalty.FormatPoints(most.Total-w.Total), loyalty.IsBounded),
		)
		w.Total = most.Total
	}
}

// base adds the points for the eligible amount at the currency's rate.
func (v *Valuation) base() {
	v.refunded = RefundedAmounts(*v.order)
	v.cardsSold = receipt.CardsSold(v.order)
	v.undiscounted = receipt.Undiscounted(*v.order)
	v.currency, v.share = v.order.Currency, exact.Whole(1)
	v.sum = exact.Whole(0)
	if rate, ok := receipt.ConversionRate(v.S); ok {
		v.currency = v.Exchange.Base
		v.share = inMinor(rate, v.order.Currency, v.currency)
		v.Reasons = append(v.Reasons, loyalty.NewReason(
			"exchange", "0", loyalty.IsConverted, "1 "+string(v.order.Currency), rate.String()+" "+string(v.currency),
		))
	}
	v.rate = v.Compiled.Rates[v.currency]
	if v.tenders = receipt.TenderRefundsOf(v.order); receipt.Unearning(*v.order) > 0 {
		if all, earning := receipt.RemainingMoney(v.order, v.tenders); earning.Sign() > 0 {
			v.share = v.share.Mul(earning.Quo(all))
		} else {
			v.share = exact.Whole(0)
		}
	}
	if _, unknown := receipt.OrderGiftCards(v.order); unknown > 0 {
		v.Reasons = append(v.Reasons, loyalty.NewReason(
			"earn.purchase", "0", loyalty.IsUnknownTender,
			loyalty.Money{Amount: unknown, Currency: v.order.Currency}.String(),
		))
	}
	items, extra := v.remaining(everyLine), exact.Whole(0)
	v.remains = exact.Whole(1)
	if back := v.refunded.Goods; back.Sign() > 0 {
		v.remains = exact.Whole(0)
		if rest := items.Sub(back); rest.Sign() > 0 {
			v.remains = rest.Quo(items)
		}
	}
	if v.Earn.Counts.Shipping {
		extra = exact.Whole(v.order.Shipping).Sub(v.refunded.Shipping)
	}
	if v.Earn.Counts.Tax {
		extra = extra.Add(exact.Whole(v.order.Tax).Sub(v.refunded.Tax))
	}
	eligible := extra.Mul(v.share)
	v.share = v.share.Mul(v.remains)
	if v.Earn.Counts.Items {
		eligible = eligible.Add(v.remaining(v.earning).Mul(v.share))
	}
	v.rate = over(v.rate, eligible)
	v.add(
		"earn.purchase", eligible.Mul(v.rate.PerMinor), loyalty.IsRated, loyalty.AmountText(eligible, v.currency),
		v.rate.Text,
	)
}

// round rounds the sum to whole points, once.
func (v *Valuation) round() error {
	before := v.sum // the sum without the carried fraction; a negative sum is not carried to later orders
	if before.Sign() < 0 {
		before = exact.Whole(0)
	}
	if v.Earn.Carry && v.S.Carried != "" {
		carried := exact.Parse(v.S.Carried)
		v.add("carry", carried, loyalty.IsCarried)
	}
	v.layers()
	n, ok := loyalty.RoundPoints(v.sum, v.Earn.Rounding)
	if !ok && v.sum.Sign() > 0 {
		return loyalty.Refuse(
			loyalty.AmountOutOfRange, "", "The order would earn more points than one operation may move.",
		)
	}
	n = max(0, n)
	if rest := exact.Whole(int64(n)).Sub(v.sum); rest.Sign() != 0 {
		v.add("rounding", rest, loyalty.IsRounded, v.Earn.Rounding.String())
	}
	v.Total = n
	if v.Earn.Carry {
		v.Rest = before.Sub(exact.Whole(int64(n)))
	}
	return nil
}

// cap reduces the total to the points that the program's caps allow.
func (w *Worth) cap(terms *loyalty.Earn, zone *time.Location, acc loyalty.Account, s *loyalty.OrderState) {
	if len(terms.Caps) == 0 {
		return
	}
	day := calendar.DateOf(s.Order.PlacedAt, zone)
	w.Total, w.Reasons = bounded(share(s, ""), acc, s, terms.Caps, day, w.Total, w.Reasons)
}

// fit limits the points of rules with a separate expiry to the order's total. It reduces the points of the last rules
// first.
func (w *Worth) fit() {
	rest := w.Total
	for i := range w.Own {
		w.Own[i].N = min(w.Own[i].N, rest)
		rest -= w.Own[i].N
	}
}

// forfeit removes points whose condition on the order was not met in time. These are the points of rules with a
// separate expiry, or all other points.
func (w *Worth) forfeit(zone *time.Location, late func(rule string) time.Time) {
	base := w.Total
	for i := range w.Own {
		o := &w.Own[i]
		base -= o.N
		if at := late(o.Rule); !at.IsZero() && o.N > 0 {
			w.Reasons = append(
				w.Reasons,
				loyalty.NewReason(
					o.Rule, loyalty.FormatPoints(-o.N), loyalty.IsLate, calendar.DateOf(at, zone).String(),
				),
			)
			w.Total, o.N = w.Total-o.N, 0
			late := func(t owned) bool { return t.Rule == o.Rule }
			w.takes, w.received = slices.DeleteFunc(w.takes, late), slices.DeleteFunc(w.received, late)
		}
	}
	if at := late(""); !at.IsZero() && base > 0 {
		w.Reasons = append(
			w.Reasons,
			loyalty.NewReason(
				"pending", loyalty.FormatPoints(-base), loyalty.IsLate, calendar.DateOf(at, zone).String(),
			),
		)
		w.Total -= base
		late := func(t owned) bool { return w.OfRule(t.Rule) == 0 }
		w.takes, w.received = slices.DeleteFunc(w.takes, late), slices.DeleteFunc(w.received, late)
	}
}

// inMinor converts a rate between major units of two currencies to a rate between their minor units.
func inMinor(rate exact.Number, from, to loyalty.Currency) exact.Number {
	a, _ := from.Exponent()
	b, _ := to.Exponent()
	return rate.Mul(power10(b - a))
}

func power10(n int) exact.Number {
	r := big.NewRat(1, 1)
	for ; n > 0; n-- {
		r.Mul(r, big.NewRat(10, 1))
	}
	for ; n < 0; n++ {
		r.Quo(r, big.NewRat(10, 1))
	}
	return exact.Of(r)
}

// over returns a rate under which each part of the amount gives a proportional share of the points for the whole
// amount. For a rate that counts only full steps, a rule for a part of the order then gives its share of the points for
// the full steps.
func over(r loyalty.CompiledRate, amount exact.Number) loyalty.CompiledRate {
	if r.Step != 0 && amount.Sign() > 0 {
		r.PerMinor = r.Gives(amount).Quo(amount)
	}
	return r
}

// UnappliedCampaigns adds to a quote's reasons the reason why each other running campaign does not apply.
func UnappliedCampaigns(
	r Rules, acc loyalty.Account, s *loyalty.OrderState, reasons []loyalty.Reason,
) []loyalty.Reason {
	var w Worth
	v := Valuation{Rules: r, Acc: acc, S: s, goods: goods{order: &s.Order}, Worth: &w}
	v.base()
	v.level, w.Reasons = exact.Whole(1), reasons
	v.unapplied(func(x *loyalty.CompiledRule) bool { return x.Campaign })
	return w.Reasons
}

// FactsOf returns the facts of an order that conditions can use. They describe the order after its refunds.
func FactsOf(r Rules, s *loyalty.OrderState) *loyalty.Facts {
	v := Valuation{Rules: r, S: s, goods: goods{order: &s.Order}, Worth: new(Worth)}
	v.base()
	return v.orderFacts()
}
