package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A LimitReached error rejects a manual change with the code rate_limited, because its actor has added too many points
// on one day.
type LimitReached struct {
	Limit loyalty.Points
	Wait  time.Duration // until the next day
}

// Error returns the code and the limit.
func (e *LimitReached) Error() string {
	return fmt.Sprintf("%s: %d points per day", loyalty.RateLimited, e.Limit)
}

// Is reports whether target is RateLimited.
func (e *LimitReached) Is(target error) bool { return target == loyalty.RateLimited }

// creditDoc is a stored form: only add fields.
type creditDoc struct {
	Points loyalty.Points `json:"n"` // the points that the actor added on the day
}

// A credit counts the points that an actor adds manually on one day, in UTC.
type credit struct {
	item   table.Item
	points loyalty.Points // those of the earlier adjustments of the day
}

// creditOf reads the count of an actor for the day of now.
func (a Adjustments) creditOf(ctx context.Context, program, actor string, now time.Time) (credit, error) {
	day := now.UTC().Truncate(24 * time.Hour)
	key := table.Key{PK: stored.CreditPartition(program, actor), SK: day.Format(time.DateOnly)}
	it, err := a.Table.Get(ctx, key)
	if err != nil {
		return credit{}, ledger.Retryable(err)
	}
	if it.Version == 0 {
		it = table.Item{Key: key, Expires: day.Add(3 * 24 * time.Hour)}
		return credit{item: it}, nil
	}
	var d creditDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return credit{}, fmt.Errorf("service: read %s: %w", key, err)
	}
	return credit{it, d.Points}, nil
}

// and returns the operation that adds points to the count.
func (c credit) and(points loyalty.Points) table.Op {
	c.item.Doc = stored.Encode(creditDoc{c.points + points})
	return table.Put(c.item)
}

// limited executes an adjustment that adds points. It counts the points in the same transaction. If the day's limit of
// the actor does not suffice, it returns *LimitReached and changes nothing. A repeated request is not counted again.
func (a Adjustments) limited(
	ctx context.Context, c ledger.Command, points, limit loyalty.Points,
) (ledger.Result, error) {
	for range ledger.Attempts {
		now := a.Time()
		spent, err := a.creditOf(ctx, c.Program.ID, c.By.Actor, now)
		if err != nil {
			return ledger.Result{}, err
		}
		if spent.points+points > limit {
			earlier, err := a.Table.Get(ctx, stored.CauseKey(c.Program.ID, c.Once.Cause))
			if err != nil {
				return ledger.Result{}, ledger.Retryable(err)
			}
			if earlier.Version == 0 {
				next := now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
				return ledger.Result{}, &LimitReached{Limit: limit, Wait: next.Sub(now)}
			}
			return a.Execute(ctx, c) // returns the result of the earlier request
		}
		counted := c
		counted.With = []table.Op{spent.and(points)}
		r, err := a.Execute(ctx, counted)
		conflict, conflicts := errors.AsType[*table.ConflictError](err)
		if !conflicts || conflict.Key != spent.item.Key {
			return r, err
		}
	}
	return ledger.Result{}, ledger.ErrTryAgain
}
