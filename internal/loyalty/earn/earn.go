package earn

import (
	"math/big"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

// WorthOf returns the points that an order gives under the rules of the program, with the reasons. The state s contains
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
	p *loyalty.Program, acc loyalty.Account, s *loyalty.OrderState, left Budgets, late func(rule string) time.Time,
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
		if p.Compiled.Numbers > 0 {
			s.Buyer.Orders = -1
		}
		w.Rest = exact.Whole(0)
		w.charge(&p.Earning, p.Zone, s)
		return w, nil
	}
	// Caps, limits and budgets are applied to the whole order, even if a refund is reported together with the order.
	// The result therefore does not depend on whether the order or the refund is reported first.
	s.Order.Refunds, s.Order.Disputes = nil, nil
	w.partly = Reduced(o)
	err := w.evaluate(p, acc, s, left, nil)
	w.fit()
	w.received = w.receives()
	if s.Order = o; err == nil && Reduced(o) {
		most := w
		w = Worth{asks: most.asks, granted: most.received}
		err = w.evaluate(p, acc, s, left, &most)
		w.fit()
		w.received = w.receives()
	}
	w.forfeit(p.Zone, late)
	w.charge(&p.Earning, p.Zone, s)
	return w, err
}

// Worth contains the points that an order gives, and the resulting usage of caps, limits and budgets.
type Worth struct {
	partly     bool // a part of the order was refunded or is contested, so the reduced order is evaluated next
	Total      loyalty.Points
	asks       []posting.Spend // budgets whose remaining points are unknown and would affect the result
	grants     []owned         // the points allowed for each matching rule, even if another rule applied instead
	Own        []owned         // the part of the total from rules with a separate expiry, in the order of the rules
	InWallets  []owned         // the points in other wallets, which are not part of the total; sorted by wallet
	takes      []owned         // the points of each rule with a cap, limit or budget
	received   []owned         // the points that the member receives under each rule with a budget; see receives
	granted    []owned         // the value of received for the whole order, if this is the order reduced by refunds
	Reasons    []loyalty.Reason
	Usage      []loyalty.Usage
	Spends     []posting.Spend
	Rest       exact.Number // the fraction that rounding carries to the next order
	Counted    bool         // the order counts: it is paid, and at least one earning item remains
	Spend      int64        // the amount that counts towards a level by spend, in minor units
	Pieces     int64        // the number of qualifying items that count towards a level
	Brands     []string
	TierGroups []loyalty.Counted // the amounts that count in other tier groups, sorted by ID

	unbudgeted loyalty.Points // the points of the order without those in layered
	layered    []layer        // the points of each rule with a budget, before the program's caps
}

// owned is a whole number of points that belong to one rule.
type owned struct {
	Rule string
	N    loyalty.Points
}

// evaluate computes the points of a paid order. If this is the order reduced by refunds, the parameter most is the
// Worth of the whole order.
func (w *Worth) evaluate(
	p *loyalty.Program, acc loyalty.Account, s *loyalty.OrderState, left Budgets, most *Worth,
) error {
	v := Valuation{P: p, Acc: acc, S: s, O: &s.Order, budgets: left, most: most, Worth: w}
	w.Reasons, w.Rest = make([]loyalty.Reason, 0, 4), exact.Whole(0)
	v.Base()
	v.number()
	v.byCategory()
	w.MissingLevel(s)
	v.level = exact.Whole(1)
	if m, ok := p.Compiled.Levels[s.Buyer.Level]; ok && m.Less.Sign() != 0 {
		v.level = m.By
		v.add(m.Rule, v.sum.Mul(m.Less), loyalty.IsFactor, m.Text)
	}
	if len(p.Compiled.Rules) > 0 && !v.nothingEligible() {
		v.rules()
	}
	v.prepare()
	w.count(&p.Tiers, &v)
	w.countTierGroups(p, &v)
	if err := w.walletWorth(&p.Compiled, p.Wallets, &v); err != nil {
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
	w.cap(&p.Earn, p.Zone, acc, s)
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

// Valuation contains the intermediate values while the points of one order are computed.
type Valuation struct {
	*Worth
	P       *loyalty.Program
	Acc     loyalty.Account
	S       *loyalty.OrderState
	O       *loyalty.Order
	budgets Budgets
	most    *Worth

	rate         loyalty.CompiledRate
	currency     loyalty.Currency // the currency of the field rate
	refunded     refunded
	tenders      receipt.TenderRefunds
	cardsSold    map[string]bool // the IDs of the lines that are gift cards, which earn nothing
	undiscounted exact.Number    // the share of a line's amount that remains after the order's discount
	remains      exact.Number    // the share of the items that remains after refunds without lines
	share        exact.Number    // the share of a line's amount that earns, converted to the field currency
	level        exact.Number
	sum          exact.Number
	facts        *loyalty.Facts
	lines        []lineValue
	all          loyalty.Matched // the values of all lines together
	budgeted     []candidate     // the rules with a budget that give points, except those with separate lots
	whys         int
	listing      bool // whether every rule that does not apply gets a reason, not only campaigns
}

func (v *Valuation) add(rule string, points exact.Number, what loyalty.ReasonKind, args ...string) {
	v.sum = v.sum.Add(points)
	v.Reasons = append(v.Reasons, loyalty.NewReason(rule, points.String(), what, args...))
}

// Base adds the points for the eligible amount at the currency's rate.
func (v *Valuation) Base() {
	v.refunded = RefundedAmounts(*v.O)
	v.cardsSold = receipt.CardsSold(v.O)
	v.undiscounted = receipt.Undiscounted(*v.O)
	v.currency, v.share = v.O.Currency, exact.Whole(1)
	v.sum = exact.Whole(0)
	if rate, ok := receipt.ConversionRate(v.S); ok {
		v.currency = v.P.Exchange.Base
		v.share = inMinor(rate, v.O.Currency, v.currency)
		v.Reasons = append(v.Reasons, loyalty.NewReason(
			"exchange", "0", loyalty.IsConverted, "1 "+string(v.O.Currency), rate.String()+" "+string(v.currency),
		))
	}
	v.rate = v.P.Compiled.Rates[v.currency]
	if v.tenders = receipt.TenderRefundsOf(v.O); receipt.Unearning(*v.O) > 0 {
		if all, earning := receipt.RemainingMoney(v.O, v.tenders); earning.Sign() > 0 {
			v.share = v.share.Mul(earning.Quo(all))
		} else {
			v.share = exact.Whole(0)
		}
	}
	if _, unknown := receipt.OrderGiftCards(v.O); unknown > 0 {
		v.Reasons = append(v.Reasons, loyalty.NewReason(
			"earn.purchase", "0", loyalty.IsUnknownTender,
			loyalty.Money{Amount: unknown, Currency: v.O.Currency}.String(),
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
	if v.P.Earn.Counts.Shipping {
		extra = exact.Whole(v.O.Shipping).Sub(v.refunded.Shipping)
	}
	if v.P.Earn.Counts.Tax {
		extra = extra.Add(exact.Whole(v.O.Tax).Sub(v.refunded.Tax))
	}
	eligible := extra.Mul(v.share)
	v.share = v.share.Mul(v.remains)
	if v.P.Earn.Counts.Items {
		eligible = eligible.Add(v.remaining(v.earning).Mul(v.share))
	}
	v.rate = over(v.rate, eligible)
	v.add(
		"earn.purchase", eligible.Mul(v.rate.PerMinor), loyalty.IsRated, loyalty.AmountText(eligible, v.currency),
		v.rate.Text,
	)
}

// nothingEligible reports whether all items were refunded or are contested, or everything was paid by means that earn
// nothing. In this case, no rule gives points for the rest, such as free items, shipping or tax.
func (v *Valuation) nothingEligible() bool {
	r := v.refunded
	back := r.Goods.Sign() > 0 || r.Sum().Sign() > 0 || len(r.lines) > 0
	unearning := v.share.Sign() == 0 && receipt.OrderTotal(*v.O) > 0
	return unearning || (back || v.cardsSold != nil) && v.remaining(v.earning).Mul(v.remains).Sign() == 0
}

// earning reports whether a line can earn. Gift cards cannot, because the goods that are paid with them would otherwise
// earn twice.
func (v *Valuation) earning(l loyalty.Line) bool { return !v.cardsSold[l.ID] }

func everyLine(loyalty.Line) bool { return true }

// remaining returns the total amount of some lines, after the order's discount and each line's refunds. The parameter
// counts selects these lines.
func (v *Valuation) remaining(counts func(loyalty.Line) bool) exact.Number {
	amount, sum := int64(0), exact.Whole(0)
	for _, l := range v.O.Lines {
		switch {
		case !counts(l):
		case v.refunded.lines[l.ID] == 0:
			amount += l.Amount
		default:
			sum = sum.Add(v.remainingOf(l))
		}
	}
	return sum.Add(exact.Whole(amount).Mul(v.undiscounted))
}

// remainingOf returns the amount of one line after the order's discount and the line's refunds. It is never negative,
// although a line's refund may exceed the line's exact share by a minor unit.
func (v *Valuation) remainingOf(l loyalty.Line) exact.Number {
	rest := exact.Whole(l.Amount).Mul(v.undiscounted)
	if back := v.refunded.lines[l.ID]; back > 0 {
		if rest = rest.Sub(exact.Whole(back)); rest.Sign() < 0 {
			return exact.Whole(0)
		}
	}
	return rest
}

// byCategory adds the points that the lines of each category earn beyond the base, in the order in which the categories
// first appear.
func (v *Valuation) byCategory() {
	if !v.P.Earn.Counts.Items || len(v.P.Compiled.Categories) == 0 {
		return
	}
	for i, l := range v.O.Lines {
		m, _ := v.category(l.Category) // m.Less is 0 if the category has no multiplier
		if m.Less.Sign() == 0 || seenBefore(v.O.Lines[:i], l.Category) {
			continue
		}
		eligible := v.remaining(
			func(x loyalty.Line) bool { return x.Category == l.Category && v.earning(x) },
		).Mul(v.share)
		v.add(
			m.Rule, eligible.Mul(v.rate.PerMinor).Mul(m.Less), loyalty.IsTimes,
			loyalty.AmountText(eligible, v.currency), m.Text,
		)
	}
}

// category returns the best multiplier of a category whose condition holds.
func (v *Valuation) category(name string) (loyalty.Multiplier, bool) {
	for _, m := range v.P.Compiled.Categories[name] {
		if m.When == nil || v.holds(m.Rule, m.When) {
			return m, true
		}
	}
	return loyalty.Multiplier{}, false
}

func seenBefore(lines []loyalty.Line, category string) bool {
	for _, l := range lines {
		if l.Category == category {
			return true
		}
	}
	return false
}

// count computes the amounts that the order counts towards a level: spend, qualifying items and brands.
func (w *Worth) count(tiers *loyalty.Tiers, v *Valuation) {
	if UsesMeasure(tiers, loyalty.BySpend) {
		if v.prepare(); v.currency == tiers.Currency {
			w.Spend, _ = v.all.Amount.Floor()
		}
	}
	if !UsesMeasure(tiers, loyalty.ByQualifyingItems) && !UsesMeasure(tiers, loyalty.ByBrands) {
		return
	}
	least, ok := tiers.AtLeast[v.currency]
	v.prepare()
	for i, l := range v.lines {
		if l.amount.Sign() <= 0 {
			continue
		}
		if ok && UsesMeasure(tiers, loyalty.ByQualifyingItems) && l.amount.Sub(exact.Whole(least)).Sign() >= 0 {
			w.Pieces++
		}
		if b := v.O.Lines[i].Brand; UsesMeasure(tiers, loyalty.ByBrands) &&
			slices.Contains(tiers.Brands, b) && !slices.Contains(w.Brands, b) {
			w.Brands = append(w.Brands, b)
		}
	}
	slices.Sort(w.Brands)
}

// round rounds the sum to whole points, once.
func (v *Valuation) round() error {
	p := v.P
	before := v.sum // the sum without the carried fraction; a negative sum is not carried to later orders
	if before.Sign() < 0 {
		before = exact.Whole(0)
	}
	if p.Earn.Carry && v.S.Carried != "" {
		carried := exact.Parse(v.S.Carried)
		v.add("carry", carried, loyalty.IsCarried)
	}
	v.layers()
	n, ok := loyalty.RoundPoints(v.sum, p.Earn.Rounding)
	if !ok && v.sum.Sign() > 0 {
		return loyalty.Refuse(
			loyalty.AmountOutOfRange, "", "The order would earn more points than one operation may move.",
		)
	}
	n = max(0, n)
	if rest := exact.Whole(int64(n)).Sub(v.sum); rest.Sign() != 0 {
		v.add("rounding", rest, loyalty.IsRounded, p.Earn.Rounding.String())
	}
	v.Total = n
	if p.Earn.Carry {
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

// charge updates the order's shares of caps, limits and budgets to its present usage.
func (w *Worth) charge(earning *loyalty.Earning, zone *time.Location, s *loyalty.OrderState) {
	w.Spends = w.asks
	if len(earning.Earn.Caps)+len(earning.Compiled.Rules) == 0 {
		return
	}
	day := calendar.DateOf(s.Order.PlacedAt, zone)
	if len(earning.Earn.Caps) > 0 {
		w.Usage = UseShare(share(s, ""), w.Total, earning.Earn.Caps, nil, day)
	}
	for _, at := range w.boundedRules(&earning.Compiled, s) {
		r := &earning.Compiled.Rules[at]
		n := pointsOf(w.takes, r.Key)
		if n == 0 && receipt.ShareOf(s, r.Key).Used == 0 {
			continue
		}
		share := share(s, r.Key)
		w.chargeBudget(r, share)
		w.Usage = append(w.Usage, UseShare(share, n, r.Caps, r.Limits, day)...)
	}
}

// boundedRules returns the positions of the rules with a cap, limit or budget that the order uses or used, in ascending
// order.
func (w *Worth) boundedRules(compiled *loyalty.Compiled, s *loyalty.OrderState) (positions []int) {
	include := func(key string) {
		if at, ok := compiled.Positions[key]; ok && compiled.Rules[at].Bounded {
			positions = append(positions, at)
		}
	}
	for _, t := range w.takes {
		include(t.Rule)
	}
	for i := range s.Shares {
		include(s.Shares[i].Rule)
	}
	slices.Sort(positions)
	return slices.Compact(positions)
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
