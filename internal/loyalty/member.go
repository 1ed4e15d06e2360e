package loyalty

import (
	"fmt"
	"time"
)

// MemberID identifies a member permanently. It is "mem_" and 20 characters and contains no personal data.
type MemberID string

// Traits are the facts about a member, other than points, that rules use. The member's entries record them.
type Traits struct {
	Revision            int    // the number of times that traits were reported
	Zone                string // an IANA time zone; empty means the program's time zone
	Birthday            int    // the birthday as MMDD; zero if unknown
	Changed             time.Time
	Given               int      // the last year whose birthday was processed: it gave points, or became known too late
	Years               int      // the number of the last anniversary that was processed
	Segments            []string // the member's segments, sorted
	MembershipYearStart int      // the beginning of the membership year as MMDD; zero means the day of enrollment
	OptIns              []OptIn  // the campaigns for which the member registered
	Referral            Referral // the referral through which the member enrolled

	Channels []ChannelUse // the channels that reach the member, one item per channel and purpose

	HeldUntil time.Time // until when the member cannot use points after a change of the email address; zero if never
}

// CheckHold returns an error if the member cannot use points now because the email address was changed.
func (t *Traits) CheckHold(pointer string, now time.Time) error {
	if !now.Before(t.HeldUntil) {
		return nil
	}
	return Refuse(AccountOnHold, pointer, fmt.Sprintf(
		"The email address of the member was changed. The points can be used from %s, or when the hold is released.",
		t.HeldUntil.UTC().Format(time.RFC3339),
	))
}

// An OptIn is a campaign for which a member registered, with the instant. It counts for orders placed from that instant
// on, whenever they are reported.
type OptIn struct {
	Campaign string
	At       time.Time
}

// ChannelUse is a channel through which a member can be reached for a purpose: the member has given consent, and has an
// address that has not failed.
type ChannelUse struct {
	Channel Channel
	Purpose Purpose
}

// A Referral states which member referred another member, the friend, and which order converted the referral. The
// converting order is the first of the friend's orders, by placed_at and ID, that counts and meets the condition of a
// referral action. Both members then get points, which are pending at least as long as those of the order. If the order
// no longer counts, both lose the points, and the next such order converts the referral.
type Referral struct {
	By       MemberID  // the referrer; empty if the member was not referred
	At       time.Time // when the friend gave the referrer's code
	Claim    string    // the request ID, if the friend gave the code after joining
	Order    string    // the order for which points were given; empty if there is none
	ActiveAt time.Time // with Order: when the points of both members become active
	Former   string    // without Order: the last order for which points were given, before their clawback
}

// A Buyer contains the data that rules use about the member of an order, as of the instant at which the order was
// placed. It is stored with the order, so that later revisions are evaluated with the same facts. Only fields that the
// program uses are set.
type Buyer struct {
	Level string
	// Orders is the number of orders that count before this one, up to the greatest number that the rules use. It is -1
	// if this order does not count.
	Orders   int64
	Segments []string
	OptIns   []string // the campaigns for which the member registered
	Birthday int      // the birthday as MMDD; zero if unknown
	Zone     string   // the member's IANA time zone; empty if unknown
}

// Channel is a way to reach a member.
type Channel string

const (
	Email   Channel = "email"
	SMS     Channel = "sms"
	Push    Channel = "push"    // an event on the bus; the merchant's app delivers it to the device
	Webhook Channel = "webhook" // a signed request to the merchant, who can deliver the message by any other channel
)

// Purpose is the purpose of a message. Each message and each consent has one purpose.
type Purpose string

const (
	Marketing     Purpose = "marketing"
	Transactional Purpose = "transactional" // messages that the membership requires, such as notices that points expire
)
