package inventory

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Stock counts how much of a reward remains.
type Stock struct{ *ledger.Ledger }

// maxExpired is the maximum number of expired reservations per reward that are counted as available again.
const maxExpired = 100

// Counts returns the remaining quantity of each reward with a limited quantity, and of each of its dates.
func (ss Stock) Counts(ctx context.Context, p *loyalty.Program) (earn.Budgets, error) {
	var of []posting.Spend
	for _, r := range p.Rewards {
		of = append(of, redeem.Counters(&r, ss.Time())...)
	}
	return ledger.Budgets{Ledger: ss.Ledger}.Remaining(ctx, p.ID, of)
}

// CountsFor returns the stock that is available if member m redeems now. Unlike Counts, it adds the quantity of expired
// reservations and considers whether code pools have a code. Unless m is empty, it also considers whether other members
// of the waitlist have precedence.
//
// It takes two sequential steps. In addition to the cost of Counts, it costs one read unit for each reward that uses
// uploaded codes, or that is out of stock in total or on a date. Each empty pool costs one more. Each waitlist costs
// one or more, because CountsFor reads as many waiting members as units remain, in pages.
func (ss Stock) CountsFor(ctx context.Context, p *loyalty.Program, m loyalty.MemberID) (earn.Budgets, error) {
	s := ss.Reading(p, m)
	if err := parallel.Do(s.First(ctx)...); err != nil {
		return nil, err
	}
	s.Count()
	if err := parallel.Do(s.Second(ctx)...); err != nil {
		return nil, err
	}
	return s.Result(ctx)
}

// A StockReading determines the remaining stock of a program's rewards. It reads in two steps: first the counters and
// pools, then further items of the rewards that are out of stock.
type StockReading struct {
	*ledger.Ledger
	p        *loyalty.Program
	m        loyalty.MemberID
	Now      time.Time
	Counters ledger.BudgetCounters
	Left     earn.Budgets // the remaining stock
	mu       sync.Mutex   // guards Left while several pools are read concurrently
	rewards  []rewardReading
}

// A rewardReading contains the items that were read for one reward.
type rewardReading struct {
	*loyalty.Reward
	expired []ledger.ListedDoc
	line    []table.Item // the items of the first members of the waitlist
}

// Reading returns a StockReading of the stock that is available if member m redeems now; see CountsFor.
func (ss Stock) Reading(p *loyalty.Program, m loyalty.MemberID) *StockReading {
	s := &StockReading{
		Ledger: ss.Ledger, p: p, m: m, Now: ss.Time(),
		Counters: ledger.BudgetCounters{Ledger: ss.Ledger, Program: p.ID}, Left: earn.Budgets{},
		rewards: make([]rewardReading, len(p.Rewards)),
	}
	for i := range p.Rewards {
		s.rewards[i].Reward = &p.Rewards[i]
	}
	return s
}

// First returns the reads of the first step: the counters, and whether each code pool has a code.
func (s *StockReading) First(ctx context.Context) []func() error {
	var of []posting.Spend
	var pools []func() error
	for _, r := range s.rewards {
		of = append(of, redeem.Counters(r.Reward, s.Now)...)
		if r.Codes.From == loyalty.UploadedCode {
			pools = append(pools, func() error { return s.readPool(ctx, r.Reward) })
		}
	}
	return append(s.Counters.Reads(ctx, of), pools...)
}

func (s *StockReading) readPool(ctx context.Context, r *loyalty.Reward) error {
	codes := loyalty.Points(0)
	for _, err := range s.Table.Query(ctx, table.Query{PK: ledger.PoolPartition(s.p.ID, r.ID), Limit: 1}) {
		if err != nil {
			return ledger.Retryable(err)
		}
		codes++
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Left[r.CodesKey()] = codes
	return nil
}

// Count adds the remaining quantities according to the counters that the first step read.
func (s *StockReading) Count() {
	for _, r := range s.rewards {
		s.Counters.LeftOf(redeem.Counters(r.Reward, s.Now), s.Left)
	}
}

// Second returns the reads of the second step: the expired reservations of rewards that are out of stock, and the first
// members of the waitlists of rewards that may have stock.
func (s *StockReading) Second(ctx context.Context) (reads []func() error) {
	for i := range s.rewards {
		r := &s.rewards[i]
		wanted := r.Codes.From == loyalty.UploadedCode && s.Left[r.CodesKey()] == 0
		for _, c := range redeem.Counters(r.Reward, s.Now) {
			wanted = wanted || s.Left[c.Rule] == 0
		}
		if wanted {
			reads = append(reads, func() error { return s.readExpired(ctx, r) })
		}
		if s.m != "" && r.HasWaitlist() && (wanted || s.Left[r.Key()] > 0) {
			reads = append(reads, func() error { return s.readLine(ctx, r) })
		}
	}
	return reads
}

func (s *StockReading) readExpired(ctx context.Context, r *rewardReading) error {
	for it, err := range (Stock{s.Ledger}).expiredOf(ctx, s.p.ID, r.ID, table.Item{}, maxExpired) {
		if err != nil {
			return ledger.Retryable(err)
		}
		d, err := readListed(it)
		if err != nil {
			return err
		}
		r.expired = append(r.expired, d)
	}
	return nil
}

func (s *StockReading) readLine(ctx context.Context, r *rewardReading) error {
	for it, err := range s.Table.Query(ctx, table.Query{PK: linePartition(s.p.ID, r.ID), Limit: CallsAtOnce}) {
		if err != nil {
			return ledger.Retryable(err)
		}
		r.line = append(r.line, it)
	}
	return nil
}

// Result adds the results of the second step to the remaining stock, and returns this stock. It reads more of a
// waitlist if its first members are not enough.
func (s *StockReading) Result(ctx context.Context) (earn.Budgets, error) {
	for _, r := range s.rewards {
		for _, d := range r.expired {
			for _, key := range []string{redeem.KeyOn(r.Reward, d.Date), r.CodesKey()} {
				if _, counted := s.Left[key]; counted {
					s.Left[key]++
				}
			}
		}
		if len(r.line) == 0 {
			continue // no member has precedence
		}
		call, err := Waitlists{s.Ledger}.Called(s.p, r.Reward, s.lineFrom(ctx, r), s.Left[r.Key()])
		if err != nil {
			return nil, err
		}
		if call.Refuses(s.m) != nil {
			s.Left[r.TurnKey()] = 0
		}
	}
	return s.Left, nil
}

// lineFrom yields the items of a waitlist, starting with those that were already read.
func (s *StockReading) lineFrom(ctx context.Context, r rewardReading) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		for _, it := range r.line {
			if !yield(it, nil) {
				return
			}
		}
		if n := len(r.line); n == CallsAtOnce {
			q := table.Query{PK: linePartition(s.p.ID, r.ID), After: r.line[n-1], Limit: CallsAtOnce}
			ledger.InPages(ctx, s.Table, q)(yield)
		}
	}
}
