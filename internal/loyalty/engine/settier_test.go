package engine

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// The months that were merged before a level was set manually are needed afterwards: a level that was reached in one of
// them may last longer than the manual level.
func TestManualLevelKeepsTheLevelThatWasReachedBefore(t *testing.T) {
	for _, order := range []string{"2026-02-12T12:00:00Z", "2026-03-01T12:00:00Z"} {
		t.Run(order, func(t *testing.T) {
			p := made(t, func(p *loyalty.Program) {
				p.Earn.Pending = calendar.Wait{}
				p.Tiers = loyalty.Tiers{
					Levels: []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: 100}, {ID: "gold", From: 300}},
					By:     loyalty.ByPointsEarned, Months: 1, KeepFor: calendar.Period{Months: 12},
				}
			})
			s := member2026(t, p)
			s.buy("first", 500, instant(t, "2026-02-12T12:00:00Z"))
			s.buy("second", 1, instant(t, order))
			at := instant(t, "2026-03-02T12:00:00Z")
			s.pass(at)
			out, err := tier.SetTier(
				Begin(p, s.acc, at), "t",
				tier.Placement{Level: "gold", Reason: "a match", Until: instant(t, "2026-06-01T12:00:00Z")},
			)
			if err != nil {
				t.Fatal(err)
			}
			s.took(out)
			s.pass(instant(t, "2026-06-02T12:00:00Z"))
			if got := s.acc.Tier; got.Level != "gold" || calendar.DateOf(got.Until, p.Zone) != 20270228 {
				t.Errorf("after the manual level, the level is %s until %s", got.Level, got.Until)
			}
		})
	}
}
