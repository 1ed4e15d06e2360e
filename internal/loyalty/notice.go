package loyalty

import (
	"slices"
	"strings"
	"time"
)

// A Notice is that a member was sent notice of something before it happens. Where the program promises advance notice,
// points expire and levels end only if it was sent so long before, by days; see AdvanceNotice.
type Notice struct {
	What    NoticeOf
	Subject string // see LotNotice and TierNotice
	At      time.Time

	Withdrawn bool // it came back, and does not count
}

// NoticeOf is what a member was told of.
type NoticeOf string

const (
	OfExpiry NoticeOf = "expiry" // that points expire
	OfFall   NoticeOf = "fall"   // that a level ends
)

// LotNotice is the subject of a notice that the points of a lot expire: the day at whose end they do. One notice may
// be given for each lot of which the member is told.
func LotNotice(lapses Date) string { return lapses.Day().String() }

// TierNotice is the subject of a notice that a standing ends: the level and the last instant for which it is kept.
func TierNotice(s Standing) string { return s.Level + ":" + s.Until.UTC().Format(stamp) }

// maxNotices is how many notices an account remembers: a bound on its size. Those of lots that have expired are forgotten
// first, and then older ones, and what these were about is extended.
const maxNotices = 64

// Notify takes note that a member was told of something. A second time changes nothing: the first notice counts. The
// account must have been advanced to now.
func (p *Program) Notify(acc Account, what NoticeOf, subject string, now time.Time) (Outcome, error) {
	d := p.decide(acc, now)
	if what != OfExpiry && what != OfFall || subject == "" || strings.ContainsAny(subject, "#~ ") {
		return Outcome{}, refuse(ValidationFailed, "", "A notice is of points that expire or of a level that falls, and says which.")
	}
	cause := string(what) + ":" + subject
	was, ok := acc.noticed(what, subject)
	if ok && !was.Withdrawn {
		return d.Outcome, nil
	}
	if ok {
		cause += ":" + was.At.UTC().Format(stamp) // another one than that which came back
	}
	err := d.post(Entry{
		Kind: KindNotify, Cause: d.ownCause(CauseNotice, cause), Effective: now,
		Notice:  &Notice{What: what, Subject: subject, At: now},
		Reasons: []Reason{NewReason("advance_notice", "0", WasNotified, string(what), subject)},
	})
	return d.Outcome, err
}

// Unnotify takes back what a message told that came back, by its id. Where another message told the same and did not come
// back, the notice is of that one. A second time changes nothing. The account must have been advanced to now.
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
			Kind: KindNotify, Cause: d.ownCause(CauseNotice, string(what)+":"+subject+":back:"+was.At.UTC().Format(stamp)), Effective: now,
			Notice:  &to,
			Reasons: []Reason{NewReason("advance_notice", "0", CameBack, string(what), subject)},
		}); err != nil {
			return Outcome{}, err
		}
	}
	return d.Outcome, nil
}

// noticeOf is which notice of the account a message gave; none if it can no longer matter.
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

// noticed is what the account knows of a notice.
func (a Account) noticed(what NoticeOf, subject string) (Notice, bool) {
	i := slices.IndexFunc(a.Notices, func(n Notice) bool { return n.What == what && n.Subject == subject })
	if i < 0 {
		return Notice{}, false
	}
	return a.Notices[i], true
}

// addNotice takes up a notice, in the place of an earlier one of the same. Those of days that are over are forgotten, and of
// too many the oldest.
func addNotice(list []Notice, n Notice) []Notice {
	yesterday := n.At.UTC().AddDate(0, 0, -1).Format(time.DateOnly) // the account knows no zone
	list = slices.DeleteFunc(slices.Clone(list), func(o Notice) bool {
		return o.What == n.What && (o.Subject == n.Subject || o.What == OfExpiry && o.Subject < yesterday)
	})
	return append(list[max(0, len(list)+1-maxNotices):], n)
}
