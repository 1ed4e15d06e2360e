package ledger

import (
	"context"
	"sync"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// Turns makes the commands of one account in this process take turns, so that they do not decide from an account that
// another command is about to replace. A turn ends when the table has applied the command's write, which may be before
// the write is durable (see table.OnApplied). The next command continues from the account of this write. The zero value
// is ready to use.
//
// Correctness does not depend on turns, because every write is conditional. Commands over several accounts, and
// commands that only advance an account, do not take turns.
type Turns struct {
	mu     sync.Mutex
	queues map[table.Key]*queue // the queues of accounts that have commands, by the key of the account
}

// A queue contains the commands of one account.
type queue struct {
	key    table.Key     // the key of the account
	taken  chan struct{} // contains a value while a command has its turn
	users  int           // the number of commands that are waiting for their turn or still running; guarded by Turns.mu
	latest table.Item    // the account as the last command has written it; Version 0 if unknown. Guarded by taken
}

// A turn is the place of one command in the queue of its account. A nil turn belongs to a command that does not take
// turns.
type turn struct {
	*queue
	turns *Turns
	ended bool
}

// begin waits for the turn of a command. The caller must call leave.
func (ts *Turns) begin(ctx context.Context, account table.Key) (*turn, error) {
	ts.mu.Lock()
	q := ts.queues[account]
	if q == nil {
		if ts.queues == nil {
			ts.queues = map[table.Key]*queue{}
		}
		q = &queue{key: account, taken: make(chan struct{}, 1)}
		ts.queues[account] = q
	}
	q.users++
	ts.mu.Unlock()
	select {
	case q.taken <- struct{}{}:
		return &turn{queue: q, turns: ts}, nil
	case <-ctx.Done():
		ts.leave(q)
		return nil, ctx.Err()
	}
}

// leave removes a command from its queue.
func (ts *Turns) leave(q *queue) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if q.users--; q.users == 0 {
		delete(ts.queues, q.key)
	}
}

// end ends the turn, unless it has ended. The next command begins its turn.
func (t *turn) end() {
	if !t.ended {
		t.ended = true
		<-t.taken
	}
}

// leave ends the turn and removes the command from the queue. It is called when the command returns, so that the queue
// keeps the account until it is durable.
func (t *turn) leave() {
	if t != nil {
		t.end()
		t.turns.leave(t.queue)
	}
}

// account returns the account as the previous command has written it. Its Version is 0 if it is unknown.
func (t *turn) account() table.Item {
	if t == nil {
		return table.Item{}
	}
	return t.latest
}

// write returns the context for a transaction. When the transaction is applied, the turn ends, and the next command
// continues from the account that it wrote.
func (t *turn) write(ctx context.Context, ops []table.Op) context.Context {
	if t == nil || t.ended {
		return ctx
	}
	return table.OnApplied(ctx, func() {
		for _, op := range ops {
			if op.Kind == table.OpPut && op.Item.Key == t.key {
				t.latest = op.Item
				t.latest.Version++
			}
		}
		t.end()
	})
}
