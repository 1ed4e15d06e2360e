package catalog

import (
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// tiered returns a program whose second level starts at a number of points. The program also has a tier group with a
// level that ends earlier.
func tiered(t *testing.T, version int, from int64) *loyalty.Program {
	t.Helper()
	p := &loyalty.Program{ID: "p", Version: version, Zone: time.UTC}
	p.Earn.Rates = map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 1), Per: 100}}
	p.Earn.Counts = loyalty.Counts{Items: true}
	tiers := func(prefix string, months int) loyalty.Tiers {
		return loyalty.Tiers{
			Levels: []loyalty.Level{{ID: prefix + "bronze"}, {ID: prefix + "silver", From: from}},
			Months: months, KeepFor: calendar.Period{Months: months},
		}
	}
	p.Tiers = tiers("", 6)
	p.TierGroups = []loyalty.TierGroup{{ID: "partners", Tiers: tiers("partner-", 12)}}
	if err := engine.Compile(p); err != nil {
		t.Fatal(err)
	}
	return p
}

// The preview of level changes states the last change of the member's level, not of a level in a tier group.
func TestLevelsAtALaterInstant(t *testing.T) {
	b := newBench(t)
	live := tiered(t, 1, 100)
	execute := func(m loyalty.MemberID, decide func(loyalty.Account, ledger.Inputs) (posting.Outcome, error)) {
		t.Helper()
		if _, err := b.Catalog.Execute(t.Context(), ledger.Command{
			Program: live, Member: m, Decide: ledger.Single(decide),
		}); err != nil {
			t.Fatal(err)
		}
	}
	var ms []loyalty.MemberID // members of one shard
	for i := 0; len(ms) < 2; i++ {
		if m := loyalty.MemberID("mem_" + stored.Padded(int64(i), 4)); stored.ShardOf(m) == 0 {
			ms = append(ms, m)
		}
	}
	for _, m := range ms {
		execute(m, func(_ loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
			return engine.Join(live, m, loyalty.Traits{}, x.Now)
		})
		o := loyalty.Order{
			ID: string(m), Member: m, PlacedAt: noon, Currency: "EUR", Status: loyalty.OrderPaid,
			Lines: []loyalty.Line{{ID: "1", SKU: "MUG", Quantity: 1, Amount: 150_00}},
		}
		execute(m, func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
			return award.PlaceOrder(engine.Begin(live, acc, x.Now), nil, engine.EarnRules(live), o, x.Left)
		})
	}
	later := noon.AddDate(3, 0, 0)
	for _, c := range []struct {
		name     string
		next     *loyalty.Program
		until    time.Time
		to       string
		at       time.Time
		explains bool
	}{
		{"now", live, noon, "silver", time.Time{}, false},
		{"when the level ends", live, later, "bronze", noon.AddDate(0, 6, 0), true},
	} {
		n := 0
		v := LevelPreview{Live: live, Next: c.next, Now: noon, Until: c.until}
		for got, err := range b.LevelChanges(t.Context(), v, 0, "") {
			if err != nil || got.From != "silver" || got.To != c.to || got.At.IsZero() != c.at.IsZero() ||
				got.At.After(c.at.AddDate(0, 0, 31)) || (got.Because.Points != "") != c.explains {
				t.Errorf("%s: %+v, %v", c.name, got, err)
			}
			if n++; got.Place == "" || got.Member == "" {
				t.Errorf("%s: %+v", c.name, got)
			}
		}
		if n != len(ms) {
			t.Errorf("%s: %d members", c.name, n)
		}
	}
	v := LevelPreview{Live: live, Next: live, Now: noon, Until: later}
	for range b.LevelChanges(t.Context(), v, 0, "") {
		break // the list ends when its reader stops
	}
	it, err := b.Table.Get(t.Context(), stored.AccountKey("p", ms[0]))
	if err != nil {
		t.Fatal(err)
	}
	it.Doc = []byte(`{"seq":"x"}`)
	if err := b.Table.Transact(t.Context(), table.Put(it)); err != nil {
		t.Fatal(err)
	}
	n, failed := 0, 0
	for _, err := range b.LevelChanges(t.Context(), v, 0, "") {
		if n++; err != nil {
			failed = n
		}
	}
	if failed != n || n == 0 {
		t.Errorf("an account is damaged: %d results, the error is result %d", n, failed)
	}
}
