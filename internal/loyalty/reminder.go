package loyalty

import (
	"math/big"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// Reminders defines which messages members receive without a request, and how often.
type Reminders struct {
	QuietFrom int // the start of the quiet hours, in minutes of the member's day
	// QuietUntil is the end of the quiet hours. Below QuietFrom it is on the next day. If both are equal, there are no
	// quiet hours.
	QuietUntil    int
	FrequencyCaps []FrequencyCap // for marketing only; transactional messages are not counted or limited
	// The share of members who get no marketing, to measure its effect; nil means none.
	Holdout           *big.Rat
	AttributionWindow calendar.Period // an order or redemption within this time is a response; zero means seven days
	Ignored           IgnoredRule     // reduces marketing that gets no response
	Messages          []Reminder
}

// A FrequencyCap limits how many messages a member gets in a day, week or month of the member's time zone.
type FrequencyCap struct {
	Channel Channel // the channel; empty means all channels together
	Times   int64
	Per     CapPeriod
}

// An IgnoredRule makes marketing without responses less frequent and then stops it. After one ignored message, the next
// one is delayed by Wait. After two in a row, the delay is twice as long, then four times as long. After StopAfter in a
// row, no message follows until the member acts.
type IgnoredRule struct {
	Wait      calendar.Period // the first delay; zero means that the frequency does not change
	StopAfter int64           // the number of ignored messages that stop marketing; zero means never
}

// A Reminder defines one kind of message: its subject, when it is sent, and through which channels.
type Reminder struct {
	ID       string
	On       Trigger
	Leads    []calendar.Period // the times before or after the event; each is a step, in chronological order
	Within   int64             // for near triggers: the largest missing amount, in points or in the level's measure
	Channels []Channel         // the first channel through which the member can be reached is used
	Purpose  Purpose

	MinPoints Points // the smallest balance, or number of points that the message is about, for which it is sent
	Limits    []Limit
	Segments  []string
	Tiers     []string
	When      Condition // a condition about the member; nil if there is none

	At    []time.Time    // for Scheduled: the instants at which the message is sent
	Days  []calendar.Day // for Scheduled: the days of every year on which the message is sent
	Title Text           // for Scheduled: the title of the message
	Body  Text
}

// Least returns the smallest balance for which the reminder is sent.
func (r *Reminder) Least() Points { return max(1, r.MinPoints) }

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
