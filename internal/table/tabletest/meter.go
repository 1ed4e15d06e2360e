package tabletest

import (
	"context"
	"errors"
	"iter"
	"sync"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// Units are the request units that DynamoDB bills on demand.
type Units struct{ Read, Write float64 }

// Meter is a Table that counts what each call would cost in DynamoDB through dynamotable, whatever table it
// wraps. It is a calculator of our own, because DynamoDB Local reports the same for every transaction.
//
// The rules, from the Amazon DynamoDB Developer Guide ("Read and write operations", "Transactions: how it
// works", "Using Global Secondary Indexes"), by the sizes that Size counts:
//
//   - A write is a unit for each KB begun of the larger of the old and the new item. One whose condition fails
//     is billed by the item that is there, at least one unit.
//   - In a transaction each operation is twice that, a check as well (the guide does not say so; it was
//     measured: https://martinhicks.dev/articles/what-a-conditional-dynamodb-transaction-costs). dynamotable
//     sends a lone Put or Delete as a plain write, a lone Check as a read, and a lone Add as a transaction; a
//     transaction with an Add that is to make its item is sent a second time.
//   - The index is written besides, at a unit for each KB begun: once for an entry that is made or removed, twice
//     for one that moves, not at all for one that stays, and never twice for being in a transaction.
//   - A consistent read is a unit for each 4 KB begun, also of what is absent. A list of the base table is
//     rounded up once; one of the index costs half a unit for each 4 KB of entries, by the 100 that dynamotable
//     asks for at a time, and one consistent read for each item.
//
// It reads the items before a write to know their sizes, so its count is exact only while nobody else writes
// them; it counts what was yielded, not what a page had beyond that; and no attempt that dynamotable repeats.
type Meter struct {
	Table table.Table

	mu    sync.Mutex
	units Units
}

var _ table.Table = (*Meter)(nil)

// Take returns what was counted since the last Take.
func (m *Meter) Take() Units {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.units
	m.units = Units{}
	return taken
}

func (m *Meter) count(read, write float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.units.Read += read
	m.units.Write += write
}

// Get implements table.Table.
func (m *Meter) Get(ctx context.Context, key table.Key) (table.Item, error) {
	it, err := m.Table.Get(ctx, key)
	if err == nil {
		m.count(readUnits(Size(it)), 0)
	}
	return it, err
}

// Query implements table.Table.
func (m *Meter) Query(ctx context.Context, q table.Query) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		rows, bytes := 0, 0
		defer func() { m.countPage(q, rows == 0, bytes) }()
		for it, err := range m.Table.Query(ctx, q) {
			if err == nil {
				if q.Index && rows > 0 && rows%100 == 0 {
					m.countPage(q, false, bytes)
					bytes = 0
				}
				rows++
				bytes += m.row(q, it)
			}
			if !yield(it, err) {
				return
			}
		}
	}
}

// row counts the read that follows an entry of the index, and returns what the row itself adds to its page.
func (m *Meter) row(q table.Query, it table.Item) int {
	if !q.Index {
		return Size(it)
	}
	m.count(readUnits(Size(it)), 0)
	return entrySize(it)
}

func (m *Meter) countPage(q table.Query, empty bool, bytes int) {
	units := readUnits(bytes)
	if bytes == 0 && !empty {
		units = 0
	}
	if q.Index {
		units /= 2
	}
	m.count(units, 0)
}

// Transact implements table.Table.
func (m *Meter) Transact(ctx context.Context, ops ...table.Op) error {
	before := m.peek(ctx, ops)
	err := m.Table.Transact(ctx, ops...)
	var conflict *table.ConflictError
	switch {
	case errors.As(err, &conflict):
		m.bill(ops, before, before)
	case err == nil:
		m.bill(ops, before, m.peek(ctx, ops))
	}
	return err
}

// peek reads the items of the operations, unbilled.
func (m *Meter) peek(ctx context.Context, ops []table.Op) []table.Item {
	items := make([]table.Item, len(ops))
	for i, op := range ops {
		if it, err := m.Table.Get(ctx, op.Item.Key); err == nil {
			items[i] = it
		}
	}
	return items
}

// bill counts the operations that made the items what they are after. Where a condition failed they are the same.
func (m *Meter) bill(ops []table.Op, before, after []table.Item) {
	if len(ops) == 1 && ops[0].Kind == table.OpCheck {
		m.count(readUnits(Size(before[0])), 0)
		return
	}
	times, attempts := 2.0, 1.0
	if len(ops) == 1 && ops[0].Kind != table.OpAdd {
		times = 1
	}
	units := 0.0
	for i, op := range ops {
		units += times * writeUnits(max(Size(before[i]), Size(after[i])))
		if op.Kind == table.OpAdd && before[i].Version == 0 && after[i].Version > 0 {
			attempts = 2
		}
	}
	units *= attempts
	for i := range ops {
		units += indexUnits(before[i], after[i])
	}
	m.count(0, units)
}

// indexUnits is what the index costs when one item becomes the other.
func indexUnits(before, after table.Item) float64 {
	if before.Index == after.Index {
		return 0
	}
	units := 0.0
	for _, it := range []table.Item{before, after} {
		if size := entrySize(it); size > 0 {
			units += writeUnits(size)
		}
	}
	return units
}

func readUnits(bytes int) float64  { return float64(max(1, (bytes+4095)/4096)) }
func writeUnits(bytes int) float64 { return float64(max(1, (bytes+1023)/1024)) }
