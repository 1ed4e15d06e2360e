package ledger_test

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

func TestATypicalAccountFitsIntoOneWriteUnit(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	m := servicetest.TypicalMember(t, b.Bench)
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
