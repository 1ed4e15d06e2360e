package loyalty

import (
	"math/big"
	"time"
)

// Reminders defines which notices members receive without a request, and how often.
type Reminders struct {
	QuietFrom int // start of the quiet hours, in minutes of the member's day
	// QuietUntil is the end of the quiet hours. Below QuietFrom it is on the next day. If both are equal, there are no
	// quiet hours.
	QuietUntil        int
	FrequencyCaps     []FrequencyCap // for marketing only; transactional messages are not counted or limited
	Holdout           *big.Rat       // the share of members who get no marketing, to measure its effect; nil: none
	AttributionWindow Period         // an order or redemption within this time is a response; zero: seven days
	Ignored           IgnoredRule    // applies to marketing without a response
	Messages          []Reminder
}

// These are the quiet hours if the program does not define any: from 20:00 to 09:00. Code that creates Reminders must
// set them, because zeros mean no quiet hours.
const (
	DefaultQuietFrom  = 20 * 60
	DefaultQuietUntil = 9 * 60
)

// A FrequencyCap limits how many messages a member gets in a day, week or month of the member's time zone.
type FrequencyCap struct {
	Channel Channel // empty: all channels together
	Times   int64
	Per     CapPeriod
}

// An IgnoredRule makes marketing without responses less frequent and then stops it. After one ignored message, the next
// one waits for Wait; after two in a row for twice as long, then four times as long. After StopAfter in a row, none
// follows until the member acts.
type IgnoredRule struct {
	Wait      Period // zero: the frequency does not change
	StopAfter int64  // zero: never
}

// A Reminder defines one kind of notice: its subject, when it is sent, and through which channels.
type Reminder struct {
	ID       string
	On       Trigger
	Leads    []Period  // the times before or after the event; each is a step, in chronological order
	Within   int64     // near triggers: the largest missing amount, in points or in the level's measure
	Channels []Channel // the first channel through which the member can be reached is used
	Purpose  Purpose

	MinPoints Points // the least number of points, in the balance or the notice's subject
	Limits    []Limit
	Segments  []string
	Tiers     []string
	When      Condition // about the member; nil: none

	At    []time.Time // Scheduled: at these instants and …
	Days  []Day       // … on these days of every year
	Title Text        // Scheduled: the text of the notice
	Body  Text
}

// least returns the smallest balance for which the reminder is sent.
func (r *Reminder) least() Points { return max(1, r.MinPoints) }

// Trigger is the event that a reminder is about, as named in the program file.
type Trigger string

const (
	BeforeExpiry  Trigger = "points.expire"      // points are about to expire
	AfterActive   Trigger = "points.active"      // pending points became active
	AfterIdle     Trigger = "balance.unredeemed" // the member has points and redeemed none for some time
	AfterAbsence  Trigger = "member.inactive"    // no order and no redemption for some time
	NearReward    Trigger = "next_reward"
	NearTier      Trigger = "next_tier"
	BeforeTier    Trigger = "tier.expire" // the member will lose the level if nothing changes
	AfterClaim    Trigger = "reward.claimed"
	BeforeCode    Trigger = "code.expire"
	BeforeHold    Trigger = "hold.expire"
	OnBirthday    Trigger = "member.birthday"
	OnAnniversary Trigger = "member.anniversary"
	AfterJoining  Trigger = "member.joined"
	AfterOrder    Trigger = "order.completed"
	AfterReferral Trigger = "referral.stuck" // the member joined with a referral code but has no converting order
	Scheduled     Trigger = "schedule"
)

// Triggers lists every trigger.
func Triggers() []Trigger {
	return []Trigger{
		BeforeExpiry, AfterActive, AfterIdle, AfterAbsence, NearReward, NearTier, BeforeTier,
		AfterClaim, BeforeCode, BeforeHold,
		OnBirthday, OnAnniversary, AfterJoining, AfterOrder, AfterReferral, Scheduled,
	}
}

// MessageLanguages returns the languages of messages. Members with other languages get English.
func MessageLanguages() []string { return []string{"en", "de", "es", "fr", "tr"} }

// Before reports whether the leads of the trigger are times before an event.
func (t Trigger) Before() bool {
	return t == BeforeExpiry || t == BeforeTier || t == BeforeCode || t == BeforeHold
}

// Purpose returns the purpose of a reminder that does not define one. Notices that points expire are transactional,
// because the member loses something.
func (t Trigger) Purpose() Purpose {
	switch t {
	case BeforeExpiry, AfterActive, BeforeCode, BeforeHold:
		return Transactional
	}
	return Marketing
}

// A Recipient is what must be known about a member before anything is sent, in addition to the account.
type Recipient struct {
	Consents Consents
	Reach    []Channel // the channels with an address that has not failed
	// Codes contains the codes of Reminded.Codes that the member can still use, except those sent to other persons.
	Codes []UnusedCode
	Begun []string // the redemptions of those gift cards that are partly used
	Left  Budgets  // the remaining stock of limited rewards, as far as it is known
}

// An UnusedCode is a code that its member has not used up.
type UnusedCode struct {
	Redemption  string
	Reward      string
	Code        string
	At          time.Time // when it was claimed
	From, Until time.Time
}

// A News is the content of one message: the facts as they are now, in numbers and days.
type News struct {
	Reminder string
	Step     int // the index of the lead in the reminder
	On       Trigger
	Purpose  Purpose
	Channel  Channel
	Due      time.Time // when the notice became due
	Subjects []Subject // the subjects of the notice; never empty

	Points  Points  // the number of points that the notice is about
	Lots    []Lot   // BeforeExpiry: the lots that expire
	Reward  string  // the reward's ID
	Level   string  // the level's ID
	Missing int64   // the missing amount, in points or in the measure By
	By      Measure // the measure of Missing, for a level
	Besides []Gap   // the other missing amounts for the level
	// Before is for BeforeTier: the deadline for the missing amounts. It is zero if the member can no longer keep the
	// level.
	Before  time.Time
	Day     Date      // the last day, in the program's time zone
	Until   time.Time // the end of the time, exclusive
	Code    string
	Order   string
	Ordered bool // AfterAbsence: the member has an order that was paid and not canceled
	Years   int

	At   time.Time      // the instant at which these facts were true
	Zone *time.Location // the member's time zone, in which days are stated
}

// A Subject is what a member is notified of once: a day on which points expire, a code, an order.
type Subject struct {
	ID string
	// Due is when the step is due. A later step is still sent after it, an earlier one is not.
	Due   time.Time
	Cycle string    // the subject can occur again until the cycle of its trigger differs from this value
	Until time.Time // used instead of Cycle: the subject cannot occur again after this instant
}

// Why is the reason why a notice is not sent.
type Why string

const (
	NoConsent   Why = "consent"
	Unreachable Why = "unreachable" // the member gave consent, but no address works
	NotActive   Why = "inactive"
	Quiet       Why = "quiet_hours" // suppressed until the quiet hours end
	Capped      Why = "cap"
	Limited     Why = "limit" // the reminder's limit
	Tired       Why = "ignored"
	HeldOut     Why = "holdout"
)

// A Kept is a suppressed notice and the reason.
type Kept struct {
	News News
	Why  Why
}

// MaxAtOnce is the maximum number of messages that one visit sends to a member.
const MaxAtOnce = 10

// A Plan states what to send to a member now.
type Plan struct {
	Send []News    // each could be sent now; after the first one, the plan must be made again
	Held []News    // would be sent, but the member is in the holdout; after the first one, the plan must be made again
	Kept []Kept    // suppressed for now
	Next time.Time // when to plan again
}

// First returns the notice to process before the plan is made again, and whether it is withheld by the holdout. It
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

// answer returns how long an action counts as a response.
func (r Reminders) answer() Period {
	if r.AttributionWindow.IsZero() {
		return Period{Days: 7}
	}
	return r.AttributionWindow
}
