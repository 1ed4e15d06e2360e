package engine

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// Perks returns the perks of the levels, from the lowest level up, then those of the tier groups, and then the perks
// among the rewards that are visible now. It returns each perk once. The account must have been advanced to now. The
// caller passes the remaining stock, as far as it is known.
func Perks(p *loyalty.Program, acc loyalty.Account, left earn.Budgets, now time.Time) (out []redeem.PerkQuote) {
	out = redeem.LevelPerks(&p.Tiers, acc)
	for i := range p.TierGroups {
		v := tier.GroupProgram(p, i)
		out = append(out, redeem.LevelPerks(&v.Tiers, posting.GroupView(&v.Tiers, acc))...)
	}
	for _, r := range p.Rewards {
		if r.Type == redeem.Perk && r.Visible.Has(now) {
			out = append(
				out,
				redeem.PerkQuote{
					ID: r.ID, Reward: r, Unmet: Available(p, acc, r, loyalty.Redemption{}, left, now).Unmet,
				},
			)
		}
	}
	return out
}

// A Quote states the points that an order would earn if it were placed as given, and the rewards that the member could
// redeem now.
type Quote struct {
	Points   loyalty.Points
	Wallets  []loyalty.Grant // the points in other wallets
	ActiveAt time.Time       // when the points could be spent
	Expires  calendar.Date   // when the points would expire
	Reasons  []loyalty.Reason
	Spends   []posting.Spend // the parts of budgets that the order would use
	// If it is not zero, the quote needs more of the member's entries, and no other field is set.
	Needs   posting.Needs
	Guest   bool // there is no member, so the quote is for a new member
	Balance loyalty.Balance
	Rewards []RewardQuote
	Pay     redeem.Payment // the part of the order that the member's points could pay; may be zero
}

// A RewardQuote states whether a member can redeem a reward now, and the requirements that the member does not meet.
type RewardQuote struct {
	Reward  loyalty.Reward
	Cost    loyalty.Points             // the cost at the member's level
	Missing loyalty.Points             // the missing points; zero if there are enough
	Unmet   []loyalty.UnmetRequirement // why the member cannot redeem the reward now; empty if it is available
}

// QuoteOrder returns the quote of an order. It calls the same function as award.PlaceOrder, and writes nothing. It
// includes points that the program gives only after a processor has reported the money. The zero Account is a guest.
// Any other account must have been advanced to now.
func QuoteOrder(
	p *loyalty.Program, acc loyalty.Account, o loyalty.Order, left earn.Budgets, now time.Time,
) (Quote, error) {
	return QuoteOrderUnder(p, p, acc, o, left, now)
}

// QuoteOrderUnder is like QuoteOrder, but uses the rules of the version that was live when the order was placed.
func QuoteOrderUnder(
	p *loyalty.Program, rules *loyalty.Program, acc loyalty.Account, o loyalty.Order, left earn.Budgets, now time.Time,
) (Quote, error) {
	q := Quote{Guest: acc.Member == ""}
	if q.Guest {
		acc = loyalty.Account{Member: "guest", Status: loyalty.Active, Joined: now}
	}
	if rules.Earn.TaxIncluded {
		o = receipt.WithTaxInside(o)
	}
	earning := EarnRules(rules)
	out, err := award.PlacePaid(Begin(p, acc, now), nil, earning, o, left)
	if err != nil {
		return Quote{}, err
	}
	if tier.Undecided(out.Needs) {
		return Quote{Needs: out.Needs}, nil
	}
	e := out.Entries[0]
	q.Points = e.Order.Worth
	q.Reasons = earn.UnappliedCampaigns(earning, acc, e.Order, e.Reasons)
	q.ActiveAt, q.Expires = e.Order.Grants[0].ActiveAt, e.Order.Grants[0].Expires
	for _, g := range e.Order.Grants {
		if g.Wallet != "" {
			q.Wallets = append(q.Wallets, g)
		}
	}
	q.Spends = out.Spends
	q.Balance = acc.Balance()
	if !redeem.InDebt(p.Conversions, p.Rewards, acc) {
		q.Pay, _ = redeem.Payable(
			&p.Redemption, q.Balance.Active, loyalty.Money{Amount: receipt.OrderTotal(o), Currency: o.Currency},
		)
	}
	q.Rewards = slices.Grow(q.Rewards, len(p.Rewards))
	for _, r := range p.Rewards {
		q.Rewards = append(
			q.Rewards,
			Available(
				p, acc, r,
				loyalty.Redemption{Total: loyalty.Money{Amount: receipt.OrderTotal(o), Currency: o.Currency}}, left,
				now,
			),
		)
	}
	return q, nil
}

// affords reports whether a member can pay one of the prices, given by wallet.
func affords(p *loyalty.Program, a loyalty.Account, prices map[string]loyalty.Points) bool {
	if redeem.InDebt(p.Conversions, p.Rewards, a) {
		return false
	}
	for wallet, price := range prices {
		if purse := a.In(wallet); loyalty.TotalPoints(purse.Lots) >= price {
			return true
		}
	}
	return false
}

// Available returns whether a member can redeem a reward now, and the requirements that the member does not meet. The
// account must have been advanced to now. The caller passes the remaining stock, as far as it is known.
func Available(
	p *loyalty.Program, acc loyalty.Account, r loyalty.Reward, in loyalty.Redemption, left earn.Budgets, now time.Time,
) RewardQuote {
	q := RewardQuote{Reward: r, Cost: r.CostAt(acc.Tier.Level)}
	q.Unmet = RedeemRules(p).UnmetRequirements(acc, &r, in, now)
	if q.Missing = max(0, q.Cost-acc.Balance().Active) + acc.Debt; q.Cost == 0 {
		q.Missing = 0
	} else if (q.Missing > 0 || redeem.InDebt(p.Conversions, p.Rewards, acc)) && !affords(p, acc, r.Wallets) {
		l := loyalty.UnmetRequirement{
			Requirement: loyalty.RequirementPoints, Required: loyalty.FormatPoints(q.Cost),
			Available: loyalty.FormatPoints(acc.Balance().Active), Missing: q.Missing,
		}
		q.Unmet = append(q.Unmet, l)
	}
	q.Unmet = append(q.Unmet, remind.Unavailability(&r, left, now)...)
	return q
}

// Projection returns the standing that the account will have after its next scheduled change or review if nothing more
// happens, and the instant of that change. It returns false if none is scheduled.
func Projection(p *loyalty.Program, acc loyalty.Account) (loyalty.Standing, time.Time, bool) {
	return aheadOn(p, p, acc)
}

// ProjectionOf is like Projection, for a tier group.
func ProjectionOf(p *loyalty.Program, acc loyalty.Account, group string) (loyalty.Standing, time.Time, bool) {
	v, _, ok := tier.TierGroupStanding(p, acc, group)
	if !ok {
		return loyalty.Standing{}, time.Time{}, false
	}
	return aheadOn(p, v, acc)
}

// aheadOn advances the account to the next scheduled change or review of the level, and returns the standing and the
// instant. The parameter v is the program, or its copy for a tier group (tier.GroupProgram).
func aheadOn(p *loyalty.Program, v *loyalty.Program, acc loyalty.Account) (loyalty.Standing, time.Time, bool) {
	at := tier.Of(v).TierDue(posting.GroupView(&v.Tiers, acc))
	if at.IsZero() {
		return loyalty.Standing{}, at, false
	}
	out, err := Advance(p, acc, at)
	return posting.GroupView(&v.Tiers, out.Account).Tier, at, err == nil
}
