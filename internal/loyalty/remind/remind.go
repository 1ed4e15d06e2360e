package remind

import (
	"cmp"
	"hash/fnv"
	"math/big"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
)

// Remind decides which messages to send to a member now, which to suppress and why, and when to evaluate the member
// again. It uses the facts at the present instant and no earlier plan. A late message therefore states the present
// facts, and a message whose facts are no longer true is not sent. The account must have been advanced to now, and the
// state s must include all of its entries (Reminded.Digest).
func Remind(rs Rules, acc loyalty.Account, who Recipient, s Reminded, now time.Time) Plan {
	v := newVisit(rs, acc, who, Forget(rs, acc, s, now), now)
	for i := range rs.Reminders.Messages {
		v.r = &rs.Reminders.Messages[i]
		v.look()
	}
	for _, o := range s.Open {
		v.sooner(answerEnds(&rs.Compiled, &rs.Reminders, rs.Zone, acc, o.At))
	}
	slices.SortStableFunc(v.offers, func(a, b offer) int {
		return cmp.Or(precedence(a.News)-precedence(b.News), b.Due.Compare(a.Due))
	})
	for _, o := range v.offers {
		v.gate(o)
	}
	v.sooner(v.morning(now.Add(rest(rs.Reminders, rs.Earning, rs.Tiers) - 24*time.Hour + time.Second)))
	v.plan.Next = calendar.Later(v.plan.Next, now.Add(time.Minute))
	if !who.Consents.any() {
		v.plan.Next = now.Add(unconsented) // the first consent makes the next evaluation due immediately
	}
	return v.plan
}

// unconsented is the time between evaluations of a member who has given no consent. Nothing can be sent to this member,
// so evaluations need not be frequent.
const unconsented = 30 * 24 * time.Hour

// Preview returns the message that a reminder would send to a member at an instant, and the reason why it would be
// suppressed. It ignores earlier messages and consents. It returns false if the reminder has no message at that
// instant.
func Preview(
	rs Rules, acc loyalty.Account, who Recipient, s Reminded, reminder string, now time.Time,
) (n News, why Why, ok bool) {
	unsent := s
	unsent.SentReminders = nil
	v := newVisit(rs, acc, who, unsent, now)
	for i := range rs.Reminders.Messages {
		if v.r = &rs.Reminders.Messages[i]; v.r.ID == reminder {
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

// precedence returns a sort key that puts transactional messages before marketing.
func precedence(n News) int {
	if n.Purpose == loyalty.Transactional {
		return 0
	}
	return 1
}

// A visit is one evaluation of a member's reminders.
type visit struct {
	Rules
	acc  loyalty.Account
	who  Recipient
	s    Reminded
	now  time.Time
	zone *time.Location

	r      *loyalty.Reminder // the reminder to evaluate
	offers []offer
	plan   Plan
}

// newVisit returns an evaluation of a member at an instant, without a reminder yet.
func newVisit(rs Rules, acc loyalty.Account, who Recipient, s Reminded, now time.Time) *visit {
	zone := earn.ZoneOf(&rs.Compiled, rs.Zone, acc.Traits.Zone)
	return &visit{Rules: rs, acc: acc, who: who, s: s, now: now, zone: zone}
}

// An offer is a message that is due and whose facts are true.
type offer struct {
	News
	r *loyalty.Reminder
}

// sooner moves the next evaluation to the given instant if that is in the future and earlier than planned.
func (v *visit) sooner(at time.Time) {
	if at.After(v.now) && (v.plan.Next.IsZero() || at.Before(v.plan.Next)) {
		v.plan.Next = at
	}
}

// morning returns the first instant at or after t at which the member's quiet hours end. Reminders that are not urgent
// are due then, so an evaluation that is hours late sends the same messages on the same days.
func (v *visit) morning(t time.Time) time.Time {
	y, m, d := t.In(v.zone).Date()
	until := v.Reminders.QuietUntil
	if v.Reminders.QuietFrom == until {
		until = 9 * 60
	}
	at := time.Date(y, m, d, until/60, until%60, 0, 0, v.zone)
	if at.Before(t) {
		at = time.Date(y, m, d+1, until/60, until%60, 0, 0, v.zone)
	}
	return at.UTC()
}

// Tomorrow returns the start and the exclusive end of the next day in the member's time zone.
func Tomorrow(
	compiled *loyalty.Compiled, z *time.Location, acc loyalty.Account, now time.Time,
) (from, until time.Time) {
	zone := earn.ZoneOf(compiled, z, acc.Traits.Zone)
	from = calendar.DateOf(now, zone).End(zone)
	return from, calendar.DateOf(from, zone).End(zone)
}

// gate adds a message to those to send, or to those that are suppressed, with the reason. It checks in this order: the
// consent by channel and purpose, whether the member is active, quiet hours, frequency caps and ignored messages (only
// for marketing), the reminder's limits, and the holdout. The caller has checked that the facts of the message are
// true, and that it was not sent before.
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
		v.plan.Kept = append(v.plan.Kept, Suppressed{o.News, why})
	}
}

// superseded reports whether the plan already contains the message of a later step about the same subject.
func (v *visit) superseded(o offer) bool {
	same := func(n News) bool { return n.On == o.On && n.Subjects[0].ID == o.Subjects[0].ID && n.Due.After(o.Due) }
	return slices.ContainsFunc(v.plan.Send, same) || slices.ContainsFunc(v.plan.Held, same)
}

// stopped returns the reason why an offer is suppressed, and when to try again if that is known. The reason is empty if
// the offer is not suppressed. stopped also selects the channel.
func (v *visit) stopped(o *offer) (why Why, again time.Time) {
	channel, why, frees := v.channel(o)
	if why == "" {
		o.Channel = channel
	}
	switch {
	case why == NoConsent || why == Unreachable:
		return why, time.Time{}
	case v.acc.Status != loyalty.Active:
		return NotActive, time.Time{}
	case earn.Within(v.now.In(v.zone), v.Reminders.QuietFrom, v.Reminders.QuietUntil):
		return Quiet, v.morning(v.now)
	case why == Capped:
		return Capped, v.morning(frees)
	}
	if rest := v.tired(*o); !rest.IsZero() {
		return Tired, rest
	}
	if frees, full := v.limited(*o); full {
		return Limited, frees
	}
	if o.Purpose == loyalty.Marketing && IsHeldOut(v.Program, v.Reminders.Holdout, v.acc.Member) {
		return HeldOut, time.Time{}
	}
	return "", time.Time{}
}

// channel returns the first of the reminder's channels through which an offer can be sent. If there is none, it returns
// the reason. If frequency caps are the reason, it also returns when they allow the next message.
func (v *visit) channel(o *offer) (c loyalty.Channel, why Why, frees time.Time) {
	why = NoConsent
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
		at := v.capped(*o, c)
		if at.IsZero() {
			return c, "", time.Time{}
		}
		if why = Capped; frees.IsZero() || at.Before(frees) {
			frees = at
		}
	}
	return "", why, frees
}

// capped returns when the frequency caps of marketing allow another message through a channel, or zero if they allow it
// now.
func (v *visit) capped(o offer, channel loyalty.Channel) (frees time.Time) {
	if o.Purpose != loyalty.Marketing {
		return frees
	}
	today := calendar.DateOf(v.now, v.zone)
	for _, c := range v.Reminders.FrequencyCaps {
		if c.Channel != "" && c.Channel != channel {
			continue
		}
		ends, n := earn.PeriodEnd(c.Per, today), int64(0)
		for _, s := range v.s.Sent {
			if earn.PeriodEnd(c.Per, s.Day) == ends && (c.Channel == "" || c.Channel == s.Channel) {
				n += s.N
			}
		}
		if n >= c.Times {
			frees = calendar.Later(frees, ends.End(v.zone))
		}
	}
	return frees
}

// tired returns when marketing may be sent again to a member who ignores it. It returns zero if it may be sent now. A
// member who ignored StopAfter messages in a row must act first, which the next evaluation detects.
func (v *visit) tired(o offer) time.Time {
	rule := v.Reminders.Ignored
	switch {
	case o.Purpose != loyalty.Marketing || v.s.Ignored == 0:
		return time.Time{}
	case rule.StopAfter > 0 && v.s.Ignored >= rule.StopAfter:
		return v.now.Add(rest(v.Reminders, v.Earning, v.Tiers))
	}
	times := 1 << min(v.s.Ignored-1, 10)
	w := rule.Wait
	last := calendar.DateOf(v.s.Last, v.zone).Start(v.zone) // the start of the day, so that the delay is in whole days
	at := calendar.Period{
		Months: w.Months * times, Days: w.Days * times, Hours: w.Hours * times, Minutes: w.Minutes * times,
	}.After(last, v.zone)
	if !at.After(v.now) {
		return time.Time{}
	}
	return v.morning(at)
}

// limited reports whether the reminder has reached one of its limits. It also returns when it can be sent again, or
// zero if it never can.
func (v *visit) limited(o offer) (frees time.Time, full bool) {
	if o.On == loyalty.BeforeExpiry {
		return frees, false // programs published earlier may still contain a limit here
	}
	today := calendar.DateOf(v.now, v.zone)
	for _, l := range o.r.Limits {
		ends, sentAt := earn.PeriodEnd(l.Per, today), map[time.Time]bool{}
		for _, t := range v.s.SentReminders {
			if t.Reminder == o.r.ID && earn.PeriodEnd(l.Per, calendar.DateOf(t.At, v.zone)) == ends {
				sentAt[t.At] = true // a message with several subjects counts once
			}
		}
		if int64(len(sentAt)) >= l.Times {
			full = true
			frees = calendar.Later(
				frees, v.morning(ends.End(v.zone)),
			) // for PerEver, this is an instant in the distant past
		}
	}
	return frees, full
}

// IsHeldOut reports whether a member of a program is in the marketing holdout, which is a share of the members. The
// result depends only on the member and the program, so it does not change while the share is the same. A larger share
// includes all members of a smaller one.
func IsHeldOut(program string, holdout *big.Rat, m loyalty.MemberID) bool {
	if holdout == nil {
		return false
	}
	h := fnv.New64a()
	h.Write([]byte("holdout\n" + program + "\n" + string(m)))
	x := h.Sum64()
	x ^= x >> 33
	// This is the finalizer of MurmurHash3. The high bits of FNV differ too little between similar names.
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return big.NewRat(int64(x%1_000_000), 1_000_000).Cmp(holdout) < 0
}

// Forget returns the state without the records of messages about subjects that cannot occur again. This limits the size
// of the state.
func Forget(rs Rules, acc loyalty.Account, s Reminded, now time.Time) Reminded {
	zone := earn.ZoneOf(&rs.Compiled, rs.Zone, acc.Traits.Zone)
	today := calendar.DateOf(now, zone)
	s.SentReminders = slices.DeleteFunc(slices.Clone(s.SentReminders), func(t SentReminder) bool {
		over := t.Subject.Until.Before(now)
		if t.Subject.Until.IsZero() {
			over = t.Subject.Cycle != cycle(acc, s, t.On, t.Reminder)
		}
		return over && !stillCounts(&rs.Reminders, t, today, zone)
	})
	s.Sent = slices.DeleteFunc(slices.Clone(s.Sent), func(c SentCount) bool {
		return now.Sub(c.Day.End(zone)) > rememberDays*24*time.Hour
	})
	return s
}

// stillCounts reports whether a sent message still counts for a limit of its reminder.
func stillCounts(terms *loyalty.Reminders, t SentReminder, today calendar.Date, zone *time.Location) bool {
	for _, r := range terms.Messages {
		if r.ID != t.Reminder {
			continue
		}
		for _, l := range r.Limits {
			if earn.PeriodEnd(l.Per, calendar.DateOf(t.At, zone)) == earn.PeriodEnd(l.Per, today) {
				return true
			}
		}
	}
	return false
}
