package remind

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// These are the quiet hours if the program does not define any: from 20:00 to 09:00. Code that creates Reminders must
// set them, because zeros mean no quiet hours.
const (
	DefaultQuietFrom  = 20 * 60
	DefaultQuietUntil = 9 * 60
)

// Triggers lists every trigger.
func Triggers() []loyalty.Trigger {
	return []loyalty.Trigger{
		loyalty.BeforeExpiry, loyalty.AfterActive, loyalty.AfterIdle, loyalty.AfterAbsence, loyalty.NearReward,
		loyalty.NearTier, loyalty.BeforeTier,
		loyalty.AfterClaim, loyalty.BeforeCode, loyalty.BeforeHold,
		loyalty.OnBirthday, loyalty.OnAnniversary, loyalty.AfterJoining, loyalty.AfterOrder, loyalty.AfterReferral,
		loyalty.Scheduled,
	}
}

// MessageLanguages returns the languages of messages. Members with other languages get English.
func MessageLanguages() []string { return []string{"en", "de", "es", "fr", "tr"} }

// IsBefore reports whether the leads of the trigger are times before an event.
func IsBefore(t loyalty.Trigger) bool {
	return t == loyalty.BeforeExpiry || t == loyalty.BeforeTier || t == loyalty.BeforeCode || t == loyalty.BeforeHold
}

// A Recipient contains the data about a member that Remind needs in addition to the account.
type Recipient struct {
	Consents Consents
	Reach    []loyalty.Channel // the channels with an address that has not failed
	// Codes contains the codes of Reminded.Codes that the member can still use, except those sent to other persons.
	Codes []UnusedCode
	Begun []string     // the redemptions whose gift cards are partly used
	Left  earn.Budgets // the remaining stock of limited rewards that is known
}

// An UnusedCode is a code that its member has not used up.
type UnusedCode struct {
	Redemption  string
	Reward      string
	Code        string
	At          time.Time // when the code was claimed
	From, Until time.Time
}

// A News is the content of one message: the facts as they are now, in numbers and days.
type News struct {
	Reminder string
	Step     int // the index of the lead in the reminder
	On       loyalty.Trigger
	Purpose  loyalty.Purpose
	Channel  loyalty.Channel
	Due      time.Time // when the message became due
	Subjects []Subject // the subjects of the message; never empty

	Points  loyalty.Points  // the number of points that the message is about
	Lots    []loyalty.Lot   // for BeforeExpiry: the lots that expire
	Reward  string          // the reward's ID
	Level   string          // the level's ID
	Missing int64           // the missing amount, in points or in the measure By
	By      loyalty.Measure // the measure of Missing, for a level
	Others  []tier.Gap      // the other missing amounts for the level
	// Before is the deadline for the missing amounts, for BeforeTier. It is zero if the member can no longer keep the
	// level.
	Before  time.Time
	Day     calendar.Date // the last day, in the program's time zone
	Until   time.Time     // the instant at which the time ends, exclusive
	Code    string
	Order   string
	Ordered bool // for AfterAbsence: the member has an order that was paid and not canceled
	Years   int

	At   time.Time      // the instant at which these facts were true
	Zone *time.Location // the member's time zone, in which days are stated
}

// A Subject is an object that a message is about, such as a day on which points expire, a code or an order. A member
// gets only one message about it, or one per step.
type Subject struct {
	ID string
	// Due is when the step is due. After this step was sent, a later step can still be sent, but no earlier one.
	Due   time.Time
	Cycle string    // the key of the occasion (see cycle); if the key differs, the subject cannot occur again
	Until time.Time // instead of Cycle: the subject cannot occur again after this instant
}

// Why is the reason why a message is not sent.
type Why string

const (
	NoConsent   Why = "consent"
	Unreachable Why = "unreachable" // the member gave consent, but no address works
	NotActive   Why = "inactive"
	Quiet       Why = "quiet_hours" // the message is suppressed until the quiet hours end
	Capped      Why = "cap"
	Limited     Why = "limit" // the reminder has reached its limit
	Tired       Why = "ignored"
	HeldOut     Why = "holdout"
)

// Suppressed is a message that is not sent for now, and the reason.
type Suppressed struct {
	News News
	Why  Why
}

// MaxAtOnce is the maximum number of messages that are sent to a member at once.
const MaxAtOnce = 10

// A Plan lists the messages to send to a member now, and those that are not sent.
type Plan struct {
	Send []News       // messages that could be sent now; after the first one, the plan must be made again
	Held []News       // messages withheld by the holdout; after the first one, the plan must be made again
	Kept []Suppressed // messages that are suppressed for now
	Next time.Time    // when to evaluate the member again
}

// First returns the message to process before the plan is made again, and whether it is withheld by the holdout. It
// returns false if there is none. Transactional messages come first, so that the holdout does not affect when they are
// sent.
func (plan Plan) First() (n News, held, ok bool) {
	switch {
	case len(plan.Send) > 0:
		return plan.Send[0], false, true
	case len(plan.Held) > 0:
		return plan.Held[0], true, true
	}
	return n, false, false
}

// answer returns the time after a message in which an action counts as a response to it.
func answer(r loyalty.Reminders) calendar.Period {
	if r.AttributionWindow.IsZero() {
		return calendar.Period{Days: 7}
	}
	return r.AttributionWindow
}
