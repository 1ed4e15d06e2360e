package loyalty

import (
	"strings"
	"time"
)

// An Occasion is one of the dates of an experience: it has its own places, which are counted apart.
type RewardDate struct {
	ID       string
	At       time.Time
	Capacity int64
	Name     Text // may be empty
}

// key names the places of a date among the rules, beside those of the reward.
func (o RewardDate) key(r *Reward) string { return r.Key() + "@" + o.ID }

// Counters is what the reward has a bounded number of, and how many each has had until an instant. What was yesterday
// is not counted any more.
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

// counter is what a redemption takes a piece of: those of its date, if it is for one.
func (r *Reward) counter(date string, at time.Time) Spend {
	if date == "" {
		return Spend{Rule: r.Key(), Budget: r.Quantity(at)}
	}
	for _, o := range r.Dates {
		if o.ID == date {
			return Spend{Rule: o.key(r), Budget: Points(o.Capacity)}
		}
	}
	return Spend{Rule: RewardDate{ID: date}.key(r)} // the program does not have it any more
}

// KeyOn names what is counted of a date, or of the reward where there is none, among the rules.
func (r *Reward) KeyOn(date string) string { return r.counter(date, time.Time{}).Rule }

// PlacesLeft is how many places a date has left, as far as that is known.
func (r *Reward) RemainingCapacity(o RewardDate, left Budgets) int64 {
	if n, known := left[o.key(r)]; known {
		return int64(n)
	}
	return o.Capacity
}

// date finds the date that a redemption is for, and refuses one that there is none of, or that is over.
func (r *Reward) date(in *Redemption, now time.Time) error {
	if len(r.Dates) == 0 {
		if in.Date != "" {
			return refuse(ValidationFailed, "/date", "The reward has no dates: leave the date out.")
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
	return refuse(ValidationFailed, "/date", "Say on which date: "+strings.Join(ids, ", ")+".")
}

// dated is what is lacking of all of the dates together: they are over, or have no places.
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

// NoPlaces is the refusal of a date that has no places left, and says which have.
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
