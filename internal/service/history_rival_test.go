package service_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A rival is a table that sometimes lets another request write between the reads and the write of a command. Therefore
// every kind of conflict happens, one at a time, and a seed reproduces it.
type rival struct {
	table.Table
	rng  *rand.Rand
	race func()
	same func() error // the current command, to be repeated by another request; nil for none
	busy bool
	won  int
}

// Transact implements table.Table.
func (r *rival) Transact(ctx context.Context, ops ...table.Op) error {
	if !r.busy && r.same != nil && r.rng.IntN(12) == 0 {
		r.busy = true
		r.won++
		r.race()
		r.busy = false
	}
	return r.Table.Transact(ctx, ops...)
}

// race runs another command that may conflict with the current one.
func (h *history) race() {
	l, rng := h.quiet(), h.rival.rng
	var err error
	what := "the same"
	m := loyalty.MemberID("")
	if len(h.members) > 0 {
		m = h.members[rng.IntN(len(h.members))]
	}
	switch n := rng.IntN(6); {
	case n == 0 || m == "":
		err = h.rival.same()
	case n <= 2: // an order conflicts over the account and over budgets
		o := h.Bench.Order(fmt.Sprintf("r%d", h.rival.won), m, rng.Int64N(8_000))
		what = "order " + o.ID
		_, err = service.Orders{Ledger: l}.Put(h.t.Context(), h.P, o, ledger.By{Actor: "rival"})
	case n == 3:
		in := service.Adjustment{
			ID: h.key("adj_"), Member: m, Points: loyalty.Points(1 + rng.Int64N(50)), Reason: "rival",
		}
		what = "adjust " + in.ID
		_, err = service.Adjustments{Ledger: l}.Adjust(h.t.Context(), h.P, in, by(in.ID))
	case n == 4: // a transfer conflicts with commands of both members
		in := service.TransferRequest{ID: h.key("tr_"), From: m, To: h.members[rng.IntN(len(h.members))], Points: 5}
		what = "give " + in.ID
		_, err = service.Transfers{Ledger: l}.Create(h.t.Context(), h.P, in, by(in.ID))
	default:
		what = "time"
		_, err = l.Advance(h.t.Context(), h.P, m)
	}
	h.say("   rival: %s of %s: %v", what, m, err)
	if err != nil && !errors.As(err, new(*loyalty.Error)) && !errors.Is(err, ledger.ErrTryAgain) {
		h.t.Errorf("the rival's %s of %s: %v", what, m, err)
	}
}
