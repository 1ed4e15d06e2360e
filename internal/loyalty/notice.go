package loyalty

import (
	"slices"
	"strings"
	"time"
)

// A Notice records that a member was notified of an event before it happens. If the program promises advance notice,
// points expire and levels end only if the notice was sent that long before, in days; see AdvanceNotice.
type Notice struct {
	What    NoticeOf
	Subject string // see LotNotice and TierNotice
	At      time.Time

	Withdrawn bool // the message was returned, and the notice does not count
}

// NoticeOf is what a notice is about.
type NoticeOf string

const (
	OfExpiry NoticeOf = "expiry" // that points expire
	OfFall   NoticeOf = "fall"   // that a level ends
)

// LotNotice returns the subject of a notice that the points of a lot expire: the day at whose end they expire. Each lot
// of which the member is notified may have one notice.
func LotNotice(lapses Date) string { return lapses.Day().String() }

// TierNotice returns the subject of a notice that a standing ends: the level and the instant until which it is kept.
func TierNotice(s Standing) string { return s.Level + ":" + s.Until.UTC().Format(stamp) }

// maxNotices is how many notices an account remembers, to limit its size. The account first forgets the notices of lots
// that have expired, then the oldest ones. An expiry or the end of a level whose notice was forgotten is postponed.
const maxNotices = 64

// Notify records that a member was notified. A repeated notification changes nothing: the first notice counts. The
// account must have been advanced to now.
func (p *Program) Notify(acc Account, what NoticeOf, subject string, now time.Time) (Outcome, error) {
	d := p.decide(acc, now)
	if what != OfExpiry && what != OfFall || subject == "" || strings.ContainsAny(subject, "#~ ") {
		return Outcome{}, refuse(
			ValidationFailed, "",
			"A notice must name the expiring points or the level that ends.",
		)
	}
	cause := string(what) + ":" + subject
	was, ok := acc.noticed(what, subject)
	if ok && !was.Withdrawn {
		return d.Outcome, nil
	}
	if ok {
		cause += ":" + was.At.UTC().Format(stamp) // a new ID, different from that of the withdrawn notice
	}
	err := d.post(Entry{
		Kind: KindNotify, Cause: d.ownCause(CauseNotice, cause), Effective: now,
		Notice:  &Notice{What: what, Subject: subject, At: now},
		Reasons: []Reason{NewReason("advance_notice", "0", WasNotified, string(what), subject)},
	})
	return d.Outcome, err
}

// Unnotify withdraws the notices that a message gave because the message with this ID was returned. If another message
// with the same content was not returned, the notice counts from that message. A repeated call changes nothing. The
// account must have been advanced to now.
func (p *Program) Unnotify(acc Account, s Reminded, id string, now time.Time) (Outcome, error) {
	d := p.decide(acc, now)
	for _, t := range s.SentReminders {
		if t.ID != id || !t.Failed {
			continue
		}
		what, subject := p.noticeOf(acc, t)
		was, ok := d.Account.noticed(what, subject)
		still := s.since(t.On, t.Subject.ID)
		if !ok || was.Withdrawn || !still.IsZero() && !still.After(was.At) {
			continue
		}
		to := Notice{what, subject, still, false}
		if still.IsZero() {
			to.At, to.Withdrawn = was.At, true
		}
		if err := d.post(Entry{
			Kind:      KindNotify,
			Cause:     d.ownCause(CauseNotice, string(what)+":"+subject+":back:"+was.At.UTC().Format(stamp)),
			Effective: now,
			Notice:    &to,
			Reasons:   []Reason{NewReason("advance_notice", "0", CameBack, string(what), subject)},
		}); err != nil {
			return Outcome{}, err
		}
	}
	return d.Outcome, nil
}

// noticeOf returns which notice of the account a message gave, or empty strings if it no longer matters.
func (p *Program) noticeOf(acc Account, t SentReminder) (what NoticeOf, subject string) {
	switch t.On {
	case BeforeExpiry:
		return OfExpiry, t.Subject.ID
	case BeforeTier:
		if t.Subject.ID == tierSubject(acc.Tier.Level, p.reviewAt(acc.Tier)) {
			return OfFall, TierNotice(acc.Tier)
		}
	}
	return "", ""
}

// noticed returns the account's notice about a subject.
func (a Account) noticed(what NoticeOf, subject string) (Notice, bool) {
	i := slices.IndexFunc(a.Notices, func(n Notice) bool { return n.What == what && n.Subject == subject })
	if i < 0 {
		return Notice{}, false
	}
	return a.Notices[i], true
}

// addNotice adds a notice, which replaces an earlier notice of the same subject. It removes notices of days that are
// over, and the oldest notice if there are too many.
func addNotice(list []Notice, n Notice) []Notice {
	yesterday := n.At.UTC().AddDate(0, 0, -1).Format(time.DateOnly) // the account has no time zone
	list = slices.DeleteFunc(slices.Clone(list), func(o Notice) bool {
		return o.What == n.What && (o.Subject == n.Subject || o.What == OfExpiry && o.Subject < yesterday)
	})
	return append(list[max(0, len(list)+1-maxNotices):], n)
}
