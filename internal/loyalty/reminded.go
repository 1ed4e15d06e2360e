package loyalty

import (
	"maps"
	"slices"
	"time"
)

// Reminded is all that reminders keep of one member: what was said, what of it was answered, and those facts of the
// member's entries that the account itself does not hold. It is derived from entries and messages alone.
type Reminded struct {
	SentReminders []SentReminder
	Sent          []SentCount // marketing, by day and channel, for caps; of who is held out what would have been sent
	Open          []Open      // what may yet be answered
	Ignored       int64       // marketing in a row that was not answered
	Last          time.Time   // when marketing was sent last, or held out

	Seen     int64                // the entries up to this one are in what follows
	Redeemed time.Time            // the last redemption
	Rich     map[string]time.Time // AfterIdle, by reminder: since when there is enough, and none was redeemed
	Active   []Activation         // of the last weeks
	Orders   []Purchase           // likewise
	Codes    []UnusedCode         // that were claimed; whether they were used, the codes themselves know
}

// Told is that something was said about a subject.
type SentReminder struct {
	Reminder string
	Step     int
	On       Trigger
	Subject  Subject
	At       time.Time
	Channel  Channel  // empty: the member was held out
	ID       string   // of the message
	Failed   bool     // it came back: it counts as not told
	Passing  bool     // Failed, for a reason that passes, as a full mailbox: it told nobody, and is not said again
	Heard    []string // what was reported of it
}

// SentCount is how many messages went out, or were held out, on a day of the member's calendar.
type SentCount struct {
	Day     Date
	Channel Channel
	N       int64
}

// Open is a message, or one that was held out, that an order or a redemption may yet answer.
type Open struct {
	Reminder string
	Purpose  Purpose
	At       time.Time
	Held     bool
	Acted    bool
}

// Activation is that pending points became active.
type Activation struct {
	At     time.Time
	Points Points
}

// A Purchase is an order, with when it was paid.
type Purchase struct {
	Order  string
	At     time.Time
	Unpaid bool // it may yet be
}

// A Settled is how a message ended.
type Settled struct {
	Reminder string
	Held     bool
	Acted    bool
}

// What is kept for how long, and how much of it.
const (
	rememberFacts = 45 * 24 * time.Hour // longer than any lead after such a fact may be
	rememberDays  = 32                  // the longest period of a cap, in days
	maxCodes      = 20
	maxOrders     = 20
)

// MaxLeadAfter is how long after an activation or an order a reminder may come: that long they are remembered.
const MaxLeadAfter = 30

// Digest takes note of the next entries of the member, in their order and without gaps.
func (s Reminded) Digest(p *Program, acc Account, entries []Entry, now time.Time) Reminded {
	s.Rich = maps.Collect(maps.All(s.Rich)) // never nil
	s.Open, s.Active, s.Orders, s.Codes = slices.Clone(s.Open), slices.Clone(s.Active), slices.Clone(s.Orders), slices.Clone(s.Codes)
	for _, e := range entries {
		if e.Sequence != s.Seen+1 {
			break
		}
		s.Seen = e.Sequence
		s.note(p, acc, e)
	}
	for _, r := range p.Reminders.Messages { // a reminder that is younger than the entries
		if _, known := s.Rich[r.ID]; r.On == AfterIdle && !known && total(acc.Lots) >= r.least() {
			s.Rich[r.ID] = later(acc.LastActivity, acc.Joined)
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

func (s *Reminded) note(p *Program, acc Account, e Entry) {
	redeems := e.Kind == KindRedeem && !e.anothers() // what is only reserved may come to nothing
	switch {
	case e.Kind == KindActivate:
		if n := activated(e); n > 0 {
			s.Active = append(s.Active, Activation{e.Effective, n})
		}
	case e.Cause.Kind == CauseOrder && e.Order != nil:
		s.bought(p, acc, e)
	case redeems:
		s.Redeemed = e.Effective
		s.answered(p, acc, e.Effective)
	}
	if r := e.Redemption; r != nil {
		s.claimed(e, *r)
	}
	for _, r := range p.Reminders.Messages {
		if r.On != AfterIdle {
			continue
		}
		switch _, was := s.Rich[r.ID]; {
		case e.Balance.Active < r.least():
			delete(s.Rich, r.ID)
		case redeems || !was:
			s.Rich[r.ID] = e.Effective
		}
	}
}

// activated is how many points an entry made active.
func activated(e Entry) (n Points) {
	for _, x := range e.Postings {
		if x.Bucket == BucketPending && x.Wallet == "" {
			n -= x.Points
		}
	}
	return n
}

// bought takes note of an order, once it is paid and for as long as something of it remains. A later revision of one that
// is not known is of one that was forgotten.
func (s *Reminded) bought(p *Program, acc Account, e Entry) {
	o := e.Order.Order
	i := slices.IndexFunc(s.Orders, func(b Purchase) bool { return b.Order == o.ID })
	switch over := o.Status == OrderCanceled || o.allBack(); {
	case i < 0 && (over || e.Cause.Revision > 1):
	case i < 0:
		s.Orders = append(s.Orders, Purchase{o.ID, o.PlacedAt, o.Status != OrderPaid})
		if o.Status == OrderPaid {
			s.answered(p, acc, o.PlacedAt)
		}
	case over:
		s.Orders = slices.Delete(s.Orders, i, i+1)
	case o.Status == OrderPaid && s.Orders[i].Unpaid:
		s.Orders[i] = Purchase{o.ID, e.Effective, false}
		s.answered(p, acc, e.Effective)
	}
}

func (s *Reminded) claimed(e Entry, r Redemption) {
	i := slices.IndexFunc(s.Codes, func(c UnusedCode) bool { return c.Redemption == r.ID })
	switch {
	case e.Kind == KindRedeem && r.Code != "" && i < 0:
		s.Codes = append(s.Codes, UnusedCode{r.ID, r.Reward, r.Code, e.Effective, r.CodeFrom, r.CodeUntil})
	case r.Status == Reversed && i >= 0:
		s.Codes = slices.Delete(s.Codes, i, i+1)
	}
}

// answered marks what an action answers, and ends the row of what was not answered.
func (s *Reminded) answered(p *Program, acc Account, at time.Time) {
	s.Ignored = 0
	for i, o := range s.Open {
		if at.After(o.At) && at.Before(p.answerEnds(acc, o.At)) {
			s.Open[i].Acted = true
		}
	}
}

// Settle ends what can no longer be answered at an instant. All entries up to then must have been digested.
func (s Reminded) Settle(p *Program, acc Account, now time.Time) (Reminded, []Settled) {
	var ended []Settled
	s.Open = slices.DeleteFunc(slices.Clone(s.Open), func(o Open) bool {
		over := !p.answerEnds(acc, o.At).After(now)
		if !over && !o.Acted {
			return false
		}
		ended = append(ended, Settled{o.Reminder, o.Held, o.Acted})
		if o.Purpose == Marketing && !o.Acted {
			s.Ignored++
		}
		return true
	})
	return s, ended
}

// answerEnds is until when a message of an instant can be answered: whole days of the member's, behind its own.
func (p *Program) answerEnds(acc Account, sent time.Time) time.Time {
	zone := p.zoneOf(acc.Traits.Zone)
	return p.Reminders.answer().After(DateOf(sent, zone).End(zone), zone)
}

// Tell takes note of what was sent, under the message's id.
func (s Reminded) RecordSent(p *Program, acc Account, n News, id string, now time.Time) Reminded {
	s.SentReminders = slices.Clone(s.SentReminders)
	for _, subject := range n.Subjects {
		s.SentReminders = append(s.SentReminders, SentReminder{Reminder: n.Reminder, Step: n.Step, On: n.On, Subject: subject, At: now, Channel: n.Channel, ID: id})
	}
	s.Open = append(slices.Clone(s.Open), Open{n.Reminder, n.Purpose, now, false, false})
	if n.Purpose == Marketing {
		s.Last = now
		s.Sent = counted(s.Sent, DateOf(now, p.zoneOf(acc.Traits.Zone)), n.Channel)
	}
	return s
}

// HoldOut takes note of what was held out. It fills the caps, and can be answered or ignored, as if it had been sent: were
// only those thinned out who are sent to, those of them who act anyway would be over-represented, and a reminder that does
// nothing would seem to do much. Only nobody was told anything.
func (s Reminded) HoldOut(p *Program, acc Account, n News, now time.Time) Reminded {
	s = s.RecordSent(p, acc, n, "", now)
	for i := len(s.SentReminders) - len(n.Subjects); i < len(s.SentReminders); i++ {
		s.SentReminders[i].Channel = ""
	}
	s.Open[len(s.Open)-1].Held = true
	return s
}

func counted(sent []SentCount, day Date, channel Channel) []SentCount {
	sent = slices.Clone(sent)
	i := slices.IndexFunc(sent, func(c SentCount) bool { return c.Day == day && c.Channel == channel })
	if i < 0 {
		return append(sent, SentCount{day, channel, 1})
	}
	sent[i].N++
	return sent
}

// Hear takes note of what was reported of a message: once of each kind, so that a repetition is told by news being false.
// Of one that came back, what it said counts as not told, and nobody could answer it; where the reason passes it is not said
// again, as the provider has tried for long enough, and an answering machine's mail is reported like that too.
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
		s.Open = slices.DeleteFunc(s.Open, func(o Open) bool { return cameBack && o.Reminder == t.Reminder && o.At.Equal(t.At) })
	}
	return s, reminder, news
}

// Noticed is when the member was told that the points of a lot were about to expire, the first time; zero if that was
// never, or every message came back.
func (s Reminded) Noticed(lot Date) (at time.Time) { return s.since(BeforeExpiry, lot.String()) }

// since is when something was told for the first time by a message that did not come back; zero if by none.
func (s Reminded) since(on Trigger, subject string) (at time.Time) {
	for _, t := range s.SentReminders {
		if t.On == on && t.Subject.ID == subject && t.Channel != "" && !t.Failed && (at.IsZero() || t.At.Before(at)) {
			at = t.At
		}
	}
	return at
}

// told reports whether a subject was told at this step, or at a later one, or is not to be. Where it fell due is no part of
// a subject that has no steps.
func (s Reminded) told(on Trigger, subject Subject) bool {
	return slices.ContainsFunc(s.SentReminders, func(t SentReminder) bool {
		return t.On == on && t.Subject.ID == subject.ID && (!t.Failed || t.Passing) && !t.Subject.Due.Before(subject.Due)
	})
}
