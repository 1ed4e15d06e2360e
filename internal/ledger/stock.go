package ledger

import (
	"context"
	"iter"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// mostLapsed is how many expired reservations of one reward are counted as left.
const mostLapsed = 100

// Stock returns what is left of each reward with a limited quantity, and of each date of one.
func (l *Ledger) Stock(ctx context.Context, p *loyalty.Program) (loyalty.Budgets, error) {
	var of []loyalty.Spend
	for _, r := range p.Rewards {
		of = append(of, r.Counters(l.now())...)
	}
	return l.Budgets(ctx, p.ID, of)
}

// StockFor is Stock as a member finds it who redeems now: with the quantity that expired reservations held, whether pools
// have a code, and whether other members of a waitlist have the first call; without the last one if m is empty.
//
// It takes two sequential steps. It costs a read unit more than Stock for each reward with uploaded codes, or of which
// a piece or a date has run out; one more where the pool is empty; and one or more for each waitlist, of which it
// reads as many members as pieces are left, in pages.
func (l *Ledger) StockFor(ctx context.Context, p *loyalty.Program, m loyalty.MemberID) (loyalty.Budgets, error) {
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

// A stockReading finds out what is left of the rewards of a program. Its reads are in two steps: first the counters and the
// pools, then what is wanted of those of which nothing is left.
type stockReading struct {
	*Ledger
	p        *loyalty.Program
	m        loyalty.MemberID
	now      time.Time
	counters budgets
	left     loyalty.Budgets
	rewards  []rewardReading
}

// A rewardReading is what was read of one reward.
type rewardReading struct {
	*loyalty.Reward
	lapsed []listedDoc
	line   []table.Item // the beginning of the waitlist
}

func (l *Ledger) stockFor(p *loyalty.Program, m loyalty.MemberID) *stockReading {
	s := &stockReading{
		Ledger: l, p: p, m: m, now: l.now(), counters: budgets{ledger: l, program: p.ID}, left: loyalty.Budgets{},
		rewards: make([]rewardReading, len(p.Rewards)),
	}
	for i := range p.Rewards {
		s.rewards[i].Reward = &p.Rewards[i]
	}
	return s
}

// first returns the reads of the first step: the counters, and whether pools have a code.
func (s *stockReading) first(ctx context.Context) []func() error {
	var of []loyalty.Spend
	var pools []func() error
	for _, r := range s.rewards {
		of = append(of, r.Counters(s.now)...)
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

// count adds what the counters of the first step say.
func (s *stockReading) count() {
	for _, r := range s.rewards {
		s.counters.leftOf(r.Counters(s.now), s.left)
	}
}

// second returns the reads of the second step: the expired reservations of rewards of which nothing is left, and the
// beginnings of the waiting lists of those of which something may be.
func (s *stockReading) second(ctx context.Context) (reads []func() error) {
	for i := range s.rewards {
		r := &s.rewards[i]
		wanted := r.Codes.From == loyalty.UploadedCode && s.left[r.CodesKey()] == 0
		for _, c := range r.Counters(s.now) {
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

// result adds what the second step has found. It reads on where the beginning of a waitlist is not enough.
func (s *stockReading) result(ctx context.Context) (loyalty.Budgets, error) {
	for _, r := range s.rewards {
		for _, d := range r.lapsed {
			for _, key := range []string{r.KeyOn(d.Date), r.CodesKey()} {
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

// lineFrom yields the items of a waitlist, of which the beginning was read.
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
