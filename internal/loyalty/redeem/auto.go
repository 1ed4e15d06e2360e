package redeem

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// MaxAutoLimit is the maximum of Auto.Limit, so that all redemptions of one instant fit into one transaction.
const MaxAutoLimit = 10

// autoKey is the key of automatic redemption in reasons and usage.
const autoKey = "redemption.auto"

// AutoRedeem redeems the program's automatic reward as often as the active points and the daily limit allow. At each
// instant, it runs after pending points become active and before the tier is reviewed, and again at the end, after
// entry bonuses. A level that required a balance above Auto.At could therefore never be reached; there are no such
// levels.
func AutoRedeem(d *posting.Decision, at time.Time) error {
	auto, day := d.P.Redemption.Auto, calendar.DateOf(at, d.P.Zone)
	limit := loyalty.Limit{Times: auto.Limit, Per: loyalty.PerDay}
	reward, _ := FindReward(d.P.Rewards, auto.Reward)
	if reward.When != nil {
		return nil // an old program may have such a condition; members can redeem the reward manually
	}
	for autoReady(d.P.Conversions, &d.P.Spending, d.Account) {
		n := earn.UsedTimes(d.Account, autoKey, limit, day) + 1
		if n > limit.Times {
			return nil
		}
		cost := reward.CostAt(d.Account.Tier.Level)
		r := loyalty.Redemption{ID: autoID(d), Reward: reward.ID, Points: cost, At: at}
		taken, _ := d.Take(nil, "", cost)
		IssueCode(&d.P.Redemption, d.P.Zone, &r, &reward, LotsOf(taken), at)
		e := loyalty.Entry{
			Kind:      loyalty.KindRedeem,
			Cause:     loyalty.Cause{Kind: loyalty.CauseRedemption, ID: r.ID, Revision: 1},
			Effective: at,
			Detail: loyalty.Detail{
				Subject:    loyalty.Subject{Redemption: &r},
				Remembered: loyalty.Remembered{Usage: []loyalty.Usage{earn.LimitUsage(limit, autoKey, day, 1)}},
			},
			Reasons: []loyalty.Reason{
				loyalty.NewReason(
					reward.Key(), loyalty.FormatPoints(-cost), loyalty.IsCost, loyalty.FormatPoints(cost),
				),
				loyalty.NewReason(autoKey, "0", loyalty.IsAutomatic, loyalty.FormatPoints(auto.At)),
			},
			Postings: SpentPostings(taken, "", cost),
		}
		if n == limit.Times {
			e.Reasons = append(
				e.Reasons, loyalty.NewReason(autoKey, "0", loyalty.IsStopped, strconv.FormatInt(n, 10), day.String()),
			)
		}
		CreditWallet(d, &e, &reward, cost)
		if err := d.Post(e); err != nil {
			return err
		}
	}
	return nil
}

// Finish redeems the automatic reward, if enough points became active, and returns the outcome of the decision.
func Finish(d *posting.Decision) (posting.Outcome, error) {
	err := AutoRedeem(d, d.Now)
	return d.Outcome, err
}

// autoID returns the redemption's ID. It consists of the member and the sequence number of the entry. Deciding the same
// history again therefore produces the same IDs.
func autoID(d *posting.Decision) string {
	return fmt.Sprintf("rd_auto_%s_%d", strings.TrimPrefix(string(d.Account.Member), "mem_"), d.Account.Sequence+1)
}

// autoReady reports whether a member has enough active points for the automatic reward, and may redeem it.
func autoReady(conversions []loyalty.Conversion, spending *loyalty.Spending, acc loyalty.Account) bool {
	auto := spending.Redemption.Auto
	return auto.Reward != "" && acc.Status == loyalty.Active && !InDebt(conversions, spending.Rewards, acc) &&
		loyalty.TotalPoints(acc.Lots) >= auto.At
}

// AutoDue returns the end of the day whose limit stopped automatic redemption, or zero if no limit stopped it.
func AutoDue(
	conversions []loyalty.Conversion, spending *loyalty.Spending, zone *time.Location, acc loyalty.Account,
) time.Time {
	if !autoReady(conversions, spending, acc) {
		return time.Time{}
	}
	var last calendar.Date
	for _, u := range acc.Usage {
		if u.Rule == autoKey && u.N >= spending.Redemption.Auto.Limit {
			last = max(last, u.Ends)
		}
	}
	if last == 0 {
		return time.Time{}
	}
	return last.End(zone)
}

// CompileAuto checks automatic redemption. It rejects a reward that some member may not be able to redeem with points
// alone, or that may be out of stock.
func CompileAuto(spending *loyalty.Spending) error {
	auto := spending.Redemption.Auto
	if auto == (loyalty.Auto{}) {
		return nil
	}
	r, ok := FindReward(spending.Rewards, auto.Reward)
	switch {
	case !ok:
		return fmt.Errorf("automatic redemption names the unknown reward %q", auto.Reward)
	case auto.Limit < 1 || auto.Limit > MaxAutoLimit:
		return fmt.Errorf(
			"the daily limit of automatic redemption is %d; it must be from 1 to %d", auto.Limit, MaxAutoLimit,
		)
	}
	r.When = nil // AutoRedeem handles conditions
	if wants := AutoObstacle(&r); wants != "" {
		return fmt.Errorf("the reward %s %s, so it cannot be redeemed automatically", r.ID, wants)
	}
	if costs := r.Costs(); slices.Min(costs) < 1 || slices.Max(costs) > auto.At {
		return errors.New(
			"automatic redemption requires a reward that costs at least 1 point and at most the triggering balance",
		)
	}
	return nil
}

// AutoObstacle returns the property that prevents automatic redemption of a reward, as the predicate of a sentence,
// such as "has a limited stock". It returns an empty string if there is none.
func AutoObstacle(r *loyalty.Reward) string {
	switch {
	case r.Codes.From == loyalty.UploadedCode:
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
	case r.Active != calendar.Span{}:
		return "is not always active"
	case r.Manual:
		return "is fulfilled manually"
	}
	return ""
}
