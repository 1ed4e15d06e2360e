package loyalty

import (
	"math/big"
	"time"
)

// Reminders is what members are told without having asked, and how seldom.
type Reminders struct {
	QuietFrom         int            // minutes of the member's day; nothing is sent from then on
	QuietUntil        int            // until then; below QuietFrom: over midnight. Both the same: at any time
	FrequencyCaps     []FrequencyCap // of marketing; transactional messages are neither counted nor bounded
	Holdout           *big.Rat       // the share of members whom marketing leaves alone, to see what it does; nil for none
	AttributionWindow Period         // an order or a redemption within it counts as an answer; zero: seven days
	Ignored           IgnoredRule    // what becomes of marketing that is not answered
	Messages          []Reminder
}

// The quiet hours where the program does not say: from eight in the evening to nine in the morning. Whoever makes
// Reminders puts them there, as zeros mean at any time.
const (
	DefaultQuietFrom  = 20 * 60
	DefaultQuietUntil = 9 * 60
)

// A SendCap bounds how often a member is written to in a day, week or month of the member's own calendar.
type FrequencyCap struct {
	Channel Channel // empty: all of them together
	Times   int64
	Per     CapPeriod
}

// An IgnoredRule makes unanswered marketing rarer and ends it. After one that was not answered the next waits for Wait,
// after two in a row for twice, then four times as long; after Stop in a row none follows until the member acts.
type IgnoredRule struct {
	Wait      Period // zero: they do not become rarer
	StopAfter int64  // zero: never
}

// A Reminder is one thing that members are told: about what, when, through which channels.
type Reminder struct {
	ID       string
	On       Trigger
	Leads    []Period  // how long before or after; each is a step, in the order in which they come
	Within   int64     // near: at most so much is missing, in points or what levels are measured by
	Channels []Channel // the first through which the member can be reached
	Purpose  Purpose

	MinPoints Points // only where it is about so many points, or the balance is so high
	Limits    []Limit
	Segments  []string
	Tiers     []string
	When      Condition // of the member; nil: none

	At    []time.Time // Scheduled: at these instants …
	Days  []Day       // … and on these days of every year
	Title Text        // Scheduled: what it says
	Body  Text
}

// least is how many points there must be for it to have something to say about a balance.
func (r *Reminder) least() Points { return max(1, r.MinPoints) }

// Trigger is what a reminder is about, in the words of the program file.
type Trigger string

const (
	BeforeExpiry  Trigger = "points.expire"      // points are about to expire
	AfterActive   Trigger = "points.active"      // pending points became active
	AfterIdle     Trigger = "balance.unredeemed" // there are points and none was redeemed for so long
	AfterAbsence  Trigger = "member.inactive"    // no order and no redemption for so long
	NearReward    Trigger = "next_reward"
	NearTier      Trigger = "next_tier"
	BeforeTier    Trigger = "tier.expire" // the level will be lost as things stand
	AfterClaim    Trigger = "reward.claimed"
	BeforeCode    Trigger = "code.expire"
	BeforeHold    Trigger = "hold.expire"
	OnBirthday    Trigger = "member.birthday"
	OnAnniversary Trigger = "member.anniversary"
	AfterJoining  Trigger = "member.joined"
	AfterOrder    Trigger = "order.completed"
	AfterReferral Trigger = "referral.stuck" // the member came by another's code, and has not ordered what counts
	Scheduled     Trigger = "schedule"
)

// Triggers lists every trigger.
func Triggers() []Trigger {
	return []Trigger{
		BeforeExpiry, AfterActive, AfterIdle, AfterAbsence, NearReward, NearTier, BeforeTier, AfterClaim, BeforeCode, BeforeHold,
		OnBirthday, OnAnniversary, AfterJoining, AfterOrder, AfterReferral, Scheduled,
	}
}

// MessageLanguages lists the languages in which messages are written; others are written to in English.
func MessageLanguages() []string { return []string{"en", "de", "es", "fr", "tr"} }

// Before reports whether the trigger looks ahead: its leads are how long before something happens.
func (t Trigger) Before() bool {
	return t == BeforeExpiry || t == BeforeTier || t == BeforeCode || t == BeforeHold
}

// Purpose is that of a reminder which does not say its own. That points expire is told because it takes something away.
func (t Trigger) Purpose() Purpose {
	switch t {
	case BeforeExpiry, AfterActive, BeforeCode, BeforeHold:
		return Transactional
	}
	return Marketing
}

// A Recipient is what must be known of a person before anything is sent, beside the account.
type Recipient struct {
	Consents Consents
	Reach    []Channel    // those for which there is an address that has not failed
	Codes    []UnusedCode // of Reminded.Codes, those that the member can still use: none that was sent to somebody else
	Begun    []string     // of these, the redemptions of gift cards of which a part was used
	Left     Budgets      // what there is of limited rewards, as far as that is known
}

// An UnusedCode is a code that its member has not used up.
type UnusedCode struct {
	Redemption  string
	Reward      string
	Code        string
	At          time.Time // when it was claimed
	From, Until time.Time
}

// A News is what one message would say: the facts as they are now, in numbers and days.
type News struct {
	Reminder string
	Step     int // which of the reminder's leads, from zero
	On       Trigger
	Purpose  Purpose
	Channel  Channel
	Due      time.Time // when it fell due
	Subjects []Subject // what it is about; never empty

	Points  Points    // about so many points
	Lots    []Lot     // BeforeLapse: which expire when
	Reward  string    // the id of the reward
	Level   string    // the id of the level
	Missing int64     // how much is missing: points, or what levels are measured by
	By      Measure   // by which measure, where a level is missed
	Besides []Gap     // what else is missing for the level
	Before  time.Time // BeforeTier: what is missing must be there before; zero: the level cannot be kept any more
	Day     Date      // the last day, as the program counts days
	Until   time.Time // until which instant, exclusive
	Code    string
	Order   string
	Ordered bool // AfterAbsence: there was an order, paid and not canceled
	Years   int

	At   time.Time      // as of when all of this is so
	Zone *time.Location // the member's: days are told as they are there
}

// A Subject is what a member is told about once: a day on which points expire, a code, an order.
type Subject struct {
	ID    string
	Due   time.Time // of the step: a later step is told too, an earlier one no more
	Cycle string    // the subject can come again as long as this is what it is now
	Until time.Time // instead of Cycle: by then it cannot come again
}

// Why is why something is not sent.
type Why string

const (
	NoConsent   Why = "consent"
	Unreachable Why = "unreachable" // there is a consent, and no address that works
	NotActive   Why = "inactive"
	Quiet       Why = "quiet_hours" // held until they end
	Capped      Why = "cap"
	Limited     Why = "limit" // the reminder's own
	Tired       Why = "ignored"
	HeldOut     Why = "holdout"
)

// A Kept is what is not sent, and why.
type Kept struct {
	News News
	Why  Why
}

// MaxAtOnce is how many messages one visit sends to a member at most.
const MaxAtOnce = 10

// A Plan is what is to become of a member now.
type Plan struct {
	Send []News    // each could be sent now; after the first the plan is to be made anew
	Held []News    // would be sent, but the member is one whom marketing leaves alone; likewise one at a time
	Kept []Kept    // is not sent now
	Next time.Time // when to plan again
}

// First is what is to be done of a plan before it is made anew: a notice that is sent, or held out. False if there is
// nothing. Transactional messages come first, so that they go alike whether marketing is held out or not.
func (plan Plan) First() (n News, held, ok bool) {
	switch {
	case len(plan.Send) > 0:
		return plan.Send[0], false, true
	case len(plan.Held) > 0:
		return plan.Held[0], true, true
	}
	return n, false, false
}

// answer is how long something counts as an answer.
func (r Reminders) answer() Period {
	if r.AttributionWindow.IsZero() {
		return Period{Days: 7}
	}
	return r.AttributionWindow
}
