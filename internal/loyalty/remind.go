package loyalty

import (
	"cmp"
	"hash/fnv"
	"math/big"
	"slices"
	"time"
)

// Remind says what a member is to be told now, what is held back and why, and when to look again. It is made from
// facts as they are at now and from nothing that was planned before, so what is late says what is true today, and what
// is no longer true is not said. The account must have been advanced to now, and all of its entries digested.
func (p *Program) Remind(acc Account, who Recipient, s Reminded, now time.Time) Plan {
	v := p.visit(acc, who, p.Forget(acc, s, now), now)
	for i := range p.Reminders.Messages {
		v.r = &p.Reminders.Messages[i]
		v.look()
	}
	for _, o := range s.Open {
		v.sooner(p.answerEnds(acc, o.At))
	}
	slices.SortStableFunc(v.offers, func(a, b offer) int {
		return cmp.Or(precedence(a.News)-precedence(b.News), b.Due.Compare(a.Due))
	})
	for _, o := range v.offers {
		v.gate(o)
	}
	v.sooner(v.morning(now.Add(p.Reminders.rest(p) - 24*time.Hour + time.Second)))
	v.plan.Next = later(v.plan.Next, now.Add(time.Minute))
	if !who.Consents.any() {
		v.plan.Next = now.Add(unconsented) // the first consent makes the next visit due at once
	}
	return v.plan
}

// unconsented is after how long a member is visited who agreed to nothing: nothing can be sent, and nobody waits.
const unconsented = 30 * 24 * time.Hour

// Preview is what a reminder would say to a member at an instant, whatever was said before and whoever agreed to what,
// and what would keep it from being sent; false if it has nothing to say then.
func (p *Program) Preview(acc Account, who Recipient, s Reminded, reminder string, now time.Time) (n News, why Why, ok bool) {
	told := s
	told.SentReminders = nil
	v := p.visit(acc, who, told, now)
	for i := range p.Reminders.Messages {
		if v.r = &p.Reminders.Messages[i]; v.r.ID == reminder {
			v.look()
		}
	}
	if len(v.offers) == 0 {
		return n, "", false
	}
	o := v.offers[0]
	v.s = s
	why, _ = v.stopped(&o)
	if o.Channel == "" {
		o.Channel = o.r.Channels[0]
	}
	return o.News, why, true
}

// precedence puts what takes something away before what is nice to know.
func precedence(n News) int {
	if n.Purpose == Transactional {
		return 0
	}
	return 1
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// A visit is one look at a member.
type visit struct {
	p    *Program
	acc  Account
	who  Recipient
	s    Reminded
	now  time.Time
	zone *time.Location

	r      *Reminder // the one that is looked at
	offers []offer
	plan   Plan
}

func (p *Program) visit(acc Account, who Recipient, s Reminded, now time.Time) *visit {
	return &visit{p: p, acc: acc, who: who, s: s, now: now, zone: p.zoneOf(acc.Traits.Zone)}
}

// An offer is a notice that is due and true.
type offer struct {
	News
	r *Reminder
}

// sooner makes the next visit no later than at an instant that lies ahead.
func (v *visit) sooner(at time.Time) {
	if at.After(v.now) && (v.plan.Next.IsZero() || at.Before(v.plan.Next)) {
		v.plan.Next = at
	}
}

// morning is the first instant from t on at which the quiet hours of the member end. Reminders that are not urgent
// fall due there, so that a run that is late by hours says the same things on the same days.
func (v *visit) morning(t time.Time) time.Time {
	y, m, d := t.In(v.zone).Date()
	until := v.p.Reminders.QuietUntil
	if v.p.Reminders.QuietFrom == until {
		until = 9 * 60
	}
	for ; ; d++ {
		if at := time.Date(y, m, d, until/60, until%60, 0, 0, v.zone); !at.Before(t) {
			return at.UTC()
		}
	}
}

// Tomorrow is the next day of a member's calendar, from its first instant to behind its last.
func (p *Program) Tomorrow(acc Account, now time.Time) (from, until time.Time) {
	zone := p.zoneOf(acc.Traits.Zone)
	from = DateOf(now, zone).End(zone)
	return from, DateOf(from, zone).End(zone)
}

// quiet reports whether an instant lies in the quiet hours of the member.
func (v *visit) quiet(at time.Time) bool {
	return within(at.In(v.zone), v.p.Reminders.QuietFrom, v.p.Reminders.QuietUntil)
}

// gate lets a notice through or says what stopped it. The order of the gates is: consent by channel and purpose, the
// member is active, quiet hours, caps and messages left unread (of marketing), the reminder's own limit, the holdout.
// That it was not said before and that it is true is known of every offer.
func (v *visit) gate(o offer) {
	if v.superseded(o) {
		return
	}
	why, at := v.stopped(&o)
	switch why {
	case "":
		v.plan.Send = append(v.plan.Send, o.News)
	case HeldOut:
		v.plan.Held = append(v.plan.Held, o.News)
	default:
		v.sooner(at)
		v.plan.Kept = append(v.plan.Kept, Kept{o.News, why})
	}
}

// superseded reports whether a later step about the same subject goes, or has gone: it says the same with fresher
// words.
func (v *visit) superseded(o offer) bool {
	same := func(n News) bool { return n.On == o.On && n.Subjects[0].ID == o.Subjects[0].ID && n.Due.After(o.Due) }
	return slices.ContainsFunc(v.plan.Send, same) || slices.ContainsFunc(v.plan.Held, same)
}

// stopped is what stops an offer, and when to try again, if that can be known. It picks the channel.
func (v *visit) stopped(o *offer) (why Why, again time.Time) {
	why = NoConsent
	var caps time.Time
	for _, c := range o.r.Channels {
		if !v.who.Consents.Allow(c, o.Purpose) {
			continue
		}
		if !slices.Contains(v.who.Reach, c) {
			if why == NoConsent {
				why = Unreachable
			}
			continue
		}
		frees := v.capped(*o, c)
		if frees.IsZero() {
			o.Channel, why = c, ""
			break
		}
		why = Capped
		if caps.IsZero() || frees.Before(caps) {
			caps = frees
		}
	}
	switch {
	case why == NoConsent || why == Unreachable:
		return why, time.Time{}
	case v.acc.Status != Active:
		return NotActive, time.Time{}
	case v.quiet(v.now):
		return Quiet, v.morning(v.now)
	case why == Capped:
		return Capped, v.morning(caps)
	}
	if rest := v.tired(*o); !rest.IsZero() {
		return Tired, rest
	}
	if frees, full := v.limited(*o); full {
		return Limited, frees
	}
	if o.Purpose == Marketing && v.p.heldOut(v.acc.Member) {
		return HeldOut, time.Time{}
	}
	return "", time.Time{}
}

// capped is when the caps of marketing leave room again for one more message through a channel; zero if they do now.
func (v *visit) capped(o offer, channel Channel) (frees time.Time) {
	if o.Purpose != Marketing {
		return frees
	}
	today := DateOf(v.now, v.zone)
	for _, c := range v.p.Reminders.FrequencyCaps {
		if c.Channel != "" && c.Channel != channel {
			continue
		}
		ends, n := c.Per.ends(today), int64(0)
		for _, s := range v.s.Sent {
			if c.Per.ends(s.Day) == ends && (c.Channel == "" || c.Channel == s.Channel) {
				n += s.N
			}
		}
		if n >= c.Times {
			frees = later(frees, ends.End(v.zone))
		}
	}
	return frees
}

// tired is when marketing may be sent again to somebody who does not answer it; zero if it may now. Who ignored it too
// often has to act first, which the next visit will see.
func (v *visit) tired(o offer) time.Time {
	rule := v.p.Reminders.Ignored
	switch {
	case o.Purpose != Marketing || v.s.Ignored == 0:
		return time.Time{}
	case rule.StopAfter > 0 && v.s.Ignored >= rule.StopAfter:
		return v.now.Add(v.p.Reminders.rest(v.p))
	case rule.Wait.IsZero():
		return time.Time{}
	}
	times := 1 << min(v.s.Ignored-1, 10)
	w := rule.Wait
	last := DateOf(v.s.Last, v.zone).start(v.zone) // whole days, whenever in the day it went out
	at := Period{w.Months * times, w.Days * times, w.Hours * times, w.Minutes * times}.After(last, v.zone)
	if !at.After(v.now) {
		return time.Time{}
	}
	return v.morning(at)
}

// limited reports whether the reminder has used up its own limit, and when that ends; zero if never.
func (v *visit) limited(o offer) (frees time.Time, full bool) {
	if o.On == BeforeExpiry {
		return frees, false // published when it could still have a limit
	}
	today := DateOf(v.now, v.zone)
	for _, l := range o.r.Limits {
		ends, said := l.Per.ends(today), map[time.Time]bool{}
		for _, t := range v.s.SentReminders {
			if t.Reminder == o.r.ID && l.Per.ends(DateOf(t.At, v.zone)) == ends {
				said[t.At] = true // several subjects of one message count once
			}
		}
		if int64(len(said)) >= l.Times {
			full = true
			if ends != 0 {
				frees = later(frees, v.morning(ends.End(v.zone)))
			}
		}
	}
	return frees, full
}

// heldOut reports whether a member is of those whom marketing leaves alone. It follows from the member alone, so it
// stays so for as long as the share does, and a larger share has all of the smaller one.
func (p *Program) heldOut(m MemberID) bool {
	if p.Reminders.Holdout == nil {
		return false
	}
	h := fnv.New64a()
	h.Write([]byte("holdout\n" + p.ID + "\n" + string(m)))
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd // the finalizer of MurmurHash3: FNV's high bits differ too little between names alike
	x ^= x >> 33
	return big.NewRat(int64(x%1_000_000), 1_000_000).Cmp(p.Reminders.Holdout) < 0
}

// Forget is the state without what was said of subjects that cannot come again, which keeps it small.
func (p *Program) Forget(acc Account, s Reminded, now time.Time) Reminded {
	zone := p.zoneOf(acc.Traits.Zone)
	today := DateOf(now, zone)
	s.SentReminders = slices.DeleteFunc(slices.Clone(s.SentReminders), func(t SentReminder) bool {
		over := !t.Subject.Until.IsZero() && t.Subject.Until.Before(now)
		if t.Subject.Until.IsZero() {
			over = t.Subject.Cycle != p.cycle(acc, s, t.On, t.Reminder)
		}
		return over && !p.stillCounts(t, today, zone)
	})
	s.Sent = slices.DeleteFunc(slices.Clone(s.Sent), func(c SentCount) bool {
		return now.Sub(c.Day.End(zone)) > rememberDays*24*time.Hour
	})
	return s
}

// stillCounts reports whether what was said still counts for a limit of its reminder.
func (p *Program) stillCounts(t SentReminder, today Date, zone *time.Location) bool {
	for _, r := range p.Reminders.Messages {
		if r.ID != t.Reminder {
			continue
		}
		for _, l := range r.Limits {
			if l.Per.ends(DateOf(t.At, zone)) == l.Per.ends(today) {
				return true
			}
		}
	}
	return false
}
