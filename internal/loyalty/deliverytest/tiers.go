package deliverytest

import (
	"pgregory.net/rapid"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

var (
	measures = []loyalty.Measure{
		loyalty.ByPointsEarned, loyalty.ByOrders, loyalty.BySpend, loyalty.ByQualifyingItems, loyalty.ByVisits,
		loyalty.ByBrands,
	}
	thresholds = map[loyalty.Measure][]int64{
		loyalty.ByPointsEarned: {100, 300, 900}, loyalty.ByOrders: {2, 4, 8}, loyalty.BySpend: {100_00, 300_00, 900_00},
		loyalty.ByQualifyingItems: {2, 4, 8}, loyalty.ByVisits: {1, 3, 6}, loyalty.ByBrands: {1, 2, 2},
	}
)

// randomTiers draws tiers with all measures, windows and ways of keeping levels.
func randomTiers(t *rapid.T, life Life) loyalty.Tiers {
	l := loyalty.Tiers{
		Currency: currency, AtLeast: map[loyalty.Currency]int64{currency: 25_00}, Visit: "visit.completed",
		Brands: []string{"east", "west"},
		Levels: []loyalty.Level{{ID: "bronze"}, {ID: "silver"}, {ID: "gold"}, {ID: "black"}},
		SkippedLevels: rapid.SampledFrom(
			[]loyalty.SkippedLevels{loyalty.HighestOnly, loyalty.EachLevel},
		).Draw(t, "skipped levels"),
		RepeatEntryBonus: rapid.Bool().Draw(t, "repeat bonus"),
		MoveDown: rapid.SampledFrom([]loyalty.MoveDown{
			loyalty.OneStep, loyalty.ToQualified, loyalty.ToQualified, loyalty.StayUp,
		}).Draw(t, "move down"),
		Grace: rapid.SampledFrom([]calendar.Period{{}, {Days: 30}, {Months: 5}}).Draw(t, "grace"),
	}
	if life.bonuses() {
		l.Levels[1].EntryBonus, l.Levels[2].EntryBonus = 25, 50
	}
	qualifyBy(t, &l)
	cyclic := randomWindow(t, &l)
	keepBy(t, &l, cyclic)
	if cyclic && rapid.Bool().Draw(t, "next period") {
		l.MoveUp = loyalty.NextPeriod
	}
	if rapid.Bool().Draw(t, "minimums") {
		l.Minimums = []loyalty.Minimum{{Level: "silver", Segment: "card"}, {Level: "gold", Segment: "vip"}}
	}
	return l
}

func qualifyBy(t *rapid.T, l *loyalty.Tiers) {
	some := rapid.SampledFrom(measures)
	switch rapid.IntRange(0, 2).Draw(t, "ways") {
	case 0:
		l.By = rapid.SampledFrom(measures[:5]).Draw(t, "by")
		for i, n := range thresholds[l.By] {
			l.Levels[i+1].From = n
		}
		return
	case 1:
		l.Ways = [][]loyalty.Measure{{some.Draw(t, "one")}, {some.Draw(t, "or")}}
	case 2:
		l.Ways = [][]loyalty.Measure{{some.Draw(t, "one"), loyalty.BySpend}, {some.Draw(t, "or")}}
	}
	l.Levels[3].Needs = []loyalty.Need{{By: loyalty.BySpend, From: 900_00}}
	for i := range 3 {
		l.Levels[i+1].Needs = nil
		for _, by := range measures {
			l.Levels[i+1].Needs = append(l.Levels[i+1].Needs, loyalty.Need{By: by, From: thresholds[by][i]})
		}
	}
}

// randomWindow draws the window in which members qualify for levels, and reports whether it has periods.
func randomWindow(t *rapid.T, l *loyalty.Tiers) (cyclic bool) {
	switch rapid.IntRange(0, 5).Draw(t, "window") {
	case 0:
		l.Months = rapid.SampledFrom([]int{0, 1, 3, 12}).Draw(t, "months")
		return false
	case 1:
		l.Calendar = true
	case 2:
		l.Window = loyalty.Window{
			Kind: loyalty.CycleWindow, Months: rapid.SampledFrom([]int{1, 3, 6, 12}).Draw(t, "every"),
			From: rapid.SampledFrom([]calendar.Day{101, 201, 229, 630, 1231}).Draw(t, "from"),
		}
	case 3:
		l.Window = loyalty.Window{Kind: loyalty.JoinWindow, Months: 12}
	case 4:
		l.Window = loyalty.Window{Kind: loyalty.OwnWindow, Months: 6}
	case 5:
		l.Window = loyalty.Window{Kind: loyalty.LevelWindow}
		return false
	}
	return true
}

func keepBy(t *rapid.T, l *loyalty.Tiers, cyclic bool) {
	switch rapid.IntRange(0, 2).Draw(t, "keep") {
	case 0:
		l.KeepFor = rapid.SampledFrom([]calendar.Period{{Months: 2}, {Months: 12}, {Days: 45}, {}}).Draw(t, "for")
	case 1:
		l.KeepYear = rapid.IntRange(1, 2).Draw(t, "years")
	case 2:
		if l.KeepPeriods = rapid.IntRange(1, 2).Draw(t, "periods"); !cyclic {
			l.KeepPeriods, l.KeepFor = 0, calendar.Period{Months: 3}
		}
	}
	if l.KeepFor.IsZero() {
		l.ExtendedBy = rapid.SampledFrom([]calendar.Period{{}, {Days: 31}, {Months: 2}}).Draw(t, "extended by")
	}
}
