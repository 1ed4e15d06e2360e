package loyalty

import (
	"math/big"
	"slices"
	"time"
)

// worth returns what an order gives by these rules, with the reasons. The order is that of the state and must have
// passed check. Orders with status placed or canceled, or without a status, give nothing.
//
// The formula is: eligible amount × rate × best category × level, plus what the rules and campaigns give, plus the
// fraction that earlier orders carried if the program carries fractions. The sum is rounded once, then the program's
// caps apply. The eligible amount is the amount after the order's discount, without what was refunded or is contested,
// and without what was paid by points, gift card or store credit. Discount and tenders are spread over the parts of the
// order proportionally, without rounding.
//
// The result depends only on what remains of the order. Any number of refunds in any order therefore ends at the same
// points, unless points were forfeited because their condition was not met in time. The result is never more than the
// same order would give without refunds, so no refund gives points. The reasons are differences and add up to the
// result.
func (p *Program) worth(acc Account, s *OrderState, left Budgets, late func(rule string) time.Time) (worth, error) {
	var w worth
	o := s.Order
	switch o.Status {
	case OrderPaid:
	case OrderCanceled:
		w.because = []Reason{NewReason("earn.purchase", "0", IsCanceled)}
	default:
		w.because = []Reason{NewReason("earn.purchase", "0", IsUnpaid)}
	}
	s.Cut = nil
	if o.Status != OrderPaid {
		s.Buyer.Orders = 0
		if p.compiled.numbers > 0 {
			s.Buyer.Orders = -1
		}
		w.rest = whole(0)
		w.charge(p, s)
		return w, nil
	}
	// What caps, limits and budgets allow is decided on the whole order, even if a refund is known when the order is
	// first seen. The result therefore does not depend on which of the two is reported first.
	s.Order.Refunds, s.Order.Disputes = nil, nil
	w.partly = o.reduced()
	err := w.of(p, acc, s, left, nil)
	w.fit()
	w.received = w.receives()
	if s.Order = o; err == nil && o.reduced() {
		most := w
		w = worth{asks: most.asks, granted: most.received}
		err = w.of(p, acc, s, left, &most)
		w.fit()
		w.received = w.receives()
	}
	w.forfeit(p, late)
	w.charge(p, s)
	return w, err
}

// worth is what an order gives, with everything that follows from it.
type worth struct {
	partly    bool // a part of the order was refunded or is contested; the reduced order is valued next
	total     Points
	asks      []Spend // budgets whose remaining points are unknown and would affect the result
	grants    []owned // what caps, limits and budgets allow each matching rule, even if it lost in its group
	own       []owned // the part of the total that rules with a separate expiry give, in the order of the rules
	inWallets []owned // points in other wallets, not part of the total; by wallet
	takes     []owned // what each rule with a cap, limit or budget gives
	received  []owned // what the member receives under each rule with a budget; see receives
	granted   []owned // the same for the whole order, if this is the reduced order
	because   []Reason
	usage     []Usage
	spends    []Spend
	rest      exact // the fraction that rounding carries to the next order
	counted   bool  // it is one of the member's orders: paid, with at least one earning item remaining
	spend     int64 // what it counts towards a level by spend, in minor units
	pieces    int64 // the qualifying items that it counts towards a level
	brands    []string
	ladders   []Counted // what it counts in other tier groups, by ID

	unbudgeted Points  // what it gives without the layers
	layered    []layer // what rules with a budget add, before the program's caps
}

// owned is a number of whole points of one rule.
type owned struct {
	rule string
	n    Points
}

// of computes what a paid order gives. most is what the whole order gives, if this is the reduced order.
func (w *worth) of(p *Program, acc Account, s *OrderState, left Budgets, most *worth) error {
	v := valuation{p: p, acc: acc, s: s, o: &s.Order, budgets: left, most: most, worth: w}
	w.because, w.rest = make([]Reason, 0, 4), whole(0)
	v.base()
	v.number()
	v.byCategory()
	w.missingLevel(s)
	v.level = whole(1)
	if m, ok := p.compiled.levels[s.Buyer.Level]; ok && m.less.sign() != 0 {
		v.level = m.by
		v.add(m.rule, v.sum.mul(m.less), IsFactor, m.text)
	}
	if len(p.compiled.rules) > 0 && !v.gone() {
		v.rules()
	}
	v.prepare()
	w.count(p, &v)
	w.onLadders(p, &v)
	if err := w.walletWorth(p, &v); err != nil {
		return err
	}
	if err := v.round(); err != nil {
		return err
	}
	if most != nil {
		w.bound(most)
		return nil
	}
	if w.total == 0 && !v.gone() {
		v.unapplied(func(*rule) bool { return true })
	}
	w.cap(p, acc, s)
	return nil
}

// bound limits what a reduced order gives to what the whole order gives.
func (w *worth) bound(most *worth) {
	if w.total > most.total {
		w.because = append(w.because, NewReason("earn.purchase", points(most.total-w.total), IsBounded))
		w.total = most.total
	}
}

// valuation is the state of valuing one order.
type valuation struct {
	*worth
	p       *Program
	acc     Account
	s       *OrderState
	o       *Order
	budgets Budgets
	most    *worth

	rate         compiledRate
	currency     Currency // the currency of rate
	refunded     refunded
	tenders      tenderRefunds
	cardsSold    map[string]bool // the lines that are gift cards, which earn nothing; by ID
	undiscounted exact           // the share of a line's amount that remains after the order's discount
	remains      exact           // the share of the items that remains after refunds without lines
	kept         exact           // the share of a line's amount that earns, converted to currency
	level        exact
	sum          exact
	facts        *Facts
	lines        []lineValue
	all          matched     // all of the lines
	budgeted     []candidate // the rules with a budget that give points, except those with separate lots
	whys         int
	listing      bool // give reasons for every rule that does not apply, not only for campaigns
}

func (v *valuation) add(rule string, points exact, what ReasonKind, args ...string) {
	v.sum = v.sum.add(points)
	v.because = append(v.because, NewReason(rule, points.String(), what, args...))
}

// base adds the points for the eligible amount at the currency's rate.
func (v *valuation) base() {
	v.refunded = v.o.refunded()
	v.cardsSold = v.o.cardsSold()
	v.undiscounted = v.o.undiscounted()
	v.currency, v.kept = v.o.Currency, whole(1)
	v.sum = whole(0)
	if rate, ok := v.s.converted(); ok {
		v.currency = v.p.Exchange.Base
		v.kept = inMinor(rate, v.o.Currency, v.currency)
		v.because = append(v.because, NewReason(
			"exchange", "0", IsConverted, "1 "+string(v.o.Currency), rate.String()+" "+string(v.currency),
		))
	}
	v.rate = v.p.compiled.rates[v.currency]
	if v.tenders = v.o.tenderRefunds(); v.o.unearning() > 0 {
		if all, earning := v.o.remaining(v.tenders); earning.sign() > 0 {
			v.kept = v.kept.mul(earning.quo(all))
		} else {
			v.kept = whole(0)
		}
	}
	if _, unknown := v.o.giftCards(); unknown > 0 {
		v.because = append(v.because, NewReason(
			"earn.purchase", "0", IsUnknownTender, Money{unknown, v.o.Currency}.String(),
		))
	}
	items, extra := v.left(everyLine), whole(0)
	v.remains = whole(1)
	if back := v.refunded.goods; back.sign() > 0 {
		v.remains = whole(0)
		if rest := items.sub(back); rest.sign() > 0 {
			v.remains = rest.quo(items)
		}
	}
	if v.p.Earn.Counts.Shipping {
		extra = whole(v.o.Shipping).sub(v.refunded.shipping)
	}
	if v.p.Earn.Counts.Tax {
		extra = extra.add(whole(v.o.Tax).sub(v.refunded.tax))
	}
	eligible := extra.mul(v.kept)
	v.kept = v.kept.mul(v.remains)
	if v.p.Earn.Counts.Items {
		eligible = eligible.add(v.left(v.earning).mul(v.kept))
	}
	v.rate = v.rate.over(eligible)
	v.add("earn.purchase", eligible.mul(v.rate.perMinor), IsRated, amountText(eligible, v.currency), v.rate.text)
}

// gone reports whether all items were refunded or are contested, or everything was paid by means that earn nothing.
// Then no rule gives points for the rest, such as free items, shipping or tax.
func (v *valuation) gone() bool {
	r := v.refunded
	back := r.goods.sign() > 0 || r.sum().sign() > 0 || len(r.lines) > 0
	unearning := v.kept.sign() == 0 && v.o.total() > 0
	return unearning || (back || v.cardsSold != nil) && v.left(v.earning).mul(v.remains).sign() == 0
}

// earning reports whether a line can earn. Gift cards cannot, as the purchases that they pay for later would earn
// twice.
func (v *valuation) earning(l Line) bool { return !v.cardsSold[l.ID] }

func everyLine(Line) bool { return true }

// left returns the amount of the lines that counts selects, after the order's discount and the refunds of each line.
func (v *valuation) left(counts func(Line) bool) exact {
	amount, sum := int64(0), whole(0)
	for _, l := range v.o.Lines {
		switch {
		case !counts(l):
		case v.refunded.lines[l.ID] == 0:
			amount += l.Amount
		default:
			sum = sum.add(v.leftOf(l))
		}
	}
	return sum.add(whole(amount).mul(v.undiscounted))
}

// leftOf returns the same for one line. It is never negative, although a line's refund may exceed the line's exact
// share by a minor unit.
func (v *valuation) leftOf(l Line) exact {
	rest := whole(l.Amount).mul(v.undiscounted)
	if back := v.refunded.lines[l.ID]; back > 0 {
		if rest = rest.sub(whole(back)); rest.sign() < 0 {
			return whole(0)
		}
	}
	return rest
}

// share returns part/of in lowest terms.
func share(part, of int64) exact {
	g := gcd(part, of)
	return exact{num: part / g, den: of / g}
}

// byCategory adds what the lines of each category earn beyond the base, in the order in which the categories first
// appear.
func (v *valuation) byCategory() {
	if !v.p.Earn.Counts.Items || len(v.p.compiled.categories) == 0 {
		return
	}
	for i, l := range v.o.Lines {
		m, ok := v.category(l.Category)
		if !ok || m.less.sign() == 0 || seenBefore(v.o.Lines[:i], l.Category) {
			continue
		}
		eligible := v.left(func(x Line) bool { return x.Category == l.Category && v.earning(x) }).mul(v.kept)
		v.add(m.rule, eligible.mul(v.rate.perMinor).mul(m.less), IsTimes, amountText(eligible, v.currency), m.text)
	}
}

// category returns the best multiplier of a category whose condition holds.
func (v *valuation) category(name string) (multiplier, bool) {
	for _, m := range v.p.compiled.categories[name] {
		if m.when == nil || v.holds(m.rule, m.when) {
			return m, true
		}
	}
	return multiplier{}, false
}

func seenBefore(lines []Line, category string) bool {
	for _, l := range lines {
		if l.Category == category {
			return true
		}
	}
	return false
}

// count measures what the order counts towards a level: spend, qualifying items and brands.
func (w *worth) count(p *Program, v *valuation) {
	if p.counts(BySpend) {
		if v.prepare(); v.currency == p.Tiers.Currency {
			w.spend, _ = v.all.amount.floor()
		}
	}
	if !p.counts(ByQualifyingItems) && !p.counts(ByBrands) {
		return
	}
	least, ok := p.Tiers.AtLeast[v.currency]
	v.prepare()
	for i, l := range v.lines {
		if l.amount.sign() <= 0 {
			continue
		}
		if ok && p.counts(ByQualifyingItems) && l.amount.sub(whole(least)).sign() >= 0 {
			w.pieces++
		}
		if b := v.o.Lines[i].Brand; p.counts(ByBrands) &&
			slices.Contains(p.Tiers.Brands, b) && !slices.Contains(w.brands, b) {
			w.brands = append(w.brands, b)
		}
	}
	slices.Sort(w.brands)
}

// round rounds the sum to whole points, once.
func (v *valuation) round() error {
	p := v.p
	before := v.sum // the sum of this order alone; a negative sum is not carried to later orders
	if before.sign() < 0 {
		before = whole(0)
	}
	if p.Earn.Carry && v.s.Carried != "" {
		carried := exactFrom(v.s.Carried)
		v.add("carry", carried, IsCarried)
	}
	v.layers()
	n, ok := v.sum.round(p.Earn.Rounding)
	if !ok && v.sum.sign() > 0 {
		return refuse(AmountOutOfRange, "", "The order would earn more points than one operation may move.")
	}
	n = max(0, n)
	if rest := whole(int64(n)).sub(v.sum); rest.sign() != 0 {
		v.add("rounding", rest, IsRounded, p.Earn.Rounding.String())
	}
	v.total = n
	if p.Earn.Carry {
		v.rest = before.sub(whole(int64(n)))
	}
	return nil
}

// cap reduces the total to what the program's caps allow.
func (w *worth) cap(p *Program, acc Account, s *OrderState) {
	if len(p.Earn.Caps) == 0 {
		return
	}
	day := DateOf(s.Order.PlacedAt, p.Zone)
	w.total, w.because = s.share("").bounded(acc, s, p.Earn.Caps, day, w.total, w.because)
}

// fit limits what rules with a separate expiry give to the total. It reduces the last rules first.
func (w *worth) fit() {
	rest := w.total
	for i := range w.own {
		w.own[i].n = min(w.own[i].n, rest)
		rest -= w.own[i].n
	}
}

// forfeit removes points whose condition on the order was not met in time: those of rules with a separate expiry, or
// all the others.
func (w *worth) forfeit(p *Program, late func(rule string) time.Time) {
	base := w.total
	for i := range w.own {
		o := &w.own[i]
		base -= o.n
		if at := late(o.rule); !at.IsZero() && o.n > 0 {
			w.because = append(w.because, NewReason(o.rule, points(-o.n), IsLate, DateOf(at, p.Zone).String()))
			w.total, o.n = w.total-o.n, 0
			late := func(t owned) bool { return t.rule == o.rule }
			w.takes, w.received = slices.DeleteFunc(w.takes, late), slices.DeleteFunc(w.received, late)
		}
	}
	if at := late(""); !at.IsZero() && base > 0 {
		w.because = append(w.because, NewReason("pending", points(-base), IsLate, DateOf(at, p.Zone).String()))
		w.total -= base
		late := func(t owned) bool { return w.ofRule(t.rule) == 0 }
		w.takes, w.received = slices.DeleteFunc(w.takes, late), slices.DeleteFunc(w.received, late)
	}
}

// charge updates the order's shares of caps, limits and budgets to what it uses now.
func (w *worth) charge(p *Program, s *OrderState) {
	w.spends = w.asks
	if len(p.Earn.Caps)+len(p.compiled.rules) == 0 {
		return
	}
	day := DateOf(s.Order.PlacedAt, p.Zone)
	if len(p.Earn.Caps) > 0 {
		w.usage = s.share("").use(w.total, p.Earn.Caps, nil, day)
	}
	for i := range p.compiled.rules {
		r := &p.compiled.rules[i]
		if !r.bounded {
			continue
		}
		n := pointsOf(w.takes, r.key)
		if n == 0 && s.shareOf(r.key).Used == 0 {
			continue
		}
		share := s.share(r.key)
		w.chargeBudget(r, share)
		w.usage = append(w.usage, share.use(n, r.Caps, r.limits, day)...)
	}
}

// amountText formats an eligible amount, which may include a fraction of a minor unit, in major units.
func amountText(x exact, c Currency) string {
	if x.big == nil && x.den == 1 {
		return Money{x.num, c}.String()
	}
	exp, _ := c.Exponent()
	for ; exp > 0; exp-- {
		x = x.mul(exact{num: 1, den: 10})
	}
	return x.String() + " " + string(c)
}

// inMinor converts a rate between major units of two currencies to a rate between their minor units.
func inMinor(rate exact, from, to Currency) exact {
	a, _ := from.Exponent()
	b, _ := to.Exponent()
	return rate.mul(power10(b - a))
}

func power10(n int) exact {
	r := big.NewRat(1, 1)
	for ; n > 0; n-- {
		r.Mul(r, big.NewRat(10, 1))
	}
	for ; n < 0; n++ {
		r.Quo(r, big.NewRat(10, 1))
	}
	return exactOf(r)
}
