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
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
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

// wantRejection requires the error of a code, or none if the code is empty.
func wantRejection(t *testing.T, name string, err error, code loyalty.Code) {
	t.Helper()
	if code == "" && err != nil || code != "" && !errors.Is(err, code) {
		t.Errorf("%s: %v, want %q", name, err, code)
	}
}

func TestStoredInstants(t *testing.T) {
	for _, c := range []struct {
		at, other time.Time
		want      int64
	}{
		{noon, noon, 0},
		{time.Time{}, time.Time{}, 0},
		{time.Time{}, noon, -1},
		{noon, time.Time{}, noon.UnixMilli()},
		{noon, noon.Add(time.Millisecond), noon.UnixMilli()},
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
		{OptIns: []loyalty.OptIn{{Campaign: "double", At: noon}}},
		{Channels: []loyalty.ChannelUse{{Channel: loyalty.Email, Purpose: loyalty.Marketing}}},
		{MembershipYearStart: 401},
		{Referral: loyalty.Referral{By: "mem_bob", At: noon}},
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

// A repeated request to resolve a redemption gets its first result. Every other request is rejected.
func TestRequestToResolveAResolvedRedemption(t *testing.T) {
	end := ending{late: loyalty.AlreadyExpired}
	for _, c := range []struct {
		name     string
		status   loyalty.RedemptionStatus
		revision int
		stored   string
		input    string
		replayed bool
		code     loyalty.Code
	}{
		{"reserved", loyalty.Reserved, 1, "a", "a", false, ""},
		{"rejected", loyalty.Rejected, 1, "a", "a", false, loyalty.NotFound},
		{"expired", loyalty.Expired, 2, "a", "a", false, loyalty.AlreadyExpired},
		{"the same request", loyalty.Committed, 2, "a", "a", true, ""},
		{"the same request with a fingerprint", loyalty.Committed, 2, "a.1", "a.1", true, ""},
		{"the same key with other parameters", loyalty.Committed, 2, "a.1", "a.2", false, loyalty.KeyReused},
		{"another key", loyalty.Committed, 2, "a.1", "b.1", false, loyalty.AlreadyResolved},
		{"no key", loyalty.Committed, 2, "", "", false, loyalty.AlreadyResolved},
		{"the same request in the first revision", loyalty.Committed, 1, "a", "a", false, loyalty.AlreadyResolved},
		{"the same request in a later revision", loyalty.Reversed, 3, "a", "a", false, loyalty.AlreadyResolved},
	} {
		was := RedemptionResult{Redemption: loyalty.Redemption{Status: c.status}, Entry: loyalty.Entry{
			Cause: loyalty.Cause{Kind: loyalty.CauseRedemption, ID: "rd_1", Revision: c.revision}, Input: c.stored,
		}}
		replayed, err := resolved(was, By{Input: c.input}, end)
		wantRejection(t, c.name, err, c.code)
		if replayed != c.replayed {
			t.Errorf("%s: replayed %t", c.name, replayed)
		}
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
		if got := passedOn(r, []loyalty.Entry{{Redemption: r}, {Redemption: c.other}}); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// An order converts a referral if it is the first that meets the conditions.
func TestOrderThatChangesAReferral(t *testing.T) {
	account := func(by loyalty.MemberID, order string, first ...string) loyalty.Account {
		a := loyalty.Account{Traits: loyalty.Traits{Referral: loyalty.Referral{By: by, Order: order}}}
		for _, id := range first {
			a.Converting.Orders = append(a.Converting.Orders, loyalty.PlacedOrder{At: noon, ID: id})
		}
		return a
	}
	for _, c := range []struct {
		name    string
		was, is loyalty.Account
		want    bool
	}{
		{"not referred", account("", ""), account("", ""), false},
		{"nothing changes", account("mem_bob", "1", "1"), account("mem_bob", "1", "1"), false},
		{"the order no longer converts", account("mem_bob", "1", "1"), account("mem_bob", "1"), true},
		{"another order converts", account("mem_bob", "1", "1", "2"), account("mem_bob", "1", "2"), true},
		{"an order converts", account("mem_bob", ""), account("mem_bob", "", "1"), true},
		{"a later order could convert too", account("mem_bob", "1", "1"), account("mem_bob", "1", "1", "2"), false},
	} {
		if got := movesReferral(c.was, posting.Outcome{Account: c.is}); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// An account that is listed as due but is not moves to its due instant in the list. Other accounts do not move.
func TestPositionInTheDueQueue(t *testing.T) {
	l := &Ledger{Now: func() time.Time { return noon }}
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
		{"listed as due", stored.DueKey("p", "mem_ada", noon), true},
		{"listed as due before", stored.DueKey("p", "mem_ada", noon.AddDate(0, 0, -1)), true},
		{"listed as due later", stored.DueKey("p", "mem_ada", noon.Add(time.Second)), false},
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

// A member's position on a waitlist is counted up to a bound.
func TestLastPositionOfAWaitlist(t *testing.T) {
	l := memoryLedger(t)
	p := &loyalty.Program{ID: "p", Zone: time.UTC, Rewards: []loyalty.Reward{{ID: "mug"}}}
	member := func(n int) loyalty.MemberID { return loyalty.MemberID(fmt.Sprintf("mem_%04d", n)) }
	for n := 1; n <= farthest+1; n += 25 {
		var ops []table.Op
		for i := n; i < n+25 && i <= farthest+1; i++ {
			sk := string(member(i))
			ops = append(ops,
				table.Put(table.Item{Key: placeKey("p", "mug", member(i)), Doc: stored.Encode(placeDoc{sk})}),
				table.Put(table.Item{
					Key: table.Key{PK: linePartition("p", "mug"), SK: sk},
					Doc: stored.Encode(waitlistEntryDoc{sk, stored.Millis(noon), 0}),
				}))
		}
		if err := l.Table.Transact(t.Context(), ops...); err != nil {
			t.Fatal(err)
		}
	}
	for n, want := range map[int]int{1: 1, 2: 2, farthest: farthest, farthest + 1: 0} {
		at, err := l.Place(t.Context(), p, "mug", member(n))
		if err != nil || !at.Waits || at.Position != want {
			t.Errorf("member %d: %+v, %v", n, at, err)
		}
	}
	if at, err := l.Place(t.Context(), p, "mug", "mem_other"); err != nil || at.Waits {
		t.Errorf("another member: %+v, %v", at, err)
	}
}

// A plan over several accounts fits into one transaction up to the table's limit.
func TestPlanThatFitsIntoATransaction(t *testing.T) {
	l := memoryLedger(t)
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
		if got := l.premature(t.Context(), Command{p: p, member: "mem_ada"}, nil, w, nil); got != c.want {
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
		cmd := Command{p: p, member: "mem_ada", others: c.others, reached: 5}
		_, _, err := cmd.advanced(t.Context(), c.read, &budgets{ledger: l, program: "p"}, 1, noon)
		if errors.Is(err, errBehind) != c.behind || (err != nil) != (c.behind || c.damaged) {
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

// A payment has one currency of ISO 4217, which does not change.
func TestCurrencyOfAPaymentsFacts(t *testing.T) {
	fact := func(kind loyalty.FactKind, currency loyalty.Currency) loyalty.Fact {
		return loyalty.Fact{
			Kind: kind, ID: "f", State: loyalty.FactDone, Money: loyalty.Money{Amount: 10_00, Currency: currency},
			At: noon,
		}
	}
	captured := receipt.WithFacts(loyalty.Receipt{ID: "p"}, []loyalty.Fact{fact(loyalty.FactCapture, "EUR")})
	for _, c := range []struct {
		name    string
		receipt loyalty.Receipt
		fact    loyalty.Fact
		code    loyalty.Code
	}{
		{"the same", captured, fact(loyalty.FactRefund, "EUR"), ""},
		{"another", captured, fact(loyalty.FactRefund, "USD"), loyalty.CurrencyMismatch},
		{"the first", loyalty.Receipt{ID: "p"}, fact(loyalty.FactRefund, "USD"), ""},
		{"none", loyalty.Receipt{ID: "p"}, fact(loyalty.FactRefund, "EURO"), loyalty.CurrencyUnsupported},
	} {
		wantRejection(t, c.name, mismatch(c.receipt, []loyalty.Fact{c.fact}), c.code)
	}
}

// An order that is known from its payments only has the time and currency of its captured payment, or else those of its
// first payment. An order that was reported keeps its own.
func TestTimeAndCurrencyOfAnOrderOfPayments(t *testing.T) {
	fact := func(kind loyalty.FactKind, currency loyalty.Currency, at time.Time) loyalty.Receipt {
		return receipt.WithFacts(loyalty.Receipt{ID: "p"}, []loyalty.Fact{{
			Kind: kind, ID: "f", State: loyalty.FactDone, Money: loyalty.Money{Amount: 10_00, Currency: currency},
			At: at,
		}})
	}
	capture, refund := fact(loyalty.FactCapture, "USD", noon), fact(loyalty.FactRefund, "USD", noon.Add(time.Hour))
	unreported := loyalty.Order{ReportedStatus: loyalty.Unreported, Currency: "EUR", PlacedAt: noon.Add(-time.Hour)}
	lines := unreported
	lines.Lines = []loyalty.Line{{ID: "1", Quantity: 1, Amount: 10_00}}
	reported := lines
	reported.ReportedStatus = loyalty.OrderPaid
	for _, c := range []struct {
		name    string
		was     *loyalty.Order
		receipt loyalty.Receipt
		placed  time.Time
		money   loyalty.Currency
		code    loyalty.Code
	}{
		{"the first payment", nil, capture, noon, "USD", ""},
		{"a refund first", nil, refund, noon.Add(time.Hour), "USD", ""},
		{"money for an order without money", &unreported, capture, noon, "USD", ""},
		{"a refund of an order without money", &unreported, refund, noon.Add(-time.Hour), "EUR", ""},
		{"money in another currency", &lines, capture, time.Time{}, "", loyalty.CurrencyMismatch},
		{"a refund of an order with money", &lines, refund, noon.Add(-time.Hour), "EUR", ""},
		{
			"money for a reported order", &reported, fact(loyalty.FactCapture, "EUR", noon), noon.Add(-time.Hour),
			"EUR", "",
		},
		{
			"money in another currency for a reported order", &reported, capture,
			time.Time{},
			"",
			loyalty.CurrencyMismatch,
		},
	} {
		var was *loyalty.OrderState
		o := loyalty.Order{ReportedStatus: loyalty.Unreported}
		if c.was != nil {
			was, o = &loyalty.OrderState{Order: *c.was}, *c.was
		}
		got, err := placed(was, o, c.receipt)
		wantRejection(t, c.name, err, c.code)
		if err == nil && (!got.PlacedAt.Equal(c.placed) || got.Currency != c.money) {
			t.Errorf("%s: placed at %s in %s, want %s in %s", c.name, got.PlacedAt, got.Currency, c.placed, c.money)
		}
	}
}
