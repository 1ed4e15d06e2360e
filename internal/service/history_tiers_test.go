package service_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// historyTierGroups gives half of the programs tiers with periods of every kind or with several measures, and with
// minimums and entry bonuses.
func historyTierGroups(t *loyalty.Tiers, rng *rand.Rand) {
	if rng.IntN(2) == 0 {
		return
	}
	t.Visit, t.Brands = "visit.completed", []string{"east", "west"}
	t.Levels[1].EntryBonus, t.Levels[2].EntryBonus = 11, 23
	t.SkippedLevels, t.RepeatEntryBonus = pick(rng, loyalty.HighestOnly, loyalty.EachLevel), rng.IntN(2) == 0
	t.Minimums = []loyalty.Minimum{{Level: "silver", Segment: "vip"}}
	if rng.IntN(2) == 0 {
		t.Currency = "EUR"
		t.Ways = [][]loyalty.Measure{{loyalty.ByVisits, loyalty.ByBrands}, {loyalty.BySpend}}
		t.Levels[1].From, t.Levels[2].From = 0, 0
		t.Levels[1].Needs = []loyalty.Need{
			{By: loyalty.ByVisits, From: 2}, {By: loyalty.ByBrands, From: 2}, {By: loyalty.BySpend, From: 20_000},
		}
		t.Levels[2].Needs = []loyalty.Need{{By: loyalty.BySpend, From: 100_000}}
	}
	t.Calendar, t.Months, t.KeepYear, t.KeepFor = false, 0, 0, calendar.Period{}
	if rng.IntN(4) == 0 {
		t.Window, t.KeepFor = loyalty.Window{Kind: loyalty.LevelWindow}, calendar.Period{Days: 40}
		return
	}
	t.Window = pick(rng,
		loyalty.Window{Kind: loyalty.CycleWindow, Months: 1, From: 101},
		loyalty.Window{Kind: loyalty.CycleWindow, Months: 1, From: 117},
		loyalty.Window{Kind: loyalty.JoinWindow, Months: 3}, loyalty.Window{Kind: loyalty.OwnWindow, Months: 2},
	)
	t.KeepPeriods, t.MoveUp = 1+rng.IntN(2), pick(rng, loyalty.AtOnce, loyalty.NextPeriod)
	t.ExtendedBy = pick(rng, calendar.Period{}, calendar.Period{Days: 9})
	t.MoveDown = pick(rng, loyalty.OneStep, loyalty.ToQualified, loyalty.StayUp)
}

// place sets a member's level.
func (h *history) place(m loyalty.MemberID) string {
	in := service.TierChange{ID: h.key("tier_"), Member: m, Placement: tier.Placement{
		Level: pick(h.rng, "bronze", "silver", "gold"), Reason: "history",
	}}
	switch h.rng.IntN(4) {
	case 0:
		in.Permanent = true
	case 1:
		in.Until, in.Locked = h.Now().AddDate(0, 0, 1+
			h.rng.IntN(60)).UTC().Truncate(time.Millisecond), h.rng.IntN(2) == 0
	}
	err := h.until(fmt.Sprintf("place %+v", in), func(l *ledger.Ledger) error {
		_, err := service.Adjustments{Ledger: l}.SetTier(h.t.Context(), h.P, in, by(in.ID))
		return err
	})
	h.refused(err, loyalty.ValidationFailed)
	return "placed"
}
