package remind

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func TestMessagesAboutABalance(t *testing.T) {
	for _, c := range []struct {
		name    string
		on      loyalty.Trigger
		least   loyalty.Points
		balance loyalty.Points
		known   bool
		want    bool
	}{
		{"points since yesterday", loyalty.AfterIdle, 0, 1, true, true},
		{"no points", loyalty.AfterIdle, 0, 0, true, false},
		{"exactly enough", loyalty.AfterIdle, 50, 50, true, true},
		{"too little", loyalty.AfterIdle, 50, 49, true, false},
		{"not large for long", loyalty.AfterIdle, 0, 50, false, false},
		{"absent without points", loyalty.AfterAbsence, 0, 0, false, true},
		{"absent with exactly enough", loyalty.AfterAbsence, 50, 50, false, true},
		{"absent with too little", loyalty.AfterAbsence, 50, 49, false, false},
	} {
		r := loyalty.Reminder{ID: "r", On: c.on, MinPoints: c.least}
		v := visiting(reminding(r), memberWith(loyalty.Lot{Points: c.balance}), tuesday)
		if c.known {
			v.s.Rich = map[string]time.Time{"r": utc("2027-03-01T09:00")}
		}
		if v.look(); (len(v.offers) == 1) != c.want || c.want && v.offers[0].Points != c.balance {
			t.Errorf("%s: %+v", c.name, v.offers)
		}
	}
}

func TestOccasionsOfSubjects(t *testing.T) {
	acc := memberWith()
	acc.LastActivity, acc.Tier.Since = utc("2027-02-01T10:00"), utc("2027-02-02T10:00")
	s := Reminded{Rich: map[string]time.Time{"r": utc("2027-02-03T10:00")}, Redeemed: utc("2027-02-04T10:00")}
	for on, at := range map[loyalty.Trigger]time.Time{
		loyalty.AfterIdle: utc("2027-02-03T10:00"), loyalty.AfterAbsence: utc("2027-02-01T10:00"),
		loyalty.NearReward: utc("2027-02-04T10:00"), loyalty.NearTier: utc("2027-02-02T10:00"),
	} {
		if got, want := cycle(acc, s, on, "r"), at.Format(posting.CauseTimeLayout); got != want {
			t.Errorf("%s: %q, want %q", on, got, want)
		}
	}
	if got := cycle(acc, s, loyalty.BeforeCode, "r"); got != "" {
		t.Errorf("a code: %q", got)
	}
}

func TestNearestReward(t *testing.T) {
	cost := func(id string, n loyalty.Points) loyalty.Reward { return loyalty.Reward{ID: id, Cost: n} }
	hidden := cost("hidden", 110)
	hidden.Visible.From = tuesday.Add(1)
	stock := cost("stock", 110)
	stock.StockBatches = []loyalty.StockBatch{{Quantity: 1, At: tuesday.Add(1)}}
	barred := cost("barred", 110)
	barred.Segments = []string{"staff"}
	for _, c := range []struct {
		name    string
		rewards []loyalty.Reward
		least   loyalty.Points
		debt    loyalty.Points
		want    string
		missing int64
	}{
		{"none", nil, 0, 0, "", 0},
		{"exactly within the distance", []loyalty.Reward{cost("a", 150)}, 0, 0, "a", 50},
		{"beyond the distance", []loyalty.Reward{cost("a", 151)}, 0, 0, "", 0},
		{"affordable", []loyalty.Reward{cost("a", 100)}, 0, 0, "", 0},
		{"one point", []loyalty.Reward{cost("a", 101)}, 0, 0, "a", 1},
		{"the cheapest", []loyalty.Reward{cost("a", 140), cost("b", 120), cost("c", 130)}, 0, 0, "b", 20},
		{"the first of two", []loyalty.Reward{cost("a", 120), cost("b", 120)}, 0, 0, "a", 20},
		{"a hidden one is cheaper", []loyalty.Reward{hidden, cost("a", 120)}, 0, 0, "a", 20},
		{"one without stock is cheaper", []loyalty.Reward{stock, cost("a", 120)}, 0, 0, "a", 20},
		{"one for others is cheaper", []loyalty.Reward{barred, cost("a", 120)}, 0, 0, "a", 20},
		{"exactly enough points", []loyalty.Reward{cost("a", 120)}, 100, 0, "a", 20},
		{"too few points", []loyalty.Reward{cost("a", 120)}, 101, 0, "", 0},
		{"in debt", []loyalty.Reward{cost("a", 120)}, 0, 1, "", 0},
	} {
		p := reminding(loyalty.Reminder{ID: "r", On: loyalty.NearReward, Within: 50, MinPoints: c.least})
		p.Rewards = c.rewards
		acc := memberWith(loyalty.Lot{Points: 100})
		acc.Debt = c.debt
		v := visiting(p, acc, tuesday)
		v.s.Redeemed = utc("2027-02-04T10:00")
		v.look()
		if (len(v.offers) == 1) != (c.want != "") || c.want != "" &&
			(v.offers[0].Reward != c.want || v.offers[0].Missing != c.missing || v.offers[0].Points != 100) {
			t.Errorf("%s: %+v", c.name, v.offers)
		}
		for _, o := range v.offers {
			if s := o.Subjects[0]; s.Cycle != v.cycle() || s.ID != c.want+"/"+v.cycle() {
				t.Errorf("%s: %+v", c.name, s)
			}
		}
	}
}

func TestNearestLevel(t *testing.T) {
	for _, c := range []struct {
		name        string
		have, least loyalty.Points
		level       string
		want        int64
	}{
		{"exactly within the distance", 150, 0, "bronze", 50},
		{"beyond the distance", 149, 0, "bronze", 0},
		{"one point", 199, 0, "bronze", 1},
		{"reached", 200, 0, "bronze", 0},
		{"the highest level", 150, 0, "silver", 0},
		{"exactly enough points", 150, 10, "bronze", 50},
		{"too few points", 150, 11, "bronze", 0},
	} {
		p := reminding(loyalty.Reminder{ID: "r", On: loyalty.NearTier, Within: 50, MinPoints: c.least})
		p.Tiers = loyalty.Tiers{Levels: []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: 200}}}
		acc := memberWith(loyalty.Lot{Points: 10})
		acc.Tier.Level, acc.Metrics = c.level, []loyalty.Metric{{Month: 202702, Points: c.have}}
		v := visiting(p, acc, tuesday)
		v.look()
		if (len(v.offers) == 1) != (c.want > 0) ||
			c.want > 0 && (v.offers[0].Missing != c.want || v.offers[0].Level != "silver") {
			t.Errorf("%s: %+v", c.name, v.offers)
		}
	}
}

func TestLevelAtRisk(t *testing.T) {
	end := utc("2027-04-01T00:00")
	for _, c := range []struct {
		name    string
		level   string
		until   time.Time
		have    loyalty.Points
		minimum string
		now     string
		want    bool
		next    string
	}{
		{"too early", "silver", end, 0, "", "2027-03-02T08:59", false, "2027-03-02T09:00"},
		{"due", "silver", end, 0, "", "2027-03-02T09:00", true, "2027-04-01T09:00"},
		{"one point is missing", "silver", end, 199, "", "2027-03-02T09:00", true, "2027-04-01T09:00"},
		{"kept", "silver", end, 200, "", "2027-03-02T09:00", false, "2027-04-01T09:00"},
		{"the last instant", "silver", end, 0, "", "2027-03-31T23:59", true, "2027-04-01T09:00"},
		{"over", "silver", end, 0, "", "2027-04-01T00:00", false, ""},
		{"no end", "silver", time.Time{}, 0, "", "2027-03-02T09:00", false, ""},
		{"the lowest level", "bronze", end, 0, "", "2027-03-02T09:00", false, "2027-04-01T09:00"},
		{"a permanent level", "silver", end, 0, "silver", "2027-03-02T09:00", false, "2027-04-01T09:00"},
		{"above a minimum", "gold", end, 200, "silver", "2027-03-02T09:00", true, "2027-04-01T09:00"},
	} {
		p := reminding(loyalty.Reminder{ID: "r", On: loyalty.BeforeTier, Leads: []calendar.Period{{Days: 30}}})
		p.Tiers = loyalty.Tiers{
			Months: 12, KeepFor: calendar.Period{Months: 12}, MoveDown: loyalty.ToQualified,
			Levels: []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: 200}, {ID: "gold", From: 500}},
		}
		acc := memberWith(loyalty.Lot{Points: 10})
		acc.Tier = loyalty.Standing{Level: c.level, Since: acc.Joined, Until: c.until, Minimum: c.minimum}
		acc.Metrics = []loyalty.Metric{{Month: 202702, Points: c.have}}
		v := visiting(p, acc, utc(c.now))
		v.look()
		if (len(v.offers) == 1) != c.want {
			t.Errorf("%s: %+v", c.name, v.offers)
		}
		if c.next != "" && !v.plan.Next.Equal(utc(c.next)) || c.next == "" && !v.plan.Next.IsZero() {
			t.Errorf("%s: next at %s", c.name, v.plan.Next)
		}
		for _, o := range v.offers {
			if o.Level != c.level || o.Day != 20270331 || !o.Until.Equal(end) || o.Missing == 0 || o.Before.IsZero() {
				t.Errorf("%s: %+v", c.name, o.News)
			}
		}
	}
}

func TestMessagesAboutCodes(t *testing.T) {
	claimed := utc("2027-03-01T09:00")
	code := func(edit func(*UnusedCode)) UnusedCode {
		c := UnusedCode{Redemption: "red_1", Reward: "coffee", Code: "ABC", At: claimed, Until: utc("2027-03-04T00:00")}
		edit(&c)
		return c
	}
	for _, c := range []struct {
		name  string
		on    loyalty.Trigger
		code  UnusedCode
		begun []string
		want  bool
		next  string
	}{
		{"claimed", loyalty.AfterClaim, code(func(*UnusedCode) {}), nil, true, ""},
		{"partly used", loyalty.AfterClaim, code(func(*UnusedCode) {}), []string{"red_1"}, false, ""},
		{"another one is partly used", loyalty.AfterClaim, code(func(*UnusedCode) {}), []string{"red_2"}, true, ""},
		{
			"claimed, without an end", loyalty.AfterClaim, code(func(c *UnusedCode) { c.Until = time.Time{} }), nil,
			true, "",
		},
		{"ended", loyalty.AfterClaim, code(func(c *UnusedCode) { c.Until = tuesday }), nil, false, ""},
		{"ends soon", loyalty.AfterClaim, code(func(c *UnusedCode) { c.Until = tuesday.Add(1) }), nil, true, ""},
		{
			"valid later", loyalty.AfterClaim, code(func(c *UnusedCode) { c.From = tuesday.Add(time.Hour) }), nil,
			false,
			"2027-03-02T11:00",
		},
		{"valid from now on", loyalty.AfterClaim, code(func(c *UnusedCode) { c.From = tuesday }), nil, true, ""},
		{"before the end", loyalty.BeforeCode, code(func(*UnusedCode) {}), nil, true, ""},
		{"before the end, partly used", loyalty.BeforeCode, code(func(*UnusedCode) {}), []string{"red_1"}, true, ""},
		{"without an end", loyalty.BeforeCode, code(func(c *UnusedCode) { c.Until = time.Time{} }), nil, false, ""},
		{
			"long before the end", loyalty.BeforeCode, code(func(c *UnusedCode) { c.Until = utc("2027-03-06T00:00") }),
			nil,
			false, "2027-03-04T09:00",
		},
	} {
		r := loyalty.Reminder{ID: "r", On: c.on}
		if c.on == loyalty.BeforeCode {
			r.Leads = []calendar.Period{{Days: 2}}
		}
		if c.code.Until.IsZero() {
			r.Leads = append(r.Leads, calendar.Period{}) // even a message at the end is not due
		}
		v := visiting(reminding(r), memberWith(), tuesday)
		v.who.Codes, v.who.Begun = []UnusedCode{c.code}, c.begun
		v.look()
		if (len(v.offers) == 1) != c.want {
			t.Errorf("%s: %+v", c.name, v.offers)
		}
		if c.next != "" && !v.plan.Next.Equal(utc(c.next)) || c.next == "" && !v.plan.Next.IsZero() {
			t.Errorf("%s: next at %s", c.name, v.plan.Next)
		}
		for _, o := range v.offers {
			day := calendar.DateOf(c.code.Until.Add(-1), time.UTC)
			if c.code.Until.IsZero() {
				day = 0
			}
			if o.Code != "ABC" || o.Reward != "coffee" || o.Day != day || !o.Until.Equal(c.code.Until) ||
				o.Subjects[0].ID != "red_1" || o.Subjects[0].Until.IsZero() || o.Due.IsZero() {
				t.Errorf("%s: %+v", c.name, o.News)
			}
		}
	}
}

func TestMessagesAboutReservations(t *testing.T) {
	hold := func(edit func(*loyalty.Redemption)) loyalty.Hold {
		h := loyalty.Hold{
			Redemption: loyalty.Redemption{ID: "red_1", Reward: "coffee", Until: tuesday.Add(time.Hour)},
			Lots:       []loyalty.Lot{{Points: 40}, {Points: 2}},
		}
		edit(&h.Redemption)
		return h
	}
	for _, c := range []struct {
		name string
		hold loyalty.Hold
		want string
	}{
		{"a reservation", hold(func(*loyalty.Redemption) {}), "red_1:42"},
		{"an offer to a member", hold(func(r *loyalty.Redemption) { r.To = "mem_bob" }), ""},
		{"a contribution", hold(func(r *loyalty.Redemption) { r.By = "mem_bob" }), ""},
		{"another wallet", hold(func(r *loyalty.Redemption) { r.Wallet = "miles" }), ""},
		{"it ends now", hold(func(r *loyalty.Redemption) { r.Until = tuesday }), ""},
		{"it ends soon", hold(func(r *loyalty.Redemption) { r.Until = tuesday.Add(1) }), "red_1:42"},
		{"exactly at the lead", hold(func(r *loyalty.Redemption) { r.Until = tuesday.Add(2 * time.Hour) }), "red_1:42"},
		{"too early", hold(func(r *loyalty.Redemption) { r.Until = tuesday.Add(2*time.Hour + 1) }), ""},
	} {
		r := loyalty.Reminder{ID: "r", On: loyalty.BeforeHold, Leads: []calendar.Period{{Hours: 2}}}
		acc := memberWith()
		acc.Holds = []loyalty.Hold{c.hold}
		v := visiting(reminding(r), acc, tuesday)
		v.look()
		if got := offered(v); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestYearlyMessages(t *testing.T) {
	const born, joined, january = loyalty.OnBirthday, loyalty.OnAnniversary, "2026-01-01T12:00"
	for _, c := range []struct {
		name     string
		on       loyalty.Trigger
		birthday int
		joined   string
		lead     int
		least    loyalty.Points
		now      string
		want     string
		next     string
	}{
		{"the birthday", born, 302, january, 0, 0, "2027-03-02T09:00", "2027:10", "2028-03-02T09:00"},
		{"before nine", born, 302, january, 0, 0, "2027-03-02T08:59", "", "2027-03-02T09:00"},
		{"the end of the day", born, 302, january, 0, 0, "2027-03-02T23:59", "2027:10", "2028-03-02T09:00"},
		{"the next day", born, 302, january, 0, 0, "2027-03-03T09:00", "", "2028-03-02T09:00"},
		{"unknown", born, 0, january, 0, 0, "2027-03-02T09:00", "", ""},
		{"two days later", born, 302, january, 2, 0, "2027-03-04T09:00", "2027:10", "2028-03-04T09:00"},
		{"in the next year", born, 1231, january, 2, 0, "2027-01-02T09:00", "2026:10", "2028-01-02T09:00"},
		{"exactly enough points", born, 302, january, 0, 10, "2027-03-02T09:00", "2027:10", "2028-03-02T09:00"},
		{"too few points", born, 302, january, 0, 11, "2027-03-02T09:00", "", "2028-03-02T09:00"},
		{
			"the first anniversary", joined, 0, "2026-03-02T12:00", 0, 0, "2027-03-02T09:00", "2027:10",
			"2028-03-02T09:00",
		},
		{"the day of joining", joined, 0, "2027-03-02T08:00", 0, 0, "2027-03-02T09:00", "", "2028-03-02T09:00"},
	} {
		r := loyalty.Reminder{ID: "r", On: c.on, MinPoints: c.least, Leads: []calendar.Period{{Days: c.lead}}}
		acc := memberWith(loyalty.Lot{Points: 10})
		acc.Joined, acc.Traits.Birthday = utc(c.joined), c.birthday
		v := visiting(reminding(r), acc, utc(c.now))
		v.look()
		if got := offered(v); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if c.next != "" && !v.plan.Next.Equal(utc(c.next)) || c.next == "" && !v.plan.Next.IsZero() {
			t.Errorf("%s: next at %s", c.name, v.plan.Next)
		}
		for _, o := range v.offers {
			if year, _ := strconv.Atoi(o.Subjects[0].ID); o.Years != year-2026 {
				t.Errorf("%s: %d years", c.name, o.Years)
			}
		}
	}
}

func TestReferralWithoutAnOrder(t *testing.T) {
	refers := func(friend loyalty.Points, wallet string) loyalty.Action {
		return loyalty.Action{Event: posting.EventConverted, Friend: friend, Wallet: wallet}
	}
	other := loyalty.Action{Event: "review.approved", Friend: 500}
	for _, c := range []struct {
		name    string
		actions []loyalty.Action
		by      loyalty.MemberID
		order   string
		least   loyalty.Points
		want    string
	}{
		{"a bonus", []loyalty.Action{refers(100, ""), other, refers(500, "miles")}, "mem_bob", "", 0, "mem_bob:100"},
		{"two bonuses", []loyalty.Action{refers(100, ""), refers(20, "")}, "mem_bob", "", 0, "mem_bob:120"},
		{"no bonus", []loyalty.Action{refers(0, "")}, "mem_bob", "", 0, ""},
		{"one point", []loyalty.Action{refers(1, "")}, "mem_bob", "", 0, "mem_bob:1"},
		{"exactly enough", []loyalty.Action{refers(100, "")}, "mem_bob", "", 100, "mem_bob:100"},
		{"too little", []loyalty.Action{refers(100, "")}, "mem_bob", "", 101, ""},
		{"not referred", []loyalty.Action{refers(100, "")}, "", "", 0, ""},
		{"ordered", []loyalty.Action{refers(100, "")}, "mem_bob", "1042", 0, ""},
	} {
		p := reminding(loyalty.Reminder{ID: "r", On: loyalty.AfterReferral, MinPoints: c.least})
		p.Earn.Actions = c.actions
		acc := memberWith()
		acc.Traits.Referral = loyalty.Referral{By: c.by, At: utc("2027-03-01T09:00"), Order: c.order}
		v := visiting(p, acc, tuesday)
		v.look()
		if got := offered(v); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestScheduledMessages(t *testing.T) {
	for _, c := range []struct {
		name string
		at   []time.Time
		days []calendar.Day
		edit func(*loyalty.Reminder, *loyalty.Account)
		now  string
		want int
		next string
	}{
		{"at the instant", []time.Time{tuesday}, nil, nil, "2027-03-02T10:00", 1, ""},
		{"before the instant", []time.Time{tuesday}, nil, nil, "2027-03-02T09:59", 0, "2027-03-02T10:00"},
		{"three days later", []time.Time{tuesday}, nil, nil, "2027-03-05T10:00", 1, ""},
		{"more than three days later", []time.Time{tuesday}, nil, nil, "2027-03-05T10:01", 0, ""},
		{
			"a member who joined then",
			[]time.Time{tuesday},
			nil,
			func(_ *loyalty.Reminder, a *loyalty.Account) { a.Joined = tuesday }, "2027-03-02T10:00", 0, "",
		},
		{
			"a member who joined before",
			[]time.Time{tuesday},
			nil,
			func(_ *loyalty.Reminder, a *loyalty.Account) { a.Joined = tuesday.Add(-1) }, "2027-03-02T10:00", 1, "",
		},
		{
			"exactly enough points",
			[]time.Time{tuesday},
			nil,
			func(r *loyalty.Reminder, _ *loyalty.Account) { r.MinPoints = 10 }, "2027-03-02T10:00", 1, "",
		},
		{
			"too few points",
			[]time.Time{tuesday},
			nil,
			func(r *loyalty.Reminder, _ *loyalty.Account) { r.MinPoints = 11 }, "2027-03-02T10:00", 0, "",
		},
		{"the day", nil, []calendar.Day{302}, nil, "2027-03-02T09:00", 1, "2028-03-02T09:00"},
		{"before nine", nil, []calendar.Day{302}, nil, "2027-03-02T08:59", 0, "2027-03-02T09:00"},
		{"the next day", nil, []calendar.Day{302}, nil, "2027-03-03T09:00", 0, "2028-03-02T09:00"},
		{"the day before", nil, []calendar.Day{302}, nil, "2027-03-01T09:00", 0, "2027-03-02T09:00"},
	} {
		r, acc := loyalty.Reminder{
			ID:   "r",
			On:   loyalty.Scheduled,
			At:   c.at,
			Days: c.days,
		}, memberWith(
			loyalty.Lot{Points: 10},
		)
		if c.edit != nil {
			c.edit(&r, &acc)
		}
		v := visiting(reminding(r), acc, utc(c.now))
		v.look()
		if len(v.offers) != c.want {
			t.Errorf("%s: %+v", c.name, v.offers)
		}
		if c.next != "" && !v.plan.Next.Equal(utc(c.next)) || c.next == "" && !v.plan.Next.IsZero() {
			t.Errorf("%s: next at %s", c.name, v.plan.Next)
		}
	}
}

func TestTriggersBeforeAnEvent(t *testing.T) {
	before := []loyalty.Trigger{loyalty.BeforeExpiry, loyalty.BeforeTier, loyalty.BeforeCode, loyalty.BeforeHold}
	for _, on := range Triggers() {
		if IsBefore(on) != slices.Contains(before, on) {
			t.Errorf("%s: %t", on, IsBefore(on))
		}
	}
}
