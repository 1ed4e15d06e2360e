package inventory

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// uploadAtOnce is the number of codes that one transaction adds. Each code needs two items.
const uploadAtOnce = 40

// An Upload is the result of adding codes to a pool.
type Upload struct {
	Added     int
	Duplicate []string // codes that already exist in any pool of the program or belong to a member
	Replayed  bool     // whether the same codes were already uploaded; set by Codes.Upload
}

// Add adds codes to the pool of a reward. It skips codes that already exist in the program and returns them as
// duplicates. If it is repeated, even after an error, it adds the codes that are still missing.
func (c Codes) Add(ctx context.Context, program, reward string, codes iter.Seq[string]) (Upload, error) {
	u := upload{Ledger: c.Ledger, program: program, reward: reward}
	err := u.run(ctx, codes)
	return Upload{Added: u.Added, Duplicate: u.Duplicate}, err
}

// Upload adds codes like Add, and records its progress for the reward and the codes. If it is repeated with the same
// codes, it continues after the codes that were already processed, and returns the same result as one call.
func (c Codes) Upload(ctx context.Context, program, reward string, codes []string) (Upload, error) {
	key := uploadKey(program, reward, c.Keyring.Fingerprint(program, []byte(strings.Join(codes, "\n"))))
	for attempt := range ledger.Attempts {
		progress, err := c.Table.Get(ctx, key)
		if err != nil {
			return Upload{}, ledger.Retryable(err)
		}
		u := upload{Ledger: c.Ledger, program: program, reward: reward, progress: &progress}
		if progress.Version > 0 {
			if err := json.Unmarshal(progress.Doc, &u.uploadDoc); err != nil {
				return Upload{}, fmt.Errorf("inventory: read upload: %w", err)
			}
		}
		replayed := attempt == 0 && u.Codes == len(codes)
		err = u.run(ctx, slices.Values(codes))
		if ledger.IsConflict(err) {
			continue // another request uploads the same codes at the same time
		}
		return Upload{Added: u.Added, Duplicate: u.Duplicate, Replayed: replayed}, err
	}
	return Upload{}, ledger.ErrTryAgain
}

// uploadDoc is stored. Fields may only be added.
type uploadDoc struct {
	Codes     int      `json:"n"` // the number of codes that were processed
	Added     int      `json:"a"`
	Duplicate []string `json:"d,omitempty"`
}

// upload is an upload in progress.
type upload struct {
	*ledger.Ledger
	uploadDoc
	program, reward string
	progress        *table.Item // the item with the uploadDoc; nil if the progress is not recorded
	suspect         bool        // whether some codes existed already, so that more of them probably exist
}

// run processes the codes that no earlier attempt processed. A code that appears twice in one transaction is a
// duplicate.
func (u *upload) run(ctx context.Context, codes iter.Seq[string]) error {
	var batch []string
	read := 0
	for code := range codes {
		if read++; read <= u.Codes {
			continue
		}
		plain := redeem.PlainCode(code)
		if slices.ContainsFunc(batch, func(other string) bool { return redeem.PlainCode(other) == plain }) {
			u.Duplicate = append(u.Duplicate, code)
			continue
		}
		if batch = append(batch, code); len(batch) == uploadAtOnce {
			if err := u.add(ctx, batch, read); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if read <= u.Codes {
		return nil
	}
	return u.add(ctx, batch, read)
}

// add adds the codes of a batch that do not exist yet. The parameter read is the number of processed codes, including
// the batch.
func (u *upload) add(ctx context.Context, batch []string, read int) error {
	u.Codes = read
	for range ledger.Attempts {
		if u.suspect {
			known, err := Codes{u.Ledger}.known(ctx, u.program, batch)
			if err != nil {
				return err
			}
			u.Duplicate = append(u.Duplicate, known...)
			batch = slices.DeleteFunc(
				slices.Clone(batch), func(code string) bool { return slices.Contains(known, code) },
			)
		}
		u.Added += len(batch)
		err := u.addBatch(ctx, batch)
		var conflict *table.ConflictError
		if !errors.As(err, &conflict) || u.progress != nil && conflict.Key == u.progress.Key {
			return ledger.Retryable(err)
		}
		u.Added -= len(batch)
		u.suspect = true
	}
	return ledger.ErrTryAgain
}

// addBatch adds all of the codes and records the progress. It returns a conflict if one of the codes already exists.
func (u *upload) addBatch(ctx context.Context, codes []string) error {
	ops := make([]table.Op, 0, 2*len(codes)+1)
	for _, code := range codes {
		ops = append(ops,
			table.Put(
				table.Item{
					Key: ledger.CodeKey(u.program, redeem.PlainCode(code)),
					Doc: stored.Encode(ledger.CodeDoc{Reward: u.reward}),
				},
			),
			table.Put(table.Item{Key: ledger.PoolKey(u.program, u.reward, code), Doc: []byte("{}")}))
	}
	if u.progress != nil {
		u.progress.Doc = stored.Encode(u.uploadDoc)
		ops = append(ops, table.Put(*u.progress))
	}
	if len(ops) == 0 {
		return nil
	}
	if err := u.Table.Transact(ctx, ops...); err != nil {
		return fmt.Errorf("inventory: add codes: %w", err)
	}
	if u.progress != nil {
		u.progress.Version++
	}
	return nil
}

// known returns the codes that are in a pool or were issued to a member. It looks them up concurrently: if a list is
// sent again because the first upload took too long, the second upload must proceed further than the first.
func (c Codes) known(ctx context.Context, program string, codes []string) (known []string, err error) {
	keys := make([]table.Key, len(codes))
	for i, code := range codes {
		keys[i] = ledger.CodeKey(program, redeem.PlainCode(code))
	}
	items, err := ledger.GetAll(ctx, c.Table, keys...)
	for i, it := range items {
		if it.Version > 0 {
			known = append(known, codes[i])
		}
	}
	return known, err
}
