package ledger

import (
	"context"
	"iter"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// mostLapsed is the maximum number of expired reservations per reward that are counted as available again.
const mostLapsed = 100

// Stock returns the remaining quantity of each reward with a limited quantity, also per date.
func (l *Ledger) Stock(ctx context.Context, p *loyalty.Program) (earn.Budgets, error) {
	var of []posting.Spend
	for _, r := range p.Rewards {
		of = append(of, redeem.Counters(&r, l.now())...)
	}
	return l.Budgets(ctx, p.ID, of)
}

// StockFor returns the stock that is available if member m redeems now. In addition to Stock, it includes the quantity
// of expired reservations, whether code pools have a code, and, unless m is empty, whether other members of the
// waitlist have precedence.
//
// It takes two sequential steps. In addition to the cost of Stock, it costs one read unit for each reward that uses
// uploaded codes, or that is out of stock in total or on a date. It costs one more for each empty pool, and one or more
// for each waitlist, since it reads as many of its members as units remain, in pages.
func (l *Ledger) StockFor(ctx context.Context, p *loyalty.Program, m loyalty.MemberID) (earn.Budgets, error) {
	s := l.stockFor(p, m)
	if err := parallel.Do(s.first(ctx)...); err != nil {
		return nil, err
	}
	s.count()
	if err := parallel.Do(s.second(ctx)...); err != nil {
		return nil, err
	}
	return s.result(ctx)
}

// A stockReading determines the remaining stock of a program's rewards. It reads in two steps: first the counters and
// pools, then further items of the rewards that are out of stock.
type stockReading struct {
	*Ledger
	p        *loyalty.Program
	m        loyalty.MemberID
	now      time.Time
	counters budgets
	left     earn.Budgets
	rewards  []rewardReading
}

// A rewardReading contains the items that were read for one reward.
type rewardReading struct {
	*loyalty.Reward
	lapsed []listedDoc
	line   []table.Item // the first members of the waitlist
}

func (l *Ledger) stockFor(p *loyalty.Program, m loyalty.MemberID) *stockReading {
	s := &stockReading{
		Ledger: l, p: p, m: m, now: l.now(), counters: budgets{ledger: l, program: p.ID}, left: earn.Budgets{},
		rewards: make([]rewardReading, len(p.Rewards)),
	}
	for i := range p.Rewards {
		s.rewards[i].Reward = &p.Rewards[i]
	}
	return s
}

// first returns the reads of the first step: the counters, and whether each code pool has a code.
func (s *stockReading) first(ctx context.Context) []func() error {
	var of []posting.Spend
	var pools []func() error
	for _, r := range s.rewards {
		of = append(of, redeem.Counters(r.Reward, s.now)...)
		if r.Codes.From == loyalty.UploadedCode {
			pools = append(pools, func() error { return s.readPool(ctx, r.Reward) })
		}
	}
	return append(s.counters.reads(ctx, of), pools...)
}

func (s *stockReading) readPool(ctx context.Context, r *loyalty.Reward) error {
	codes := loyalty.Points(0)
	for _, err := range s.Table.Query(ctx, table.Query{PK: poolPartition(s.p.ID, r.ID), Limit: 1}) {
		if err != nil {
			return retryable(err)
		}
		codes++
	}
	s.counters.mu.Lock()
	defer s.counters.mu.Unlock()
	s.left[r.CodesKey()] = codes
	return nil
}

// count adds the remaining quantities according to the counters that the first step read.
func (s *stockReading) count() {
	for _, r := range s.rewards {
		s.counters.leftOf(redeem.Counters(r.Reward, s.now), s.left)
	}
}

// second returns the reads of the second step: the expired reservations of rewards that are out of stock, and the first
// members of the waitlists of rewards that may have stock.
func (s *stockReading) second(ctx context.Context) (reads []func() error) {
	for i := range s.rewards {
		r := &s.rewards[i]
		wanted := r.Codes.From == loyalty.UploadedCode && s.left[r.CodesKey()] == 0
		for _, c := range redeem.Counters(r.Reward, s.now) {
			wanted = wanted || s.left[c.Rule] == 0
		}
		if wanted {
			reads = append(reads, func() error { return s.readLapsed(ctx, r) })
		}
		if s.m != "" && r.HasWaitlist() && (wanted || s.left[r.Key()] > 0) {
			reads = append(reads, func() error { return s.readLine(ctx, r) })
		}
	}
	return reads
}

func (s *stockReading) readLapsed(ctx context.Context, r *rewardReading) error {
	for it, err := range s.lapsedOf(ctx, s.p.ID, r.ID, table.Item{}, mostLapsed) {
		if err != nil {
			return retryable(err)
		}
		d, err := readListed(it)
		if err != nil {
			return err
		}
		r.lapsed = append(r.lapsed, d)
	}
	return nil
}

func (s *stockReading) readLine(ctx context.Context, r *rewardReading) error {
	for it, err := range s.Table.Query(ctx, table.Query{PK: linePartition(s.p.ID, r.ID), Limit: callsAtOnce}) {
		if err != nil {
			return retryable(err)
		}
		r.line = append(r.line, it)
	}
	return nil
}

// result adds the results of the second step. It reads more of a waitlist if its first members are not enough.
func (s *stockReading) result(ctx context.Context) (earn.Budgets, error) {
	for _, r := range s.rewards {
		for _, d := range r.lapsed {
			for _, key := range []string{redeem.KeyOn(r.Reward, d.Date), r.CodesKey()} {
				if _, counted := s.left[key]; counted {
					s.left[key]++
				}
			}
		}
		n := s.left[r.Key()]
		if s.m == "" || !r.HasWaitlist() || n == 0 {
			continue
		}
		call, err := s.called(s.p, r.Reward, s.lineFrom(ctx, r), n)
		if err != nil {
			return nil, err
		}
		if call.Refuses(s.m) != nil {
			s.left[r.TurnKey()] = 0
		}
	}
	return s.left, nil
}

// lineFrom yields the items of a waitlist, starting with those that were already read.
func (s *stockReading) lineFrom(ctx context.Context, r rewardReading) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		for _, it := range r.line {
			if !yield(it, nil) {
				return
			}
		}
		if n := len(r.line); n == callsAtOnce {
			q := table.Query{PK: linePartition(s.p.ID, r.ID), After: r.line[n-1], Limit: callsAtOnce}
			s.inPages(ctx, q)(yield)
		}
	}
}
