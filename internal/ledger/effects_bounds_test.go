package ledger

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// coded returns an entry about a redemption of a reward.
func coded(kind loyalty.Kind, revision int, r *loyalty.Redemption) loyalty.Entry {
	return loyalty.Entry{
		Kind: kind, Member: "mem_ada", Effective: noon, Cause: loyalty.Cause{Revision: revision},
		Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: r}},
	}
}

// A reward that was redeemed automatically gets a generated code when its entry is written.
func TestGeneratedCodeOfARedemption(t *testing.T) {
	p := &loyalty.Program{ID: "p"}
	p.Rewards = []loyalty.Reward{
		{ID: "generated", Codes: loyalty.Codes{From: loyalty.GeneratedCode}},
		{ID: "uploaded", Codes: loyalty.Codes{From: loyalty.UploadedCode}},
	}
	for _, c := range []struct {
		name     string
		kind     loyalty.Kind
		revision int
		reward   string
		code     string
		want     bool // whether the code changes
	}{
		{"redeemed", loyalty.KindRedeem, 1, "generated", "", true},
		{"reserved", loyalty.KindReserve, 1, "generated", "", false},
		{"committed", loyalty.KindRedeem, 2, "generated", "", false},
		{"with a code", loyalty.KindRedeem, 1, "generated", "ABC", false},
		{"uploaded codes", loyalty.KindRedeem, 1, "uploaded", "", false},
		{"an unknown reward", loyalty.KindRedeem, 1, "other", "", false},
	} {
		r := &loyalty.Redemption{ID: "rd_1", Reward: c.reward, Code: c.code}
		if giveCode(p, coded(c.kind, c.revision, r), nil); (r.Code != c.code) != c.want {
			t.Errorf("%s: the code is %q", c.name, r.Code)
		}
	}
	giveCode(p, loyalty.Entry{Kind: loyalty.KindRedeem, Cause: loyalty.Cause{Revision: 1}}, nil)
}

// The code of a gift card has the value of the card.
func TestItemOfAUsableCode(t *testing.T) {
	p := &loyalty.Program{ID: "p"}
	value := loyalty.Money{Amount: 10_00, Currency: "EUR"}
	p.Rewards = []loyalty.Reward{
		{ID: "card", Type: "gift_card", Value: value}, {ID: "off", Type: "amount_off", Value: value},
	}
	for _, c := range []struct {
		reward string
		pooled bool
		left   int64
	}{
		{"card", false, 10_00}, {"card", true, 10_00}, {"off", false, 0}, {"other", false, 0},
	} {
		r := loyalty.Redemption{ID: "rd_1", Reward: c.reward, Code: "abc", Pooled: c.pooled}
		it := codeItem(p, "mem_ada", r)
		want := CodeDoc{Member: "mem_ada", Redemption: "rd_1", Reward: c.reward, Left: c.left, Worth: c.left}
		if c.left > 0 {
			want.Currency = "EUR"
		}
		if string(it.Doc) != string(stored.Encode(want)) || it.Version == 1 != c.pooled ||
			it.Key != CodeKey("p", "ABC") {
			t.Errorf("%+v: %+v %s", c, it, it.Doc)
		}
	}
}

// A redemption that issues a code is listed as a voucher.
func TestRedemptionsThatAreListedAsVouchers(t *testing.T) {
	own, none := &loyalty.Redemption{ID: "rd_1", Code: "ABC"}, &loyalty.Redemption{ID: "rd_1"}
	for _, c := range []struct {
		name string
		e    loyalty.Entry
		want bool
	}{
		{"redeemed", coded(loyalty.KindRedeem, 1, own), true},
		{"redeemed without a code", coded(loyalty.KindRedeem, 1, none), false},
		{"reserved", coded(loyalty.KindReserve, 1, own), false},
		{"an order", loyalty.Entry{Kind: loyalty.KindEarn}, false},
	} {
		ops := VoucherOps("p", []loyalty.Entry{c.e})
		if len(ops) > 0 != c.want || c.want && !strings.HasSuffix(ops[0].Item.Key.SK, "#rd_1") {
			t.Errorf("%s: %+v", c.name, ops)
		}
	}
}

// A budget is read once.
func TestBudgetsThatAreRead(t *testing.T) {
	b := &BudgetCounters{counters: map[string][BudgetShards]int64{"read": {}}}
	got := b.Reads(t.Context(), []posting.Spend{{Rule: "read"}, {Rule: "a"}, {Rule: "b"}, {Rule: "a"}})
	if len(got) != 2 {
		t.Errorf("%d reads", len(got))
	}
	l := memoryLedger(t)
	for _, sk := range []string{"BUDGET#16", "BUDGET#x"} {
		key := table.Key{PK: budgetPartition("p", sk), SK: sk}
		if err := l.Table.Transact(t.Context(), table.Add(key, "n", 1, 0)); err != nil {
			t.Fatal(err)
		}
		if _, err := (Budgets{l}).Use(t.Context(), "p", sk, 10); err == nil {
			t.Errorf("%s is no counter", sk)
		}
	}
	for _, key := range []table.Key{budgetKey("p", "a", 0), budgetKey("p", "a", BudgetShards-1)} {
		if err := l.Table.Transact(t.Context(), table.Add(key, "n", -12, -20)); err != nil {
			t.Fatal(err)
		}
	}
	of := []posting.Spend{{Rule: "a", Budget: 30}, {Rule: "c", Budget: 5}}
	left, err := Budgets{l}.Remaining(t.Context(), "p", of)
	if err != nil || left["a"] != 6 || left["c"] != 5 {
		t.Errorf("%v, %v", left, err)
	}
	for budget, want := range map[loyalty.Points]BudgetUse{30: {Left: 6}, 24: {}, 20: {Overrun: 4}} {
		uses, err := Budgets{l}.Uses(t.Context(), "p", []posting.Spend{{Rule: "a", Budget: budget}})
		if err != nil || uses["a"] != want {
			t.Errorf("a budget of %d: %+v, %v", budget, uses["a"], err)
		}
	}
}

// The audit recomputes the account from its entries, and reports each difference.
func TestAuditOfAMember(t *testing.T) {
	b := newBook(t)
	b.grant(t)
	b.order(t, "1", nil, 10_00)
	s := Statements{b.Ledger}
	if err := s.Audit(t.Context(), "p", "mem_ada"); err != nil {
		t.Errorf("a sound account: %v", err)
	}
	var entries []loyalty.Entry // newest first
	for e, err := range s.List(t.Context(), "p", "mem_ada", 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	for _, c := range []struct {
		name string
		edit func(*loyalty.Entry) // the newest entry
		seal bool
		want string
	}{
		{"another balance", func(e *loyalty.Entry) { e.Balance.Active++ }, true, "states the balance"},
		{"another actor", func(e *loyalty.Entry) { e.Actor = "x" }, false, "breaks the chain"},
		{"another head", func(e *loyalty.Entry) { e.Actor = "x" }, true, "the stored account is"},
	} {
		edited := slices.Clone(entries)
		if c.edit(&edited[0]); c.seal {
			edited[0], _ = stored.Sealed(edited[0], edited[0].Previous)
		}
		_, err := s.AuditFrom(t.Context(), "p", loyalty.Account{}, "mem_ada", edited)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := s.AuditFrom(t.Context(), "p", loyalty.Account{}, "mem_ada", entries[1:]); err == nil {
		t.Error("without the newest entry, the account is sound")
	}
	// Reading a page reads the account and the index once.
	f := &tabletest.FailingRead{Table: b.Table, Fail: 3}
	l := &Ledger{Table: f, Now: b.Ledger.Now, Program: b.Program}
	if got, _, err := (Statements{l}).Page(t.Context(), b.p, "mem_ada", 0, 3); err != nil || len(got) != 3 ||
		f.Failed() {
		t.Errorf("%d entries, %v", len(got), err)
	}
}

// An entry is found by its ID, for its member only.
func TestEntryThatIsFoundByItsID(t *testing.T) {
	b := newBook(t)
	b.grant(t)
	e := b.order(t, "1", nil, 10_00)
	note := loyalty.Entry{Kind: loyalty.KindNote, Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: "2", Revision: 1}}
	if _, err := b.Execute(t.Context(), Command{Program: b.p, Note: &note}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		m    loyalty.MemberID
		id   string
		want bool
	}{
		{"the entry", "mem_ada", e.ID(), true},
		{"of another member", "mem_bob", e.ID(), false},
		{"another revision", "mem_ada", "ent_order~1~2", false},
		{"a note, which is in no statement", "", "ent_order~2~1", false},
		{"no ID", "mem_ada", "1", false},
	} {
		got, err := Statements{b.Ledger}.Entry(t.Context(), "p", c.m, c.id)
		if c.want != (err == nil) || !c.want && !errors.Is(err, loyalty.NotFound) || c.want && got.Hash != e.Hash {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
	for _, c := range []struct {
		before int64
		limit  int
		want   []int64
	}{{0, 0, []int64{3, 2, 1}}, {3, 0, []int64{2, 1}}, {0, 2, []int64{3, 2}}, {1, 0, nil}} {
		var got []int64
		for e, err := range (Statements{b.Ledger}).List(t.Context(), "p", "mem_ada", c.before, c.limit) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Sequence)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("before %d, at most %d: %v", c.before, c.limit, got)
		}
	}
}
