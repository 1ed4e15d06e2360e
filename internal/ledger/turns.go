package ledger

import (
	"context"
	"sync"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
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
	mu    sync.Mutex
	queue map[table.Key]*turn // by the key of the account; only accounts with a command
}

// A turn is the queue of one account.
type turn struct {
	key    table.Key
	taken  chan struct{} // contains a value while a command has its turn
	users  int           // the commands that wait for their turn or have not returned; guarded by Turns.mu
	latest table.Item    // the account as the last command has written it; Version 0 if unknown. Guarded by taken
}

// begin waits for the command's turn.
func (ts *Turns) begin(ctx context.Context, account table.Key) (*turn, error) {
	ts.mu.Lock()
	t := ts.queue[account]
	if t == nil {
		if ts.queue == nil {
			ts.queue = map[table.Key]*turn{}
		}
		t = &turn{key: account, taken: make(chan struct{}, 1)}
		ts.queue[account] = t
	}
	t.users++
	ts.mu.Unlock()
	select {
	case t.taken <- struct{}{}:
		return t, nil
	case <-ctx.Done():
		ts.leave(t)
		return nil, ctx.Err()
	}
}

// leave removes a command from the queue, after its turn.
func (ts *Turns) leave(t *turn) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(ts.queue, t.key)
	}
}

// takeTurn waits for the turn of a command that decides about one account. The caller must call leaveQueue.
func (x *execution) takeTurn(ctx context.Context) (err error) {
	if x.Turns == nil || x.c.Decide == nil || len(x.c.Others) > 0 {
		return nil
	}
	x.turn, err = x.Turns.begin(ctx, stored.AccountKey(x.c.Program.ID, x.c.Member))
	x.hasTurn = err == nil
	return err
}

// endTurn ends the turn, if the command still has it. The next command begins its turn.
func (x *execution) endTurn() {
	if x.hasTurn {
		x.hasTurn = false
		<-x.turn.taken
	}
}

// leaveQueue ends the turn and removes the command from the queue. It is called when the command returns, so that the
// queue keeps the account until it is durable.
func (x *execution) leaveQueue() {
	x.endTurn()
	if x.turn != nil {
		x.Turns.leave(x.turn)
	}
}

// applied ends the turn after the operations were applied, and leaves the account to the next command.
func (x *execution) applied(ops []table.Op) {
	for _, op := range ops {
		if op.Kind == table.OpPut && op.Item.Key == x.turn.key {
			x.turn.latest = op.Item
			x.turn.latest.Version++
		}
	}
	x.endTurn()
}
