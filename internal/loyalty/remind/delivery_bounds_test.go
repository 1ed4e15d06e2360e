package remind

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

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
	day := loyalty.Date(20270331)
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
