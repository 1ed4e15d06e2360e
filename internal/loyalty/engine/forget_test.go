package engine

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
)

// A reminder about a level that is near is remembered while the member keeps the present level, and forgotten when the
// member has another one: the same subject does not occur again.
func TestSentReminderIsForgottenWithItsCycle(t *testing.T) {
	p := made(t, func(*loyalty.Program) {})
	acc := joined(t, p, noon)
	acc.Tier.Since = noon
	sent := func(cycle string) remind.Reminded {
		return remind.Reminded{SentReminders: []remind.SentReminder{{
			Reminder: "near", On: loyalty.NearTier, Subject: remind.Subject{ID: "silver/" + cycle, Cycle: cycle},
			At: noon,
		}}}
	}
	present := noon.Format(posting.CauseTimeLayout)
	earlier := noon.AddDate(0, -1, 0).Format(posting.CauseTimeLayout)
	if got := remind.Forget(RemindRules(p), acc, sent(present), noon).SentReminders; len(got) != 1 {
		t.Errorf("the reminder of the present cycle is forgotten: %+v", got)
	}
	if got := remind.Forget(RemindRules(p), acc, sent(earlier), noon).SentReminders; len(got) != 0 {
		t.Errorf("the reminder of an earlier cycle is remembered: %+v", got)
	}
}
