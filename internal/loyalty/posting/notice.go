package posting

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// LotNotice returns the subject of a notice that the points of a lot expire. The subject is their last day, such as
// "2027-03-31". All lots that expire on the same day share one notice.
func LotNotice(expires calendar.Date) string { return expires.Day().String() }

// TierNotice returns the subject of a notice that a standing ends. The subject consists of the level and the instant
// until which the level is kept.
func TierNotice(s loyalty.Standing) string {
	return s.Level + ":" + s.Until.UTC().Format(CauseTimeLayout)
}

// maxNotices is how many notices an account remembers, to limit its size. The account first forgets the notices of lots
// that have expired, then the oldest ones. An expiry or the end of a level whose notice was forgotten is postponed.
const maxNotices = 64

// IsNoticed returns the account's notice about a subject, and false if there is none.
func IsNoticed(a loyalty.Account, what loyalty.NoticeOf, subject string) (loyalty.Notice, bool) {
	i := slices.IndexFunc(a.Notices, func(n loyalty.Notice) bool { return n.What == what && n.Subject == subject })
	if i < 0 {
		return loyalty.Notice{}, false
	}
	return a.Notices[i], true
}

// addNotice adds a notice, which replaces an earlier notice of the same subject. It removes notices of days that are
// over, and the oldest notice if there are too many.
func addNotice(list []loyalty.Notice, n loyalty.Notice) []loyalty.Notice {
	yesterday := n.At.UTC().AddDate(0, 0, -1).Format(time.DateOnly) // the account has no time zone
	list = slices.DeleteFunc(slices.Clone(list), func(o loyalty.Notice) bool {
		return o.What == n.What && (o.Subject == n.Subject || o.What == loyalty.OfExpiry && o.Subject < yesterday)
	})
	return append(list[max(0, len(list)+1-maxNotices):], n)
}

// PurposeOf returns the purpose of a reminder that does not define one. Notices that points expire are transactional,
// because the member loses something.
func PurposeOf(t loyalty.Trigger) loyalty.Purpose {
	switch t {
	case loyalty.BeforeExpiry, loyalty.AfterActive, loyalty.BeforeCode, loyalty.BeforeHold:
		return loyalty.Transactional
	}
	return loyalty.Marketing
}
