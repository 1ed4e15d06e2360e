package tabletest

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// Units are the request units that DynamoDB bills on demand.
type Units struct{ Read, Write float64 }

// A Usage is the use of a table that a Meter counted.
type Usage struct {
	Units
	Calls int // requests to DynamoDB
	Steps int // of these, the ones that follow one another; zero unless Meter.Bubble is set
	Items int // items that were read, also those that the caller did not ask for
}

// Meter is a Table that counts what each call would use in DynamoDB through dynamotable, whatever table it
// wraps. It is a calculator of our own, because DynamoDB Local reports the same for every transaction.
//
// Units, from the Amazon DynamoDB Developer Guide ("Read and write operations", "Transactions: how it works",
// "Using Global Secondary Indexes"), by the sizes that Size counts:
//
//   - A write is a unit for each KB begun of the larger of the old and the new item. One whose condition fails
//     is billed by the item that is there, at least one unit.
//   - In a transaction each operation is twice that, a check as well (the guide does not say so; it was
//     measured: https://martinhicks.dev/articles/what-a-conditional-dynamodb-transaction-costs). dynamotable
//     sends a lone Put or Delete as a plain write, a lone Check as a read, and a lone Add as a transaction; a
//     transaction with an Add that is to make its item is sent a second time.
//   - The index costs extra: a unit for each KB begun when an entry is added or removed, two when an entry
//     moves, none when it stays. A transaction does not double it.
//   - A consistent read is a unit for each 4 KB begun, also of an absent item. A page of the base table is
//     rounded up once. A page of the index costs half a unit for each 4 KB of entries, and one consistent read for
//     each item.
//
// Items are all items of the pages that were read. A page of the base table ends at the query's limit or at 1 MB,
// and a page of the index at the query's limit or at 100 entries, which is what dynamotable asks for. A caller
// that stops early has read the whole page, and pays for it.
//
// Calls are requests: one for each Get, each Transact and each page of the base table, two for a page of the index
// (its entries, then their items), two for a transaction that is sent a second time.
//
// Steps are the calls that a caller waits for one after the other. The first call begins a step. A call begins the
// next step if it starts after a call of the current step has returned; calls that start before that overlap
// and count as one step. So the number of steps is the length of the longest chain of calls.
//
// Steps do not depend on the scheduler: with Bubble set, each call takes one millisecond of the clock of a
// testing/synctest bubble. That clock moves only once every goroutine of the bubble waits, so that all calls that are made
// in parallel have started before the first one returns.
//
// A Meter reads the items before a write to know their sizes, so its count is exact only while nobody else writes
// them. It does not count the attempts that dynamotable repeats.
type Meter struct {
	Table  table.Table
	Bubble bool // count steps; the callers and the table must be in one testing/synctest bubble

	mu    sync.Mutex
	usage Usage
	ends  time.Time // when the calls of the current step return
}

// callTime is the time that a call takes on the clock of a bubble.
const callTime = time.Millisecond

// What dynamotable reads at a time.
const (
	basePage  = 1 << 20 // bytes
	indexPage = 100     // entries
)

var _ table.Table = (*Meter)(nil)

// Take returns what was counted since the last Take.
func (m *Meter) Take() Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.usage
	m.usage = Usage{}
	return taken
}

func (m *Meter) count(read, write float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.usage.Read += read
	m.usage.Write += write
}

func (m *Meter) countRead(items int, units float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.usage.Items += items
	m.usage.Read += units
}

// call counts a request to DynamoDB, and lets it take its time.
func (m *Meter) call() {
	m.mu.Lock()
	m.usage.Calls++
	if !m.Bubble {
		m.mu.Unlock()
		return
	}
	if now := time.Now(); !now.Before(m.ends) {
		m.usage.Steps++
		m.ends = now.Add(callTime)
	}
	m.mu.Unlock()
	time.Sleep(callTime)
}

// Get implements table.Table.
func (m *Meter) Get(ctx context.Context, key table.Key) (table.Item, error) {
	m.call()
	it, err := m.Table.Get(ctx, key)
	if err == nil {
		m.countRead(int(min(it.Version, 1)), readUnits(Size(it)))
	}
	return it, err
}

// Query implements table.Table. It reads a page ahead, as dynamotable does.
func (m *Meter) Query(ctx context.Context, q table.Query) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		var page []table.Item
		bytes, rows := 0, 0
		m.call()
		for it, err := range m.Table.Query(ctx, q) {
			if err != nil {
				if yieldAll(page, yield) {
					yield(it, err)
				}
				return
			}
			page, rows = append(page, it), rows+1
			bytes += rowSize(q, it)
			if rows == q.Limit || bytes < basePage && (!q.Index || len(page) < indexPage) {
				continue
			}
			m.countPage(q, page, bytes)
			if !yieldAll(page, yield) {
				return
			}
			page, bytes = nil, 0
			m.call() // the caller wants more, whether there is more or not
		}
		m.countPage(q, page, bytes)
		yieldAll(page, yield)
	}
}

func yieldAll(items []table.Item, yield func(table.Item, error) bool) bool {
	for _, it := range items {
		if !yield(it, nil) {
			return false
		}
	}
	return true
}

// rowSize returns the size of an item in the page of a query: its entry in the index, or the item itself.
func rowSize(q table.Query, it table.Item) int {
	if q.Index {
		return entrySize(it)
	}
	return Size(it)
}

// countPage counts a page and, for a page of the index, the request that reads its items.
func (m *Meter) countPage(q table.Query, page []table.Item, bytes int) {
	if !q.Index {
		m.countRead(len(page), readUnits(bytes))
		return
	}
	units := readUnits(bytes) / 2
	for _, it := range page {
		units += readUnits(Size(it))
	}
	m.countRead(len(page), units)
	if len(page) > 0 {
		m.call()
	}
}

// Transact implements table.Table.
func (m *Meter) Transact(ctx context.Context, ops ...table.Op) error {
	before := m.peek(ctx, ops)
	m.call()
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

// peek reads the items of the operations without counting.
func (m *Meter) peek(ctx context.Context, ops []table.Op) []table.Item {
	items := make([]table.Item, len(ops))
	for i, op := range ops {
		if it, err := m.Table.Get(ctx, op.Item.Key); err == nil {
			items[i] = it
		}
	}
	return items
}

// bill counts operations by their items before and after. Where a condition failed both are the same.
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
	if units *= attempts; attempts > 1 {
		m.call()
	}
	for i := range ops {
		units += indexUnits(before[i], after[i])
	}
	m.count(0, units)
}

// indexUnits returns the write units of the index when one item replaces the other.
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
