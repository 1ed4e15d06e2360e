package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Delivery is one verified event of a payment processor, as it came.
type Delivery struct {
	Provider string
	Event    string    // its identity, from what is signed
	Type     string    // what the processor calls it
	Path     string    // what the webhook's address said it is about; may be empty
	At       time.Time // when it happened, by the processor's clock; may be zero
	Received time.Time
	Mark     string // a fingerprint of what it says, so that another one under the same identity is noticed
	Body     []byte // sealed by the caller; kept as it is

	Transmission string // binds to Mark: another event under the same transmission is a forgery. May be empty
	Again        bool   // take it again, as if it were new: what it says counts once all the same
}

// Outcome is what became of an event.
type Outcome string

const (
	Applied     Outcome = "applied"
	Waiting     Outcome = "waiting" // its facts are kept, and count once the order or the money is known
	Ignored     Outcome = "ignored" // genuine, and says nothing about points
	Duplicate   Outcome = "duplicate"
	Quarantined Outcome = "quarantined" // genuine, and odd: somebody must look at it
)

// Codes of what is quarantined beside those of refusals.
const (
	BodyMismatch  loyalty.Code = "webhook_body_mismatch"  // the same identity says two things, or the processor says another
	StageMismatch loyalty.Code = "webhook_stage_mismatch" // play money at a live stack, or the other way round
)

// Kept is an event with what became of it.
type Kept struct {
	Delivery
	Key      string // under which of the event's keys it is kept
	Outcome  Outcome
	Code     loyalty.Code // why it was quarantined
	Detail   string
	Payment  string
	Order    string
	Redriven time.Time // quarantined: when it was taken after all

	// Unclear is what was known of objects of which this event says something else though it is not newer: which of the
	// two is so, only the processor can say. It is told once, and not kept.
	Unclear []loyalty.Fact

	version int64
}

// Counted reports whether what the event says counts, also where somebody must look at it.
func (k Kept) Counted() bool { return k.Key == eventItem }

const (
	eventItem       = "EVENT"
	quarantineItem  = "Q#"
	quarantineShelf = "QUARANTINE"
)

// Receive takes one event: it is kept with its outcome, in one step with what it says and the points that follow. The
// same event again is a Duplicate and changes nothing. Another one under its identity, and one that the rules refuse,
// is quarantined: the answer says so, and it is no error. A report of nil says nothing that counts.
func (l *Ledger) Receive(ctx context.Context, p *loyalty.Program, d Delivery, r *Report) (Kept, error) {
	d.At, d.Received = d.At.UTC().Truncate(time.Millisecond), d.Received.UTC().Truncate(time.Millisecond)
	for range attempts {
		k, ops, err := l.arrival(ctx, p.ID, d)
		switch {
		case err != nil:
			return k, err
		case k.Outcome == Quarantined:
			return l.Quarantine(ctx, p.ID, d, k.Code, k.Detail)
		case k.Outcome == Duplicate:
			return k, nil
		case r == nil:
			k.Outcome = Ignored
			err = l.commit(ctx, append(ops, k.put(p.ID))...)
		default:
			err = l.receive(ctx, p, &k, *r, ops)
		}
		var refusal *loyalty.Error
		switch {
		case err == nil:
			return k, nil
		case errors.As(err, &refusal):
			return l.Quarantine(ctx, p.ID, d, refusal.Code, refusal.Detail)
		case !outrun(err):
			return k, err
		}
	}
	return Kept{}, ErrTryAgain
}

// arrival looks whether an event came before, and how it is to be kept if not.
func (l *Ledger) arrival(ctx context.Context, program string, d Delivery) (k Kept, ops []table.Op, err error) {
	k = Kept{Delivery: d, Key: eventItem}
	was, err := l.readDelivery(ctx, deliveryKey(program, d.Provider, d.Event, eventItem))
	switch {
	case err != nil:
		return k, nil, err
	case was.version > 0 && was.Mark != d.Mark:
		k.flag(BodyMismatch, "An event of the same identity said something else before.")
		return k, nil, nil
	case was.version > 0 && !d.Again:
		was.Outcome = Duplicate
		return was, nil, nil
	}
	if k.version = was.version; d.Transmission == "" {
		return k, nil, nil
	}
	it, err := l.Table.Get(ctx, transmissionKey(program, d.Provider, d.Transmission))
	if err != nil {
		return k, nil, retryable(err)
	}
	var bound transmissionDoc
	if it.Version > 0 {
		if err := json.Unmarshal(it.Doc, &bound); err != nil {
			return k, nil, fmt.Errorf("ledger: read %s: %w", it.Key, err)
		}
		if bound.Body != d.Mark {
			k.flag(BodyMismatch, "The transmission brought something else before.")
		}
		return k, nil, nil
	}
	it.Doc = encode(transmissionDoc{d.Mark})
	return k, []table.Op{table.Put(it)}, nil
}

// Quarantine keeps an event that is genuine and odd, beside the place of its identity, which stays free for it.
func (l *Ledger) Quarantine(ctx context.Context, program string, d Delivery, code loyalty.Code, detail string) (Kept, error) {
	d.At, d.Received = d.At.UTC().Truncate(time.Millisecond), d.Received.UTC().Truncate(time.Millisecond)
	k := Kept{Delivery: d, Key: quarantineItem + d.Mark}
	k.flag(code, detail)
	err := l.commit(ctx, k.put(program))
	if errors.As(err, new(*table.ConflictError)) {
		err = nil // it was quarantined before
	}
	return k, err
}

// Redriven notes that a quarantined event was taken after all.
func (l *Ledger) Redriven(ctx context.Context, program string, k Kept) error {
	was, err := l.readDelivery(ctx, deliveryKey(program, k.Provider, k.Event, k.Key))
	if err != nil || was.version == 0 || was.Outcome != Quarantined || !was.Redriven.IsZero() {
		return err
	}
	was.Redriven = l.now()
	err = l.commit(ctx, was.put(program))
	if errors.As(err, new(*table.ConflictError)) {
		return nil // somebody else did it
	}
	return err
}

func (l *Ledger) readDelivery(ctx context.Context, key table.Key) (Kept, error) {
	it, err := l.Table.Get(ctx, key)
	if err != nil {
		return Kept{}, retryable(err)
	}
	return keptOf(it)
}

func keptOf(it table.Item) (Kept, error) {
	if it.Version == 0 {
		return Kept{Key: it.Key.SK}, nil
	}
	var d deliveryDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return Kept{}, fmt.Errorf("ledger: read %s: %w", it.Key, err)
	}
	return d.delivery(it.Key.SK, it.Version), nil
}

// Deliveries lists what is kept of one event: as it counted, and what was quarantined under its identity.
func (l *Ledger) Deliveries(ctx context.Context, program, provider, event string) iter.Seq2[Kept, error] {
	return l.deliveries(ctx, table.Query{PK: deliveryKey(program, provider, event, "").PK})
}

// Arrived lists the events of one day, in UTC, oldest first, but for those in quarantine.
func (l *Ledger) Arrived(ctx context.Context, program string, day time.Time) iter.Seq2[Kept, error] {
	return l.deliveries(ctx, table.Query{PK: arrivalKey(program, day.UTC().Format(time.DateOnly), Kept{}).PK, Index: true})
}

// InQuarantine lists the events that somebody must look at, oldest first.
func (l *Ledger) InQuarantine(ctx context.Context, program string) iter.Seq2[Kept, error] {
	return l.deliveries(ctx, table.Query{PK: arrivalKey(program, quarantineShelf, Kept{}).PK, Index: true})
}

func (l *Ledger) deliveries(ctx context.Context, q table.Query) iter.Seq2[Kept, error] {
	return list(ctx, l.Table, q, keptOf)
}
