package engine

import (
	"errors"
	"fmt"
	"math/big"
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

// twoTierGroups returns a program with levels by spend in the calendar year, and a tier group by visits in twelve
// months.
func twoTierGroups(tb testing.TB, edit func(*loyalty.TierGroup)) *loyalty.Program {
	return made(tb, func(p *loyalty.Program) {
		p.Earn.Pending, p.Milestones = calendar.Wait{}, nil
		p.Tiers = loyalty.Tiers{
			Levels: []loyalty.Level{{ID: "bronze"}, {ID: "gold", From: 100_00, Multiply: big.NewRat(2, 1)}},
			By:     loyalty.BySpend, Currency: "EUR",
			Calendar: true, KeepYear: 2, MoveDown: loyalty.ToQualified,
		}
		l := loyalty.TierGroup{ID: "partner", Tiers: loyalty.Tiers{
			Levels: []loyalty.Level{
				{ID: "guest"},
				{ID: "friend", From: 2, EntryBonus: 30, Perks: []string{"tea"}},
				{ID: "gold", From: 4, Perks: []string{"tea", "table"}},
			},
			By: loyalty.ByVisits, Visit: "visit.completed", Months: 12, KeepFor: calendar.Period{Months: 6},
			Grace: calendar.Period{Days: 10},
		}}
		edit(&l)
		p.TierGroups = []loyalty.TierGroup{l}
	})
}

func (s *shop) visit(id string, at time.Time) {
	s.pass(at)
	out, err := award.PlaceEvent(
		Begin(s.p, s.acc, at), nil, EarnRules(s.p),
		loyalty.Event{Type: "visit.completed", ID: id, Member: s.acc.Member, At: at},
	)
	if err != nil {
		s.t.Fatal(err)
	}
	s.took(out)
}

// on returns the member's standing in the partner's tier group.
func (s *shop) on() loyalty.Standing {
	_, acc, ok := tier.TierGroupStanding(s.p, s.acc, "partner")
	if !ok {
		s.t.Fatal("there is no such tier group")
	}
	return acc.Tier
}

func TestEachTierGroupUsesItsOwnRules(t *testing.T) {
	s := newShop(t, twoTierGroups(t, func(*loyalty.TierGroup) {}))
	if got := s.on(); got.Level != "guest" || !got.Since.Equal(noon) || s.acc.TierGroups != nil {
		t.Fatalf("a new member is %+v, and the account remembers %v", got, s.acc.TierGroups)
	}
	s.visit("1", noon.Add(time.Hour))
	s.visit("2", noon.Add(2*time.Hour))
	if got := s.on(); got.Level != "friend" || s.acc.Tier.Level != "bronze" {
		t.Fatalf("after two visits: %s, and %s", got.Level, s.acc.Tier.Level)
	}
	if got := s.acc.Balance().Active; got != 30 {
		t.Errorf("the level's points are %d, want 30", got)
	}
	s.buy("1", 150, noon.Add(3*time.Hour))
	s.want(t, "1", 150)
	if got := s.on(); got.Level != "friend" || s.acc.Tier.Level != "gold" {
		t.Fatalf("after an order of 150 EUR: %s, and %s", got.Level, s.acc.Tier.Level)
	}
	s.visit("3", noon.Add(4*time.Hour))
	s.visit("4", noon.Add(5*time.Hour))
	s.buy("2", 10, noon.Add(6*time.Hour))
	if s.want(t, "2", 20); s.on().Level != "gold" {
		t.Errorf("after four visits: %s", s.on().Level)
	}
}

// A level of a tier group ends exactly when its validity and its grace period have passed.
func TestATierGroupIsReviewedAtItsOwnInstant(t *testing.T) {
	s := newShop(t, twoTierGroups(t, func(l *loyalty.TierGroup) { l.Tiers.Months = 1 }))
	s.visit("1", noon.Add(time.Hour))
	s.visit("2", noon.Add(2*time.Hour))
	until := (calendar.Period{Months: 6}).After(noon.Add(2*time.Hour), s.p.Zone)
	review := (calendar.Period{Days: 10}).After(until, s.p.Zone)
	if got := s.on(); !got.Until.Equal(until) || !Due(s.p, s.acc).Equal(review) {
		t.Fatalf("kept until %s, due at %s; want %s and %s", got.Until, Due(s.p, s.acc), until, review)
	}
	next, at, ok := ProjectionOf(s.p, s.acc, "partner")
	if !ok || next.Level != "guest" || !at.Equal(review) {
		t.Errorf("ahead is %+v at %s", next, at)
	}
	s.pass(review.Add(-time.Millisecond))
	if s.on().Level != "friend" {
		t.Error("it fell too early")
	}
	s.pass(review)
	if got := s.on(); got.Level != "guest" || !got.Until.IsZero() || s.acc.Tier.Level != "bronze" {
		t.Errorf("after the review: %+v", got)
	}
}

func TestALevelOfATierGroupIsSetManually(t *testing.T) {
	s := newShop(t, twoTierGroups(t, func(*loyalty.TierGroup) {}))
	place := func(in tier.Placement) (posting.Outcome, error) {
		return tier.SetTier(Begin(s.p, s.acc, noon), "tier_1", in)
	}
	for _, c := range []struct {
		in      tier.Placement
		pointer string
	}{
		{tier.Placement{TierGroup: "brand", Level: "gold", Reason: "a match"}, "/tier_group"},
		{tier.Placement{TierGroup: "partner", Level: "bronze", Reason: "a match"}, "/level"},
		{tier.Placement{Level: "friend", Reason: "a match"}, "/level"},
		{tier.Placement{TierGroup: "partner", Level: "gold", Reason: "a match", Locked: true}, "/until"},
	} {
		_, err := place(c.in)
		if e := (*loyalty.Error)(nil); !errors.As(err, &e) || e.Code != loyalty.ValidationFailed ||
			e.Pointer != c.pointer {
			t.Errorf("%+v: %v", c.in, err)
		}
	}
	out, err := place(tier.Placement{TierGroup: "partner", Level: "friend", Reason: "a match", Permanent: true})
	if err != nil {
		t.Fatal(err)
	}
	s.took(out)
	if got := s.on(); got.Level != "friend" || got.Minimum != "friend" || s.acc.Tier.Level != "bronze" ||
		s.acc.Tier.Minimum != "" {
		t.Fatalf("it is %+v, and %+v", got, s.acc.Tier)
	}
	if e := out.Entries[0]; e.TierGroup != "partner" || e.Reasons[0].Rule != "tier_groups.partner.friend" ||
		len(out.Entries) != 2 {
		t.Errorf("the entries are %+v", out.Entries)
	}
	s.pass(noon.AddDate(3, 0, 0))
	if got := s.on().Level; got != "friend" {
		t.Errorf("three years later it is %s", got)
	}
}

func TestPerksOfATierGroupAreThoseOfItsLevel(t *testing.T) {
	s := newShop(t, twoTierGroups(t, func(*loyalty.TierGroup) {}))
	s.p.Rewards = nil
	has := func() (out []string) {
		for _, q := range Perks(s.p, s.acc, nil, noon) {
			if q.TierGroup == "partner" && len(q.Unmet) == 0 {
				out = append(out, q.ID)
			}
		}
		return out
	}
	if got := has(); got != nil {
		t.Errorf("a guest has %v", got)
	}
	s.visit("1", noon.Add(time.Hour))
	s.visit("2", noon.Add(2*time.Hour))
	if got := has(); !slices.Equal(got, []string{"tea"}) {
		t.Errorf("a friend has %v", got)
	}
}

// An order counts in a tier group as if its last state had been reported first. A canceled order counts nothing.
func TestRefundedOrdersCountLessInTierGroups(t *testing.T) {
	p := twoTierGroups(t, func(l *loyalty.TierGroup) {
		l.Tiers.Currency, l.Tiers.Brands = "EUR", []string{"east", "west"}
		l.Tiers.AtLeast = map[loyalty.Currency]int64{"EUR": 10_00}
		l.Tiers.Ways = [][]loyalty.Measure{
			{loyalty.BySpend, loyalty.ByOrders},
			{loyalty.ByQualifyingItems, loyalty.ByPointsEarned},
			{loyalty.ByBrands},
		}
		needs := func(n int64) []loyalty.Need {
			return []loyalty.Need{
				{By: loyalty.BySpend, From: n * 100_00},
				{By: loyalty.ByOrders, From: n},
				{By: loyalty.ByQualifyingItems, From: n * 5},
				{By: loyalty.ByPointsEarned, From: n * 500},
				{By: loyalty.ByBrands, From: n},
			}
		}
		l.Tiers.Levels[1] = loyalty.Level{ID: "friend", Needs: needs(1)}
		l.Tiers.Levels[2] = loyalty.Level{ID: "gold", Needs: needs(2)}
	})
	p.Tiers.Levels[1].Multiply = nil // what was reported before an order may not change its points
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		s, once := newShop(t, p), newShop(t, p)
		now := noon.Add(time.Hour)
		last := map[string]loyalty.Order{}
		for i := range rapid.IntRange(1, 8).Draw(t, "tellings") {
			id := fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "order"))
			o, again := last[id]
			if !again {
				o = paid(
					"EUR",
					loyalty.Line{
						Amount: rapid.Int64Range(1, 80_00).Draw(t, "amount"),
						Brand:  rapid.SampledFrom([]string{"east", "west", "north"}).Draw(t, "brand"),
					},
				)
				o.ID, o.PlacedAt = id, now
			}
			switch rapid.IntRange(0, 2).Draw(t, "as") {
			case 0:
				o.Status = loyalty.OrderPaid
			case 1:
				o.Status = loyalty.OrderCanceled
			case 2:
				if receipt.OrderTotal(o) > int64(len(o.Refunds)) {
					o.Refunds = append(slices.Clip(o.Refunds), back(fmt.Sprint(i), 1))
				}
			}
			last[id] = o
			s.submit(o, now)
		}
		for _, id := range slices.Sorted(keys(last)) {
			once.submit(last[id], now)
		}
		got, want := s.counted(), once.counted()
		if !slices.Equal(got.Metrics, want.Metrics) || !slices.Equal(got.Brands, want.Brands) {
			t.Fatalf("reported in parts %+v, at once %+v", got, want)
		}
	})
}

func (s *shop) counted() loyalty.TierGroupStanding {
	if i := posting.GroupIndex(&s.acc, "partner"); i >= 0 {
		return s.acc.TierGroups[i]
	}
	return loyalty.TierGroupStanding{}
}

// Orders from before a tier group existed neither count there later nor are deducted there.
func TestTierGroupCountsOnlyLaterOrders(t *testing.T) {
	with := twoTierGroups(t, func(l *loyalty.TierGroup) { l.Tiers.By = loyalty.ByOrders })
	without := *with
	without.TierGroups = nil
	s := newShop(t, &without)
	o := s.buy("1", 10, noon.Add(time.Hour))
	o.Status = loyalty.OrderCanceled
	out, err := award.PlaceOrder(Begin(with, s.acc, noon.Add(2*time.Hour)), s.states["1"], EarnRules(&without), o, nil)
	if err != nil || out.Account.TierGroups != nil {
		t.Errorf("the account has %+v, %v", out.Account.TierGroups, err)
	}
}

func TestInvalidTierGroupsAreRejected(t *testing.T) {
	ok := twoTierGroups(t, func(*loyalty.TierGroup) {})
	for name, edit := range map[string]func(*loyalty.Program){
		"too many": func(p *loyalty.Program) {
			p.TierGroups = make(
				[]loyalty.TierGroup, posting.MaxTierGroups+1,
			)
		},
		"twice": func(p *loyalty.Program) {
			p.TierGroups = append(
				slices.Clip(p.TierGroups), p.TierGroups[0],
			)
		},
		"without levels": func(p *loyalty.Program) { p.TierGroups = []loyalty.TierGroup{{ID: "empty"}} },
		"with multipliers": func(p *loyalty.Program) {
			p.TierGroups = []loyalty.TierGroup{
				{ID: "main", Tiers: p.Tiers},
			}
		},
		"out of order": func(p *loyalty.Program) {
			p.TierGroups = []loyalty.TierGroup{
				{ID: "odd", Tiers: loyalty.Tiers{Levels: []loyalty.Level{{ID: "a"}, {ID: "b"}}}},
			}
		},
	} {
		p := *ok
		if edit(&p); Compile(&p) == nil {
			t.Errorf("%s: it compiles", name)
		}
	}
}

// A tier group by points counts the points of orders and events. A tier group by orders counts the orders that count.
func TestWhatCountsInATierGroup(t *testing.T) {
	for _, c := range []struct {
		by    loyalty.Measure
		order loyalty.Metric
		event loyalty.Metric
	}{
		{loyalty.ByPointsEarned, loyalty.Metric{Points: 10}, loyalty.Metric{Points: 30}},
		{loyalty.ByOrders, loyalty.Metric{Orders: 1}, loyalty.Metric{}},
		{loyalty.BySpend, loyalty.Metric{Spend: 10_00}, loyalty.Metric{}},
		{loyalty.ByQualifyingItems, loyalty.Metric{QualifyingItems: 1}, loyalty.Metric{}},
		{loyalty.ByVisits, loyalty.Metric{}, loyalty.Metric{Visits: 1}},
	} {
		p := twoTierGroups(t, func(l *loyalty.TierGroup) {
			l.Tiers.By, l.Tiers.Currency, l.Tiers.AtLeast = c.by, "EUR", map[loyalty.Currency]int64{"EUR": 1}
			l.Tiers.Levels = []loyalty.Level{{ID: "guest"}, {ID: "friend", From: 1_000_000}}
		})
		p.Earn.Actions = []loyalty.Action{{ID: "visit", Event: "visit.completed", Points: 30}}
		if err := Compile(p); err != nil {
			t.Fatal(err)
		}
		s := newShop(t, p)
		s.buy("1", 10, noon)
		wantCounted(t, s, c.by, c.order)
		s = newShop(t, p)
		s.visit("1", noon)
		wantCounted(t, s, c.by, c.event)
		other := newShop(t, p)
		out, err := award.PlaceEvent(
			Begin(p, other.acc, noon), nil, EarnRules(p),
			loyalty.Event{Type: "review.approved", ID: "r", Member: "mem_ada", At: noon},
		)
		if err != nil || len(out.Account.TierGroups) > 0 {
			t.Errorf("by %s: another event counts %+v, %v", c.by, out.Account.TierGroups, err)
		}
	}
}

func wantCounted(t *testing.T, s *shop, by loyalty.Measure, want loyalty.Metric) {
	t.Helper()
	var got loyalty.Metric
	if on := s.counted(); len(on.Metrics) > 0 {
		got = on.Metrics[0]
		want.Month = got.Month
	}
	if got != want {
		t.Errorf("by %s: it counts %+v, want %+v", by, got, want)
	}
}

// A member's first standing in a tier group is at its lowest level since joining. It is also the first of the past
// standings once a later one exists.
func TestFirstStandingInATierGroup(t *testing.T) {
	p := twoTierGroups(t, func(*loyalty.TierGroup) {})
	first := loyalty.Standing{Level: "guest", Since: noon}
	friend := loyalty.Standing{Level: "friend", Since: noon.Add(time.Hour)}
	gold := loyalty.Standing{Level: "gold", Since: noon.Add(2 * time.Hour)}
	for _, c := range []struct {
		name       string
		tier       loyalty.Standing
		past, want []loyalty.Standing
	}{
		{"nothing", loyalty.Standing{}, nil, []loyalty.Standing{first}},
		{"one later standing", friend, []loyalty.Standing{{}}, []loyalty.Standing{first, friend}},
		{"two later standings", gold, []loyalty.Standing{{}, friend}, []loyalty.Standing{first, friend, gold}},
		{"later standings alone", gold, []loyalty.Standing{friend}, []loyalty.Standing{friend, gold}},
		{"no past", gold, nil, []loyalty.Standing{gold}},
	} {
		acc := joined(t, p, noon)
		acc.TierGroups = []loyalty.TierGroupStanding{{TierGroup: "partner", Tier: c.tier, Past: c.past}}
		v, seen, ok := tier.TierGroupStanding(p, acc, "partner")
		if got := tier.Standings(&seen); !ok || !slices.Equal(got, c.want) ||
			tier.Of(v).LevelKey("guest") != "tier_groups.partner.guest" {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestBoundsOfTierGroups(t *testing.T) {
	group := func(id string, edit func(*loyalty.Tiers)) loyalty.TierGroup {
		l := loyalty.TierGroup{
			ID: id, Tiers: loyalty.Tiers{Levels: []loyalty.Level{{ID: "a"}, {ID: "b", From: 1}}, By: loyalty.ByOrders},
		}
		edit(&l.Tiers)
		return l
	}
	plain := func(*loyalty.Tiers) {}
	four := []loyalty.TierGroup{group("1", plain), group("2", plain), group("3", plain), group("4", plain)}
	for _, c := range []struct {
		name   string
		groups []loyalty.TierGroup
		ok     bool
	}{
		{"as many as there may be", four, true},
		{"one too many", append(slices.Clip(four), group("5", plain)), false},
		{"twice the same ID", []loyalty.TierGroup{group("1", plain), group("1", plain)}, false},
		{"no ID", []loyalty.TierGroup{group("", plain)}, false},
		{"no levels", []loyalty.TierGroup{group("1", func(t *loyalty.Tiers) { t.Levels = nil })}, false},
		{
			"a multiplier",
			[]loyalty.TierGroup{group("1", func(t *loyalty.Tiers) { t.Levels[1].Multiply = big.NewRat(2, 1) })},
			false,
		},
		{
			"an expiry",
			[]loyalty.TierGroup{group("1", func(t *loyalty.Tiers) { t.Levels[1].Expires = &calendar.Expiry{} })},
			false,
		},
		{
			"a bound for downgrades",
			[]loyalty.TierGroup{group("1", func(t *loyalty.Tiers) { t.MaxDowngrades = big.NewRat(1, 2) })},
			false,
		},
		{
			"a window that is none",
			[]loyalty.TierGroup{
				group(
					"1",
					func(t *loyalty.Tiers) {
						t.Window = loyalty.Window{
							Kind: loyalty.CycleWindow, Months: 5, From: 101,
						}
					},
				),
			},
			false,
		},
	} {
		p := twoTierGroups(t, func(*loyalty.TierGroup) {})
		p.TierGroups = c.groups
		if err := Compile(p); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
