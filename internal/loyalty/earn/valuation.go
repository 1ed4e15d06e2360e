package earn

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

// Valuation contains the intermediate values while the points of one order are computed.
type Valuation struct {
	*Worth
	goods
	Rules
	Acc     loyalty.Account
	S       *loyalty.OrderState
	budgets Budgets
	most    *Worth

	rate     loyalty.CompiledRate
	currency loyalty.Currency // the currency of the field rate
	share    exact.Number     // the share of a line's amount that earns, converted to the field currency
	level    exact.Number
	sum      exact.Number
	facts    *loyalty.Facts
	lines    []lineValue
	all      loyalty.Matched // the values of all lines together
	budgeted []candidate     // the rules with a budget that give points, except those with separate lots
	whys     int
	listing  bool // whether every rule that does not apply gets a reason, not only campaigns
}

func (v *Valuation) add(rule string, points exact.Number, what loyalty.ReasonKind, args ...string) {
	v.sum = v.sum.Add(points)
	v.Reasons = append(v.Reasons, loyalty.NewReason(rule, points.String(), what, args...))
}

// maxWhyNots is how many reasons an order stores for rules that gave nothing.
const maxWhyNots = 8

// why records the reason why a rule gave nothing, unless there are already maxWhyNots reasons.
func (v *Valuation) why(rule string, what loyalty.ReasonKind, args ...string) {
	if v.whys++; v.whys <= maxWhyNots {
		v.Reasons = append(v.Reasons, loyalty.NewReason(rule, "0", what, args...))
	}
}

// Budgets contains the remaining points of the budgets of rules and the remaining units of the limited stock of
// rewards. The key is the full key of the rule or reward with its section. If a key is missing, a decision assumes that
// enough remains. The caller then checks the remaining amount of each budget that posting.Outcome.Spends lists with
// points of zero or more, and decides again with that amount.
type Budgets map[string]loyalty.Points

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

// A layer describes the points that a rule with a budget adds to an order.
type layer struct {
	rule string
	upTo loyalty.Points // the points of the order by this rule and all rules before it, before the program's caps
	most loyalty.Points // the points of the rule, rounded up to whole points
}

// OfRule returns the points of a rule with a separate pending period or expiry, or of a wallet. It returns zero if
// there are none.
func (w Worth) OfRule(rule string) loyalty.Points {
	for _, all := range [][]owned{w.Own, w.InWallets} {
		for _, o := range all {
			if o.Rule == rule {
				return o.N
			}
		}
	}
	return 0
}

// candidate is a rule that applies, with the points that it would award.
type candidate struct {
	r     *loyalty.CompiledRule
	m     loyalty.Matched
	gives exact.Number     // the award after the rule's caps
	cuts  []loyalty.Reason // the reductions by its caps
	share loyalty.Share    // the order's usage of its caps and budget after the award
}

// whole returns the candidate's award in whole points, rounded up.
func (c *candidate) whole() loyalty.Points {
	n, ok := loyalty.RoundPoints(c.gives, loyalty.Up)
	if !ok {
		return loyalty.MaxPoints
	}
	return n
}

// lineValue contains the values of a line item from which rules compute points.
type lineValue struct {
	amount exact.Number // the eligible amount, in minor units of the valuation's currency
	value  exact.Number // the points after rate, category and level
	units  int64        // the number of whole units that were not refunded
}

// nothingEligible reports whether all items were refunded or are contested, or everything was paid by means that earn
// nothing. In this case, no rule gives points for the rest, such as free items, shipping or tax.
func (v *Valuation) nothingEligible() bool {
	r := v.refunded
	back := r.Goods.Sign() > 0 || r.Sum().Sign() > 0 || len(r.lines) > 0
	unearning := v.share.Sign() == 0 && receipt.OrderTotal(*v.order) > 0
	return unearning || (back || v.cardsSold != nil) && v.remaining(v.earning).Mul(v.remains).Sign() == 0
}
