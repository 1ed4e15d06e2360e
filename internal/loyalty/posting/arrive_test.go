package posting

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"pgregory.net/rapid"
)

// TestPointsThatArriveTogetherPayTheDebt checks that points of several lots that arrive in one entry pay all of the
// debt that they can, and that those that expire first pay it, in whatever order the lots arrive.
func TestPointsThatArriveTogetherPayTheDebt(t *testing.T) {
	p := &loyalty.Program{Zone: time.UTC}
	rapid.Check(t, func(t *rapid.T) {
		acc := loyalty.Account{Purse: loyalty.Purse{Debt: loyalty.Points(rapid.IntRange(0, 12).Draw(t, "debt"))}}
		d := Decide(p, acc, time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC))
		lots, total := map[calendar.Date]loyalty.Points{}, loyalty.Points(0)
		var out []loyalty.Posting
		for range rapid.IntRange(1, 4).Draw(t, "lots") {
			n, day := loyalty.Points(rapid.IntRange(1, 5).Draw(t, "points")), calendar.Date(
				20260200+rapid.IntRange(1, 3).Draw(t, "day"),
			)
			out = d.Arrive(out, "", n, day, d.Now)
			lots[day] += n
			total += n
		}
		paid, active := map[calendar.Date]loyalty.Points{}, map[calendar.Date]loyalty.Points{}
		for _, x := range out {
			switch x.Bucket {
			case loyalty.BucketDebt:
				paid[x.Lot] += x.Points
			case loyalty.BucketActive:
				active[x.Lot] += x.Points
			default:
				t.Fatalf("posting %+v", x)
			}
		}
		owed := min(acc.Debt, total)
		for _, day := range slices.Sorted(maps.Keys(lots)) {
			want := min(owed, lots[day])
			owed -= want
			if paid[day] != want || active[day] != lots[day]-want {
				t.Fatalf("of %v with a debt of %d, %v paid and %v are active", lots, acc.Debt, paid, active)
			}
		}
	})
}
