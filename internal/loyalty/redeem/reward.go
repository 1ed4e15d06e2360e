package redeem

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// FindReward returns the reward with the given ID; false if there is none.
func FindReward(rewards []loyalty.Reward, id string) (loyalty.Reward, bool) {
	for _, r := range rewards {
		if r.ID == id {
			return r, true
		}
	}
	return loyalty.Reward{}, false
}

// costIn returns the cost of the reward in points of a wallet, for a member of a level. It returns false if the wallet
// cannot pay for the reward.
func costIn(r *loyalty.Reward, wallet, level string) (loyalty.Points, bool) {
	if wallet == "" {
		return r.CostAt(level), true
	}
	n, ok := r.Wallets[wallet]
	return n, ok
}

// StockUntil returns the number of units that became available before an instant, including units already taken.
func StockUntil(r *loyalty.Reward, at time.Time) (n loyalty.Points) {
	for _, d := range r.StockBatches {
		if !d.At.After(at) {
			n += loyalty.Points(d.Quantity)
		}
	}
	return n
}

// UnmetRequirements returns the requirements of a reward that a member does not meet, except points and stock. The
// caller passes the intended redemption.
func (rs Rules) UnmetRequirements(
	acc loyalty.Account, r *loyalty.Reward, in loyalty.Redemption, now time.Time,
) (out []loyalty.UnmetRequirement) {
	if !r.Active.Has(now) {
		l := loyalty.UnmetRequirement{Requirement: loyalty.RequirementTime}
		if now.Before(r.Active.From) {
			l.From = r.Active.From
		}
		out = append(out, l)
	}
	if !earn.OneOf(r.Tiers, acc.Tier.Level) {
		out = append(out, loyalty.UnmetRequirement{
			Requirement: loyalty.RequirementTier, Required: strings.Join(r.Tiers, ", "), Available: acc.Tier.Level,
		})
	}
	if !earn.AnyOf(r.Segments, acc.Traits.Segments) {
		out = append(out, loyalty.UnmetRequirement{
			Requirement: loyalty.RequirementSegment, Required: strings.Join(r.Segments, ", "),
			Available: strings.Join(acc.Traits.Segments, ", "),
		})
	}
	if l, short := minOrder(r, in.Total); short {
		out = append(out, l)
	}
	if r.When != nil {
		facts := loyalty.Facts{Buyer: posting.Actor(rs.Tiers, acc, now), At: now.In(rs.Zone), Total: in.Total.Amount}
		if in.Total.Currency != "" {
			facts.Order = &loyalty.Order{Currency: in.Total.Currency}
		}
		if !earn.Holds(r.When, &facts) {
			out = append(out, loyalty.UnmetRequirement{
				Requirement: loyalty.RequirementCondition, Required: strings.Join(strings.Fields(r.When.String()), " "),
			})
		}
	}
	day := calendar.DateOf(now, rs.Zone)
	for _, l := range r.Limits {
		if n := earn.UsedTimes(acc, r.Key(), l, day); n >= l.Times {
			lack := loyalty.UnmetRequirement{
				Requirement: loyalty.RequirementLimit,
				Required:    strconv.FormatInt(l.Times, 10) + " per " + string(l.Per),
				Available:   strconv.FormatInt(n, 10),
			}
			if ends := earn.PeriodEnd(l.Per, day); ends != 0 {
				lack.From = ends.End(rs.Zone)
			}
			out = append(out, lack)
		}
	}
	if most := rs.Redemption.PerOrder; most > 0 && in.Order != "" {
		if n := usedOn(acc, in.Order); n >= most {
			out = append(out, loyalty.UnmetRequirement{
				Requirement: loyalty.RequirementPerOrder, Required: strconv.FormatInt(most, 10),
				Available: strconv.FormatInt(n, 10),
			})
		}
	}
	return out
}

func minOrder(r *loyalty.Reward, total loyalty.Money) (loyalty.UnmetRequirement, bool) {
	if len(r.MinOrder) == 0 {
		return loyalty.UnmetRequirement{}, false
	}
	least, ok := r.MinOrder[total.Currency]
	if ok && total.Amount >= least {
		return loyalty.UnmetRequirement{}, false
	}
	l := loyalty.UnmetRequirement{Requirement: loyalty.RequirementMinOrder}
	var required []string
	for c, n := range r.MinOrder {
		required = append(required, loyalty.Money{Amount: n, Currency: c}.String())
	}
	slices.Sort(required)
	if l.Required = strings.Join(required, ", "); ok {
		l.Required = loyalty.Money{Amount: least, Currency: total.Currency}.String()
	}
	if total.Currency != "" {
		l.Available = total.String()
	}
	return l, true
}

// explain returns the unmet requirement as a sentence for a rejection.
func explain(l loyalty.UnmetRequirement) string {
	switch l.Requirement {
	case loyalty.RequirementTime:
		return explainTime(l)
	case loyalty.RequirementTier:
		return "The reward is for members of the level " + l.Required + "."
	case loyalty.RequirementSegment:
		return "The reward is for members of other segments."
	case loyalty.RequirementMinOrder:
		if l.Available == "" {
			return "The reward is for orders of at least " + l.Required + ". Specify order_total."
		}
		return "The reward is for orders of at least " + l.Required + "; the total of this one is " + l.Available + "."
	case loyalty.RequirementStock:
		return explainStock(l)
	case loyalty.RequirementLimit:
		return "The member has reached the limit of this reward: " + l.Required + "."
	case loyalty.RequirementWaitlist:
		return "The remaining stock is reserved for members on the waitlist."
	case loyalty.RequirementCondition:
		return "The condition of the reward is not met: " + l.Required + "."
	case loyalty.RequirementPerOrder:
		unit := " rewards"
		if l.Available == "1" {
			unit = " reward"
		}
		return "The order already uses " + l.Available + unit + "; the limit is " + l.Required + "."
	}
	return "The member has too few points."
}

func explainTime(l loyalty.UnmetRequirement) string {
	switch {
	case !l.From.IsZero():
		return "The reward can be redeemed from " + calendar.FormatInstant(l.From) + " on."
	case l.Required != "":
		return "The date " + l.Required + " has passed."
	}
	return "The reward can no longer be redeemed."
}

func explainStock(l loyalty.UnmetRequirement) string {
	switch {
	case l.Required != "" && l.Available != "":
		return "No capacity remains on the date " + l.Required + ", but there is some on " + l.Available + "."
	case l.Required != "":
		return "No capacity remains on the date " + l.Required + "."
	case !l.From.IsZero():
		return "The reward is out of stock until " + calendar.FormatInstant(l.From) + "."
	}
	return "The reward is out of stock."
}

// PerUse is the period of a usage that counts the rewards used for one order.
const PerUse loyalty.CapPeriod = "use"

// usedOn returns how many rewards an order uses.
func usedOn(a loyalty.Account, order string) (n int64) {
	for _, u := range a.Usage {
		if u.Rule == "redemption:"+order && u.Per == PerUse {
			n += u.N
		}
	}
	return n
}

// uses returns the usage of limits by a redemption, multiplied by n. The parameter n is 1 when the redemption is made
// and -1 when it is canceled or reversed.
func uses(
	terms *loyalty.RedemptionTerms, zone *time.Location, reward *loyalty.Reward, r loyalty.Redemption, n int64,
) (out []loyalty.Usage) {
	day := calendar.DateOf(r.At, zone)
	for _, l := range reward.Limits {
		out = append(out, earn.LimitUsage(l, reward.Key(), day, n))
	}
	if terms.PerOrder > 0 && r.Order != "" {
		out = append(out, loyalty.Usage{Rule: "redemption:" + r.Order, Times: true, Per: PerUse, Ends: day, N: n})
	}
	return out
}

func unavailable(lacks []loyalty.UnmetRequirement) *loyalty.Error {
	return &loyalty.Error{Code: loyalty.RewardUnavailable, Detail: explain(lacks[0]), Pointer: "/reward", Unmet: lacks}
}
