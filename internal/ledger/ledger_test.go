package ledger_test

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
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable/dynamotest"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

var start = time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)

// program is two currencies, a category, three levels and two rewards.
func program(tb testing.TB) *loyalty.Program {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		tb.Fatal(err)
	}
	p := &loyalty.Program{
		ID: "bluebird", Version: 1, Zone: zone,
		Earn: loyalty.Earn{
			Rates: map[loyalty.Currency]loyalty.Rate{
				"EUR": {Points: big.NewRat(1, 1), Per: 100},
				"USD": {Points: big.NewRat(1, 1), Per: 110},
			},
			Counts:     loyalty.Counts{Items: true},
			Pending:    loyalty.Period{Days: 14},
			Expires:    loyalty.Expiry{After: loyalty.Period{Months: 12}, RoundTo: loyalty.EndOfMonth},
			Categories: []loyalty.CategoryRule{{ID: "beans-x2", Category: "coffee-beans", Multiply: big.NewRat(2, 1)}},
		},
		Tiers: loyalty.Tiers{
			Levels: []loyalty.Level{
				{ID: "bronze"},
				{ID: "silver", From: 500, Multiply: big.NewRat(5, 4)},
				{ID: "gold", From: 2000, Multiply: big.NewRat(3, 2)},
			},
			Months: 12, KeepFor: loyalty.Period{Months: 12}, Grace: loyalty.Period{Days: 30},
		},
		Rewards: []loyalty.Reward{
			{ID: "five-off", Type: "amount_off", Cost: 500, Value: loyalty.Money{Amount: 500, Currency: "EUR"}},
			{ID: "sticker", Type: "free_product", Cost: 100, SKU: "STICKER"},
		},
	}
	if err := p.Compile(); err != nil {
		tb.Fatal(err)
	}
	return p
}

// bench is a ledger over a table, with a clock that a test sets.
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
	_, err := b.Enrol(tb.Context(), b.p, ledger.Enrolment{Member: m}, ledger.By{Actor: "test", Input: string(m)})
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

func (b *bench) put(tb testing.TB, o loyalty.Order) ledger.OrderResult {
	tb.Helper()
	r, err := b.PutOrder(tb.Context(), b.p, o, ledger.By{Actor: "test"})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func (b *bench) grant(tb testing.TB, m loyalty.MemberID, n loyalty.Points) {
	tb.Helper()
	in := ledger.Adjustment{ID: fmt.Sprintf("adj_%s_%d", m, b.Now().UnixMilli()), Member: m, Points: n, Reason: "for the test"}
	if _, err := b.Adjust(tb.Context(), b.p, in, ledger.By{Actor: "test", Input: "grant"}); err != nil {
		tb.Fatal(err)
	}
}

func (b *bench) balance(tb testing.TB, m loyalty.MemberID) loyalty.Balance {
	tb.Helper()
	got, err := b.Member(tb.Context(), b.p, m)
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

// audit repeats for the sake of DynamoDB's index, which may lag.
func (b *bench) audit(tb testing.TB, m loyalty.MemberID) {
	tb.Helper()
	var err error
	for range 3 {
		if err = b.Audit(tb.Context(), b.p.ID, m); err == nil {
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

func TestAnOrderEarnsWaitsAndThenCanBeSpent(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.enrol(t, "mem_ada")
		r := b.put(t, b.order("1042", "mem_ada", 73_050))
		if r.State.Worth != 730 || r.Revision != 1 || r.Replayed {
			t.Fatalf("the order came out as %+v", r)
		}
		b.wantBalance(t, "mem_ada", loyalty.Balance{Pending: 730})
		b.advance(14 * 24 * time.Hour)
		b.wantBalance(t, "mem_ada", loyalty.Balance{Active: 730})

		in := ledger.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "five-off"}
		rd, err := b.Redeem(t.Context(), b.p, in, ledger.By{Actor: "test", Input: "k1"})
		if err != nil || rd.Redemption.Status != loyalty.Reserved {
			t.Fatalf("redeem: %+v, %v", rd, err)
		}
		b.wantBalance(t, "mem_ada", loyalty.Balance{Active: 230, Reserved: 500})
		again, err := b.Redeem(t.Context(), b.p, in, ledger.By{Actor: "test", Input: "k1"})
		if err != nil || !again.Replayed || again.Entry.Hash != rd.Entry.Hash {
			t.Fatalf("the replay gave %+v, %v", again, err)
		}
		_, err = b.Redeem(t.Context(), b.p, in, ledger.By{Actor: "test", Input: "k2"})
		wantRefusal(t, err, loyalty.KeyReused)

		done, err := b.Commit(t.Context(), b.p, "rd_1", ledger.By{Actor: "test", Input: "c1"})
		if err != nil || done.Redemption.Status != loyalty.Committed {
			t.Fatalf("commit: %+v, %v", done, err)
		}
		done, err = b.Commit(t.Context(), b.p, "rd_1", ledger.By{Actor: "test", Input: "c1"})
		if err != nil || !done.Replayed {
			t.Fatalf("commit again: %+v, %v", done, err)
		}
		_, err = b.Commit(t.Context(), b.p, "rd_1", ledger.By{Actor: "test", Input: "c2"})
		wantRefusal(t, err, loyalty.HoldAlreadyResolved)
		_, err = b.Cancel(t.Context(), b.p, "rd_1", ledger.By{Actor: "test", Input: "c3"})
		wantRefusal(t, err, loyalty.HoldAlreadyResolved)
		b.wantBalance(t, "mem_ada", loyalty.Balance{Active: 230})
		b.audit(t, "mem_ada")
	})
}

func TestAHoldLapsesAtItsInstantAndGivesItsLotsBack(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.enrol(t, "mem_ada")
		b.grant(t, "mem_ada", 120)
		redeem := func(id string) {
			in := ledger.RedemptionRequest{ID: id, Member: "mem_ada", Reward: "sticker"}
			if _, err := b.Redeem(t.Context(), b.p, in, ledger.By{Input: id}); err != nil {
				t.Fatal(err)
			}
		}
		redeem("rd_1")
		b.advance(30*time.Minute - time.Millisecond)
		b.wantBalance(t, "mem_ada", loyalty.Balance{Active: 20, Reserved: 100})
		b.advance(time.Millisecond)
		b.wantBalance(t, "mem_ada", loyalty.Balance{Active: 120})
		_, err := b.Commit(t.Context(), b.p, "rd_1", ledger.By{Input: "late"})
		wantRefusal(t, err, loyalty.HoldExpired)
		_, err = b.Cancel(t.Context(), b.p, "rd_1", ledger.By{Input: "late"})
		wantRefusal(t, err, loyalty.HoldAlreadyResolved)
		redeem("rd_2") // writes the lapse of the first one down
		got, err := b.Redemption(t.Context(), b.p.ID, "rd_1")
		if err != nil || got.Redemption.Status != loyalty.Lapsed || got.Entry.Cause.Revision != 2 {
			t.Errorf("the lapsed redemption is %+v, %v", got, err)
		}
		_, err = b.Commit(t.Context(), b.p, "rd_1", ledger.By{Input: "later"})
		wantRefusal(t, err, loyalty.HoldExpired)
		b.audit(t, "mem_ada")
	})
}

func TestAHoldNeverLengthensTheLifeOfAPoint(t *testing.T) {
	b := newBench(t, memory(t))
	b.p.Hold = 48 * time.Hour
	b.enrol(t, "mem_ada")
	b.grant(t, "mem_ada", 100) // lapses at the end of 2027-01-31 in Berlin
	end := time.Date(2027, 1, 31, 23, 0, 0, 0, time.UTC)
	b.advance(end.Sub(b.Now()) - time.Hour)
	in := ledger.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "sticker"}
	if _, err := b.Redeem(t.Context(), b.p, in, ledger.By{Input: "1"}); err != nil {
		t.Fatal(err)
	}
	b.advance(2 * time.Hour)
	b.wantBalance(t, "mem_ada", loyalty.Balance{Reserved: 100})
	if _, err := b.Cancel(t.Context(), b.p, "rd_1", ledger.By{Input: "2"}); err != nil {
		t.Fatal(err)
	}
	b.wantBalance(t, "mem_ada", loyalty.Balance{})
	b.audit(t, "mem_ada")
}

func TestARefusedRedemptionStaysRefusedForItsKey(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.enrol(t, "mem_ada")
		in := ledger.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "sticker", Commit: true}
		_, err := b.Redeem(t.Context(), b.p, in, ledger.By{Input: "1"})
		wantRefusal(t, err, loyalty.InsufficientPoints)
		b.grant(t, "mem_ada", 100)
		again, err := b.Redeem(t.Context(), b.p, in, ledger.By{Input: "1"})
		wantRefusal(t, err, loyalty.InsufficientPoints)
		if !again.Replayed {
			t.Error("the refusal was decided anew")
		}
		in.ID = "rd_2"
		if _, err = b.Redeem(t.Context(), b.p, in, ledger.By{Input: "2"}); err != nil {
			t.Error(err)
		}
		b.audit(t, "mem_ada")
	})
}

func TestOrdersConvergeOnWhatTheyAreNow(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.enrol(t, "mem_ada")
		o := b.order("1042", "mem_ada", 10_000)
		first := b.put(t, o)
		if again := b.put(t, o); !again.Replayed || again.Entries[0].Hash != first.Entries[0].Hash {
			t.Errorf("the same order again gave %+v", again)
		}
		o.Lines[0].Amount = 4_050
		if r := b.put(t, o); r.Revision != 2 || r.State.Worth != 40 || r.Entries[0].Points != -60 {
			t.Errorf("the smaller order gave %+v", r)
		}
		b.wantBalance(t, "mem_ada", loyalty.Balance{Pending: 40})
		b.advance(15 * 24 * time.Hour)
		in := ledger.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "sticker", Commit: true}
		b.grant(t, "mem_ada", 60)
		if _, err := b.Redeem(t.Context(), b.p, in, ledger.By{Input: "1"}); err != nil {
			t.Fatal(err)
		}
		o.Status = loyalty.OrderCancelled
		if r := b.put(t, o); r.State.Worth != 0 || r.Balance.Debt != 40 {
			t.Errorf("the cancelled order gave %+v", r)
		}
		b.advance(time.Hour)
		b.grant(t, "mem_ada", 50) // repays first
		b.wantBalance(t, "mem_ada", loyalty.Balance{Active: 10})
		o.Currency = "USD"
		_, err := b.PutOrder(t.Context(), b.p, o, ledger.By{})
		wantRefusal(t, err, loyalty.CurrencyMismatch)
		b.audit(t, "mem_ada")
	})
}

func TestAGuestsOrderIsAppliedOnceWhenItsMemberIsKnown(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		o := b.order("1042", "", 10_000)
		if r := b.put(t, o); r.Revision != 1 || r.State.Worth != 0 || len(r.Entries) != 0 {
			t.Errorf("the guest's order gave %+v", r)
		}
		if r := b.put(t, o); !r.Replayed || r.Revision != 1 {
			t.Errorf("told again it gave %+v", r)
		}
		o.Refunds = []loyalty.Refund{{ID: "re_1", At: b.Now(), Status: loyalty.RefundSucceeded, Amount: 2_500}}
		b.put(t, o)
		b.advance(3 * 24 * time.Hour)
		b.enrol(t, "mem_ada")
		o.Member = "mem_ada"
		first := b.put(t, o)
		if first.Revision != 3 || first.State.Worth != 75 || first.Entries[0].Points != 75 {
			t.Errorf("claimed it gave %+v", first)
		}
		if r := b.put(t, o); !r.Replayed {
			t.Errorf("claimed again it gave %+v", r)
		}
		b.wantBalance(t, "mem_ada", loyalty.Balance{Pending: 75})
		b.enrol(t, "mem_bob")
		for _, other := range []loyalty.MemberID{"mem_bob", ""} {
			o.Member = other
			_, err := b.PutOrder(t.Context(), b.p, o, ledger.By{})
			wantRefusal(t, err, loyalty.ValidationFailed)
		}
		if got, err := b.Order(t.Context(), b.p.ID, "1042"); err != nil || len(got.Entries) != 1 || got.State.Order.Member != "mem_ada" {
			t.Errorf("the order is %+v, %v", got, err)
		}
		b.audit(t, "mem_ada")
	})
}

func TestOneOfManyWins(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.enrol(t, "mem_ada")
		b.grant(t, "mem_ada", 730)
		errs := inParallel(60, func(i int) error {
			id := fmt.Sprintf("rd_%d", i)
			_, err := b.Redeem(t.Context(), b.p, ledger.RedemptionRequest{ID: id, Member: "mem_ada", Reward: "sticker", Commit: i%2 == 0}, ledger.By{Input: id})
			return err
		})
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			wantRefusal(t, err, loyalty.InsufficientPoints)
		}
		if won != 7 {
			t.Errorf("%d redemptions of 100 were paid from 730 points", won)
		}

		o := b.order("1042", "mem_ada", 5_000)
		errs = inParallel(50, func(int) error {
			_, err := b.PutOrder(t.Context(), b.p, o, ledger.By{})
			return err
		})
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
		if got, err := b.Order(t.Context(), b.p.ID, "1042"); err != nil || len(got.Entries) != 1 {
			t.Errorf("fifty equal orders made %d entries, %v", len(got.Entries), err)
		}
		b.audit(t, "mem_ada")
	})
}

func inParallel(n int, do func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = do(i) })
	}
	wg.Wait()
	return errs
}

func TestWhatTimeDoesIsWrittenDownOnceByTheSchedule(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.enrol(t, "mem_ada")
		b.put(t, b.order("1042", "mem_ada", 10_000))
		b.advance(14 * 24 * time.Hour)
		due := 0
		for shard := range ledger.Shards {
			for m, err := range b.Due(t.Context(), b.p.ID, shard, b.Now()) {
				if err != nil || m != "mem_ada" {
					t.Fatal(m, err)
				}
				due++
			}
		}
		if due != 1 {
			t.Fatalf("%d members are due", due)
		}
		for want := 1; want >= 0; want-- {
			if n, err := b.Advance(t.Context(), b.p, "mem_ada"); err != nil || n != want {
				t.Errorf("advancing wrote %d entries, %v, want %d", n, err, want)
			}
		}
		_, err := b.Ledger.Advance(t.Context(), b.p, "mem_nobody")
		wantRefusal(t, err, loyalty.NotFound)
		b.audit(t, "mem_ada")
	})
}
