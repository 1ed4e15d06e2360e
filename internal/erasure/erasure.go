// Package erasure erases the personal data of members.
//
// A request starts a cooling-off period, in which the membership continues and the erasure can be canceled. After that,
// a scheduled job applies the erasure (apply.go). The account is closed: all points are forfeited with an entry, and
// for every later request the member does not exist. The look-ups by which the member could be found are deleted, then
// all items in the member's partition except the account, and at last the member's key. All data that is encrypted with
// this key becomes unreadable, also in entries. The account and the entries remain under the member's ID, so that the
// hash chain and the transparency log can still be verified.
//
// Every step can be repeated. If the process stops, the erasure stays due, and the next run continues it.
//
// The list of erasures contains only IDs and times. A table that is restored from an older backup does not contain the
// later erasures, so a copy of the list must be applied to it before it serves requests (see Erasures.Reapply).
//
// The package deliberately does not delete entries, and does not delete data that belongs to other members, such as
// gift cards that the member gave away.
package erasure

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Erasures stores the erasures of members and applies them.
type Erasures struct {
	*ledger.Ledger
	// Email returns the identity of the member with an email address.
	Email func(program, address string) stored.Identity
}

// CoolingOff is the time between the request and the erasure.
const CoolingOff = 14 * 24 * time.Hour

// Status is the status of an erasure.
type Status string

const (
	Pending   Status = "pending"
	Canceled  Status = "canceled"
	Completed Status = "completed"
)

// An Erasure is a request to erase a member.
type Erasure struct {
	Member    loyalty.MemberID
	Status    Status
	Requested time.Time
	Due       time.Time // when the member is erased, unless the erasure is canceled before
	Completed time.Time // zero until the erasure is completed

	item table.Item
}

// erasureDoc is stored. Fields may only be added.
type erasureDoc struct {
	Status    Status `json:"st"`
	Requested int64  `json:"at"`
	Due       int64  `json:"due"`
	Completed int64  `json:"done,omitzero"`
	By        string `json:"by"` // the actor of the last change
}

// applier is the actor of the changes that Apply makes.
const applier = "erasure"

func partition(program string) string { return "P#" + program + "#ERASE" }

func duePartition(program string) string { return "P#" + program + "#DUE#erase" }

// Request requests the erasure of a member. If an erasure is pending, it returns that one and changes nothing. It
// returns not_found if the member does not exist.
func (es Erasures) Request(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, by ledger.By,
) (Erasure, error) {
	return es.change(ctx, p.ID, m, by, func(e *Erasure) {
		if e.Status != Pending {
			e.Status, e.Requested = Pending, es.Time()
			e.Due = e.Requested.Add(CoolingOff)
		}
	})
}

// Cancel cancels the erasure of a member. If it is canceled already, Cancel changes nothing. It returns not_found if no
// erasure was requested, or the member was erased.
func (es Erasures) Cancel(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, by ledger.By,
) (Erasure, error) {
	e, err := es.change(ctx, p.ID, m, by, func(e *Erasure) {
		if e.Status == Pending {
			e.Status = Canceled
		}
	})
	if err == nil && e.Status != Canceled {
		err = ledger.NotFound("erasure")
	}
	return e, err
}

// Get returns the latest erasure of a member. It returns not_found if none was requested, or the member was erased.
func (es Erasures) Get(ctx context.Context, program string, m loyalty.MemberID) (Erasure, error) {
	if _, err := es.LastWritten(ctx, program, m); err != nil {
		return Erasure{}, err
	}
	e, err := es.read(ctx, program, m)
	if err == nil && e.Status == "" {
		err = ledger.NotFound("erasure")
	}
	return e, err
}

// change changes the erasure of an existing member, and writes it unless nothing changed.
func (es Erasures) change(
	ctx context.Context, program string, m loyalty.MemberID, by ledger.By, change func(*Erasure),
) (Erasure, error) {
	for range ledger.Attempts {
		if _, err := es.LastWritten(ctx, program, m); err != nil {
			return Erasure{}, err
		}
		was, err := es.read(ctx, program, m)
		if err != nil {
			return Erasure{}, err
		}
		e := was
		if change(&e); e.Status == was.Status {
			return e, nil
		}
		err = es.Table.Transact(ctx, table.Put(e.stored(program, by)))
		if !ledger.IsConflict(err) {
			return e, ledger.Retryable(err)
		}
	}
	return Erasure{}, ledger.ErrTryAgain
}

// read returns the erasure of a member. If none was requested, it returns an erasure with an empty Status.
func (es Erasures) read(ctx context.Context, program string, m loyalty.MemberID) (Erasure, error) {
	it, err := es.Table.Get(ctx, table.Key{PK: partition(program), SK: string(m)})
	if err != nil {
		return Erasure{}, ledger.Retryable(err)
	}
	return decode(it)
}

func decode(it table.Item) (Erasure, error) {
	e := Erasure{Member: loyalty.MemberID(it.Key.SK), item: it}
	if it.Version == 0 {
		return e, nil
	}
	var d erasureDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return e, fmt.Errorf("erasure: read %s: %w", it.Key, err)
	}
	e.Status, e.Requested, e.Due = d.Status, stored.Instant(d.Requested), stored.Instant(d.Due)
	e.Completed = stored.Instant(d.Completed)
	return e, nil
}

func (e Erasure) stored(program string, by ledger.By) table.Item {
	it := e.item
	it.Index = table.Key{}
	if e.Status == Pending {
		it.Index = table.Key{PK: duePartition(program), SK: stored.PlaceAt(e.Due, e.Member)}
	}
	it.Doc = stored.Encode(erasureDoc{
		e.Status, stored.Millis(e.Requested), stored.Millis(e.Due), stored.Millis(e.Completed), by.Actor,
	})
	return it
}

// Next returns the instant at which the next erasure of a program is due, or zero if none is pending.
func (es Erasures) Next(ctx context.Context, program string) (time.Time, error) {
	return ledger.NextDue(ctx, es.Table, duePartition(program))
}

// Due yields the members of a program whose erasure is due, the earliest first.
func (es Erasures) Due(ctx context.Context, program string, now time.Time) iter.Seq2[loyalty.MemberID, error] {
	q := table.Query{PK: duePartition(program), Index: true, To: ledger.DueBound(now)}
	return ledger.List(ctx, es.Table, q, func(it table.Item) (loyalty.MemberID, error) {
		return loyalty.MemberID(it.Key.SK), nil
	})
}

// List yields the erasures of a program in the order of the members' IDs, including canceled ones. It yields those
// after the given ID, or all if that is empty, and at most limit of them, unless limit is 0.
func (es Erasures) List(
	ctx context.Context, program string, after loyalty.MemberID, limit int,
) iter.Seq2[Erasure, error] {
	q := table.Query{PK: partition(program), Limit: limit}
	if after != "" {
		q.From = string(after) + "!" // the first ID after the given one
	}
	return ledger.List(ctx, es.Table, q, decode)
}
