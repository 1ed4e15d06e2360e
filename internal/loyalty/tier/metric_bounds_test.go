package tier

import (
	"math/big"
	"reflect"
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
)

func spending(t *loyalty.Tiers) { t.By = loyalty.BySpend }

// An entry states the changes of the amounts since the revision before, and the state the new amounts.
func TestAmountsThatAnOrderCounts(t *testing.T) {
	placed := utc("2027-03-02")
	level := int(utc("2026-01-15").UnixMilli())
	state := func(worth loyalty.Points, counted bool, m loyalty.Metric, brands ...string) loyalty.OrderState {
		return loyalty.OrderState{
			Order: loyalty.Order{ID: "1042", Member: "mem_ada", PlacedAt: placed}, Worth: worth, Counted: counted,
			Bucket: m.Month, Spend: m.Spend, QualifyingItems: m.QualifyingItems, Brands: brands,
		}
	}
	unknown := state(0, true, loyalty.Metric{Month: 202601, Spend: 9})
	unknown.Order.Member = ""
	worth := earn.Worth{Counted: true, Spend: 500, Pieces: 3, Brands: []string{"east"}}
	for _, c := range []struct {
		name   string
		tiers  func(*loyalty.Tiers)
		prior  *loyalty.OrderState
		points loyalty.Points
		worth  earn.Worth
		want   *loyalty.Metric
		brands []loyalty.Bought
		bucket int
	}{
		{
			"a new order", rolling, nil, 50, worth,
			&loyalty.Metric{Month: 202703, Points: 50, Orders: 1, Spend: 500, QualifyingItems: 3},
			[]loyalty.Bought{{Month: 202703, Brand: "east", N: 1}},
			0,
		},
		{
			"by spend only", spending, nil, 50, worth,
			&loyalty.Metric{Month: 202703, Orders: 1, Spend: 500, QualifyingItems: 3},
			[]loyalty.Bought{{Month: 202703, Brand: "east", N: 1}},
			0,
		},
		{
			"a year from joining", fromJoining, nil, 50,
			earn.Worth{},
			&loyalty.Metric{Month: 20270115, Points: 50}, nil,
			20270115,
		},
		{"since the level", sinceLevel, nil, 50, earn.Worth{}, &loyalty.Metric{Month: level, Points: 50}, nil, level},
		{"nothing", rolling, nil, 0, earn.Worth{}, nil, nil, 0},
		{
			"the same again", rolling,
			new(state(50, true, loyalty.Metric{Spend: 500, QualifyingItems: 3}, "east")), 50, worth, nil, nil, 0,
		},
		{
			"less", rolling, new(state(80, true, loyalty.Metric{Spend: 900, QualifyingItems: 5}, "east", "west")), 50,
			worth, &loyalty.Metric{Month: 202703, Points: -30, Spend: -400, QualifyingItems: -2},
			[]loyalty.Bought{{Month: 202703, Brand: "west", N: -1}},
			0,
		},
		{
			"canceled", rolling, new(state(50, true, loyalty.Metric{Spend: 500})), 0,
			earn.Worth{},
			&loyalty.Metric{Month: 202703, Points: -50, Orders: -1, Spend: -500}, nil, 0,
		},
		{
			"counted now", rolling, new(state(50, false, loyalty.Metric{Spend: 500})), 50,
			earn.Worth{Counted: true, Spend: 500},
			&loyalty.Metric{Month: 202703, Orders: 1}, nil, 0,
		},
		{
			"in the bucket of the first revision", fromJoining, new(state(0, false, loyalty.Metric{Month: 20260115})),
			50,
			earn.Worth{},
			&loyalty.Metric{Month: 20260115, Points: 50}, nil, 20260115,
		},
		{
			"in the window of a level that was decided again", sinceLevel,
			new(state(0, false, loyalty.Metric{Month: level + 5})), 50,
			earn.Worth{},
			&loyalty.Metric{Month: level, Points: 50}, nil, level,
		},
		{
			"the order of a member who was unknown", fromJoining, &unknown, 50,
			earn.Worth{},
			&loyalty.Metric{Month: 20270115, Points: 50, Spend: -9}, nil, 20270115,
		},
	} {
		var s loyalty.OrderState
		if c.prior != nil {
			s = *c.prior
		} else {
			s = state(0, false, loyalty.Metric{})
		}
		s.Worth = c.points
		var e loyalty.Entry
		p := threeLevels(c.tiers)
		Of(p).CountOrder(&s, &e, member("bronze"), c.prior, c.worth)
		if !reflect.DeepEqual(e.Metric, c.want) || !slices.Equal(e.Brands, c.brands) {
			t.Errorf("%s: %+v, %+v", c.name, e.Metric, e.Brands)
		}
		if s.Bucket != c.bucket || s.Counted != c.worth.Counted || s.Spend != c.worth.Spend ||
			s.QualifyingItems != c.worth.Pieces || !slices.Equal(s.Brands, c.worth.Brands) {
			t.Errorf("%s: %+v", c.name, s)
		}
		if want := Of(p).Apart(member("bronze")); e.Window != want {
			t.Errorf("%s: the window has %d months, want %d", c.name, e.Window, want)
		}
	}
}

func TestAmountsThatAnEventCounts(t *testing.T) {
	visits := func(t *loyalty.Tiers) { t.By, t.Visit = loyalty.ByVisits, "visit" }
	both := func(t *loyalty.Tiers) {
		t.Ways, t.Visit = [][]loyalty.Measure{{loyalty.ByVisits}, {loyalty.ByPointsEarned}}, "visit"
	}
	level := int(utc("2026-01-15").UnixMilli())
	for _, c := range []struct {
		name     string
		tiers    func(*loyalty.Tiers)
		revision int
		kind     string
		visits   int64
		bucket   int
		more     loyalty.Points
		want     *loyalty.Metric
		buckets  int
	}{
		{"points", rolling, 1, "review", 0, 0, 50, &loyalty.Metric{Month: 202703, Points: 50}, 0},
		{"no points", rolling, 1, "review", 0, 0, 0, nil, 0},
		{"points, by visits", visits, 1, "review", 0, 0, 50, nil, 0},
		{"a visit", visits, 1, "visit", 0, 0, 50, &loyalty.Metric{Month: 202703, Visits: 1}, 0},
		{"a visit, by points", rolling, 1, "visit", 0, 0, 0, nil, 0},
		{"a visit with points", both, 1, "visit", 0, 0, 50, &loyalty.Metric{Month: 202703, Points: 50, Visits: 1}, 0},
		{"a visit again", visits, 2, "visit", 1, 0, 0, nil, 0},
		{
			"a visit of a type that no longer counts", rolling, 2, "visit", 1, 0, 0,
			&loyalty.Metric{Month: 202703, Visits: -1}, 0,
		},
		{
			"a year from joining", fromJoining, 1, "review", 0, 0, 50,
			&loyalty.Metric{Month: 20270115, Points: 50}, 20270115,
		},
		{
			"the bucket of the first revision", fromJoining, 2, "review", 0, 20260115, 50,
			&loyalty.Metric{Month: 20260115, Points: 50}, 20260115,
		},
		{
			"the month, as in the first revision", fromJoining, 2, "review", 0, 0, 50,
			&loyalty.Metric{Month: 202703, Points: 50}, 0,
		},
		{
			"a level that was decided again", sinceLevel, 2, "review", 0, level + 5, 50,
			&loyalty.Metric{Month: level, Points: 50}, level,
		},
	} {
		p := threeLevels(c.tiers)
		s := loyalty.EventState{
			Event: loyalty.Event{
				Type: c.kind,
				At:   utc("2027-03-02"),
			}, Revision: c.revision, Visits: c.visits, Bucket: c.bucket,
		}
		if c.name == "a visit, by points" {
			p.Tiers.Visit = "visit"
		}
		var e loyalty.Entry
		CountEvent(&s, &e, p, earnRules(p), member("bronze"), c.more)
		if !reflect.DeepEqual(e.Metric, c.want) || s.Bucket != c.buckets ||
			(e.Window != 0) != (c.want != nil && Of(p).Apart(member("bronze")) > 0) {
			t.Errorf("%s: %+v in %d, window %d", c.name, e.Metric, s.Bucket, e.Window)
		}
	}
}

// A tier group that did not exist when an order was first reported never counts it.
func TestAmountsThatTierGroupsCount(t *testing.T) {
	group := func(id string, edit func(*loyalty.Tiers)) loyalty.TierGroup {
		return loyalty.TierGroup{ID: id, Tiers: threeLevels(edit).Tiers}
	}
	p := threeLevels()
	p.TierGroups = []loyalty.TierGroup{
		group("partner", rolling), group("orders", func(t *loyalty.Tiers) { t.By = loyalty.ByOrders }),
		group("spend", spending), group("new", rolling),
	}
	rules := threeLevels()
	rules.TierGroups = p.TierGroups[:3]
	order := func(worth loyalty.Points, was ...loyalty.Counted) loyalty.OrderState {
		return loyalty.OrderState{
			Order: loyalty.Order{ID: "1042", PlacedAt: utc("2027-03-02")}, Worth: worth, TierGroups: was,
		}
	}
	metric := func(id string, m loyalty.Metric, brands ...string) loyalty.Counted {
		m.Month = 202703
		return loyalty.Counted{TierGroup: id, Metric: m, Brands: brands}
	}
	for _, c := range []struct {
		name  string
		state loyalty.OrderState
		worth earn.Worth
		want  []loyalty.Counted
		moves []loyalty.TierGroupCount
	}{
		{"nothing", order(0), earn.Worth{}, nil, nil},
		{"not counted", order(0), earn.Worth{Counted: false}, nil, nil},
		{
			"points and an order", order(50),
			earn.Worth{Counted: true},
			[]loyalty.Counted{
				metric("partner", loyalty.Metric{Points: 50}), metric("orders", loyalty.Metric{Orders: 1}),
			},
			[]loyalty.TierGroupCount{
				{TierGroup: "partner", Metric: loyalty.Metric{Month: 202703, Points: 50}, Window: 12},
				{TierGroup: "orders", Metric: loyalty.Metric{Month: 202703, Orders: 1}},
			},
		},
		{
			"spend and a brand", order(0),
			earn.Worth{TierGroups: []loyalty.Counted{
				{TierGroup: "new", Metric: loyalty.Metric{Spend: 9}},
				{TierGroup: "spend", Metric: loyalty.Metric{Spend: 500}, Brands: []string{"east"}},
			}},
			[]loyalty.Counted{metric("spend", loyalty.Metric{Spend: 500}, "east")},
			[]loyalty.TierGroupCount{{
				TierGroup: "spend", Metric: loyalty.Metric{Month: 202703, Spend: 500},
				Brands: []loyalty.Bought{{Month: 202703, Brand: "east", N: 1}},
			}},
		},
		{
			"a brand only", order(0),
			earn.Worth{TierGroups: []loyalty.Counted{{TierGroup: "spend", Brands: []string{"east"}}}},
			[]loyalty.Counted{metric("spend", loyalty.Metric{}, "east")},
			[]loyalty.TierGroupCount{{
				TierGroup: "spend", Metric: loyalty.Metric{Month: 202703},
				Brands: []loyalty.Bought{{Month: 202703, Brand: "east", N: 1}},
			}},
		},
		{
			"the same again", order(50, metric("partner", loyalty.Metric{Points: 50})),
			earn.Worth{},
			[]loyalty.Counted{metric("partner", loyalty.Metric{Points: 50})},
			nil,
		},
		{
			"canceled", order(0, metric("partner", loyalty.Metric{Points: 50})),
			earn.Worth{},
			[]loyalty.Counted{metric("partner", loyalty.Metric{})},
			[]loyalty.TierGroupCount{
				{TierGroup: "partner", Metric: loyalty.Metric{Month: 202703, Points: -50}, Window: 12},
			},
		},
	} {
		var e loyalty.Entry
		CountOrderInGroups(&c.state, &e, p, earnRules(rules), member("bronze"), c.worth)
		if !reflect.DeepEqual(c.state.TierGroups, c.want) || !reflect.DeepEqual(e.Counts, c.moves) {
			t.Errorf("%s: %+v, %+v", c.name, c.state.TierGroups, e.Counts)
		}
	}
	visit := func(t *loyalty.Tiers) { t.By, t.Visit = loyalty.ByVisits, "visit" }
	p.TierGroups = []loyalty.TierGroup{group("partner", rolling), group("visits", visit)}
	for kind, want := range map[string][]loyalty.Counted{
		"visit":  {metric("partner", loyalty.Metric{Points: 7}), metric("visits", loyalty.Metric{Visits: 1})},
		"review": {metric("partner", loyalty.Metric{Points: 7})},
	} {
		s := loyalty.EventState{Event: loyalty.Event{Type: kind, At: utc("2027-03-02")}}
		if CountEventInGroups(&s, &loyalty.Entry{}, p, earnRules(p), member("bronze"), 7); !reflect.DeepEqual(
			s.TierGroups,
			want,
		) {
			t.Errorf("%s: %+v", kind, s.TierGroups)
		}
	}
}

func TestTierGroupsOfAProgram(t *testing.T) {
	levels := threeLevels().Tiers
	multiplied, guarded := threeLevels().Tiers, threeLevels().Tiers
	multiplied.Levels[1].Multiply, guarded.MaxDowngrades = big.NewRat(2, 1), big.NewRat(1, 1)
	expiring, invalid := threeLevels().Tiers, threeLevels().Tiers
	expiring.Levels[2].Expires, invalid.Months = &calendar.Expiry{}, MaxWindow+1
	many := []loyalty.TierGroup{}
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		many = append(many, loyalty.TierGroup{ID: id, Tiers: levels})
	}
	for _, c := range []struct {
		name   string
		groups []loyalty.TierGroup
		ok     bool
	}{
		{"none", nil, true},
		{"four", many[:4], true},
		{"five", many, false},
		{"no id", []loyalty.TierGroup{{Tiers: levels}}, false},
		{"no levels", []loyalty.TierGroup{{ID: "a"}}, false},
		{"two with one id", []loyalty.TierGroup{many[0], many[0]}, false},
		{"a multiplier", []loyalty.TierGroup{{ID: "a", Tiers: multiplied}}, false},
		{"an expiry", []loyalty.TierGroup{{ID: "a", Tiers: expiring}}, false},
		{"a maximum of downgrades", []loyalty.TierGroup{{ID: "a", Tiers: guarded}}, false},
		{"too long a window", []loyalty.TierGroup{{ID: "a", Tiers: invalid}}, false},
	} {
		p := threeLevels()
		p.TierGroups = c.groups
		if err := CompileTierGroups(p.TierGroups); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	p := threeLevels()
	p.TierGroups = many[:1]
	on, _, ok := TierGroupStanding(p, member("bronze"), "a")
	if _, _, unknown := TierGroupStanding(p, member("bronze"), "x"); !ok || unknown {
		t.Error("the tier group of the program")
	}
	if Of(p).LevelKey("gold") != "tiers.gold" || Of(on).LevelKey("gold") != "tier_groups.a.gold" ||
		Of(p).levelID("gold") != "gold" || Of(on).levelID("gold") != "a.gold" {
		t.Error("the names of a level")
	}
}
