package redeem

import (
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// key returns the key under which the capacity of a reward's date is counted. It differs from the reward's key.
func key(o loyalty.RewardDate, r *loyalty.Reward) string { return r.Key() + "@" + o.ID }

// Counters returns the limited quantities of a reward: its stock, which is the number of units that became available
// before an instant, and the capacities of its dates. It omits dates that are over.
func Counters(r *loyalty.Reward, at time.Time) (out []posting.Spend) {
	if len(r.StockBatches) > 0 {
		out = append(out, posting.Spend{Rule: r.Key(), Budget: StockUntil(r, at)})
	}
	for _, o := range r.Dates {
		if o.At.After(at) {
			out = append(out, posting.Spend{Rule: key(o, r), Budget: loyalty.Points(o.Capacity)})
		}
	}
	return out
}

// Counter returns the limited quantity from which a redemption takes a unit: the capacity of its date or, if it has no
// date, the stock of the reward.
func Counter(r *loyalty.Reward, date string, at time.Time) posting.Spend {
	if date == "" {
		return posting.Spend{Rule: r.Key(), Budget: StockUntil(r, at)}
	}
	for _, o := range r.Dates {
		if o.ID == date {
			return posting.Spend{Rule: key(o, r), Budget: loyalty.Points(o.Capacity)}
		}
	}
	return posting.Spend{Rule: key(loyalty.RewardDate{ID: date}, r)} // the program no longer has this date
}

// KeyOn returns the key under which redemptions of a reward on a date are counted. If date is empty, it is the key of
// the reward.
func KeyOn(r *loyalty.Reward, date string) string { return Counter(r, date, time.Time{}).Rule }

// RemainingCapacity returns the remaining capacity of a date. If it is not among the given remainders, the result is
// the whole capacity.
func RemainingCapacity(r *loyalty.Reward, o loyalty.RewardDate, left earn.Budgets) int64 {
	if n, known := left[key(o, r)]; known {
		return int64(n)
	}
	return o.Capacity
}

// RewardDate finds the date of a redemption and sets its DateAt. It rejects a date that the reward does not have or
// that is over.
func RewardDate(r *loyalty.Reward, in *loyalty.Redemption, now time.Time) error {
	if len(r.Dates) == 0 {
		if in.Date != "" {
			return loyalty.Refuse(loyalty.ValidationFailed, "/date", "The reward has no dates. Omit date.")
		}
		return nil
	}
	var ids []string
	for _, o := range r.Dates {
		if o.ID == in.Date {
			if in.DateAt = o.At; !o.At.After(now) {
				return unavailable([]loyalty.UnmetRequirement{{Requirement: loyalty.RequirementTime, Required: o.ID}})
			}
			return nil
		}
		if o.At.After(now) {
			ids = append(ids, o.ID)
		}
	}
	if len(ids) == 0 {
		return unavailable([]loyalty.UnmetRequirement{{Requirement: loyalty.RequirementTime}})
	}
	return loyalty.Refuse(
		loyalty.ValidationFailed, "/date", "Specify date. It must be one of "+strings.Join(ids, ", ")+".",
	)
}

// DatedReward returns an unmet requirement if no date of the reward can be redeemed, because all dates are over or no
// future date has remaining capacity.
func DatedReward(r *loyalty.Reward, left earn.Budgets, now time.Time) (out []loyalty.UnmetRequirement) {
	ahead, places := false, false
	for _, o := range r.Dates {
		if o.At.After(now) {
			ahead, places = true, places || RemainingCapacity(r, o, left) > 0
		}
	}
	switch {
	case len(r.Dates) > 0 && !ahead:
		out = append(out, loyalty.UnmetRequirement{Requirement: loyalty.RequirementTime})
	case len(r.Dates) > 0 && !places:
		out = append(out, loyalty.UnmetRequirement{Requirement: loyalty.RequirementStock, Available: "0"})
	}
	return out
}

// NoCapacity returns the error for a date without remaining capacity, which lists the dates that have some.
func NoCapacity(r *loyalty.Reward, date string, left earn.Budgets, now time.Time) *loyalty.Error {
	var others []string
	for _, o := range r.Dates {
		if o.At.After(now) && o.ID != date && RemainingCapacity(r, o, left) > 0 {
			others = append(others, o.ID)
		}
	}
	l := loyalty.UnmetRequirement{
		Requirement: loyalty.RequirementStock, Required: date, Available: strings.Join(others, ", "),
	}
	return &loyalty.Error{
		Code: loyalty.RewardOutOfStock, Detail: explain(l), Pointer: "/date", Unmet: []loyalty.UnmetRequirement{l},
	}
}
