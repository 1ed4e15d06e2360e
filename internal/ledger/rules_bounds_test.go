package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

var Noon = time.Date(2026, 12, 1, 11, 0, 0, 0, time.UTC)

func MemoryLedger(t *testing.T) *Ledger {
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	return &Ledger{Table: tab, Now: func() time.Time { return Noon }}
}

func TestStoredInstants(t *testing.T) {
	for _, c := range []struct {
		at, other time.Time
		want      int64
	}{
		{Noon, Noon, 0},
		{time.Time{}, time.Time{}, 0},
		{time.Time{}, Noon, -1},
		{Noon, time.Time{}, Noon.UnixMilli()},
		{Noon, Noon.Add(time.Millisecond), Noon.UnixMilli()},
	} {
		got := stored.StoredInstantOf(c.at, c.other)
		if back := stored.InstantOf(got, c.other); got != c.want || !back.Equal(c.at) {
			t.Errorf("%s with %s is stored as %d, want %d, and read as %s", c.at, c.other, got, c.want, back)
		}
	}
}

// Traits are stored if at least one of them is known.
func TestStoredTraits(t *testing.T) {
	for i, traits := range []loyalty.Traits{
		{Revision: 1},
		{Zone: "Asia/Tokyo"},
		{Birthday: 229},
		{Given: 2026},
		{Years: 3},
		{Segments: []string{"vip"}},
		{OptIns: []loyalty.OptIn{{Campaign: "double", At: Noon}}},
		{Channels: []loyalty.ChannelUse{{Channel: loyalty.Email, Purpose: loyalty.Marketing}}},
		{MembershipYearStart: 401},
		{Referral: loyalty.Referral{By: "mem_bob", At: Noon}},
	} {
		d := stored.StoredTraits(&traits)
		if got := d.Traits(); d == nil || fmt.Sprint(got) != fmt.Sprint(traits) {
			t.Errorf("traits %d: %+v are read as %+v", i, traits, got)
		}
	}
	if stored.StoredTraits(nil) != nil || stored.StoredTraits(new(loyalty.Traits)) != nil {
		t.Error("no traits are stored")
	}
}

// The boundary between plain and packed documents, and an order without line items.
func TestPackedDocumentsAtTheirBounds(t *testing.T) {
	entry := func(n int) stored.EntryDoc {
		d := stored.EntryDoc{Member: "mem_ada", Kind: "earn", Actor: "x"}
		d.Actor += strings.Repeat("x", n-len(stored.Encode(d)))
		return d
	}
	account := func(n int) stored.AccountDoc {
		d := stored.AccountDoc{Sequence: 7, Head: "x"}
		d.Head += strings.Repeat("x", n-len(stored.Encode(d)))
		return d
	}
	for n, packs := range map[int]bool{stored.PackAbove: false, stored.PackAbove + 1: true} {
		if d := entry(n); len(stored.Encode(d)) != n || bytes.Equal(stored.Packed(d), stored.Encode(d)) == packs {
			t.Errorf("an entry of %d bytes is stored as %s", len(stored.Encode(d)), stored.Packed(d))
		}
		if d := account(n); len(stored.Encode(d)) != n ||
			bytes.Equal(stored.PackedAccount(d), stored.Encode(d)) == packs {
			t.Errorf("an account of %d bytes is stored as %s", len(stored.Encode(d)), stored.PackedAccount(d))
		}
	}
	d := entry(2 * stored.PackAbove)
	d.Order = &stored.OrderDoc{Currency: "EUR"}
	if doc := stored.Packed(d); bytes.Contains(doc, []byte(`"l":`)) {
		t.Errorf("an order without line items has columns: %s", doc)
	}
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
	l := &Ledger{Now: func() time.Time { return Noon }}
	p := &loyalty.Program{ID: "p", Zone: time.UTC}
	if err := engine.Compile(p); err != nil {
		t.Fatal(err)
	}
	expires := loyalty.Date(20270131)
	acc := loyalty.Account{Member: "mem_ada", Status: loyalty.Active}
	acc.Lots = []loyalty.Lot{{Expires: expires, Points: 1}}
	due := stored.DueKey("p", "mem_ada", expires.End(time.UTC))
	for _, c := range []struct {
		name   string
		listed table.Key
		moves  bool
	}{
		{"not listed", table.Key{}, false},
		{"listed as due", stored.DueKey("p", "mem_ada", Noon), true},
		{"listed as due before", stored.DueKey("p", "mem_ada", Noon.AddDate(0, 0, -1)), true},
		{"listed as due later", stored.DueKey("p", "mem_ada", Noon.Add(time.Second)), false},
		{"listed at its due instant", due, false},
	} {
		ops := l.listed(table.Item{Index: c.listed, Version: 3}, p, acc)
		if len(ops) > 0 != c.moves || c.moves && (ops[0].Item.Index != due || ops[0].Item.Version != 3) {
			t.Errorf("%s: %+v", c.name, ops)
		}
	}
	l.Now = func() time.Time { return expires.End(time.UTC) }
	if ops := l.listed(table.Item{Index: due}, p, acc); len(ops) > 0 {
		t.Errorf("an account that is due is moved: %+v", ops)
	}
}

// A plan over several accounts fits into one transaction up to the table's limit.
func TestPlanThatFitsIntoATransaction(t *testing.T) {
	l := MemoryLedger(t)
	p := &loyalty.Program{ID: "p", Zone: time.UTC}
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
		if got := l.premature(t.Context(), Command{Program: p, Member: "mem_ada"}, nil, w, nil); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// An account that cannot be decoded is an error, not an account that was read too early.
func TestDamagedAccountOfACommand(t *testing.T) {
	l := MemoryLedger(t)
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
		_, _, err := cmd.advanced(t.Context(), c.read, &BudgetCounters{Ledger: l, Program: "p"}, 1, Noon)
		if errors.Is(err, ErrStaleRead) != c.behind || (err != nil) != (c.behind || c.damaged) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// An account that does not exist has no past, so no earlier version of the program is loaded for it.
func TestVersionsOfAnAccountThatDoesNotExist(t *testing.T) {
	missing := errors.New("no such version")
	l := &Ledger{
		Now: func() time.Time { return Noon },
		Versions: func(context.Context, string) (Schedule, time.Time, error) {
			return Schedule{Live: 2, Past: []Ended{{Version: 1, Until: Noon.Add(-time.Hour)}}}, Noon, nil
		},
		Program: func(context.Context, string, int) (*loyalty.Program, error) { return nil, missing },
	}
	p := &loyalty.Program{ID: "p", Version: 2, Zone: time.UTC}
	if out, err := l.Present(t.Context(), p, loyalty.Account{Member: "mem_ada"}); err != nil ||
		!out.Account.Ran.Equal(Noon) {
		t.Errorf("%+v, %v", out.Account, err)
	}
	if _, err := l.Present(t.Context(), p, loyalty.Account{Member: "mem_ada", Sequence: 1}); !errors.Is(err, missing) {
		t.Errorf("an account of an earlier version: %v", err)
	}
}
