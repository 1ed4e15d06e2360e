package engine

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A level that was reached on the 31st ends on the 31st of each month that has one.
func TestALevelThatIsKeptByTheMonthEndsOnTheDayOnWhichItBegan(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) { t.KeepFor = calendar.Period{Months: 1} })
	s := member2026(t, p)
	s.buy("1", 500, instant(t, "2027-01-31T12:00:00Z"))
	for _, c := range []struct{ at, until string }{
		{"2027-01-31T12:00:00Z", "2027-02-28"},
		{"2027-02-28T12:00:00Z", "2027-03-31"},
		{"2027-05-02T12:00:00Z", "2027-05-31"},
		{"2028-02-20T12:00:00Z", "2028-02-29"},
		{"2028-03-01T12:00:00Z", "2028-03-31"},
	} {
		s.pass(instant(t, c.at))
		if got := calendar.DateOf(s.acc.Tier.Until, p.Zone).String(); got != c.until {
			t.Errorf("on %s it is kept until %s, want %s", c.at, got, c.until)
		}
	}
}
