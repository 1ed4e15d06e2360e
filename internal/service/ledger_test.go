package service_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable/dynamotest"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

var start = time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)

// program returns a program with two currencies, a category, three levels and two rewards.
func program(tb testing.TB) *loyalty.Program {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		tb.Fatal(err)
	}
	p := &loyalty.Program{
		ID:      "bluebird",
		Version: 1,
		Zone:    zone,
		Earning: loyalty.Earning{Earn: loyalty.Earn{
			Rates: map[loyalty.Currency]loyalty.Rate{
				"EUR": {Points: big.NewRat(1, 1), Per: 100},
				"USD": {Points: big.NewRat(1, 1), Per: 110},
			},
			Counts:     loyalty.Counts{Items: true},
			Pending:    calendar.Wait{For: calendar.Period{Days: 14}},
			Expires:    calendar.Expiry{After: calendar.Period{Months: 12}, RoundTo: calendar.EndOfMonth},
			Categories: []loyalty.CategoryRule{{ID: "beans-x2", Category: "coffee-beans", Multiply: big.NewRat(2, 1)}},
		}},
		Levels: loyalty.Levels{Tiers: loyalty.Tiers{
			Levels: []loyalty.Level{
				{ID: "bronze"},
				{ID: "silver", From: 500, Multiply: big.NewRat(5, 4)},
				{ID: "gold", From: 2000, Multiply: big.NewRat(3, 2)},
			},
			Months: 12, KeepFor: calendar.Period{Months: 12}, Grace: calendar.Period{Days: 30},
		}},
		Spending: loyalty.Spending{Rewards: []loyalty.Reward{
			{ID: "five-off", Type: "amount_off", Cost: 500, Value: loyalty.Money{Amount: 500, Currency: "EUR"}},
			{ID: "sticker", Type: "free_product", Cost: 100, SKU: "STICKER"},
		}},
	}
	if err := engine.Compile(p); err != nil {
		tb.Fatal(err)
	}
	return p
}

// A bench is a ledger with a table, a program, and a clock that the test sets.
type bench struct {
	*ledger.Ledger
	p   *loyalty.Program
	now time.Time
	mu  sync.Mutex
}

func newBench(tb testing.TB, t table.Table) *bench {
	b := &bench{p: program(tb), now: start}
	b.Ledger = &ledger.Ledger{
		Table: t,
		Now: func() time.Time {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.now
		},
		Program: func(context.Context, string, int) (*loyalty.Program, error) { return b.p, nil },
	}
	return b
}

func (b *bench) advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func memory(tb testing.TB) table.Table {
	t, err := pebbletable.OpenMemory()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { t.Close() })
	return t
}

// onBoth runs a test on each adapter.
func onBoth(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Run("pebble", func(t *testing.T) { test(t, newBench(t, memory(t))) })
	t.Run("dynamodb", func(t *testing.T) { test(t, newBench(t, dynamotest.Open(t))) })
}

func (b *bench) enrol(tb testing.TB, m loyalty.MemberID) {
	tb.Helper()
	_, err := members.Members{Ledger: b.Ledger}.Enroll(
		tb.Context(), b.p, members.Enrollment{Member: m}, ledger.By{Actor: "test", Input: string(m)},
	)
	if err != nil {
		tb.Fatal(err)
	}
}

func (b *bench) order(id string, m loyalty.MemberID, amount int64) loyalty.Order {
	return loyalty.Order{
		ID: id, Member: m, PlacedAt: b.Now(), Currency: "EUR", Status: loyalty.OrderPaid,
		Lines: []loyalty.Line{{ID: "1", SKU: "MUG-01", Category: "mugs", Quantity: 1, Amount: amount}},
	}
}

func (b *bench) put(tb testing.TB, o loyalty.Order) service.OrderResult {
	tb.Helper()
	r, err := service.Orders{Ledger: b.Ledger}.Put(tb.Context(), b.p, o, ledger.By{Actor: "test"})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func (b *bench) grant(tb testing.TB, m loyalty.MemberID, n loyalty.Points) {
	tb.Helper()
	in := service.Adjustment{
		ID: fmt.Sprintf("adj_%s_%d", m, b.Now().UnixMilli()), Member: m, Points: n, Reason: "for the test",
	}
	if _, err := (service.Adjustments{Ledger: b.Ledger}).Adjust(
		tb.Context(), b.p, in, ledger.By{Actor: "test", Input: "grant"},
	); err != nil {
		tb.Fatal(err)
	}
}

func (b *bench) balance(tb testing.TB, m loyalty.MemberID) loyalty.Balance {
	tb.Helper()
	got, err := members.Members{Ledger: b.Ledger}.Get(tb.Context(), b.p, m)
	if err != nil {
		tb.Fatal(err)
	}
	return got.Account.Balance()
}

func (b *bench) wantBalance(tb testing.TB, m loyalty.MemberID, want loyalty.Balance) {
	tb.Helper()
	if got := b.balance(tb, m); got != want {
		tb.Errorf("balance of %s is %+v, want %+v", m, got, want)
	}
}

// audit audits a member, and repeats the audit if it fails, because DynamoDB's index may be behind.
func (b *bench) audit(tb testing.TB, m loyalty.MemberID) {
	tb.Helper()
	var err error
	for range 3 {
		if err = (ledger.Statements{Ledger: b.Ledger}).Audit(tb.Context(), b.p.ID, m); err == nil {
			return
		}
	}
	tb.Errorf("the audit of %s found:\n%v", m, err)
}

func wantRefusal(tb testing.TB, err error, code loyalty.Code) {
	tb.Helper()
	if !errors.Is(err, code) {
		tb.Errorf("got %v, want the refusal %s", err, code)
	}
}
