package loyalty

import (
	"strconv"
	"time"
)

// A Waiter is a member on the waiting list of a reward of which there are only so many.
type Waiter struct {
	Member MemberID
	Since  time.Time
	Called time.Time // when a piece was there for the member; zero if none was yet
}

// Waits reports whether members can wait for the reward.
func (r *Reward) Waits() bool { return !r.FirstCall.IsZero() }

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
func (p *Program) CallEnds(r *Reward, w Waiter) time.Time {
	if w.Called.IsZero() {
		return time.Time{}
	}
	return r.FirstCall.After(w.Called, p.Zone)
}

// A Call is what follows from a waiting list for the pieces that are left: as many of those who wait, from the first on,
// have the first call on them. Whoever has had it for as long as the reward says, and took nothing, has lost the place.
type Call struct {
	first  map[MemberID]bool
	Called []Waiter // who has the first call, and was not told so far
	Lost   []Waiter // who has lost the place
	left   Points
}

// Call walks a waiting list, oldest first. It stops where what follows makes no difference.
func (p *Program) Call(r *Reward, line func(yield func(Waiter) bool), left Points, now time.Time) Call {
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
	l := Lack{What: LacksTurn, Available: strconv.FormatInt(int64(c.left), 10)}
	return &Error{Code: RewardOutOfStock, Detail: l.Why(), Pointer: "/reward", Lacks: []Lack{l}}
}

// MayWait refuses the waiting list to whom the reward is not for. The account must have been advanced to now.
func (p *Program) MayWait(acc Account, r *Reward, now time.Time) error {
	if acc.Status != Active {
		return frozen("/member")
	}
	if !r.Waits() {
		return refuse(ValidationFailed, "", "The reward has no waiting list.")
	}
	for _, l := range p.lacks(acc, r, Redemption{}, now) {
		if l.What == LacksTier || l.What == LacksSegment || l.What == LacksLimit {
			return unavailable([]Lack{l})
		}
	}
	return nil
}
