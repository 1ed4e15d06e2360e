package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// typicalMember is a silver member of two years with 24 monthly lots, two open pending lots and a metric for
// each month, made by the commands that make such members.
func typicalMember(tb testing.TB, b *bench) loyalty.MemberID {
	const m = "mem_7x4k0q2m9d5s8w1v3b6n"
	b.now = time.Date(2025, 1, 3, 10, 0, 0, 0, time.UTC)
	b.p.Earn.Expires = loyalty.Expiry{After: loyalty.Period{Months: 24}, RoundTo: loyalty.EndOfMonth}
	b.enrol(tb, m)
	for i := range 24 {
		b.put(tb, b.order(fmt.Sprint(100_000+i), m, 5_500))
		b.now = loyalty.Period{Months: 1}.After(b.now, time.UTC)
	}
	b.put(tb, b.order("100024", m, 5_500))
	b.advance(24 * time.Hour)
	b.put(tb, b.order("100025", m, 5_500))
	b.advance(24 * time.Hour)
	return m
}

func TestATypicalAccountFitsIntoOneWriteUnit(t *testing.T) {
	b := newBench(t, memory(t))
	m := typicalMember(t, b)
	got, err := b.Member(t.Context(), b.p, m)
	if err != nil {
		t.Fatal(err)
	}
	if a := got.Account; len(a.Lots) != 24 || len(a.Pending) != 2 || a.Tier.Level != "silver" || len(a.Metrics) < 12 {
		t.Fatalf("that is no typical account: %d lots, %d pending, %s, %d metrics", len(a.Lots), len(a.Pending), a.Tier.Level, len(a.Metrics))
	}
	it, err := b.Table.Get(t.Context(), table.Key{PK: "P#bluebird#M#" + string(m), SK: "ACCOUNT"})
	if err != nil {
		t.Fatal(err)
	}
	if size := tabletest.Size(it); size > 1024 {
		t.Errorf("the account has %d bytes:\n%s", size, it.Doc)
	} else {
		t.Logf("the account has %d bytes", size)
	}
}

func TestWhatAUsualCommandCosts(t *testing.T) {
	meter := &tabletest.Meter{Table: memory(t)}
	b := newBench(t, meter)
	m := typicalMember(t, b)
	within := func(what string, read, write float64) {
		t.Helper()
		u := meter.Take()
		t.Logf("%s costs %g read and %g write units", what, u.Read, u.Write)
		if u.Read > read || u.Write > write {
			t.Errorf("%s may cost %g read and %g write units", what, read, write)
		}
	}
	meter.Take()

	o := b.order("100026", m, 2_999)
	o.Channel, o.Tenders = "web", []loyalty.Tender{{Kind: loyalty.TenderCard, Amount: 6_496}}
	o.Lines = append(o.Lines,
		loyalty.Line{ID: "2", SKU: "BEAN-1", Category: "coffee-beans", Quantity: 2, Amount: 2_598},
		loyalty.Line{ID: "3", SKU: "BEAN-2", Category: "coffee-beans", Quantity: 1, Amount: 899})
	b.put(t, o)
	within("an order of three lines", 2, 5)

	b.put(t, o)
	within("the same order again", 2, 0)

	redeem := func(id string, commit bool) error {
		in := ledger.RedemptionRequest{ID: id, Member: m, Reward: "sticker", Commit: commit}
		_, err := b.Redeem(t.Context(), b.p, in, ledger.By{Actor: "key_1", Input: id})
		return err
	}
	if err := redeem("rd_0123456789abcdefghij", true); err != nil {
		t.Fatal(err)
	}
	within("a reward reserved and committed in one call", 1, 5)

	if err := redeem("rd_1123456789abcdefghij", false); err != nil {
		t.Fatal(err)
	}
	within("a reward reserved, which moves what is due", 1, 7)

	if _, err := b.Quote(t.Context(), b.p, o); err != nil {
		t.Fatal(err)
	}
	within("a quote", 1, 0)
}
