package remind

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A response counts after the message, and before the end of the seventh day after the day on which it was sent.
func TestTimeForAResponse(t *testing.T) {
	sent := utc("2027-03-01T10:00")
	ends := utc("2027-03-09T00:00")
	for _, c := range []struct {
		at           time.Time
		acted, ended bool
	}{
		{sent, false, false}, {sent.Add(1), true, true}, {ends.Add(-1), true, true}, {ends, false, true},
	} {
		s := Reminded{Open: []Open{{Reminder: "r", Purpose: loyalty.Marketing, At: sent}}}
		s.answered(&reminding().Compiled, &reminding().Reminders, reminding().Zone, memberWith(), c.at)
		if s.Open[0].Acted != c.acted {
			t.Errorf("a response at %s: %t", c.at, s.Open[0].Acted)
		}
		if _, ended := s.Settle(
			&reminding().Compiled, &reminding().Reminders, reminding().Zone, memberWith(), c.at,
		); (len(ended) == 1) != c.ended {
			t.Errorf("at %s: ended %+v", c.at, ended)
		}
	}
}

func TestMessagesWithoutAResponseAreIgnored(t *testing.T) {
	sent := utc("2027-03-01T10:00")
	for _, c := range []struct {
		name    string
		open    Open
		ignored int64
	}{
		{"marketing", Open{Reminder: "r", Purpose: loyalty.Marketing, At: sent}, 3},
		{"marketing in the holdout", Open{Reminder: "r", Purpose: loyalty.Marketing, At: sent, Held: true}, 3},
		{"transactional", Open{Reminder: "r", Purpose: loyalty.Transactional, At: sent}, 2},
		{"with a response", Open{Reminder: "r", Purpose: loyalty.Marketing, At: sent, Acted: true}, 2},
	} {
		s, ended := Reminded{Ignored: 2, Open: []Open{c.open}}.Settle(
			&reminding().Compiled, &reminding().Reminders, reminding().Zone, memberWith(), utc("2027-03-09T00:00"),
		)
		if s.Ignored != c.ignored || len(s.Open) != 0 ||
			!slices.Equal(ended, []Settled{{"r", c.open.Held, c.open.Acted}}) {
			t.Errorf("%s: %d ignored, %+v", c.name, s.Ignored, ended)
		}
	}
}

func TestRecordOfAMessage(t *testing.T) {
	n := News{
		Reminder: "r", Step: 2, On: loyalty.BeforeCode, Purpose: loyalty.Marketing, Channel: loyalty.SMS,
		Subjects: []Subject{{ID: "a"}, {ID: "b"}},
	}
	want := Reminded{
		SentReminders: []SentReminder{
			{
				Reminder: "r",
				Step:     2,
				On:       loyalty.BeforeCode,
				Subject:  Subject{ID: "a"},
				At:       tuesday,
				Channel:  loyalty.SMS,
				ID:       "msg",
			},
			{
				Reminder: "r",
				Step:     2,
				On:       loyalty.BeforeCode,
				Subject:  Subject{ID: "b"},
				At:       tuesday,
				Channel:  loyalty.SMS,
				ID:       "msg",
			},
		},
		Sent: []SentCount{{20270302, loyalty.SMS, 1}},
		Open: []Open{{Reminder: "r", Purpose: loyalty.Marketing, At: tuesday}},
		Last: tuesday,
	}
	p, acc := reminding(), memberWith()
	s := Reminded{}.RecordSent(&p.Compiled, p.Zone, acc, n, "msg", tuesday)
	if !reflect.DeepEqual(s, want) {
		t.Errorf("%+v, want %+v", s, want)
	}
	held := s.HoldOut(&p.Compiled, p.Zone, acc, n, tuesday.Add(1))
	s.SentReminders = append(make([]SentReminder, 0, 8), s.SentReminders...)
	first := s.RecordSent(&p.Compiled, p.Zone, acc, n, "first", tuesday)
	if s.RecordSent(&p.Compiled, p.Zone, acc, n, "second", tuesday); first.SentReminders[2].ID != "first" {
		t.Errorf("two states share their messages: %+v", first.SentReminders)
	}
	for i, r := range held.SentReminders {
		if (r.Channel == "") != (i >= 2) {
			t.Errorf("message %d: channel %q", i, r.Channel)
		}
	}
	if len(held.SentReminders) != 4 || held.Open[0].Held || !held.Open[1].Held || held.Sent[0].N != 2 {
		t.Errorf("withheld: %+v", held)
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("the state before changed: %+v", s)
	}
	n.Purpose = loyalty.Transactional
	if s := (Reminded{}).RecordSent(&p.Compiled, p.Zone, acc, n, "msg", tuesday); len(s.Sent) != 0 ||
		!s.Last.IsZero() ||
		len(s.Open) != 1 {
		t.Errorf("transactional: %+v", s)
	}
}

func TestMessagesAreCountedByDayAndChannel(t *testing.T) {
	sent := []SentCount{{20270302, loyalty.SMS, 1}, {20270301, loyalty.Email, 1}}
	for _, c := range []struct {
		day     calendar.Date
		channel loyalty.Channel
		want    []SentCount
	}{
		{20270302, loyalty.SMS, []SentCount{{20270302, loyalty.SMS, 2}, {20270301, loyalty.Email, 1}}},
		{20270301, loyalty.Email, []SentCount{{20270302, loyalty.SMS, 1}, {20270301, loyalty.Email, 2}}},
		{20270302, loyalty.Email, append(slices.Clone(sent), SentCount{20270302, loyalty.Email, 1})},
		{20270301, loyalty.SMS, append(slices.Clone(sent), SentCount{20270301, loyalty.SMS, 1})},
	} {
		if got := counted(sent, c.day, c.channel); !slices.Equal(got, c.want) {
			t.Errorf("%s, %s: %+v", c.day, c.channel, got)
		}
	}
	if sent[0].N != 1 {
		t.Error("the counts before changed")
	}
}

func TestDeliveryReportOfAMessage(t *testing.T) {
	before := Reminded{
		SentReminders: []SentReminder{
			{Reminder: "r", ID: "one", At: tuesday, Heard: []string{"sent"}},
			{Reminder: "q", ID: "two", At: tuesday},
		},
		Open: []Open{
			{Reminder: "r", At: tuesday}, {Reminder: "r", At: tuesday.Add(1)}, {Reminder: "q", At: tuesday},
		},
	}
	for _, c := range []struct {
		name              string
		id, what          string
		cameBack, passing bool
		reminder          string
		open              int
		failed, temporary bool
	}{
		{"delivered", "one", "delivered", false, true, "r", 3, false, false},
		{"bounced", "one", "bounced", true, false, "r", 2, true, false},
		{"a full mailbox", "one", "failed", true, true, "r", 2, true, true},
		{"a repetition", "one", "sent", true, true, "", 3, false, false},
		{"an unknown message", "three", "bounced", true, false, "", 3, false, false},
	} {
		s, reminder, news := before.Hear(c.id, c.what, c.cameBack, c.passing)
		if last := s.Open[len(s.Open)-1]; last.Reminder != "q" {
			t.Errorf("%s: %+v", c.name, s.Open)
		}
		if reminder != c.reminder || news != (c.reminder != "") || len(s.Open) != c.open {
			t.Errorf("%s: %q, %t, %+v", c.name, reminder, news, s.Open)
		}
		if got := s.SentReminders[0]; got.Failed != c.failed || got.Passing != c.temporary {
			t.Errorf("%s: %+v", c.name, got)
		}
		if got := s.SentReminders[1]; got.Failed || len(got.Heard) > 0 {
			t.Errorf("%s: the other message changed: %+v", c.name, got)
		}
		if _, _, again := s.Hear(c.id, c.what, c.cameBack, c.passing); again {
			t.Errorf("%s: the repetition is new", c.name)
		}
	}
	if len(before.SentReminders[0].Heard) != 1 || len(before.Open) != 3 || before.Open[1].At != tuesday.Add(1) {
		t.Errorf("the state before changed: %+v", before)
	}
}

func TestFirstNoticeThatWasDelivered(t *testing.T) {
	day := calendar.Date(20270331)
	notice := func(at time.Time) SentReminder {
		return SentReminder{
			On: loyalty.BeforeExpiry, Subject: Subject{ID: day.String()}, At: at, Channel: loyalty.Email,
		}
	}
	first := notice(tuesday)
	for _, c := range []struct {
		name string
		edit func(*SentReminder)
		want time.Time
	}{
		{"an earlier one", func(*SentReminder) {}, tuesday.Add(-1)},
		{"an earlier one that bounced", func(s *SentReminder) { s.Failed = true }, tuesday},
		{"an earlier one in the holdout", func(s *SentReminder) { s.Channel = "" }, tuesday},
		{"an earlier one about another lot", func(s *SentReminder) { s.Subject.ID = "x" }, tuesday},
		{"an earlier one about another event", func(s *SentReminder) { s.On = loyalty.BeforeCode }, tuesday},
	} {
		earlier := notice(tuesday.Add(-1))
		c.edit(&earlier)
		for _, all := range [][]SentReminder{{first, earlier}, {earlier, first}} {
			if got := (Reminded{SentReminders: all}).Noticed(day); !got.Equal(c.want) {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
	}
	if got := (Reminded{}).Noticed(day); !got.IsZero() {
		t.Errorf("no notice: %s", got)
	}
}

func TestMessageIsNotRepeatedAtItsStep(t *testing.T) {
	subject := Subject{ID: "a", Due: tuesday}
	for _, c := range []struct {
		name string
		sent SentReminder
		want bool
	}{
		{"the same step", SentReminder{On: loyalty.BeforeCode, Subject: subject}, true},
		{"a later step", SentReminder{On: loyalty.BeforeCode, Subject: Subject{ID: "a", Due: tuesday.Add(1)}}, true},
		{
			"an earlier step",
			SentReminder{On: loyalty.BeforeCode, Subject: Subject{ID: "a", Due: tuesday.Add(-1)}},
			false,
		},
		{"another subject", SentReminder{On: loyalty.BeforeCode, Subject: Subject{ID: "b", Due: tuesday}}, false},
		{"another event", SentReminder{On: loyalty.BeforeHold, Subject: subject}, false},
		{"it bounced", SentReminder{On: loyalty.BeforeCode, Subject: subject, Failed: true}, false},
		{
			"it bounced for a temporary reason",
			SentReminder{On: loyalty.BeforeCode, Subject: subject, Failed: true, Passing: true},
			true,
		},
	} {
		if got := (Reminded{
			SentReminders: []SentReminder{c.sent},
		}).hasSent(loyalty.BeforeCode, subject); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}
