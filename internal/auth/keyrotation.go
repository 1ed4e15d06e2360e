package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// maxExpiry is the maximum time for which a key remains valid after its rotation, if the time is limited.
const maxExpiry = 90 * 24 * time.Hour

// Rotate creates a successor of a key, with the same permissions and limits. The old key remains valid until it is
// revoked or, if expireAfter is not zero, until this time has passed. At most two keys of a rotation are valid at a
// time: Rotate returns an error if the successor or the predecessor of the key is still valid. It returns TokenInvalid
// if the program has no such key or the key is not valid.
func (k *Keys) Rotate(ctx context.Context, program, id string, expireAfter time.Duration) (string, Principal, error) {
	if expireAfter < 0 || expireAfter > maxExpiry {
		return "", Principal{}, errors.New("auth: a rotated key can remain valid for at most 90 days")
	}
	old, item, err := k.read(ctx, id)
	if err != nil {
		return "", Principal{}, err
	}
	now := k.Now().UTC()
	if old.Program != program || !old.isValid(now) {
		return "", Principal{}, TokenInvalid
	}
	for _, other := range []string{old.Successor, old.Predecessor} {
		if err := k.requireInvalid(ctx, other, now); err != nil {
			return "", Principal{}, err
		}
	}
	fresh := old
	fresh.Created, fresh.Predecessor, fresh.Successor, fresh.Expires = now, id, "", time.Time{}
	full, newID, added, err := k.prepare(&fresh)
	if err != nil {
		return "", Principal{}, err
	}
	old.Successor = newID
	if expireAfter > 0 {
		old.Expires = now.Add(expireAfter)
	}
	if item.Doc, err = encodeKey(id, old); err != nil {
		return "", Principal{}, err
	}
	if err := k.Table.Transact(ctx, table.Put(added), table.Put(item)); err != nil {
		return "", Principal{}, fmt.Errorf("auth: rotate key %s: %w", id, err)
	}
	k.forget(id)
	return full, fresh.principal(newID), nil
}

// requireInvalid returns an error if there is a valid key with an ID.
func (k *Keys) requireInvalid(ctx context.Context, id string, now time.Time) error {
	if id == "" {
		return nil
	}
	other, _, err := k.read(ctx, id)
	switch {
	case errors.Is(err, TokenInvalid):
		return nil
	case err != nil:
		return err
	case other.isValid(now):
		return fmt.Errorf("auth: the key was rotated, and two keys are valid; revoke the key %s first", id)
	}
	return nil
}
