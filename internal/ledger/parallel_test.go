package ledger_test

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// skewed is a table that delays one of two parallel reads, that of the account or that of the revisions, until the
// other read has returned and the function between has run.
type skewed struct {
	table.Table
	accountFirst bool
	between      func() // nil: reads are no longer delayed

	once  sync.Once
	first chan struct{} // closed when the first read has returned
	wrote atomic.Int64
}

func (s *skewed) pass(first bool, read func()) {
	if s.between == nil {
		read()
		return
	}
	if first {
		read()
		s.once.Do(func() { close(s.first) })
		return
	}
	<-s.first
	between := s.between
	s.between = nil
	between()
	read()
}

func (s *skewed) Get(ctx context.Context, key table.Key) (it table.Item, err error) {
	s.pass(s.accountFirst, func() { it, err = s.Table.Get(ctx, key) })
	return it, err
}

func (s *skewed) Query(ctx context.Context, q table.Query) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		var items []table.Item
		var failed error
		s.pass(!s.accountFirst, func() {
			for it, err := range s.Table.Query(ctx, q) {
				items, failed = append(items, it), err
			}
		})
		for _, it := range items {
			if !yield(it, failed) {
				return
			}
		}
	}
}

func (s *skewed) Transact(ctx context.Context, ops ...table.Op) error {
	s.wrote.Add(1)
	return s.Table.Transact(ctx, ops...)
}

// The account and the latest revision are read in parallel, so that another write of the same order may be in one of
// them and not in the other. The outcome is the same as if the two writes had come one after the other.
func TestAnotherRevisionBetweenTheTwoReads(t *testing.T) {
	for _, accountFirst := range []bool{true, false} {
		name := map[bool]string{true: "the account is read first", false: "the revisions are read first"}[accountFirst]
		for what, c := range map[string]struct {
			Before, Rival, Own int64 // amounts of the order; 0: it is not placed
			Revision           int
			Writes             int64 // when the account is read first
		}{
			"the same first revision": {0, 10_000, 10_000, 1, 0},
			"another first revision":  {0, 10_000, 4_000, 2, 1},
			"a later revision":        {10_000, 7_000, 4_000, 3, 1},
			"the same later revision": {10_000, 4_000, 4_000, 2, 0},
		} {
			t.Run(name+", "+what, func(t *testing.T) {
				clean := servicetest.Memory(t)
				rival := newBench(t, clean)
				rival.Enroll(t, "mem_ada")
				if c.Before > 0 {
					rival.Put(t, rival.Order("1042", "mem_ada", c.Before))
				}
				tab := &skewed{Table: clean, accountFirst: accountFirst, first: make(chan struct{})}
				tab.between = func() { rival.Put(t, rival.Order("1042", "mem_ada", c.Rival)) }
				b := newBench(t, tab)
				r := b.Put(t, b.Order("1042", "mem_ada", c.Own))
				if r.Revision != c.Revision || int64(r.State.Worth) != c.Own/100 || r.Replayed != (c.Rival == c.Own) {
					t.Errorf("%+v", r)
				}
				if n := tab.wrote.Load(); accountFirst && n != c.Writes {
					t.Errorf("%d writes, want %d: the account that was read too early must not be written", n, c.Writes)
				}
				rival.WantBalance(t, "mem_ada", loyalty.Balance{Pending: loyalty.Points(c.Own / 100)})
				rival.Audit(t, "mem_ada")
			})
		}
	}
}

// An order that is too old is rejected if it is new, and accepted if it is a later revision. Here the first revision is
// written after the command has looked for it.
func TestARejectionOfANewOrderThatIsNotNewAnyMore(t *testing.T) {
	clean := servicetest.Memory(t)
	rival := newBench(t, clean)
	rival.Enroll(t, "mem_ada")
	o := rival.Order("1042", "mem_ada", 10_000)
	placed := o
	tab := &skewed{Table: clean, first: make(chan struct{}), between: func() { rival.Put(t, placed) }}
	b := newBench(t, tab)
	b.Wait(loyalty.MaxOrderAge + time.Hour)
	o.Status = loyalty.OrderCanceled
	if r := b.Put(t, o); r.Revision != 2 || r.State.Worth != 0 {
		t.Errorf("%+v", r)
	}
	b.Audit(t, "mem_ada")

	old := o
	old.ID = "1043"
	_, err := service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.P, old, by("1"))
	servicetest.WantRejection(t, err, loyalty.ValidationFailed)
}

// A commit reads the redemption and the account in parallel, so that another end of the reservation may be in one of
// them and not in the other. Exactly one of them wins, and the other one gets its answer.
func TestAnotherEndBetweenTheTwoReads(t *testing.T) {
	for _, accountFirst := range []bool{true, false} {
		for what, c := range map[string]struct {
			Rival  func(b *bench, id string) error
			Code   loyalty.Code
			Replay bool
		}{
			"the same commit": {
				func(b *bench, id string) error {
					_, err := service.Redemptions{Ledger: b.Ledger}.Commit(t.Context(), b.P, id, by("c.1"))
					return err
				},
				"", true,
			},
			"another commit": {
				func(b *bench, id string) error {
					_, err := service.Redemptions{Ledger: b.Ledger}.Commit(t.Context(), b.P, id, by("d"))
					return err
				},
				loyalty.AlreadyResolved, false,
			},
			"a commit under the same key of other points": {func(b *bench, id string) error {
				_, err := service.Redemptions{Ledger: b.Ledger}.CommitPart(t.Context(), b.P, id, 100, by("c.2"))
				return err
			}, loyalty.KeyReused, false},
			"a cancellation": {
				func(b *bench, id string) error {
					_, err := service.Redemptions{Ledger: b.Ledger}.Cancel(t.Context(), b.P, id, by("x"))
					return err
				},
				loyalty.AlreadyResolved, false,
			},
			"other points": {func(b *bench, _ string) error { b.Grant(t, "mem_ada", 5); return nil }, "", false},
		} {
			t.Run(map[bool]string{
				true: "the account is read first, ", false: "the redemption is read first, ",
			}[accountFirst]+what, func(t *testing.T) {
				clean := servicetest.Memory(t)
				rival := newBench(t, clean)
				rival.Enroll(t, "mem_ada")
				rival.Grant(t, "mem_ada", 100)
				id := redeem.RedemptionID("01234567890123456789", "mem_ada")
				rival.Take(t, service.RedemptionRequest{ID: id, Member: "mem_ada", Reward: "sticker"})
				rival.Wait(time.Second)
				tab := &skewed{Table: clean, accountFirst: accountFirst, first: make(chan struct{})}
				tab.between = func() {
					if err := c.Rival(rival, id); err != nil {
						t.Error(err)
					}
				}
				b := newBench(t, tab)
				r, err := service.Redemptions{Ledger: b.Ledger}.Commit(t.Context(), b.P, id, by("c.1"))
				if c.Code != "" {
					servicetest.WantRejection(t, err, c.Code)
				} else if err != nil || r.Redemption.Status != loyalty.Committed || r.Replayed != c.Replay {
					t.Errorf("%+v, %v", r, err)
				}
				rival.Audit(t, "mem_ada")
			})
		}
	}
}

// The member in a redemption's ID is a hint that saves a step. A wrong one, or none, changes nothing else.
func TestTheMemberInARedemptionsIDIsAHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		meter := &tabletest.Meter{Table: servicetest.Memory(t), Bubble: true}
		b := newBench(t, meter)
		m := servicetest.TypicalMember(t, b.Bench)
		b.Enroll(t, "mem_eve")
		for id, want := range map[string]tabletest.Usage{
			redeem.RedemptionID("01234567890123456789", m): {
				Steps: 2, Calls: 3, Items: 2, Units: tabletest.Units{Read: 2, Write: 7},
			},
			"rd_0123456789abcdefghij": {
				Steps: 3, Calls: 3, Items: 2, Units: tabletest.Units{Read: 2, Write: 7},
			},
			redeem.RedemptionID("11234567890123456789", "mem_eve"): {
				Steps: 3, Calls: 4, Items: 3, Units: tabletest.Units{Read: 3, Write: 7},
			},
			redeem.RedemptionID("21234567890123456789", "mem_unknown"): {
				Steps: 3, Calls: 4, Items: 2, Units: tabletest.Units{Read: 3, Write: 7},
			},
		} {
			b.Take(t, service.RedemptionRequest{ID: id, Member: m, Reward: "sticker"})
			meter.Take()
			r, err := service.Redemptions{Ledger: b.Ledger}.Commit(t.Context(), b.P, id, by("c"))
			if err != nil || r.Member != m {
				t.Fatalf("%s: %+v, %v", id, r, err)
			}
			if u := meter.Take(); u != want {
				t.Errorf("the commit of %s used %+v, want %+v", id, u, want)
			}
		}
	})
}

func by(key string) ledger.By { return ledger.By{Actor: "test", Input: key} }
