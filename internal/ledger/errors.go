package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// ErrTryAgain means that other writers repeatedly changed the same items, or that the table temporarily rejected the
// command. The command may have been committed. Repeating the same command is safe.
var ErrTryAgain = errors.New("ledger: try again")

// RevisionExists means that the revision that a command was about to write exists already.
type RevisionExists struct{ Item table.Item }

func (RevisionExists) Error() string { return "ledger: the cause already has this revision" }

// ErrStaleRead means that an account was read before the revision that the command starts from was written.
var ErrStaleRead = errors.New("ledger: the account was read too early")

// A MissingMemberError names a member whose account the command also changes and must therefore read.
type MissingMemberError loyalty.MemberID

func (MissingMemberError) Error() string { return "ledger: the command also changes another account" }

// Busy reports whether a command that failed with err may succeed soon and is safe to repeat: the ledger or the table
// was busy, or the caller's context ended.
func Busy(err error) bool {
	return errors.Is(err, ErrTryAgain) || errors.Is(err, table.ErrBusy) || errors.Is(err, table.ErrUnknown) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// IsConflict reports whether another command was written first, so that the command must be decided again.
func IsConflict(err error) bool {
	_, exists := errors.AsType[RevisionExists](err)
	_, conflict := errors.AsType[*table.ConflictError](err)
	return exists || conflict
}

// Retryable converts the table's ErrBusy and ErrUnknown to ErrTryAgain. Repeating the command is safe and shows whether
// it was written.
func Retryable(err error) error {
	if errors.Is(err, table.ErrBusy) || errors.Is(err, table.ErrUnknown) {
		return fmt.Errorf("%w: %w", ErrTryAgain, err)
	}
	return err
}

func NotFound(what string) error {
	return &loyalty.Error{Code: loyalty.NotFound, Detail: "Unknown " + what + "."}
}

func KeyReused() error {
	return &loyalty.Error{
		Code:   loyalty.KeyReused,
		Detail: "The idempotency key was used for another request. Use a new key for a new request.",
	}
}
