package remind

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
)

// offered returns the subjects and points of the offers: "1042:50 1043:0".
func offered(v *visit) string {
	var out []string
	for _, o := range v.offers {
		var ids []string
		for _, s := range o.Subjects {
			ids = append(ids, s.ID)
		}
		out = append(out, strings.Join(ids, "+")+":"+strconv.FormatInt(int64(o.Points), 10))
	}
	return strings.Join(out, " ")
}

func TestRewardThatIsUnavailable(t *testing.T) {
	now := tuesday
	stocked := loyalty.Reward{ID: "mug", StockBatches: []loyalty.StockBatch{{At: now, Quantity: 1}}}
	later := loyalty.Reward{ID: "mug", StockBatches: []loyalty.StockBatch{{At: now.Add(1), Quantity: 1}}}
	for _, c := range []struct {
		name   string
		reward loyalty.Reward
		left   earn.Budgets
		want   int
	}{
		{"without stock", loyalty.Reward{ID: "mug"}, nil, 0},
		{"without stock, whatever remains", loyalty.Reward{ID: "mug"}, earn.Budgets{"rewards.mug": 0}, 0},
		{"one remains", stocked, earn.Budgets{"rewards.mug": 1}, 0},
		{"none remains", stocked, earn.Budgets{"rewards.mug": 0}, 1},
		{"unknown", stocked, nil, 0},
		{"stock that comes later", later, nil, 1},
		{"one code", loyalty.Reward{ID: "mug"}, earn.Budgets{"codes.mug": 1}, 0},
		{"no code", loyalty.Reward{ID: "mug"}, earn.Budgets{"codes.mug": 0}, 1},
		{"the member's turn", loyalty.Reward{ID: "mug"}, earn.Budgets{"turns.mug": 1}, 0},
		{"the turn of others", loyalty.Reward{ID: "mug"}, earn.Budgets{"turns.mug": 0}, 1},
		{"no stock, no code", stocked, earn.Budgets{"rewards.mug": 0, "codes.mug": 0, "turns.mug": 0}, 3},
	} {
		if got := Unavailability(&c.reward, c.left, now); len(got) != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// always is a condition with a fixed result.
type always bool

func (b always) Holds(*loyalty.Facts) (bool, error) { return bool(b), nil }

func (always) OrderNumbers() int { return 0 }

func (always) String() string { return "" }

func TestWhichMembersAReminderAddresses(t *testing.T) {
	for _, c := range []struct {
		name string
		r    loyalty.Reminder
		want bool
	}{
		{"all", loyalty.Reminder{}, true},
		{"a level", loyalty.Reminder{Tiers: []string{"gold"}}, true},
		{"another level", loyalty.Reminder{Tiers: []string{"silver"}}, false},
		{"a segment", loyalty.Reminder{Segments: []string{"vip"}}, true},
		{"another segment", loyalty.Reminder{Segments: []string{"staff"}}, false},
		{"a condition that holds", loyalty.Reminder{When: always(true)}, true},
		{"a condition that does not hold", loyalty.Reminder{When: always(false)}, false},
	} {
		c.r.On = loyalty.AfterJoining
		acc := memberWith()
		acc.Joined, acc.Tier.Level, acc.Traits.Segments = utc("2027-03-01T12:00"), "gold", []string{"vip"}
		v := visiting(reminding(c.r), acc, tuesday)
		if v.look(); (len(v.offers) == 1) != c.want {
			t.Errorf("%s: %+v", c.name, v.offers)
		}
	}
}

func TestOfferStatesItsReminder(t *testing.T) {
	v := visiting(reminding(loyalty.Reminder{ID: "r", On: loyalty.BeforeCode}), memberWith(), tuesday)
	sent := Subject{ID: "a", Due: tuesday}
	v.s.SentReminders = []SentReminder{{On: loyalty.BeforeCode, Subject: sent}}
	v.offer(News{Subjects: []Subject{sent}})
	v.offer(News{Subjects: []Subject{sent, {ID: "b"}}})
	if len(v.offers) != 1 || len(v.offers[0].Subjects) != 2 {
		t.Fatalf("%+v", v.offers)
	}
	got := v.offers[0]
	if got.Reminder != "r" || got.On != loyalty.BeforeCode || got.Purpose != loyalty.Transactional ||
		!got.At.Equal(tuesday) || got.Zone != time.UTC || got.r != v.r {
		t.Errorf("%+v", got)
	}
}

func TestStepsBeforeAnEvent(t *testing.T) {
	days := []calendar.Period{{Days: 30}, {Days: 7}, {Days: 1}}
	for _, c := range []struct {
		name      string
		on        loyalty.Trigger
		leads     []calendar.Period
		now       string
		step      int
		due, next string
	}{
		{"too early", loyalty.BeforeCode, days, "2027-03-01T08:59", -1, "", "2027-03-01T09:00"},
		{"the first", loyalty.BeforeCode, days, "2027-03-01T09:00", 0, "2027-03-01T09:00", "2027-03-24T09:00"},
		{"before the second", loyalty.BeforeCode, days, "2027-03-24T08:59", 0, "2027-03-01T09:00", "2027-03-24T09:00"},
		{"the second", loyalty.BeforeCode, days, "2027-03-24T09:00", 1, "2027-03-24T09:00", "2027-03-30T09:00"},
		{"the last", loyalty.BeforeCode, days, "2027-03-30T09:00", 2, "2027-03-30T09:00", ""},
		{
			"in another order", loyalty.BeforeCode,
			[]calendar.Period{{Days: 1}, {Days: 7}},
			"2027-03-30T09:00", 0,
			"2027-03-30T09:00", "",
		},
		{
			"a reservation, to the minute", loyalty.BeforeHold,
			[]calendar.Period{{Hours: 2}},
			"2027-03-31T10:00", 0,
			"2027-03-31T10:00", "",
		},
		{
			"before a reservation", loyalty.BeforeHold,
			[]calendar.Period{{Hours: 2}},
			"2027-03-31T09:59", -1, "",
			"2027-03-31T10:00",
		},
	} {
		v := visiting(reminding(loyalty.Reminder{ID: "r", On: c.on, Leads: c.leads}), memberWith(), utc(c.now))
		step, due := v.ahead(utc("2027-03-31T12:00"), time.UTC)
		if step != c.step || c.due != "" && !due.Equal(utc(c.due)) || c.due == "" && !due.IsZero() {
			t.Errorf("%s: step %d, due at %s", c.name, step, due)
		}
		if c.next != "" && !v.plan.Next.Equal(utc(c.next)) || c.next == "" && !v.plan.Next.IsZero() {
			t.Errorf("%s: next at %s", c.name, v.plan.Next)
		}
	}
}

func TestMessagesAboutExpiringLots(t *testing.T) {
	lot := func(day calendar.Date, n loyalty.Points) loyalty.Lot { return loyalty.Lot{Expires: day, Points: n} }
	r := loyalty.Reminder{ID: "r", On: loyalty.BeforeExpiry, Leads: []calendar.Period{{Days: 8}, {Days: 1}}}
	least := r
	least.MinPoints = 50
	for _, c := range []struct {
		name string
		r    loyalty.Reminder
		lots []loyalty.Lot
		sent []Subject
		now  string
		want string
	}{
		{"none", r, nil, nil, "2027-03-24T09:00", ""},
		{"points that never expire", r, []loyalty.Lot{lot(0, 5)}, nil, "2027-03-24T09:00", ""},
		{"too early", r, []loyalty.Lot{lot(20270331, 50)}, nil, "2027-03-24T08:59", ""},
		{"the first step", r, []loyalty.Lot{lot(20270331, 50)}, nil, "2027-03-24T09:00", "2027-03-31:50"},
		{"the last day", r, []loyalty.Lot{lot(20270331, 50)}, nil, "2027-03-31T23:59", "2027-03-31:50"},
		{"the end", r, []loyalty.Lot{lot(20270331, 50)}, nil, "2027-04-01T00:00", ""},
		{
			"a lot that expires two days later", r,
			[]loyalty.Lot{lot(20270331, 50), lot(20270402, 7)},
			nil,
			"2027-03-24T09:00", "2027-03-31+2027-04-02:57",
		},
		{
			"a lot that expires three days later", r,
			[]loyalty.Lot{lot(20270331, 50), lot(20270403, 7)},
			nil,
			"2027-03-24T09:00", "2027-03-31:50",
		},
		{
			"both are due separately", r,
			[]loyalty.Lot{lot(20270331, 50), lot(20270403, 7)},
			nil,
			"2027-03-27T09:00", "2027-03-31:50 2027-04-03:7",
		},
		{
			"two in one message, then another", r,
			[]loyalty.Lot{lot(20270331, 50), lot(20270401, 7), lot(20270403, 3)},
			nil, "2027-03-27T09:00",
			"2027-03-31+2027-04-01:57 2027-04-03:3",
		},
		{
			"an expired lot first", r,
			[]loyalty.Lot{lot(20270301, 9), lot(20270331, 50)},
			nil, "2027-03-24T09:00",
			"2027-03-31:50",
		},
		{
			"a lot that never expires", r,
			[]loyalty.Lot{lot(20270331, 50), lot(0, 7)},
			nil, "2027-03-24T09:00",
			"2027-03-31:50",
		},
		{"exactly enough", least, []loyalty.Lot{lot(20270331, 50)}, nil, "2027-03-24T09:00", "2027-03-31:50"},
		{"too little", least, []loyalty.Lot{lot(20270331, 49)}, nil, "2027-03-24T09:00", ""},
		{
			"enough together", least,
			[]loyalty.Lot{lot(20270331, 49), lot(20270401, 1)},
			nil, "2027-03-24T09:00",
			"2027-03-31+2027-04-01:50",
		},
		{
			"sent at this step", r,
			[]loyalty.Lot{lot(20270331, 50), lot(20270403, 7)},
			[]Subject{{ID: "2027-03-31", Due: utc("2027-03-24T09:00")}},
			"2027-03-27T09:00", "2027-04-03:7",
		},
		{
			"the second was sent with an earlier message", r,
			[]loyalty.Lot{lot(20270331, 50), lot(20270401, 7)},
			[]Subject{{ID: "2027-04-01", Due: utc("2027-03-25T09:00")}},
			"2027-03-25T09:00", "2027-03-31:50",
		},
	} {
		v := visiting(reminding(c.r), memberWith(c.lots...), utc(c.now))
		for _, s := range c.sent {
			v.s.SentReminders = append(v.s.SentReminders, SentReminder{On: loyalty.BeforeExpiry, Subject: s})
		}
		v.look()
		if got := offered(v); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		for _, o := range v.offers {
			if first := o.Lots[0].Expires; o.Day != first || !o.Until.Equal(first.End(time.UTC)) ||
				len(o.Lots) != len(o.Subjects) {
				t.Errorf("%s: %+v", c.name, o.News)
			}
		}
	}
}

func TestMessagesAboutActivatedPoints(t *testing.T) {
	at := func(s string, n loyalty.Points) Activation { return Activation{utc(s), n} }
	for _, c := range []struct {
		name    string
		leads   []calendar.Period
		least   loyalty.Points
		balance loyalty.Points
		active  []Activation
		sent    string
		want    string
		next    string
	}{
		{"none", nil, 0, 100, nil, "", "", ""},
		{"yesterday", nil, 0, 100, []Activation{at("2027-03-01T12:00", 50)}, "", "20270301T120000Z:50", ""},
		{"today", nil, 0, 100, []Activation{at("2027-03-02T09:01", 50)}, "", "", "2027-03-03T09:00"},
		{
			"two", nil, 0, 100,
			[]Activation{at("2027-03-01T12:00", 50), at("2027-02-28T12:00", 7)},
			"",
			"20270301T120000Z+20270228T120000Z:57", "",
		},
		{
			"more than the balance", nil, 0, 40,
			[]Activation{at("2027-03-01T12:00", 50)},
			"", "20270301T120000Z:40",
			"",
		},
		{"an empty balance", nil, 0, 0, []Activation{at("2027-03-01T12:00", 50)}, "", "", ""},
		{"exactly enough", nil, 50, 100, []Activation{at("2027-03-01T12:00", 50)}, "", "20270301T120000Z:50", ""},
		{"too little", nil, 51, 100, []Activation{at("2027-03-01T12:00", 50)}, "", "", ""},
		{"seven days late", nil, 0, 100, []Activation{at("2027-02-22T10:00", 50)}, "", "", ""},
		{
			"less than seven days late", nil, 0, 100,
			[]Activation{at("2027-02-23T10:00", 50)},
			"",
			"20270223T100000Z:50", "",
		},
		{"sent", nil, 0, 100, []Activation{at("2027-03-01T12:00", 50)}, "20270301T120000Z", "", ""},
		{
			"one of two was sent", nil, 0, 100,
			[]Activation{at("2027-03-01T12:00", 50), at("2027-02-28T12:00", 7)},
			"20270228T120000Z", "20270301T120000Z:50", "",
		},
		{
			"a day later",
			[]calendar.Period{{Days: 1}, {Days: 3}},
			0, 100,
			[]Activation{at("2027-03-01T09:00", 50)},
			"",
			"20270301T090000Z:50", "",
		},
	} {
		r := loyalty.Reminder{ID: "r", On: loyalty.AfterActive, Leads: c.leads, MinPoints: c.least}
		v := visiting(reminding(r), memberWith(loyalty.Lot{Points: c.balance}), tuesday)
		v.s.Active = c.active
		if c.sent != "" {
			v.s.SentReminders = []SentReminder{{On: r.On, Subject: Subject{ID: c.sent}}}
		}
		v.look()
		if got := offered(v); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if c.next != "" && !v.plan.Next.Equal(utc(c.next)) || c.next == "" && !v.plan.Next.IsZero() {
			t.Errorf("%s: next at %s", c.name, v.plan.Next)
		}
	}
	exactly := visiting(
		reminding(
			loyalty.Reminder{ID: "r", On: loyalty.AfterActive},
		),
		memberWith(loyalty.Lot{Points: 9}),
		utc("2027-03-09T09:00"),
	)
	exactly.s.Active = []Activation{at("2027-03-02T08:00", 5), at("2027-03-03T09:00", 1)}
	if exactly.look(); len(exactly.offers) != 1 || exactly.offers[0].Points != 6 ||
		!exactly.offers[0].Due.Equal(utc("2027-03-03T09:00")) {
		t.Errorf("due seven days ago: %+v", exactly.offers)
	}
}

func TestStepsAfterAnEvent(t *testing.T) {
	days := []calendar.Period{{Days: 1}, {Days: 5}}
	for _, c := range []struct {
		name      string
		leads     []calendar.Period
		fresh     time.Duration
		now       string
		step      int
		due, next string
	}{
		{"too early", days, freshFor, "2027-03-03T08:59", 0, "", "2027-03-03T09:00"},
		{"the first", days, freshFor, "2027-03-03T09:00", 0, "2027-03-03T09:00", "2027-03-07T09:00"},
		{"the second", days, freshFor, "2027-03-07T09:00", 1, "2027-03-07T09:00", ""},
		{"seven days later", days, freshFor, "2027-03-14T09:00", 1, "2027-03-07T09:00", ""},
		{"too late", days, freshFor, "2027-03-14T09:01", 0, "", ""},
		{"never too late", days, 0, "2028-03-14T09:01", 1, "2027-03-07T09:00", ""},
		{"fresh for a nanosecond", days, 1, "2027-03-07T09:00", 1, "2027-03-07T09:00", ""},
		{"too early, and never too late", days, 0, "2027-03-03T08:59", 0, "", "2027-03-03T09:00"},
		{"no leads", nil, freshFor, "2027-03-02T09:00", 0, "2027-03-02T09:00", ""},
		{
			"in another order",
			[]calendar.Period{{Days: 5}, {Days: 1}},
			freshFor, "2027-03-07T09:00", 0,
			"2027-03-07T09:00", "",
		},
	} {
		v := visiting(
			reminding(loyalty.Reminder{ID: "r", On: loyalty.AfterOrder, Leads: c.leads}),
			memberWith(),
			utc(c.now),
		)
		v.steps(utc("2027-03-02T09:00"), c.fresh, News{}, "1042", "")
		if c.due == "" && len(v.offers) > 0 || c.due != "" && (len(v.offers) != 1 || v.offers[0].Step != c.step ||
			!v.offers[0].Due.Equal(utc(c.due)) || !v.offers[0].Subjects[0].Until.Equal(utc(c.due).Add(keepForLong))) {
			t.Errorf("%s: %+v", c.name, v.offers)
		}
		if c.next != "" && !v.plan.Next.Equal(utc(c.next)) || c.next == "" && !v.plan.Next.IsZero() {
			t.Errorf("%s: next at %s", c.name, v.plan.Next)
		}
	}
	v := visiting(reminding(loyalty.Reminder{ID: "r", On: loyalty.AfterIdle}), memberWith(), tuesday)
	v.steps(utc("2027-03-01T09:00"), 0, News{}, "a", "b")
	if s := v.offers[0].Subjects[0]; s.Cycle != "b" || !s.Until.IsZero() {
		t.Errorf("%+v", s)
	}
}
