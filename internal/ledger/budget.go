package ledger

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// BudgetShards is how many counters a budget, or the stock of a reward, is spread over, so that orders and redemptions
// do not queue for one.
const BudgetShards = 16

// budgets is what one command has found out about the budgets that it touches.
//
// A budget is BudgetShards counters, each with its share of it, that begin at zero and fall by what is spent. The
// floor of each is its share below zero, so that the table itself refuses to overspend. What one counter does not have
// left is taken from others, so that a budget is spent to its last point.
//
// If a refund fails, the points that it had returned to the budget are charged again, even if the budget has nothing left.
// One counter then falls below its floor. The next spend raises it to its floor with points of the other counters in the
// same transaction, so that the table keeps rejecting more than the counters have in total.
type budgets struct {
	ledger  *Ledger
	program string
	back    []loyalty.Spend // what time gives back in the same instant, so that it can be spent again

	mu       sync.Mutex                     // guards counters while several are read at the same time
	counters map[string][BudgetShards]int64 // by rule, as read
}

type counterDoc struct {
	N int64 `json:"n"`
}

func budgetKey(program, rule string, shard int) table.Key {
	return table.Key{PK: budgetPartition(program, rule), SK: fmt.Sprintf("BUDGET#%02d", shard)}
}

func budgetPartition(program, rule string) string { return "P#" + program + "#C#" + rule }

// decide asks for a decision, and asks again with what is left of the budgets that it wants to spend.
func (b *budgets) decide(ctx context.Context, ask func(loyalty.Budgets) ([]loyalty.Outcome, error)) ([]loyalty.Outcome, error) {
	left := loyalty.Budgets{}
	for {
		outs, err := ask(left)
		if err != nil {
			return nil, err
		}
		unknown := slices.DeleteFunc(spends(outs), func(s loyalty.Spend) bool {
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
}

func spends(outs []loyalty.Outcome) (all []loyalty.Spend) {
	for _, out := range outs {
		all = append(all, out.Spends...)
	}
	return all
}

// left is what is left of one budget, which was loaded.
func (b *budgets) left(s loyalty.Spend) loyalty.Points {
	counters := b.counters[s.Rule]
	return max(0, s.Budget-charged(counters))
}

// charged returns the sum of all that counters were charged.
func charged(counters [BudgetShards]int64) (sum loyalty.Points) {
	for _, n := range counters {
		sum -= loyalty.Points(n)
	}
	return sum
}

// load reads the counters of budgets at the same time, but for those that were read already.
func (b *budgets) load(ctx context.Context, of []loyalty.Spend) error {
	return parallel.Do(b.reads(ctx, of)...)
}

// reads returns the reads that load makes.
func (b *budgets) reads(ctx context.Context, of []loyalty.Spend) (reads []func() error) {
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

func (b *budgets) read(ctx context.Context, rule string) error {
	var counters [BudgetShards]int64
	for it, err := range b.ledger.Table.Query(ctx, table.Query{PK: budgetPartition(b.program, rule)}) {
		if err != nil {
			return retryable(err)
		}
		var d counterDoc
		var shard int
		if _, err := fmt.Sscanf(it.Key.SK, "BUDGET#%02d", &shard); err != nil || shard >= BudgetShards {
			return fmt.Errorf("ledger: %s is no budget", it.Key)
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

// forget makes the counters be read again.
func (b *budgets) forget() { b.counters = nil }

// shardShare is what one counter has of a budget.
func shardShare(budget loyalty.Points, shard int) int64 {
	share := int64(budget) / BudgetShards
	if int64(shard) < int64(budget)%BudgetShards {
		share++
	}
	return share
}

// inAll is what the spends come to, one for each rule: what is given back in the same transaction is spent from there.
func inAll(spends []loyalty.Spend) (out []loyalty.Spend) {
	for _, s := range spends {
		at := slices.IndexFunc(out, func(x loyalty.Spend) bool { return x.Rule == s.Rule })
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

// ops is what spends the points, or gives them back. Giving back is never refused, also not where the budget is smaller
// by now than what was spent of it. Nor is more than what is left: only points that are restored are more.
func (b *budgets) ops(spends []loyalty.Spend, cause string) (ops []table.Op) {
	home := int(hashed(cause) % BudgetShards)
	for _, s := range inAll(spends) {
		switch {
		case s.Points == 0:
		case s.Points < 0 || s.Points > b.left(s):
			ops = append(ops, table.Add(budgetKey(b.program, s.Rule, home), "n", int64(-s.Points), math.MinInt64))
		default:
			ops = append(ops, b.spend(s, home)...)
		}
	}
	return ops
}

// spend takes points from one counter if it has enough, else from as many as it takes, the fullest first. It brings
// counters below their floor back to it, with points of the others.
func (b *budgets) spend(s loyalty.Spend, home int) (ops []table.Op) {
	room := func(i int) int64 { return b.counters[s.Rule][i] + shardShare(s.Budget, i) }
	add := func(i int, n, floor int64) {
		ops = append(ops, table.Add(budgetKey(b.program, s.Rule, i), "n", n, floor))
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

// leftOf adds what is left of budgets, which were loaded.
func (b *budgets) leftOf(of []loyalty.Spend, left loyalty.Budgets) {
	for _, s := range of {
		left[s.Rule] = b.left(s)
	}
}

// Budgets returns what is left of budgets, which it reads at the same time. A budget is named by its rule with the
// section: campaigns.double.
func (l *Ledger) Budgets(ctx context.Context, program string, of []loyalty.Spend) (loyalty.Budgets, error) {
	b, left := budgets{ledger: l, program: program}, loyalty.Budgets{}
	if err := b.load(ctx, of); err != nil {
		return nil, err
	}
	b.leftOf(of, left)
	return left, nil
}

// A BudgetUse says how much of a budget is left and by how much it is exceeded. One of the two is zero.
type BudgetUse struct {
	Left    loyalty.Points
	Overrun loyalty.Points // charged beyond the budget, by failed refunds or because the budget was lowered
}

// BudgetUses returns the use of budgets by rule. It reads them at the same time.
func (l *Ledger) BudgetUses(ctx context.Context, program string, of []loyalty.Spend) (map[string]BudgetUse, error) {
	b, uses := budgets{ledger: l, program: program}, map[string]BudgetUse{}
	if err := b.load(ctx, of); err != nil {
		return nil, err
	}
	for _, s := range of {
		uses[s.Rule] = BudgetUse{Left: b.left(s), Overrun: max(0, charged(b.counters[s.Rule])-s.Budget)}
	}
	return uses, nil
}

// Budget is Budgets for one of them.
func (l *Ledger) Budget(ctx context.Context, program, rule string, budget loyalty.Points) (loyalty.Points, error) {
	left, err := l.Budgets(ctx, program, []loyalty.Spend{{Rule: rule, Budget: budget}})
	return left[rule], err
}
