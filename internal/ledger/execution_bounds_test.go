package ledger

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// The budgets that outcomes spend are read once. Points that expiry returns are not available to the decision.
func TestBudgetsThatADecisionNeeds(t *testing.T) {
	l := memoryLedger(t)
	for _, c := range []struct {
		name   string
		spends [][]posting.Spend // of each call
		back   []posting.Spend
		calls  int
		left   earn.Budgets // of the last call
	}{
		{"none", [][]posting.Spend{nil}, nil, 1, earn.Budgets{}},
		{"one", [][]posting.Spend{{{Rule: "a", Points: 1, Budget: 9}}}, nil, 2, earn.Budgets{"a": 9}},
		{"nothing of one", [][]posting.Spend{{{Rule: "a", Budget: 9}}}, nil, 2, earn.Budgets{"a": 9}},
		{"points that return", [][]posting.Spend{{{Rule: "a", Points: -1, Budget: 9}}}, nil, 1, earn.Budgets{}},
		{
			"two",
			[][]posting.Spend{{{Rule: "a", Points: 1, Budget: 9}, {Rule: "b", Points: 1, Budget: 5}}},
			nil, 2,
			earn.Budgets{"a": 9, "b": 5},
		},
		{
			"another one then", [][]posting.Spend{
				{
					{Rule: "a", Points: 1, Budget: 9},
				}, {{Rule: "b", Points: 1, Budget: 5}}, {
					{Rule: "b", Points: 1, Budget: 5},
				},
			}, nil, 3, earn.Budgets{"a": 9, "b": 5},
		},
		{
			"points that expired",
			[][]posting.Spend{{{Rule: "a", Points: 1, Budget: 9}}},
			[]posting.Spend{{Rule: "a", Points: -2}, {Rule: "b", Points: -4}},
			2,
			earn.Budgets{"a": 11},
		},
	} {
		b := &BudgetCounters{Ledger: l, Program: "p", back: c.back}
		calls := 0
		var left earn.Budgets
		_, err := b.Decide(t.Context(), func(x earn.Budgets) ([]posting.Outcome, error) {
			out := posting.Outcome{Spends: c.spends[min(calls, len(c.spends)-1)]}
			calls, left = calls+1, x
			return []posting.Outcome{out}, nil
		})
		if err != nil || calls != c.calls || fmt.Sprint(left) != fmt.Sprint(c.left) {
			t.Errorf("%s: %d calls, %v left, %v", c.name, calls, left, err)
		}
	}
	b := &BudgetCounters{Ledger: l, Program: "p"}
	n := 0
	if _, err := b.Decide(t.Context(), func(earn.Budgets) ([]posting.Outcome, error) {
		n++
		return []posting.Outcome{{Spends: []posting.Spend{{Rule: fmt.Sprint(n), Points: 1}}}}, nil
	}); !errors.Is(err, ErrTryAgain) {
		t.Errorf("a decision that always needs another budget: %v after %d calls", err, n)
	}
}

// The versions of the program are needed since the first entry if the whole history was read.
func TestVersionsThatADecisionNeeds(t *testing.T) {
	b := newBook(t)
	at := func(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }
	b.Versions = func(context.Context, string) (Schedule, time.Time, error) {
		past := []Ended{{Version: 1, Until: at(-30)}, {Version: 2, Until: at(-10)}}
		return Schedule{Live: 3, Past: past}, noon, nil
	}
	b.p.Version = 3
	for _, c := range []struct {
		name  string
		since time.Time
		h     tier.History
		want  int
	}{
		{"no history", at(-20), tier.History{All: true}, 1},
		{"no history and no version", at(-10), tier.History{All: true}, 0},
		{"a part of the history", at(-20), tier.History{Entries: []loyalty.Entry{{Effective: at(-40)}}}, 1},
		{
			"the whole history", at(-5),
			tier.History{All: true, Entries: []loyalty.Entry{{Effective: at(-40)}, {Effective: at(-1)}}},
			2,
		},
		{
			"the whole of a short history", at(-40),
			tier.History{All: true, Entries: []loyalty.Entry{{Effective: at(-20)}}},
			1,
		},
	} {
		got, err := Redecider{b.Ledger}.versionsBefore(t.Context(), b.p, posting.Needs{Since: c.since}, c.h)
		if err != nil || len(got) != c.want {
			t.Errorf("%s: %d versions, %v, want %d", c.name, len(got), err, c.want)
		}
	}
}

// If the response of a write was lost and the next attempt is rejected, the command returns the entry that the write
// stored. It finds the entry even if it is not the latest revision.
func TestEffectOfALostAttempt(t *testing.T) {
	b := newBook(t)
	first := b.order(t, "1", nil, 10_00)
	second := b.order(t, "1", first.Order, 20_00)
	third := b.order(t, "1", second.Order, 30_00)
	rejection := NotFound("order")
	for _, c := range []struct {
		name     string
		lost     []loyalty.Entry
		revision int // 0: the rejection
	}{
		{"nothing was lost", nil, 0},
		{"the first revision", []loyalty.Entry{first}, 0},
		{"the second revision", []loyalty.Entry{second}, 2},
		{"the third revision", []loyalty.Entry{third}, 3},
		{"two attempts", []loyalty.Entry{first, third}, 3},
		{"an attempt that was not written", []loyalty.Entry{{Hash: "x", Cause: second.Cause}}, 0},
	} {
		x := &execution{Ledger: b.Ledger, c: Command{Program: b.p}, lost: c.lost}
		got, err := x.rejectedAgain(t.Context(), rejection)
		if c.revision == 0 {
			if !errors.Is(err, rejection) || len(got) > 0 {
				t.Errorf("%s: %v, %v", c.name, got, err)
			}
			continue
		}
		if err != nil || len(got) != 1 || got[0].Cause.Revision != c.revision {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
		it, err := b.Get(t.Context(), stored.CauseKey("p", got[0].Cause))
		if err != nil {
			t.Fatal(err)
		}
		if entries, err := x.written(it, got[0].Cause); err != nil || len(entries) != 1 {
			t.Errorf("%s: the written entry is %v, %v", c.name, entries, err)
		}
		x.lost = nil
		if _, err := x.written(it, got[0].Cause); !errors.As(err, new(RevisionExists)) {
			t.Errorf("%s: the entry of another command: %v", c.name, err)
		}
	}
}

// A conflict is resolved by the operation that caused it.
func TestConflictOfACommand(t *testing.T) {
	b := newBook(t)
	e := b.order(t, "1", nil, 10_00)
	account := table.Item{Key: stored.AccountKey("p", "mem_ada"), Version: 1}
	cause, err := b.Get(t.Context(), stored.CauseKey("p", e.Cause))
	if err != nil {
		t.Fatal(err)
	}
	other := table.Item{Key: table.Key{PK: "x", SK: "x"}}
	counter := table.Add(table.Key{PK: "c", SK: "c"}, "n", -1, 0)
	for _, c := range []struct {
		name      string
		conflict  table.ConflictError
		own       int // the number of decided entries
		again     bool
		taken     bool
		conflicts bool
		forgets   bool
	}{
		{"the account", table.ConflictError{Op: 2, Key: account.Key, Current: account}, 1, true, false, false, false},
		{"the cause", table.ConflictError{Op: 0, Key: cause.Key, Current: cause}, 1, false, true, false, false},
		{"an entry of time", table.ConflictError{Op: 0, Key: cause.Key, Current: cause}, 0, true, false, false, false},
		{"a counter", table.ConflictError{Op: 3, Key: counter.Item.Key}, 1, true, false, false, true},
		{"another item", table.ConflictError{Op: 4, Key: other.Key}, 1, false, false, true, false},
	} {
		x := &execution{Ledger: b.Ledger, c: Command{
			Program: b.p, Member: "mem_ada",
			Budgets: &BudgetCounters{counters: map[string][BudgetShards]int64{"a": {}}},
			Decide:  func(Inputs) ([]posting.Outcome, error) { return nil, nil },
		}, read: []table.Item{account}}
		ops := []table.Op{table.Put(cause), table.Put(other), table.Put(account), counter, table.Put(other)}
		_, again, err := x.resolve(t.Context(), planned{ops: ops, entries: []loyalty.Entry{e}, own: c.own}, &c.conflict)
		if again != c.again || errors.As(err, new(RevisionExists)) != c.taken ||
			(x.c.Budgets.counters == nil) != c.forgets ||
			errors.As(err, new(*table.ConflictError)) != c.conflicts {
			t.Errorf("%s: again %t, %v", c.name, again, err)
		}
	}
	note := loyalty.Entry{Kind: loyalty.KindNote, Cause: e.Cause}
	c := Command{Program: b.p, Note: &note}
	if _, err := b.Execute(t.Context(), c); !errors.As(err, new(RevisionExists)) {
		t.Errorf("a note over an entry: %v", err)
	}
	note.Cause.Revision = 2
	taken := table.Item{Key: stored.AccountKey("p", "mem_ada"), Doc: []byte("{}")}
	c.With = []table.Op{table.Put(taken)}
	if _, err := b.Execute(t.Context(), c); !errors.As(err, new(*table.ConflictError)) ||
		errors.As(err, new(RevisionExists)) {
		t.Errorf("a note with an item that exists: %v", err)
	}
}

// An account that was read with the command is used only if the command concerns no other account.
func TestAccountsThatACommandReads(t *testing.T) {
	b := newBook(t)
	read := table.Item{Key: stored.AccountKey("p", "mem_ada"), Version: 9}
	for _, c := range []struct {
		name    string
		c       Command
		version int64
		n       int
		missing bool
	}{
		{"read", Command{Member: "mem_ada", Read: &read}, 9, 1, false},
		{"not read", Command{Member: "mem_ada"}, 1, 1, false},
		{
			"read, with another account",
			Command{Member: "mem_ada", Read: &read, Others: []loyalty.MemberID{"mem_bob"}},
			1, 2, true,
		},
		{"an unknown member", Command{Member: "mem_eve"}, 0, 1, true},
	} {
		c.c.Program = b.p
		x := &execution{Ledger: b.Ledger, c: c.c}
		err := x.reload(t.Context())
		if errors.Is(err, loyalty.NotFound) != c.missing || len(x.read) != c.n || x.read[0].Version != c.version {
			t.Errorf("%s: %+v, %v", c.name, x.read, err)
		}
		x.c.Decide = func(Inputs) ([]posting.Outcome, error) { return nil, nil }
		if err := x.reload(t.Context()); err != nil {
			t.Errorf("%s: with a decision: %v", c.name, err)
		}
	}
}

// Separately stored parts of an order are read once.
func TestPartsOfAnOrderThatWereRead(t *testing.T) {
	for _, c := range []struct {
		name  string
		s     loyalty.OrderState
		reads bool
	}{
		{"no parts", loyalty.OrderState{}, false},
		{"line items", loyalty.OrderState{LinesSince: 1}, true},
		{
			"line items that were read",
			loyalty.OrderState{LinesSince: 1, Order: loyalty.Order{Lines: []loyalty.Line{{}}}},
			false,
		},
		{"refunds", loyalty.OrderState{RefundsSince: 1}, true},
		{
			"refunds that were read",
			loyalty.OrderState{RefundsSince: 1, Order: loyalty.Order{Refunds: []loyalty.Refund{{}}}},
			false,
		},
	} {
		f := &tabletest.FailingRead{Table: memoryLedger(t).Table, Fail: 1}
		err := WholeOrder(t.Context(), f, "p", &c.s)
		if f.Failed() != c.reads || errors.Is(err, table.ErrBusy) != c.reads {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A prepared command is prepared again if the state on which it builds has changed.
func TestCommandThatIsOutdated(t *testing.T) {
	b := newBook(t)
	e := b.order(t, "1", nil, 10_00)
	revises := Command{Program: b.p, revises: &Prior{Was: &e}, of: e.Cause}
	behind := Command{Program: b.p, revises: &Prior{}, of: e.Cause}
	for _, c := range []struct {
		name     string
		c        Command
		prepared bool
		err      error
		want     bool
	}{
		{"a conflict", Command{}, true, &table.ConflictError{}, true},
		{"a revision that exists", Command{}, true, RevisionExists{}, true},
		{"a conflict of the preparation", Command{}, false, &table.ConflictError{}, false},
		{"a rejection", Command{}, true, NotFound("x"), false},
		{"the end of another command", Command{Ends: true}, true, &loyalty.Error{Code: loyalty.AlreadyResolved}, true},
		{"a command that ends nothing", Command{}, true, &loyalty.Error{Code: loyalty.AlreadyResolved}, false},
		{"a rejection of an end", Command{Ends: true}, true, NotFound("x"), false},
		{"a rejection of the latest revision", revises, true, NotFound("x"), false},
		{"a rejection of an earlier revision", behind, true, NotFound("x"), true},
		{"a failure of an earlier revision", behind, true, ErrTryAgain, false},
	} {
		if got, err := b.outdated(t.Context(), c.c, c.prepared, c.err); got != c.want || err != nil {
			t.Errorf("%s: %t, %v", c.name, got, err)
		}
	}
}
