package engine

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A late order may suffice for a level only together with a later order, even in a month that has ended.
func TestALateOrderDecidesEachClosedMonthThatCountsIt(t *testing.T) {
	const reported = "2026-04-10T10:00:00Z"
	for _, c := range []struct {
		placed string
		want   string
	}{{"2026-01-31T12:00:00Z", "silver"}, {"2026-01-20T12:00:00Z", "silver"}} {
		p := bySpend(t, func(t *loyalty.Tiers) { t.Months, t.KeepFor = 3, calendar.Period{Months: 12} })
		s := member2026(t, p)
		s.buy("1", 300, instant(t, "2026-03-15T12:00:00Z"))
		o := bought("EUR", loyalty.Line{Amount: 300_00})
		o.ID, o.PlacedAt = "late", instant(t, c.placed)
		s.submit(o, instant(t, reported))
		s.wantLevel(t, reported, c.want)
		if day := calendar.DateOf(s.acc.Tier.Until, p.Zone).Month(); day != 202703 {
			t.Errorf("it is kept until %s", s.acc.Tier.Until)
		}
		o.Status = loyalty.OrderCanceled
		s.submit(o, instant(t, reported))
		s.wantLevel(t, reported, "bronze")
	}
}
