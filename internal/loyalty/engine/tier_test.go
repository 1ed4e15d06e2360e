package engine

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// byYear returns a program with levels by the spend of a calendar year: silver from 500 EUR, gold from 2000 EUR.
func byYear(tb testing.TB, keepYear int, edit func(*loyalty.Program)) *loyalty.Program {
	return made(tb, func(p *loyalty.Program) {
		p.Earn.Pending = calendar.Wait{}
		p.Tiers = loyalty.Tiers{
			Levels: []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: 50_000}, {ID: "gold", From: 200_000}},
			By:     loyalty.BySpend, Currency: "EUR", Calendar: true, KeepYear: keepYear,
		}
		edit(p)
	})
}

func instant(tb testing.TB, s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		tb.Fatal(err)
	}
	return at
}

// wantLevel checks the member's level at an instant.
func (s *shop) wantLevel(t *testing.T, at, level string) {
	t.Helper()
	s.pass(instant(t, at))
	if got := s.acc.Tier.Level; got != level {
		t.Errorf("at %s the level is %s, want %s", at, got, level)
	}
}

func member2026(t *testing.T, p *loyalty.Program) *shop {
	s := newShop(t, p)
	s.acc = joined(t, p, instant(t, "2026-01-01T12:00:00Z"))
	return s
}

func TestALevelByTheYearIsKeptToTheEndOfTheNext(t *testing.T) {
	november := instant(t, "2026-11-20T12:00:00Z")
	for _, c := range []struct {
		name string
		then func(*shop, loyalty.Order)
		last map[string]string // the levels at instants, which are passed in their order
	}{
		{"reached in November and never again", func(*shop, loyalty.Order) {}, map[string]string{
			"2026-12-31T23:00:00Z": "silver", "2027-12-31T22:59:59Z": "silver", "2027-12-31T23:00:00Z": "bronze",
		}},
		{
			"requalified in the next year",
			func(s *shop, _ loyalty.Order) { s.buy("2", 500, instant(t, "2027-06-01T12:00:00Z")) },
			map[string]string{
				"2027-12-31T23:00:00Z": "silver", "2028-12-31T22:59:59Z": "silver", "2028-12-31T23:00:00Z": "bronze",
			},
		},
		{"a cent too little in the next year", func(s *shop, _ loyalty.Order) {
			o := bought("EUR", loyalty.Line{Amount: 49_999})
			o.ID, o.PlacedAt = "2", instant(t, "2027-06-01T12:00:00Z")
			s.submit(o, o.PlacedAt)
		}, map[string]string{"2027-12-31T22:59:59Z": "silver", "2027-12-31T23:00:00Z": "bronze"}},
		{
			"requalified in the last second of the program's year",
			func(s *shop, _ loyalty.Order) { s.buy("2", 500, instant(t, "2027-12-31T22:59:59Z")) },
			map[string]string{
				"2027-12-31T23:00:00Z": "silver", "2028-12-31T23:00:00Z": "bronze",
			},
		},
		{"requalified, but that came back before New Year", func(s *shop, _ loyalty.Order) {
			o := s.buy("2", 500, instant(t, "2027-06-01T12:00:00Z"))
			o.Refunds = []loyalty.Refund{back("1", 1)}
			s.submit(o, instant(t, "2027-12-30T12:00:00Z"))
		}, map[string]string{"2027-12-31T22:59:59Z": "silver", "2027-12-31T23:00:00Z": "bronze"}},
		{"the order that qualified was canceled: the level is withdrawn", func(s *shop, first loyalty.Order) {
			first.Status = loyalty.OrderCanceled
			s.submit(first, instant(t, "2026-11-21T12:00:00Z"))
		}, map[string]string{"2026-11-21T12:00:00Z": "bronze", "2027-12-31T22:59:59Z": "bronze"}},
		{
			"a higher level in the next year",
			func(s *shop, _ loyalty.Order) { s.buy("2", 2000, instant(t, "2027-06-01T12:00:00Z")) },
			map[string]string{
				"2027-06-01T12:00:00Z": "gold", "2028-12-31T22:59:59Z": "gold", "2028-12-31T23:00:00Z": "silver",
				"2029-12-31T22:59:59Z": "silver", "2029-12-31T23:00:00Z": "bronze",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := member2026(t, byYear(t, 2, func(*loyalty.Program) {}))
			first := s.buy("1", 500, november)
			s.wantLevel(t, "2026-11-20T12:00:00Z", "silver")
			c.then(s, first)
			for _, at := range slices.Sorted(maps.Keys(c.last)) {
				s.wantLevel(t, at, c.last[at])
			}
		})
	}
}

func TestALevelByTheYearIsLostAtItsEnd(t *testing.T) {
	s := member2026(t, byYear(t, 1, func(*loyalty.Program) {}))
	s.buy("1", 2000, instant(t, "2026-11-20T12:00:00Z"))
	s.wantLevel(t, "2026-12-31T22:59:59Z", "gold")
	s.wantLevel(t, "2026-12-31T23:00:00Z", "silver") // a step at each New Year
	s.wantLevel(t, "2027-12-31T23:00:00Z", "bronze")
	s.buy("2", 500, instant(t, "2028-02-01T12:00:00Z"))
	s.wantLevel(t, "2028-12-31T22:59:59Z", "silver")
	s.wantLevel(t, "2028-12-31T23:00:00Z", "bronze")

	s = member2026(t, byYear(t, 1, func(p *loyalty.Program) { p.Tiers.MoveDown = loyalty.ToQualified }))
	s.buy("1", 2000, instant(t, "2026-11-20T12:00:00Z"))
	s.wantLevel(t, "2026-12-31T23:00:00Z", "bronze")

	s = member2026(t, byYear(t, 1, func(p *loyalty.Program) { p.Tiers.Grace = calendar.Period{Days: 30} }))
	s.buy("1", 500, instant(t, "2026-11-20T12:00:00Z"))
	s.wantLevel(t, "2027-01-30T22:59:59Z", "silver")
	before := *s
	s.wantLevel(t, "2027-01-30T23:00:00Z", "bronze")
	*s = before // or requalified within the grace, for the new year
	s.buy("2", 500, instant(t, "2027-01-30T22:59:59Z"))
	s.wantLevel(t, "2027-12-31T23:00:00Z", "silver")
	s.wantLevel(t, "2028-01-30T23:00:00Z", "bronze")
}

func TestTheYearIsThatOfTheProgramsZone(t *testing.T) {
	for name, newYear := range map[string]string{
		"Pacific/Auckland": "2027-12-31T11:00:00Z", "America/New_York": "2028-01-01T05:00:00Z",
	} {
		p := byYear(t, 2, func(p *loyalty.Program) { p.Zone = zone(t, name) })
		end := instant(t, newYear)
		s := member2026(t, p)
		s.buy("1", 500, instant(t, "2026-11-20T12:00:00Z"))
		s.buy("2", 250, end.Add(-time.Second)) // of the year that ends
		s.buy("3", 250, end)                   // and of the one that begins, in which they do not make 500
		s.wantLevel(t, end.Format(time.RFC3339), "bronze")
		if got := tier.Of(p).Measured(s.acc, loyalty.BySpend, end); got != 25_000 {
			t.Errorf("in %s the new year begins with %d", name, got)
		}
	}
}

func TestWhatCountsAsSpend(t *testing.T) {
	p := byYear(t, 2, func(p *loyalty.Program) {
		p.Earn.Counts.Shipping = true
		rates(p)
	})
	s := newShop(t, p)
	count := func(name string, want int64, edit func(*loyalty.Order)) {
		t.Helper()
		s.acc = joined(t, p, noon)
		delete(s.states, "1042")
		o := bought(
			"EUR", loyalty.Line{Category: "mugs", Amount: 10_000},
			loyalty.Line{Category: "coffee-beans", Amount: 20_000},
		)
		edit(&o)
		s.sell(o, nil)
		if got := tier.Of(p).Measured(s.acc, loyalty.BySpend, noon); got != want {
			t.Errorf("%s counts %d, want %d", name, got, want)
		}
	}
	count("an order", 30_000, func(*loyalty.Order) {})
	count("one that is not paid", 0, func(o *loyalty.Order) { o.Status = loyalty.OrderPlaced })
	count("shipping and tax", 30_000, func(o *loyalty.Order) { o.Shipping, o.Tax = 500, 600 })
	count(
		"what a gift card leaves", 20_000,
		func(o *loyalty.Order) { o.Tenders = []loyalty.Tender{{Kind: loyalty.TenderGiftCard, Amount: 10_000}} },
	)
	count("what a refund leaves", 25_000, func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 5_000)} })
	count("what a dispute leaves", 25_000, func(o *loyalty.Order) {
		o.Disputes = []loyalty.Dispute{{ID: "1", Status: loyalty.DisputeOpen, Amount: 5_000}}
	})
	count("the sale of a gift card", 10_000, func(o *loyalty.Order) { o.Lines[1].Category = "gift-cards" })
	count("francs at their rate", 33_000, func(o *loyalty.Order) { o.Currency = "CHF" })
	count("dollars, which have a rate of their own", 0, func(o *loyalty.Order) { o.Currency = "USD" })
	count("a fraction of a cent", 20_000, func(o *loyalty.Order) { o.Discount = 10_000 })
	n, window := tier.Of(p).Measure(s.acc, noon)
	if n != "200.00" || window != "spend/year" {
		t.Errorf("it is measured as %s %s", n, window)
	}
}

func TestALevelByElementsFollowsWhatComesBack(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Earn.Pending = calendar.Wait{}
		p.Tiers = loyalty.Tiers{
			Levels: []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: 4, Multiply: big.NewRat(2, 1)}},
			By:     loyalty.ByQualifyingItems, AtLeast: map[loyalty.Currency]int64{"EUR": 500}, Months: 12,
			KeepFor: calendar.Period{Months: 12},
		}
	})
	s := newShop(t, p)
	visit := func(id string, at time.Time, amounts ...int64) loyalty.Order {
		t.Helper()
		var lines []loyalty.Line
		for _, n := range amounts {
			lines = append(lines, loyalty.Line{Amount: n})
		}
		o := bought("EUR", lines...)
		o.ID, o.PlacedAt = id, at
		s.submit(o, at)
		return o
	}
	counts := func(at time.Time, want int64) {
		t.Helper()
		if got := tier.Of(p).Measured(s.acc, loyalty.ByQualifyingItems, at); got != want {
			t.Errorf("at %s there are %d elements, want %d", at, got, want)
		}
	}
	one := visit("1", noon, 500, 499, 800)
	counts(noon, 2)
	visit("2", noon, 600, 600)
	counts(noon, 4)
	s.wantLevel(t, noon.Format(time.RFC3339), "silver")
	one.Refunds = []loyalty.Refund{
		back("1", 1, loyalty.RefundLine{ID: "1", Quantity: 0, Amount: 1}),
	} // 4.99 are left of the first
	s.submit(one, noon)
	counts(noon, 3)
	s.wantLevel(t, noon.Format(time.RFC3339), "bronze")
	if next, missing, ok := tier.Of(p).Progress(s.acc, noon); !ok || missing.Missing() != 1 {
		t.Errorf("next is %s, missing %+v", next.ID, missing)
	}
	year := noon.AddDate(1, 0, 0)
	s.wantLevel(t, year.Format(time.RFC3339), "bronze")
	for i := range 4 {
		visit(fmt.Sprint("j", i), year, 600)
	}
	s.wantLevel(t, year.Format(time.RFC3339), "silver")
	yen := bought("JPY", loyalty.Line{Amount: 90_000})
	yen.ID, yen.PlacedAt = "yen", year
	s.submit(yen, year)
	counts(year, 4)
	for i := range 2 {
		o := s.states[fmt.Sprint("j", i)].Order
		o.Status = loyalty.OrderCanceled
		s.submit(o, year)
	}
	counts(year, 2)
	s.wantLevel(t, year.AddDate(1, 0, 0).Format(time.RFC3339), "bronze")
}
