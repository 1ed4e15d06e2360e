package ledger

import (
	"context"
	"errors"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// TestRejectionInATurnReadsTheAccountAgain lets the previous command of the turn leave an account that another process
// has replaced. A rejection that was decided from it must be decided again.
func TestRejectionInATurnReadsTheAccountAgain(t *testing.T) {
	b := newBook(t)
	key := stored.AccountKey("p", "mem_ada")
	old, err := b.Table.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	b.grant(t) // by another process

	b.Turns = new(Turns)
	previous, err := b.Turns.begin(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	previous.latest = old
	rejection := &loyalty.Error{Code: loyalty.InsufficientPoints}
	var seen []int64
	answer := make(chan error)
	go func() {
		_, err := b.Execute(t.Context(), Command{
			Program: b.p,
			Member:  "mem_ada", Decide: Single(func(acc loyalty.Account, _ Inputs) (posting.Outcome, error) {
				seen = append(seen, acc.Sequence)
				return posting.Outcome{Account: acc}, rejection
			}),
		})
		answer <- err
	}()
	previous.leave()
	if err := <-answer; !errors.Is(err, loyalty.InsufficientPoints) {
		t.Errorf("the command returned %v", err)
	}
	if len(seen) == 0 || seen[len(seen)-1] != 2 {
		t.Errorf("the command decided from the accounts with the sequence numbers %v, the last one must be 2", seen)
	}
	if len(b.Turns.queues) > 0 {
		t.Errorf("%d accounts are still queued", len(b.Turns.queues))
	}
}

// A command whose context ends while it waits leaves the queue.
func TestWaitForATurnEndsWithTheContext(t *testing.T) {
	var ts Turns
	key := stored.AccountKey("p", "mem_ada")
	first, err := ts.begin(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ts.begin(ctx, key); !errors.Is(err, context.Canceled) {
		t.Errorf("the second command got %v", err)
	}
	other, err := ts.begin(t.Context(), stored.AccountKey("p", "mem_eve"))
	if err != nil {
		t.Fatal(err)
	}
	other.leave()
	first.leave()
	if len(ts.queues) > 0 {
		t.Errorf("%d accounts are still queued", len(ts.queues))
	}
}
