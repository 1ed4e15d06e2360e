// Package ledger stores the accounts. It reads the inputs of a command, lets package loyalty decide, commits the result
// once, and decides again if another writer was first. It owns the key schema of the table.
//
// Every cause has its effect once. A cause is a partition of revisions. Each revision is written on the condition that
// it is absent, in one transaction with the account. Therefore a repeated command finds the entry that the first one
// wrote and returns it; no separate idempotency record is needed. An outcome that moves no points (a rejection because
// of insufficient points, or the order of a guest) is also a revision of its cause, but is not part of the account's
// sequence and needs no write of the account.
//
// A conflict with another writer is never returned to a caller as a rejection. The command is decided again several
// times, and then returns ErrTryAgain. If a command concerns several members, either all of their accounts change in
// one transaction, or none does.
//
// The file of a resource, such as order.go, builds a Command. Execute (execute.go) runs it: commit.go reads the
// accounts, calls the pure decision, commits once and retries on conflicts. Package stored contains the forms and keys
// of items.
//
// The package deliberately contains no rules (see loyalty), no HTTP (see api) and no storage engine (see table).
package ledger

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// ErrTryAgain means that other writers repeatedly changed the same items, or that the table temporarily rejected the
// command. The command may or may not have been committed. Repeating the same command is safe.
var ErrTryAgain = errors.New("ledger: try again")

// Busy reports whether a command that failed with err may succeed soon and is safe to repeat: the ledger or the table
// was busy, or the caller's context ended.
func Busy(err error) bool {
	return errors.Is(err, ErrTryAgain) || errors.Is(err, table.ErrBusy) || errors.Is(err, table.ErrUnknown) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// A Ledger stores the accounts of every program in one table. Its methods are safe for concurrent use.
type Ledger struct {
	Table  table.Table
	Now    func() time.Time
	Random io.Reader // source of codes; nil for crypto/rand

	// Program returns a published version of a program. It is needed because an order keeps the rules of its first
	// revision.
	Program func(ctx context.Context, id string, version int) (*loyalty.Program, error)

	// Versions returns the schedule of a program's versions and the time at which it was read, which may be a moment
	// ago. If Versions is nil, the version that a command is called with counts as live at all times.
	Versions func(ctx context.Context, id string) (Schedule, time.Time, error)
}

// By identifies the actor and the content of a command, so that a repetition can be distinguished from another command
// with the same ID.
type By struct {
	Actor string // the ID of an API key, or another actor; stored in the entry
	Input string // a fingerprint of the whole command; empty if the command has a natural identity
}

// A Profile has the personal data of a member. It is stored separately from the account, which is pseudonymous.
type Profile struct {
	Member     loyalty.MemberID
	ExternalID string // the merchant's ID of the person; unique in the program; may be empty
	Email      string
	Phone      string `json:",omitzero"` // E.164; if empty, not part of fingerprints, as before the field existed
	Name       string
	Locale     string // BCP 47
	Timezone   string // IANA; empty for the program's
	Birthday   string // 2006-01-02; may be empty
	YearFrom   string // 01-02: start of the member's own membership year; may be empty
	Version    int64  // as read
}

// A Member is an account, advanced to the present, with the profile.
type Member struct {
	Account  loyalty.Account
	Profile  Profile
	Replayed bool // the member had already been enrolled

	Household string // household that the member has joined; empty if none, or in a program without households

	// Unwritten has the account's latest entries if they could not be written yet; see CurrentMember.
	Unwritten []loyalty.Entry
}

// An Enrolment requests a new member. The caller derives the ID.
type Enrolment struct {
	Member     loyalty.MemberID
	Profile    Profile
	Segments   []string
	Identities []stored.Identity
	Consents   []remind.Consent
	Code       string // the referral code that the member used; may be empty
}

// An OrderResult is an order and the points that it currently earns, as of one revision.
type OrderResult struct {
	State    loyalty.OrderState
	Revision int
	Entries  []loyalty.Entry // the entries of this revision
	Balance  loyalty.Balance // after the entries
	Replayed bool

	Superseded bool // the request was older than this state and changed nothing
}

// A RedemptionResult is a redemption as of one revision. It accompanies the error of a recorded rejection, so that the
// caller sees Replayed.
type RedemptionResult struct {
	Member     loyalty.MemberID
	Redemption loyalty.Redemption
	Entry      loyalty.Entry
	Balance    loyalty.Balance
	Replayed   bool
	Written    bool // the revision was written by this call
}

// A RedemptionRequest requests a reward. The caller derives the ID.
type RedemptionRequest struct {
	ID     string
	Member loyalty.MemberID
	Reward string
	Wallet string // the wallet that pays; empty for the points wallet
	Order  string
	Cart   string         // another redemption for the same cart replaces this one
	Total  loyalty.Money  // the order's total
	Points loyalty.Points // for redeem.PayReward: the maximum number of points; zero for all
	Date   string         // one of the reward's dates; empty if it has none
	Commit bool           // commit at once, without a reservation

	Household bool     // use points of the other household members if the member's own points are insufficient
	Address   *Address // where to send the reward; nil if nothing is sent, or no address was given
}

// An Adjustment corrects a balance manually. The caller derives the ID.
type Adjustment struct {
	ID     string
	Member loyalty.MemberID
	Wallet string         // empty for the points wallet
	Points loyalty.Points // positive or negative
	Reason string
}

// An AdjustmentResult is the entry of an adjustment.
type AdjustmentResult struct {
	Entry    loyalty.Entry
	Replayed bool
}
