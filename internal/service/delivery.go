package service

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Deliveries records the webhook deliveries of payment processors.
type Deliveries struct{ *ledger.Ledger }

// A Delivery is one verified event of a payment processor, as received.
type Delivery struct {
	Provider string
	Event    string    // the event's identity, taken from signed content
	Type     string    // the processor's name for the event type
	Path     string    // the path that the webhook address stated; may be empty
	At       time.Time // when the event happened, by the processor's clock; may be zero
	Received time.Time
	Mark     string // a fingerprint of the content, to detect different content with the same identity
	Body     []byte // the content, which the caller has encrypted; it is stored unchanged

	Transmission string // the ID of the transmission, or empty; another Mark with the same ID is a forgery
	Again        bool   // process the event again as if it were new; the content still counts only once
}

// Outcome is the result of processing an event.
type Outcome string

const (
	Applied   Outcome = "applied"
	Waiting   Outcome = "waiting" // the facts are stored, and count when the order or the money is known
	Ignored   Outcome = "ignored" // the event is genuine, but irrelevant to points
	Duplicate Outcome = "duplicate"
	// A privacy request names a member: the merchant must export the data, or the erasure of the member is pending.
	DataRequested    Outcome = "data_requested"
	ErasureRequested Outcome = "erasure_requested"
	Quarantined      Outcome = "quarantined" // the event is genuine but inconsistent, and a person must review it
)

// These codes state why an event was quarantined. The code of a rejection (loyalty.Error) can also be the reason.
const (
	BodyMismatch loyalty.Code = "webhook_body_mismatch" // the stored event or the processor has different content
	// Test payments on a live stack, or live payments on a test one.
	StageMismatch loyalty.Code = "webhook_stage_mismatch"
)

// A StoredDelivery is a stored event with its outcome.
type StoredDelivery struct {
	Delivery
	Key      string // the sort key under which the event is stored
	Outcome  Outcome
	Code     loyalty.Code // why the event was quarantined
	Detail   string
	Payment  string
	Order    string
	Member   loyalty.MemberID // the member whom a privacy request names
	Redriven time.Time        // when a quarantined event was accepted later

	// Unclear lists the stored facts that this event contradicts without being newer. Only the processor can determine
	// which are correct. Unclear is returned once and not stored.
	Unclear []loyalty.Fact

	version int64
}

// Counted reports whether the content of the event counts, even if a person must review it.
func (k StoredDelivery) Counted() bool { return k.Key == eventItem }

const (
	eventItem       = "EVENT"
	quarantineItem  = "Q#"
	quarantineShelf = "QUARANTINE"
)

// Receive processes one event. It stores the event and its outcome in the same transaction as its facts and the
// resulting points. If the same event arrives again, the outcome is Duplicate, and nothing changes. An event with the
// same identity but different content, or one that the rules reject, is quarantined. The result states this, without an
// error. A nil report contains nothing that counts. If the member of the order was erased, the event is ignored, and
// its body is not stored.
func (ps Payments) Receive(ctx context.Context, p *loyalty.Program, d Delivery, r *Report) (StoredDelivery, error) {
	d.At, d.Received = d.At.UTC().Truncate(time.Millisecond), d.Received.UTC().Truncate(time.Millisecond)
	for range ledger.Attempts {
		k, ops, err := Deliveries(ps).arrival(ctx, p.ID, d)
		switch {
		case err != nil:
			return k, err
		case k.Outcome == Quarantined:
			return Deliveries(ps).Quarantine(ctx, p.ID, d, k.Code, k.Detail)
		case k.Outcome == Duplicate:
			return k, nil
		case r == nil:
			k.Outcome = Ignored
			err = ps.commit(ctx, append(ops, k.put(p.ID))...)
		default:
			err = ps.receive(ctx, p, &k, *r, ops)
		}
		var refusal *loyalty.Error
		switch {
		case err == nil:
			return k, nil
		case errors.Is(err, loyalty.NotFound) && r != nil: // the member of the order was erased
			r, d.Body = nil, nil
			continue
		case errors.As(err, &refusal):
			return Deliveries(ps).Quarantine(ctx, p.ID, d, refusal.Code, refusal.Detail)
		case !ledger.IsConflict(err):
			return k, err
		}
	}
	return StoredDelivery{}, ledger.ErrTryAgain
}

// arrival determines whether an event was received before, and how to store it if not.
func (ds Deliveries) arrival(
	ctx context.Context, program string, d Delivery,
) (k StoredDelivery, ops []table.Op, err error) {
	k = StoredDelivery{Delivery: d, Key: eventItem}
	was, err := ds.read(ctx, deliveryKey(program, d.Provider, d.Event, eventItem))
	switch {
	case err != nil:
		return k, nil, err
	case was.version > 0 && was.Mark != d.Mark:
		k.flag(BodyMismatch, "An event with the same ID had other content before.")
		return k, nil, nil
	case was.version > 0 && !d.Again:
		was.Outcome = Duplicate
		return was, nil, nil
	}
	if k.version = was.version; d.Transmission == "" {
		return k, nil, nil
	}
	it, err := ds.Table.Get(ctx, table.Key{
		PK: "P#" + program + "#WHT#" + d.Provider + "#" + d.Transmission, SK: "TRANSMISSION",
	})
	if err != nil {
		return k, nil, ledger.Retryable(err)
	}
	var bound transmissionDoc
	if it.Version > 0 {
		if err := json.Unmarshal(it.Doc, &bound); err != nil {
			return k, nil, fmt.Errorf("service: read %s: %w", it.Key, err)
		}
		if bound.Body != d.Mark {
			k.flag(BodyMismatch, "A transmission with the same ID had other content before.")
		}
		return k, nil, nil
	}
	it.Doc = stored.Encode(transmissionDoc{Body: d.Mark})
	return k, []table.Op{table.Put(it)}, nil
}

// Quarantine stores an event that is genuine but inconsistent. It uses a separate sort key, so that the identity
// remains free for the correct event.
func (ds Deliveries) Quarantine(
	ctx context.Context, program string, d Delivery, code loyalty.Code, detail string,
) (StoredDelivery, error) {
	d.At, d.Received = d.At.UTC().Truncate(time.Millisecond), d.Received.UTC().Truncate(time.Millisecond)
	k := StoredDelivery{Delivery: d, Key: quarantineItem + d.Mark}
	k.flag(code, detail)
	err := Payments(ds).commit(ctx, k.put(program))
	if errors.As(err, new(*table.ConflictError)) {
		err = nil // the event was already quarantined
	}
	return k, err
}

// Redriven records that a quarantined event was accepted later.
func (ds Deliveries) Redriven(ctx context.Context, program string, k StoredDelivery) error {
	was, err := ds.read(ctx, deliveryKey(program, k.Provider, k.Event, k.Key))
	if err != nil || was.version == 0 || was.Outcome != Quarantined || !was.Redriven.IsZero() {
		return err
	}
	was.Redriven = ds.Time()
	err = Payments(ds).commit(ctx, was.put(program))
	if errors.As(err, new(*table.ConflictError)) {
		return nil // another process recorded it
	}
	return err
}

func (ds Deliveries) read(ctx context.Context, key table.Key) (StoredDelivery, error) {
	it, err := ds.Table.Get(ctx, key)
	if err != nil {
		return StoredDelivery{}, ledger.Retryable(err)
	}
	return readDelivery(it)
}

func readDelivery(it table.Item) (StoredDelivery, error) {
	if it.Version == 0 {
		return StoredDelivery{Key: it.Key.SK}, nil
	}
	var d deliveryDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return StoredDelivery{}, fmt.Errorf("service: read %s: %w", it.Key, err)
	}
	return delivery(d, it.Key.SK, it.Version), nil
}

// List lists all events that are stored under one identity: the event that counted, and the quarantined ones.
func (ds Deliveries) List(ctx context.Context, program, provider, event string) iter.Seq2[StoredDelivery, error] {
	return ds.list(ctx, table.Query{PK: deliveryKey(program, provider, event, "").PK})
}

// Arrived lists the events of one day in UTC, oldest first, except those in quarantine.
func (ds Deliveries) Arrived(ctx context.Context, program string, day time.Time) iter.Seq2[StoredDelivery, error] {
	return ds.list(
		ctx, table.Query{PK: arrivalKey(program, day.UTC().Format(time.DateOnly), StoredDelivery{}).PK, Index: true},
	)
}

// InQuarantine lists the events that a person must review, oldest first.
func (ds Deliveries) InQuarantine(ctx context.Context, program string) iter.Seq2[StoredDelivery, error] {
	return ds.list(ctx, table.Query{PK: arrivalKey(program, quarantineShelf, StoredDelivery{}).PK, Index: true})
}

func (ds Deliveries) list(ctx context.Context, q table.Query) iter.Seq2[StoredDelivery, error] {
	return ledger.List(ctx, ds.Table, q, readDelivery)
}

// arrivalKey returns the index key that lists an event by the day of its arrival, or among those that a person must
// review.
func arrivalKey(program, shelf string, k StoredDelivery) table.Key {
	return table.Key{
		PK: "P#" + program + "#WH@" + shelf, SK: stored.Stamped(k.Received) + "#" + k.Provider + "#" + k.Event,
	}
}

func delivery(d deliveryDoc, key string, version int64) StoredDelivery {
	return StoredDelivery{
		Delivery: Delivery{
			Provider: d.Provider, Event: d.Event, Type: d.Type, Path: d.Path, At: stored.Instant(d.At),
			Received: stored.Instant(d.Received),
			Mark:     d.Mark, Body: d.Body,
		},
		Key: key, Outcome: Outcome(d.Outcome), Code: loyalty.Code(d.Code), Detail: d.Detail,
		Payment: d.Payment, Order: d.Order, Member: d.Member, Redriven: stored.Instant(d.Redriven), version: version,
	}
}

func storedDelivery(k StoredDelivery) deliveryDoc {
	return deliveryDoc{
		Provider: k.Provider, Event: k.Event, Type: k.Type, Path: k.Path, At: stored.Millis(k.At),
		Received: stored.Millis(k.Received),
		Mark:     k.Mark, Body: k.Body, Outcome: string(k.Outcome), Code: string(k.Code), Detail: k.Detail,
		Payment: k.Payment, Order: k.Order, Member: k.Member, Redriven: stored.Millis(k.Redriven),
	}
}

// deliveryDoc is a verified event as received, with its outcome.
type deliveryDoc struct {
	Provider string           `json:"by"`
	Event    string           `json:"id"`
	Type     string           `json:"t"`
	Path     string           `json:"path,omitzero"` // the subject of the event according to the webhook's URL
	At       int64            `json:"at,omitzero"`
	Received int64            `json:"rec"`
	Mark     string           `json:"mark"`           // fingerprint of the event's content
	Body     []byte           `json:"body,omitempty"` // encrypted
	Outcome  string           `json:"out"`
	Code     string           `json:"code,omitzero"`
	Detail   string           `json:"why,omitzero"`
	Payment  string           `json:"pay,omitzero"`
	Order    string           `json:"o,omitzero"`
	Member   loyalty.MemberID `json:"m,omitzero"`  // of a privacy request
	Redriven int64            `json:"re,omitzero"` // when a quarantined event was accepted
}

// transmissionDoc binds a transmission to the body with which it was received.
type transmissionDoc struct {
	Body string `json:"b"`
}

// deliveryKey returns the key of an event as received. A quarantined event has a separate sort key derived from its
// content, so that it does not take the key of the genuine event.
func deliveryKey(program, provider, event, item string) table.Key {
	return table.Key{PK: "P#" + program + "#WH#" + provider + "#" + event, SK: item}
}
