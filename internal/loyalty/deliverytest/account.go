package deliverytest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// An Account is a member's account to which a test applies the reports of a history, in the same way as the ledger
// does.
type Account struct {
	loyalty.Account
	Orders  map[string]*loyalty.OrderState
	Entries []loyalty.Entry
	Spent   map[string]bool // redemptions and conversions that were not rejected, keyed by ID

	Referrer *Account // the account of the member's referrer; nil if the member was not referred

	t       *rapid.T
	h       *History
	p       *loyalty.Program // the live version
	past    []tier.Live      // the earlier versions, oldest first
	ran     time.Time        // the instant up to which the account has been advanced
	events  map[string]*loyalty.EventState
	random  *Account // for the direct delivery: the account after the random delivery; otherwise nil
	effects *Effects
	charged map[string]loyalty.Points // the charges to budgets, keyed by rule
	missing map[string]loyalty.Points // the points that only the random delivery could spend, keyed by wallet
}

// Deliver returns the account after the random delivery, and counts its effects.
func (h *History) Deliver(t *rapid.T, effects *Effects) *Account {
	if h.SpentLast {
		effects.SpentLast++
	}
	return h.report(t, h.Delivery, nil, effects)
}

// DeliverDirectly returns the account after the direct delivery. The levels that multiply the points of orders are
// those that the random delivery recorded.
func (h *History) DeliverDirectly(t *rapid.T, random *Account) *Account {
	return h.report(t, h.Direct, random, new(Effects))
}

func (h *History) report(t *rapid.T, all []Report, random *Account, effects *Effects) *Account {
	a := h.account(t, random, effects)
	traits := h.Traits
	if h.Referred {
		a.Referrer = h.account(t, nil, effects)
		a.Referrer.join(Referrer, loyalty.Traits{}, h.Joined)
		traits.Referral = loyalty.Referral{By: Referrer, At: h.Joined}
	}
	a.join(Member, traits, h.Joined)
	for _, r := range all {
		a.advance(r.At)
		a.happen(r)
	}
	a.advance(h.End)
	return a
}

func (h *History) account(t *rapid.T, random *Account, effects *Effects) *Account {
	return &Account{
		Orders: map[string]*loyalty.OrderState{}, Spent: map[string]bool{}, t: t, h: h, p: h.Program, random: random,
		events: map[string]*loyalty.EventState{}, effects: effects, charged: map[string]loyalty.Points{},
		missing: map[string]loyalty.Points{},
	}
}

func (a *Account) join(m loyalty.MemberID, traits loyalty.Traits, at time.Time) {
	a.take(engine.Join(a.p, m, traits, at))
	a.ran = at
}

// take decides again the orders and levels that an outcome requests. It then replaces the account with that of the
// outcome.
func (a *Account) take(out posting.Outcome, err error) posting.Outcome {
	if err != nil {
		a.t.Fatal(err)
	}
	if !tier.NeedsNothing(out.Needs) {
		a.effects.DecidedAgain++
	}
	for !tier.NeedsNothing(out.Needs) {
		h := tier.History{
			Entries: a.Entries, All: out.Needs.All, Orders: a.latest(out.Needs.Orders), Versions: a.past,
		}
		if out.Needs.Later != (loyalty.PlacedOrder{}) {
			h.Later = award.LaterThan(out.Needs.Later, a.Entries)
		}
		for i, e := range slices.Backward(a.Entries) {
			if !h.All && tier.Enough(out.Needs, e) {
				h.Entries = a.Entries[i+1:]
				break
			}
		}
		if out, err = engine.Redecide(a.p, out, h, out.Entries[0].Recorded); err != nil {
			a.t.Fatal(err)
		}
	}
	for _, x := range out.Spends {
		a.charged[x.Rule] += x.Points
	}
	a.effects.count(out)
	a.Account, a.Entries = out.Account, append(a.Entries, out.Entries...)
	for _, e := range out.Entries {
		if slices.ContainsFunc(e.Postings, func(p loyalty.Posting) bool { return p.Points == 0 }) {
			a.t.Fatalf("%s posts no points: %+v", e.Cause, e.Postings)
		}
		if e.Order != nil {
			a.Orders[e.Order.Order.ID] = e.Order
		}
		if e.Event != nil {
			a.events[e.Cause.ID] = e.Event
		}
	}
	return out
}

// budgets returns the remaining budgets for an order. In the direct delivery, they are the points that each budget
// granted the order in the random delivery, because these were recorded with the order.
func (a *Account) budgets(order string) earn.Budgets {
	left := earn.Budgets{}
	for _, r := range a.p.Campaigns {
		key := "campaigns." + r.ID
		if r.Budget == 0 {
			continue
		}
		left[key] = r.Budget - a.charged[key]
		if a.random == nil {
			continue
		}
		left[key] = 0
		for _, s := range a.random.Orders[order].Shares {
			if s.Rule == key {
				left[key] = s.Granted
			}
		}
	}
	return left
}

// latest returns the latest entry of each order.
func (a *Account) latest(orders []loyalty.PlacedOrder) (all []tier.KnownOrder) {
	for _, e := range slices.Backward(a.Entries) {
		is := func(o loyalty.PlacedOrder) bool { return e.Order != nil && o.ID == e.Order.Order.ID }
		if slices.ContainsFunc(orders, is) {
			orders = slices.DeleteFunc(slices.Clone(orders), is)
			all = append(all, tier.KnownOrder{Entry: e, Rules: engine.EarnRules(a.version(e.Order.Program))})
		}
	}
	return all
}

// place decides an order. If the decision requests data about the member's other orders, place decides again with
// these.
func (a *Account) place(prior *loyalty.OrderState, o loyalty.Order, now time.Time) (posting.Outcome, error) {
	acc, rules := a.Account, a.versionAt(o.PlacedAt)
	if prior != nil {
		rules = a.version(prior.Program)
	}
	for {
		out, err := award.PlaceOrder(engine.Begin(a.p, acc, now), prior, engine.EarnRules(rules), o, a.budgets(o.ID))
		if !tier.Undecided(out.Needs) {
			return out, err
		}
		if out.Needs.Numbers {
			acc = award.WithFirstOrders(acc, a.Entries)
		}
		if out.Needs.Later != (loyalty.PlacedOrder{}) {
			acc = award.WithLaterOrders(acc, out.Needs.Later, a.Entries)
		}
	}
}

func (a *Account) happen(r Report) {
	switch {
	case r.Order != nil:
		a.order(*r.Order, r.At)
	case r.Event != nil:
		prior, rules := a.events[award.EventCause(*r.Event)], a.versionAt(r.Event.At)
		if prior != nil {
			rules = a.version(prior.Program)
		}
		a.take(award.PlaceEvent(engine.Begin(a.p, a.Account, r.At), prior, engine.EarnRules(rules), *r.Event))
	case r.OptsIn != "":
		a.take(engine.OptIn(a.p, a.Account, r.OptsIn, r.At))
	case r.Traits != nil:
		t := a.Traits
		t.Segments = r.Traits.Segments
		a.take(engine.SetTraits(a.p, a.Account, t, r.At))
	case r.Placement != nil:
		out, err := tier.SetTier(engine.Begin(a.p, a.Account, r.At), r.ID, *r.Placement)
		if !errors.As(err, new(*loyalty.Error)) { // a rejection means that the level is below the member's minimum
			a.take(out, err)
		}
	default:
		a.spend(r)
	}
}

func (a *Account) order(o loyalty.Order, now time.Time) {
	prior := a.Orders[o.ID]
	if prior != nil && !receipt.Supersedes(o, prior.Order) {
		a.effects.Superseded++
		return
	}
	if prior == nil && a.random != nil {
		prior = a.recorded(o, now)
	}
	out, err := a.place(prior, o, now)
	if err == nil && a.Referrer != nil {
		a.refer(out, o.ID, now)
		return
	}
	a.take(out, err)
}

// recorded returns the state of an order that is not paid yet, with the level and the fraction of a point that the
// random delivery recorded.
func (a *Account) recorded(o loyalty.Order, now time.Time) *loyalty.OrderState {
	o.Status = loyalty.OrderPlaced
	out, err := a.place(nil, o, now)
	if err != nil {
		a.t.Fatal(err)
	}
	s := *out.Entries[0].Order
	known := a.random.Orders[o.ID]
	s.Buyer.Level, s.Carried = known.Buyer.Level, known.Carried
	return &s
}

// spend redeems or converts points, unless this is rejected. The direct delivery attempts only redemptions and
// conversions that succeeded in the random delivery. If one of them is rejected, the member of the random delivery
// spent points that were lost later, and spend records them in the field missing.
func (a *Account) spend(r Report) {
	if a.random != nil && !a.random.Spent[r.ID] {
		return
	}
	var out posting.Outcome
	var err error
	if r.Redeems {
		out, err = redeem.Redeem(
			engine.Begin(a.p, a.Account, r.At), loyalty.Redemption{ID: r.ID, Reward: "mug"}, true, nil,
		)
	} else {
		out, err = share.Convert(engine.Begin(a.p, a.Account, r.At), r.ID, "", "miles", r.Converts)
	}
	switch {
	case !errors.As(err, new(*loyalty.Error)):
		a.take(out, err)
		a.Spent[r.ID] = true
	case a.random != nil && r.Redeems:
		a.missing[""] -= a.p.Rewards[0].Cost
	case a.random != nil:
		a.missing[""] -= r.Converts
		a.missing["miles"] += r.Converts
	}
}

// Dump returns the account's entries as text, one per line.
func (a *Account) Dump() (out string) {
	for _, e := range a.Entries {
		out += fmt.Sprintf(
			"%d %s %s at %s recorded %s", e.Sequence, e.Kind, e.Cause, inMillis(e.Effective), inMillis(e.Recorded),
		)
		for _, p := range e.Postings {
			out += fmt.Sprintf(" %s%s:%s%+d", p.Wallet, p.Bucket, p.Lot, p.Points)
		}
		if e.Order != nil {
			out += fmt.Sprintf(" placed %s %s", inMillis(e.Order.Order.PlacedAt), e.Order.Order.Status)
		}
		if s := e.Standing; s != nil {
			out += fmt.Sprintf(" %s %s since %s", e.TierGroup, s.Level, inMillis(s.Since))
			out += fmt.Sprintf(" until %s", inMillis(s.Until))
		}
		if len(e.Reasons) > 0 {
			out += fmt.Sprintf(" %s %v", e.Reasons[0].Kind, e.Reasons[0].Args)
		}
		out += "\n"
	}
	return out
}

func inMillis(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999") }
