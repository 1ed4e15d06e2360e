// Package table is the only way in which Perennial stores anything: versioned items in one table, read by
// key, listed by partition, and written all or none.
//
// It promises that there is no unconditional write. An Op carries the Item as it was read, and its version
// is the condition, so a lost update cannot be written down. The one exception, Add, changes a counter that
// nobody read and carries a floor instead.
//
// It deliberately has no scan, no filter, no secondary read path to trust, and no knowledge of points. The
// index lists keys only; whoever queries it gets items re-read by key. Adapters live beside it: dynamotable
// (Amazon DynamoDB) and pebbletable (one machine). The suite in tabletest is what both have to pass, and its
// Faulty makes any Table misbehave as the real ones do.
package table

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"
)

// A Key names an item. Both parts are non-empty UTF-8, at most 1,024 bytes each, and are ordered by their bytes.
type Key struct{ PK, SK string }

// IsZero reports whether the key names nothing.
func (k Key) IsZero() bool { return k == Key{} }

func (k Key) String() string { return k.PK + " / " + k.SK }

// An Item is what the table holds under one key.
type Item struct {
	Key     Key             // where it is
	Index   Key             // where the one index lists it; zero if it does not
	Version int64           // the version that was read; zero says that nothing was there
	Expires time.Time       // when the table may drop it, in whole seconds; zero if never. Never a rule about points
	Doc     json.RawMessage // a JSON object of at most 350 KB; numbers keep their digits, the order of names may change
}

// A Query lists one partition of the base table or of the index, in the byte order of the sort key.
type Query struct {
	PK       string // the partition
	Index    bool   // list the index's partition PK rather than the base table's
	From, To string // bounds of the sort key, both inclusive; "" leaves that side open
	Reverse  bool   // from the largest sort key down
	After    Item   // continue behind this item, which an earlier Query yielded; only its Key and Index matter
	Limit    int    // at most so many items; zero for no limit
}

// A Table stores items.
//
// Get is strongly consistent: it sees every Transact that returned before it began. Query over the base table
// is as well, item by item, but is no snapshot: it may see one item of a transaction and miss another. Query
// over the index may miss or repeat recent changes for a while; every item that it yields was re-read by key
// and still stood under that index key, so what it yields is true and what it omits may be late.
//
// Transact is serializable: it applies all operations or none, in one instant. Two operations of one call
// must not name the same key, and there are at most 100.
//
// All methods are safe for concurrent use, also for writing while a Query is being read.
type Table interface {
	// Get reads one item. An absent item is no error: it has Version 0, no Doc, and the Key asked for, so that
	// it can be handed to Put.
	Get(ctx context.Context, key Key) (Item, error)

	// Query yields the items lazily, page by page. The error, if any, comes with a zero Item and ends it.
	Query(ctx context.Context, q Query) iter.Seq2[Item, error]

	// Transact applies ops. It returns a *ConflictError if a condition did not hold, ErrBusy if the table could
	// not do it now and did nothing, ErrUnknown if it cannot be known whether it was done, or another error for
	// input that the table does not take; after any error but ErrUnknown nothing was changed.
	Transact(ctx context.Context, ops ...Op) error
}

// ErrBusy says that the table refused for the moment (throttled, or in conflict with others for as long as the
// caller's patience lasted) and changed nothing.
var ErrBusy = errors.New("table: busy, try again")

// ErrUnknown says that the answer was lost and reading back did not settle whether the write happened. Whoever
// repeats must first look for the effect.
var ErrUnknown = errors.New("table: outcome unknown")

// A ConflictError says that an operation's condition did not hold: the item was not the one that was read, or
// a counter would have fallen below its floor.
type ConflictError struct {
	Op  int // the first operation that failed, by its place in the call
	Key Key // its key
	// The item as it is now; Version 0 if there is none. After a Put over an item that was there it is what to
	// decide the next Put from, and may yet be lost with the machine: to answer from it and write nothing, Get it.
	Current Item
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("table: conflict on operation %d (%s), now at version %d", e.Op, e.Key, e.Current.Version)
}

// OpKind says what an Op does.
type OpKind int

const (
	OpPut OpKind = iota + 1
	OpDelete
	OpCheck
	OpAdd
)

// An Op is one part of a transaction. Make one with Put, Delete, Check or Add; adapters read the fields.
type Op struct {
	Kind  OpKind
	Item  Item   // for Add only its Key
	Field string // Add: which field of the Doc
	Delta int64  // Add: what is added
	Floor int64  // Add: what the sum must not fall below
}

// Put stores it as the next version of what was read: the table must still hold it.Version, or nothing if
// that is zero.
func Put(it Item) Op { return Op{Kind: OpPut, Item: it} }

// Delete removes what was read.
func Delete(it Item) Op { return Op{Kind: OpDelete, Item: it} }

// Check asks that the item be unchanged since it was read (also that it still be absent).
func Check(it Item) Op { return Op{Kind: OpCheck, Item: it} }

// Add adds delta to a whole-number field of the Doc of an item, which raises its version, and refuses if the
// sum would be below floor. An absent item, or field, counts as 0 and is made. It is for counters that many
// write and nobody reads first: stock and budgets.
func Add(key Key, field string, delta, floor int64) Op {
	return Op{Kind: OpAdd, Item: Item{Key: key}, Field: field, Delta: delta, Floor: floor}
}
