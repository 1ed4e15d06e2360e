package loyalty

import (
	"strings"
	"time"
)

// A RewardDate is one date of an experience. Each date has a separate capacity, counted separately.
type RewardDate struct {
	ID       string
	At       time.Time
	Capacity int64
	Name     Text // may be empty
}

// key returns the key of the date's capacity among the rules, which differs from the reward's key.
func (o RewardDate) key(r *Reward) string { return r.Key() + "@" + o.ID }

// Counters returns what the reward has in limited quantity, and how much of each was available until an instant. It
// omits dates that are over.
func (r *Reward) Counters(at time.Time) (out []Spend) {
	if len(r.StockBatches) > 0 {
		out = append(out, Spend{Rule: r.Key(), Budget: r.Quantity(at)})
	}
	for _, o := range r.Dates {
		if o.At.After(at) {
			out = append(out, Spend{Rule: o.key(r), Budget: Points(o.Capacity)})
		}
	}
	return out
}

// counter returns which limited quantity a redemption uses: that of its date, or that of the reward if it has no date.
func (r *Reward) counter(date string, at time.Time) Spend {
	if date == "" {
		return Spend{Rule: r.Key(), Budget: r.Quantity(at)}
	}
	for _, o := range r.Dates {
		if o.ID == date {
			return Spend{Rule: o.key(r), Budget: Points(o.Capacity)}
		}
	}
	return Spend{Rule: RewardDate{ID: date}.key(r)} // the program no longer has this date
}

// KeyOn returns the key under which redemptions of a date are counted, or of the reward if date is empty.
func (r *Reward) KeyOn(date string) string { return r.counter(date, time.Time{}).Rule }

// RemainingCapacity returns the remaining capacity of a date, as far as it is known.
func (r *Reward) RemainingCapacity(o RewardDate, left Budgets) int64 {
	if n, known := left[o.key(r)]; known {
		return int64(n)
	}
	return o.Capacity
}

// date finds the date of a redemption and sets its DateAt. It rejects a date that the reward does not have or that is
// over.
func (r *Reward) date(in *Redemption, now time.Time) error {
	if len(r.Dates) == 0 {
		if in.Date != "" {
			return refuse(ValidationFailed, "/date", "The reward has no dates. Omit date.")
		}
		return nil
	}
	var ids []string
	for _, o := range r.Dates {
		if o.ID == in.Date {
			if in.DateAt = o.At; !o.At.After(now) {
				return unavailable([]UnmetRequirement{{Requirement: RequirementTime, Required: o.ID}})
			}
			return nil
		}
		if o.At.After(now) {
			ids = append(ids, o.ID)
		}
	}
	if len(ids) == 0 {
		return unavailable([]UnmetRequirement{{Requirement: RequirementTime}})
	}
	return refuse(ValidationFailed, "/date", "Specify date. It must be one of "+strings.Join(ids, ", ")+".")
}

// dated returns the requirement that all dates together do not meet: all dates are over, or those ahead have no
// capacity.
func (r *Reward) dated(left Budgets, now time.Time) (out []UnmetRequirement) {
	ahead, places := false, false
	for _, o := range r.Dates {
		if o.At.After(now) {
			ahead, places = true, places || r.RemainingCapacity(o, left) > 0
		}
	}
	switch {
	case len(r.Dates) > 0 && !ahead:
		out = append(out, UnmetRequirement{Requirement: RequirementTime})
	case len(r.Dates) > 0 && !places:
		out = append(out, UnmetRequirement{Requirement: RequirementStock, Available: "0"})
	}
	return out
}

// NoCapacity returns the error for a date without remaining capacity, which lists the dates that have some.
func (r *Reward) NoCapacity(date string, left Budgets, now time.Time) *Error {
	var others []string
	for _, o := range r.Dates {
		if o.At.After(now) && o.ID != date && r.RemainingCapacity(o, left) > 0 {
			others = append(others, o.ID)
		}
	}
	l := UnmetRequirement{Requirement: RequirementStock, Required: date, Available: strings.Join(others, ", ")}
	return &Error{Code: RewardOutOfStock, Detail: l.Why(), Pointer: "/date", Unmet: []UnmetRequirement{l}}
}
