// Package table defines the storage interface of Perennial: versioned items in one table. Items are read by key, listed
// by partition and written in transactions.
//
// Every write is conditional. An Op contains the Item as it was read, and the version of this Item is the condition, so
// that a concurrent update is never overwritten. The one exception is Add: it changes a counter without reading it, and
// has a lower bound as its condition.
//
// The interface deliberately has no scan, no filter and no second index, and it contains nothing about points. The
// index stores keys only; a Query over the index reads each item again by its key. The implementations are dynamotable
// (Amazon DynamoDB) and pebbletable (one machine). Both pass the conformance suite in tabletest. Its type Faulty
// injects the failures of a real table.
package table

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"
)

// A Key identifies an item. Both parts are non-empty UTF-8 of at most 1,024 bytes. Keys are ordered by the bytes of
// their parts.
type Key struct{ PK, SK string }

// IsZero reports whether k is the zero Key, which identifies no item.
func (k Key) IsZero() bool { return k == Key{} }

func (k Key) String() string { return k.PK + " / " + k.SK }

// An Item contains the data that the table stores under one key.
type Item struct {
	Key     Key             // the key of the item
	Index   Key             // the item's key in the index; zero if the index does not list it
	Version int64           // the version that was read; zero if the item was absent
	Expires time.Time       // when the table may delete the item, in whole seconds; zero for never
	Doc     json.RawMessage // a JSON object of at most 350 KB; the order of its names is not preserved; see Binary
}

// A Query lists one partition of the base table or of the index, in the byte order of the sort key.
type Query struct {
	PK       string // the partition
	Index    bool   // true to list a partition of the index instead of the base table
	From, To string // bounds of the sort key, both inclusive; empty for no bound
	Reverse  bool   // true to list the largest sort key first
	After    Item   // an item of an earlier Query, after which this one starts; only Key and Index are used
	Limit    int    // the maximum number of items; zero for no limit
}

// A Table stores items.
//
// Get is strongly consistent: it returns the effect of every Transact that returned before Get began. A Query over the
// base table is strongly consistent for each item, but it is not a snapshot: it may return one item of a transaction
// and miss another. A Query over the index may miss or repeat recent changes for a while. It reads each item again by
// its key, and yields the item only if it still has the same index key. A yielded item is therefore correct, but a
// recently written item may be missing.
//
// Transact is serializable: it applies all operations at one instant, or none. One call may have at most 100
// operations, and their keys must be different.
//
// All methods are safe for concurrent use, including writes while a Query is running.
type Table interface {
	// Get reads one item. If the item is absent, Get returns no error and an Item with the requested Key, Version 0 and
	// no Doc. This Item can be passed to Put.
	Get(ctx context.Context, key Key) (Item, error)

	// Query reads pages of items as the caller consumes them. If there is an error, it yields the error with a zero
	// Item and ends the sequence.
	Query(ctx context.Context, q Query) iter.Seq2[Item, error]

	// Transact applies ops. It returns a *ConflictError if a condition failed, ErrBusy if the table could not apply
	// the operations now, ErrUnknown if the outcome could not be determined, and another error for invalid input.
	// After every error except ErrUnknown, nothing was changed.
	Transact(ctx context.Context, ops ...Op) error
}

// ErrBusy reports that the table refused the request temporarily and changed nothing: the table was throttled, or all
// attempts conflicted with other transactions.
var ErrBusy = errors.New("table: busy, try again")

// ErrUnknown reports that the response was lost and that reading the items back did not show whether the write was
// applied. A caller must look for the effect of the write before it repeats it.
var ErrUnknown = errors.New("table: outcome unknown")

// A ConflictError reports that the condition of an operation failed: the item has changed since it was read, or an Add
// would decrease a counter below its floor.
type ConflictError struct {
	Op  int // the index of the first operation whose condition failed
	Key Key // the key of the item of this operation
	// Current is the current item. Its Version is 0 if there is none. After a failed Put, Current can be used to decide
	// the next Put, but it may not be durable yet. A caller that returns Current without another write must first read
	// the item with Get.
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

// An Op is one operation of a transaction. The functions Put, PutEncoded, Delete, Check and Add create an Op.
// Implementations of Table read its fields.
type Op struct {
	Kind  OpKind
	Item  Item   // for Add, only its Key is used
	Field string // for Add: the field of the Doc
	Delta int64  // for Add: the amount that is added
	Floor int64  // for Add: the lower bound of the sum

	Encoded bool // for Put: the Doc is known to be valid and compact; see PutEncoded
}

// Put stores an item as its next version. The condition is that the table still contains the version that was read. If
// the version is zero, the table must still contain no item with this key.
func Put(it Item) Op { return Op{Kind: OpPut, Item: it} }

// PutEncoded is a Put of a Doc that the caller encoded itself: a compact JSON object in UTF-8 without duplicate names.
// An implementation may store it without parsing it. The caller must not modify the Doc afterwards.
func PutEncoded(it Item) Op { return Op{Kind: OpPut, Item: it, Encoded: true} }

// Delete removes an item. The condition is that the item has not changed since it was read.
func Delete(it Item) Op { return Op{Kind: OpDelete, Item: it} }

// Check changes nothing. The condition is that the item has not changed since it was read, or is still absent.
func Check(it Item) Op { return Op{Kind: OpCheck, Item: it} }

// Add adds delta to an integer field of an item's Doc and increases the item's version. The condition is that the sum
// is not less than floor. An absent item or field counts as 0 and is created. Add is for counters that many writers
// change at the same time and need not read first, such as stock and budgets.
func Add(key Key, field string, delta, floor int64) Op {
	return Op{Kind: OpAdd, Item: Item{Key: key}, Field: field, Delta: delta, Floor: floor}
}

type appliedKey struct{}

// OnApplied returns a context for Transact that contains the function f. Some implementations of Table make the effects
// of a transaction visible to later transactions before the effects are durable. They call f when the effects become
// visible, in the goroutine that called Transact. Other implementations never call f.
func OnApplied(ctx context.Context, f func()) context.Context {
	return context.WithValue(ctx, appliedKey{}, f)
}

// Applied calls the function that OnApplied stored in the context, if there is one. Only implementations of Table call
// Applied.
func Applied(ctx context.Context) {
	if f, ok := ctx.Value(appliedKey{}).(func()); ok {
		f()
	}
}
