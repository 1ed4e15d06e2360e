package loyalty

import (
	"strconv"
	"time"
)

// A WaitlistEntry is a member's entry on the waitlist of a reward with a limited quantity.
type WaitlistEntry struct {
	Member MemberID
	Since  time.Time
	Called time.Time // when an item became available for the member; zero if none has yet
}

// HasWaitlist reports whether the reward has a waitlist.
func (r *Reward) HasWaitlist() bool { return !r.FirstCall.IsZero() }

// Takes returns how many of the available items an outcome takes. It is 0 if the cart returns an item that it had
// before, because members on the waitlist have no claim to that item.
func (r *Reward) Takes(out Outcome) (n Points) {
	for _, s := range out.Spends {
		if s.Rule == r.Key() {
			n += s.Points
		}
	}
	return n
}

// CallEnds returns the end of the time, exclusive, in which a called member is served first. It returns zero for a
// member who was not called.
func (p *Program) CallEnds(r *Reward, w WaitlistEntry) time.Time {
	if w.Called.IsZero() {
		return time.Time{}
	}
	return r.FirstCall.After(w.Called, p.Zone)
}

// A Call assigns the available items of a reward to the members on its waitlist, in order. Each of these members is
// served first for as long as the reward specifies. A member who does not take an item in that time loses the waitlist
// entry.
type Call struct {
	first  map[MemberID]bool
	Called []WaitlistEntry // entries that are called now and were not notified yet
	Lost   []WaitlistEntry // entries whose time is over
	left   Points
}

// Call reads a waitlist, oldest entry first. It stops as soon as further entries do not change the result.
func (p *Program) Call(r *Reward, line func(yield func(WaitlistEntry) bool), left Points, now time.Time) Call {
	c := Call{first: map[MemberID]bool{}, left: left}
	if left <= 0 {
		return c
	}
	for w := range line {
		ends := p.CallEnds(r, w)
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
func (c Call) Refuses(m MemberID) error {
	if c.left <= 0 || c.first[m] || len(c.first) < int(c.left) {
		return nil
	}
	l := UnmetRequirement{Requirement: RequirementWaitlist, Available: strconv.FormatInt(int64(c.left), 10)}
	return &Error{Code: RewardOutOfStock, Detail: l.Why(), Pointer: "/reward", Unmet: []UnmetRequirement{l}}
}

// MayWait rejects a reward without a waitlist, and a member who does not meet the tier, segment or limit of the reward.
// The account must have been advanced to now.
func (p *Program) MayWait(acc Account, r *Reward, now time.Time) error {
	if acc.Status != Active {
		return frozen("/member")
	}
	if !r.HasWaitlist() {
		return refuse(ValidationFailed, "", "The reward has no waitlist.")
	}
	for _, l := range p.lacks(acc, r, Redemption{}, now) {
		if l.Requirement == RequirementTier || l.Requirement == RequirementSegment ||
			l.Requirement == RequirementLimit {
			return unavailable([]UnmetRequirement{l})
		}
	}
	return nil
}
