package members

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// This test fails if a new field of Reminded is missing in the stored form.
func TestStoredFormHasEveryFieldOfReminded(t *testing.T) {
	var want remind.Reminded
	v := reflect.ValueOf(&want).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Name == "Rich" {
			want.Rich = map[string]time.Time{"idle": time.UnixMilli(1_700_000_000_001).UTC()}
			continue
		}
		(&loyaltytest.Filler{N: int64(100 * i)}).Fill(t, v.Type().Field(i).Name, v.Field(i))
	}
	d, err := ReadReminded(table.Item{Version: 1, Doc: stored.Encode(StoredReminded(want))})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, d.Reminded()); diff != "" {
		t.Errorf("the stored form lacks a field of Reminded:\n%s", diff)
	}
}

// A member who was notified of two lots and one reward fits into one write unit with the other data.
func TestRemindersOfTypicalMemberFitIntoOneWriteUnit(t *testing.T) {
	at := time.Date(2027, 3, 2, 8, 35, 0, 0, time.UTC)
	s := remind.Reminded{
		Seen: 40, Redeemed: at, Last: at, Sent: []remind.SentCount{{Day: 20270301, Channel: "email", N: 1}},
	}
	for _, lot := range []string{"2027-03-31", "2027-04-30"} {
		s.SentReminders = append(s.SentReminders, remind.SentReminder{
			Reminder: "points-30d", On: loyalty.BeforeExpiry, Subject: remind.Subject{ID: lot, Due: at, Until: at},
			At: at, Channel: "email",
			ID: "msg_0123456789abcdefghij", Heard: []string{"delivered"},
		})
	}
	s.Open = []remind.Open{{Reminder: "points-30d", Purpose: loyalty.Transactional, At: at}}
	if n := len(stored.Encode(StoredReminded(s))); n > 800 {
		t.Errorf("%d bytes", n)
	}
}

// The state of reminders contains each of the reminders for idle members.
func TestStoredRemindersForIdleMembers(t *testing.T) {
	s := remind.Reminded{Rich: map[string]time.Time{"a": noon, "b": noon.Add(time.Hour)}}
	got := StoredReminded(s).Reminded()
	if len(got.Rich) != 2 || !got.Rich["a"].Equal(noon) || !got.Rich["b"].Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v", got.Rich)
	}
}
