// Package ledger keeps the accounts: it loads what a command needs, lets package loyalty decide, commits the
// result once, and decides again when someone else was first. It owns the key schema of the table.
//
// It promises that every cause has its effect once. A cause is a partition of revisions that are written with
// the condition that they be absent, in one transaction with the account, so a repeated command finds the
// entry that the first one wrote and answers with it; there is no separate record to keep in step. What moves no
// points (a refusal for want of them, the order of a guest) is a revision of its cause as well, but has no place
// in the account's sequence, so that it costs no write of the account. It also promises that a conflict with
// another writer is never shown to a caller as a refusal: it is decided again, a few times, and then answered
// with ErrTryAgain. Where a command concerns several members, all of their accounts change in one transaction, or none.
//
// It deliberately knows no rule (that is loyalty), no HTTP (that is api) and no storage engine (that is
// table).
package ledger

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// ErrTryAgain says that others kept writing the same items, or the table refused for the moment. Nothing is
// known to have happened; repeating the same command is safe.
var ErrTryAgain = errors.New("ledger: try again")

// Busy reports whether a command may succeed in a moment that failed with err, and is safe to repeat: the ledger or the
// table said so, or the caller's time ran out.
func Busy(err error) bool {
	return errors.Is(err, ErrTryAgain) || errors.Is(err, table.ErrBusy) || errors.Is(err, table.ErrUnknown) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// A Ledger is the accounts of every program in one table. Its methods are safe for concurrent use.
type Ledger struct {
	Table  table.Table
	Now    func() time.Time
	Random io.Reader // where codes come from; nil for crypto/rand

	// Program finds a published version of a program: an order keeps the rules of its first revision.
	Program func(ctx context.Context, id string, version int) (*loyalty.Program, error)

	// Versions returns the schedule of a program's versions and when it was read; it may be read a moment ago. Nil: the
	// version that a command is called with was live all the time.
	Versions func(ctx context.Context, id string) (Schedule, time.Time, error)
}

// By says who asks for a command, and what exactly was asked, so that a repetition can be told from another
// command under the same id.
type By struct {
	Actor string // an API key's id, or what else acted; kept on the entry
	Input string // a fingerprint of the whole command; empty if the command has a natural identity
}

// A Profile is what is known of the person. It is kept apart from the account, which is pseudonymous.
type Profile struct {
	Member     loyalty.MemberID
	ExternalID string // the merchant's own id of the person; unique in the program; may be empty
	Email      string
	Phone      string `json:",omitzero"` // E.164; left out of fingerprints where there is none, as they were before there was any
	Name       string
	Locale     string // BCP 47
	Timezone   string // IANA; empty for the program's
	Birthday   string // 2006-01-02; may be empty
	YearFrom   string // 01-02: when the member's own year of qualification begins; may be empty
	Version    int64  // as read
}

// An Identity is a name by which others know a member, unique in its program: an external id, the keyed hash
// of an e-mail address.
type Identity struct{ Kind, Value string }

// A Member is an account, brought up to the present in memory, with the profile.
type Member struct {
	Account  loyalty.Account
	Profile  Profile
	Replayed bool // the enrollment had happened before

	Household string // which the member has joined; empty if none, or in a program without households

	// Unwritten are the account's latest entries if they could not be written yet; see CurrentMember.
	Unwritten []loyalty.Entry
}

// An Enrolment asks for a new member under an id that the caller derived.
type Enrolment struct {
	Member     loyalty.MemberID
	Profile    Profile
	Segments   []string
	Identities []Identity
	Consents   []loyalty.Consent
	Code       string // of the member through whom this one comes; may be empty
}

// An OrderResult is an order with what it is worth now, as of one revision.
type OrderResult struct {
	State    loyalty.OrderState
	Revision int
	Entries  []loyalty.Entry // those of this revision
	Balance  loyalty.Balance // after it
	Replayed bool

	Superseded bool // the delivery was older than this state and changed nothing
}

// A RedemptionResult is a redemption as of one revision. With a recorded refusal it comes beside the error,
// for the sake of Replayed.
type RedemptionResult struct {
	Member     loyalty.MemberID
	Redemption loyalty.Redemption
	Entry      loyalty.Entry
	Balance    loyalty.Balance
	Replayed   bool
	Written    bool // the revision was written by this call
}

// A RedemptionRequest asks for a reward under an id that the caller derived.
type RedemptionRequest struct {
	ID     string
	Member loyalty.MemberID
	Reward string
	Wallet string // from which its points come; empty for that of points
	Order  string
	Cart   string         // another redemption for it takes its place
	Total  loyalty.Money  // what the order comes to
	Points loyalty.Points // loyalty.PayReward: how many at most; zero for all
	Date   string         // which of the reward's dates; empty if it has none
	Commit bool           // at once, without a hold

	Household bool     // draw on the others of the household where the member's own points are not enough
	Address   *Address // where to send it; nil if nothing is sent, or nobody said
}

// An Adjustment corrects a balance by hand, under an id that the caller derived.
type Adjustment struct {
	ID     string
	Member loyalty.MemberID
	Wallet string         // empty for that of points
	Points loyalty.Points // above or below zero
	Reason string
}

// An AdjustmentResult is the entry of an adjustment.
type AdjustmentResult struct {
	Entry    loyalty.Entry
	Replayed bool
}
