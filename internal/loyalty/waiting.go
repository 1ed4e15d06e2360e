package loyalty

import (
	"strconv"
	"time"
)

// A Waiter is a member on the waitlist of a reward of which there are only so many.
type WaitlistEntry struct {
	Member MemberID
	Since  time.Time
	Called time.Time // when a piece was there for the member; zero if none was yet
}

// Waits reports whether members can wait for the reward.
func (r *Reward) HasWaitlist() bool { return !r.FirstCall.IsZero() }

// Takes is how many of the pieces that are left an outcome takes: none where the cart gives one back that had one already,
// on which nobody who waits has a call.
func (r *Reward) Takes(out Outcome) (n Points) {
	for _, s := range out.Spends {
		if s.Rule == r.Key() {
			n += s.Points
		}
	}
	return n
}

// CallEnds is until when a waiter who was called has the first call, exclusive; zero for one who was not.
func (p *Program) CallEnds(r *Reward, w WaitlistEntry) time.Time {
	if w.Called.IsZero() {
		return time.Time{}
	}
	return r.FirstCall.After(w.Called, p.Zone)
}

// A Call is what follows from a waitlist for the pieces that are left: as many of those who wait, from the first on,
// have the first call on them. Whoever has had it for as long as the reward says, and took nothing, has lost the place.
type Call struct {
	first  map[MemberID]bool
	Called []WaitlistEntry // who has the first call, and was not told so far
	Lost   []WaitlistEntry // who has lost the place
	left   Points
}

// Call walks a waitlist, oldest first. It stops where what follows makes no difference.
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

// Refuses is the refusal of a member whose turn it is not; nil if the member may take a piece.
func (c Call) Refuses(m MemberID) error {
	if c.left <= 0 || c.first[m] || len(c.first) < int(c.left) {
		return nil
	}
	l := UnmetRequirement{Requirement: RequirementWaitlist, Available: strconv.FormatInt(int64(c.left), 10)}
	return &Error{Code: RewardOutOfStock, Detail: l.Why(), Pointer: "/reward", Unmet: []UnmetRequirement{l}}
}

// MayWait refuses the waitlist to whom the reward is not for. The account must have been advanced to now.
func (p *Program) MayWait(acc Account, r *Reward, now time.Time) error {
	if acc.Status != Active {
		return frozen("/member")
	}
	if !r.HasWaitlist() {
		return refuse(ValidationFailed, "", "The reward has no waitlist.")
	}
	for _, l := range p.lacks(acc, r, Redemption{}, now) {
		if l.Requirement == RequirementTier || l.Requirement == RequirementSegment || l.Requirement == RequirementLimit {
			return unavailable([]UnmetRequirement{l})
		}
	}
	return nil
}
