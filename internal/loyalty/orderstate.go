package loyalty

import (
	"fmt"
	"slices"
	"time"
)

// orderState returns the state that this revision starts from. Its Worth is still that of the previous revision.
func (p *Program) orderState(
	acc Account, prior *OrderState, rules *Program, o Order, now time.Time,
) (OrderState, error) {
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

// sinceWhen sets the revisions that last changed the lines and the refunds of a large order.
func (s *OrderState) sinceWhen(prior *OrderState) {
	s.LinesSince, s.RefundsSince = 0, 0
	if len(s.Order.Lines) > InlineLines {
		s.LinesSince = s.Revision
		if prior != nil && slices.Equal(prior.Order.Lines, s.Order.Lines) {
			s.LinesSince = prior.LinesSince
		}
	}
	if refundedLines(s.Order.Refunds) > InlineLines {
		s.RefundsSince = s.Revision
		if prior != nil && slices.EqualFunc(prior.Order.Refunds, s.Order.Refunds, Refund.equal) {
			s.RefundsSince = prior.RefundsSince
		}
	}
}

// Blank reports whether the state consists only of payments, and their order is reported now or no money has been
// received yet. The next revision then starts over, under the present rules.
func (s *OrderState) Blank(o Order) bool {
	return s.Order.ReportedStatus == Unreported && s.Order.Member == "" &&
		(o.ReportedStatus != Unreported || len(s.Order.Lines) == 0)
}

func (p *Program) nextState(
	acc Account, prior *OrderState, rules *Program, o Order, now time.Time,
) (OrderState, error) {
	s := *prior
	claimed := s.Order.Member == "" && o.Member != ""
	switch {
	case !claimed && s.Order.Member != o.Member:
		return s, refuse(ValidationFailed, "/member", "The order belongs to another member.")
	case s.Order.Currency != o.Currency:
		return s, refuse(CurrencyMismatch, "/currency", fmt.Sprintf("The order was placed in %s.", s.Order.Currency))
	case !s.Order.PlacedAt.Equal(o.PlacedAt):
		return s, refuse(ValidationFailed, "/placed_at", "The placed_at of an order cannot change.")
	case claimed && o.PlacedAt.Before(now.Add(-MaxOrderAge)):
		return s, refuse(
			ValidationFailed, "/member",
			"A guest's order can be assigned to a member only within 90 days after it was placed.",
		)
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

// forget removes points from the state that were forfeited because an event, such as the delivery, did not happen in
// time.
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

// buyer returns the data about an order's member that rules use. The member's level is given.
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

// orders returns how many orders of the member count.
func (a Account) orders() (n int64) {
	for _, m := range a.Metrics {
		n += m.Orders
	}
	return n
}

// GuestOrder returns the state of an order without a known member. The order is checked and stored with the rules of
// its first revision. It is worth nothing until a later revision names the member, at most MaxOrderAge after it was
// placed. From then on, it belongs to the member.
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
			return refuse(CurrencyUnsupported, "/currency", fmt.Sprintf("The program has no rate for the currency %s.", o.Currency))
		}
	}
	switch {
	case o.PlacedAt.After(now.Add(MaxOrderAhead)):
		return refuse(ValidationFailed, "/placed_at", "placed_at must not be in the future.")
	case o.PlacedAt.Before(now.Add(-MaxOrderAge)):
		return refuse(ValidationFailed, "/placed_at", "placed_at must be within the last 90 days.")
	}
	return nil
}

// checkJoined rejects an order that was placed before its member joined, unless it can still be attributed to the
// member. It does not matter whether the first report of the order names the member.
func (p *Program) checkJoined(acc Account, o Order, now time.Time) error {
	if o.Member == "" || p.Attributable(o.PlacedAt, acc.Joined, now) {
		return nil
	}
	return refuse(ValidationFailed, "/placed_at", "placed_at must not be more than a day before the member enrolled, on "+
		written(acc.Joined)+", unless payments.claim_within of the program allows it.")
}

// exchange returns what one major unit of the order's currency was worth in the program's currency on the day of its
// placing. It returns false if the currency has a rate in the program, or is not in the exchange table.
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
