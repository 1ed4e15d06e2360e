package tabletest

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// Units contains the request units that DynamoDB bills with on-demand capacity.
type Units struct{ Read, Write float64 }

// A Usage contains the requests and units that a Meter counted.
type Usage struct {
	Units
	Calls int // number of requests to DynamoDB
	Steps int // length of the longest chain of successive requests; zero unless Meter.Bubble is set
	Items int // number of items read, including those that the caller did not request
}

// Meter wraps a Table and counts the requests and units that each call would use in DynamoDB through dynamotable. It
// calculates the units itself, because DynamoDB Local reports the same usage for every transaction.
//
// The calculation follows the Amazon DynamoDB Developer Guide ("Read and write operations", "Transactions: how it
// works", "Using Global Secondary Indexes"), with the sizes that the function Size returns:
//
//   - A write costs one unit per started KB of the larger of the old and the new item. A write whose condition
//     fails costs the units of the stored item, and at least one.
//   - Each operation of a transaction costs twice as much, including a check (the guide does not state this; see
//     the measurement at https://martinhicks.dev/articles/what-a-conditional-dynamodb-transaction-costs).
//     dynamotable sends a single Put or Delete as a plain write, a single Check as a read, and a single Add as a
//     transaction. It sends a transaction twice if an Add must create its item.
//   - The index costs one unit per started KB for an entry that is added or removed, two for an entry that moves,
//     and none for an unchanged entry. A transaction does not double this cost.
//   - A consistent read costs one unit per started 4 KB. An absent item costs one unit. The size of a page of the
//     base table is rounded up once. A page of the index costs half a unit per started 4 KB of entries, and one
//     consistent read for each item.
//
// Items counts all items of the pages that were read. A page of the base table ends at the query's limit or at 1 MB. A
// page of the index ends at the query's limit or at 100 entries, the limit that dynamotable requests. A caller that
// stops early has read the whole page, and pays for it.
//
// Calls counts requests: one for each Get, each Transact and each page of the base table, two for a page of the index
// (its entries, then their items), and two for a transaction that is sent twice.
//
// Steps counts the calls that run one after the other, because each one starts after an earlier one has returned. The
// first call begins a step. If a call starts after a call of the current step has returned, it begins the next step.
// Calls that start earlier run in parallel and belong to the same step. The number of steps is therefore the length of
// the longest chain of calls.
//
// Steps do not depend on the scheduler. With Bubble set, each call takes one millisecond on the clock of a
// testing/synctest bubble. This clock advances only when every goroutine of the bubble waits, so all parallel calls
// have started before the first one returns.
//
// A Meter reads the items before a write to determine their sizes, so its count is exact only without concurrent
// writers. It does not count the retries of dynamotable.
type Meter struct {
	Table  table.Table
	Bubble bool // true to count steps; the callers and the table must be in one testing/synctest bubble

	mu    sync.Mutex
	usage Usage
	ends  time.Time // the time at which the calls of the current step return
}

// callTime is the duration of each call on the clock of a bubble.
const callTime = time.Millisecond

// These constants are the page sizes of dynamotable.
const (
	basePage  = 1 << 20 // in bytes
	indexPage = 100     // in entries
)

var _ table.Table = (*Meter)(nil)

// Take returns the usage since the last Take.
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

// call counts a request to DynamoDB. In a bubble, it also waits for the duration of the request.
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

// Query implements table.Table. Like dynamotable, it reads a complete page before it yields the first item of the page.
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
			m.call() // the caller requests the next page, even if that page is empty
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

// rowSize returns the size of an item in a page of a query. For the index, it is the size of the item's entry.
func rowSize(q table.Query, it table.Item) int {
	if q.Index {
		return entrySize(it)
	}
	return Size(it)
}

// countPage counts a page of a query. For a page of the index, it also counts the request that reads the items.
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

// peek reads the items of the operations. These reads are not counted.
func (m *Meter) peek(ctx context.Context, ops []table.Op) []table.Item {
	items := make([]table.Item, len(ops))
	for i, op := range ops {
		if it, err := m.Table.Get(ctx, op.Item.Key); err == nil {
			items[i] = it
		}
	}
	return items
}

// bill counts the units of operations. It calculates the units from the items before and after the call. If a condition
// failed, both lists contain the same items.
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

// indexUnits returns the write units that the index needs when one item replaces another.
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
