package ledger_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// replace changes text in the document of an item.
func replace(t *testing.T, tab table.Table, key table.Key, old, new string) {
	t.Helper()
	it, err := tab.Get(t.Context(), key)
	if err != nil || bytes.Count(it.Doc, []byte(old)) != 1 {
		t.Fatalf("%s occurs not once in %s, %v", old, it.Doc, err)
	}
	it.Doc = bytes.Replace(it.Doc, []byte(old), []byte(new), 1)
	if err := tab.Transact(t.Context(), table.Put(it)); err != nil {
		t.Fatal(err)
	}
}

func TestAuditDetectsChangedItems(t *testing.T) {
	account := table.Key{PK: "P#bluebird#M#mem_ada", SK: "ACCOUNT"}
	entry := table.Key{PK: "P#bluebird#E#O#1", SK: "000001"}
	for name, c := range map[string]struct {
		Key      table.Key
		Old, New string
		Want     string
	}{
		"points of the account":   {account, `"n":10`, `"n":11`, "its entries result in"},
		"sequence of the account": {account, `"seq":2`, `"seq":3`, ""},
		"points of an entry":      {entry, `"k":"earn","n":10`, `"k":"earn","n":11`, ""},
		"reason of an entry":      {entry, `"a":["10.00 EUR"`, `"a":["11.00 EUR"`, ""},
		"time of an entry":        {entry, `"rec":1768035600000`, `"rec":1768035600001`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, servicetest.Memory(t))
			b.Enroll(t, "mem_ada")
			b.Put(t, b.Order("1", "mem_ada", 1_000))
			b.Audit(t, "mem_ada")
			replace(t, b.Table, c.Key, c.Old, c.New)
			if err := (ledger.Statements{Ledger: b.Ledger}).Audit(t.Context(), b.P.ID, "mem_ada"); err == nil ||
				!strings.Contains(err.Error(), c.Want) {
				t.Errorf("the audit found %v", err)
			}
		})
	}
}

func TestUnknownItemAmongBudgetsIsAnError(t *testing.T) {
	for _, place := range []string{"BUDGET#16", "BUDGET#xx"} {
		b := newBench(t, servicetest.Memory(t))
		it := table.Item{Key: table.Key{PK: "P#bluebird#C#campaigns.double", SK: place}, Doc: []byte(`{"n":-5}`)}
		if err := b.Table.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
		if left, err := (ledger.Budgets{Ledger: b.Ledger}).Use(
			t.Context(), b.P.ID, "campaigns.double", 100,
		); err == nil {
			t.Errorf("%s: %d are left", place, left)
		}
	}
}

func TestOrdersArePricedByTheVersionInForce(t *testing.T) {
	at := func(hour int) time.Time { return servicetest.Start.Add(time.Duration(hour) * time.Hour) }
	s := ledger.Schedule{
		Live: 5, Since: at(0),
		Past: []ledger.Ended{
			{Version: 1, Until: at(10)},
			{Version: 2, Until: at(20), Recalled: true},
			{Version: 3, Until: at(30)},
			{Version: 4, Until: at(30)},
		},
	}
	for hour, want := range map[int]int{-100: 1, 0: 1, 9: 1, 10: 1, 19: 1, 20: 3, 29: 3, 30: 5, 40: 5, 100: 5} {
		if got := s.Pricing(at(hour)); got != want {
			t.Errorf("hour %d is priced by version %d, want %d", hour, got, want)
		}
	}
	s.Past[0].Recalled = true
	if got := s.Pricing(at(5)); got != 3 {
		t.Errorf("without an earlier version, the next one is %d, want 3", got)
	}
	s.Past[2].Recalled = true
	if got := s.Pricing(at(5)); got != 5 {
		t.Errorf("without an ended version, the live one is %d, want 5", got)
	}
}

func TestRedemptionShowsPresentBalances(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	b.P.Wallets = []loyalty.Wallet{{ID: "miles"}}
	b.Offer(t, loyalty.Reward{ID: "more-miles", Type: "wallet_points", Cost: 10, Wallet: "miles", Points: 40})
	b.Enroll(t, "mem_ada")
	b.Grant(t, "mem_ada", 100)
	in := service.RedemptionRequest{
		ID: redeem.RedemptionID("1", "mem_ada"), Member: "mem_ada", Reward: "more-miles", Commit: true,
	}
	b.Take(t, in)
	in2 := in
	in2.ID = redeem.RedemptionID("2", "mem_ada")
	b.Take(t, in2)
	got, err := service.Redemptions{Ledger: b.Ledger}.Current(t.Context(), b.P, in.ID)
	if err != nil || got.Balance.Active != 80 || len(got.Entry.Wallets) != 1 ||
		got.Entry.Wallets[0].Balance.Active != 80 {
		t.Errorf("%+v, %+v, %v", got.Balance, got.Entry.Wallets, err)
	}
}
