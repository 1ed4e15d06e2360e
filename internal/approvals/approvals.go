// Package approvals stores the adjustments that exceed the limit of a support operator until a second operator decides
// them.
//
// An approval contains one adjustment. Its ID is the ID of the adjustment, so that the adjustment is posted at most
// once. The entry and the decision are written in one transaction. An approval that is not decided expires after
// Period. The expiry is not stored: it follows from the time of the request.
//
// The reason of the adjustment is encrypted with the key of the member, like the reasons in entries. After an erasure,
// an approval contains no personal data.
package approvals

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/limits"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Period is the time after which an approval expires.
const Period = 7 * 24 * time.Hour

// Status is the status of an approval.
type Status string

const (
	Pending  Status = "pending"
	Approved Status = "approved"
	Rejected Status = "rejected"
	Expired  Status = "expired"
)

// Statuses returns every status.
func Statuses() []Status { return []Status{Pending, Approved, Rejected, Expired} }

// ErrPosted reports that an adjustment needs no approval, because it was posted before.
var ErrPosted = errors.New("approvals: the adjustment was posted before")

// An Approval is an adjustment that another operator must approve.
type Approval struct {
	ID        string // the ID of the adjustment
	Member    loyalty.MemberID
	Wallet    string // empty for the main wallet
	Points    loyalty.Points
	Reason    string    // encrypted
	Requester ledger.By // the operator who requested the adjustment, and the fingerprint of the request
	Created   time.Time
	Status    Status
	Decider   string // the actor who decided; empty until then
	Decided   time.Time

	item table.Item
}

// Expires returns the instant at which the approval expires unless it is decided before.
func (a Approval) Expires() time.Time { return a.Created.Add(Period) }

// Entry returns the ID of the entry of the adjustment. It is empty unless the approval is approved.
func (a Approval) Entry() string {
	if a.Status != Approved {
		return ""
	}
	return loyalty.Entry{Cause: a.cause()}.ID()
}

func (a Approval) cause() loyalty.Cause {
	return loyalty.Cause{Kind: loyalty.CauseAdjustment, ID: a.ID, Revision: 1}
}

// approvalDoc is stored. Fields may only be added. Package audit reads it, too.
type approvalDoc struct {
	Member    loyalty.MemberID `json:"m"`
	Wallet    string           `json:"w,omitzero"`
	Points    loyalty.Points   `json:"n"`
	Reason    string           `json:"why"`
	Requester string           `json:"by"`
	Input     string           `json:"in"`
	Created   int64            `json:"at"`
	Status    Status           `json:"st"` // not expired
	Decider   string           `json:"dby,omitzero"`
	Decided   int64            `json:"dat,omitzero"`
}

func key(program, id string) table.Key {
	return table.Key{PK: "P#" + program + "#APPROVAL", SK: id}
}

// listPartition returns the partition of the index that lists the approvals with a status, the oldest first.
func listPartition(program string, s Status) string {
	return "P#" + program + "#APPROVALS#" + string(s)
}

// Place returns the position of the approval in the list of its status.
func (a Approval) Place() string { return stored.Stamped(a.Created) + "#" + a.ID }

func (a Approval) stored(program string) table.Item {
	it := a.item
	it.Index = table.Key{PK: listPartition(program, a.Status), SK: a.Place()}
	it.Doc = stored.Encode(approvalDoc{
		a.Member, a.Wallet, a.Points, a.Reason, a.Requester.Actor, a.Requester.Input, stored.Millis(a.Created),
		a.Status, a.Decider, stored.Millis(a.Decided),
	})
	return it
}

func decode(it table.Item, now time.Time) (Approval, error) {
	var d approvalDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return Approval{}, fmt.Errorf("approvals: read %s: %w", it.Key, err)
	}
	a := Approval{
		ID: it.Key.SK, Member: d.Member, Wallet: d.Wallet, Points: d.Points, Reason: d.Reason,
		Requester: ledger.By{Actor: d.Requester, Input: d.Input}, Created: stored.Instant(d.Created),
		Status: d.Status, Decider: d.Decider, Decided: stored.Instant(d.Decided), item: it,
	}
	if a.Status == Pending && !now.Before(a.Expires()) {
		a.Status = Expired
	}
	return a, nil
}

// Approvals stores approvals and decides them.
type Approvals struct{ *ledger.Ledger }

// Request stores a new approval and returns it. A repeated request returns the approval in its current state and
// reports that it was replayed, or returns idempotency_key_reused if its input differs. Request returns ErrPosted if
// the adjustment was posted before, and the rejection of an adjustment that could not be posted now.
func (as Approvals) Request(
	ctx context.Context, p *loyalty.Program, a Approval,
) (out Approval, replayed bool, err error) {
	for range ledger.Attempts {
		items, err := ledger.GetAll(ctx, as.Table, key(p.ID, a.ID), stored.CauseKey(p.ID, a.cause()))
		switch {
		case err != nil:
			return Approval{}, false, err
		case items[0].Version > 0:
			out, err := decode(items[0], as.Time())
			if err == nil && out.Requester.Input != a.Requester.Input {
				err = ledger.KeyReused()
			}
			return out, true, err
		case items[1].Version > 0:
			return Approval{}, false, ErrPosted
		}
		if err := as.possible(ctx, p, a); err != nil {
			return Approval{}, false, err
		}
		a.item, a.Status, a.Created = items[0], Pending, as.Time()
		if err = as.Table.Transact(ctx, table.Put(a.stored(p.ID))); !ledger.IsConflict(err) {
			return a, false, ledger.Retryable(err)
		}
	}
	return Approval{}, false, ledger.ErrTryAgain
}

// possible returns the rejection of an adjustment that could not be posted now. It writes the changes of the account
// that are due.
func (as Approvals) possible(ctx context.Context, p *loyalty.Program, a Approval) error {
	m, err := members.Members(as).Current(ctx, p, a.Member)
	if err != nil {
		return err
	}
	_, err = engine.Adjust(p, m.Account, a.ID, a.Wallet, a.Points, a.Reason, as.Time())
	return err
}

// Get returns an approval. It returns not_found if there is none with this ID.
func (as Approvals) Get(ctx context.Context, program, id string) (Approval, error) {
	it, err := as.Table.Get(ctx, key(program, id))
	switch {
	case err != nil:
		return Approval{}, ledger.Retryable(err)
	case it.Version == 0:
		return Approval{}, ledger.NotFound("approval")
	}
	return decode(it, as.Time())
}

// Approve posts the adjustment of an approval and counts its points against the limit of the actor who approves. It
// reports whether the actor approved it before. It returns already_resolved if the approval was decided otherwise,
// expired if it has expired, and the rejection of an adjustment that cannot be posted now.
func (as Approvals) Approve(
	ctx context.Context, p *loyalty.Program, id, actor string, limit limits.Counter,
) (out Approval, replayed bool, err error) {
	return as.decide(ctx, p.ID, id, Approved, actor, func(a Approval, put table.Op) error {
		// This also writes the changes that are due, so that the transaction below contains only the adjustment, and
		// detects rejections that would otherwise be recorded for the ID of the adjustment.
		if err := as.possible(ctx, p, a); err != nil {
			return err
		}
		r, err := service.Adjustments(as).Adjust(ctx, p, service.Adjustment{
			ID: a.ID, Member: a.Member, Wallet: a.Wallet, Points: a.Points, Reason: a.Reason, Limit: limit,
			With: []table.Op{put},
		}, ledger.By{Actor: actor, Input: a.Requester.Input})
		if err == nil && r.Replayed {
			// The adjustment was posted before without the decision: the limit of the requester was raised, and the
			// request was repeated.
			err = as.settle(ctx, p.ID, id, put)
		}
		return err
	})
}

// settle writes a decision whose entry exists, unless the transaction of the entry wrote it.
func (as Approvals) settle(ctx context.Context, program, id string, put table.Op) error {
	a, err := as.Get(ctx, program, id)
	if err != nil || a.Status == Approved {
		return err
	}
	return as.Table.Transact(ctx, put)
}

// Reject rejects an approval. It reports whether the actor rejected it before. It returns already_resolved if the
// approval was decided otherwise, and expired if it has expired.
func (as Approvals) Reject(ctx context.Context, program, id, actor string) (out Approval, replayed bool, err error) {
	return as.decide(ctx, program, id, Rejected, actor, func(_ Approval, put table.Op) error {
		return as.Table.Transact(ctx, put)
	})
}

// decide decides a pending approval. The function write commits the given operation. If another decision is committed
// first, decide reads the approval again.
func (as Approvals) decide(
	ctx context.Context, program, id string, to Status, actor string, write func(Approval, table.Op) error,
) (Approval, bool, error) {
	for range ledger.Attempts {
		a, err := as.Get(ctx, program, id)
		if err != nil {
			return Approval{}, false, err
		}
		switch {
		case a.Status == to && a.Decider == actor:
			return a, true, nil
		case a.Status == Expired:
			return Approval{}, false, loyalty.Refuse(loyalty.AlreadyExpired, "",
				"The approval has expired. Request the adjustment again with a new Idempotency-Key.")
		case a.Status != Pending:
			return Approval{}, false, loyalty.Refuse(loyalty.AlreadyResolved, "",
				"The approval is already "+string(a.Status)+".")
		}
		a.Status, a.Decider, a.Decided = to, actor, as.Time()
		if err = write(a, table.Put(a.stored(program))); !ledger.IsConflict(err) {
			return a, false, ledger.Retryable(err)
		}
	}
	return Approval{}, false, ledger.ErrTryAgain
}

// List yields the approvals of a program with a status, the oldest first. It yields those after the given place, or all
// if that is empty, and at most limit of them.
func (as Approvals) List(
	ctx context.Context, program string, s Status, after string, limit int,
) iter.Seq2[Approval, error] {
	now := as.Time()
	q := table.Query{PK: listPartition(program, s), Index: true, Limit: limit}
	// An approval that was created at this instant or before has expired.
	switch last := now.Add(-Period); s {
	case Pending:
		q.From = stored.Stamped(last.Add(time.Millisecond))
	case Expired:
		q.PK, q.To = listPartition(program, Pending), stored.Stamped(last)+"$" // sorts after #
	}
	if after != "" {
		q.From = max(q.From, after+"!")
	}
	return ledger.List(ctx, as.Table, q, func(it table.Item) (Approval, error) { return decode(it, now) })
}
