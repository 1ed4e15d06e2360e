package award

import (
	"fmt"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

// orderState returns the state of the next revision of an order. Its Worth is still that of the previous revision.
func orderState(
	d *posting.Decision, prior *loyalty.OrderState, rules earn.Rules, o loyalty.Order,
) (loyalty.OrderState, error) {
	acc := d.Account
	if prior != nil && !IsBlank(prior, o) {
		return nextState(d, prior, rules, o)
	}
	if err := checkPlaced(rules.Earning, rules.Zone, o, d.Now); err != nil {
		return loyalty.OrderState{}, err
	}
	if err := checkJoined(&d.P.Payments, d.P.Zone, acc, o, d.Now); err != nil {
		return loyalty.OrderState{}, err
	}
	s := loyalty.OrderState{Order: o, Revision: 1, Program: rules.Version, Grants: []loyalty.Grant{{}}}
	PricedFor(&s, d, rules)
	if rules.Earn.Carry {
		s.Carried = acc.Carried
	}
	if rate, ok := exchange(rules.Earning, rules.Zone, o); ok {
		s.Rate = rate.String()
	}
	if prior != nil {
		s.Revision += prior.Revision
	}
	sinceWhen(&s, prior)
	return s, nil
}

// sinceWhen sets the revisions that last changed the lines and the refunds of a large order.
func sinceWhen(s *loyalty.OrderState, prior *loyalty.OrderState) {
	s.LinesSince, s.RefundsSince = 0, 0
	if len(s.Order.Lines) > posting.InlineLines {
		s.LinesSince = s.Revision
		if prior != nil && slices.Equal(prior.Order.Lines, s.Order.Lines) {
			s.LinesSince = prior.LinesSince
		}
	}
	if refundedLines(s.Order.Refunds) > posting.InlineLines {
		s.RefundsSince = s.Revision
		if prior != nil && slices.EqualFunc(prior.Order.Refunds, s.Order.Refunds, equalRefunds) {
			s.RefundsSince = prior.RefundsSince
		}
	}
}

// IsBlank reports whether the state contains only payments of an order that the merchant had not reported. In addition,
// either the merchant reports the order now, or no money has been received yet. The next revision is then decided like
// a first one, under the present rules.
func IsBlank(s *loyalty.OrderState, o loyalty.Order) bool {
	return s.Order.ReportedStatus == loyalty.Unreported && s.Order.Member == "" &&
		(o.ReportedStatus != loyalty.Unreported || len(s.Order.Lines) == 0)
}

func nextState(
	d *posting.Decision, prior *loyalty.OrderState, rules earn.Rules, o loyalty.Order,
) (loyalty.OrderState, error) {
	now := d.Now
	s := *prior
	claimed := s.Order.Member == "" && o.Member != ""
	switch {
	case !claimed && s.Order.Member != o.Member:
		return s, loyalty.Refuse(loyalty.ValidationFailed, "/member", "The order belongs to another member.")
	case s.Order.Currency != o.Currency:
		return s, loyalty.Refuse(
			loyalty.CurrencyMismatch, "/currency", fmt.Sprintf("The order was placed in %s.", s.Order.Currency),
		)
	case !s.Order.PlacedAt.Equal(o.PlacedAt):
		return s, loyalty.Refuse(loyalty.ValidationFailed, "/placed_at", "The placed_at of an order cannot change.")
	case claimed && o.PlacedAt.Before(now.Add(-loyalty.MaxOrderAge)):
		return s, loyalty.Refuse(
			loyalty.ValidationFailed, "/member",
			"A guest's order can be assigned to a member only within 90 days after it was placed.",
		)
	}
	if claimed {
		if err := checkJoined(&d.P.Payments, d.P.Zone, d.Account, o, now); err != nil {
			return s, err
		}
	}
	s.Grants, s.Shares = slices.Clone(s.Grants), slices.Clone(s.Shares)
	if s.Order = o; claimed {
		PricedFor(&s, d, rules)
	}
	s.Revision++
	sinceWhen(&s, prior)
	ForgetForfeited(&s, rules, now)
	return s, nil
}

// ForgetForfeited removes forfeited points from the state. Points are forfeited if an event, such as the delivery, did
// not happen in time.
func ForgetForfeited(s *loyalty.OrderState, rules earn.Rules, now time.Time) {
	for i := range s.Grants {
		g := &s.Grants[i]
		wait, _ := posting.GrantLife(rules.Earning, &rules.Tiers, rules.Wallets, g.Rule, s.Buyer.Level)
		limit := wait.Deadline(s.Order.PlacedAt, rules.Zone)
		if g.ActiveAt.IsZero() && !limit.IsZero() && !now.Before(limit) {
			s.Worth -= g.Worth
			g.Worth = 0
		}
	}
}

// buyer returns the data about an order's member that rules use. The parameter level is the member's level.
func buyer(compiled *loyalty.Compiled, acc loyalty.Account, o loyalty.Order, level string) loyalty.Buyer {
	b := loyalty.Buyer{Level: level}
	ask, t := compiled.Asks, acc.Traits
	if ask.Segments {
		b.Segments = t.Segments
	}
	if ask.OptIns {
		b.OptIns = posting.OptedIn(t, o.PlacedAt)
	}
	if ask.Birthday {
		b.Birthday = t.Birthday
	}
	if ask.Zone {
		b.Zone = t.Zone
	}
	return b
}

// GuestOrder returns the state of an order without a known member. The order is checked and stored under the rules of
// its first revision. It earns nothing until a later revision names the member, which is possible until
// loyalty.MaxOrderAge after the order was placed. From then on, the order belongs to that member. The decision is about
// the zero Account.
func GuestOrder(
	d *posting.Decision, prior *loyalty.OrderState, rules earn.Rules, o loyalty.Order,
) (loyalty.OrderState, error) {
	o = receipt.Paid(&rules.Earn, rules.Payments, o)
	if err := checkOrder(o); err != nil {
		return loyalty.OrderState{}, err
	}
	return orderState(d, prior, rules, o)
}

func checkPlaced(earning *loyalty.Earning, zone *time.Location, o loyalty.Order, now time.Time) error {
	if _, ok := earning.Compiled.Rates[o.Currency]; !ok {
		if _, ok := exchange(earning, zone, o); !ok {
			return loyalty.Refuse(
				loyalty.CurrencyUnsupported, "/currency",
				fmt.Sprintf("The program has no rate for the currency %s.", o.Currency),
			)
		}
	}
	switch {
	case o.PlacedAt.After(now.Add(loyalty.MaxOrderAhead)):
		return loyalty.Refuse(loyalty.ValidationFailed, "/placed_at", "placed_at must not be in the future.")
	case o.PlacedAt.Before(now.Add(-loyalty.MaxOrderAge)):
		return loyalty.Refuse(loyalty.ValidationFailed, "/placed_at", "placed_at must be within the last 90 days.")
	}
	return nil
}

// checkJoined rejects an order that was placed before its member joined, unless it can still be attributed to the
// member. It does not matter whether the first report of the order names the member.
func checkJoined(
	terms *loyalty.PaymentTerms, zone *time.Location, acc loyalty.Account, o loyalty.Order, now time.Time,
) error {
	if o.Member == "" || receipt.Attributable(terms, zone, o.PlacedAt, acc.Joined, now) {
		return nil
	}
	return loyalty.Refuse(loyalty.ValidationFailed,
		"/placed_at", "placed_at must not be more than a day before the member enrolled, on "+
			calendar.FormatInstant(acc.Joined)+", unless payments.claim_within of the program allows it.")
}

// exchange returns the value of one major unit of the order's currency in major units of the base currency, on the day
// on which the order was placed. It returns false if orders in the currency are not converted. This is so if the
// currency has a rate in the program, or is not in the exchange table.
func exchange(earning *loyalty.Earning, zone *time.Location, o loyalty.Order) (exact.Number, bool) {
	if _, own := earning.Compiled.Rates[o.Currency]; own || earning.Exchange.Base == "" {
		return exact.Number{}, false
	}
	day := calendar.DateOf(o.PlacedAt, zone)
	for _, r := range slices.Backward(earning.Exchange.Rates) {
		if x := r.Rates[o.Currency]; x != nil && r.From <= day {
			return exact.Of(x), true
		}
	}
	return exact.Number{}, false
}
