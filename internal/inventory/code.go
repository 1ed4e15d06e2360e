// Package inventory stores the quantities that limit a reward: its codes, its stock and its waitlist.
//
// A code or a unit of stock has at most one owner. A reservation takes a code from the pool of its reward in the
// transaction that moves the points. A cancellation or an expiry returns the code in the same way. The operations that
// follow from entries, such as returning the code of an expired reservation, are in package ledger (effects.go),
// because every command may write such entries.
package inventory

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/random"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Codes stores the codes of rewards, from the upload to the last use.
type Codes struct{ *ledger.Ledger }

// uploadKey returns the key under which the progress of an upload of codes is stored. The fingerprint of the codes
// identifies the upload.
func uploadKey(program, reward, fingerprint string) table.Key {
	return table.Key{PK: ledger.PoolPartition(program, reward) + "#UPLOAD", SK: fingerprint}
}

// Take sets the code of a redemption. For a reward with uploaded codes it takes an unclaimed code from the pool, and
// sets none if the pool is empty. It returns the operations that remove the code from the pool.
func (c Codes) Take(
	ctx context.Context, p *loyalty.Program, reward *loyalty.Reward, r *loyalty.Redemption,
) ([]table.Op, error) {
	r.Code, r.Pooled = "", false
	switch reward.Codes.From {
	case loyalty.GeneratedCode:
		r.Code = redeem.NewCode(random.Bits(c.Random))
	case loyalty.UploadedCode:
		it, err := c.anyOf(ctx, p.ID, reward.ID)
		if err != nil || it.Version == 0 {
			return nil, err
		}
		_, r.Code, _ = strings.Cut(it.Key.SK, "#")
		r.Pooled = true
		return []table.Op{table.Delete(it)}, nil
	}
	return nil, nil
}

// anyOf returns an unclaimed code of a pool. It starts at a random position, so that concurrent requests rarely select
// the same code. The Version of the returned item is 0 if the pool is empty.
func (c Codes) anyOf(ctx context.Context, program, reward string) (table.Item, error) {
	pool, place := ledger.PoolPartition(program, reward), random.Bits(c.Random)
	from := fmt.Sprintf("%x", place[:4])
	for _, q := range []table.Query{{PK: pool, From: from, Limit: 1}, {PK: pool, To: from, Limit: 1}} {
		for it, err := range c.Table.Query(ctx, q) {
			return it, ledger.Retryable(err)
		}
	}
	return table.Item{}, nil
}

func ReadCode(it table.Item) (d ledger.CodeDoc, err error) {
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return d, fmt.Errorf("inventory: read code: %w", err)
	}
	return d, nil
}
