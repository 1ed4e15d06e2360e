package inventory

import (
	"errors"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/ledgertest"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// The second step of reading the stock reads only items that can change the result.
func TestReadsOfTheSecondStep(t *testing.T) {
	cup := loyalty.Reward{ID: "cup", Type: "free_product", Cost: 1, FirstCall: calendar.Period{Hours: 24}}
	poster := rewards()[1]
	code := func(t *testing.T, tab table.Table) {
		put(t, tab, table.Put(table.Item{Key: ledger.PoolKey("p", "voucher", "A"), Doc: []byte("{}")}))
	}
	for _, c := range []struct {
		name  string
		m     loyalty.MemberID
		setup func(*testing.T, table.Table)
		want  int
	}{
		{"nothing is taken", "mem_ada", code, 1}, // the waitlist of the mug
		{"nothing is taken, without a member", "", code, 0},
		{"no code", "mem_ada", func(*testing.T, table.Table) {}, 2},
		{"the mug is taken", "mem_ada", func(t *testing.T, tab table.Table) {
			code(t, tab)
			spend(t, tab, "rewards.mug", 1)
		}, 2},
		{"the mug is taken, without a member", "", func(t *testing.T, tab table.Table) {
			code(t, tab)
			spend(t, tab, "rewards.mug", 1)
		}, 1},
		{"the poster is taken", "mem_ada", func(t *testing.T, tab table.Table) {
			code(t, tab)
			spend(t, tab, poster.Key(), 1)
		}, 2},
	} {
		l := ledgertest.New(t).Ledger
		c.setup(t, l.Table)
		s := Stock{l}.Reading(programOf(t, append(rewards(), cup)...), c.m)
		for _, read := range s.First(t.Context()) {
			if err := read(); err != nil {
				t.Fatal(err)
			}
		}
		s.Count()
		if got := len(s.Second(t.Context())); got != c.want {
			t.Errorf("%s: %d reads, want %d", c.name, got, c.want)
		}
	}
	l := ledgertest.New(t).Ledger
	spend(t, l.Table, "rewards.mug", 1)
	got, err := Stock{l}.Counts(t.Context(), programOf(t, rewards()...))
	if err != nil || len(got) != 4 || got["rewards.mug"] != 0 || got["rewards.poster"] != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

// Operations read no items that they do not need.
func TestReadsThatAreNotNeeded(t *testing.T) {
	poster := rewards()[1]
	for name, c := range map[string]struct {
		reads     int64
		operation func(l *ledger.Ledger) error
	}{
		"an upload reads its progress": {1, func(l *ledger.Ledger) error {
			got, err := Codes{l}.Upload(t.Context(), "p", "mug", codes(2*uploadAtOnce+1))
			if got.Added != 2*uploadAtOnce+1 {
				t.Errorf("%+v", got)
			}
			return err
		}},
		"a reward without a waitlist": {0, func(l *ledger.Ledger) error {
			ops, err := Waitlists{l}.Leaving(t.Context(), "p", &poster, "mem_ada")
			if len(ops) > 0 {
				t.Errorf("%+v", ops)
			}
			return err
		}},
	} {
		l := ledgertest.New(t).Ledger
		f := &tabletest.FailingRead{Table: l.Table, Fail: c.reads + 1}
		l.Table = f
		if err := c.operation(l); err != nil || f.Failed() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A write that the table refuses is returned at once.
func TestWritesThatAreRefused(t *testing.T) {
	b := ledgertest.New(t)
	l := b.Ledger
	issue(t, l.Table, "CARD", card)
	in := CodeUse{ID: "use_1", Code: "CARD", Amount: euros(4_00)}
	if _, err := (Codes{l}).Use(t.Context(), "p", in, ledger.By{Input: "a"}); err != nil {
		t.Fatal(err)
	}
	put(t, l.Table, waiting("mug", "mem_ada", 0)...)
	for name, operation := range map[string]func() error{
		"reversal": func() error {
			_, err := Codes{l}.ReverseUse(t.Context(), "p", UseReversal{"CARD", "use_1", "x"}, ledger.By{Input: "r"})
			return err
		},
		"call": func() error {
			call := redeem.Call{Called: []redeem.WaitlistEntry{{Member: "mem_ada", Since: stored.Instant(1)}}}
			p := &loyalty.Program{ID: "p", Zone: time.UTC}
			return Waitlists{l}.RecordCalled(t.Context(), p, &loyalty.Reward{ID: "mug"}, call)
		},
	} {
		b.Fail = []error{table.ErrBusy}
		if err := operation(); !errors.Is(err, ledger.ErrTryAgain) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
