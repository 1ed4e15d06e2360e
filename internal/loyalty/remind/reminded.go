package remind

import (
	"maps"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
)

// Reminded is the stored state of one member's reminders: the messages that were sent, those that got a response, and
// facts from the member's entries that the account does not contain. It is derived only from entries and messages.
type Reminded struct {
	SentReminders []SentReminder
	// Sent counts marketing by day and channel, for frequency caps. For members in the holdout it counts the messages
	// that were withheld.
	Sent    []SentCount
	Open    []Open    // messages that can still get a response
	Ignored int64     // the number of successive marketing messages without a response
	Last    time.Time // when the last marketing message was sent or withheld by the holdout

	Seen     int64     // the sequence number of the last entry that the fields below include
	Redeemed time.Time // when the member last redeemed a reward
	// Rich is for AfterIdle. It contains, by reminder, the instant since which the balance has been high enough without
	// a redemption.
	Rich   map[string]time.Time
	Active []Activation // activations that happened within rememberFacts
	Orders []Purchase   // orders that were placed or paid within rememberFacts
	Codes  []UnusedCode // claimed codes; the codes themselves record whether they were used
}

// A SentReminder records that a message about a subject was sent.
type SentReminder struct {
	Reminder string
	Step     int
	On       loyalty.Trigger
	Subject  Subject
	At       time.Time
	Channel  loyalty.Channel // the channel; empty if the member was in the holdout
	ID       string          // the message ID
	Failed   bool            // whether the message bounced; a bounced message counts as not sent
	// Passing is set in addition to Failed if the cause of the bounce is temporary, such as a full mailbox.
	// Nevertheless, the message is not sent again, because the provider has already retried.
	Passing bool
	Heard   []string // the kinds of delivery reports received
}

// SentCount is the number of messages sent, or withheld by the holdout, on a day in the member's time zone.
type SentCount struct {
	Day     calendar.Date
	Channel loyalty.Channel
	N       int64
}

// Open is a message, sent or withheld by the holdout, that can still get a response by an order or a redemption.
type Open struct {
	Reminder string
	Purpose  loyalty.Purpose
	At       time.Time
	Held     bool
	Acted    bool
}

// An Activation records that pending points became active.
type Activation struct {
	At     time.Time
	Points loyalty.Points
}

// A Purchase is an order. At is the instant of its placing, or of its payment if that was later.
type Purchase struct {
	Order  string
	At     time.Time
	Unpaid bool // the order is not paid yet
}

// A Settled is the outcome of a message.
type Settled struct {
	Reminder string
	Held     bool
	Acted    bool
}

// These constants limit how long facts are stored, and how many.
const (
	rememberFacts = 45 * 24 * time.Hour // must be longer than the longest time between a fact and a reminder about it
	rememberDays  = 32                  // the longest period of a frequency cap, in days
	maxCodes      = 20
	maxOrders     = 20
)

// MaxLeadAfter is the maximum number of days between an activation or an order and a reminder about it. Such facts are
// stored for at least this long.
const MaxLeadAfter = 30

// Digest returns the state with the facts of the member's next entries added. It stops at an entry that does not
// directly follow the last one included.
func (s Reminded) Digest(
	compiled *loyalty.Compiled, terms *loyalty.Reminders, zone *time.Location, acc loyalty.Account,
	entries []loyalty.Entry, now time.Time,
) Reminded {
	s.Rich = maps.Collect(maps.All(s.Rich)) // the copy is never nil
	s.Open, s.Active, s.Orders, s.Codes =
		slices.Clone(s.Open), slices.Clone(s.Active), slices.Clone(s.Orders), slices.Clone(s.Codes)
	for _, e := range entries {
		if e.Sequence != s.Seen+1 {
			break
		}
		s.Seen = e.Sequence
		s.note(compiled, terms, zone, acc, e)
	}
	for _, r := range terms.Messages { // a reminder may have been added after the entries
		if _, known := s.Rich[r.ID]; r.On == loyalty.AfterIdle && !known && loyalty.TotalPoints(acc.Lots) >= r.Least() {
			s.Rich[r.ID] = calendar.Later(acc.LastActivity, acc.Joined)
		}
	}
	old := now.Add(-rememberFacts)
	s.Active = slices.DeleteFunc(s.Active, func(a Activation) bool { return a.At.Before(old) })
	s.Orders = slices.DeleteFunc(s.Orders, func(b Purchase) bool { return b.At.Before(old) })
	s.Codes = slices.DeleteFunc(s.Codes, func(c UnusedCode) bool {
		return !c.Until.IsZero() && !c.Until.After(now) || now.Sub(c.At) > keepForLong-24*time.Hour
	})
	s.Orders = s.Orders[max(0, len(s.Orders)-maxOrders):]
	s.Codes = s.Codes[max(0, len(s.Codes)-maxCodes):]
	return s
}

func (s *Reminded) note(
	compiled *loyalty.Compiled, terms *loyalty.Reminders, zone *time.Location, acc loyalty.Account, e loyalty.Entry,
) {
	redeems := e.Kind == loyalty.KindRedeem && !e.Anothers() // a reserved redemption may still be canceled
	switch {
	case e.Kind == loyalty.KindActivate:
		if n := activated(e); n > 0 {
			s.Active = append(s.Active, Activation{e.Effective, n})
		}
	case e.Order != nil:
		s.bought(compiled, terms, zone, acc, e)
	case redeems:
		s.Redeemed = e.Effective
		s.answered(compiled, terms, zone, acc, e.Effective)
	}
	if r := e.Redemption; r != nil {
		s.claimed(e, *r)
	}
	for _, r := range terms.Messages {
		if r.On != loyalty.AfterIdle {
			continue
		}
		switch _, was := s.Rich[r.ID]; {
		case e.Balance.Active < r.Least():
			delete(s.Rich, r.ID)
		case redeems || !was:
			s.Rich[r.ID] = e.Effective
		}
	}
}

// activated returns how many points an entry made active.
func activated(e loyalty.Entry) (n loyalty.Points) {
	for _, x := range e.Postings {
		if x.Bucket == loyalty.BucketPending && x.Wallet == "" {
			n -= x.Points
		}
	}
	return n
}

// bought records an order when it is paid, and removes it when it is canceled or all goods are refunded. A later
// revision of an unknown order belongs to an order that was removed, and is ignored.
func (s *Reminded) bought(
	compiled *loyalty.Compiled, terms *loyalty.Reminders, zone *time.Location, acc loyalty.Account, e loyalty.Entry,
) {
	o := e.Order.Order
	i := slices.IndexFunc(s.Orders, func(b Purchase) bool { return b.Order == o.ID })
	switch over := o.Status == loyalty.OrderCanceled || earn.AllBack(o); {
	case i < 0 && (over || e.Cause.Revision > 1):
	case i < 0:
		s.Orders = append(s.Orders, Purchase{o.ID, o.PlacedAt, o.Status != loyalty.OrderPaid})
		if o.Status == loyalty.OrderPaid {
			s.answered(compiled, terms, zone, acc, o.PlacedAt)
		}
	case over:
		s.Orders = slices.Delete(s.Orders, i, i+1)
	case o.Status == loyalty.OrderPaid && s.Orders[i].Unpaid:
		s.Orders[i] = Purchase{o.ID, e.Effective, false}
		s.answered(compiled, terms, zone, acc, e.Effective)
	}
}

func (s *Reminded) claimed(e loyalty.Entry, r loyalty.Redemption) {
	i := slices.IndexFunc(s.Codes, func(c UnusedCode) bool { return c.Redemption == r.ID })
	switch {
	case e.Kind == loyalty.KindRedeem && r.Code != "" && i < 0:
		s.Codes = append(s.Codes, UnusedCode{r.ID, r.Reward, r.Code, e.Effective, r.CodeFrom, r.CodeUntil})
	case r.Status == loyalty.Reversed && i >= 0:
		s.Codes = slices.Delete(s.Codes, i, i+1)
	}
}

// answered marks the open messages to which an action is a response, and resets the count of ignored messages.
func (s *Reminded) answered(
	compiled *loyalty.Compiled, terms *loyalty.Reminders, zone *time.Location, acc loyalty.Account, at time.Time,
) {
	s.Ignored = 0
	for i, o := range s.Open {
		if at.After(o.At) && at.Before(answerEnds(compiled, terms, zone, acc, o.At)) {
			s.Open[i].Acted = true
		}
	}
}

// Settle removes and returns the messages that got a response or can no longer get one. All entries up to now must have
// been digested.
func (s Reminded) Settle(
	compiled *loyalty.Compiled, terms *loyalty.Reminders, zone *time.Location, acc loyalty.Account, now time.Time,
) (Reminded, []Settled) {
	var ended []Settled
	s.Open = slices.DeleteFunc(slices.Clone(s.Open), func(o Open) bool {
		over := !answerEnds(compiled, terms, zone, acc, o.At).After(now)
		if !over && !o.Acted {
			return false
		}
		ended = append(ended, Settled{o.Reminder, o.Held, o.Acted})
		if o.Purpose == loyalty.Marketing && !o.Acted {
			s.Ignored++
		}
		return true
	})
	return s, ended
}

// answerEnds returns the end of the time in which a message can get a response: whole days in the member's time zone,
// after the day on which it was sent.
func answerEnds(
	compiled *loyalty.Compiled, terms *loyalty.Reminders, z *time.Location, acc loyalty.Account, sent time.Time,
) time.Time {
	zone := earn.ZoneOf(compiled, z, acc.Traits.Zone)
	return answer(*terms).After(calendar.DateOf(sent, zone).End(zone), zone)
}

// RecordSent records that a message was sent, with its ID.
func (s Reminded) RecordSent(
	compiled *loyalty.Compiled, zone *time.Location, acc loyalty.Account, n News, id string, now time.Time,
) Reminded {
	s.SentReminders = slices.Clone(s.SentReminders)
	for _, subject := range n.Subjects {
		s.SentReminders = append(s.SentReminders, SentReminder{
			Reminder: n.Reminder, Step: n.Step, On: n.On, Subject: subject, At: now, Channel: n.Channel, ID: id,
		})
	}
	s.Open = append(slices.Clone(s.Open), Open{n.Reminder, n.Purpose, now, false, false})
	if n.Purpose == loyalty.Marketing {
		s.Last = now
		s.Sent = counted(s.Sent, calendar.DateOf(now, earn.ZoneOf(compiled, zone, acc.Traits.Zone)), n.Channel)
	}
	return s
}

// HoldOut records a message that was not sent because the member belongs to the holdout. The message counts for the
// frequency caps, and can get a response or be ignored, as if it had been sent. Otherwise these limits would reduce
// only the messages that are sent. Their recipients would then include too many members who act anyway, and an
// ineffective reminder would seem effective. The message does not count as seen by the member.
func (s Reminded) HoldOut(
	compiled *loyalty.Compiled, zone *time.Location, acc loyalty.Account, n News, now time.Time,
) Reminded {
	s = s.RecordSent(compiled, zone, acc, n, "", now)
	for i := len(s.SentReminders) - len(n.Subjects); i < len(s.SentReminders); i++ {
		s.SentReminders[i].Channel = ""
	}
	s.Open[len(s.Open)-1].Held = true
	return s
}

func counted(sent []SentCount, day calendar.Date, channel loyalty.Channel) []SentCount {
	sent = slices.Clone(sent)
	i := slices.IndexFunc(sent, func(c SentCount) bool { return c.Day == day && c.Channel == channel })
	if i < 0 {
		return append(sent, SentCount{day, channel, 1})
	}
	sent[i].N++
	return sent
}

// Hear records a delivery report of a message, once for each kind of report. The result news is false if the report is
// a repetition or the message is unknown. A bounced message counts as not sent and can get no response. If the reason
// is temporary, the message is not sent again. The provider has already retried, and automatic replies are reported in
// the same way.
func (s Reminded) Hear(id, what string, cameBack, passing bool) (next Reminded, reminder string, news bool) {
	s.SentReminders, s.Open = slices.Clone(s.SentReminders), slices.Clone(s.Open)
	for i, t := range s.SentReminders {
		if t.ID != id || slices.Contains(t.Heard, what) {
			continue
		}
		s.SentReminders[i].Heard = append(slices.Clone(t.Heard), what)
		if cameBack {
			s.SentReminders[i].Failed, s.SentReminders[i].Passing = true, passing
		}
		reminder, news = t.Reminder, true
		s.Open = slices.DeleteFunc(
			s.Open, func(o Open) bool { return cameBack && o.Reminder == t.Reminder && o.At.Equal(t.At) },
		)
	}
	return s, reminder, news
}

// Noticed returns when the member was first notified that the points of a lot were about to expire. It returns zero if
// no notice was sent or all of them bounced.
func (s Reminded) Noticed(lot calendar.Date) (at time.Time) {
	return s.since(loyalty.BeforeExpiry, lot.String())
}

// since returns when the first message about a subject was sent, not counting messages that bounced. It returns zero if
// there is none.
func (s Reminded) since(on loyalty.Trigger, subject string) (at time.Time) {
	for _, t := range s.SentReminders {
		if t.On == on && t.Subject.ID == subject && t.Channel != "" && !t.Failed && (at.IsZero() || t.At.Before(at)) {
			at = t.At
		}
	}
	return at
}

// hasSent reports whether a message about a subject was sent at this step or a later one, or must not be sent again. If
// a subject has no steps, Due is zero and does not affect the result.
func (s Reminded) hasSent(on loyalty.Trigger, subject Subject) bool {
	return slices.ContainsFunc(s.SentReminders, func(t SentReminder) bool {
		return t.On == on && t.Subject.ID == subject.ID && (!t.Failed || t.Passing) &&
			!t.Subject.Due.Before(subject.Due)
	})
}
