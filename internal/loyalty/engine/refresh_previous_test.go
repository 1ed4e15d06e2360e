package engine

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// If levels last until the end of the next year, new requirements also apply to what counted in the previous year.
func TestRefreshCountsThePreviousYear(t *testing.T) {
	const takesOver = "2027-06-01T00:00:00Z"
	was := byYear(t, 2, func(*loyalty.Program) {})
	p := byYear(t, 2, func(p *loyalty.Program) {
		p.Tiers.Levels[1].From = 300_00
		p.Tiers.Refresh = loyalty.Refresh{At: instantOf(takesOver), Mode: loyalty.UpgradeOnly}
	})
	s := member2026(t, was)
	s.buy("1", 400, instant(t, "2026-02-01T12:00:00Z"))
	s.p, s.versions = p, []tier.Live{{Program: was, Until: instant(t, takesOver)}}
	s.wantLevel(t, "2027-07-01T12:00:00Z", "silver")
}
