package loyalty

import (
	"slices"
	"strings"
	"time"
)

// PlaceOrder updates the points of an order to the order's current worth. It credits points that earlier revisions did
// not give, and claws back points that they gave in excess. A later revision is evaluated by the rules, and with the
// member's traits and level, of the first one: rules is the program version that prior names, and p if prior is nil.
// left contains the remaining budgets of campaigns, as far as they are known. The account must have been advanced to
// now.
func (p *Program) PlaceOrder(
	acc Account, prior *OrderState, rules *Program, o Order, left Budgets, now time.Time,
) (Outcome, error) {
	return p.place(acc, prior, rules, rules.Paid(o), left, now)
}

// place is like PlaceOrder, for an order to which Paid was applied.
func (p *Program) place(
	acc Account, prior *OrderState, rules *Program, o Order, left Budgets, now time.Time,
) (Outcome, error) {
	if acc.Status != Active {
		return Outcome{}, frozen("/member")
	}
	if err := o.check(); err != nil {
		return Outcome{}, err
	}
	s, err := p.orderState(acc, prior, rules, o, now)
	if err != nil {
		return Outcome{}, err
	}
	d := p.decide(acc, now)
	d.later, d.Account.Later = acc.Later, LaterOrders{}
	if err := d.placeOrder(prior, rules, s, left, nil); err != nil || d.Needs.Undecided() {
		return Outcome{Account: acc, Needs: d.Needs}, err
	}
	return d.Outcome, nil
}

// placeOrder posts the next revision of an order, which s begins, and its consequences. again is set if the order is
// decided again because another order changed.
func (d *decision) placeOrder(prior *OrderState, rules *Program, s OrderState, left Budgets, again *Again) error {
	p, acc, o := d.p, d.Account, s.Order
	room := d.roomFor(prior, rules, &o)
	w, err := rules.underBudgetsOf(p).worth(room, &s, left, s.late(rules, d.now))
	if err != nil {
		return err
	}
	s.findFull(room, rules)
	if d.crowded(prior, &s, rules, w.usage) {
		d.Needs = d.Needs.with(Needs{Later: o.placed()})
		return nil
	}
	first, known := p.firstOrders(acc, rules, &o, prior != nil && prior.Counted, w.counted)
	if !known {
		d.Needs = d.Needs.with(Needs{Numbers: true, All: true})
		return nil
	}
	e := Entry{
		Kind: KindEarn, Cause: Cause{CauseOrder, o.ID, s.Revision}, Program: s.Program,
		Effective: o.PlacedAt, Reasons: w.because, Usage: w.usage, Postings: make([]Posting, 0, 2),
	}
	if prior != nil && prior.Order.Member != "" {
		e.Effective = d.now
		if s.Worth != 0 {
			e.Reasons = append(e.Reasons, NewReason("revision", points(-s.Worth), WasGiven))
		}
	}
	e = d.bring(e, rules, &s, w)
	if !d.noteConverting(&e, rules, &s, w.counted) {
		d.Needs = d.Needs.with(Needs{Numbers: true, All: true})
		return nil
	}
	s.count(&e, p, acc, prior, w)
	s.countLadders(&e, p, rules, acc, w)
	e.Carried = s.carry(acc, w.rest)
	e.Order = &s
	if e.Numbers, e.Target = first.Most, first.Target; acc.First.Loaded {
		e.First = first.Orders
	}
	d.Spends = append(d.Spends, w.spends...)
	if again != nil {
		if e = again.explain(e); !acc.isUndecided(o.ID) && e.changesNothing(prior, w.spends) {
			return nil
		}
	}
	d.orderActivity(&e, &s, prior)
	d.resume(&e)
	if err := d.post(e); err != nil {
		return err
	}
	if err := d.expireInactive(); err != nil {
		return err
	}
	moved := slices.Concat(acc.First.moved(first, o.placed()), d.displaced(&s, e.Usage))
	d.Needs = d.Needs.with(Needs{Orders: moved})
	d.rising = d.rising.with(o.PlacedAt, acc)
	return d.settleOrders()
}

// orderActivity records an activity when an order starts to count, and removes it when the order no longer counts.
func (d *decision) orderActivity(e *Entry, s, prior *OrderState) {
	was := prior != nil && prior.Order.Member != "" && prior.Counted
	switch {
	case was == s.Counted:
	case !d.p.isActivity("order"):
		if s.Counted {
			s.ActiveBefore = d.Account.LastActivity
		}
	case s.Counted:
		s.SlidTo = d.active(e, s.Order.PlacedAt)
	default:
		d.inactive(e, s.SlidTo, s.Order.PlacedAt)
		s.SlidTo = 0
	}
}

// bring posts the difference between what each of the order's grants gave and its current worth.
func (d *decision) bring(e Entry, rules *Program, s *OrderState, w worth) Entry {
	for _, o := range w.own {
		s.grant(o.rule)
	}
	for _, o := range w.inWallets {
		if o.n > 0 {
			s.grant(o.rule).Wallet = strings.TrimPrefix(o.rule, walletsPrefix)
		}
	}
	less := false // whether a wallet gets less
	base := w.total
	for _, o := range w.own {
		base -= o.n
	}
	for i := range s.Grants {
		g := &s.Grants[i]
		target := base
		if i > 0 {
			target = w.ofRule(g.Rule)
		}
		e = d.start(e, rules, s, g)
		delta := target - g.Worth
		if g.Wallet != "" {
			less = less || delta < 0
			e.Reasons = given(e.Reasons, *g)
		}
		switch {
		case delta > 0:
			wait, _ := rules.life(g.Rule, s.Buyer.Level)
			e = d.giveBack(e, delta, g, wait.Deadline(s.Order.PlacedAt, rules.Zone))
		case delta < 0:
			e = d.clawBack(e, -delta, g)
		}
		g.Worth = target
	}
	if w.total < s.Worth || w.total == s.Worth && less {
		e.Kind = KindClawback
	}
	s.Worth = w.total
	s.Grants = slices.DeleteFunc(s.Grants, Grant.empty)
	return lostToExpiry(issued(e))
}

// given adds the reason for the points that a grant in another wallet gave before.
func given(because []Reason, g Grant) []Reason {
	if g.Worth == 0 {
		return because
	}
	return append(because, reasonIn(g.Wallet, "revision", -g.Worth, WasGiven))
}

// empty reports whether a rule's grant contains nothing that later revisions need.
func (g Grant) empty() bool {
	return g.Rule != "" && g.Worth == 0 && len(g.Taken) == 0 && len(g.Converted) == 0 && g.Owed == 0 && g.ExpiredOn == 0
}

// ofRule returns the points of a rule with a separate pending period or expiry, or of a wallet; zero if there are none.
func (w worth) ofRule(rule string) Points {
	for _, all := range [][]owned{w.own, w.inWallets} {
		for _, o := range all {
			if o.rule == rule {
				return o.n
			}
		}
	}
	return 0
}

// late returns the deadline that the points of a rule, or of the base earning, have missed. The event that they waited
// for did not happen by then. It returns zero if the deadline has not passed or was met, or if there is none.
func (s *OrderState) late(rules *Program, now time.Time) func(rule string) time.Time {
	return func(rule string) time.Time {
		wait, _ := rules.life(rule, s.Buyer.Level)
		limit := wait.Deadline(s.Order.PlacedAt, rules.Zone)
		if limit.IsZero() {
			return limit
		}
		for _, g := range s.Grants {
			if g.Rule == rule && !g.ActiveAt.IsZero() {
				return time.Time{}
			}
		}
		if at := s.Order.happened(wait.Until); now.Before(limit) || !at.IsZero() && !at.After(limit) {
			return time.Time{}
		}
		return limit
	}
}

// grant returns the grant of a rule with a separate pending period or expiry. It adds the grant if the order has none.
func (s *OrderState) grant(rule string) *Grant {
	for i := range s.Grants {
		if s.Grants[i].Rule == rule {
			return &s.Grants[i]
		}
	}
	s.Grants = append(s.Grants, Grant{Rule: rule})
	return &s.Grants[len(s.Grants)-1]
}

// start sets when the points of a grant become active, as soon as this is known. It moves the points that were pending
// without a date.
func (d *decision) start(e Entry, rules *Program, s *OrderState, g *Grant) Entry {
	if !g.ActiveAt.IsZero() {
		return e
	}
	wait, expiry := rules.life(g.Rule, s.Buyer.Level)
	at := wait.Active(s.Order.PlacedAt, s.Order.happened(wait.Until), rules.Zone)
	// Nothing becomes active after a missed deadline.
	if at.IsZero() || !s.late(rules, d.now)(g.Rule).IsZero() {
		return e
	}
	g.ActiveAt, g.Expires = at, expiry.Date(at, d.Account.since(expiry), rules.Zone)
	cause := e.Cause.of(*g)
	for _, x := range d.Account.Pending {
		if x.Cause == cause {
			if !at.After(d.now) {
				e.Reasons = append(e.Reasons,
					reasonIn(x.Wallet, "pending", 0, BecameActive, "order "+s.Order.ID, points(x.Points)))
			}
			e.Postings = append(e.Postings, Posting{
				Wallet: x.Wallet, Bucket: BucketPending, Cause: cause,
				Lot: x.Expires, GiveUp: x.GiveUp, Points: -x.Points,
			})
			e.Postings = d.credit(e.Postings, cause, x.Points, *g, time.Time{})
		}
	}
	return e
}

// of returns the cause under which the points of a grant are pending.
func (c Cause) of(g Grant) Cause {
	if g.Rule != "" {
		c.ID += "~" + g.Rule
	}
	return Cause{Kind: c.Kind, ID: c.ID}
}

// life returns when the points of a rule, or of the base earning, become active, and when they expire at a level.
func (p *Program) life(key, level string) (Wait, Expiry) {
	wait, expiry := p.Earn.Pending, p.Earn.Expires
	if l, _, _ := p.Level(level); l.Expires != nil {
		expiry = *l.Expires
	}
	for i := range p.compiled.rules {
		if r := &p.compiled.rules[i]; r.key == key {
			return r.Life.over(wait, expiry)
		}
	}
	for i := range p.Wallets {
		if w := &p.Wallets[i]; w.Key() == key {
			return w.Pending, w.Expires
		}
	}
	return wait, expiry
}

// over returns the pending period and the expiry of a life. The given ones, of the base earning, apply where the life
// sets none.
func (l Life) over(w Wait, e Expiry) (Wait, Expiry) {
	if l.Pending != nil {
		w = *l.Pending
	}
	if l.Expires != nil {
		e = *l.Expires
	}
	return w, e
}

// since returns the instant from which an expiry by anniversary counts.
func (a Account) since(e Expiry) time.Time {
	if e.Anniversary == OfTier && !a.Tier.Since.IsZero() {
		return a.Tier.Since
	}
	return a.Joined
}

// carry returns the fraction of a point that the member has after the order, to be stored in the entry. It is empty if
// the order does not change the fraction.
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

// carriedParts is the precision of a carried fraction: a millionth of a point. An exact fraction would grow with every
// order, by the denominators of all rates that ever applied.
const carriedParts = 1_000_000
