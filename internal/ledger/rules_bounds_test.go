package ledger

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

var noon = time.Date(2026, 12, 1, 11, 0, 0, 0, time.UTC)

func memoryLedger(t *testing.T) *Ledger {
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	return &Ledger{Table: tab, Now: func() time.Time { return noon }}
}

func TestCodeThatAnotherRedemptionTakesOver(t *testing.T) {
	r := &loyalty.Redemption{ID: "rd_1", Code: "ABC", Pooled: true}
	for _, c := range []struct {
		name  string
		other *loyalty.Redemption
		want  bool
	}{
		{"it takes the code over", &loyalty.Redemption{ID: "rd_2", Code: "ABC", Pooled: true}, true},
		{"the same redemption", &loyalty.Redemption{ID: "rd_1", Code: "ABC", Pooled: true}, false},
		{"another code", &loyalty.Redemption{ID: "rd_2", Code: "DEF", Pooled: true}, false},
		{"a code that is in no pool", &loyalty.Redemption{ID: "rd_2", Code: "ABC"}, false},
		{"no redemption", nil, false},
	} {
		if got := passedOn(
			r,
			[]loyalty.Entry{
				{Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: r}}},
				{Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: c.other}}},
			},
		); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// An account that is listed as due but is not moves to its due instant in the list. Other accounts do not move.
func TestPositionInTheDueQueue(t *testing.T) {
	p := &loyalty.Program{ID: "p", Zone: time.UTC}
	if err := engine.Compile(p); err != nil {
		t.Fatal(err)
	}
	expires := calendar.Date(20270131)
	acc := loyalty.Account{Member: "mem_ada", Status: loyalty.Active}
	acc.Lots = []loyalty.Lot{{Expires: expires, Points: 1}}
	due := DueKey("p", "mem_ada", expires.End(time.UTC))
	for _, c := range []struct {
		name   string
		listed table.Key
		moves  bool
	}{
		{"not listed", table.Key{}, false},
		{"listed as due", DueKey("p", "mem_ada", noon), true},
		{"listed as due before", DueKey("p", "mem_ada", noon.AddDate(0, 0, -1)), true},
		{"listed as due later", DueKey("p", "mem_ada", noon.Add(time.Second)), false},
		{"listed at its due instant", due, false},
	} {
		ops := listed(table.Item{Index: c.listed, Version: 3}, p, acc, noon)
		if len(ops) > 0 != c.moves || c.moves && (ops[0].Item.Index != due || ops[0].Item.Version != 3) {
			t.Errorf("%s: %+v", c.name, ops)
		}
	}
	if ops := listed(table.Item{Index: due}, p, acc, expires.End(time.UTC)); len(ops) > 0 {
		t.Errorf("an account that is due is moved: %+v", ops)
	}
}

// A plan over several accounts fits into one transaction up to the table's limit.
func TestPlanThatFitsIntoATransaction(t *testing.T) {
	x := execution{Ledger: memoryLedger(t), c: Command{
		Program: &loyalty.Program{ID: "p", Zone: time.UTC}, Member: "mem_ada",
	}}
	for _, c := range []struct {
		name string
		ops  int
		more bool
		want bool
	}{
		{"as many operations as fit", mostOps, false, false},
		{"one more", mostOps + 1, false, true},
		{"time first", 1, true, true},
	} {
		w := planned{ops: make([]table.Op, c.ops), more: c.more}
		if got := x.premature(t.Context(), w, nil); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// An account that cannot be decoded is an error, not an account that was read too early.
func TestDamagedAccountOfACommand(t *testing.T) {
	l := memoryLedger(t)
	p := &loyalty.Program{ID: "p", Zone: time.UTC}
	good := func(sequence int64) table.Item {
		return table.Item{Version: 1, Doc: stored.Encode(stored.AccountDoc{Sequence: sequence})}
	}
	damaged := table.Item{Version: 1, Doc: []byte(`{"seq":"x"}`)}
	for _, c := range []struct {
		name    string
		read    []table.Item
		others  []loyalty.MemberID
		behind  bool
		damaged bool
	}{
		{"in time", []table.Item{good(5)}, nil, false, false},
		{"too early", []table.Item{good(4)}, nil, true, false},
		{"damaged", []table.Item{damaged}, nil, false, true},
		{
			"another account with fewer entries",
			[]table.Item{good(5), good(1)},
			[]loyalty.MemberID{"mem_bob"},
			false,
			false,
		},
		{"another damaged account", []table.Item{good(5), damaged}, []loyalty.MemberID{"mem_bob"}, false, true},
	} {
		cmd := Command{Program: p, Member: "mem_ada", Others: c.others, reached: 5}
		cmd.Budgets = &BudgetCounters{Ledger: l, Program: "p"}
		_, _, err := cmd.advanced(t.Context(), c.read, 1, noon)
		if errors.Is(err, ErrStaleRead) != c.behind || (err != nil) != (c.behind || c.damaged) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// An account that does not exist has no past, so no earlier version of the program is loaded for it.
func TestVersionsOfAnAccountThatDoesNotExist(t *testing.T) {
	missing := errors.New("no such version")
	l := &Ledger{
		Now: func() time.Time { return noon },
		Versions: func(context.Context, string) (Schedule, time.Time, error) {
			return Schedule{Live: 2, Past: []Ended{{Version: 1, Until: noon.Add(-time.Hour)}}}, noon, nil
		},
		Program: func(context.Context, string, int) (*loyalty.Program, error) { return nil, missing },
	}
	p := &loyalty.Program{ID: "p", Version: 2, Zone: time.UTC}
	if out, err := l.Present(t.Context(), p, loyalty.Account{Member: "mem_ada"}); err != nil ||
		!out.Account.Ran.Equal(noon) {
		t.Errorf("%+v, %v", out.Account, err)
	}
	if _, err := l.Present(t.Context(), p, loyalty.Account{Member: "mem_ada", Sequence: 1}); !errors.Is(err, missing) {
		t.Errorf("an account of an earlier version: %v", err)
	}
}
