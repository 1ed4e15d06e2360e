package service_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A conflicting table counts the transactions that conflict.
type conflicting struct {
	table.Table
	conflicts *atomic.Int64
}

func (t conflicting) Transact(ctx context.Context, ops ...table.Op) error {
	err := t.Table.Transact(ctx, ops...)
	if errors.As(err, new(*table.ConflictError)) {
		t.conflicts.Add(1)
	}
	return err
}

// With turns, orders of one member that arrive at the same time hardly ever conflict, and have the effect of orders
// that arrive one after another.
func TestCommandsInTurnsHardlyConflict(t *testing.T) {
	const orders = 200
	m := servicetest.Member(1)
	one := newBench(t, servicetest.Memory(t))
	one.Enroll(t, m)
	for i := range orders {
		one.Put(t, one.Order(fmt.Sprint(i), m, 1_000))
	}

	var conflicts atomic.Int64
	b := newBench(t, conflicting{servicetest.Memory(t), &conflicts})
	b.Turns = new(ledger.Turns)
	b.Enroll(t, m)
	servicetest.Spread(16, orders, func(i int) { b.Put(t, b.Order(fmt.Sprint(i), m, 1_000)) })
	if n := conflicts.Load(); n > orders/10 {
		t.Errorf("%d of %d orders conflicted", n, orders)
	}
	b.WantBalance(t, m, one.Balance(t, m))
	b.Audit(t, m)
}
