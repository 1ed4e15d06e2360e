package engine

import (
	"fmt"
	"math/big"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"pgregory.net/rapid"
)

// A happening is an order, event or other fact of a member at an instant, with the way in which a delivery reports it.
type happening struct {
	at      time.Time
	order   *loyalty.Order // its state as of this report
	visit   string
	visited time.Time
	traits  *loyalty.Traits
	placing *tier.Placement
}

// A life contains the final state of all facts about one member, and a random delivery of them.
type life struct {
	orders   []loyalty.Order // in their final states
	direct   []happening
	delivery []happening
	end      time.Time
}

// randomLife draws the life of a member who joined at an instant.
func randomLife(t *rapid.T, p *loyalty.Program, joined time.Time) (l life) {
	unique := time.Duration(0) // no two things happen in the same millisecond
	after := func(at time.Time, most int, what string) time.Time {
		unique += time.Millisecond
		seconds := rapid.IntRange(1, most*24*3600).Draw(t, what)
		return at.Truncate(time.Second).Add(time.Duration(seconds)*time.Second + unique)
	}
	at := joined
	for i := range rapid.IntRange(2, 8).Draw(t, "orders") {
		at = after(at, 80, "until the next order")
		o := paid("EUR", loyalty.Line{
			Amount: rapid.SampledFrom([]int64{0, 30_00, 110_00, 250_00, 900_00}).Draw(t, "amount"),
			Brand:  rapid.SampledFrom([]string{"east", "west"}).Draw(t, "brand"),
		})
		o.ID, o.PlacedAt = fmt.Sprint("o", i), at
		l.orders = append(l.orders, l.deliver(t, o))
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "visits") {
		visited := after(joined, 400, "visit")
		l.direct = append(l.direct, happening{at: visited, visit: fmt.Sprint("v", i), visited: visited})
		x := happening{at: after(visited, 80, "visit reported"), visit: fmt.Sprint("v", i), visited: visited}
		l.delivery = append(l.delivery, x)
	}
	for range rapid.IntRange(0, 2).Draw(t, "changes") {
		x := happening{at: after(joined, 400, "change")}
		if rapid.Bool().Draw(t, "manually") {
			x.placing = randomPlacement(t, p, x.at)
		} else {
			x.traits = &loyalty.Traits{
				Segments: rapid.SampledFrom([][]string{nil, {"card"}, {"vip"}}).Draw(t, "segments"),
			}
		}
		l.direct, l.delivery = append(l.direct, x), append(l.delivery, x)
	}
	for _, all := range [][]happening{l.direct, l.delivery} {
		slices.SortStableFunc(all, func(x, y happening) int { return x.at.Compare(y.at) })
		if n := len(all); n > 0 {
			l.end = calendar.Later(l.end, all[n-1].at)
		}
	}
	l.end = after(l.end, 100, "end")
	return l
}

func randomPlacement(t *rapid.T, p *loyalty.Program, at time.Time) *tier.Placement {
	in := &tier.Placement{
		Level: rapid.SampledFrom([]string{"silver", "gold", "black"}).Draw(t, "placed"), Reason: "because",
	}
	if len(p.TierGroups) > 0 {
		in.TierGroup = rapid.SampledFrom([]string{"", p.TierGroups[0].ID}).Draw(t, "placed on")
	}
	switch rapid.IntRange(0, 3).Draw(t, "how") {
	case 0:
		in.Until = at.AddDate(0, 3, 0)
	case 1:
		in.Until, in.Locked = at.AddDate(0, 3, 0), true
	case 2:
		in.Permanent = true
	}
	return in
}

// The states in which a delivery reports orders and refunds.
var (
	reportedStatuses = []loyalty.OrderStatus{
		loyalty.OrderPlaced, loyalty.OrderPaid, loyalty.OrderPaid, loyalty.OrderPaid, loyalty.OrderCanceled,
	}
	reportedRefunds = []loyalty.RefundStatus{
		loyalty.RefundSucceeded, loyalty.RefundSucceeded, loyalty.RefundPending, loyalty.RefundFailed,
	}
)

// deliver adds an order to both deliveries, and returns its final state. The random delivery reports up to six states
// at any time after they happened. The last of them is final, and some are reported twice.
func (l *life) deliver(t *rapid.T, o loyalty.Order) loyalty.Order {
	final := o
	for i := range rapid.IntRange(0, 2).Draw(t, "refunds") {
		r := back(fmt.Sprint("r", i), rapid.Int64Range(0, receipt.OrderTotal(o)/2).Draw(t, "refund"))
		r.At = o.PlacedAt.AddDate(0, 0, rapid.IntRange(0, 200).Draw(t, "refunded after"))
		final.Refunds = append(final.Refunds, r)
	}
	if final.Status = loyalty.OrderPaid; rapid.IntRange(0, 3).Draw(t, "final") == 0 {
		final.Status = loyalty.OrderCanceled
	}
	l.reportDirectly(final)
	at := o.PlacedAt.AddDate(0, 0, rapid.SampledFrom([]int{0, 0, 0, 1, 30, 80}).Draw(t, "late"))
	for range rapid.IntRange(0, 4).Draw(t, "states") {
		state := o
		state.Status = rapid.SampledFrom(reportedStatuses).Draw(t, "status")
		if n := len(final.Refunds); n > 0 {
			state.Refunds = slices.Clone(final.Refunds[:rapid.IntRange(0, n).Draw(t, "known refunds")])
		}
		for i := range state.Refunds {
			state.Refunds[i].Status = rapid.SampledFrom(reportedRefunds).Draw(t, "refund is")
		}
		l.delivery = append(l.delivery, happening{at: at, order: &state})
		at = at.Add(time.Duration(rapid.IntRange(0, 120*24).Draw(t, "next state")) * time.Hour)
	}
	l.delivery = append(l.delivery, happening{at: at, order: &final})
	if rapid.Bool().Draw(t, "again") {
		l.delivery = append(l.delivery, happening{at: at.Add(time.Hour), order: &final})
	}
	return final
}

// reportDirectly adds the changes of an order in their sequence: it was placed, and then refunded. A canceled order is
// not reported.
func (l *life) reportDirectly(final loyalty.Order) {
	if final.Status == loyalty.OrderCanceled {
		return
	}
	refunds := slices.Clone(final.Refunds)
	slices.SortStableFunc(refunds, func(x, y loyalty.Refund) int { return x.At.Compare(y.At) })
	for n := range len(refunds) + 1 {
		state, at := final, final.PlacedAt
		if state.Refunds = refunds[:n:n]; n > 0 {
			at = refunds[n-1].At
		}
		l.direct = append(l.direct, happening{at: at, order: &state})
	}
}

// remaining returns the final state of all facts in the order in which they happened. Each order is listed once, at its
// placed_at.
func (l *life) remaining() []happening {
	var all []happening
	for _, x := range l.direct {
		if x.order == nil {
			all = append(all, x)
		}
	}
	for _, o := range l.orders {
		if o.Status == loyalty.OrderPaid {
			all = append(all, happening{at: o.PlacedAt, order: &o})
		}
	}
	slices.SortStableFunc(all, func(x, y happening) int { return x.at.Compare(y.at) })
	return all
}

// A receiver is an account to which happenings are reported.
type receiver struct {
	*shop
	recorded map[string]*loyalty.OrderState // of another delivery: which level counts for each order
	counts   *deliveryCounts
}

// deliveryCounts counts how often deliveries had the effects that the test is about.
type deliveryCounts struct {
	paths, decided, recounted, all, withdrawn, redecided, bonusesWithdrawn, redated, restored, late int
}

func (c *deliveryCounts) count(out posting.Outcome) {
	for _, e := range out.Entries {
		switch what := firstReason(e); {
		case what == loyalty.WasWithdrawn:
			c.withdrawn++
		case e.Redecided != nil && what == loyalty.HasMoved:
			c.late++
		case e.Redecided != nil:
			c.redecided++
		case what == loyalty.EntryBonusWithdrawn:
			c.bonusesWithdrawn++
		case what == loyalty.WasRedated:
			c.redated++
		case what == loyalty.IsEntryBonus && e.Reached.Revision > 1:
			c.restored++
		}
	}
}

func firstReason(e loyalty.Entry) loyalty.ReasonKind {
	if len(e.Reasons) == 0 {
		return ""
	}
	return e.Reasons[0].Kind
}

func (r *receiver) take(out posting.Outcome, err error) loyalty.Entry {
	if err != nil {
		r.t.Fatal(err)
	}
	if placed := len(out.Entries) > 0 && tier.SetsManually(&out.Entries[0]); placed && !tier.NeedsNothing(out.Needs) {
		r.counts.recounted++ // months that a level needs apart, since it was set manually
	} else if !tier.NeedsNothing(out.Needs) {
		r.counts.decided++
		if out.Needs.All {
			r.counts.all++
		}
	}
	n := len(r.entries)
	r.took(out)
	r.counts.count(posting.Outcome{Entries: r.entries[n:]})
	return out.Entries[0]
}

func (r *receiver) live(all []happening, end time.Time) {
	for i, x := range all {
		r.pass(x.at)
		switch {
		case x.order != nil:
			prior := r.states[x.order.ID]
			if known := r.recorded[x.order.ID]; prior == nil && known != nil {
				prior = unpaid(known)
			}
			e := r.take(r.place(prior, *x.order, nil, x.at))
			r.states[x.order.ID] = e.Order
		case x.visit != "":
			ev := loyalty.Event{Type: "visit.completed", ID: x.visit, Member: r.acc.Member, At: x.visited}
			r.take(award.PlaceEvent(Begin(r.p, r.acc, x.at), nil, EarnRules(r.p), ev))
		case x.traits != nil:
			if out, err := SetTraits(r.p, r.acc, *x.traits, x.at); err != nil || len(out.Entries) > 0 {
				r.take(out, err)
			}
		default:
			out, err := tier.SetTier(Begin(r.p, r.acc, x.at), fmt.Sprint("t", i, x.at.Unix()), *x.placing)
			if err == nil { // else it is below the member's minimum
				r.take(out, err)
			}
		}
	}
	r.pass(end)
}

// unpaid returns the state of an order that was placed and not paid, with the level that counts for it.
func unpaid(r *loyalty.OrderState) *loyalty.OrderState {
	s := loyalty.OrderState{
		Order: r.Order, Revision: 1, Program: r.Program, Buyer: r.Buyer, Grants: []loyalty.Grant{{}}, Bucket: r.Bucket,
	}
	s.Order.Status, s.Order.Refunds = loyalty.OrderPlaced, nil
	return &s
}

// deliveryProgram returns a program whose levels use all measures, and some of them multipliers.
func deliveryProgram(t *rapid.T, base *loyalty.Program) *loyalty.Program {
	p := *randomTierGroup(t, base)
	p.Milestones, p.Earn.Actions, p.Campaigns = nil, []loyalty.Action{
		{ID: "visit", Event: "visit.completed", Points: 40},
	}, nil
	p.Earn.Expires = calendar.Expiry{After: calendar.Period{Months: 36}, RoundTo: calendar.EndOfMonth}
	p.Tiers.KeepOnRefund, p.TierGroups = false, slices.Clone(p.TierGroups)
	for i := range p.TierGroups {
		p.TierGroups[i].Tiers.KeepOnRefund = false
	}
	if rapid.Bool().Draw(t, "multiply") {
		p.Tiers.Levels[2].Multiply = big.NewRat(2, 1)
	}
	if err := Compile(&p); err != nil {
		t.Fatal(err)
	}
	return &p
}

// The standings with their instants, the entry bonuses with their lots, and the points do not depend on when, in which
// order or how often orders, refunds and visits were reported. They are the same as by the direct delivery, and as if
// only the final facts had been reported in their order, so that no level is ever decided again.
func TestLevelsDoNotDependOnTheDelivery(t *testing.T) {
	checks(t, 2_000)
	base := lively(t, "UTC")
	var counts deliveryCounts
	check := func(t *rapid.T) {
		p := deliveryProgram(t, base)
		joins := time.Duration(rapid.IntRange(0, 300*24).Draw(t, "joins")) * time.Hour
		joinedAt := instantOf("2026-02-10T22:30:00Z").Add(joins)
		l := randomLife(t, p, joinedAt)
		begin := func() *receiver {
			s := newShop(t, p)
			s.acc = joined(t, p, joinedAt)
			return &receiver{shop: s, counts: new(deliveryCounts)}
		}
		got := begin()
		got.counts = &counts
		counts.paths++
		got.live(l.delivery, l.end)
		want := begin()
		want.recorded = got.states
		want.live(l.direct, l.end)
		sameLevels(t, p, got.shop, want.shop)
		remaining := begin()
		remaining.recorded = got.states
		remaining.live(l.remaining(), l.end)
		sameLevels(t, p, got.shop, remaining.shop)
		if n := remaining.counts.decided; n > 0 {
			t.Fatalf("%d levels were decided again, though everything was reported in its order\n%s",
				n, dump(remaining.entries))
		}
	}
	rapid.Check(t, check)
	t.Logf("%+v", counts)
	for name, n := range map[string]int{
		"decided again": counts.decided, "decided from all entries": counts.all, "withdrawn": counts.withdrawn,
		"redecided": counts.redecided, "reached late": counts.late, "bonuses withdrawn": counts.bonusesWithdrawn,
		"bonuses redated": counts.redated, "bonuses restored": counts.restored,
	} {
		if n*20 < counts.paths && os.Getenv("PERENNIAL_LONG") == "" {
			t.Errorf("only %d levels of %d members were %s", n, counts.paths, name)
		}
	}
}

// sameLevels compares the standings, entry bonuses and points of two accounts.
func sameLevels(t *rapid.T, p *loyalty.Program, got, want *shop) {
	t.Helper()
	fail := func(what string, x, y any) {
		t.Helper()
		t.Fatalf("%s:\n%+v\nand by the direct delivery\n%+v\ntiers %+v\n%s\ndirect:\n%s",
			what, x, y, p.Tiers, dump(got.entries), dump(want.entries))
	}
	if got.acc.Tier != want.acc.Tier {
		fail("the standing", got.acc.Tier, want.acc.Tier)
	}
	for _, l := range p.TierGroups {
		_, x, _ := tier.TierGroupStanding(p, got.acc, l.ID)
		if _, y, _ := tier.TierGroupStanding(p, want.acc, l.ID); x.Tier != y.Tier {
			fail("the standing on "+l.ID, x.Tier, fmt.Sprintf("%+v\n%+v", y.Tier, l.Tiers))
		}
	}
	if x, y := bonuses(got.acc), bonuses(want.acc); x != y {
		fail("the bonuses", x, y)
	}
	if !slices.Equal(got.acc.Lots, want.acc.Lots) || got.acc.Debt != want.acc.Debt {
		fail("the points", got.acc.Purse, want.acc.Purse)
	}
}

// bonuses returns the entry bonuses of an account, with the instants of their promotions and their lots.
func bonuses(acc loyalty.Account) string {
	var all []string
	for _, r := range acc.Reached {
		if r.Grant.Worth > 0 {
			all = append(
				all, fmt.Sprint(r.Grant.Rule, " ", r.Grant.Worth, " since ", r.At.UTC(), " until ", r.Grant.Expires),
			)
		}
	}
	slices.Sort(all)
	return fmt.Sprint(all)
}

func inMillis(t time.Time) string { return t.Format("2006-01-02T15:04:05.999") }

// dump returns the entries as text, one per line, for tests that fail.
func dump(entries []loyalty.Entry) (out string) {
	for _, e := range entries {
		out += fmt.Sprintf(
			"%d %s %s at %s recorded %s", e.Sequence, e.Kind, e.Cause, inMillis(e.Effective), inMillis(e.Recorded),
		)
		if e.Order != nil {
			out += fmt.Sprintf(" placed %s %s", inMillis(e.Order.Order.PlacedAt), e.Order.Order.Status)
		}
		if e.Metric != nil {
			out += fmt.Sprintf(" metric %+v", *e.Metric)
		}
		if e.TierGroup != "" {
			out += " on " + e.TierGroup
		}
		if e.Standing != nil {
			s := e.Standing
			out += fmt.Sprintf(
				" %s since %s until %s lock %s", s.Level, inMillis(s.Since), inMillis(s.Until), inMillis(s.Lock),
			)
			if e.Redecided != nil {
				out += fmt.Sprintf(" redecided from %s %+v", e.Redecided.From, e.Redecided.Past)
			}
		}
		if len(e.Reasons) > 0 {
			out += fmt.Sprintf(" %s %v", e.Reasons[0].Kind, e.Reasons[0].Args)
		}
		out += "\n"
	}
	return out
}
