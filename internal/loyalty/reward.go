package loyalty

import (
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Reward is what points can be spent on.
type Reward struct {
	ID          string
	Type        string // amount_off, percent_off, free_shipping, free_product, gift_card, experience, partner, donation, wallet_points, perk
	Name        Text   // may be empty
	Description Text   // what members read about it; may be empty
	Cost        Points
	Prices      map[string]Points // for members of these levels, instead of Cost
	Wallets     map[string]Points // what it costs in other wallets, for everybody
	Value       Money             // amount_off, gift_card, donation
	Percent     *big.Rat          // percent_off: 10 for 10%
	MaxValue    Money             // percent_off: the most that it takes off; zero: no bound
	SKU         string            // free_product
	Partner     string            // partner: whose voucher it is
	Wallet      string            // wallet_points: into which one
	Points      Points            // wallet_points: how many

	// Who can have it, when, and how often.
	MinOrder     map[Currency]int64 // the least order that it can be used on, minor units
	Visible      Span               // when members see it
	Active       Span               // when it can be redeemed
	Tiers        []string
	Segments     []string
	When         Condition    // of the member and what the order comes to; nil: always
	Limits       []Limit      // of one member
	StockBatches []StockBatch // how many pieces there are, and from when on; none: no bound
	FirstCall    Period       // for how long who waits has the first call on a piece; zero: nobody waits
	Dates        []RewardDate // when it takes place: each has its own places, instead of pieces
	Codes        Codes
	Manual       bool // somebody hands it over: it is ordered, shipped, delivered
	Address      bool // and has to know where to
}

// A Span is from an instant until another, exclusive; a zero end is open.
type Span struct{ From, Until time.Time }

// Has reports whether an instant lies in the span.
func (s Span) Has(at time.Time) bool {
	return !at.Before(s.From) && (s.Until.IsZero() || at.Before(s.Until))
}

// A Drop is pieces that can be had from an instant on; the zero instant is the beginning.
type StockBatch struct {
	At       time.Time
	Quantity int64
}

// Codes is where the codes of a reward come from, and how long they can be used.
type Codes struct {
	From   CodeSource
	Shared string // the one code of SharedCode
	Wait   Period // after it was claimed; zero: at once
	Valid  Period // from then on; zero: the program's
}

// CodeSource is where codes come from.
type CodeSource string

const (
	NoCode        CodeSource = ""
	GeneratedCode CodeSource = "generated" // made when the reward is claimed
	UploadedCode  CodeSource = "uploaded"  // from a pool that the merchant fills
	SharedCode    CodeSource = "shared"    // one for all
)

// Redeeming is how points are spent.
type RedemptionTerms struct {
	PerOrder  int64    // how many rewards one order may use; zero: no bound
	CodeValid Period   // how long a code can be used; zero: for ever
	Grace     Period   // what comes back from a redemption lives at least so long, but is put off once
	OnRefund  OnRefund // what a reversal gives back
	Pay       Pay      // how points pay for orders
	Auto      Auto     // what is redeemed by itself
}

// OnRefund is what a reversal of a redemption gives back.
type OnRefund int

const (
	AllBack   OnRefund = iota
	ShareBack          // as much of the points as of the order's money
	NoneBack
)

// Reward finds a reward by id.
func (p *Program) Reward(id string) (Reward, bool) {
	for _, r := range p.Rewards {
		if r.ID == id {
			return r, true
		}
	}
	return Reward{}, false
}

// CostIn is what a member of a level pays from a wallet; false if it cannot be paid from there.
func (r *Reward) CostIn(wallet, level string) (Points, bool) {
	if wallet == "" {
		return r.CostAt(level), true
	}
	n, ok := r.Wallets[wallet]
	return n, ok
}

// CostAt is what a member of a level pays in points.
func (r *Reward) CostAt(level string) Points {
	if n, ok := r.Prices[level]; ok {
		return n
	}
	return r.Cost
}

// Costs is what members of one level or another pay in points: at least one number, in no order.
func (r *Reward) Costs() []Points { return append(slices.Collect(maps.Values(r.Prices)), r.Cost) }

// Limited reports whether there are only so many.
func (r *Reward) Limited() bool { return len(r.StockBatches)+len(r.Dates) > 0 }

// Pieces is how many there have been until an instant, taken or not.
func (r *Reward) Quantity(at time.Time) (n Points) {
	for _, d := range r.StockBatches {
		if !d.At.After(at) {
			n += Points(d.Quantity)
		}
	}
	return n
}

// Key names the reward among the rules: its counters, its limits, its reasons.
func (r *Reward) Key() string { return "rewards." + r.ID }

// A Lack is why a member cannot have a reward now.
type UnmetRequirement struct {
	Requirement Requirement
	Required    string
	Available   string
	Missing     Points    // points: how many
	From        time.Time // when it can be had, if that is known; zero if not
}

// LackOf is what a reward wants that is not there.
type Requirement string

const (
	RequirementPoints    Requirement = "points"
	RequirementTime      Requirement = "time" // it is not active yet, or not any more
	RequirementTier      Requirement = "tier"
	RequirementSegment   Requirement = "segment"
	RequirementMinOrder  Requirement = "min_order" // the order is too small, or of another currency
	RequirementStock     Requirement = "stock"
	RequirementLimit     Requirement = "limit"     // the member has had it as often as it may
	RequirementPerOrder  Requirement = "per_order" // the order uses as many rewards as it may
	RequirementWaitlist  Requirement = "waitlist"  // others, who wait, have the first call on what is left
	RequirementCondition Requirement = "condition" // what the program asks beside all that
)

// lacks is why a member cannot have a reward, apart from points and stock; in, what it is for.
func (p *Program) lacks(acc Account, r *Reward, in Redemption, now time.Time) (out []UnmetRequirement) {
	if !r.Active.Has(now) {
		l := UnmetRequirement{Requirement: RequirementTime}
		if now.Before(r.Active.From) {
			l.From = r.Active.From
		}
		out = append(out, l)
	}
	if !oneOf(r.Tiers, acc.Tier.Level) {
		out = append(out, UnmetRequirement{Requirement: RequirementTier, Required: strings.Join(r.Tiers, ", "), Available: acc.Tier.Level})
	}
	if !anyOf(r.Segments, acc.Traits.Segments) {
		out = append(out, UnmetRequirement{Requirement: RequirementSegment, Required: strings.Join(r.Segments, ", "), Available: strings.Join(acc.Traits.Segments, ", ")})
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
			out = append(out, UnmetRequirement{Requirement: RequirementCondition, Required: strings.Join(strings.Fields(r.When.String()), " ")})
		}
	}
	day := DateOf(now, p.Zone)
	for _, l := range r.Limits {
		if n := acc.times(r.Key(), l, day); n >= l.Times {
			lack := UnmetRequirement{Requirement: RequirementLimit, Required: strconv.FormatInt(l.Times, 10) + " per " + string(l.Per), Available: strconv.FormatInt(n, 10)}
			if ends := l.Per.ends(day); ends != 0 {
				lack.From = ends.End(p.Zone)
			}
			out = append(out, lack)
		}
	}
	if most := p.Redemption.PerOrder; most > 0 && in.Order != "" {
		if n := acc.usedOn(in.Order); n >= most {
			out = append(out, UnmetRequirement{Requirement: RequirementPerOrder, Required: strconv.FormatInt(most, 10), Available: strconv.FormatInt(n, 10)})
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

// Why is the lack as a sentence, for a refusal.
func (l UnmetRequirement) Why() string {
	switch l.Requirement {
	case RequirementTime:
		if !l.From.IsZero() {
			return "It can be redeemed from " + written(l.From) + " on."
		}
		if l.Required != "" {
			return "The date " + l.Required + " is over."
		}
		return "It cannot be redeemed any more."
	case RequirementTier:
		return "It is for members of the level " + l.Required + "."
	case RequirementSegment:
		return "It is for other members."
	case RequirementMinOrder:
		if l.Available == "" {
			return "It is for orders of at least " + l.Required + ": say what the order comes to (order_total)."
		}
		return "It is for orders of at least " + l.Required + "; this one comes to " + l.Available + "."
	case RequirementStock:
		if l.Required != "" && l.Available != "" {
			return "No places are left on the date " + l.Required + "; there are some on " + l.Available + "."
		}
		if l.Required != "" {
			return "No places are left on the date " + l.Required + "."
		}
		if !l.From.IsZero() {
			return "None are left; more come on " + written(l.From) + "."
		}
		return "None are left."
	case RequirementLimit:
		return "A member can have it " + l.Required + " at most."
	case RequirementWaitlist:
		return "Members on the waitlist have the first call on what is left."
	case RequirementCondition:
		return "It is for whom this holds: " + l.Required + "."
	case RequirementPerOrder:
		unit := " rewards"
		if l.Available == "1" {
			unit = " reward"
		}
		return "The order uses " + l.Available + unit + " already, and may use " + l.Required + "."
	}
	return "Points are missing."
}

// perUse is the period of the usage that counts the rewards of one order.
const perUse CapPeriod = "use"

// usedOn is how many rewards an order uses.
func (a Account) usedOn(order string) (n int64) {
	for _, u := range a.Usage {
		if u.Rule == "redemption:"+order && u.Per == perUse {
			n += u.N
		}
	}
	return n
}

// uses is what a redemption uses of limits, times n: 1 when it is made, -1 when it is undone.
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
