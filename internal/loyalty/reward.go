package loyalty

import (
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Reward is something that members can spend points on.
type Reward struct {
	ID string
	// Type is amount_off, percent_off, free_shipping, free_product, gift_card, experience, partner, donation,
	// wallet_points or perk.
	Type        string
	Name        Text // may be empty
	Description Text // shown to members; may be empty
	Cost        Points
	Prices      map[string]Points // by level, instead of Cost
	Wallets     map[string]Points // the cost in other wallets, for all members
	Value       Money             // amount_off, gift_card, donation
	Percent     *big.Rat          // percent_off: 10 for 10%
	MaxValue    Money             // percent_off: the maximum discount; zero: unlimited
	SKU         string            // free_product
	Partner     string            // partner: the issuer of the voucher
	Wallet      string            // wallet_points: the wallet that gets the points
	Points      Points            // wallet_points: the number of points

	// These fields define who can redeem the reward, when, and how often.
	MinOrder     map[Currency]int64 // the minimum order total for the reward, in minor units
	Visible      Span               // when members see the reward
	Active       Span               // when it can be redeemed
	Tiers        []string
	Segments     []string
	When         Condition    // about the member and the order's total; nil: always
	Limits       []Limit      // per member
	StockBatches []StockBatch // the stock and when it becomes available; none: unlimited
	FirstCall    Period       // how long a waiting member has priority on a unit; zero: no waitlist
	Dates        []RewardDate // the dates of the reward; each has a capacity, instead of stock
	Codes        Codes
	Manual       bool // the fulfillment is manual: ordered, shipped, delivered
	Address      bool // the fulfillment needs an address
}

// A Span is a time from one instant until another, exclusive. A zero instant means no limit on that side.
type Span struct{ From, Until time.Time }

// Has reports whether an instant is in the span.
func (s Span) Has(at time.Time) bool {
	return !at.Before(s.From) && (s.Until.IsZero() || at.Before(s.Until))
}

// A StockBatch is a number of units that are available from an instant on. The zero instant means from the start.
type StockBatch struct {
	At       time.Time
	Quantity int64
}

// Codes defines where the codes of a reward come from, and how long they are valid.
type Codes struct {
	From   CodeSource
	Shared string // the code of SharedCode
	Wait   Period // from the claim until the code can be used; zero: none
	Valid  Period // from then on; zero: as the program defines
}

// CodeSource is the source of codes.
type CodeSource string

const (
	NoCode        CodeSource = ""
	GeneratedCode CodeSource = "generated" // generated when the reward is claimed
	UploadedCode  CodeSource = "uploaded"  // from a pool that the merchant fills
	SharedCode    CodeSource = "shared"    // one code for all members
)

// RedemptionTerms defines how points can be spent.
type RedemptionTerms struct {
	PerOrder  int64    // the maximum number of rewards per order; zero: unlimited
	CodeValid Period   // how long a code can be used; zero: never expires
	Grace     Period   // the minimum life of restored points; extends an expiry only once
	OnRefund  OnRefund // what a reversal restores
	Pay       Pay      // how points pay for orders
	Auto      Auto     // automatic redemption
}

// OnRefund states what a reversal of a redemption restores.
type OnRefund int

const (
	AllBack   OnRefund = iota
	ShareBack          // the same share of the points as of the order's money
	NoneBack
)

// Reward returns the reward with the given ID; false if there is none.
func (p *Program) Reward(id string) (Reward, bool) {
	for _, r := range p.Rewards {
		if r.ID == id {
			return r, true
		}
	}
	return Reward{}, false
}

// CostIn returns the cost of the reward for a member of a level, paid from a wallet. It returns false if the wallet
// cannot pay for it.
func (r *Reward) CostIn(wallet, level string) (Points, bool) {
	if wallet == "" {
		return r.CostAt(level), true
	}
	n, ok := r.Wallets[wallet]
	return n, ok
}

// CostAt returns the cost of the reward in points for a member of a level.
func (r *Reward) CostAt(level string) Points {
	if n, ok := r.Prices[level]; ok {
		return n
	}
	return r.Cost
}

// Costs returns the costs in points for the members of all levels: at least one number, in no particular order.
func (r *Reward) Costs() []Points { return append(slices.Collect(maps.Values(r.Prices)), r.Cost) }

// Limited reports whether the reward has limited stock or capacity.
func (r *Reward) Limited() bool { return len(r.StockBatches)+len(r.Dates) > 0 }

// Quantity returns the total stock that became available until an instant, including units already taken.
func (r *Reward) Quantity(at time.Time) (n Points) {
	for _, d := range r.StockBatches {
		if !d.At.After(at) {
			n += Points(d.Quantity)
		}
	}
	return n
}

// Key returns the key of the reward for counters, limits and reasons.
func (r *Reward) Key() string { return "rewards." + r.ID }

// An UnmetRequirement is a reason why a member cannot redeem a reward now.
type UnmetRequirement struct {
	Requirement Requirement
	Required    string
	Available   string
	Missing     Points    // points: the missing number
	From        time.Time // when the member can redeem it; zero if unknown
}

// Requirement is the kind of an unmet requirement.
type Requirement string

const (
	RequirementPoints    Requirement = "points"
	RequirementTime      Requirement = "time" // the reward is not active yet, or no longer
	RequirementTier      Requirement = "tier"
	RequirementSegment   Requirement = "segment"
	RequirementMinOrder  Requirement = "min_order" // the order is too small, or in another currency
	RequirementStock     Requirement = "stock"
	RequirementLimit     Requirement = "limit"     // the member has reached the limit
	RequirementPerOrder  Requirement = "per_order" // the order already uses the maximum number of rewards
	RequirementWaitlist  Requirement = "waitlist"  // waiting members have priority on the remaining stock
	RequirementCondition Requirement = "condition" // an additional condition of the program
)

// lacks returns the unmet requirements of a member for a reward, except points and stock. in is the intended
// redemption.
func (p *Program) lacks(acc Account, r *Reward, in Redemption, now time.Time) (out []UnmetRequirement) {
	if !r.Active.Has(now) {
		l := UnmetRequirement{Requirement: RequirementTime}
		if now.Before(r.Active.From) {
			l.From = r.Active.From
		}
		out = append(out, l)
	}
	if !oneOf(r.Tiers, acc.Tier.Level) {
		out = append(out, UnmetRequirement{
			Requirement: RequirementTier, Required: strings.Join(r.Tiers, ", "), Available: acc.Tier.Level,
		})
	}
	if !anyOf(r.Segments, acc.Traits.Segments) {
		out = append(out, UnmetRequirement{
			Requirement: RequirementSegment, Required: strings.Join(r.Segments, ", "),
			Available: strings.Join(acc.Traits.Segments, ", "),
		})
	}
	if l, short := r.minOrder(in.Total); short {
		out = append(out, l)
	}
	if r.When != nil {
		facts := Facts{Buyer: p.actor(acc, now), At: now.In(p.Zone), Total: in.Total.Amount}
		if in.Total.Currency != "" {
			facts.Order = &Order{Currency: in.Total.Currency}
		}
		if !holds(r.When, &facts) {
			out = append(out, UnmetRequirement{
				Requirement: RequirementCondition, Required: strings.Join(strings.Fields(r.When.String()), " "),
			})
		}
	}
	day := DateOf(now, p.Zone)
	for _, l := range r.Limits {
		if n := acc.times(r.Key(), l, day); n >= l.Times {
			lack := UnmetRequirement{
				Requirement: RequirementLimit, Required: strconv.FormatInt(l.Times, 10) + " per " + string(l.Per),
				Available: strconv.FormatInt(n, 10),
			}
			if ends := l.Per.ends(day); ends != 0 {
				lack.From = ends.End(p.Zone)
			}
			out = append(out, lack)
		}
	}
	if most := p.Redemption.PerOrder; most > 0 && in.Order != "" {
		if n := acc.usedOn(in.Order); n >= most {
			out = append(out, UnmetRequirement{
				Requirement: RequirementPerOrder, Required: strconv.FormatInt(most, 10),
				Available: strconv.FormatInt(n, 10),
			})
		}
	}
	return out
}

func (r *Reward) minOrder(total Money) (UnmetRequirement, bool) {
	if len(r.MinOrder) == 0 {
		return UnmetRequirement{}, false
	}
	least, ok := r.MinOrder[total.Currency]
	if ok && total.Amount >= least {
		return UnmetRequirement{}, false
	}
	l := UnmetRequirement{Requirement: RequirementMinOrder}
	var required []string
	for c, n := range r.MinOrder {
		required = append(required, Money{n, c}.String())
	}
	slices.Sort(required)
	if l.Required = strings.Join(required, ", "); ok {
		l.Required = Money{least, total.Currency}.String()
	}
	if total.Currency != "" {
		l.Available = total.String()
	}
	return l, true
}

// Why returns the unmet requirement as a sentence for a rejection.
func (l UnmetRequirement) Why() string {
	switch l.Requirement {
	case RequirementTime:
		if !l.From.IsZero() {
			return "The reward can be redeemed from " + written(l.From) + " on."
		}
		if l.Required != "" {
			return "The date " + l.Required + " has passed."
		}
		return "The reward can no longer be redeemed."
	case RequirementTier:
		return "The reward is for members of the level " + l.Required + "."
	case RequirementSegment:
		return "The reward is for members of other segments."
	case RequirementMinOrder:
		if l.Available == "" {
			return "The reward is for orders of at least " + l.Required + ". Specify order_total."
		}
		return "The reward is for orders of at least " + l.Required + "; the total of this one is " + l.Available + "."
	case RequirementStock:
		if l.Required != "" && l.Available != "" {
			return "No capacity remains on the date " + l.Required + ", but there is some on " + l.Available + "."
		}
		if l.Required != "" {
			return "No capacity remains on the date " + l.Required + "."
		}
		if !l.From.IsZero() {
			return "The reward is out of stock until " + written(l.From) + "."
		}
		return "The reward is out of stock."
	case RequirementLimit:
		return "The member has reached the limit of this reward: " + l.Required + "."
	case RequirementWaitlist:
		return "The remaining stock is reserved for members on the waitlist."
	case RequirementCondition:
		return "The condition of the reward is not met: " + l.Required + "."
	case RequirementPerOrder:
		unit := " rewards"
		if l.Available == "1" {
			unit = " reward"
		}
		return "The order already uses " + l.Available + unit + "; the limit is " + l.Required + "."
	}
	return "The member has too few points."
}

// perUse is the period of a usage that counts the rewards of one order.
const perUse CapPeriod = "use"

// usedOn returns how many rewards an order uses.
func (a Account) usedOn(order string) (n int64) {
	for _, u := range a.Usage {
		if u.Rule == "redemption:"+order && u.Per == perUse {
			n += u.N
		}
	}
	return n
}

// uses returns the usage of limits by a redemption, times n: 1 when it is made, -1 when it is canceled or reversed.
func (p *Program) uses(reward *Reward, r Redemption, n int64) (out []Usage) {
	day := DateOf(r.At, p.Zone)
	for _, l := range reward.Limits {
		out = append(out, l.usage(reward.Key(), day, n))
	}
	if p.Redemption.PerOrder > 0 && r.Order != "" {
		out = append(out, Usage{Rule: "redemption:" + r.Order, Times: true, Per: perUse, Ends: day, N: n})
	}
	return out
}
