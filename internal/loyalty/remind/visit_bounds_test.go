package remind

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

func TestNextEvaluationIsTheEarliestInstantInTheFuture(t *testing.T) {
	hour := tuesday.Add(time.Hour)
	for _, c := range []struct {
		planned, at, want time.Time
	}{
		{time.Time{}, hour, hour},
		{time.Time{}, tuesday, time.Time{}},
		{time.Time{}, tuesday.Add(-1), time.Time{}},
		{time.Time{}, tuesday.Add(1), tuesday.Add(1)},
		{hour, hour.Add(-1), hour.Add(-1)},
		{hour, hour.Add(1), hour},
		{hour, tuesday, hour},
		{hour, time.Time{}, hour},
	} {
		v := visiting(reminding(), memberWith(), tuesday)
		v.plan.Next = c.planned
		if v.sooner(c.at); !v.plan.Next.Equal(c.want) {
			t.Errorf("planned for %s, then for %s: %s, want %s", c.planned, c.at, v.plan.Next, c.want)
		}
	}
}

func TestMorningIsTheFirstEndOfQuietHours(t *testing.T) {
	for _, c := range []struct {
		from, until int
		at, want    string
	}{
		{20 * 60, 9 * 60, "2027-03-02T08:59", "2027-03-02T09:00"},
		{20 * 60, 9 * 60, "2027-03-02T09:00", "2027-03-02T09:00"},
		{20 * 60, 9 * 60, "2027-03-02T09:01", "2027-03-03T09:00"},
		{20 * 60, 9 * 60, "2027-02-28T10:00", "2027-03-01T09:00"},
		{20 * 60, 7*60 + 30, "2027-03-02T07:30", "2027-03-02T07:30"},
		{20 * 60, 7*60 + 30, "2027-03-02T07:31", "2027-03-03T07:30"},
		{0, 0, "2027-03-02T08:59", "2027-03-02T09:00"}, // without quiet hours, the morning is at nine
		{600, 600, "2027-03-02T09:30", "2027-03-03T09:00"},
	} {
		p := reminding()
		p.Reminders.QuietFrom, p.Reminders.QuietUntil = c.from, c.until
		if got := visiting(p, memberWith(), tuesday).morning(utc(c.at)); !got.Equal(utc(c.want)) {
			t.Errorf("quiet from %d until %d, %s: %s, want %s", c.from, c.until, c.at, got, c.want)
		}
	}
}

// A suppressed message is evaluated again when its reason may end, even if nothing else is planned.
func TestSuppressedMessageIsEvaluatedAgainAfterQuietHours(t *testing.T) {
	r := loyalty.Reminder{ID: "r", On: loyalty.AfterOrder, Channels: []loyalty.Channel{loyalty.Email}}
	v := visiting(reminding(r), memberWith(), utc("2027-03-02T22:00"))
	o := marketing(v.r)
	o.Subjects = []Subject{{ID: "1042"}}
	v.gate(o)
	if len(v.plan.Kept) != 1 || v.plan.Kept[0].Why != Quiet || !v.plan.Next.Equal(utc("2027-03-03T09:00")) {
		t.Errorf("%+v", v.plan)
	}
}

func TestLaterStepReplacesTheMessageOfAnEarlierOne(t *testing.T) {
	r := loyalty.Reminder{ID: "r", On: loyalty.BeforeCode, Channels: []loyalty.Channel{loyalty.Email}}
	news := func(on loyalty.Trigger, id string, due time.Time) News {
		return News{On: on, Subjects: []Subject{{ID: id}}, Due: due}
	}
	o := offer{news(loyalty.BeforeCode, "red_1", tuesday), &r}
	o.Purpose = loyalty.Transactional
	for _, c := range []struct {
		name string
		n    News
		want bool
	}{
		{"a later step", news(loyalty.BeforeCode, "red_1", tuesday.Add(1)), true},
		{"the same step", news(loyalty.BeforeCode, "red_1", tuesday), false},
		{"an earlier step", news(loyalty.BeforeCode, "red_1", tuesday.Add(-1)), false},
		{"another subject", news(loyalty.BeforeCode, "red_2", tuesday.Add(1)), false},
		{"another trigger", news(loyalty.BeforeHold, "red_1", tuesday.Add(1)), false},
	} {
		v := visiting(reminding(r), memberWith(), tuesday)
		v.plan.Send = []News{c.n}
		if got := v.superseded(o); got != c.want {
			t.Errorf("%s is sent: %t", c.name, got)
		}
		v.plan.Send, v.plan.Held = nil, []News{c.n}
		if got := v.superseded(o); got != c.want {
			t.Errorf("%s is withheld by the holdout: %t", c.name, got)
		}
		if v.gate(o); c.want == (len(v.plan.Send) == 1) {
			t.Errorf("%s is withheld by the holdout: %+v", c.name, v.plan)
		}
	}
}

// The first channel with a consent, an address and room in its caps is used. Otherwise, the reason of the channel that
// got farthest counts, and the earliest end of a cap.
func TestChannelOfAMessage(t *testing.T) {
	email, sms, push := loyalty.Email, loyalty.SMS, loyalty.Push
	day, week := loyalty.FrequencyCap{
		Times: 1,
		Per:   loyalty.PerDay,
	}, loyalty.FrequencyCap{
		Times: 1,
		Per:   loyalty.PerWeek,
	}
	on := func(c loyalty.FrequencyCap, channel loyalty.Channel) loyalty.FrequencyCap {
		c.Channel = channel
		return c
	}
	tomorrow, monday := utc("2027-03-03T09:00"), utc("2027-03-08T09:00")
	for _, c := range []struct {
		name     string
		consents []loyalty.Channel
		reach    []loyalty.Channel
		caps     []loyalty.FrequencyCap
		why      Why
		channel  loyalty.Channel
		again    time.Time
	}{
		{"all", []loyalty.Channel{email, sms}, []loyalty.Channel{email, sms}, nil, "", email, time.Time{}},
		{"no consent", []loyalty.Channel{push}, []loyalty.Channel{email, sms}, nil, NoConsent, "", time.Time{}},
		{"no consent for the first", []loyalty.Channel{sms}, []loyalty.Channel{email, sms}, nil, "", sms, time.Time{}},
		{"no address", []loyalty.Channel{email, sms}, []loyalty.Channel{push}, nil, Unreachable, "", time.Time{}},
		{"no address for the first", []loyalty.Channel{email, sms}, []loyalty.Channel{sms}, nil, "", sms, time.Time{}},
		{
			"no address for the first, no consent for the second",
			[]loyalty.Channel{email},
			[]loyalty.Channel{sms},
			nil,
			Unreachable, "",
			time.Time{},
		},
		{
			"a cap on the first",
			[]loyalty.Channel{email, sms},
			[]loyalty.Channel{email, sms},
			[]loyalty.FrequencyCap{on(day, email)},
			"", sms,
			time.Time{},
		},
		{
			"a cap on the first, no address for the second",
			[]loyalty.Channel{email, sms},
			[]loyalty.Channel{email},
			[]loyalty.FrequencyCap{on(day, email)},
			Capped, "", tomorrow,
		},
		{
			"a cap on the first, no consent for the second",
			[]loyalty.Channel{email},
			[]loyalty.Channel{email, sms},
			[]loyalty.FrequencyCap{on(day, email)},
			Capped, "", tomorrow,
		},
		{
			"caps that end on different days",
			[]loyalty.Channel{email, sms},
			[]loyalty.Channel{email, sms},
			[]loyalty.FrequencyCap{on(week, email), on(day, sms)},
			Capped, "", tomorrow,
		},
		{
			"caps that end on different days, the earliest first",
			[]loyalty.Channel{email, sms},
			[]loyalty.Channel{email, sms},
			[]loyalty.FrequencyCap{on(day, email), on(week, sms)},
			Capped, "", tomorrow,
		},
		{
			"several caps on one channel",
			[]loyalty.Channel{email},
			[]loyalty.Channel{email},
			[]loyalty.FrequencyCap{on(week, email), day},
			Capped, "", monday,
		},
	} {
		p := reminding(loyalty.Reminder{ID: "r", On: loyalty.AfterOrder, Channels: []loyalty.Channel{email, sms}})
		p.Reminders.FrequencyCaps = c.caps
		v := visiting(p, memberWith(), tuesday)
		v.who = Recipient{Reach: c.reach}
		for _, x := range c.consents {
			v.who.Consents = v.who.Consents.With(Consent{Channel: x, Purpose: loyalty.Marketing, Granted: true})
		}
		v.s.Sent = []SentCount{{Day: 20270302, Channel: email, N: 1}, {Day: 20270302, Channel: sms, N: 1}}
		o := marketing(v.r)
		why, again := v.stopped(&o)
		if why != c.why || o.Channel != c.channel || !again.Equal(c.again) {
			t.Errorf("%s: reason %q, channel %q, again at %s", c.name, why, o.Channel, again)
		}
	}
}

func TestFrequencyCapCountsMessagesOfItsPeriodAndChannel(t *testing.T) {
	for _, c := range []struct {
		name string
		cap  loyalty.FrequencyCap
		sent []SentCount
		want string
	}{
		{"none sent", loyalty.FrequencyCap{Times: 1, Per: loyalty.PerDay}, nil, ""},
		{
			"one of two",
			loyalty.FrequencyCap{Times: 2, Per: loyalty.PerDay},
			[]SentCount{{Day: 20270302, Channel: loyalty.Email, N: 1}},
			"",
		},
		{
			"two of two",
			loyalty.FrequencyCap{Times: 2, Per: loyalty.PerDay},
			[]SentCount{{Day: 20270302, Channel: loyalty.Email, N: 1}, {Day: 20270302, Channel: loyalty.SMS, N: 1}},
			"2027-03-03T00:00",
		},
		{
			"two at once",
			loyalty.FrequencyCap{Times: 2, Per: loyalty.PerMonth},
			[]SentCount{{Day: 20270301, Channel: loyalty.Email, N: 2}},
			"2027-04-01T00:00",
		},
		{
			"yesterday",
			loyalty.FrequencyCap{Times: 1, Per: loyalty.PerDay},
			[]SentCount{{Day: 20270301, Channel: loyalty.Email, N: 1}},
			"",
		},
		{
			"another channel",
			loyalty.FrequencyCap{Channel: loyalty.Email, Times: 1, Per: loyalty.PerDay},
			[]SentCount{{Day: 20270302, Channel: loyalty.SMS, N: 1}},
			"",
		},
		{
			"a cap on another channel",
			loyalty.FrequencyCap{Channel: loyalty.SMS, Times: 1, Per: loyalty.PerDay},
			[]SentCount{{Day: 20270302, Channel: loyalty.SMS, N: 1}},
			"",
		},
	} {
		p := reminding(loyalty.Reminder{ID: "r"})
		p.Reminders.FrequencyCaps = []loyalty.FrequencyCap{c.cap}
		v := visiting(p, memberWith(), tuesday)
		v.s.Sent = c.sent
		want := time.Time{}
		if c.want != "" {
			want = utc(c.want)
		}
		if got := v.capped(marketing(v.r), loyalty.Email); !got.Equal(want) {
			t.Errorf("%s: %s, want %q", c.name, got, c.want)
		}
		if got := v.capped(offer{News{Purpose: loyalty.Transactional}, v.r}, loyalty.Email); !got.IsZero() {
			t.Errorf("%s: a transactional message waits until %s", c.name, got)
		}
	}
}

func TestIgnoredMarketingBecomesLessFrequent(t *testing.T) {
	never := time.Time{}
	wait := loyalty.IgnoredRule{Wait: calendar.Period{Days: 2}}
	for _, c := range []struct {
		name    string
		rule    loyalty.IgnoredRule
		purpose loyalty.Purpose
		ignored int64
		last    string
		want    time.Time
	}{
		{"none ignored", wait, loyalty.Marketing, 0, "2027-03-02T09:00", never},
		{"transactional", wait, loyalty.Transactional, 1, "2027-03-02T09:00", never},
		{"no rule", loyalty.IgnoredRule{}, loyalty.Marketing, 1, "2027-03-02T09:00", never},
		{"a limit without a wait", loyalty.IgnoredRule{StopAfter: 2}, loyalty.Marketing, 1, "2027-03-02T09:00", never},
		{
			"the limit",
			loyalty.IgnoredRule{StopAfter: 2},
			loyalty.Marketing, 2, "2026-03-02T09:00",
			tuesday.Add(30 * 24 * time.Hour),
		},
		{
			"beyond the limit",
			loyalty.IgnoredRule{StopAfter: 2},
			loyalty.Marketing, 3, "2026-03-02T09:00",
			tuesday.Add(30 * 24 * time.Hour),
		},
		{"sent today", wait, loyalty.Marketing, 1, "2027-03-02T09:00", utc("2027-03-04T09:00")},
		{"sent the day before yesterday", wait, loyalty.Marketing, 1, "2027-02-28T23:59", never},
		{"sent yesterday", wait, loyalty.Marketing, 1, "2027-03-01T09:00", utc("2027-03-03T09:00")},
		{"two in a row", wait, loyalty.Marketing, 2, "2027-02-28T23:59", utc("2027-03-04T09:00")},
		{"three in a row", wait, loyalty.Marketing, 3, "2027-03-01T09:00", utc("2027-03-09T09:00")},
		{
			"months, hours and minutes",
			loyalty.IgnoredRule{Wait: calendar.Period{Months: 1, Hours: 12, Minutes: 5}},
			loyalty.Marketing, 2, "2027-03-01T09:00", utc("2027-05-02T09:00"), // after 2 May, 00:10
		},
		{
			"twelve in a row", wait, loyalty.Marketing, 12, "2027-03-01T09:00",
			utc("2027-03-01T09:00").AddDate(0, 0, 2048),
		},
	} {
		p := reminding(loyalty.Reminder{ID: "r"})
		p.Reminders.Ignored = c.rule
		v := visiting(p, memberWith(), tuesday)
		v.s.Ignored, v.s.Last = c.ignored, utc(c.last)
		if got := v.tired(offer{News{Purpose: c.purpose}, v.r}); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		v.r.Channels = []loyalty.Channel{loyalty.Email}
		if why, again := v.stopped(&offer{News{Purpose: c.purpose}, v.r}); (why == Tired) == c.want.IsZero() ||
			!again.Equal(c.want) {
			t.Errorf("%s: %q until %s", c.name, why, again)
		}
	}
}

func TestLimitOfAReminder(t *testing.T) {
	sent := func(id string, at ...string) (out []SentReminder) {
		for i, s := range at {
			out = append(out, SentReminder{Reminder: id, At: utc(s), Subject: Subject{ID: string(rune('a' + i))}})
		}
		return out
	}
	once := func(per loyalty.CapPeriod) []loyalty.Limit { return []loyalty.Limit{{Times: 1, Per: per}} }
	for _, c := range []struct {
		name   string
		on     loyalty.Trigger
		limits []loyalty.Limit
		sent   []SentReminder
		full   bool
		frees  string
	}{
		{"no limit", loyalty.NearReward, nil, sent("r", "2027-03-02T09:00"), false, ""},
		{"none sent", loyalty.NearReward, once(loyalty.PerDay), nil, false, ""},
		{
			"sent today", loyalty.NearReward, once(loyalty.PerDay), sent("r", "2027-03-02T09:00"), true,
			"2027-03-03T09:00",
		},
		{"sent yesterday", loyalty.NearReward, once(loyalty.PerDay), sent("r", "2027-03-01T09:00"), false, ""},
		{"another reminder", loyalty.NearReward, once(loyalty.PerDay), sent("q", "2027-03-02T09:00"), false, ""},
		{"once ever", loyalty.NearReward, once(loyalty.PerEver), sent("r", "2026-01-01T09:00"), true, ""},
		{
			"one of two", loyalty.NearReward,
			[]loyalty.Limit{{Times: 2, Per: loyalty.PerWeek}},
			sent("r", "2027-03-02T09:00", "2027-02-28T09:00"), false, "",
		},
		{
			"two of two", loyalty.NearReward,
			[]loyalty.Limit{{Times: 2, Per: loyalty.PerWeek}},
			sent("r", "2027-03-02T09:00", "2027-03-01T09:00"), true, "2027-03-08T09:00",
		},
		{
			"one message about two subjects", loyalty.NearReward,
			[]loyalty.Limit{{Times: 2, Per: loyalty.PerWeek}},
			sent("r", "2027-03-02T09:00", "2027-03-02T09:00"), false, "",
		},
		{
			"two limits", loyalty.NearReward, append(once(loyalty.PerMonth), once(loyalty.PerDay)...),
			sent("r", "2027-03-02T09:00"), true, "2027-04-01T09:00",
		},
		{
			"the other limit", loyalty.NearReward, append(once(loyalty.PerDay), once(loyalty.PerMonth)...),
			sent("r", "2027-03-01T09:00"), true, "2027-04-01T09:00",
		},
		{"points that expire", loyalty.BeforeExpiry, once(loyalty.PerDay), sent("r", "2027-03-02T09:00"), false, ""},
	} {
		v := visiting(reminding(loyalty.Reminder{ID: "r", On: c.on, Limits: c.limits}), memberWith(), tuesday)
		v.s.SentReminders = c.sent
		frees, full := v.limited(marketing(v.r))
		if full != c.full || c.frees == "" && !frees.IsZero() || c.frees != "" && !frees.Equal(utc(c.frees)) {
			t.Errorf("%s: %t until %s, want %t until %q", c.name, full, frees, c.full, c.frees)
		}
	}
}

// Only marketing stops at the holdout, and each reason for suppression states when it may end.
func TestReasonsAfterTheChannel(t *testing.T) {
	all := shareOf(1, 1)
	for _, c := range []struct {
		name    string
		purpose loyalty.Purpose
		status  loyalty.Status
		now     string
		why     Why
		again   string
	}{
		{"marketing", loyalty.Marketing, loyalty.Active, "2027-03-02T10:00", HeldOut, ""},
		{"transactional", loyalty.Transactional, loyalty.Active, "2027-03-02T10:00", "", ""},
		{"a frozen account", loyalty.Transactional, loyalty.Frozen, "2027-03-02T22:00", NotActive, ""},
		{"before nine", loyalty.Transactional, loyalty.Active, "2027-03-02T08:59", Quiet, "2027-03-02T09:00"},
		{"nine", loyalty.Transactional, loyalty.Active, "2027-03-02T09:00", "", ""},
		{"eight in the evening", loyalty.Transactional, loyalty.Active, "2027-03-02T20:00", Quiet, "2027-03-03T09:00"},
	} {
		p := reminding(loyalty.Reminder{ID: "r", On: loyalty.AfterOrder, Channels: []loyalty.Channel{loyalty.Email}})
		p.Reminders.Holdout = all
		acc := memberWith()
		acc.Status = c.status
		v := visiting(p, acc, utc(c.now))
		o := offer{News{Purpose: c.purpose, Subjects: []Subject{{ID: "a"}}}, v.r}
		v.gate(o)
		if send, held := len(v.plan.Send) == 1, len(v.plan.Held) == 1; send != (c.why == "") ||
			held != (c.why == HeldOut) {
			t.Errorf("%s: %+v", c.name, v.plan)
		}
		why, again := v.stopped(&o)
		if why != c.why || c.again == "" && !again.IsZero() || c.again != "" && !again.Equal(utc(c.again)) {
			t.Errorf("%s: %q until %s", c.name, why, again)
		}
	}
}

// The messages of a plan are in the order in which they are sent: transactional ones first, then the newest.
func TestOrderOfMessages(t *testing.T) {
	channels := []loyalty.Channel{loyalty.Email}
	p := reminding(
		loyalty.Reminder{ID: "order", On: loyalty.AfterOrder, Purpose: loyalty.Marketing, Channels: channels},
		loyalty.Reminder{ID: "joined", On: loyalty.AfterJoining, Purpose: loyalty.Transactional, Channels: channels},
	)
	acc := memberWith()
	acc.Joined = utc("2027-02-24T10:00")
	s := Reminded{Orders: []Purchase{
		{Order: "1", At: utc("2027-02-25T10:00")},
		{Order: "2", At: utc("2027-02-27T10:00")},
		{Order: "3", At: utc("2027-02-28T10:00"), Unpaid: true},
	}}
	plan := Remind(rulesOf(p), acc, reachable(), s, tuesday)
	var ids []string
	for _, n := range plan.Send {
		ids = append(ids, n.Reminder+" "+n.Order)
	}
	if want := []string{"joined ", "order 2", "order 1"}; !slices.Equal(ids, want) {
		t.Errorf("%q, want %q", ids, want)
	}
}
