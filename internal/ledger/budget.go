package ledger

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Budgets reads the shared counters of budgets and stock.
type Budgets struct{ *Ledger }

// BudgetShards is the number of counters that share a budget, or the stock of a reward, so that concurrent orders and
// redemptions do not contend for one item.
const BudgetShards = 16

// BudgetCounters contains the counters that one command has read, for the budgets that it changes.
//
// A budget has BudgetShards counters, each with a share of the budget. A counter starts at zero and decreases by the
// points spent. Its floor is its negated share, so that the table itself rejects overspending. If one counter has too
// few points, the rest is taken from other counters, so that a budget can be spent to its last point.
//
// If a refund fails, the points that it had returned to the budget are charged again, even if the budget is exhausted.
// One counter then falls below its floor. The next spend raises it to its floor with points of the other counters, in
// the same transaction. The table therefore still rejects a spend of more points than all counters have together.
type BudgetCounters struct {
	Ledger  *Ledger
	Program string
	// Points that expired reservations return in the same transaction, so that they can be spent.
	back []posting.Spend

	mu       sync.Mutex                     // guards counters while several budgets are read concurrently
	counters map[string][BudgetShards]int64 // the counters as they were read, by the key of the rule
}

type counterDoc struct {
	N int64 `json:"n"`
}

func budgetKey(program, rule string, shard int) table.Key {
	return table.Key{PK: budgetPartition(program, rule), SK: fmt.Sprintf("BUDGET#%02d", shard)}
}

func budgetPartition(program, rule string) string { return "P#" + program + "#C#" + rule }

// Decide calls the function ask with the remainders of the budgets that were read so far, and returns its outcomes. If
// the outcomes spend from budgets that were not read, Decide reads these budgets and calls ask again.
func (b *BudgetCounters) Decide(
	ctx context.Context, ask func(earn.Budgets) ([]posting.Outcome, error),
) ([]posting.Outcome, error) {
	left := earn.Budgets{}
	for range Attempts {
		outs, err := ask(left)
		if err != nil {
			return nil, err
		}
		unknown := slices.DeleteFunc(spends(outs), func(s posting.Spend) bool {
			_, known := left[s.Rule]
			return known || s.Points < 0
		})
		if len(unknown) == 0 {
			return outs, nil
		}
		if err := b.load(ctx, unknown); err != nil {
			return nil, err
		}
		for _, s := range unknown {
			left[s.Rule] = b.left(s)
			for _, back := range b.back {
				if back.Rule == s.Rule {
					left[s.Rule] -= back.Points
				}
			}
		}
	}
	return nil, ErrTryAgain
}

func spends(outs []posting.Outcome) (all []posting.Spend) {
	for _, out := range outs {
		all = append(all, out.Spends...)
	}
	return all
}

// left returns the remainder of one budget, which must be loaded.
func (b *BudgetCounters) left(s posting.Spend) loyalty.Points {
	counters := b.counters[s.Rule]
	return max(0, s.Budget-charged(counters))
}

// charged returns the total of the points that were charged to the counters.
func charged(counters [BudgetShards]int64) (sum loyalty.Points) {
	for _, n := range counters {
		sum -= loyalty.Points(n)
	}
	return sum
}

// load reads the counters of budgets concurrently. It skips counters that were already read.
func (b *BudgetCounters) load(ctx context.Context, of []posting.Spend) error {
	return parallel.Do(b.Reads(ctx, of)...)
}

// Reads returns one function for each budget that was not read yet. Each function reads the counters of its budget.
func (b *BudgetCounters) Reads(ctx context.Context, of []posting.Spend) (reads []func() error) {
	seen := map[string]bool{}
	for _, s := range of {
		if _, read := b.counters[s.Rule]; read || seen[s.Rule] {
			continue
		}
		seen[s.Rule] = true
		reads = append(reads, func() error { return b.read(ctx, s.Rule) })
	}
	return reads
}

func (b *BudgetCounters) read(ctx context.Context, rule string) error {
	var counters [BudgetShards]int64
	for it, err := range b.Ledger.Table.Query(ctx, table.Query{PK: budgetPartition(b.Program, rule)}) {
		if err != nil {
			return Retryable(err)
		}
		var d counterDoc
		var shard int
		if _, err := fmt.Sscanf(it.Key.SK, "BUDGET#%02d", &shard); err != nil || shard >= BudgetShards {
			return fmt.Errorf("ledger: %s is not a budget", it.Key)
		}
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return fmt.Errorf("ledger: read budget %s: %w", it.Key, err)
		}
		counters[shard] = d.N
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.counters == nil {
		b.counters = map[string][BudgetShards]int64{}
	}
	b.counters[rule] = counters
	return nil
}

// forget discards the counters, so that they are read again.
func (b *BudgetCounters) forget() { b.counters = nil }

// shardShare returns the share of a budget that one counter has.
func shardShare(budget loyalty.Points, shard int) int64 {
	share := int64(budget) / BudgetShards
	if int64(shard) < int64(budget)%BudgetShards {
		share++
	}
	return share
}

// inAll returns one spend for each rule, with the sum of its points. It subtracts points that are returned in the same
// transaction.
func inAll(spends []posting.Spend) (out []posting.Spend) {
	for _, s := range spends {
		at := slices.IndexFunc(out, func(x posting.Spend) bool { return x.Rule == s.Rule })
		if at < 0 {
			out = append(out, s)
			continue
		}
		if s.Points > 0 {
			out[at].Budget = s.Budget
		}
		out[at].Points += s.Points
	}
	return out
}

// ops returns the operations that spend or return points. The table never rejects returned points, even if the budget
// was meanwhile lowered below the points spent. It does not reject a spend above the remainder either. Only points that
// are charged again after a failed refund can exceed the remainder.
func (b *BudgetCounters) ops(spends []posting.Spend, cause string) (ops []table.Op) {
	home := int(stored.Hashed(cause) % BudgetShards)
	for _, s := range inAll(spends) {
		switch {
		case s.Points == 0:
		case s.Points < 0 || s.Points > b.left(s):
			ops = append(ops, table.Add(budgetKey(b.Program, s.Rule, home), "n", int64(-s.Points), math.MinInt64))
		default:
			ops = append(ops, b.spend(s, home)...)
		}
	}
	return ops
}

// spend returns the operations that take points from the counter with the number home, if it has enough. Otherwise,
// they take points from several counters, the fullest first. The operations also raise counters that are below their
// floor to the floor, with points of the other counters.
func (b *BudgetCounters) spend(s posting.Spend, home int) (ops []table.Op) {
	room := func(i int) int64 { return b.counters[s.Rule][i] + shardShare(s.Budget, i) }
	add := func(i int, n, floor int64) {
		ops = append(ops, table.Add(budgetKey(b.Program, s.Rule, i), "n", n, floor))
	}
	rest, order := int64(s.Points), make([]int, BudgetShards)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(room(j), room(i)) })
	if least := order[BudgetShards-1]; room(home) >= rest && room(least) >= 0 {
		order = []int{home}
	}
	for _, i := range order {
		if below := -room(i); below > 0 {
			add(i, below, math.MinInt64)
			rest += below
		}
	}
	for _, i := range order {
		if part := min(rest, room(i)); part > 0 {
			add(i, -part, -shardShare(s.Budget, i))
			rest -= part
		}
	}
	return ops
}

// LeftOf stores the remainder of each budget in the map left, under the key of the budget's rule. The budgets must be
// loaded.
func (b *BudgetCounters) LeftOf(of []posting.Spend, left earn.Budgets) {
	for _, s := range of {
		left[s.Rule] = b.left(s)
	}
}

// Remaining returns the remainders of budgets, which it reads concurrently. The key of a budget is that of its rule
// with the section, such as "campaigns.double".
func (bs Budgets) Remaining(ctx context.Context, program string, of []posting.Spend) (earn.Budgets, error) {
	b, left := BudgetCounters{Ledger: bs.Ledger, Program: program}, earn.Budgets{}
	if err := b.load(ctx, of); err != nil {
		return nil, err
	}
	b.LeftOf(of, left)
	return left, nil
}

// A BudgetUse states the remainder of a budget and the amount by which it is exceeded. At least one of the two is zero.
type BudgetUse struct {
	Left    loyalty.Points
	Overrun loyalty.Points // points charged beyond the budget, after failed refunds or because the budget was lowered
}

// Uses returns the use of budgets, keyed by rule. It reads them concurrently.
func (bs Budgets) Uses(ctx context.Context, program string, of []posting.Spend) (map[string]BudgetUse, error) {
	b, uses := BudgetCounters{Ledger: bs.Ledger, Program: program}, map[string]BudgetUse{}
	if err := b.load(ctx, of); err != nil {
		return nil, err
	}
	for _, s := range of {
		uses[s.Rule] = BudgetUse{Left: b.left(s), Overrun: max(0, charged(b.counters[s.Rule])-s.Budget)}
	}
	return uses, nil
}

// Use returns the remainder of one budget.
func (bs Budgets) Use(ctx context.Context, program, rule string, budget loyalty.Points) (loyalty.Points, error) {
	left, err := bs.Remaining(ctx, program, []posting.Spend{{Rule: rule, Budget: budget}})
	return left[rule], err
}
