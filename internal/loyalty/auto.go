package loyalty

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Auto is a reward that is redeemed by itself, at once and whenever a member has so many active points. It happens to
// whatever makes points active: an order, an event, an adjustment, a reservation that ends, a level that welcomes, and time
// itself. Who gives a reward back keeps the points until the next ones come.
type Auto struct {
	Reward string // none: nothing is redeemed by itself
	At     Points // what it takes, at least the reward's cost
	Limit  int64  // so often a day of the program's calendar at most, in case the program says what nobody meant
}

// MaxAutoStop bounds Auto.Stop, so that what happens in one instant stays within one transaction.
const MaxAutoLimit = 10

// autoKey names it among the rules.
const autoKey = "redemption.auto"

// autoRedeem redeems the reward as often as the active points do for it and the day allows it. In an instant it comes
// behind points that become active and before the tier is reviewed, and behind what a level welcomes with and before
// lots expire. A tier that asked for a balance could thus not be reached beyond Auto.At; there is none.
func (d *decision) autoRedeem(at time.Time) error {
	auto, day := d.p.Redemption.Auto, DateOf(at, d.p.Zone)
	limit := Limit{auto.Limit, PerDay}
	reward, _ := d.p.Reward(auto.Reward)
	if reward.When != nil {
		return nil // published when that was not refused; somebody who may have it can ask for it
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

// done is what was decided, once the reward is redeemed by itself if what became active is enough.
func (d *decision) done() (Outcome, error) {
	err := d.autoRedeem(d.now)
	return d.Outcome, err
}

// autoID is the redemption's id: of the member and the entry's place, so that the same history has the same ids.
func (d *decision) autoID() string {
	return fmt.Sprintf("rd_auto_%s_%d", strings.TrimPrefix(string(d.Account.Member), "mem_"), d.Account.Sequence+1)
}

// autoReady reports whether a member has what it takes.
func (p *Program) autoReady(acc Account) bool {
	auto := p.Redemption.Auto
	return auto.Reward != "" && acc.Status == Active && !p.inDebt(acc) && total(acc.Lots) >= auto.At
}

// autoDue is when the day ends that stopped it; zero if none did.
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

// compileAuto refuses a reward that somebody would have to ask for, or of which there may be none.
func (p *Program) compileAuto() error {
	auto := p.Redemption.Auto
	if auto == (Auto{}) {
		return nil
	}
	r, ok := p.Reward(auto.Reward)
	switch {
	case !ok:
		return fmt.Errorf("there is no reward %q that could be redeemed by itself", auto.Reward)
	case auto.Limit < 1 || auto.Limit > MaxAutoLimit:
		return fmt.Errorf("%d is not from 1 to %d times a day", auto.Limit, MaxAutoLimit)
	}
	r.When = nil // see autoRedeem
	if wants := r.Wants(); wants != "" {
		return fmt.Errorf("the reward %s %s, so it cannot be redeemed by itself", r.ID, wants)
	}
	if costs := r.Costs(); slices.Min(costs) < 1 || slices.Max(costs) > auto.At {
		return errors.New("what is redeemed by itself costs nothing, or more than it takes")
	}
	return nil
}

// Wants is what a reward asks for beside points, so that it cannot be redeemed by itself; empty if there is nothing.
func (r *Reward) Wants() string {
	switch {
	case r.Codes.From == UploadedCode:
		return "has codes that may run out"
	case r.Limited():
		return "has a limited stock"
	case len(r.Limits) > 0:
		return "has a limit of its own"
	case len(r.Tiers) > 0 || len(r.Segments) > 0:
		return "is not for all members"
	case len(r.MinOrder) > 0:
		return "asks for an order"
	case r.When != nil:
		return "asks for a condition"
	case r.Active != Span{}:
		return "is not always active"
	case r.Manual:
		return "is handed over by hand"
	}
	return ""
}
