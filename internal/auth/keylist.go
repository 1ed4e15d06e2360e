package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A KeyInfo describes an API key without its secret.
type KeyInfo struct {
	ID          string
	Scopes      []Scope
	IPRanges    []string // empty if the key may be used from any address
	DailyPoints int64
	CreatedAt   time.Time
	LastUsedAt  time.Time // accurate to an hour; zero if the key was never used
	ExpiresAt   time.Time // zero if the key does not expire
	RevokedAt   time.Time // zero if the key is not revoked
}

// keysOf returns the partition of the index that lists the keys of a program.
func keysOf(program string) string { return "P#" + program + "#KEYS" }

// List returns the keys of a program of this stage, oldest first. It reads an index, so a key that was just created may
// be missing.
func (k *Keys) List(ctx context.Context, program string) (out []KeyInfo, err error) {
	used, err := lastUses(ctx, k.Table, program)
	if err != nil {
		return nil, err
	}
	for item, err := range k.Table.Query(ctx, table.Query{PK: keysOf(program), Index: true}) {
		if err != nil {
			return nil, fmt.Errorf("auth: list the keys of %s: %w", program, err)
		}
		var s storedKey
		if err := json.Unmarshal(item.Doc, &s); err != nil {
			return nil, fmt.Errorf("auth: decode key %s: %w", item.Key, err)
		}
		id := item.Index.SK
		out = append(out, KeyInfo{
			ID: id, Scopes: s.Scopes, IPRanges: s.IPRanges, DailyPoints: cmp.Or(s.DailyPoints, DefaultDailyPoints),
			CreatedAt: s.Created, LastUsedAt: used[id], ExpiresAt: s.Expires, RevokedAt: s.Revoked,
		})
	}
	slices.SortStableFunc(out, func(a, b KeyInfo) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return out, nil
}
