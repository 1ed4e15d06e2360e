package loyalty

import (
	"fmt"
	"slices"
	"time"
)

// PlaceOrder brings the points of an order up to what it is now: those of its worth that earlier revisions
// have not given are credited, those that they gave too much are taken back. The worth of a later revision is
// computed by the rules, and by what was known of the member, at the first one: rules is the version that prior names,
// and p itself where prior is nil. left is what the budgets of campaigns still have, as far as that is known. The
// account must have been advanced to now.
func (p *Program) PlaceOrder(acc Account, prior *OrderState, rules *Program, o Order, left Budgets, now time.Time) (Outcome, error) {
	if acc.Status != Active {
		return Outcome{}, refuse(AccountFrozen, "/member", "The account is frozen.")
	}
	if err := o.check(); err != nil {
		return Outcome{}, err
	}
	s, err := p.orderState(acc, prior, rules, o, now)
	if err != nil {
		return Outcome{}, err
	}
	w, err := rules.worth(acc, &s, left, s.late(rules, now))
	if err != nil {
		return Outcome{}, err
	}
	d := p.decide(acc, now)
	e := Entry{
		Kind: KindEarn, Cause: Cause{CauseOrder, o.ID, s.Revision}, Program: s.Program,
		Effective: o.PlacedAt, Because: w.because, Usage: w.usage,
	}
	if prior != nil && prior.Order.Member != "" {
		e.Effective = now
		if s.Worth != 0 {
			e.Because = append(e.Because, Reason("revision", points(-s.Worth), WasGiven))
		}
	}
	e = d.bring(e, rules, &s, w)
	e.Metric, e.Window = s.metric(p, prior, w), p.window()
	s.Spend, s.Elements = w.spend, w.pieces
	e.Carried = s.carry(acc, w.rest)
	e.Order = &s
	if o.Status == OrderPaid {
		d.active(&e, "order", o.PlacedAt)
	}
	if err := d.post(e); err != nil {
		return Outcome{}, err
	}
	d.Spends = w.spends
	if err := d.rise(now); err != nil {
		return Outcome{}, err
	}
	return d.Outcome, nil
}

// rise gives what the number of orders has reached, and the level.
func (d *decision) rise(now time.Time) error {
	if err := d.milestones(now); err != nil {
		return err
	}
	return d.climb(now)
}

// bring posts what brings each of the order's grants to what it is worth now.
func (d *decision) bring(e Entry, rules *Program, s *OrderState, w worth) Entry {
	for _, o := range w.own {
		s.grant(o.rule)
	}
	base := w.total
	for i := 1; i < len(s.Grants); i++ {
		base -= w.ofRule(s.Grants[i].Rule)
	}
	for i := range s.Grants {
		g := &s.Grants[i]
		target := base
		if i > 0 {
			target = w.ofRule(g.Rule)
		}
		e = d.start(e, rules, s, g)
		delta := target - g.Worth
		switch {
		case delta > 0:
			wait, _ := rules.life(g.Rule, s.Buyer.Level)
			e = d.giveBack(e, delta, g, wait.Deadline(s.Order.PlacedAt, rules.Zone))
		case delta < 0:
			e = d.clawBack(e, -delta, g)
		}
		g.Worth = target
	}
	if w.total < s.Worth {
		e.Kind = KindClawback
	}
	s.Worth = w.total
	s.Grants = slices.DeleteFunc(s.Grants, Grant.empty)
	return lostToExpiry(issued(e))
}

// empty reports whether a rule's grant holds nothing that must be remembered.
func (g Grant) empty() bool {
	return g.Rule != "" && g.Worth == 0 && len(g.Taken) == 0 && g.Owed == 0 && g.Lapsed == 0
}

// ofRule is what a rule with a life of its own gives; zero if nothing.
func (w worth) ofRule(rule string) Points {
	for _, o := range w.own {
		if o.rule == rule {
			return o.n
		}
	}
	return 0
}

// late is when what the points of a rule, or of the base, wait for should have happened and had not; zero if that is
// not so.
func (s *OrderState) late(rules *Program, now time.Time) func(rule string) time.Time {
	return func(rule string) time.Time {
		wait, _ := rules.life(rule, s.Buyer.Level)
		limit := wait.Deadline(s.Order.PlacedAt, rules.Zone)
		for _, g := range s.Grants {
			if g.Rule == rule && !g.ActiveAt.IsZero() {
				return time.Time{}
			}
		}
		if at := s.Order.happened(wait.Until); limit.IsZero() || now.Before(limit) || !at.IsZero() && !at.After(limit) {
			return time.Time{}
		}
		return limit
	}
}

// grant is the grant of a rule with a life of its own, made if it is not there.
func (s *OrderState) grant(rule string) *Grant {
	for i := range s.Grants {
		if s.Grants[i].Rule == rule {
			return &s.Grants[i]
		}
	}
	s.Grants = append(s.Grants, Grant{Rule: rule})
	return &s.Grants[len(s.Grants)-1]
}

// start tells when the points of a grant become active, as soon as that is known, and moves those that were pending
// without knowing.
func (d *decision) start(e Entry, rules *Program, s *OrderState, g *Grant) Entry {
	if !g.ActiveAt.IsZero() {
		return e
	}
	wait, expiry := rules.life(g.Rule, s.Buyer.Level)
	at := wait.Active(s.Order.PlacedAt, s.Order.happened(wait.Until), rules.Zone)
	if at.IsZero() || !s.late(rules, d.now)(g.Rule).IsZero() { // what came too late starts nothing
		return e
	}
	g.ActiveAt, g.Expires = at, expiry.Date(at, d.Account.since(expiry), rules.Zone)
	cause := e.Cause.of(*g)
	for _, x := range d.Account.Pending {
		if x.Cause == cause {
			if !at.After(d.now) {
				e.Because = append(e.Because, Reason("pending", "0", BecameActive, "order "+s.Order.ID, points(x.Points)))
			}
			e.Postings = append(e.Postings, Posting{Bucket: BucketPending, Cause: cause, Lot: x.Expires, GiveUp: x.GiveUp, Points: -x.Points})
			e.Postings = d.credit(e.Postings, cause, x.Points, *g, time.Time{})
		}
	}
	return e
}

// of is the cause under which points of a grant are pending.
func (c Cause) of(g Grant) Cause {
	if g.Rule != "" {
		c.ID += "~" + g.Rule
	}
	return Cause{Kind: c.Kind, ID: c.ID}
}

// life is when the points of a rule, or the base, become active and lapse at a level.
func (p *Program) life(key, level string) (Wait, Expiry) {
	wait, expiry := p.Earn.Pending, p.Earn.Expires
	if l, _, ok := p.Level(level); ok && l.Expires != nil {
		expiry = *l.Expires
	}
	for i := range p.compiled.rules {
		if r := &p.compiled.rules[i]; r.key == key {
			return r.Life.over(wait, expiry)
		}
	}
	return wait, expiry
}

// over lays a life over that of the base.
func (l Life) over(w Wait, e Expiry) (Wait, Expiry) {
	if l.Pending != nil {
		w = *l.Pending
	}
	if l.Expires != nil {
		e = *l.Expires
	}
	return w, e
}

// since is what an expiry by anniversary counts from.
func (a Account) since(e Expiry) time.Time {
	if e.Anniversary == OfTier && !a.Tier.Since.IsZero() {
		return a.Tier.Since
	}
	return a.Joined
}

// carry is the fraction that the member has after the order, to be written down if the order changed it.
func (s *OrderState) carry(acc Account, rest exact) string {
	n, _ := rest.mul(whole(carriedParts)).add(half).floor()
	rest = share(n, carriedParts)
	change := rest.sub(exactFrom(s.Rest))
	s.Rest = ""
	if rest.sign() != 0 {
		s.Rest = rest.String()
	}
	if change.sign() == 0 {
		return ""
	}
	sum := change
	if acc.Carried != "" {
		sum = sum.add(exactFrom(acc.Carried))
	}
	return sum.String()
}

// carriedParts is how fine a carried fraction is: a millionth of a point. As fine as it comes it would grow with every
// order, by the denominators of all rates that there ever were.
const carriedParts = 1_000_000

// orderState is the state that this revision starts from: with the worth still of the revision before.
func (p *Program) orderState(acc Account, prior *OrderState, rules *Program, o Order, now time.Time) (OrderState, error) {
	if prior != nil {
		return p.nextState(acc, prior, rules, o, now)
	}
	if err := p.checkPlaced(o, now); err != nil {
		return OrderState{}, err
	}
	if o.Member != "" && o.PlacedAt.Before(acc.Joined.Add(-JoinGrace)) {
		return OrderState{}, refuse(ValidationFailed, "/placed_at", "The order was placed more than a day before the member joined.")
	}
	s := OrderState{
		Order: o, Revision: 1, Program: p.Version, Buyer: p.buyer(acc, o),
		Grants: []Grant{{}},
	}
	if p.Earn.Carry {
		s.Carried = acc.Carried
	}
	if rate, ok := p.exchange(o); ok {
		s.Rate = rate.String()
	}
	return s, nil
}

func (p *Program) nextState(acc Account, prior *OrderState, rules *Program, o Order, now time.Time) (OrderState, error) {
	s := *prior
	claimed := s.Order.Member == "" && o.Member != ""
	switch {
	case !claimed && s.Order.Member != o.Member:
		return s, refuse(ValidationFailed, "/member", "The order belongs to another member.")
	case s.Order.Currency != o.Currency:
		return s, refuse(CurrencyMismatch, "/currency", fmt.Sprintf("The order was placed in %s.", s.Order.Currency))
	case !s.Order.PlacedAt.Equal(o.PlacedAt):
		return s, refuse(ValidationFailed, "/placed_at", "When an order was placed cannot change.")
	case claimed && o.PlacedAt.Before(now.Add(-MaxOrderAge)):
		return s, refuse(ValidationFailed, "/member", "A guest's order becomes a member's within 90 days after it was placed.")
	}
	s.Grants, s.Shares = slices.Clone(s.Grants), slices.Clone(s.Shares)
	switch {
	case claimed:
		s.Buyer = rules.buyer(acc, o)
	case s.Buyer.Orders < 0 && o.Status == OrderPaid && rules.compiled.asks.orders:
		s.Buyer.Orders = acc.orders()
	}
	s.Order = o
	s.Revision++
	s.forget(rules, now)
	return s, nil
}

// forget takes note of what time has taken: points that waited for something to happen, and were given up.
func (s *OrderState) forget(rules *Program, now time.Time) {
	for i := range s.Grants {
		g := &s.Grants[i]
		wait, _ := rules.life(g.Rule, s.Buyer.Level)
		limit := wait.Deadline(s.Order.PlacedAt, rules.Zone)
		if g.ActiveAt.IsZero() && !limit.IsZero() && !now.Before(limit) {
			s.Worth -= g.Worth
			g.Worth = 0
		}
	}
}

// buyer is what rules ask about the member of an order.
func (p *Program) buyer(acc Account, o Order) Buyer {
	b := Buyer{Level: p.levelAt(acc, o.PlacedAt).ID}
	ask, t := p.compiled.asks, acc.Traits
	if ask.orders {
		b.Orders = -1
		if o.Status == OrderPaid {
			b.Orders = acc.orders()
		}
	}
	if ask.segments {
		b.Segments = t.Segments
	}
	if ask.optIns {
		b.OptIns = t.OptIns
	}
	if ask.birthday {
		b.Birthday = t.Birthday
	}
	if ask.zone {
		b.Zone = t.Zone
	}
	return b
}

// orders is how many paid orders the member ever had.
func (a Account) orders() (n int64) {
	for _, m := range a.Metrics {
		n += m.Orders
	}
	return n
}

// GuestOrder is the state of an order that no member is known for: it is checked and kept, with the rules of its
// first revision, and worth nothing until a later revision names the member, at most MaxOrderAge after it was
// placed. From then on it is the member's.
func (p *Program) GuestOrder(prior *OrderState, o Order, now time.Time) (OrderState, error) {
	if err := o.check(); err != nil {
		return OrderState{}, err
	}
	return p.orderState(Account{}, prior, p, o, now)
}

func (p *Program) checkPlaced(o Order, now time.Time) error {
	if _, ok := p.compiled.rates[o.Currency]; !ok {
		if _, ok := p.exchange(o); !ok {
			return refuse(CurrencyUnsupported, "/currency", fmt.Sprintf("The program has no rate for %s.", o.Currency))
		}
	}
	switch {
	case o.PlacedAt.After(now.Add(MaxOrderAhead)):
		return refuse(ValidationFailed, "/placed_at", "The order was placed in the future.")
	case o.PlacedAt.Before(now.Add(-MaxOrderAge)):
		return refuse(ValidationFailed, "/placed_at", "The order was placed more than 90 days ago.")
	}
	return nil
}

// exchange is what one major unit of the order's currency was in the program's, on the day of its placing; false if
// the currency has a rate of its own, or is not in the table.
func (p *Program) exchange(o Order) (exact, bool) {
	if _, own := p.compiled.rates[o.Currency]; own || p.Exchange.Base == "" {
		return exact{}, false
	}
	day := DateOf(o.PlacedAt, p.Zone)
	for _, r := range slices.Backward(p.Exchange.Rates) {
		if x := r.Rates[o.Currency]; x != nil && r.From <= day {
			return exactOf(x), true
		}
	}
	return exact{}, false
}

// metric is what this revision changes of what counts towards a level.
func (s *OrderState) metric(p *Program, prior *OrderState, w worth) *Metric {
	m := Metric{
		Month: DateOf(s.Order.PlacedAt, p.Zone).Month(),
		Spend: w.spend - s.Spend, Elements: w.pieces - s.Elements,
	}
	if p.Tiers.By == ByPointsEarned && len(p.Tiers.Levels) > 0 {
		m.Points = s.Worth
		if prior != nil {
			m.Points -= prior.Worth
		}
	}
	if s.Order.Status == OrderPaid {
		m.Orders++
	}
	if prior != nil && prior.Order.Member != "" && prior.Order.Status == OrderPaid {
		m.Orders--
	}
	if m.isZero() {
		return nil
	}
	return &m
}
