package service_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// typicalMember uses commands to create a silver member who enrolled two years ago, with 24 monthly lots, two pending
// lots and metrics for each month.
func typicalMember(tb testing.TB, b *bench) loyalty.MemberID {
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

func TestATypicalAccountFitsIntoOneWriteUnit(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	m := typicalMember(t, b)
	got, err := members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, m)
	if err != nil {
		t.Fatal(err)
	}
	if a := got.Account; len(a.Lots) != 24 || len(a.Pending) != 2 || a.Tier.Level != "silver" || len(a.Metrics) < 12 {
		t.Fatalf(
			"that is no typical account: %d lots, %d pending, %s, %d metrics", len(a.Lots), len(a.Pending),
			a.Tier.Level, len(a.Metrics),
		)
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
