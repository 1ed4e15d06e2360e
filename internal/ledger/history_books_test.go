package ledger_test

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// books is what the entries of all members say that there must be, kept by other means than the ledger's.
type books struct {
	h       *history
	members map[loyalty.MemberID]*book
	spent   map[string]int64 // of budgets, by rule
	codes   map[string]int64 // how many redemptions have each
}

// A book is how far a member's entries were checked, and what they add up to.
type book struct {
	acc     loyalty.Account
	hashes  []string
	version int64 // of the account's item

	orders map[string]*loyalty.OrderState // by id
	events map[string]*loyalty.EventState // by family and id
	issued map[string]loyalty.Points      // by cause
	usage  map[loyalty.Usage]int64        // of caps and limits; its N is zero
	lapsed []string                       // the ids of entries of lapses
}

func newBooks(h *history) *books {
	return &books{h: h, members: map[loyalty.MemberID]*book{}, spent: map[string]int64{}, codes: map[string]int64{}}
}

func (b *books) of(m loyalty.MemberID) *book {
	if b.members[m] == nil {
		b.members[m] = &book{
			orders: map[string]*loyalty.OrderState{}, events: map[string]*loyalty.EventState{},
			issued: map[string]loyalty.Points{}, usage: map[loyalty.Usage]int64{},
		}
	}
	return b.members[m]
}

// check reads what is new of all members, and compares.
func (b *books) check() {
	b.h.t.Helper()
	changed := false
	for _, m := range b.h.members {
		if b.read(m) {
			b.of(m).compare(b.h.t, b.h.p, b.h.Now())
			changed = true
		}
		b.nothingLapsed(m)
	}
	for _, r := range b.h.rules[0].Campaigns {
		if r.Budget > 0 && changed {
			b.budget("campaigns."+r.ID, int64(r.Budget))
		}
	}
	if changed {
		b.rewards()
	}
}

// read replays what is new of a member onto what was checked before, and compares with the account; false if nothing
// is.
func (b *books) read(m loyalty.MemberID) bool {
	t, l, s := b.h.t, b.h.quiet(), b.of(m)
	t.Helper()
	it, err := b.h.clean.Get(t.Context(), table.Key{PK: "P#" + b.h.p.ID + "#M#" + string(m), SK: "ACCOUNT"})
	if err != nil {
		t.Fatal(err)
	}
	if it.Version == s.version {
		return false
	}
	s.version = it.Version
	var fresh []loyalty.Entry
	for e, err := range l.Statement(t.Context(), b.h.p.ID, m, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Sequence <= s.acc.Sequence {
			if e.Hash != s.hashes[e.Sequence-1] {
				t.Errorf("entry %d of %s has changed", e.Sequence, m)
			}
			break
		}
		fresh = append(fresh, e)
	}
	acc, err := l.AuditFrom(t.Context(), b.h.p.ID, s.acc, m, fresh)
	if err != nil {
		t.Errorf("%s: %v", m, err)
	}
	s.acc = acc
	for _, e := range slices.Backward(fresh) {
		s.hashes = append(s.hashes, e.Hash)
		b.enter(s, e)
	}
	return true
}

// enter takes an entry into the books.
func (b *books) enter(s *book, e loyalty.Entry) {
	cause := e.Cause.Kind + "/" + e.Cause.ID
	for _, p := range e.Postings {
		switch {
		case p.Bucket == loyalty.BucketIssued:
			s.issued[cause] -= p.Points
		case e.Kind == loyalty.KindForfeit && p.Bucket == loyalty.BucketPending:
			id, _, _ := strings.Cut(p.Cause.ID, "~")
			s.issued[p.Cause.Kind+"/"+id] += p.Points
		}
	}
	worth := func(worth loyalty.Points, grants ...loyalty.Grant) {
		all, never := loyalty.Points(0), loyalty.Points(0)
		for _, g := range grants {
			all, never = all+g.Worth, never+g.Lapsed
			if g.Worth < 0 || g.Owed < 0 || g.Lapsed < 0 {
				b.h.t.Errorf("%s of %s has the grant %+v", cause, e.Member, g)
			}
		}
		if got := s.issued[cause] - never; got != worth || all != worth {
			b.h.t.Errorf("%s of %s is worth %d, its grants %d, and its entries issued %d beside %d that were not taken back", cause, e.Member, worth, all, got, never)
		}
	}
	switch {
	case e.Order != nil:
		worth(e.Order.Worth, e.Order.Grants...)
		b.use(s, s.orders[e.Cause.ID], -1)
		s.orders[e.Cause.ID] = e.Order
		b.use(s, e.Order, 1)
	case e.Event != nil:
		worth(e.Event.Worth, e.Event.Grants...)
		b.useEvent(s, s.events[e.Cause.ID], -1)
		s.events[e.Cause.ID] = e.Event
		b.useEvent(s, e.Event, 1)
	case e.Redemption != nil:
		b.useReward(s, e)
	case e.Reached != nil:
		worth(e.Reached.Grant.Worth, e.Reached.Grant)
	case e.Kind == loyalty.KindExpire:
		s.lapsed = append(s.lapsed, e.ID())
	}
}

// use enters what an order uses of budgets, caps and limits, or takes it out again.
func (b *books) use(s *book, o *loyalty.OrderState, sign int64) {
	if o == nil {
		return
	}
	p := b.h.rules[o.Program-1]
	day := loyalty.DateOf(o.Order.PlacedAt, p.Zone)
	for _, x := range o.Shares {
		if x.Rule == "" {
			s.useShare(x, p.Earn.Caps, nil, day, sign)
			continue
		}
		r := ruleOf(p, x.Rule)
		limits := r.Limits
		if _, daily := r.Give.(loyalty.PerVisit); daily {
			limits = append(slices.Clone(limits), loyalty.Limit{Times: 1, Per: loyalty.PerDay})
		}
		s.useShare(x, r.Caps, limits, day, sign)
		if r.Budget > 0 {
			b.spent[x.Rule] += sign * int64(x.Used)
		}
	}
}

func ruleOf(p *loyalty.Program, key string) loyalty.Rule {
	for _, r := range p.Earn.Rules {
		if "earn.rules."+r.ID == key {
			return r
		}
	}
	for _, r := range p.Campaigns {
		if "campaigns."+r.ID == key {
			return r
		}
	}
	panic("there is no rule " + key)
}

func (b *books) useEvent(s *book, ev *loyalty.EventState, sign int64) {
	if ev == nil {
		return
	}
	p := b.h.rules[ev.Program-1]
	day := loyalty.DateOf(ev.Event.At, p.Zone)
	for _, x := range ev.Shares {
		for _, a := range p.Earn.Actions {
			if "earn.actions."+a.ID != x.Rule {
				continue
			}
			s.useShare(x, nil, a.Limits, day, sign)
			if !a.Cooldown.IsZero() && x.Used > 0 {
				last := loyalty.DateOf(a.Cooldown.After(ev.Event.At, p.Zone).Add(-1), p.Zone)
				s.usage[loyalty.Usage{Rule: x.Rule, Times: true, Per: "rest", Ends: last}] += sign
			}
		}
	}
}

func (s *book) useShare(x loyalty.Share, caps []loyalty.Cap, limits []loyalty.Limit, day loyalty.Date, sign int64) {
	for _, c := range caps {
		if c.Per != loyalty.PerOrder {
			s.usage[loyalty.Usage{Rule: x.Rule, Per: c.Per, Ends: ends(c.Per, day)}] += sign * int64(x.Used)
		}
	}
	for _, l := range limits {
		if x.Used > 0 {
			s.usage[loyalty.Usage{Rule: x.Rule, Times: true, Per: l.Per, Ends: ends(l.Per, day)}] += sign
		}
	}
}

// ends is the last day of the period in which a day lies.
func ends(per loyalty.CapPeriod, day loyalty.Date) loyalty.Date {
	y, m, d := int(day)/10000, time.Month(int(day)/100%100), int(day)%100
	date := func(y int, m time.Month, d int) loyalty.Date {
		return loyalty.DateOf(time.Date(y, m, d, 0, 0, 0, 0, time.UTC), time.UTC)
	}
	switch per {
	case loyalty.PerDay:
		return day
	case loyalty.PerWeek:
		for time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Weekday() != time.Sunday {
			d++
		}
		return date(y, m, d)
	case loyalty.PerMonth:
		return date(y, m+1, 0)
	case loyalty.PerYear:
		return date(y, 12, 31)
	}
	return 0
}

// compare compares an account with what its states say.
func (s *book) compare(t *testing.T, p *loyalty.Program, now time.Time) {
	t.Helper()
	oldest := loyalty.DateOf(now.Add(-loyalty.MaxOrderAge-48*time.Hour), time.UTC)
	want, got := map[loyalty.Usage]int64{}, map[loyalty.Usage]int64{}
	maps.DeleteFunc(s.usage, func(u loyalty.Usage, n int64) bool { return n == 0 })
	for u, n := range s.usage {
		if u.Ends == 0 || u.Ends >= oldest {
			want[u] = n
		}
	}
	for _, u := range s.acc.Usage {
		if u.Ends == 0 || u.Ends >= oldest {
			n := u.N
			u.N = 0
			got[u] = n
		}
	}
	if !maps.Equal(want, got) {
		t.Errorf("%s has used (-by the states +by the account):\n%s", s.acc.Member, cmp.Diff(want, got))
	}
	var counts, metrics loyalty.Metric
	rest := new(big.Rat)
	for _, o := range s.orders {
		counts.Points, counts.Spend, counts.Elements = counts.Points+o.Worth, counts.Spend+o.Spend, counts.Elements+o.Elements
		if o.Order.Status == loyalty.OrderPaid {
			counts.Orders++
		}
		rest.Add(rest, ratOf(o.Rest))
	}
	for _, ev := range s.events {
		counts.Points += ev.Worth
	}
	for _, m := range s.acc.Metrics {
		metrics.Points, metrics.Orders = metrics.Points+m.Points, metrics.Orders+m.Orders
		metrics.Spend, metrics.Elements = metrics.Spend+m.Spend, metrics.Elements+m.Elements
	}
	if p.Tiers.By != loyalty.ByPointsEarned {
		counts.Points = 0
	}
	if counts != metrics {
		t.Errorf("%s counts %+v by the orders and events, and %+v by the months", s.acc.Member, counts, metrics)
	}
	if rest.Cmp(ratOf(s.acc.Carried)) != 0 {
		t.Errorf("the orders of %s left %s, and the account carries %s", s.acc.Member, rest.RatString(), s.acc.Carried)
	}
}

func ratOf(s string) *big.Rat {
	n, _ := new(big.Rat).SetString(s)
	if n == nil {
		n = new(big.Rat)
	}
	return n
}

// nothingLapsed looks at a member as of now.
func (b *books) nothingLapsed(m loyalty.MemberID) {
	t, now := b.h.t, b.h.Now().UTC().Truncate(time.Millisecond)
	out, err := b.h.p.Advance(b.of(m).acc, now)
	if err != nil {
		t.Fatal(err)
	}
	acc := out.Account
	if due := b.h.p.Due(acc); !due.IsZero() && !due.After(now) {
		t.Errorf("%s is due at %s still, at %s", m, due, now)
	}
	if !slices.IsSortedFunc(acc.Lots, func(x, y loyalty.Lot) int { return x.Expires.Compare(y.Expires) }) {
		t.Errorf("the lots of %s are out of order: %v", m, acc.Lots)
	}
	if !slices.IsSortedFunc(acc.Usage, loyalty.Usage.Compare) {
		t.Errorf("the usages of %s are out of order: %v", m, acc.Usage)
	}
	for _, l := range acc.Lots {
		if l.Points <= 0 || l.Expires != 0 && !l.Expires.End(b.h.p.Zone).After(now) {
			t.Errorf("%s has the lot %+v at %s", m, l, now)
		}
	}
	for _, x := range acc.Pending {
		late := !x.ActiveAt.IsZero() && !x.ActiveAt.After(now) || x.ActiveAt.IsZero() && !x.GiveUp.IsZero() && !x.GiveUp.After(now)
		if x.Points <= 0 || late {
			t.Errorf("%s has pending %+v at %s", m, x, now)
		}
	}
}

// budget compares a budget's counters with what the orders have of it.
func (b *books) budget(rule string, budget int64) {
	t := b.h.t
	sum := int64(0)
	for it, err := range b.h.clean.Query(t.Context(), table.Query{PK: "P#" + b.h.p.ID + "#C#" + rule}) {
		var n int64
		if err == nil {
			_, err = fmt.Sscanf(string(it.Doc), `{"n":%d}`, &n)
		}
		if err != nil {
			t.Fatal(err)
		}
		sum -= n
	}
	if sum != b.spent[rule] || sum < 0 || sum > budget {
		t.Errorf("of the %d points of %s, %d are spent by the counters and %d by the orders", budget, rule, sum, b.spent[rule])
	}
}
