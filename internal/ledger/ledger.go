// Package ledger stores the accounts. It reads the inputs of a command, lets the rules of package loyalty decide,
// commits the result once, and decides again if another writer was first. It owns the key schema of the table.
//
// Every cause has its effect once. A cause is a partition of revisions. Each revision is written on the condition that
// it is absent, in one transaction with the account. Therefore a repeated command finds the entry that the first one
// wrote and returns it, and no separate idempotency record is needed. Some outcomes move no points, such as a rejection
// because of insufficient points, or the order of a guest. They are also revisions of their cause, but are not part of
// the account's sequence, so the account is not written.
//
// A conflict with another writer is never returned to a caller as a rejection. The command is decided again several
// times, and then returns ErrTryAgain. If a command concerns several members, either all of their accounts change in
// one transaction, or none does.
//
// Other packages build a Command for each resource: service for orders and redemptions, members for profiles and
// households, inventory for codes. Execute (execute.go) runs it: commit.go reads the accounts, commits once and retries
// on conflicts; plan.go calls the pure decision and collects the writes; effects.go writes the items that follow from
// entries. Package stored contains the forms and keys of items.
//
// The package deliberately contains no rules (see loyalty), no HTTP (see api) and no storage engine (see table).
package ledger

import (
	"context"
	"io"
	"time"

	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/switches"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Ledger stores the accounts of every program in one table. Its methods are safe for concurrent use.
type Ledger struct {
	Table  table.Table
	Now    func() time.Time
	Random io.Reader // the source of random codes; nil means crypto/rand

	// Program returns a published version of a program. It is needed because an order keeps the rules of its first
	// revision.
	Program func(ctx context.Context, id string, version int) (*loyalty.Program, error)

	// Versions returns the schedule of a program's versions and the time at which the schedule was read, which may be a
	// short time ago. If Versions is nil, the version that a command is called with counts as live at all times.
	Versions func(ctx context.Context, id string) (Schedule, time.Time, error)

	// Keyring encrypts personal data, and hashes the identifiers of persons in keys of the table.
	Keyring *keyring.Keyring

	// Turns makes the commands of one account take turns; nil if the process executes one command at a time.
	Turns *Turns
}

// By identifies the actor and the content of a command, so that a repetition can be distinguished from another command
// with the same ID.
type By struct {
	Actor string // the ID of an API key, or another actor; stored in the entry
	Input string // a fingerprint of the whole command; empty if the command has a natural identity

	Switch switches.Switch // the kill switch that the command obeys; not stored
}

// Time returns the current time, rounded down to milliseconds. Times are stored with this precision, so a stored time
// is read back unchanged.
func (l *Ledger) Time() time.Time { return l.Now().UTC().Truncate(time.Millisecond) }

// IdentityKey returns the key of the item that names the member with an identity. The key contains a keyed hash, so
// that the table's keys do not reveal identifiers.
func (l *Ledger) IdentityKey(program string, id stored.Identity) table.Key {
	return stored.IdentityKey(program, l.HashedIdentity(program, id))
}

// HashedIdentity returns an identity with a keyed hash as its value.
func (l *Ledger) HashedIdentity(program string, id stored.Identity) stored.Identity {
	return stored.Identity{Kind: id.Kind, Value: l.Keyring.Hash(program, id.Kind, id.Value)}
}

// Attempts is the maximum number of times that one command is decided. Each retry means that another command was
// written, so the account makes progress. A command that meets this many conflicts in a row returns ErrTryAgain.
const Attempts = 64

// timeActor is the actor of entries that record changes over time, such as expiries.
const timeActor = "time"
