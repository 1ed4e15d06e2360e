package loyalty

import (
	"fmt"
	"slices"
	"time"
)

// orderState is the state that this revision starts from: with the worth still of the revision before.
func (p *Program) orderState(acc Account, prior *OrderState, rules *Program, o Order, now time.Time) (OrderState, error) {
	if prior != nil && !prior.Blank(o) {
		return p.nextState(acc, prior, rules, o, now)
	}
	if err := rules.checkPlaced(o, now); err != nil {
		return OrderState{}, err
	}
	if err := p.checkJoined(acc, o, now); err != nil {
		return OrderState{}, err
	}
	s := OrderState{Order: o, Revision: 1, Program: rules.Version, Grants: []Grant{{}}}
	s.pricedFor(p, rules, acc)
	if rules.Earn.Carry {
		s.Carried = acc.Carried
	}
	if rate, ok := rules.exchange(o); ok {
		s.Rate = rate.String()
	}
	if prior != nil {
		s.Revision += prior.Revision
	}
	s.sinceWhen(prior)
	return s, nil
}

// sinceWhen finds the revisions that last changed the lines and the refunds of a large order.
func (s *OrderState) sinceWhen(prior *OrderState) {
	s.LinesSince, s.RefundsSince = 0, 0
	if len(s.Order.Lines) > InlineLines {
		s.LinesSince = s.Revision
		if prior != nil && prior.LinesSince > 0 && slices.Equal(prior.Order.Lines, s.Order.Lines) {
			s.LinesSince = prior.LinesSince
		}
	}
	if refundedLines(s.Order.Refunds) > InlineLines {
		s.RefundsSince = s.Revision
		if prior != nil && prior.RefundsSince > 0 && slices.EqualFunc(prior.Order.Refunds, s.Order.Refunds, Refund.equal) {
			s.RefundsSince = prior.RefundsSince
		}
	}
}

// Blank reports whether the state is only that of payments whose order is told now, or of which no money has come yet:
// what comes behind it begins anew, by the rules of today.
func (s *OrderState) Blank(o Order) bool {
	return s.Order.ReportedStatus == Unreported && s.Order.Member == "" && (o.ReportedStatus != Unreported || len(s.Order.Lines) == 0)
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
	if claimed {
		if err := p.checkJoined(acc, o, now); err != nil {
			return s, err
		}
	}
	s.Grants, s.Shares = slices.Clone(s.Grants), slices.Clone(s.Shares)
	if s.Order = o; claimed {
		s.pricedFor(p, rules, acc)
	}
	s.Revision++
	s.sinceWhen(prior)
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

// buyer is what rules ask about the member of an order, whose level is known.
func (p *Program) buyer(acc Account, o Order, level string) Buyer {
	b := Buyer{Level: level}
	ask, t := p.compiled.asks, acc.Traits
	if ask.segments {
		b.Segments = t.Segments
	}
	if ask.optIns {
		b.OptIns = t.optedIn(o.PlacedAt)
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
func (p *Program) GuestOrder(prior *OrderState, rules *Program, o Order, now time.Time) (OrderState, error) {
	o = rules.Paid(o)
	if err := o.check(); err != nil {
		return OrderState{}, err
	}
	return p.orderState(Account{}, prior, rules, o, now)
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

// checkJoined rejects an order that was placed before its member joined, unless it may still become the member's: whether
// it is sent with its member at once or first without.
func (p *Program) checkJoined(acc Account, o Order, now time.Time) error {
	if o.Member == "" || p.Attributable(o.PlacedAt, acc.Joined, now) {
		return nil
	}
	return refuse(ValidationFailed, "/placed_at", "The order was placed more than a day before the member joined, on "+
		written(acc.Joined)+", and longer ago than payments.claim_within allows.")
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
