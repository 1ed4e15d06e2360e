package redeem

import (
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// A WaitlistEntry is a member's entry on the waitlist of a reward with a limited quantity.
type WaitlistEntry struct {
	Member loyalty.MemberID
	Since  time.Time
	Called time.Time // when an item became available for the member; zero if none has yet
}

// ItemsTaken returns how many of the available items an outcome takes. It is 0 if the redemption replaces one for the
// same cart that had already taken an item, because members on the waitlist have no claim to that item.
func ItemsTaken(r *loyalty.Reward, out posting.Outcome) (n loyalty.Points) {
	for _, s := range out.Spends {
		if s.Rule == r.Key() {
			n += s.Points
		}
	}
	return n
}

// CallEnds returns the end of the time, exclusive, in which a called member has priority. It returns zero for a member
// who was not called.
func CallEnds(zone *time.Location, r *loyalty.Reward, w WaitlistEntry) time.Time {
	if w.Called.IsZero() {
		return time.Time{}
	}
	return r.FirstCall.After(w.Called, zone)
}

// A Call assigns the available items of a reward to the first members on its waitlist. These members are called: each
// of them has priority for as long as the reward specifies. A member who does not take an item in that time loses the
// waitlist entry.
type Call struct {
	first  map[loyalty.MemberID]bool
	Called []WaitlistEntry // entries of members who are called now and were not notified yet
	Lost   []WaitlistEntry // entries of members whose priority has ended
	left   loyalty.Points
}

// CallNext reads a waitlist, oldest entry first. It stops as soon as further entries do not change the result.
func CallNext(
	zone *time.Location, r *loyalty.Reward, line func(yield func(WaitlistEntry) bool), left loyalty.Points,
	now time.Time,
) Call {
	c := Call{first: map[loyalty.MemberID]bool{}, left: left}
	if left <= 0 {
		return c
	}
	for w := range line {
		ends := CallEnds(zone, r, w)
		switch {
		case !ends.IsZero() && !now.Before(ends):
			c.Lost = append(c.Lost, w)
			continue
		case ends.IsZero():
			c.Called = append(c.Called, w)
		}
		if c.first[w.Member] = true; len(c.first) == int(left) {
			break
		}
	}
	return c
}

// Refuses returns the error for a member who must wait for other members, or nil if the member may take an item.
func (c Call) Refuses(m loyalty.MemberID) error {
	if c.left <= 0 || c.first[m] || len(c.first) < int(c.left) {
		return nil
	}
	l := loyalty.UnmetRequirement{
		Requirement: loyalty.RequirementWaitlist, Available: strconv.FormatInt(int64(c.left), 10),
	}
	return &loyalty.Error{
		Code: loyalty.RewardOutOfStock, Detail: explain(l), Pointer: "/reward", Unmet: []loyalty.UnmetRequirement{l},
	}
}

// MayWait rejects a reward without a waitlist, and a member who does not meet the tier, segment or limit of the reward.
// The account must have been advanced to now.
func (rs Rules) MayWait(acc loyalty.Account, r *loyalty.Reward, now time.Time) error {
	if acc.Status != loyalty.Active {
		return loyalty.RefuseFrozen("/member")
	}
	if !r.HasWaitlist() {
		return loyalty.Refuse(loyalty.ValidationFailed, "", "The reward has no waitlist.")
	}
	for _, l := range rs.UnmetRequirements(acc, r, loyalty.Redemption{}, now) {
		if l.Requirement == loyalty.RequirementTier || l.Requirement == loyalty.RequirementSegment ||
			l.Requirement == loyalty.RequirementLimit {
			return unavailable([]loyalty.UnmetRequirement{l})
		}
	}
	return nil
}
