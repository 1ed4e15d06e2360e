package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// A book is a ledger with a program and a clock that the test sets. Its table accepts no write while busy is set, and
// its index omits the newest items of as many queries as late.
type book struct {
	*Ledger
	table.Table
	p    *loyalty.Program
	now  time.Time
	busy bool
	late int
}

func newBook(t *testing.T) *book {
	t.Helper()
	b := &book{Table: memoryLedger(t).Table, now: noon, p: &loyalty.Program{ID: "p", Version: 1, Zone: time.UTC}}
	b.p.Earn.Rates = map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 1), Per: 100}}
	b.p.Earn.Counts = loyalty.Counts{Items: true}
	b.p.Earn.Pending = calendar.Wait{For: calendar.Period{Days: 14}}
	b.p.Rewards = []loyalty.Reward{{ID: "mug", Type: "free_product", Cost: 10}}
	if err := engine.Compile(b.p); err != nil {
		t.Fatal(err)
	}
	b.Ledger = &Ledger{
		Table: b, Now: func() time.Time { return b.now },
		Program: func(context.Context, string, int) (*loyalty.Program, error) { return b.p, nil },
	}
	b.execute(t, func(_ loyalty.Account, x Inputs) (posting.Outcome, error) {
		return engine.Join(b.p, "mem_ada", loyalty.Traits{}, x.Now)
	})
	return b
}

func (b *book) Transact(ctx context.Context, ops ...table.Op) error {
	if b.busy {
		return table.ErrBusy
	}
	return b.Table.Transact(ctx, ops...)
}

func (b *book) Query(ctx context.Context, q table.Query) iter.Seq2[table.Item, error] {
	if !q.Index || b.late == 0 {
		return b.Table.Query(ctx, q)
	}
	b.late--
	return func(yield func(table.Item, error) bool) {
		for it, err := range b.Table.Query(ctx, q) {
			if it.Index.SK != stored.Padded(3, 10) && !yield(it, err) {
				return
			}
		}
	}
}

func (b *book) execute(t *testing.T, decide func(loyalty.Account, Inputs) (posting.Outcome, error)) []loyalty.Entry {
	t.Helper()
	r, err := b.Execute(t.Context(), Command{Program: b.p, Member: "mem_ada", Decide: Single(decide)})
	if err != nil {
		t.Fatal(err)
	}
	return r.Entries
}

func (b *book) order(t *testing.T, id string, prior *loyalty.OrderState, amount int64) loyalty.Entry {
	t.Helper()
	o := loyalty.Order{
		ID: id, Member: "mem_ada", PlacedAt: b.now, Currency: "EUR", Status: loyalty.OrderPaid,
		Lines: []loyalty.Line{{ID: "1", SKU: "MUG", Quantity: 1, Amount: amount}},
	}
	return b.execute(t, func(acc loyalty.Account, x Inputs) (posting.Outcome, error) {
		return award.PlaceOrder(engine.Begin(b.p, acc, x.Now), prior, engine.EarnRules(b.p), o, x.Left)
	})[0]
}

func (b *book) reserve(t *testing.T, id string) loyalty.Entry {
	t.Helper()
	r := loyalty.Redemption{ID: id, Reward: "mug"}
	return b.execute(t, func(acc loyalty.Account, x Inputs) (posting.Outcome, error) {
		return redeem.Redeem(engine.Begin(b.p, acc, x.Now), r, false, x.Left)
	})[0]
}

func (b *book) grant(t *testing.T) {
	t.Helper()
	b.execute(t, func(acc loyalty.Account, x Inputs) (posting.Outcome, error) {
		return engine.Adjust(b.p, acc, fmt.Sprint("adj_", acc.Sequence), "", 100, "test", x.Now)
	})
}

// A page has the newest entries below a bound, whether or not the latest of them could be written, and whether or not
// the index lists them.
func TestPagesOfAStatement(t *testing.T) {
	for _, busy := range []bool{false, true} {
		b := newBook(t)
		for i := range 2 {
			b.order(t, fmt.Sprint(i), nil, 10_00)
			b.now = b.now.Add(time.Hour)
		}
		b.now, b.busy = noon.AddDate(0, 0, 20), busy // the points of both orders are active
		for before := range int64(7) {
			for limit := 1; limit <= 6; limit++ {
				for late := range 2 {
					b.late = late
					got, acc, err := Statements{b.Ledger}.Page(t.Context(), b.p, "mem_ada", before, limit)
					last := int64(5)
					if before > 0 {
						last = min(last, before-1)
					}
					var want, sequences []int64
					for n := last; n > 0 && len(want) < limit; n-- {
						want = append(want, n)
					}
					for _, e := range got {
						sequences = append(sequences, e.Sequence)
					}
					if err != nil || !slices.Equal(sequences, want) || acc.Sequence != 5 || acc.Balance().Active != 20 {
						t.Errorf(
							"busy %t, late %d, before %d, at most %d: %v, want %v, %v",
							busy,
							late,
							before,
							limit,
							sequences,
							want,
							err,
						)
					}
				}
			}
		}
	}
	b := newBook(t)
	b.order(t, "1", nil, 10_00)
	b.grant(t)
	b.late = 2 * Attempts
	if _, _, err := (Statements{b.Ledger}).Page(t.Context(), b.p, "mem_ada", 0, 5); !errors.Is(err, ErrTryAgain) {
		t.Errorf("the index remains behind: %v", err)
	}
	_, _, err := Statements{b.Ledger}.Page(t.Context(), b.p, "mem_eve", 0, 5)
	if !errors.Is(err, loyalty.NotFound) {
		t.Errorf("an unknown member: %v", err)
	}
}

// A reservation that has expired is shown as expired, whether or not the expiry could be written.
func TestCurrentStateOfAReservation(t *testing.T) {
	for _, c := range []struct {
		name     string
		after    time.Duration
		busy     bool
		read     bool
		id       string
		status   loyalty.RedemptionStatus
		reserved loyalty.Points
	}{
		{"at once", 0, false, false, "rd_1", loyalty.Reserved, 20},
		{"at once, with the account", 0, false, true, "rd_1", loyalty.Reserved, 20},
		{"at once, the second", 0, false, false, "rd_2", loyalty.Reserved, 20},
		{"expired", 30 * time.Minute, false, false, "rd_1", loyalty.Expired, 10},
		{"expired, not written", 30 * time.Minute, true, false, "rd_1", loyalty.Expired, 10},
		{"the second remains", 30 * time.Minute, false, false, "rd_2", loyalty.Reserved, 10},
		{"the second remains, not written", 30 * time.Minute, true, false, "rd_2", loyalty.Reserved, 10},
		{"both expired", time.Hour, false, true, "rd_2", loyalty.Expired, 0},
		{"both expired, not written", time.Hour, true, true, "rd_2", loyalty.Expired, 0},
		{"both expired, not written, the first", time.Hour, true, false, "rd_1", loyalty.Expired, 0},
	} {
		b := newBook(t)
		b.grant(t)
		was := map[string]loyalty.Entry{"rd_1": b.reserve(t, "rd_1")}
		b.now = noon.Add(10 * time.Minute)
		was["rd_2"] = b.reserve(t, "rd_2")
		account, err := b.getAccount(t.Context(), "p", "mem_ada")
		if err != nil {
			t.Fatal(err)
		}
		var read *table.Item
		if c.read {
			read = &account
		}
		b.now, b.busy = b.now.Add(c.after), c.busy
		if c.after == 30*time.Minute {
			b.now = noon.Add(c.after)
		}
		e, acc, err := b.CurrentState(t.Context(), b.p, was[c.id], "mem_ada", read)
		if err != nil || e.Redemption.ID != c.id || e.Redemption.Status != c.status ||
			acc.Balance().Reserved != c.reserved {
			t.Errorf("%s: %+v, %+v, %v", c.name, e.Redemption, acc.Balance(), err)
		}
		if c.busy && e.Redemption.Status == loyalty.Expired && e.Actor != timeActor {
			t.Errorf("%s: the actor is %q", c.name, e.Actor)
		}
	}
	b := newBook(t)
	b.grant(t)
	was := b.reserve(t, "rd_1")
	done := *was.Redemption
	done.Status = loyalty.Committed
	was.Redemption = &done
	b.grant(t) // an entry that does not concern the redemption
	if e, _, err := b.CurrentState(t.Context(), b.p, was, "mem_ada", nil); err != nil ||
		e.Redemption.Status != loyalty.Committed {
		t.Errorf("a redemption that has ended: %+v, %v", e.Redemption, err)
	}
	b.late = 0
	f := &tabletest.FailingRead{Table: b.Table, Fail: 2}
	l := &Ledger{Table: f, Now: b.Ledger.Now}
	if _, _, err := l.CurrentState(t.Context(), b.p, was, "mem_ada", nil); err != nil || f.Failed() {
		t.Errorf("a redemption that has ended is read again: %v", err)
	}
}

// The audit finds an entry that does not follow the previous one, or whose reasons do not explain its points.
func TestAuditOfAnEntry(t *testing.T) {
	reason := func(wallet, points string) loyalty.Reason { return loyalty.Reason{Wallet: wallet, Points: points} }
	for _, c := range []struct {
		name string
		e    loyalty.Entry
		edit func(*loyalty.Entry) // after the entry was sealed
		want []string             // parts of the errors
	}{
		{"sound", loyalty.Entry{Points: 3}, nil, nil},
		{
			"another previous entry",
			loyalty.Entry{Points: 3},
			func(e *loyalty.Entry) { e.Previous = "x" },
			[]string{"chain"},
		},
		{"another hash", loyalty.Entry{Points: 3}, func(e *loyalty.Entry) { e.Hash = "x" }, []string{"chain"}},
		{"other points", loyalty.Entry{Points: 4}, nil, []string{"moves 4"}},
		{"no points", loyalty.Entry{}, nil, []string{"moves 0"}},
	} {
		c.e.Reasons = []loyalty.Reason{reason("", "1"), reason("", "2")}
		e, _ := stored.Sealed(c.e, "head")
		if c.edit != nil {
			c.edit(&e)
		}
		err := auditEntry(loyalty.Account{Head: "head"}, e)
		if (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, part := range c.want {
			if err != nil && !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v, want %q", c.name, err, part)
			}
		}
	}
	wallet := func(points loyalty.Points, reasons ...loyalty.Reason) error {
		e := loyalty.Entry{Reasons: reasons}
		if points != 0 {
			e.Wallets = []loyalty.WalletChange{{Wallet: "miles", Points: points}}
		}
		e, _ = stored.Sealed(e, "")
		return auditEntry(loyalty.Account{}, e)
	}
	for _, c := range []struct {
		name    string
		points  loyalty.Points
		reasons []loyalty.Reason
		sound   bool
	}{
		{"no wallet", 0, nil, true},
		{"a wallet", 2, []loyalty.Reason{reason("miles", "2")}, true},
		{"a wallet without reasons", 2, nil, false},
		{"a wallet with other reasons", 2, []loyalty.Reason{reason("miles", "1")}, false},
		{"reasons of no wallet", 0, []loyalty.Reason{reason("miles", "2")}, false},
		{"reasons of two wallets", 2, []loyalty.Reason{reason("miles", "2"), reason("stars", "1")}, false},
		{"fractions", 2, []loyalty.Reason{reason("miles", "3/2"), reason("miles", "1/2")}, true},
		{"no number", 2, []loyalty.Reason{reason("miles", "2"), reason("miles", "x")}, false},
	} {
		if err := wallet(c.points, c.reasons...); (err == nil) != c.sound {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
