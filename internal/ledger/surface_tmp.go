package ledger

import (
	"context"
	"iter"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Enrol creates a member. already_exists if one of the identities is taken; idempotency_key_reused if the id is, by another input.
func (l *Ledger) Enrol(ctx context.Context, p *loyalty.Program, in Enrolment, by By) (Member, error) {
	panic("soon")
}

// Member reads a member, brought up to now in memory. not_found if there is none in the program.
func (l *Ledger) Member(ctx context.Context, p *loyalty.Program, id loyalty.MemberID) (Member, error) {
	panic("soon")
}

// FindMember resolves an identity; not_found if nobody has it.
func (l *Ledger) FindMember(ctx context.Context, program string, id Identity) (loyalty.MemberID, error) {
	panic("soon")
}

// ChangeProfile stores p as the next version of what was read, and moves the identities that changed.
func (l *Ledger) ChangeProfile(ctx context.Context, program string, p Profile, gone, come []Identity) error {
	panic("soon")
}

// PutOrder brings the points of an order up to what it is now.
func (l *Ledger) PutOrder(ctx context.Context, p *loyalty.Program, o loyalty.Order, by By) (OrderResult, error) {
	panic("soon")
}

// Order reads the latest revision of an order, with the entries of all its revisions.
func (l *Ledger) Order(ctx context.Context, program, id string) (OrderResult, error) { panic("soon") }

// Quote says what an order would earn and which rewards could be had now; it writes nothing. An order without a member is a guest's.
func (l *Ledger) Quote(ctx context.Context, p *loyalty.Program, o loyalty.Order) (loyalty.Quote, error) {
	panic("soon")
}

// Redeem reserves a reward, or takes it at once.
func (l *Ledger) Redeem(ctx context.Context, p *loyalty.Program, in RedemptionRequest, by By) (RedemptionResult, error) {
	panic("soon")
}

// Redemption reads a redemption as it is now.
func (l *Ledger) Redemption(ctx context.Context, program, id string) (RedemptionResult, error) {
	panic("soon")
}

// Commit spends what a redemption holds.
func (l *Ledger) Commit(ctx context.Context, p *loyalty.Program, id string, by By) (RedemptionResult, error) {
	panic("soon")
}

// Cancel returns what a redemption holds to the lots that it came from.
func (l *Ledger) Cancel(ctx context.Context, p *loyalty.Program, id string, by By) (RedemptionResult, error) {
	panic("soon")
}

// Adjust corrects a balance by hand.
func (l *Ledger) Adjust(ctx context.Context, p *loyalty.Program, in Adjustment, by By) (AdjustmentResult, error) {
	panic("soon")
}

// Statement yields a member's entries, newest first, from the one before sequence `before` (zero: from the newest) on.
func (l *Ledger) Statement(ctx context.Context, program string, m loyalty.MemberID, before int64) iter.Seq2[loyalty.Entry, error] {
	panic("soon")
}

// Entry reads one entry of a member by its id; not_found also for another member's.
func (l *Ledger) Entry(ctx context.Context, program string, m loyalty.MemberID, id string) (loyalty.Entry, error) {
	panic("soon")
}

// Advance writes down what has become due of a member, and reports how many entries that made.
func (l *Ledger) Advance(ctx context.Context, p *loyalty.Program, m loyalty.MemberID) (int, error) {
	panic("soon")
}

// Due yields the members of one shard (0 to Shards-1) whose accounts were due at now.
func (l *Ledger) Due(ctx context.Context, program string, shard int, now time.Time) iter.Seq2[loyalty.MemberID, error] {
	panic("soon")
}

// Shards is how many parts the due queue has.
const Shards = 16

// A Published is one version of a program's file.
type Published struct {
	Program string
	Version int // from 1
	Source  []byte
	At      time.Time
	By      string
}

// Publish stores source as the version after `after` (zero for the first) and makes it the live one. already_exists if another was published meanwhile.
func (l *Ledger) Publish(ctx context.Context, in Published, after int) error { panic("soon") }

// Live is the number of the live version; zero if none was published.
func (l *Ledger) Live(ctx context.Context, program string) (int, error) { panic("soon") }

// Published reads one version; not_found if there is none.
func (l *Ledger) Published(ctx context.Context, program string, version int) (Published, error) {
	panic("soon")
}

// PublishedVersions yields the versions, newest first.
func (l *Ledger) PublishedVersions(ctx context.Context, program string) iter.Seq2[Published, error] {
	panic("soon")
}

// Draft reads the draft's source (nil if there is none) and its version; SaveDraft stores the next one.
func (l *Ledger) Draft(ctx context.Context, program string) ([]byte, int64, error) { panic("soon") }
func (l *Ledger) SaveDraft(ctx context.Context, program string, source []byte, version int64) error {
	panic("soon")
}
