package earn

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

func TestPeriodsOfCapsEndByTheCalendar(t *testing.T) {
	for _, c := range []struct {
		per  loyalty.CapPeriod
		day  calendar.Date
		ends calendar.Date
	}{
		{loyalty.PerDay, 20261201, 20261201},
		{loyalty.PerWeek, 20261201, 20261206}, // a Tuesday
		{loyalty.PerWeek, 20261206, 20261206}, // a Sunday
		{loyalty.PerWeek, 20261207, 20261213},
		{loyalty.PerWeek, 20261231, 20270103},
		{loyalty.PerMonth, 20280210, 20280229},
		{loyalty.PerYear, 20261201, 20261231},
	} {
		if got := PeriodEnd(c.per, c.day); got != c.ends {
			t.Errorf("the %s of %s ends on %s, want %s", c.per, c.day, got, c.ends)
		}
	}
}
