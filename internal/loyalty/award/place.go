package award

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// checkOrder rejects an order that is invalid under any program.
func checkOrder(o loyalty.Order) error {
	if _, ok := o.Currency.Exponent(); !ok {
		return loyalty.Refuse(
			loyalty.CurrencyUnsupported, "/currency",
			fmt.Sprintf("%q is not an ISO 4217 currency code in capital letters, such as EUR.", o.Currency),
		)
	}
	switch o.Status {
	case loyalty.OrderPlaced, loyalty.OrderPaid, loyalty.OrderCanceled:
	default:
		return loyalty.Refuse(loyalty.ValidationFailed, "/status", "status must be placed, paid or canceled.")
	}
	if err := receipt.CheckLines(o); err != nil {
		return err
	}
	for _, part := range []struct {
		pointer string
		amount  int64
	}{{"/discount", o.Discount}, {"/shipping", o.Shipping}, {"/tax", o.Tax}, {"/tax", o.Included}} {
		if err := receipt.CheckAmount(part.pointer, part.amount); err != nil {
			return err
		}
	}
	if o.Discount > receipt.ItemTotal(o) {
		return loyalty.Refuse(
			loyalty.ValidationFailed, "/discount", "The discount must not exceed the sum of the line items.",
		)
	}
	if o.Included > receipt.OrderTotal(o) {
		return loyalty.Refuse(
			loyalty.ValidationFailed, "/tax",
			"The included tax must not exceed the sum of the amounts.",
		)
	}
	if err := receipt.CheckTenders(o); err != nil {
		return err
	}
	return checkRefunds(o)
}

// PlaceOrder updates the points of an order to the order's current worth. It credits points that earlier revisions did
// not give, and claws back points that they gave in excess. A later revision uses the same rules, traits and level of
// the member as the first one. The program version of rules is the one that prior names, or the present one if
// prior is nil. The caller passes the remaining budgets of campaigns, as far as they are known. The account must have
// been advanced to the instant of the decision.
func PlaceOrder(
	d *posting.Decision, prior *loyalty.OrderState, rules earn.Rules, o loyalty.Order, left earn.Budgets,
) (posting.Outcome, error) {
	return PlacePaid(d, prior, rules, receipt.Paid(&rules.Earn, rules.Payments, o), left)
}

// PlacePaid is like PlaceOrder, for an order that receipt.Paid returned.
func PlacePaid(
	d *posting.Decision, prior *loyalty.OrderState, rules earn.Rules, o loyalty.Order, left earn.Budgets,
) (posting.Outcome, error) {
	acc := d.Account
	if !acc.Status.Earns() {
		return posting.Outcome{}, loyalty.RefuseFrozen("/member")
	}
	if err := checkOrder(o); err != nil {
		return posting.Outcome{}, err
	}
	s, err := orderState(d, prior, rules, o)
	if err != nil {
		return posting.Outcome{}, err
	}
	d.Later, d.Account.Later = acc.Later, loyalty.LaterOrders{}
	if err := placeOrder(d, prior, rules, s, left, nil); err != nil || tier.Undecided(d.Needs) {
		return posting.Outcome{Account: acc, Needs: d.Needs}, err
	}
	return d.Outcome, nil
}

// placeOrder posts the next revision of an order and its consequences. The parameter s is the state that orderState
// returned. The caller states whether the order is decided again because another order changed.
func placeOrder(
	d *posting.Decision, prior *loyalty.OrderState, rules earn.Rules, s loyalty.OrderState, left earn.Budgets,
	again *loyalty.Again,
) error {
	p, acc, o := d.P, d.Account, s.Order
	room := roomFor(d, prior, rules.Earning, rules.Zone, &o)
	budgeted := rules
	budgeted.Earning = UnderBudgetsOf(rules.Earning, &p.Earning)
	w, err := earn.WorthOf(budgeted, room, &s, left, late(&s, rules, d.Now))
	if err != nil {
		return err
	}
	FindFull(&s, room, rules.Earning, rules.Zone)
	if Crowded(d, prior, &s, rules, w.Usage) {
		d.Needs = tier.MergeNeeds(d.Needs, posting.Needs{Later: o.Placed()})
		return nil
	}
	first, known := FirstOrders(&p.Compiled, acc, &rules.Compiled, &o, prior != nil && prior.Counted, w.Counted)
	if !known {
		d.Needs = tier.MergeNeeds(d.Needs, posting.Needs{Numbers: true, All: true})
		return nil
	}
	e := loyalty.Entry{
		Kind: loyalty.KindEarn, Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: o.ID, Revision: s.Revision},
		Program: s.Program, Effective: o.PlacedAt, Reasons: w.Reasons,
		Detail: loyalty.Detail{Remembered: loyalty.Remembered{Usage: w.Usage}}, Postings: make([]loyalty.Posting, 0, 2),
	}
	if prior != nil && prior.Order.Member != "" {
		e.Effective = d.Now
		if s.Worth != 0 {
			e.Reasons = append(
				e.Reasons, loyalty.NewReason("revision", loyalty.FormatPoints(-s.Worth), loyalty.WasGiven),
			)
		}
	}
	e = bring(d, e, rules, &s, w)
	if !NoteConverting(d, &e, rules, &s, w.Counted) {
		d.Needs = tier.MergeNeeds(d.Needs, posting.Needs{Numbers: true, All: true})
		return nil
	}
	tier.Of(p).CountOrder(&s, &e, acc, prior, w)
	tier.CountOrderInGroups(&s, &e, p, rules, acc, w)
	e.Carried = carry(&s, acc, w.Rest)
	e.Order = &s
	if e.Numbers, e.Target = first.Most, first.Target; acc.First.Loaded {
		e.First = first.Orders
	}
	d.Spends = append(d.Spends, w.Spends...)
	if again != nil {
		if e = explain(*again, e); !posting.IsUndecided(&acc, o.ID) && changesNothing(&e, prior, w.Spends) {
			return nil
		}
	}
	orderActivity(d, &e, &s, prior)
	resume(d, &e)
	if err := d.Post(e); err != nil {
		return err
	}
	if err := posting.ExpireInactive(d); err != nil {
		return err
	}
	moved := slices.Concat(moved(acc.First, first, o.Placed()), Displaced(d, &s, e.Usage))
	d.Needs = tier.MergeNeeds(d.Needs, posting.Needs{Orders: moved})
	return settleOrder(d, o.PlacedAt, &acc)
}

// orderActivity records an activity when an order starts to count, and removes it when the order no longer counts.
func orderActivity(d *posting.Decision, e *loyalty.Entry, s, prior *loyalty.OrderState) {
	was := prior != nil && prior.Order.Member != "" && prior.Counted
	switch {
	case was == s.Counted:
	case !posting.IsActivity(&d.P.Earn, "order"):
		if s.Counted {
			s.ActiveBefore = d.Account.LastActivity
		}
	case s.Counted:
		s.SlidTo = posting.NoteActivity(d, e, s.Order.PlacedAt)
	default:
		posting.WithdrawActivity(d, e, s.SlidTo, s.Order.PlacedAt)
		s.SlidTo = 0
	}
}

// bring adds to the entry, for each of the order's grants, the difference between the grant's current worth and the
// points that it has given.
func bring(
	d *posting.Decision, e loyalty.Entry, rules earn.Rules, s *loyalty.OrderState, w earn.Worth,
) loyalty.Entry {
	for _, o := range w.Own {
		grant(s, o.Rule)
	}
	for _, o := range w.InWallets {
		if o.N > 0 {
			grant(s, o.Rule).Wallet = strings.TrimPrefix(o.Rule, posting.WalletsPrefix)
		}
	}
	less := false // whether another wallet receives fewer points
	base := w.Total
	for _, o := range w.Own {
		base -= o.N
	}
	for i := range s.Grants {
		g := &s.Grants[i]
		target := base
		if i > 0 {
			target = w.OfRule(g.Rule)
		}
		e = start(d, e, rules, s, g)
		delta := target - g.Worth
		if g.Wallet != "" {
			less = less || delta < 0
			e.Reasons = withPreviousPoints(e.Reasons, *g)
		}
		switch {
		case delta > 0:
			wait, _ := posting.GrantLife(rules.Earning, &rules.Tiers, rules.Wallets, g.Rule, s.Buyer.Level)
			e = posting.GiveBack(d, e, delta, g, wait.Deadline(s.Order.PlacedAt, rules.Zone))
		case delta < 0:
			e = posting.ClawBack(d, e, -delta, g)
		}
		g.Worth = target
	}
	if w.Total < s.Worth || w.Total == s.Worth && less {
		e.Kind = loyalty.KindClawback
	}
	s.Worth = w.Total
	s.Grants = slices.DeleteFunc(s.Grants, empty)
	return posting.LostToExpiry(posting.WithIssued(e))
}

// withPreviousPoints adds the reason for the points that a grant in another wallet gave before.
func withPreviousPoints(reasons []loyalty.Reason, g loyalty.Grant) []loyalty.Reason {
	if g.Worth == 0 {
		return reasons
	}
	return append(reasons, loyalty.ReasonIn(g.Wallet, "revision", -g.Worth, loyalty.WasGiven))
}

// empty reports whether a rule's grant contains nothing that later revisions need.
func empty(g loyalty.Grant) bool {
	return g.Rule != "" && g.Worth == 0 && len(g.Taken) == 0 && len(g.Converted) == 0 && g.Owed == 0 && g.ExpiredOn == 0
}

// late returns a function that returns the missed deadline of a rule, or of the base earning if the rule is empty. It
// returns zero if no deadline was missed. A deadline is missed if an event of the order, such as the delivery, did not
// happen in time. The points are then forfeited.
func late(s *loyalty.OrderState, rules earn.Rules, now time.Time) func(rule string) time.Time {
	return func(rule string) time.Time {
		wait, _ := posting.GrantLife(rules.Earning, &rules.Tiers, rules.Wallets, rule, s.Buyer.Level)
		limit := wait.Deadline(s.Order.PlacedAt, rules.Zone)
		if limit.IsZero() {
			return limit
		}
		for _, g := range s.Grants {
			if g.Rule == rule && !g.ActiveAt.IsZero() {
				return time.Time{}
			}
		}
		if at := receipt.HappenedAt(s.Order, wait.Until); now.Before(limit) || !at.IsZero() && !at.After(limit) {
			return time.Time{}
		}
		return limit
	}
}

// grant returns the order's grant for a rule with a separate pending period or expiry. It adds the grant if the order
// has none.
func grant(s *loyalty.OrderState, rule string) *loyalty.Grant {
	for i := range s.Grants {
		if s.Grants[i].Rule == rule {
			return &s.Grants[i]
		}
	}
	s.Grants = append(s.Grants, loyalty.Grant{Rule: rule})
	return &s.Grants[len(s.Grants)-1]
}

// start sets when the points of a grant become active, as soon as this is known. It then adds to the entry the postings
// that give this instant to points that were pending without one.
func start(
	d *posting.Decision, e loyalty.Entry, rules earn.Rules, s *loyalty.OrderState, g *loyalty.Grant,
) loyalty.Entry {
	if !g.ActiveAt.IsZero() {
		return e
	}
	wait, expiry := posting.GrantLife(rules.Earning, &rules.Tiers, rules.Wallets, g.Rule, s.Buyer.Level)
	at := wait.Active(s.Order.PlacedAt, receipt.HappenedAt(s.Order, wait.Until), rules.Zone)
	// Nothing becomes active after a missed deadline.
	if at.IsZero() || !late(s, rules, d.Now)(g.Rule).IsZero() {
		return e
	}
	g.ActiveAt, g.Expires = at, expiry.Date(at, posting.AnniversaryStart(d.Account, expiry), rules.Zone)
	cause := posting.CauseOfGrant(e.Cause, *g)
	for _, x := range d.Account.Pending {
		if x.Cause == cause {
			if !at.After(d.Now) {
				e.Reasons = append(e.Reasons,
					loyalty.ReasonIn(
						x.Wallet, "pending", 0, loyalty.BecameActive, "order "+s.Order.ID,
						loyalty.FormatPoints(x.Points),
					))
			}
			e.Postings = append(e.Postings, loyalty.Posting{
				Wallet: x.Wallet, Bucket: loyalty.BucketPending, Cause: cause,
				Lot: x.Expires, GiveUp: x.GiveUp, Points: -x.Points,
			})
			e.Postings = d.Credit(e.Postings, cause, x.Points, *g, time.Time{})
		}
	}
	return e
}

// carry returns the fraction of a point that the member has after the order, for the entry. It is empty if the order
// does not change the fraction.
func carry(s *loyalty.OrderState, acc loyalty.Account, rest exact.Number) string {
	n, _ := rest.Mul(exact.Whole(carriedParts)).Add(exact.Half).Floor()
	rest = exact.Fraction(n, carriedParts)
	change := rest.Sub(exact.Parse(s.Rest))
	s.Rest = ""
	if rest.Sign() != 0 {
		s.Rest = rest.String()
	}
	if change.Sign() == 0 {
		return ""
	}
	return change.Add(exact.Parse(acc.Carried)).String()
}

// carriedParts is the precision of a carried fraction: a millionth of a point. An exact fraction would become longer
// with every order, because the denominators of all rates would accumulate.
const carriedParts = 1_000_000
