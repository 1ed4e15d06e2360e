// Package servicetest contains a ledger with a program and a table, for the tests of all stores that need orders,
// redemptions or transfers. Tests of package ledger and of a single store use ledgertest if it is enough.
package servicetest

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // makes time zones available and equal on every machine

	"github.com/perennial-loyalty/perennial/internal/keyring/keyringtest"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable/dynamotest"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// Start is the first instant of a Bench.
var Start = time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)

// Program returns a program with two currencies, a category, three levels and two rewards.
func Program(tb testing.TB) *loyalty.Program {
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

// A Bench is a ledger with a table, a program, and a clock that the test sets.
type Bench struct {
	*ledger.Ledger
	P     *loyalty.Program
	Clock time.Time
	mu    sync.Mutex
}

// New returns a Bench over a table, with the program of Program.
func New(tb testing.TB, t table.Table) *Bench {
	b := &Bench{P: Program(tb), Clock: Start}
	b.Ledger = &ledger.Ledger{
		Table: t,
		Now: func() time.Time {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.Clock
		},
		Program: func(context.Context, string, int) (*loyalty.Program, error) { return b.P, nil },
	}
	b.Keyring = keyringtest.New(t, b.Ledger.Now)
	return b
}

// Wait advances the clock.
func (b *Bench) Wait(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Clock = b.Clock.Add(d)
}

// Memory returns a table in memory.
func Memory(tb testing.TB) table.Table {
	t, err := pebbletable.OpenMemory()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { t.Close() })
	return t
}

// OnBoth runs a test on each adapter.
func OnBoth(t *testing.T, test func(t *testing.T, b *Bench)) {
	t.Run("pebble", func(t *testing.T) { test(t, New(t, Memory(t))) })
	t.Run("dynamodb", func(t *testing.T) { test(t, New(t, dynamotest.Open(t))) })
}

// Member returns the ID of the member with number i.
func Member(i int) loyalty.MemberID { return loyalty.MemberID(fmt.Sprintf("mem_%d", i)) }

// Enroll enrolls a member, which must succeed.
func (b *Bench) Enroll(tb testing.TB, m loyalty.MemberID) {
	tb.Helper()
	_, err := members.Members{Ledger: b.Ledger}.Enroll(
		tb.Context(), b.P, members.Enrollment{Member: m}, ledger.By{Actor: "test", Input: string(m)},
	)
	if err != nil {
		tb.Fatal(err)
	}
}

// Order returns a paid order of one line item.
func (b *Bench) Order(id string, m loyalty.MemberID, amount int64) loyalty.Order {
	return loyalty.Order{
		ID: id, Member: m, PlacedAt: b.Now(), Currency: "EUR", Status: loyalty.OrderPaid,
		Lines: []loyalty.Line{{ID: "1", SKU: "MUG-01", Category: "mugs", Quantity: 1, Amount: amount}},
	}
}

// Put places an order, which must succeed.
func (b *Bench) Put(tb testing.TB, o loyalty.Order) service.OrderResult {
	tb.Helper()
	r, err := service.Orders{Ledger: b.Ledger}.Put(tb.Context(), b.P, o, ledger.By{Actor: "test"})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// Grant gives points to a member.
func (b *Bench) Grant(tb testing.TB, m loyalty.MemberID, n loyalty.Points) {
	tb.Helper()
	in := service.Adjustment{
		ID: fmt.Sprintf("adj_%s_%d", m, b.Now().UnixMilli()), Member: m, Points: n, Reason: "for the test",
	}
	if _, err := (service.Adjustments{Ledger: b.Ledger}).Adjust(
		tb.Context(), b.P, in, ledger.By{Actor: "test", Input: "grant"},
	); err != nil {
		tb.Fatal(err)
	}
}

// Balance returns the current balance of a member.
func (b *Bench) Balance(tb testing.TB, m loyalty.MemberID) loyalty.Balance {
	tb.Helper()
	got, err := members.Members{Ledger: b.Ledger}.Get(tb.Context(), b.P, m)
	if err != nil {
		tb.Fatal(err)
	}
	return got.Account.Balance()
}

// WantBalance reports an error unless the member has the balance.
func (b *Bench) WantBalance(tb testing.TB, m loyalty.MemberID, want loyalty.Balance) {
	tb.Helper()
	if got := b.Balance(tb, m); got != want {
		tb.Errorf("balance of %s is %+v, want %+v", m, got, want)
	}
}

// Audit audits a member, and repeats the audit if it fails, because DynamoDB's index may be behind.
func (b *Bench) Audit(tb testing.TB, m loyalty.MemberID) {
	tb.Helper()
	var err error
	for range 3 {
		if err = (ledger.Statements{Ledger: b.Ledger}).Audit(tb.Context(), b.P.ID, m); err == nil {
			return
		}
	}
	tb.Errorf("the audit of %s found:\n%v", m, err)
}

// AuditAll audits the accounts, and repeats an audit that fails, because the table may fail and the index may be
// behind.
func (b *Bench) AuditAll(tb testing.TB, n int) {
	tb.Helper()
	for i := range n {
		var err error
		for range 100 {
			if err = (ledger.Statements{Ledger: b.Ledger}).Audit(tb.Context(), b.P.ID, Member(i)); err == nil {
				break
			}
		}
		if err != nil {
			tb.Errorf("the audit of %s found:\n%v", Member(i), err)
		}
	}
}

// WantRejection reports an error unless err is a rejection with the code.
func WantRejection(tb testing.TB, err error, code loyalty.Code) {
	tb.Helper()
	if !errors.Is(err, code) {
		tb.Errorf("got %v, want the rejection %s", err, code)
	}
}

// EnrollMember enrolls a member without points.
func (b *Bench) EnrollMember(tb testing.TB, i int) {
	Until(func() (members.Member, error) {
		return members.Members{Ledger: b.Ledger}.Enroll(
			tb.Context(), b.P, members.Enrollment{Member: Member(i)}, ledger.By{Input: string(Member(i))},
		)
	})
}

// EnrollWithPoints enrolls the member with number i and gives the member 100 points. The table may fail.
func (b *Bench) EnrollWithPoints(tb testing.TB, i int) {
	m := Member(i)
	Until(func() (members.Member, error) {
		return members.Members{Ledger: b.Ledger}.Enroll(
			tb.Context(), b.P, members.Enrollment{Member: m}, ledger.By{Input: string(m)},
		)
	})
	Until(func() (ledger.Result, error) {
		in := service.Adjustment{ID: "adj_" + string(m), Member: m, Points: 100, Reason: "for the test"}
		return service.Adjustments{Ledger: b.Ledger}.Adjust(tb.Context(), b.P, in, ledger.By{Input: "grant"})
	})
}

// SetCampaign makes r the only campaign of the program.
func (b *Bench) SetCampaign(tb testing.TB, r loyalty.Rule) {
	tb.Helper()
	b.P.Campaigns = []loyalty.Rule{r}
	if err := engine.Compile(b.P); err != nil {
		tb.Fatal(err)
	}
}

// Level returns the current level of a member.
func (b *Bench) Level(tb testing.TB, m loyalty.MemberID) string {
	tb.Helper()
	got, err := members.Members{Ledger: b.Ledger}.Get(tb.Context(), b.P, m)
	if err != nil {
		tb.Fatal(err)
	}
	return got.Account.Tier.Level
}

// EnrollReferrers adds referrals to the program, enrolls n members, and gives each of them a referral code.
func (b *Bench) EnrollReferrers(tb testing.TB, n int) (codes []string) {
	tb.Helper()
	b.P.Earn.Actions = []loyalty.Action{{ID: "friends", Event: posting.EventConverted, Points: 200, Friend: 100}}
	b.P.Tiers, b.P.Earn.Categories = loyalty.Tiers{}, nil
	if err := engine.Compile(b.P); err != nil {
		tb.Fatal(err)
	}
	for i := range n {
		Until(func() (members.Member, error) {
			return members.Members{Ledger: b.Ledger}.Enroll(
				tb.Context(), b.P, members.Enrollment{Member: Member(i)}, ledger.By{Input: fmt.Sprint(i)},
			)
		})
		code, err := Until(func() (string, error) {
			return members.Referrals{Ledger: b.Ledger}.GiveCode(tb.Context(), b.P, Member(i), "")
		})
		if err != nil {
			tb.Fatal(err)
		}
		codes = append(codes, code)
	}
	return codes
}

// TypicalMember uses commands to create a silver member who enrolled two years ago, with 24 monthly lots, two pending
// lots and metrics for each month.
func TypicalMember(tb testing.TB, b *Bench) loyalty.MemberID {
	const m = "mem_7x4k0q2m9d5s8w1v3b6n"
	b.Clock = time.Date(2025, 1, 3, 10, 0, 0, 0, time.UTC)
	b.P.Earn.Expires = calendar.Expiry{After: calendar.Period{Months: 24}, RoundTo: calendar.EndOfMonth}
	b.Enroll(tb, m)
	for i := range 24 {
		b.Put(tb, b.Order(fmt.Sprint(100_000+i), m, 5_500))
		b.Clock = calendar.Period{Months: 1}.After(b.Clock, time.UTC)
	}
	b.Put(tb, b.Order("100024", m, 5_500))
	b.Wait(24 * time.Hour)
	b.Put(tb, b.Order("100025", m, 5_500))
	b.Wait(24 * time.Hour)
	return m
}

// HouseholdOf returns the household of a member, or an empty ID.
// HouseholdOf returns the ID of the household that a member has joined, or an empty string.
func HouseholdOf(tb testing.TB, l *ledger.Ledger, p *loyalty.Program, m loyalty.MemberID) (string, error) {
	got, err := members.Members{Ledger: l}.Get(tb.Context(), p, m)
	return got.Household, err
}
