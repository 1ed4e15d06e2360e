package ledger

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// mostLapsed is how many lapsed reservations of one reward are counted as left.
const mostLapsed = 100

// StockFor is Stock as a member finds it who redeems now: with what lapsed reservations held, whether pools have a code,
// and whether others who wait have the first call; not that if m is empty, and nobody is named.
//
// It costs a read unit more for each reward with uploaded codes, or of which a piece or a date has run out; one more
// where the pool is empty; and for each waiting list the read of as many who wait as pieces are left.
func (l *Ledger) StockFor(ctx context.Context, p *loyalty.Program, m loyalty.MemberID) (loyalty.Budgets, error) {
	left, err := l.Stock(ctx, p)
	if err != nil {
		return nil, err
	}
	for _, r := range p.Rewards {
		if err := l.findOut(ctx, p, &r, m, left); err != nil {
			return nil, err
		}
	}
	return left, nil
}

// findOut adds to what is left of one reward.
func (l *Ledger) findOut(ctx context.Context, p *loyalty.Program, r *loyalty.Reward, m loyalty.MemberID, left loyalty.Budgets) error {
	wanted := false
	for _, s := range r.Counters(l.now()) {
		wanted = wanted || left[s.Rule] == 0
	}
	if r.Codes.From == loyalty.UploadedCode {
		for _, err := range l.Table.Query(ctx, table.Query{PK: poolPartition(p.ID, r.ID), Limit: 1}) {
			if err != nil {
				return retryable(err)
			}
			left[r.CodesKey()]++
		}
		left[r.CodesKey()] += 0
		wanted = wanted || left[r.CodesKey()] == 0
	}
	if wanted {
		if err := l.addLapsed(ctx, p.ID, r, left); err != nil {
			return err
		}
	}
	if n := left[r.Key()]; m != "" && r.Waits() && n > 0 {
		call, err := l.called(ctx, p, r, n)
		if err != nil {
			return err
		}
		if call.Refuses(m) != nil {
			left[r.TurnKey()] = 0
		}
	}
	return nil
}

// addLapsed adds what lapsed reservations held.
func (l *Ledger) addLapsed(ctx context.Context, program string, r *loyalty.Reward, left loyalty.Budgets) error {
	for it, err := range l.lapsedOf(ctx, program, r.ID, table.Item{}, mostLapsed) {
		if err != nil {
			return retryable(err)
		}
		d, err := readListed(it)
		if err != nil {
			return err
		}
		for _, key := range []string{r.KeyOn(d.Date), r.CodesKey()} {
			if _, counted := left[key]; counted {
				left[key]++
			}
		}
	}
	return nil
}
