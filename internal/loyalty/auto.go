package loyalty

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Auto is a reward that is redeemed automatically, at once and whenever a member has at least At active points. It
// applies whatever made the points active: an order, an event, an adjustment, a canceled or expired reservation, an
// entry bonus, or time. A member whose automatic redemption is reversed keeps the points until points next become
// active.
type Auto struct {
	Reward string // ID of the reward; empty: nothing is redeemed automatically
	At     Points // the active points that trigger a redemption, at least the reward's cost
	Limit  int64  // the maximum per day of the program's calendar, in case the program is misconfigured
}

// MaxAutoLimit bounds Auto.Limit, so that all redemptions of one instant fit into one transaction.
const MaxAutoLimit = 10

// autoKey identifies automatic redemption among the rules.
const autoKey = "redemption.auto"

// autoRedeem redeems the reward as often as the active points and the daily limit allow. Among the steps of one
// instant, it runs after pending points become active and before the tier is reviewed, and again at the end, after
// entry bonuses. A level that required a balance above Auto.At could therefore never be reached; there are no such
// levels.
func (d *decision) autoRedeem(at time.Time) error {
	auto, day := d.p.Redemption.Auto, DateOf(at, d.p.Zone)
	limit := Limit{auto.Limit, PerDay}
	reward, _ := d.p.Reward(auto.Reward)
	if reward.When != nil {
		return nil // from a program published before conditions were rejected; members can redeem it manually
	}
	for d.p.autoReady(d.Account) {
		n := d.Account.times(autoKey, limit, day) + 1
		if n > limit.Times {
			return nil
		}
		cost := reward.CostAt(d.Account.Tier.Level)
		r := Redemption{ID: d.autoID(), Reward: reward.ID, Points: cost, At: at}
		taken, _ := d.take(nil, "", cost)
		d.p.claim(&r, &reward, lotsOf(taken), at)
		e := Entry{
			Kind: KindRedeem, Cause: Cause{CauseRedemption, r.ID, 1}, Effective: at, Redemption: &r,
			Reasons: []Reason{
				NewReason(reward.Key(), points(-cost), IsCost, points(cost)),
				NewReason(autoKey, "0", IsAutomatic, points(auto.At)),
			},
			Usage:    []Usage{limit.usage(autoKey, day, 1)},
			Postings: spent(taken, "", cost),
		}
		if n == limit.Times {
			e.Reasons = append(e.Reasons, NewReason(autoKey, "0", IsStopped, strconv.FormatInt(n, 10), day.String()))
		}
		d.fill(&e, &reward, cost)
		if err := d.post(e); err != nil {
			return err
		}
	}
	return nil
}

// done returns the decision after redeeming the automatic reward, if enough points became active.
func (d *decision) done() (Outcome, error) {
	err := d.autoRedeem(d.now)
	return d.Outcome, err
}

// autoID returns the redemption's ID. It consists of the member and the sequence number of the entry, so that the same
// history produces the same IDs.
func (d *decision) autoID() string {
	return fmt.Sprintf("rd_auto_%s_%d", strings.TrimPrefix(string(d.Account.Member), "mem_"), d.Account.Sequence+1)
}

// autoReady reports whether a member has enough active points for the automatic reward, and may redeem it.
func (p *Program) autoReady(acc Account) bool {
	auto := p.Redemption.Auto
	return auto.Reward != "" && acc.Status == Active && !p.inDebt(acc) && total(acc.Lots) >= auto.At
}

// autoDue returns the end of the day whose limit stopped automatic redemption, or zero if no limit stopped it.
func (p *Program) autoDue(acc Account) time.Time {
	if !p.autoReady(acc) {
		return time.Time{}
	}
	var last Date
	for _, u := range acc.Usage {
		if u.Rule == autoKey && u.N >= p.Redemption.Auto.Limit {
			last = max(last, u.Ends)
		}
	}
	if last == 0 {
		return time.Time{}
	}
	return last.End(p.Zone)
}

// compileAuto rejects a reward that members must ask for, or that may be out of stock.
func (p *Program) compileAuto() error {
	auto := p.Redemption.Auto
	if auto == (Auto{}) {
		return nil
	}
	r, ok := p.Reward(auto.Reward)
	switch {
	case !ok:
		return fmt.Errorf("automatic redemption names the unknown reward %q", auto.Reward)
	case auto.Limit < 1 || auto.Limit > MaxAutoLimit:
		return fmt.Errorf("the daily limit of automatic redemption is %d; it must be from 1 to %d", auto.Limit, MaxAutoLimit)
	}
	r.When = nil // see autoRedeem
	if wants := r.Wants(); wants != "" {
		return fmt.Errorf("the reward %s %s, so it cannot be redeemed automatically", r.ID, wants)
	}
	if costs := r.Costs(); slices.Min(costs) < 1 || slices.Max(costs) > auto.At {
		return errors.New("automatic redemption requires a reward that costs at least 1 point and at most the triggering balance")
	}
	return nil
}

// Wants returns what a reward requires apart from points, which prevents automatic redemption. It returns an empty
// string if there is nothing.
func (r *Reward) Wants() string {
	switch {
	case r.Codes.From == UploadedCode:
		return "uses uploaded codes, which can run out"
	case r.Limited():
		return "has a limited stock"
	case len(r.Limits) > 0:
		return "has a limit per member"
	case len(r.Tiers) > 0 || len(r.Segments) > 0:
		return "is not for all members"
	case len(r.MinOrder) > 0:
		return "requires an order"
	case r.When != nil:
		return "has a condition"
	case r.Active != Span{}:
		return "is not always active"
	case r.Manual:
		return "is fulfilled manually"
	}
	return ""
}
