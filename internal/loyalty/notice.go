package loyalty

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// AdvanceNotice requires that a notice is sent to the member some time before points expire or a level ends. The zero
// AdvanceNotice requires no notice.
//
// If no notice was sent in time, the expiry or the end of the level is postponed by the period. From then on, the
// member's account shows the notice (posting.AccountNotices). If the member has no channel with consent, or if sending
// failed, it is postponed once. Otherwise it is postponed again until a notice is sent, at most MaxExtensions times. A
// member who refuses consent therefore gains at most one period.
type AdvanceNotice struct {
	Period        calendar.Period
	MaxExtensions int // the maximum number of postponements, at least 1
}

// A Notice records that a member was notified that points will expire or that a level will end. If the program promises
// advance notice, the points or the level end only if the notice was sent early enough; see AdvanceNotice.
type Notice struct {
	What    NoticeOf
	Subject string // the lot or level that ends, as text from posting.LotNotice or posting.TierNotice
	At      time.Time

	Withdrawn bool // the message was not delivered, so the notice does not count
}

// NoticeOf is the kind of event that a notice announces.
type NoticeOf string

const (
	OfExpiry NoticeOf = "expiry" // the notice announces that points expire
	OfFall   NoticeOf = "fall"   // the notice announces that a level ends
)
