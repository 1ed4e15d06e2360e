package loyalty

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestPointsThatArriveTogetherPayTheDebt checks that points of several lots that arrive in one entry pay all of the debt
// that they can, and that those that expire first pay it, in whatever order the lots arrive.
func TestPointsThatArriveTogetherPayTheDebt(t *testing.T) {
	p := &Program{Zone: time.UTC}
	rapid.Check(t, func(t *rapid.T) {
		acc := Account{Purse: Purse{Debt: Points(rapid.IntRange(0, 12).Draw(t, "debt"))}}
		d := p.decide(acc, time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC))
		lots, total := map[Date]Points{}, Points(0)
		var out []Posting
		for range rapid.IntRange(1, 4).Draw(t, "lots") {
			n, day := Points(rapid.IntRange(1, 5).Draw(t, "points")), Date(20260200+rapid.IntRange(1, 3).Draw(t, "day"))
			out = d.arrive(out, "", n, day, d.now)
			lots[day] += n
			total += n
		}
		paid, active := map[Date]Points{}, map[Date]Points{}
		for _, x := range out {
			switch x.Bucket {
			case BucketDebt:
				paid[x.Lot] += x.Points
			case BucketActive:
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
