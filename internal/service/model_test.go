package service_test

import (
	"maps"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// A model is a reference implementation of redemption that is as simple as possible. It stores each point separately,
// with the instant at which the point expires. It has no lots, entries or sums, and shares only the codes of its
// results with the rules.
type model struct {
	now     time.Time
	zone    *time.Location
	hold    time.Duration
	grace   int // the minimum remaining days of returned points; zero: no minimum
	refunds loyalty.OnRefund
	offers  map[string]offer
	members map[loyalty.MemberID]*person
}

// An offer is a reward: its cost, the instants from which its units are available (none: unlimited stock), and the
// maximum number per member.
type offer struct {
	cost       int
	pieces     []time.Time
	aDay, ever int  // zero: unlimited
	parts      bool // it can be redeemed in part
}

type person struct {
	Points []point
	Graced map[time.Time]bool // the instants to which grace has postponed the expiry of points
	Debt   int
	Bought map[string]purchase
	Claims map[string]claim
}

// A point is pending (of is its order), active, held or spent (of is its redemption), expired, or gone (taken back or
// used to repay a debt). Grace postpones its expiry once, not counting manual changes.
type point struct {
	lapses time.Time
	state  string
	of     string
	graced int
}

type purchase struct{ Active, Lapses time.Time }

type claim struct {
	Reward, Cart string
	Status       loyalty.RedemptionStatus
	Day          string
	Until        time.Time
	Points, Back int
}

func (c claim) counts() bool {
	return c.Status == loyalty.Reserved || c.Status == loyalty.Committed
}

// midnight returns the end of the day that is the given number of days after an instant.
func (m *model) midnight(at time.Time, days int) time.Time {
	y, mo, d := at.In(m.zone).Date()
	return time.Date(y, mo, d+days+1, 0, 0, 0, 0, m.zone)
}

// some returns up to n of a person's points in a state, the earliest expiry first.
func (p *person) some(n int, state, of string) (out []*point) {
	for i := range p.Points {
		if x := &p.Points[i]; x.state == state && x.of == of {
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(x, y *point) int { return x.lapses.Compare(y.lapses) })
	return out[:min(n, len(out))]
}

const all = 1 << 30

func (p *person) count(state string) (n loyalty.Points) {
	for _, x := range p.Points {
		if x.state == state {
			n++
		}
	}
	return n
}

// credit makes a point active, unless it repays a debt or has expired.
func (m *model) credit(p *person, x *point) {
	x.state, x.of = "active", ""
	switch {
	case p.Debt > 0:
		p.Debt--
		x.state = "gone"
	case !m.now.Before(x.lapses):
		x.state = "expired"
	}
}

// comeBack credits points that were held or spent. Their expiry is postponed to the end of the grace period, unless
// grace has postponed it before.
func (m *model) comeBack(p *person, points []*point) {
	least := m.midnight(m.now, m.grace)
	late := slices.DeleteFunc(slices.Clone(points), func(x *point) bool {
		return m.grace == 0 || !x.lapses.Before(least) || p.Graced[x.lapses.UTC()]
	})
	for _, x := range late {
		x.lapses = least
		x.graced++
		p.Graced[least.UTC()] = true
	}
	// The points that expire first repay a debt.
	slices.SortStableFunc(points, func(x, y *point) int { return x.lapses.Compare(y.lapses) })
	for _, x := range points {
		m.credit(p, x)
	}
}

// pass advances the clock to each instant of a due change, and then to the last instant.
func (m *model) pass(to time.Time) {
	for next := m.next(); !next.After(to) && !next.IsZero(); next = m.next() {
		m.now = next
		for _, p := range m.members {
			for id, b := range p.Bought {
				for _, x := range p.some(all, "pending", id) {
					if !b.Active.After(m.now) {
						m.credit(p, x)
					}
				}
			}
			for _, x := range p.some(all, "active", "") {
				if !x.lapses.After(m.now) {
					x.state = "expired"
				}
			}
			for _, id := range slices.Sorted(maps.Keys(p.Claims)) {
				if c := p.Claims[id]; c.Status == loyalty.Reserved && !c.Until.After(m.now) {
					m.release(p, id, loyalty.Expired)
				}
			}
		}
	}
	m.now = to
}

// next returns the instant of the next due change, or zero if there is none.
func (m *model) next() (first time.Time) {
	at := func(t time.Time) {
		if first.IsZero() || t.Before(first) {
			first = t
		}
	}
	for _, p := range m.members {
		for _, x := range p.Points {
			switch x.state {
			case "active":
				at(x.lapses)
			case "pending":
				at(p.Bought[x.of].Active)
			case "held":
				at(p.Claims[x.of].Until)
			}
		}
	}
	return first
}

func (m *model) adjust(who loyalty.MemberID, n int) loyalty.Code {
	p := m.members[who]
	if n < 0 {
		taken := p.some(-n, "active", "")
		if len(taken) < -n {
			return loyalty.InsufficientPoints
		}
		takeAway(taken)
	}
	for range n {
		p.Points = append(p.Points, point{lapses: m.midnight(m.now, life)})
		m.credit(p, &p.Points[len(p.Points)-1])
	}
	return ""
}

func takeAway(points []*point) {
	for _, x := range points {
		x.state, x.of = "gone", ""
	}
}

// buy places an order that earns one point per euro.
func (m *model) buy(who loyalty.MemberID, id string, euros int) {
	p, active := m.members[who], m.now.In(m.zone).AddDate(0, 0, wait)
	p.Bought[id] = purchase{active, m.midnight(active, life)}
	for range euros {
		p.Points = append(p.Points, point{lapses: p.Bought[id].Lapses, state: "pending", of: id})
	}
}

// refund takes back n points of an order. It takes pending points of the order first, then active points that expire on
// the same day, then other active points. The rest becomes debt. Points of the order that have already expired are not
// taken back again.
func (m *model) refund(who loyalty.MemberID, id string, n int) {
	p := m.members[who]
	b := p.Bought[id]
	waiting := p.some(n, "pending", id)
	takeAway(waiting)
	n -= len(waiting)
	for i := range p.Points {
		if x := &p.Points[i]; n > 0 && !m.now.Before(b.Lapses) && x.state == "expired" && x.lapses.Equal(b.Lapses) {
			x.state = "written off"
			n--
		}
	}
	active := p.some(all, "active", "")
	slices.SortStableFunc(active, func(x, y *point) int {
		return map[bool]int{true: -1}[x.lapses.Equal(b.Lapses)] - map[bool]int{true: -1}[y.lapses.Equal(b.Lapses)]
	})
	active = active[:min(n, len(active))]
	takeAway(active)
	p.Debt += n - len(active)
}

// redeem returns the codes of all reasons to reject the redemption. If there are none, it redeems the reward.
func (m *model) redeem(who loyalty.MemberID, id, reward, cart string, commit bool) (why []loyalty.Code) {
	was := m.clone()
	p, o := m.members[who], m.offers[reward]
	open, today, ever, taken := 0, 0, 0, 0
	for other, c := range p.Claims {
		if cart != "" && c.Cart == cart && c.Status == loyalty.Reserved {
			m.release(p, other, loyalty.Canceled)
		}
	}
	day := m.now.In(m.zone).Format(time.DateOnly)
	for owner, q := range m.members {
		for _, c := range q.Claims {
			switch {
			case c.counts() && c.Reward == reward && owner == who && c.Day == day:
				today++
				fallthrough
			case c.counts() && c.Reward == reward && owner == who:
				ever++
				fallthrough
			case c.counts() && c.Reward == reward:
				taken++
			}
			if owner == who && c.Status == loyalty.Reserved {
				open++
			}
		}
	}
	there := 0
	for _, at := range o.pieces {
		if !at.After(m.now) {
			there++
		}
	}
	if o.aDay > 0 && today >= o.aDay || o.ever > 0 && ever >= o.ever {
		why = append(why, loyalty.RewardUnavailable)
	}
	if len(o.pieces) > 0 && taken >= there {
		why = append(why, loyalty.RewardOutOfStock)
	}
	mine := p.some(o.cost, "active", "")
	if len(mine) < o.cost || p.Debt > 0 {
		why = append(why, loyalty.InsufficientPoints)
	}
	if !commit && open >= redeem.MaxHolds {
		why = append(why, loyalty.ValidationFailed)
	}
	if len(why) > 0 {
		*m = *was
		return why
	}
	c, state := claim{reward, cart, loyalty.Reserved, day, m.now.Add(m.hold), o.cost, 0}, "held"
	if commit {
		c.Status, state = loyalty.Committed, "spent"
	}
	p.Claims[id] = c
	for _, x := range mine {
		x.state, x.of = state, id
	}
	return nil
}

func (m *model) release(p *person, id string, as loyalty.RedemptionStatus) {
	c := p.Claims[id]
	c.Status = as
	p.Claims[id] = c
	m.comeBack(p, p.some(all, "held", id))
}

func (m *model) cancel(who loyalty.MemberID, id string) loyalty.Code {
	if m.members[who].Claims[id].Status != loyalty.Reserved {
		return loyalty.AlreadyResolved
	}
	m.release(m.members[who], id, loyalty.Canceled)
	return ""
}

// commit spends n of the held points, the earliest expiry first. It rejects a part of a reward that can only be
// redeemed as a whole.
func (m *model) commit(who loyalty.MemberID, id string, n int) loyalty.Code {
	p := m.members[who]
	c := p.Claims[id]
	switch {
	case c.Status == loyalty.Expired:
		return loyalty.AlreadyExpired
	case c.Status != loyalty.Reserved:
		return loyalty.AlreadyResolved
	case n > c.Points || n < 0 || n > 0 && n < c.Points && !m.offers[c.Reward].parts:
		return loyalty.AmountOutOfRange
	case n == 0:
		n = c.Points
	}
	for _, x := range p.some(n, "held", id) {
		x.state = "spent"
	}
	m.comeBack(p, p.some(all, "held", id))
	c.Status, c.Points = loyalty.Committed, n
	p.Claims[id] = c
	return ""
}

// reverse returns the points for a share of the redemption according to the program, the latest expiry first.
func (m *model) reverse(who loyalty.MemberID, id string, part, of int) loyalty.Code {
	p := m.members[who]
	c := p.Claims[id]
	if c.Status != loyalty.Committed {
		return loyalty.AlreadyResolved
	}
	target := map[loyalty.OnRefund]int{loyalty.AllBack: c.Points, loyalty.ShareBack: c.Points * part / of}[m.refunds]
	if target <= c.Back {
		return loyalty.ValidationFailed
	}
	spent := p.some(all, "spent", id)
	slices.Reverse(spent)
	m.comeBack(p, spent[:target-c.Back])
	if c.Back = target; c.Back == c.Points {
		c.Status = loyalty.Reversed
	}
	p.Claims[id] = c
	return ""
}

// extend postpones the expiry of points that would expire before the end of a day to that instant.
func (m *model) extend(who loyalty.MemberID, days int) loyalty.Code {
	p, until := m.members[who], m.midnight(m.now, days)
	short := slices.DeleteFunc(p.some(all, "active", ""), func(x *point) bool { return !x.lapses.Before(until) })
	if days > extendBy || len(short) == 0 {
		return loyalty.ValidationFailed
	}
	for _, x := range short {
		x.lapses, x.graced = until, 0
	}
	for id, b := range p.Bought {
		if !b.Active.After(m.now) && b.Lapses.After(m.now) && b.Lapses.Before(until) {
			p.Bought[id] = purchase{b.Active, until}
		}
	}
	return ""
}

func (m *model) clone() *model {
	c := *m
	c.members = map[loyalty.MemberID]*person{}
	for id, p := range m.members {
		c.members[id] = &person{
			slices.Clone(p.Points), maps.Clone(p.Graced), p.Debt, maps.Clone(p.Bought), maps.Clone(p.Claims),
		}
	}
	return &c
}
