package loyalty

import "math/big"

// worth is what an order gives at a level, with the reasons; the zero status, placed and cancelled orders are
// worth nothing. The order must have passed check.
//
// Source of the formula: eligible amount × rate × best category × tier, summed, rounded once. An amount is
// eligible after the order's discount, without what was refunded, and without what was paid by points, gift card
// or store credit; discount and tenders are spread over the parts of the order in proportion, exactly. As it is
// a function of what remains, any number of refunds in any order ends at the same points. The reasons are
// differences, so they sum to the result: the base, what each category adds or takes, what the tier adds, what
// rounding takes.
func (p *Program) worth(o Order, level string) (Points, []Because, error) {
	switch o.Status {
	case OrderPlaced:
		return 0, []Because{Reason("earn.purchase", "0", IsUnpaid)}, nil
	case OrderCancelled:
		return 0, []Because{Reason("earn.purchase", "0", IsCancelled)}, nil
	}
	w := worthing{p: p, rate: p.compiled.rates[o.Currency], because: make([]Because, 0, 4)}
	w.base(o)
	w.byCategory(o)
	if m, ok := p.compiled.levels[level]; ok && m.less.sign() != 0 {
		w.add(m.rule, w.sum.mul(m.less), IsFactor, m.text)
	}
	n, ok := w.sum.round(p.Earn.Rounding)
	if !ok {
		return 0, nil, refuse(AmountOutOfRange, "", "The order would earn more points than one operation may move.")
	}
	if rest := whole(int64(n)).sub(w.sum); rest.sign() != 0 {
		w.add("rounding", rest, IsRounded, p.Earn.Rounding.String())
	}
	return n, w.because, nil
}

type worthing struct {
	p            *Program
	rate         compiledRate
	refunded     refunded
	undiscounted exact // the share of a line's amount that the order's discount leaves
	remains      exact // the share of the items that refunds without lines leave
	earning      exact // the share of the total that was paid by means that earn
	sum          exact
	because      []Because
}

func (w *worthing) add(rule string, points exact, what What, args ...string) {
	w.sum = w.sum.add(points)
	w.because = append(w.because, Reason(rule, points.String(), what, args...))
}

// base gives the eligible amount at the currency's rate.
func (w *worthing) base(o Order) {
	total, unearning := o.total(), o.unearning()
	w.refunded = o.refunded()
	w.earning, w.remains = whole(1), whole(1)
	if unearning > 0 {
		w.earning = share(total-unearning, total)
	}
	w.undiscounted = o.undiscounted()
	items := w.left(o, "", false)
	if back := w.refunded.items; back > 0 {
		w.remains = whole(0)
		if rest := items.sub(whole(back)); rest.sign() > 0 {
			w.remains = exactOf(new(big.Rat).Quo(rest.rat(), items.rat()))
		}
	}
	eligible := whole(0)
	if w.p.Earn.Counts.Items {
		eligible = items.mul(w.remains)
	}
	if w.p.Earn.Counts.Shipping {
		eligible = eligible.add(whole(o.Shipping - w.refunded.shipping))
	}
	if w.p.Earn.Counts.Tax {
		eligible = eligible.add(whole(o.Tax - w.refunded.tax))
	}
	w.sum = whole(0)
	eligible = eligible.mul(w.earning)
	w.add("earn.purchase", eligible.mul(w.rate.perMinor), IsRated, amountText(eligible, o.Currency), w.rate.text)
}

// left is what the lines, or those of one category, cost after the order's discount and less what was refunded
// for each; not less than nothing, as a line's refund may be a minor unit more than its exact share.
func (w *worthing) left(o Order, category string, only bool) exact {
	amount, sum := int64(0), whole(0)
	for _, l := range o.Lines {
		if only && l.Category != category {
			continue
		}
		back := w.refunded.lines[l.ID]
		if back == 0 {
			amount += l.Amount
			continue
		}
		if rest := whole(l.Amount).mul(w.undiscounted).sub(whole(back)); rest.sign() > 0 {
			sum = sum.add(rest)
		}
	}
	return sum.add(whole(amount).mul(w.undiscounted))
}

// share is part/of in lowest terms.
func share(part, of int64) exact {
	g := gcd(part, of)
	return exact{num: part / g, den: of / g}
}

// byCategory adds what the lines of each category earn beyond the base, in the order in which the categories
// first appear.
func (w *worthing) byCategory(o Order) {
	if !w.p.Earn.Counts.Items {
		return
	}
	for i, l := range o.Lines {
		m, ok := w.p.compiled.categories[l.Category]
		if !ok || m.less.sign() == 0 || seenBefore(o.Lines[:i], l.Category) {
			continue
		}
		eligible := w.left(o, l.Category, true).mul(w.remains).mul(w.earning)
		w.add(m.rule, eligible.mul(w.rate.perMinor).mul(m.less), IsTimes, amountText(eligible, o.Currency), m.text)
	}
}

func seenBefore(lines []Line, category string) bool {
	for _, l := range lines {
		if l.Category == category {
			return true
		}
	}
	return false
}

// amountText writes an eligible amount, which may be a fraction of a minor unit, in major units.
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
