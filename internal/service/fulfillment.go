package service

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Fulfillments tracks the rewards that the merchant hands over or sends.
type Fulfillments struct{ *ledger.Ledger }

// The fulfillment of a manual reward is stored in a separate item of the member's partition. This item contains the
// postal address and the tracking number, which the caller has encrypted with the key of the member
// (members.SealText). While the redemption is only reserved, the item expires in the table and is not in the index.
// After the redemption is committed, the item is permanent, and it is in the index until the fulfillment is delivered
// or canceled.

// A Handover is the fulfillment of one redemption.
type Handover struct {
	Redemption string
	Member     loyalty.MemberID
	Reward     string
	Address    string // the encrypted address; empty if none was given
	redeem.Fulfillment
	place table.Item
}

// fulfillmentDoc is stored. Fields may only be added.
type fulfillmentDoc struct {
	Reward   string               `json:"r"`
	Status   string               `json:"st,omitzero"` // the status; empty while the redemption is reserved
	Tracking string               `json:"tr,omitzero"` // encrypted
	Steps    []fulfillmentStepDoc `json:"s,omitempty"`
	Address  string               `json:"adr,omitzero"` // encrypted
}

type fulfillmentStepDoc struct {
	Status string `json:"st"`
	At     int64  `json:"at"`
}

const fulfilPrefix = "FULFIL#"

func fulfilKey(program string, m loyalty.MemberID, redemption string) table.Key {
	return stored.MemberKey(program, m, fulfilPrefix+redemption)
}

func fulfilPartition(program string, s redeem.FulfillmentStatus) string {
	return "P#" + program + "#" + fulfilPrefix + string(s)
}

// handoverItem returns the stored form of a handover. Open fulfillments are in the index, the oldest order first.
func handoverItem(program string, h Handover) table.Item {
	it := table.Item{Key: fulfilKey(program, h.Member, h.Redemption), Version: h.place.Version}
	d := fulfillmentDoc{Reward: h.Reward, Status: string(h.Status), Tracking: h.Tracking, Address: h.Address}
	for _, s := range h.Steps {
		d.Steps = append(d.Steps, fulfillmentStepDoc{string(s.Status), stored.Millis(s.At)})
	}
	it.Doc = stored.Encode(d)
	if h.Status == redeem.Ordered || h.Status == redeem.Shipped {
		it.Index = table.Key{
			PK: fulfilPartition(program, h.Status), SK: stored.Stamped(h.Steps[0].At) + "#" + h.Redemption,
		}
	}
	return it
}

func readHandover(it table.Item) (Handover, error) {
	h := Handover{place: it}
	_, m, _ := strings.Cut(strings.TrimPrefix(it.Key.PK, "P#"), "#M#")
	h.Member, h.Redemption = loyalty.MemberID(m), strings.TrimPrefix(it.Key.SK, fulfilPrefix)
	if it.Version == 0 {
		return h, nil
	}
	var d fulfillmentDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return h, fmt.Errorf("service: read fulfillment %s: %w", it.Key, err)
	}
	h.Reward, h.Status, h.Tracking, h.Address = d.Reward, redeem.FulfillmentStatus(d.Status), d.Tracking, d.Address
	for _, s := range d.Steps {
		h.Steps = append(
			h.Steps, redeem.FulfillmentStep{Status: redeem.FulfillmentStatus(s.Status), At: stored.Instant(s.At)},
		)
	}
	return h, nil
}

// Get returns the fulfillment of a redemption. Its status is empty if there is nothing to fulfill, or the
// redemption is not committed yet.
func (f Fulfillments) Get(
	ctx context.Context, program string, m loyalty.MemberID, redemption string,
) (Handover, error) {
	it, err := f.Table.Get(ctx, fulfilKey(program, m, redemption))
	if err != nil {
		return Handover{}, ledger.Retryable(err)
	}
	return readHandover(it)
}

// toHandOver returns the operation that stores the fulfillment of a manual reward together with its redemption. If the
// redemption is only reserved, the item has only the address. toHandOver returns nothing if there is nothing to store.
func (f Fulfillments) toHandOver(p *loyalty.Program, reward *loyalty.Reward, in RedemptionRequest) []table.Op {
	h := Handover{Redemption: in.ID, Member: in.Member, Reward: in.Reward, Address: in.Address}
	switch {
	case !reward.Manual || !in.Commit && in.Address == "":
		return nil
	case in.Commit:
		h.Fulfillment = h.Order(f.Time())
		return []table.Op{table.Put(handoverItem(p.ID, h))}
	}
	it := handoverItem(p.ID, h)
	it.Expires = f.Time().Add(p.Hold + 24*time.Hour).Truncate(time.Second)
	return []table.Op{table.Put(it)}
}

// ordered returns the operations that start the fulfillment of a manual reward when its redemption is committed.
func (f Fulfillments) ordered(ctx context.Context, program string, was RedemptionResult) ([]table.Op, error) {
	if !was.Redemption.Manual {
		return nil, nil
	}
	h, err := f.Get(ctx, program, was.Member, was.Redemption.ID)
	if err != nil {
		return nil, err
	}
	h.Reward, h.Fulfillment = was.Redemption.Reward, h.Order(f.Time())
	return []table.Op{table.Put(handoverItem(program, h))}, nil
}

// calledOff returns the operations that cancel the fulfillment of a manual reward when its redemption is reversed. It
// returns nothing if the fulfillment was already shipped or canceled.
func (f Fulfillments) calledOff(ctx context.Context, program string, e loyalty.Entry) ([]table.Op, error) {
	if !e.Redemption.Manual {
		return nil, nil
	}
	h, err := f.Get(ctx, program, e.Member, e.Redemption.ID)
	if err != nil || h.Status != redeem.Ordered {
		return nil, err
	}
	if h.Fulfillment, err = h.Move(redeem.FulfillmentCanceled, "", f.Time()); err != nil {
		return nil, err
	}
	return []table.Op{table.Put(handoverItem(program, h))}, nil
}

// Fulfill updates the status of a fulfillment. Setting the current status again changes nothing. A cancellation
// restores the points, stock and limits that the redemption used, and voids its code. Fulfill returns not_found if
// there is no such redemption, and invalid_fulfillment_transition if the status cannot follow the present one.
func (f Fulfillments) Fulfill(
	ctx context.Context, p *loyalty.Program, id string, to redeem.FulfillmentStatus, tracking string, by ledger.By,
) (RedemptionResult, error) {
	for range ledger.Attempts {
		was, err := Redemptions(f).Get(ctx, p.ID, id)
		if err == nil && was.Redemption.Status == loyalty.Rejected {
			err = ledger.NotFound("redemption")
		}
		if err != nil {
			return RedemptionResult{}, err
		}
		h, err := f.Get(ctx, p.ID, was.Member, id)
		if err != nil {
			return RedemptionResult{}, err
		}
		next, err := h.Move(to, tracking, f.Time())
		if err != nil {
			return RedemptionResult{}, err
		}
		calledOff := to == redeem.FulfillmentCanceled && h.Status != to
		if !calledOff && next.Tracking == h.Tracking && len(next.Steps) == len(h.Steps) {
			was.Replayed = true
			return was, nil
		}
		h.Fulfillment = next
		ops := []table.Op{table.Put(handoverItem(p.ID, h))}
		if calledOff {
			was, err = f.callOff(ctx, p, was, ops, by)
		} else {
			err = f.Table.Transact(ctx, ops...)
		}
		if !ledger.IsConflict(err) {
			return was, ledger.Retryable(err)
		}
	}
	return RedemptionResult{}, ledger.ErrTryAgain
}

func (f Fulfillments) callOff(
	ctx context.Context, p *loyalty.Program, was RedemptionResult, ops []table.Op, by ledger.By,
) (RedemptionResult, error) {
	code, err := Redemptions(f).issuedFor(ctx, p, was.Entry)
	if err != nil {
		return was, err
	}
	// A manual reward is never a gift card.
	issued, _ := inventory.Issued(&code.CodeDoc).Back(was.Redemption.Points, was.Redemption.Points)
	priors, err := members.Households{Ledger: f.Ledger}.Contributions(ctx, p.ID, was.Entry)
	if err != nil {
		return was, err
	}
	r, err := f.Execute(ctx, ledger.Command{
		Program: p, Member: was.Member, Others: members.Contributors(was.Redemption), By: by,
		With: slices.Concat(ops, code.become(issued)),
		Decide: func(x ledger.Inputs) ([]posting.Outcome, error) {
			return redeem.CallOff(engine.BeginAll(p, x.Accounts, x.Now), priors)
		},
	})
	if err != nil {
		return was, err
	}
	return redemptionResult(r.Entry(), false), nil
}

// List yields the open fulfillments in one status, the oldest order first. It starts after the given position, or at
// the beginning if that is empty. It yields at most limit fulfillments, unless limit is zero. It reads the index, so a
// very recent change may not be visible yet.
func (f Fulfillments) List(
	ctx context.Context, program string, s redeem.FulfillmentStatus, after string, limit int,
) iter.Seq2[Handover, error] {
	q := table.Query{PK: fulfilPartition(program, s), Index: true, Limit: limit}
	if m, sk, ok := strings.Cut(after, "#"); ok {
		_, redemption, _ := strings.Cut(sk, "#")
		q.After = table.Item{
			Key: fulfilKey(program, loyalty.MemberID(m), redemption), Index: table.Key{PK: q.PK, SK: sk},
		}
	}
	return ledger.List(ctx, f.Table, q, readHandover)
}

// Place returns the position of the fulfillment in the list of open ones.
func (h Handover) Place() string { return string(h.Member) + "#" + h.place.Index.SK }
