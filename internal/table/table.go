// Package table defines the storage port of Perennial: versioned items in one table, which are read by key, listed
// by partition and written in transactions.
//
// Every write is conditional. An Op carries the Item as it was read, and its version is the condition, so that a
// concurrent update is never overwritten. The one exception is Add: it changes a counter without reading it, and
// has a lower bound as its condition.
//
// The port deliberately has no scan, no filter and no second index, and it knows nothing about points. The index
// stores keys only; a Query over it reads each item again by its key. The adapters are dynamotable (Amazon
// DynamoDB) and pebbletable (one machine). Both pass the conformance suite in tabletest, whose Faulty injects the
// failures of a real table.
package table

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"
)

// A Key identifies an item. Both parts are non-empty UTF-8 of at most 1,024 bytes, and are ordered by their bytes.
type Key struct{ PK, SK string }

// IsZero reports whether k is the zero Key, which identifies no item.
func (k Key) IsZero() bool { return k == Key{} }

func (k Key) String() string { return k.PK + " / " + k.SK }

// An Item is the value that the table stores under one key.
type Item struct {
	Key     Key             // the key of the item
	Index   Key             // the item's key in the index; zero if the index does not list it
	Version int64           // the version that was read; zero if the item was absent
	Expires time.Time       // when the table may delete it, in whole seconds; zero for never. Not used for points
	Doc     json.RawMessage // a JSON object of at most 350 KB; keeps digits, not the order of names; see Binary
}

// A Query lists one partition of the base table or of the index, in the byte order of the sort key.
type Query struct {
	PK       string // the partition
	Index    bool   // list the index's partition PK rather than the base table's
	From, To string // bounds of the sort key, both inclusive; "" means no bound
	Reverse  bool   // list from the largest sort key down
	After    Item   // start after this item, which an earlier Query yielded; only its Key and Index are used
	Limit    int    // the largest number of items; zero for no limit
}

// A Table stores items.
//
// Get is strongly consistent: it returns the effect of every Transact that returned before Get began. A Query over
// the base table is strongly consistent for each item, but it is not a snapshot: it may return one item of a
// transaction and miss another. A Query over the index may miss or repeat recent changes for a while. Each item
// that it yields was read again by its key and still had that index key, so a yielded item is correct, but a
// recently written item may be missing.
//
// Transact is serializable: it applies all operations at one instant, or none. The operations of one call must have
// different keys, and there are at most 100.
//
// All methods are safe for concurrent use, including writes while a Query is running.
type Table interface {
	// Get reads one item. For an absent item it returns no error but an Item with Version 0, no Doc and the
	// requested Key, which can be passed to Put.
	Get(ctx context.Context, key Key) (Item, error)

	// Query yields the items lazily, page by page. An error is yielded with a zero Item and ends the sequence.
	Query(ctx context.Context, q Query) iter.Seq2[Item, error]

	// Transact applies ops. It returns a *ConflictError if a condition failed, ErrBusy if the table could not apply
	// the operations now, ErrUnknown if the outcome could not be determined, and another error for invalid input.
	// After every error except ErrUnknown, nothing was changed.
	Transact(ctx context.Context, ops ...Op) error
}

// ErrBusy reports that the table refused the request temporarily and changed nothing: it was throttled, or
// conflicts with other transactions lasted until the retries ended.
var ErrBusy = errors.New("table: busy, try again")

// ErrUnknown reports that the response was lost and that reading the items back did not show whether the write was
// applied. A caller must look for the effect of the write before it repeats it.
var ErrUnknown = errors.New("table: outcome unknown")

// A ConflictError reports that the condition of an operation failed: the item has changed since it was read, or an
// Add would lower a counter below its floor.
type ConflictError struct {
	Op  int // the index of the first operation that failed
	Key Key // the key of that operation
	// Current is the item as it is now; its Version is 0 if there is none. After a Put that met an existing item,
	// Current can be used to decide the next Put, but it may not be durable yet. A caller that returns it without
	// another write must Get it first.
	Current Item
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("table: conflict on operation %d (%s), now at version %d", e.Op, e.Key, e.Current.Version)
}

// OpKind is the kind of an Op.
type OpKind int

const (
	OpPut OpKind = iota + 1
	OpDelete
	OpCheck
	OpAdd
)

// An Op is one operation of a transaction. Put, Delete, Check and Add create one; adapters read the fields.
type Op struct {
	Kind  OpKind
	Item  Item   // for Add, only its Key
	Field string // Add: the field of the Doc
	Delta int64  // Add: the amount that is added
	Floor int64  // Add: the lower bound of the sum
}

// Put stores an item as its next version. The condition is that the table still holds the version that was read, or no
// item if that version is zero.
func Put(it Item) Op { return Op{Kind: OpPut, Item: it} }

// Delete removes an item. The condition is that it has not changed since it was read.
func Delete(it Item) Op { return Op{Kind: OpDelete, Item: it} }

// Check requires that an item has not changed since it was read, or is still absent.
func Check(it Item) Op { return Op{Kind: OpCheck, Item: it} }

// Add adds delta to an integer field of an item's Doc and increases the item's version. It fails if the sum would
// be less than floor. An absent item or field counts as 0 and is created. Add is for counters with many concurrent
// writers that do not need to be read first, such as stock and budgets.
func Add(key Key, field string, delta, floor int64) Op {
	return Op{Kind: OpAdd, Item: Item{Key: key}, Field: field, Delta: delta, Floor: floor}
}
