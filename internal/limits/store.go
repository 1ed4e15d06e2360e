package limits

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/random"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Counter counts the units of one principal for one purpose. The zero Counter counts nothing.
type Counter struct {
	Program   string
	Purpose   Purpose
	Principal string // an ID, or the hash of an identifier
	Limit     Limit
}

// key returns the key of the item that stores the counter.
func (c Counter) key() table.Key {
	return table.Key{PK: stored.LimitPartition(c.Program, c.Principal), SK: string(c.Purpose)}
}

// A Store counts units in the table. Each counter is one item.
type Store struct{ *ledger.Ledger }

// usageDoc is stored. Fields may only be added.
type usageDoc struct {
	At    []int64 `json:"at"`          // the instants of the uses
	Units []int64 `json:"n,omitempty"` // the units of the uses; omitted if each has one
	Mark  string  `json:"m,omitzero"`  // a random text that identifies the last write, if its response could be lost
}

func decode(it table.Item) (u Usage, err error) {
	if it.Version == 0 {
		return nil, nil
	}
	var d usageDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return nil, fmt.Errorf("limits: read %s: %w", it.Key, err)
	}
	for i, at := range d.At {
		use := Use{stored.Instant(at), 1}
		if i < len(d.Units) {
			use.Units = d.Units[i]
		}
		u = append(u, use)
	}
	return u, nil
}

func encode(u Usage, mark string) []byte {
	d := usageDoc{Mark: mark}
	single := true
	for _, use := range u {
		d.At = append(d.At, stored.Millis(use.At))
		d.Units = append(d.Units, use.Units)
		single = single && use.Units == 1
	}
	if single {
		d.Units = nil
	}
	return stored.Encode(d)
}

// count returns the operation that counts n more units of a counter whose item was read, with the mark of the write. It
// returns *ExceededError if the limit does not allow them.
func (c Counter) count(it table.Item, n int64, now time.Time, mark string) (table.Op, error) {
	u, err := decode(it)
	if err != nil {
		return table.Op{}, err
	}
	if wait := u.Wait(c.Limit, n, now); wait > 0 {
		return table.Op{}, &ExceededError{Purpose: c.Purpose, Limit: c.Limit, Wait: wait}
	}
	u = u.And(c.Limit, n, now)
	it.Doc = encode(u, mark)
	it.Expires = u[len(u)-1].At.Add(c.Limit.Window + time.Second)
	return table.Put(it), nil
}

// Include returns the operations that count n units of each counter together with the effect of a command, in one
// transaction. It returns none for counters without a limit, and none at all if the command ran before: cause
// identifies its first entry. It returns *ExceededError if a limit does not allow the units. Reading a counter costs
// one read unit, and counting two write units.
func (s Store) Include(
	ctx context.Context, n int64, cause loyalty.Cause, counters ...Counter,
) ([]table.Op, error) {
	counters = limited(counters)
	items, err := s.read(ctx, counters)
	if err != nil {
		return nil, err
	}
	ops, err := count(counters, items, n, s.Time(), "")
	if !errors.Is(err, loyalty.RateLimited) {
		return ops, err
	}
	earlier, failed := s.Table.Get(ctx, stored.CauseKey(counters[0].Program, cause))
	switch {
	case failed != nil:
		return nil, ledger.Retryable(failed)
	case earlier.Version > 0:
		return nil, nil
	}
	return nil, err
}

// IsOutdated reports whether a command failed because another one changed a counter after Include had read it.
func IsOutdated(err error, counters ...Counter) bool {
	conflict, ok := errors.AsType[*table.ConflictError](err)
	return ok && slices.ContainsFunc(counters, func(c Counter) bool { return c.key() == conflict.Key })
}

// Execute executes a command that has the field Once, and counts n units in the same transaction. See Include.
func (s Store) Execute(ctx context.Context, cmd ledger.Command, c Counter, n int64) (ledger.Result, error) {
	with := cmd.With
	for range ledger.Attempts {
		ops, err := s.Include(ctx, n, cmd.Once.Cause, c)
		if err != nil {
			return ledger.Result{}, err
		}
		cmd.With = append(with[:len(with):len(with)], ops...)
		r, err := s.Ledger.Execute(ctx, cmd)
		if !IsOutdated(err, c) {
			return r, err
		}
	}
	return ledger.Result{}, ledger.ErrTryAgain
}

// Take counts one unit of each counter, in one transaction, or returns *ExceededError and counts nothing. It ignores
// counters without a limit.
func (s Store) Take(ctx context.Context, counters ...Counter) error {
	counters = limited(counters)
	items, err := s.read(ctx, counters)
	if err != nil || len(items) == 0 {
		return err
	}
	return s.take(ctx, counters, items)
}

// Misses calls a function that looks something up, and counts one unit of each counter if it returns not_found. Once a
// limit is reached, it returns *ExceededError without calling look, even if the object exists, because any other answer
// would reveal that it exists.
//
// Each counter costs one read unit. A miss costs one write unit with one counter, and two per counter otherwise,
// because one transaction writes all. Concurrent look-ups do not see each other's misses: those that find something
// succeed, and those that do not are counted one by one.
func (s Store) Misses(ctx context.Context, look func() error, counters ...Counter) error {
	counters = limited(counters)
	items, err := s.read(ctx, counters)
	if err != nil {
		return err
	}
	if _, err := count(counters, items, 1, s.Time(), ""); err != nil {
		return err
	}
	err = look()
	if !errors.Is(err, loyalty.NotFound) || len(counters) == 0 {
		return err
	}
	if failed := s.take(ctx, counters, items); failed != nil {
		return failed
	}
	return err
}

// limited returns the counters with a limit. The others are not counted.
func limited(counters []Counter) (out []Counter) {
	for _, c := range counters {
		if c.Limit.Max > 0 {
			out = append(out, c)
		}
	}
	return out
}

func (s Store) read(ctx context.Context, counters []Counter) ([]table.Item, error) {
	keys := make([]table.Key, len(counters))
	for i, c := range counters {
		keys[i] = c.key()
	}
	return ledger.GetAll(ctx, s.Table, keys...)
}

// take counts one unit of each counter, whose items were read. If another process counted meanwhile, it reads the items
// and counts again. If the response was lost, the mark in the items shows whether the units were counted.
func (s Store) take(ctx context.Context, counters []Counter, items []table.Item) error {
	var bits [6]byte
	random.Read(s.Random, bits[:])
	mark, now := base64.RawURLEncoding.EncodeToString(bits[:]), s.Time()
	unknown := false // whether the response of an attempt was lost
	for range ledger.Attempts {
		ops, err := count(counters, items, 1, now, mark)
		if err != nil {
			return err
		}
		err = s.Table.Transact(ctx, ops...)
		conflict, conflicts := errors.AsType[*table.ConflictError](err)
		switch {
		case errors.Is(err, table.ErrUnknown):
			unknown = true
			continue
		case !conflicts:
			return ledger.Retryable(err)
		case unknown && marked(conflict.Current, mark):
			return nil
		}
		if items, err = s.read(ctx, counters); err != nil {
			return err
		}
	}
	return ledger.ErrTryAgain
}

// marked reports whether the last write of an item has the given mark.
func marked(it table.Item, mark string) bool {
	var d usageDoc
	return it.Version > 0 && json.Unmarshal(it.Doc, &d) == nil && d.Mark == mark
}

// count returns the operations that count n units of each counter.
func count(counters []Counter, items []table.Item, n int64, now time.Time, mark string) ([]table.Op, error) {
	ops := make([]table.Op, len(counters))
	for i, c := range counters {
		var err error
		if ops[i], err = c.count(items[i], n, now, mark); err != nil {
			return nil, err
		}
	}
	return ops, nil
}
