package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A publication that is interrupted leaves parts to which no version refers. A list of the program records the sets of
// parts that publications are writing. A set is added to the list before its first part is written. The transaction
// that publishes the version removes it. If no version was published within abandonedAfter, a later publication removes
// the parts.
//
// A set that has parts but is not in the list belongs to a published version and is never removed. Publications and
// removals may run concurrently, because every removal of a part writes the list, and a version is published only if
// the list is unchanged since its parts were written. Otherwise the publication writes the missing parts again.
//
// No function may delete items of the program's partition. A removed part is therefore replaced by an empty document
// that expires, and the table deletes it.

const (
	// abandonedAfter is the time after which the parts of an unfinished publication are removed.
	abandonedAfter = time.Hour

	// maxPending is the number of sets in the list above which sets are removed regardless of their age.
	maxPending = 50

	// maxRemoved is the maximum number of sets that one publication removes. A publication adds at most two.
	maxRemoved = 2
)

// pendingDoc is a stored form: the sets of parts of publications that are not finished, oldest first. Only add fields.
type pendingDoc struct {
	Sets []pendingSetDoc `json:"sets,omitempty"`
}

type pendingSetDoc struct {
	Hash  string `json:"sha256"`
	Count int    `json:"count"`
	At    int64  `json:"at"`
}

func (d pendingDoc) contains(hash string) bool {
	return slices.ContainsFunc(d.Sets, func(s pendingSetDoc) bool { return s.Hash == hash })
}

func pendingKey(program string) table.Key { return stored.ProgramKey(program, "PENDING") }

func (cs Catalog) pending(ctx context.Context, program string) (it table.Item, d pendingDoc, err error) {
	it, err = cs.Table.Get(ctx, pendingKey(program))
	if err != nil || it.Version == 0 {
		return it, d, ledger.Retryable(err)
	}
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return it, d, fmt.Errorf("catalog: read %s: %w", it.Key, err)
	}
	return it, d, nil
}

// writePending writes the next version of the list. It sets changed if another publication has changed the list.
func writePending(ctx context.Context, t table.Table, it *table.Item, d pendingDoc) (changed bool, err error) {
	it.Doc = stored.Encode(d)
	err = t.Transact(ctx, table.Put(*it))
	if ledger.IsConflict(err) {
		return true, nil
	}
	it.Version++
	return false, ledger.Retryable(err)
}

// commitVersion writes sets of parts, and then ops in one transaction with the list. It returns errOutrun if the
// schedule changed meanwhile.
func (cs Catalog) commitVersion(ctx context.Context, program string, ops []table.Op, sets []partSet) error {
	if len(sets) == 0 {
		return cs.commitSchedule(ctx, ops)
	}
	for range ledger.Attempts {
		list, changed, err := cs.store(ctx, program, sets)
		if err != nil {
			return err
		}
		if changed {
			continue
		}
		err = cs.Table.Transact(ctx, append(slices.Clip(ops), list)...)
		conflict, conflicts := errors.AsType[*table.ConflictError](err)
		switch {
		case conflicts && conflict.Key == pendingKey(program):
		case conflicts:
			return errOutrun
		default:
			return ledger.Retryable(err)
		}
	}
	return ledger.ErrTryAgain
}

// store writes the parts of sets for a version and returns the operation of the list that the transaction of the
// version must include. Each part is written in a transaction of its own, because all of them can exceed the limit of
// one transaction. It sets changed if another publication has changed the list, so that store must be called again.
func (cs Catalog) store(ctx context.Context, program string, sets []partSet) (list table.Op, changed bool, err error) {
	it, d, err := cs.pending(ctx, program)
	if err != nil {
		return list, false, err
	}
	write, err := cs.unpublished(ctx, program, d, sets)
	if err != nil {
		return list, false, err
	}
	added := false
	for _, s := range write {
		if !d.contains(s.ref.Hash) {
			d.Sets = append(d.Sets, pendingSetDoc{Hash: s.ref.Hash, Count: s.ref.Count, At: stored.Millis(cs.Time())})
			added = true
		}
	}
	if added {
		if changed, err = writePending(ctx, cs.Table, &it, d); changed || err != nil {
			return list, changed, err
		}
	}
	for _, s := range write {
		if err := cs.writeParts(ctx, program, s); err != nil {
			return list, false, err
		}
		d.Sets = slices.DeleteFunc(d.Sets, func(p pendingSetDoc) bool { return p.Hash == s.ref.Hash })
	}
	it.Doc = stored.Encode(d)
	return table.Put(it), false, nil
}

// unpublished returns the sets that must be written, because no published version has the same content.
func (cs Catalog) unpublished(
	ctx context.Context, program string, d pendingDoc, sets []partSet,
) (write []partSet, err error) {
	for _, s := range sets {
		if !d.contains(s.ref.Hash) {
			first, err := cs.Table.Get(ctx, partKey(program, s.ref.Hash, 0))
			if err != nil {
				return nil, ledger.Retryable(err)
			}
			if first.Version > 0 && first.Expires.IsZero() {
				continue
			}
		}
		write = append(write, s)
	}
	return write, nil
}

// writeParts writes the parts of a set. A part that exists already was written by an interrupted or concurrent
// publication of the same content, unless it was removed.
func (cs Catalog) writeParts(ctx context.Context, program string, s partSet) error {
	for n, doc := range s.docs {
		it := table.Item{Key: partKey(program, s.ref.Hash, n), Doc: doc}
		err := cs.Table.Transact(ctx, table.Put(it))
		conflict, conflicts := errors.AsType[*table.ConflictError](err)
		if conflicts && conflict.Current.Expires.IsZero() {
			continue
		}
		if conflicts {
			it.Version = conflict.Current.Version
			err = cs.Table.Transact(ctx, table.Put(it))
		}
		if ledger.IsConflict(err) {
			return ledger.ErrTryAgain
		}
		if err != nil {
			return ledger.Retryable(err)
		}
	}
	return nil
}

// removeAbandoned removes the parts of publications that were interrupted. It removes at most maxRemoved sets. It stops
// without an error if another publication changes the list.
func (cs Catalog) removeAbandoned(ctx context.Context, program string) error {
	it, d, err := cs.pending(ctx, program)
	if err != nil {
		return err
	}
	before := stored.Millis(cs.Time().Add(-abandonedAfter))
	n := 0
	for n < min(maxRemoved, len(d.Sets)) && (d.Sets[n].At <= before || len(d.Sets)-n > maxPending) {
		n++
	}
	if n == 0 {
		return nil
	}
	for _, s := range d.Sets[:n] {
		for part := range s.Count {
			changed, err := cs.removePart(ctx, &it, partKey(program, s.Hash, part))
			if changed || err != nil {
				return err
			}
		}
	}
	_, err = writePending(ctx, cs.Table, &it, pendingDoc{d.Sets[n:]})
	return err
}

// removePart replaces a part by an empty document that expires. It does nothing if the part was never written or is
// already removed. It writes the list unchanged in the same transaction, because the functions are not permitted to
// check items without writing them. It sets changed if another publication has changed the list.
func (cs Catalog) removePart(ctx context.Context, list *table.Item, key table.Key) (changed bool, err error) {
	it := table.Item{Key: key, Version: 1, Doc: []byte("{}"), Expires: cs.Time()} // most parts were written once
	for range ledger.Attempts {
		err := cs.Table.Transact(ctx, table.Put(it), table.Put(*list))
		conflict, conflicts := errors.AsType[*table.ConflictError](err)
		switch {
		case err == nil:
			list.Version++
			return false, nil
		case !conflicts:
			return false, ledger.Retryable(err)
		case conflict.Key == list.Key:
			return true, nil
		case conflict.Current.Version == 0 || !conflict.Current.Expires.IsZero():
			return false, nil
		}
		it.Version = conflict.Current.Version
	}
	return false, ledger.ErrTryAgain
}
