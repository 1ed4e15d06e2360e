package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// These constants limit the requests of guests. An IP address may send guestBurst requests at once, and one more for
// each guestInterval that passes: 60 requests per minute.
const (
	guestInterval = time.Second
	guestBurst    = 60
	guestAttempts = 5 // attempts to count a request, if others from the same address are counted at the same time
)

// A GuestLimit reports that an IP address sent too many requests.
type GuestLimit struct {
	Wait time.Duration // the time until the next request is possible
}

// Error states the time to wait.
func (e *GuestLimit) Error() string {
	return fmt.Sprintf("auth: too many requests: wait for %s", e.Wait)
}

// guestDoc is the document that the table stores for an IP address. Fields may be added but not changed. It is the
// state of the generic cell rate algorithm (ITU-T I.371): the instant at which the address has its whole burst again,
// in milliseconds.
type guestDoc struct {
	Full int64 `json:"full"`
}

// CountGuest counts a request of a guest, or returns *GuestLimit. The address is a keyed hash of the IP address. A
// request costs one read and one write. The table deletes the item once it has no effect.
func (t *Tokens) CountGuest(ctx context.Context, program, address string) error {
	item, err := t.Table.Get(ctx, table.Key{PK: "P#" + program + "#IP#" + address, SK: "GUEST"})
	if err != nil {
		return fmt.Errorf("auth: read the requests of a guest: %w", err)
	}
	for range guestAttempts {
		if err := countRequest(&item, t.Now()); err != nil {
			return err
		}
		err := t.Table.Transact(ctx, table.Put(item))
		conflict, ok := errors.AsType[*table.ConflictError](err)
		switch {
		case ok:
			item = conflict.Current
		case err != nil:
			return fmt.Errorf("auth: count the request of a guest: %w", err)
		default:
			return nil
		}
	}
	return &GuestLimit{Wait: guestInterval}
}

// countRequest counts a request in the item of its address, or returns *GuestLimit.
func countRequest(item *table.Item, now time.Time) error {
	var d guestDoc
	if item.Version > 0 {
		if err := json.Unmarshal(item.Doc, &d); err != nil {
			return fmt.Errorf("auth: decode %s: %w", item.Key, err)
		}
	}
	full := now
	if last := time.UnixMilli(d.Full); last.After(now) {
		full = last
	}
	full = full.Add(guestInterval)
	if wait := full.Sub(now) - guestBurst*guestInterval; wait > 0 {
		return &GuestLimit{Wait: wait}
	}
	doc, err := json.Marshal(guestDoc{full.UnixMilli()})
	item.Doc, item.Expires = doc, full.Add(time.Second)
	return err
}
