package service_test

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
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// use adds the use of budgets, caps and limits by an order, or subtracts it if sign is -1.
func (b *books) use(s *book, o *loyalty.OrderState, sign int64) {
	if o == nil {
		return
	}
	p := b.h.rules[o.Program-1]
	day := calendar.DateOf(o.Order.PlacedAt, p.Zone)
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
			b.spent[x.Rule] += sign * int64(x.Charged)
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
	day := calendar.DateOf(ev.Event.At, p.Zone)
	for _, x := range ev.Shares {
		for _, a := range p.Earn.Actions {
			if "earn.actions."+a.ID != x.Rule {
				continue
			}
			if a.Event == posting.EventConverted && strings.HasPrefix(ev.Event.ID, string(ev.Event.Member)+":") {
				continue // only the referrer uses the limits
			}
			s.useShare(x, nil, a.Limits, day, sign)
			if !a.Cooldown.IsZero() && x.Used > 0 {
				last := calendar.DateOf(a.Cooldown.After(ev.Event.At, p.Zone).Add(-1), p.Zone)
				s.usage[loyalty.Usage{Rule: x.Rule, Times: true, Per: "rest", Ends: last}] += sign
			}
		}
	}
}

func (s *book) useShare(x loyalty.Share, caps []loyalty.Cap, limits []loyalty.Limit, day calendar.Date, sign int64) {
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

// ends returns the last day of the period that contains a day.
func ends(per loyalty.CapPeriod, day calendar.Date) calendar.Date {
	y, m, d := int(day)/10000, time.Month(int(day)/100%100), int(day)%100
	date := func(y int, m time.Month, d int) calendar.Date {
		return calendar.DateOf(time.Date(y, m, d, 0, 0, 0, 0, time.UTC), time.UTC)
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

// used compares the usage of caps and limits in the account with the usage according to the states of orders and
// events, in the periods that can still change.
func (s *book) used(t *testing.T, now time.Time) {
	t.Helper()
	oldest := calendar.DateOf(now.Add(-loyalty.MaxOrderAge-48*time.Hour), time.UTC)
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
}

// counted does the same for the metrics that count toward levels, and for the carried fraction.
func (s *book) counted(t *testing.T, p *loyalty.Program) {
	t.Helper()
	var counts, metrics loyalty.Metric
	rest := new(big.Rat)
	for _, o := range s.orders {
		counts.Points, counts.Spend, counts.QualifyingItems = counts.Points+o.Worth, counts.Spend+
			o.Spend, counts.QualifyingItems+o.QualifyingItems
		if o.Counted {
			counts.Orders++
		}
		rest.Add(rest, ratOf(o.Rest))
	}
	for _, ev := range s.events {
		counts.Points, counts.Visits = counts.Points+ev.Worth, counts.Visits+ev.Visits
	}
	brands := map[string]int64{}
	for _, o := range s.orders {
		for _, b := range o.Brands {
			brands[b]++
		}
	}
	for _, b := range s.acc.Brands {
		brands[b.Brand] -= b.N
	}
	for brand, n := range brands {
		if n != 0 {
			t.Errorf("%s counts %d of %s more by the orders than by the months", s.acc.Member, n, brand)
		}
	}
	for _, m := range s.acc.Metrics {
		metrics.Points, metrics.Orders = metrics.Points+m.Points, metrics.Orders+m.Orders
		metrics.Spend, metrics.QualifyingItems = metrics.Spend+m.Spend, metrics.QualifyingItems+m.QualifyingItems
		metrics.Visits += m.Visits
	}
	if p.Tiers.By != loyalty.ByPointsEarned || len(p.Tiers.Ways) > 0 {
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

// budget compares a budget's counters with the points that orders have spent from it.
func (b *books) budget(rule string, budget int64) {
	t := b.h.t
	sum := int64(0)
	for it, err := range b.h.clean.Query(t.Context(), table.Query{PK: "P#" + b.h.P.ID + "#C#" + rule}) {
		var n int64
		if err == nil {
			_, err = fmt.Sscanf(string(it.Doc), `{"n":%d}`, &n)
		}
		if err != nil {
			t.Fatal(err)
		}
		sum -= n
	}
	exceeds := sum > budget && !strings.HasPrefix(rule, "campaigns.") // failed refunds exceed those of campaigns
	if sum != b.spent[rule] || sum < 0 || exceeds {
		t.Errorf(
			"of the %d points of %s, %d are spent by the counters and %d by the orders", budget, rule, sum,
			b.spent[rule],
		)
	}
}
