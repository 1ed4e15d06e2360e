package earn

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

// valuation returns a valuation of an order of a program in UTC.
func valuation(o loyalty.Order, b loyalty.Buyer) *Valuation {
	s := &loyalty.OrderState{Order: o, Buyer: b}
	p := &loyalty.Program{Zone: time.UTC}
	p.Compiled.Zones = &sync.Map{}
	r := Rules{Earning: &p.Earning, Levels: &p.Levels, Zone: p.Zone}
	return &Valuation{Rules: r, S: s, goods: goods{order: &s.Order}, Worth: &Worth{}}
}

func TestOrdersThatARuleIsAbout(t *testing.T) {
	at := loyaltytest.Noon
	o := loyalty.Order{PlacedAt: at, Channel: "web", Store: "s1", Currency: "EUR"}
	b := loyalty.Buyer{Level: "gold", Segments: []string{"vip"}, Orders: 1}
	for _, c := range []struct {
		name string
		m    loyalty.Match
		want bool
		why  string
	}{
		{"anything", loyalty.Match{}, true, ""},
		{"from that instant", loyalty.Match{From: at}, true, ""},
		{"from later", loyalty.Match{From: at.Add(1)}, false, ""},
		{"until later", loyalty.Match{Until: at.Add(1)}, true, ""},
		{"until that instant", loyalty.Match{Until: at}, false, ""},
		{"the channel", loyalty.Match{Channels: []string{"pos", "web"}}, true, ""},
		{"another channel", loyalty.Match{Channels: []string{"pos"}}, false, "not applied: for channels pos"},
		{"the store", loyalty.Match{Stores: []string{"s1"}}, true, ""},
		{"another store", loyalty.Match{Stores: []string{"s2", "s3"}}, false, "not applied: for stores s2, s3"},
		{"the currency", loyalty.Match{Currencies: []loyalty.Currency{"EUR"}}, true, ""},
		{
			"another currency",
			loyalty.Match{Currencies: []loyalty.Currency{"CHF", "USD"}},
			false,
			"not applied: for currencies CHF, USD",
		},
		{"the level", loyalty.Match{Tiers: []string{"gold"}}, true, ""},
		{"another level", loyalty.Match{Tiers: []string{"silver"}}, false, "not applied: for tiers silver"},
		{"the first order", loyalty.Match{FirstOrder: true}, false, "not applied: for first_order"},
		{"the segment", loyalty.Match{Segments: []string{"new", "vip"}}, true, ""},
		{"another segment", loyalty.Match{Segments: []string{"new"}}, false, "not applied: for segments new"},
		{"the weekday", loyalty.Match{Weekdays: []time.Weekday{time.Tuesday}}, true, ""},
		{"another weekday", loyalty.Match{Weekdays: []time.Weekday{time.Monday}}, false, "not applied: for time"},
	} {
		for _, campaign := range []bool{true, false} {
			for _, shadow := range []bool{true, false} {
				v := valuation(o, b)
				r := &loyalty.CompiledRule{Key: "r", Campaign: campaign, Rule: loyalty.Rule{Match: c.m, Shadow: shadow}}
				if got := v.about(r); got != c.want {
					t.Errorf("a rule about %s: %t", c.name, got)
				}
				why := ""
				if len(v.Reasons) > 0 {
					why = v.Reasons[0].Effect()
				}
				if want := c.why; campaign && !shadow && why != want || (!campaign || shadow) && why != "" {
					t.Errorf("a rule about %s: the reason is %q", c.name, why)
				}
			}
		}
	}
	b.Orders = 0
	if v := valuation(o, b); !v.about(
		&loyalty.CompiledRule{Rule: loyalty.Rule{Match: loyalty.Match{FirstOrder: true}}},
	) {
		t.Error("a rule about first orders does not apply to one")
	}
}

func TestTimesOfRules(t *testing.T) {
	minute := func(day, hour, min int) time.Time { return time.Date(2026, 12, day, hour, min, 0, 0, time.UTC) }
	monday, tuesday := []time.Weekday{time.Monday}, []time.Weekday{time.Tuesday} // 30 November and 1 December
	for _, c := range []struct {
		name     string
		m        loyalty.Match
		at       time.Time
		birthday int
		want     bool
	}{
		{"from the first minute", loyalty.Match{HoursFrom: 600, HoursUntil: 720}, minute(1, 10, 0), 0, true},
		{"before the first minute", loyalty.Match{HoursFrom: 600, HoursUntil: 720}, minute(1, 9, 59), 0, false},
		{"until the last minute", loyalty.Match{HoursFrom: 600, HoursUntil: 720}, minute(1, 11, 59), 0, true},
		{"after the last minute", loyalty.Match{HoursFrom: 600, HoursUntil: 720}, minute(1, 12, 0), 0, false},
		{"all day", loyalty.Match{HoursFrom: 600, HoursUntil: 600}, minute(1, 3, 0), 0, true},
		{"in the evening", loyalty.Match{HoursFrom: 1320, HoursUntil: 120}, minute(1, 22, 0), 0, true},
		{"after midnight", loyalty.Match{HoursFrom: 1320, HoursUntil: 120}, minute(1, 1, 59), 0, true},
		{"too late after midnight", loyalty.Match{HoursFrom: 1320, HoursUntil: 120}, minute(1, 2, 0), 0, false},
		{"too early in the evening", loyalty.Match{HoursFrom: 1320, HoursUntil: 120}, minute(1, 21, 59), 0, false},
		{
			"after midnight, of the day before",
			loyalty.Match{HoursFrom: 1320, HoursUntil: 120, Weekdays: monday},
			minute(1, 1, 59), 0, true,
		},
		{
			"after midnight, not of that day",
			loyalty.Match{HoursFrom: 1320, HoursUntil: 120, Weekdays: tuesday},
			minute(1, 1, 59), 0, false,
		},
		{
			"in the evening, of that day",
			loyalty.Match{HoursFrom: 1320, HoursUntil: 120, Weekdays: tuesday},
			minute(1, 22, 0), 0, true,
		},
		{
			"in the morning, of that day",
			loyalty.Match{HoursFrom: 30, HoursUntil: 120, Weekdays: tuesday},
			minute(1, 1, 0), 0, true,
		},
		{"in the month of the birthday", loyalty.Match{BirthdayMonth: true}, minute(1, 9, 0), 1224, true},
		{"in another month", loyalty.Match{BirthdayMonth: true}, minute(1, 9, 0), 1124, false},
		{"in the month of an unknown birthday", loyalty.Match{BirthdayMonth: true}, minute(1, 9, 0), 0, false},
		{"at the most days before the birthday", loyalty.Match{BirthdayDays: 3}, minute(1, 9, 0), 1204, true},
		{"too many days before the birthday", loyalty.Match{BirthdayDays: 3}, minute(1, 9, 0), 1205, false},
		{"at the most days after the birthday", loyalty.Match{BirthdayDays: 3}, minute(1, 9, 0), 1128, true},
		{"too many days after the birthday", loyalty.Match{BirthdayDays: 3}, minute(1, 9, 0), 1127, false},
		{"near an unknown birthday", loyalty.Match{BirthdayDays: 3}, minute(1, 9, 0), 0, false},
		{"near a birthday in the next year", loyalty.Match{BirthdayDays: 3}, minute(30, 9, 0), 102, true},
		{
			"near a birthday in the last year",
			loyalty.Match{BirthdayDays: 40},
			time.Date(2027, 1, 5, 9, 0, 0, 0, time.UTC), 1230, true,
		},
	} {
		v := valuation(loyalty.Order{PlacedAt: c.at}, loyalty.Buyer{Birthday: c.birthday})
		if got := v.onTime(&c.m); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
		if HasBirthday(&c.m) != (c.m.BirthdayMonth || c.m.BirthdayDays != 0) {
			t.Errorf("%s: depends on a birthday: %t", c.name, HasBirthday(&c.m))
		}
	}
}

func TestTimeZonesOfRules(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	compiled := &loyalty.Compiled{Zones: &sync.Map{}}
	store := &loyalty.Order{Clock: berlin}
	for _, c := range []struct {
		name string
		z    loyalty.TimezoneOf
		o    *loyalty.Order
		zone string
		want string
	}{
		{"of the program", 0, store, "Asia/Tokyo", "UTC"},
		{"of the store", loyalty.StoreClock, store, "Asia/Tokyo", "Europe/Berlin"},
		{"of an order without a store", loyalty.StoreClock, &loyalty.Order{}, "Asia/Tokyo", "UTC"},
		{"of no order", loyalty.StoreClock, nil, "Asia/Tokyo", "UTC"},
		{"of the member", loyalty.MemberClock, store, "Asia/Tokyo", "Asia/Tokyo"},
		{"of the member again", loyalty.MemberClock, store, "Asia/Tokyo", "Asia/Tokyo"},
		{"of a member without a zone", loyalty.MemberClock, store, "", "UTC"},
		{"of a member with an unknown zone", loyalty.MemberClock, store, "Moon/Base", "UTC"},
	} {
		if got := Clock(compiled, time.UTC, c.z, c.o, &loyalty.Buyer{Zone: c.zone}); got.String() != c.want {
			t.Errorf("the time zone %s is %s", c.name, got)
		}
	}
}

// Caps reduce the points of an order to the room that the orders before it leave.
func TestPointsThatCapsAllow(t *testing.T) {
	day := calendar.Date(2026_12_01)
	monthly := func(n loyalty.Points, reject bool) loyalty.Cap {
		return loyalty.Cap{Points: n, Per: loyalty.PerMonth, Reject: reject}
	}
	perOrder := loyalty.Cap{Points: 30, Per: loyalty.PerOrder}
	for _, c := range []struct {
		name string
		caps []loyalty.Cap
		used loyalty.Points
		peak loyalty.Points
		want loyalty.Points
		got  loyalty.Points
		cuts []string
		cut  bool // by a cap of a period
	}{
		{"none", nil, 0, 0, 50, 50, nil, false},
		{"within a cap of an order", []loyalty.Cap{perOrder}, 0, 0, 30, 30, nil, false},
		{"above a cap of an order", []loyalty.Cap{perOrder}, 0, 0, 31, 30, []string{"-1"}, false},
		{"within the room of a month", []loyalty.Cap{monthly(50, false)}, 20, 0, 30, 30, nil, false},
		{"above the room of a month", []loyalty.Cap{monthly(50, false)}, 20, 0, 31, 30, []string{"-1"}, true},
		{
			"above the room of a month that rejects",
			[]loyalty.Cap{monthly(50, true)},
			20, 0, 31, 0,
			[]string{"-31"},
			true,
		},
		{"in a month that is full", []loyalty.Cap{monthly(50, false)}, 50, 0, 5, 0, []string{"-5"}, true},
		{"in a month that is more than full", []loyalty.Cap{monthly(50, false)}, 60, 0, 5, 0, []string{"-5"}, true},
		{"above two caps", []loyalty.Cap{perOrder, monthly(50, false)}, 30, 0, 35, 20, []string{"-5", "-10"}, true},
		{"with a higher peak", nil, 0, 70, 50, 50, nil, false},
	} {
		acc := loyalty.Account{
			Seen: loyaltytest.Noon, Usage: []loyalty.Usage{CapUsage(monthly(1, false), "r", day, c.used)},
		}
		s, of := &loyalty.Share{Rule: "r", Peak: c.peak}, &loyalty.OrderState{}
		got, why := bounded(s, acc, of, c.caps, day, c.want, nil)
		var cuts []string
		for _, r := range why {
			cuts = append(cuts, r.Points)
		}
		if got != c.got || !slices.Equal(cuts, c.cuts) || s.Peak != max(c.peak, c.got) || len(of.Cut) == 1 != c.cut {
			t.Errorf("%s: %d, cuts %s, peak %d, cut %+v", c.name, got, cuts, s.Peak, of.Cut)
		}
	}
	late := loyalty.Account{Seen: loyaltytest.Noon.AddDate(1, 0, 0)} // the month is closed
	for _, reject := range []bool{true, false} {
		s, of := &loyalty.Share{Rule: "r", Peak: 7}, &loyalty.OrderState{}
		if got, _ := bounded(s, late, of, []loyalty.Cap{monthly(50, reject)}, day, 9, nil); got != 7 || s.Peak != 7 {
			t.Errorf("in a closed month, the order gets %d", got)
		}
	}
	s := &loyalty.Share{}
	if _, why := bounded(
		s, loyalty.Account{}, &loyalty.OrderState{}, []loyalty.Cap{perOrder}, day, 31, nil,
	); why[0].Rule != "earn.caps" {
		t.Errorf("the caps of the program have the reason %+v", why)
	}
}

func TestLimitsThatAreReached(t *testing.T) {
	day := calendar.Date(2026_12_01)
	daily, monthly := loyalty.Limit{Times: 1, Per: loyalty.PerDay}, loyalty.Limit{Times: 2, Per: loyalty.PerMonth}
	both := []loyalty.Limit{daily, monthly}
	usage := func(d, m int64) loyalty.Account {
		return loyalty.Account{
			Seen:  loyaltytest.Noon,
			Usage: []loyalty.Usage{LimitUsage(daily, "r", day, d), LimitUsage(monthly, "r", day, m)},
		}
	}
	for _, c := range []struct {
		acc  loyalty.Account
		want loyalty.Limit
		full bool
		cuts int
	}{
		{usage(0, 1), loyalty.Limit{}, false, 0},
		{usage(1, 1), daily, true, 1},
		{usage(0, 2), monthly, true, 1},
		{usage(1, 2), daily, true, 2},
	} {
		s := &loyalty.OrderState{}
		if got, full := limited(s, c.acc, "r", both, day); got != c.want || full != c.full || len(s.Cut) != c.cuts {
			t.Errorf("%+v: %+v, %t, cut %+v", c.acc.Usage, got, full, s.Cut)
		}
		if got, full := Exhausted(c.acc, "r", both, day); got != c.want || full != c.full {
			t.Errorf("%+v: exhausted %+v, %t", c.acc.Usage, got, full)
		}
		for peak, want := range map[loyalty.Points]bool{0: c.full, 1: false} {
			if _, full := LimitReached(&loyalty.Share{Rule: "r", Peak: peak}, c.acc, both, day); full != want {
				t.Errorf("%+v with a peak of %d: reached %t", c.acc.Usage, peak, full)
			}
		}
	}
	closed := loyalty.Account{Seen: loyaltytest.Noon.AddDate(1, 0, 0)}
	for peak, want := range map[loyalty.Points]bool{0: true, 1: false} {
		s := &loyalty.OrderState{Shares: []loyalty.Share{{Rule: "r", Peak: peak}}}
		if _, full := limited(s, closed, "r", both, day); full != want {
			t.Errorf("in a closed period, an order with a peak of %d is limited: %t", peak, full)
		}
	}
}

func TestPeriodsOfCaps(t *testing.T) {
	for per, want := range map[loyalty.CapPeriod]calendar.Date{
		loyalty.PerDay: 2026_12_01, loyalty.PerWeek: 2026_12_06,
		loyalty.PerMonth: 2026_12_31, loyalty.PerYear: 2026_12_31,
		loyalty.PerOrder: 0, loyalty.PerEver: 0,
	} {
		if got := PeriodEnd(per, 2026_12_01); got != want || !IsCapPeriod(per) {
			t.Errorf("a period per %s ends on %s", per, got)
		}
	}
	if IsCapPeriod("hour") || IsCapPeriod(loyalty.PerRest) {
		t.Error("an unknown period was accepted")
	}
}

// Of the candidates of a group, the best, the first or all win. An exclusive group excludes later groups.
func TestRulesThatWin(t *testing.T) {
	rule := func(id string, group int, mode loyalty.Stacking, priority int) *loyalty.CompiledRule {
		g, err := loyalty.Fixed{}.Compile()
		if err != nil {
			t.Fatal(err)
		}
		return &loyalty.CompiledRule{
			Key: id, Group: group, Mode: mode, Giver: g, Rule: loyalty.Rule{ID: id, Priority: priority},
		}
	}
	give := func(r *loyalty.CompiledRule, n int64) candidate { return candidate{r: r, gives: exact.Whole(n)} }
	for _, c := range []struct {
		name   string
		found  []candidate
		sum    int64
		beaten int
	}{
		{"none", nil, 0, 0},
		{
			"all of a group",
			[]candidate{give(rule("a", 0, loyalty.Sum, 0), 3), give(rule("b", 0, loyalty.Sum, 0), 4)},
			7, 0,
		},
		{"the best", []candidate{give(rule("a", 0, loyalty.Best, 9), 3), give(rule("b", 0, loyalty.Best, 0), 4)}, 4, 1},
		{
			"the first",
			[]candidate{give(rule("a", 0, loyalty.First, 9), 3), give(rule("b", 0, loyalty.First, 0), 4)},
			3, 1,
		},
		{
			"the first by ID",
			[]candidate{give(rule("b", 0, loyalty.First, 0), 4), give(rule("a", 0, loyalty.First, 0), 3)},
			3, 1,
		},
		{
			"the best of two groups",
			[]candidate{give(rule("b", 1, loyalty.Best, 0), 4), give(rule("a", 0, loyalty.Best, 0), 3)},
			7, 0,
		},
		{
			"an exclusive group",
			[]candidate{
				give(rule("b", 1, loyalty.Sum, 0), 4), give(rule("c", 2, loyalty.Best, 0), 5),
				give(rule("a", 0, loyalty.Exclusive, 0), 3),
			},
			3, 2,
		},
		{
			"a group after the exclusive one that gives nothing",
			[]candidate{give(rule("a", 0, loyalty.Exclusive, 0), 0), give(rule("b", 1, loyalty.Sum, 0), 4)},
			4, 0,
		},
		{
			"a rule whose cap is used up",
			[]candidate{give(rule("a", 0, loyalty.First, 9), 0), give(rule("b", 0, loyalty.First, 0), 4)},
			4, 0,
		},
	} {
		v := valuation(loyalty.Order{}, loyalty.Buyer{})
		v.sum = exact.Whole(0)
		v.stack(c.found)
		beaten := 0
		for _, r := range v.Reasons {
			if r.Kind == loyalty.IsBeaten {
				beaten++
			}
		}
		if v.sum != exact.Whole(c.sum) || beaten != c.beaten {
			t.Errorf("%s: %s points, %d beaten", c.name, v.sum, beaten)
		}
	}
}
