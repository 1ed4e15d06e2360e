package remind

import (
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Notify records that a notice was sent to a member. A repeated call changes nothing: the first notice counts. The
// account must have been advanced to the instant of the decision.
func Notify(d *posting.Decision, what loyalty.NoticeOf, subject string) (posting.Outcome, error) {
	now := d.Now
	if what != loyalty.OfExpiry && what != loyalty.OfFall || subject == "" || strings.ContainsAny(subject, "#~ ") {
		return posting.Outcome{}, loyalty.Refuse(
			loyalty.ValidationFailed, "",
			"A notice must name the expiring points or the level that ends.",
		)
	}
	cause := string(what) + ":" + subject
	was, ok := posting.IsNoticed(d.Account, what, subject)
	if ok && !was.Withdrawn {
		return d.Outcome, nil
	}
	if ok {
		cause += ":" +
			was.At.UTC().Format(posting.CauseTimeLayout) // the ID must differ from that of the withdrawn notice
	}
	err := d.Post(loyalty.Entry{
		Kind: loyalty.KindNotify, Cause: d.OwnCause(loyalty.CauseNotice, cause), Effective: now,
		Detail: loyalty.Detail{
			Subject: loyalty.Subject{Notice: &loyalty.Notice{What: what, Subject: subject, At: now}},
		},
		Reasons: []loyalty.Reason{loyalty.NewReason("advance_notice", "0", loyalty.WasNotified, string(what), subject)},
	})
	return d.Outcome, err
}

// Unnotify withdraws the notices that the message with the given ID contained, because the message was not delivered.
// If another message about the same subject was delivered, the notice counts from that message. A repeated call changes
// nothing. The account must have been advanced to the instant of the decision.
func Unnotify(d *posting.Decision, s Reminded, id string) (posting.Outcome, error) {
	acc, now := d.Account, d.Now
	for _, t := range s.SentReminders {
		if t.ID != id || !t.Failed {
			continue
		}
		what, subject := noticeOf(&d.P.Tiers, d.P.Zone, acc, t)
		was, ok := posting.IsNoticed(d.Account, what, subject)
		still := s.since(t.On, t.Subject.ID)
		if !ok || was.Withdrawn || !still.IsZero() && !still.After(was.At) {
			continue
		}
		to := loyalty.Notice{What: what, Subject: subject, At: still, Withdrawn: false}
		if still.IsZero() {
			to.At, to.Withdrawn = was.At, true
		}
		if err := d.Post(loyalty.Entry{
			Kind: loyalty.KindNotify,
			Cause: d.OwnCause(
				loyalty.CauseNotice, string(what)+":"+subject+":back:"+was.At.UTC().Format(posting.CauseTimeLayout),
			),
			Effective: now,
			Detail:    loyalty.Detail{Subject: loyalty.Subject{Notice: &to}},
			Reasons: []loyalty.Reason{
				loyalty.NewReason("advance_notice", "0", loyalty.CameBack, string(what), subject),
			},
		}); err != nil {
			return posting.Outcome{}, err
		}
	}
	return d.Outcome, nil
}

// noticeOf returns the kind and the subject of the account's notice that a message contained. It returns empty strings
// if the message contained none that still matters.
func noticeOf(
	tiers *loyalty.Tiers, zone *time.Location, acc loyalty.Account, t SentReminder,
) (what loyalty.NoticeOf, subject string) {
	switch t.On {
	case loyalty.BeforeExpiry:
		return loyalty.OfExpiry, t.Subject.ID
	case loyalty.BeforeTier:
		if t.Subject.ID == TierSubject(acc.Tier.Level, posting.ReviewAt(tiers, zone, acc.Tier)) {
			return loyalty.OfFall, posting.TierNotice(acc.Tier)
		}
	}
	return "", ""
}
