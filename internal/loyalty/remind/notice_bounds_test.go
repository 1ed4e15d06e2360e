package remind

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func TestNoticeOfAMember(t *testing.T) {
	for _, c := range []struct {
		name    string
		what    loyalty.NoticeOf
		subject string
		ok      bool
	}{
		{"points", loyalty.OfExpiry, "2027-03-31", true},
		{"a level", loyalty.OfFall, "gold:20270401T000000Z", true},
		{"another kind", "other", "2027-03-31", false},
		{"no subject", loyalty.OfExpiry, "", false},
		{"a separator", loyalty.OfFall, "gold#1", false},
	} {
		out, err := Notify(posting.Decide(reminding(), memberWith(), tuesday), c.what, c.subject)
		if !c.ok {
			loyaltytest.WantRefusal(t, c.name, err, loyalty.ValidationFailed, "")
			continue
		}
		if n, ok := posting.IsNoticed(out.Account, c.what, c.subject); err != nil || !ok || !n.At.Equal(tuesday) ||
			len(out.Entries) != 1 {
			t.Errorf("%s: %+v, %v", c.name, out.Entries, err)
		}
	}
}

func TestRepeatedNoticeCountsOnce(t *testing.T) {
	first := loyalty.Notice{What: loyalty.OfExpiry, Subject: "2027-03-31", At: tuesday.Add(-time.Hour)}
	withdrawn := first
	withdrawn.Withdrawn = true
	for _, c := range []struct {
		name  string
		was   []loyalty.Notice
		cause string
		at    time.Time
	}{
		{"the first", nil, "mem_ada:expiry:2027-03-31", tuesday},
		{"a repetition", []loyalty.Notice{first}, "", first.At},
		{"after a withdrawal", []loyalty.Notice{withdrawn}, "mem_ada:expiry:2027-03-31:20270302T090000Z", tuesday},
	} {
		acc := memberWith()
		acc.Notices = c.was
		out, err := Notify(posting.Decide(reminding(), acc, tuesday), loyalty.OfExpiry, "2027-03-31")
		n, ok := posting.IsNoticed(out.Account, loyalty.OfExpiry, "2027-03-31")
		cause := ""
		for _, e := range out.Entries {
			cause += e.Cause.ID
		}
		if err != nil || !ok || n.Withdrawn || !n.At.Equal(c.at) || cause != c.cause {
			t.Errorf("%s: %+v, cause %q, %v", c.name, n, cause, err)
		}
	}
}

// A message that bounced withdraws its notice, unless an earlier or later message about the subject was delivered.
func TestNoticeOfAMessageThatBounced(t *testing.T) {
	const subject = "2027-03-31"
	early, late := tuesday.Add(-2*time.Hour), tuesday.Add(-time.Hour)
	sent := func(id string, at time.Time, failed bool) SentReminder {
		return SentReminder{
			ID: id, On: loyalty.BeforeExpiry, Subject: Subject{ID: subject}, At: at, Channel: loyalty.Email,
			Failed: failed,
		}
	}
	notice := func(at time.Time, withdrawn bool) []loyalty.Notice {
		return []loyalty.Notice{{What: loyalty.OfExpiry, Subject: subject, At: at, Withdrawn: withdrawn}}
	}
	for _, c := range []struct {
		name      string
		was       []loyalty.Notice
		sent      []SentReminder
		changes   bool
		at        time.Time
		withdrawn bool
	}{
		{"the only message", notice(early, false), []SentReminder{sent("msg", early, true)}, true, early, true},
		{"it was delivered", notice(early, false), []SentReminder{sent("msg", early, false)}, false, early, false},
		{
			"it was delivered after a notice elsewhere", notice(early, false),
			[]SentReminder{sent("msg", late, false)},
			false,
			early, false,
		},
		{"another message", notice(early, false), []SentReminder{sent("other", early, true)}, false, early, false},
		{"no notice", nil, []SentReminder{sent("msg", early, true)}, false, time.Time{}, false},
		{"withdrawn before", notice(early, true), []SentReminder{sent("msg", early, true)}, false, early, true},
		{
			"a later one was delivered", notice(early, false),
			[]SentReminder{sent("msg", early, true), sent("other", late, false)},
			true, late, false,
		},
		{
			"one at the same instant was delivered", notice(early, false),
			[]SentReminder{sent("msg", early, true), sent("other", early, false)},
			false, early, false,
		},
		{
			"an earlier one was delivered", notice(early, false),
			[]SentReminder{sent("other", early, false), sent("msg", late, true)},
			false, early, false,
		},
	} {
		acc := memberWith()
		acc.Notices = c.was
		out, err := Unnotify(posting.Decide(reminding(), acc, tuesday), Reminded{SentReminders: c.sent}, "msg")
		n, _ := posting.IsNoticed(out.Account, loyalty.OfExpiry, subject)
		if err != nil || (len(out.Entries) == 1) != c.changes || !n.At.Equal(c.at) || n.Withdrawn != c.withdrawn {
			t.Errorf("%s: %+v, %+v, %v", c.name, n, out.Entries, err)
		}
	}
}

// A message about a level counts as a notice only while the level ends at the instant that the message stated.
func TestNoticeThatAMessageGave(t *testing.T) {
	p := reminding()
	p.Tiers.Levels = []loyalty.Level{{ID: "bronze"}, {ID: "gold", From: 1}}
	p.Tiers.MoveDown = loyalty.ToQualified
	acc := memberWith()
	acc.Tier = loyalty.Standing{Level: "gold", Until: utc("2027-04-01T00:00")}
	for _, c := range []struct {
		name    string
		on      loyalty.Trigger
		subject string
		what    loyalty.NoticeOf
		want    string
	}{
		{"points", loyalty.BeforeExpiry, "2027-03-31", loyalty.OfExpiry, "2027-03-31"},
		{
			"the level", loyalty.BeforeTier, TierSubject("gold", acc.Tier.Until), loyalty.OfFall,
			posting.TierNotice(acc.Tier),
		},
		{"an earlier end", loyalty.BeforeTier, TierSubject("gold", acc.Tier.Until.Add(-1)), "", ""},
		{"another level", loyalty.BeforeTier, TierSubject("silver", acc.Tier.Until), "", ""},
		{"a code", loyalty.BeforeCode, "red_1", "", ""},
	} {
		what, subject := noticeOf(&p.Tiers, p.Zone, acc, SentReminder{On: c.on, Subject: Subject{ID: c.subject}})
		if what != c.what || subject != c.want {
			t.Errorf("%s: %q, %q", c.name, what, subject)
		}
	}
}

func TestLongestTimeBetweenEvaluations(t *testing.T) {
	const day = 24 * time.Hour
	expiring := func(months, days int) *loyalty.Program {
		p := reminding()
		p.Earn.Expires.After = calendar.Period{Months: months, Days: days}
		return p
	}
	campaign := expiring(12, 0)
	campaign.Campaigns = []loyalty.Rule{
		{Life: loyalty.Life{Expires: &calendar.Expiry{After: calendar.Period{Days: 34}}}},
	}
	level := expiring(12, 0)
	level.Tiers.Levels = []loyalty.Level{{}, {Expires: &calendar.Expiry{After: calendar.Period{Days: 34}}}}
	action := expiring(12, 0)
	action.Earn.Actions = []loyalty.Action{
		{Life: loyalty.Life{Expires: &calendar.Expiry{After: calendar.Period{Days: 34}}}},
	}
	for _, c := range []struct {
		name  string
		p     *loyalty.Program
		on    loyalty.Trigger
		leads []calendar.Period
		want  time.Duration
	}{
		{"points that never expire", reminding(), loyalty.BeforeExpiry, []calendar.Period{{Days: 30}}, 7 * day},
		{"a long life", expiring(12, 0), loyalty.BeforeExpiry, []calendar.Period{{Days: 30}, {Days: 1}}, 7 * day},
		{"a life of 38 days", expiring(1, 10), loyalty.BeforeExpiry, []calendar.Period{{Days: 30}, {Days: 1}}, 7 * day},
		{"a life of 37 days", expiring(0, 37), loyalty.BeforeExpiry, []calendar.Period{{Days: 1}, {Days: 30}}, 6 * day},
		{"a life as long as the lead", expiring(0, 31), loyalty.BeforeExpiry, []calendar.Period{{Days: 30}}, day},
		{"a life shorter than the lead", expiring(0, 5), loyalty.BeforeExpiry, []calendar.Period{{Days: 30}}, day},
		{"a lead of a month", expiring(0, 37), loyalty.BeforeExpiry, []calendar.Period{{Months: 1}}, 5 * day},
		{"a campaign's life", campaign, loyalty.BeforeExpiry, []calendar.Period{{Days: 30}}, 3 * day},
		{"a level's life", level, loyalty.BeforeExpiry, []calendar.Period{{Days: 30}}, 3 * day},
		{"an action's life", action, loyalty.BeforeExpiry, []calendar.Period{{Days: 30}}, 3 * day},
		{"the next reward", reminding(), loyalty.NearReward, nil, day},
		{"three days after an order", reminding(), loyalty.AfterOrder, []calendar.Period{{Days: 3}}, 3 * day},
		{"a month after an order", reminding(), loyalty.AfterOrder, []calendar.Period{{Months: 1, Days: 1}}, 7 * day},
		{"after a claim", reminding(), loyalty.AfterClaim, nil, 0},
		{"a birthday", reminding(), loyalty.OnBirthday, nil, 30 * day},
	} {
		r := loyalty.Reminder{On: c.on, Leads: c.leads}
		if got := max(day, reminderRest(&r, &c.p.Earning, &c.p.Tiers)); got != max(day, c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		both := loyalty.Reminders{Messages: []loyalty.Reminder{{On: loyalty.OnBirthday}, r}}
		if got := rest(both, &c.p.Earning, &c.p.Tiers); got != max(day, c.want) {
			t.Errorf("%s and a birthday: %s, want %s", c.name, got, c.want)
		}
	}
	if Expiries(&reminding().Earning, &reminding().Tiers) ||
		!Expiries(&expiring(0, 1).Earning, &expiring(0, 1).Tiers) || !Expiries(&campaign.Earning, &campaign.Tiers) {
		t.Error("the program's points expire or do not")
	}
}

func TestFirstMessageOfAPlan(t *testing.T) {
	send, withhold := []News{{Reminder: "send"}}, []News{{Reminder: "hold"}}
	for _, c := range []struct {
		plan     Plan
		want     string
		held, ok bool
	}{
		{Plan{}, "", false, false},
		{Plan{Send: send}, "send", false, true},
		{Plan{Held: withhold}, "hold", true, true},
		{Plan{Send: send, Held: withhold}, "send", false, true},
	} {
		if n, held, ok := c.plan.First(); n.Reminder != c.want || held != c.held || ok != c.ok {
			t.Errorf("%+v: %q, %t, %t", c.plan, n.Reminder, held, ok)
		}
	}
	if got := answer(loyalty.Reminders{}); got != (calendar.Period{Days: 7}) {
		t.Errorf("%+v", got)
	}
	if got := answer(
		loyalty.Reminders{AttributionWindow: calendar.Period{Days: 2}},
	); got != (calendar.Period{Days: 2}) {
		t.Errorf("%+v", got)
	}
}
