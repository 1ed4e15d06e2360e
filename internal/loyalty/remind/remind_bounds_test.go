package remind

import (
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

func shareOf(a, b int64) *big.Rat { return big.NewRat(a, b) }

// A member's place in the holdout is fixed. If it changed, members would move between the groups of a measurement. The
// member mem_ada of the program p is at 0.865322 of the range.
func TestPlaceInTheHoldoutIsFixed(t *testing.T) {
	for _, c := range []struct {
		share *big.Rat
		want  bool
	}{
		{nil, false},
		{shareOf(0, 1), false},
		{shareOf(1, 1), true},
		{shareOf(865321, 1_000_000), false},
		{shareOf(865322, 1_000_000), false},
		{shareOf(865323, 1_000_000), true},
	} {
		p := reminding()
		p.Reminders.Holdout = c.share
		if got := IsHeldOut(p.ID, p.Reminders.Holdout, "mem_ada"); got != c.want {
			t.Errorf("a holdout of %s: %t", c.share, got)
		}
	}
}

func TestNextEvaluationOfAMember(t *testing.T) {
	welcome := loyalty.Reminder{ID: "r", On: loyalty.AfterJoining, Channels: []loyalty.Channel{loyalty.Email}}
	near := loyalty.Reminder{ID: "n", On: loyalty.NearReward, Channels: []loyalty.Channel{loyalty.Email}}
	seconds := reminding(welcome)
	seconds.Reminders.AttributionWindow = calendar.Period{Hours: 10}
	granted := reachable()
	for _, c := range []struct {
		name string
		p    *loyalty.Program
		who  Recipient
		open string
		now  time.Time
		want time.Time
	}{
		{"nothing is due for a month", reminding(welcome), granted, "", tuesday, utc("2027-04-01T09:00")},
		{"a reminder without an event", reminding(near), granted, "", tuesday, utc("2027-03-03T09:00")},
		{
			"at the end of the quiet hours", reminding(near), granted, "", utc("2027-03-02T09:00"),
			utc("2027-03-03T09:00"),
		},
		{"no consent", reminding(near), Recipient{}, "", tuesday, tuesday.Add(30 * 24 * time.Hour)},
		{
			"a consent that was withdrawn", reminding(near),
			Recipient{Consents: Consents{{Channel: loyalty.Email, Purpose: loyalty.Marketing}}},
			"", tuesday,
			tuesday.Add(30 * 24 * time.Hour),
		},
		{
			"a message without a response", reminding(welcome), granted, "2027-03-01T10:00", tuesday,
			utc("2027-03-09T00:00"),
		},
		{
			"a message whose time ends in a second", seconds, granted, "2027-03-01T10:00", tuesday.Add(-time.Second),
			tuesday.Add(-time.Second).Add(time.Minute),
		},
	} {
		s := Reminded{}
		if c.open != "" {
			s.Open = []Open{{Reminder: "r", At: utc(c.open)}}
		}
		if plan := Remind(rulesOf(c.p), memberWith(), c.who, s, c.now); !plan.Next.Equal(c.want) {
			t.Errorf("%s: %s, want %s", c.name, plan.Next, c.want)
		}
	}
}

func TestNextDayOfAMember(t *testing.T) {
	p := reminding()
	p.Zone = time.FixedZone("", -8*60*60)
	from, until := Tomorrow(&p.Compiled, p.Zone, memberWith(), tuesday)
	if !from.Equal(utc("2027-03-03T08:00")) || !until.Equal(utc("2027-03-04T08:00")) {
		t.Errorf("from %s until %s", from, until)
	}
}

func TestPreviewOfAReminder(t *testing.T) {
	on := func(id string, channel loyalty.Channel) loyalty.Reminder {
		return loyalty.Reminder{
			ID: id, On: loyalty.AfterJoining,
			Purpose: loyalty.Marketing, Channels: []loyalty.Channel{
				channel, loyalty.Push,
			},
		}
	}
	limited := on("limited", loyalty.SMS)
	limited.Limits = []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}}
	p := reminding(on("first", loyalty.Email), limited)
	acc := memberWith()
	acc.Joined = tuesday.Add(-2 * time.Hour)
	pushOnly := reachable()
	pushOnly.Reach = []loyalty.Channel{loyalty.Push}
	now := tuesday
	s := Reminded{SentReminders: []SentReminder{
		{
			Reminder: "limited",
			On:       loyalty.AfterJoining,
			At:       tuesday.Add(-time.Minute),
			Subject:  Subject{ID: "joined", Due: now},
		},
	}}
	for _, c := range []struct {
		id      string
		who     Recipient
		ok      bool
		why     Why
		channel loyalty.Channel
	}{
		{"first", reachable(), true, "", loyalty.Email},
		{"first", Recipient{}, true, NoConsent, loyalty.Email},
		{"limited", reachable(), true, Limited, loyalty.SMS},
		{"limited", Recipient{}, true, NoConsent, loyalty.SMS},
		{"limited", pushOnly, true, Limited, loyalty.Push},
		{"unknown", reachable(), false, "", ""},
	} {
		n, why, ok := Preview(rulesOf(p), acc, c.who, s, c.id, utc("2027-03-03T10:00"))
		if ok != c.ok || why != c.why || n.Channel != c.channel || ok && n.Reminder != c.id {
			t.Errorf("%s: %+v, reason %q, %t", c.id, n, why, ok)
		}
	}
}

func TestRecordsThatNoLongerMatterAreForgotten(t *testing.T) {
	acc := memberWith()
	acc.LastActivity = utc("2027-02-01T10:00")
	p := reminding(
		loyalty.Reminder{ID: "r", On: loyalty.AfterAbsence},
		loyalty.Reminder{ID: "limited", Limits: []loyalty.Limit{
			{Times: 1, Per: loyalty.PerDay}, {Times: 2, Per: loyalty.PerWeek},
		}},
	)
	absent := cycle(acc, Reminded{}, loyalty.AfterAbsence, "r")
	for _, c := range []struct {
		name    string
		sent    SentReminder
		remains bool
	}{
		{"it may occur again", SentReminder{Reminder: "r", Subject: Subject{Until: tuesday.Add(1)}}, true},
		{"it ends now", SentReminder{Reminder: "r", Subject: Subject{Until: tuesday}}, true},
		{"it has ended", SentReminder{Reminder: "r", Subject: Subject{Until: tuesday.Add(-1)}}, false},
		{
			"the same absence",
			SentReminder{Reminder: "r", On: loyalty.AfterAbsence, Subject: Subject{Cycle: absent}},
			true,
		},
		{
			"an earlier absence",
			SentReminder{Reminder: "r", On: loyalty.AfterAbsence, Subject: Subject{Cycle: "x"}},
			false,
		},
		{
			"it has ended, but counts for a limit",
			SentReminder{Reminder: "limited", At: utc("2027-03-01T10:00"), Subject: Subject{Until: tuesday.Add(-1)}},
			true,
		},
		{
			"it has ended, and counts for no limit",
			SentReminder{Reminder: "limited", At: utc("2027-02-28T10:00"), Subject: Subject{Until: tuesday.Add(-1)}},
			false,
		},
		{
			"it has ended, and its reminder has no limit",
			SentReminder{Reminder: "r", At: utc("2027-03-01T10:00"), Subject: Subject{Until: tuesday.Add(-1)}},
			false,
		},
	} {
		s := Forget(rulesOf(p), acc, Reminded{SentReminders: []SentReminder{c.sent}}, tuesday)
		if remains := len(s.SentReminders) == 1; remains != c.remains {
			t.Errorf("%s: kept %t", c.name, remains)
		}
	}
	s := Reminded{Sent: []SentCount{{Day: 20270131, N: 1}, {Day: 20270201, N: 2}, {Day: 20270202, N: 3}}}
	for _, c := range []struct {
		now  string
		want int
	}{
		{"2027-03-05T00:00", 3}, // 32 days after the end of 31 January
		{"2027-03-05T00:01", 2},
		{"2027-03-06T00:01", 1},
	} {
		if got := Forget(rulesOf(p), acc, s, utc(c.now)).Sent; len(got) != c.want {
			t.Errorf("at %s: %+v", c.now, got)
		}
	}
}

func TestConsents(t *testing.T) {
	at := func(hours int, granted bool) Consent {
		return Consent{
			Channel: loyalty.SMS, Purpose: loyalty.Marketing, Granted: granted,
			At: tuesday.Add(time.Duration(hours) * time.Hour),
		}
	}
	for _, c := range []struct {
		name string
		next Consent
		want bool
	}{
		{"an older withdrawal", at(-1, false), true},
		{"a withdrawal at the same instant", at(0, false), false},
		{"a newer withdrawal", at(1, false), false},
	} {
		cs := Consents{}.With(at(0, true)).With(c.next)
		if got := cs.Allow(loyalty.SMS, loyalty.Marketing); got != c.want || len(cs) != 1 {
			t.Errorf("%s: allowed %t, %+v", c.name, got, cs)
		}
	}
	email := Consent{Channel: loyalty.Email, Purpose: loyalty.Transactional, Granted: true}
	cs := Consents{}.With(at(0, true)).With(email)
	if len(cs) != 2 || cs[0] != email {
		t.Errorf("not in order: %+v", cs)
	}
	if cs.Allow(loyalty.Email, loyalty.Marketing) || cs.Allow(loyalty.SMS, loyalty.Transactional) ||
		cs.Allow(loyalty.Push, loyalty.Marketing) {
		t.Error("a consent that was not given")
	}
	other := email
	other.Purpose = loyalty.Marketing
	if cs := (Consents{}).With(email).With(other); cs[0] != other {
		t.Errorf("not in order of purposes: %+v", cs)
	}
}

func TestLiftNeedsTwoGroups(t *testing.T) {
	for _, c := range []struct {
		sent, held int64
		want       bool
	}{{1, 1, true}, {0, 1, false}, {1, 0, false}, {0, 0, false}, {-1, 1, false}, {1, -1, false}} {
		if _, ok := LiftOf(0, c.sent, 0, c.held); ok != c.want {
			t.Errorf("%d sent, %d withheld: %t", c.sent, c.held, ok)
		}
	}
}

// A message that all channels' caps suppress is tried again in the morning after the first cap allows it.
func TestMessageIsSuppressedUntilTheFirstCapAllowsIt(t *testing.T) {
	p := reminding(
		loyalty.Reminder{
			ID: "near", On: loyalty.NearReward, Within: 50, Channels: []loyalty.Channel{loyalty.Email, loyalty.SMS},
			Purpose: loyalty.Marketing,
		},
	)
	p.Rewards = []loyalty.Reward{
		{ID: "it", Type: "free_product", Cost: 100}, {ID: "other", Type: "free_product", Cost: 100},
	}
	p.Reminders.FrequencyCaps = []loyalty.FrequencyCap{
		{Channel: loyalty.Email, Times: 1, Per: loyalty.PerMonth},
		{Channel: loyalty.SMS, Times: 1, Per: loyalty.PerWeek},
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	p.Zone = zone
	acc, now := memberWith(loyalty.Lot{Expires: 0, Points: 80}), utc("2027-03-02T10:00") // a Tuesday
	sent := func(channels ...loyalty.Channel) (s Reminded) {
		for _, c := range channels {
			s.Sent = append(s.Sent, SentCount{Day: 20270301, Channel: c, N: 1})
		}
		return s
	}
	for _, c := range []struct {
		sent Reminded
		want loyalty.Channel
	}{{sent(), loyalty.Email}, {sent(loyalty.Email), loyalty.SMS}, {sent(loyalty.SMS), loyalty.Email}} {
		plan := Remind(rulesOf(p), acc, reachable(), c.sent, now)
		if len(plan.Send) != 1 || plan.Send[0].Channel != c.want || plan.Send[0].Reward != "it" ||
			plan.Send[0].Missing != 20 {
			t.Errorf("%+v, want one by %s", plan.Send, c.want)
		}
	}
	v := newVisit(rulesOf(p), acc, reachable(), sent(loyalty.Email, loyalty.SMS), now)
	v.r = &p.Reminders.Messages[0]
	v.look()
	if why, again := v.stopped(&v.offers[0]); why != Capped || !again.Equal(utc("2027-03-08T08:00")) {
		t.Errorf("%s until %s", why, again)
	}
}
