package snapshot

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

type (
	tiersDoc struct {
		Levels   []levelDoc                 `json:"levels,omitzero"`
		By       measure                    `json:"by,omitzero"`
		Currency loyalty.Currency           `json:"currency,omitzero"`
		AtLeast  map[loyalty.Currency]int64 `json:"at_least,omitzero"` // amounts in minor units, by currency
		Months   int                        `json:"months,omitzero"`
		Calendar bool                       `json:"calendar,omitzero"`
		KeepFor  periodDoc                  `json:"keep_for,omitzero"`
		KeepYear int                        `json:"keep_year,omitzero"`
		Grace    periodDoc                  `json:"grace,omitzero"`
		MoveDown moveDown                   `json:"move_down,omitzero"`

		Ways             [][]measure       `json:"ways,omitzero"`
		Visit            string            `json:"visit,omitzero"`
		Brands           []string          `json:"brands,omitzero"`
		Window           windowDoc         `json:"window,omitzero"`
		MoveUp           moveUp            `json:"move_up,omitzero"`
		KeepPeriods      int               `json:"keep_periods,omitzero"`
		ExtendedBy       periodDoc         `json:"extended_by,omitzero"`
		Minimums         []minimumDoc      `json:"minimums,omitzero"`
		SkippedLevels    welcome           `json:"skipped_levels,omitzero"`
		RepeatEntryBonus bool              `json:"repeat_entry_bonus,omitzero"`
		Keep             bool              `json:"keep_on_refund,omitzero"`
		Refresh          refreshDoc        `json:"refresh,omitzero"`
		MaxDowngrades    ratio             `json:"max_downgrades,omitzero"`
		Replaced         map[string]string `json:"gone,omitzero"`
	}

	tierGroupDoc struct {
		ID    string       `json:"id"`
		Name  loyalty.Text `json:"name,omitzero"`
		Tiers tiersDoc     `json:"tiers"`
	}

	windowDoc struct {
		Kind   loyalty.WindowKind `json:"kind,omitzero"`
		Months int                `json:"months,omitzero"`
		From   calendar.Day       `json:"from,omitzero"` // stored in the form MMDD
	}

	refreshDoc struct {
		At   time.Time           `json:"at,omitzero"`
		Mode loyalty.RefreshMode `json:"mode,omitzero"`
	}

	minimumDoc struct {
		Level   string `json:"level"`
		Segment string `json:"segment"`
	}

	needDoc struct {
		By   measure `json:"by"`
		From int64   `json:"from"`
	}

	levelDoc struct {
		ID       string       `json:"id"`
		Name     loyalty.Text `json:"name,omitzero"`
		From     int64        `json:"from,omitzero"`
		Multiply ratio        `json:"multiply,omitzero"`
		Perks    []string     `json:"perks,omitzero"`
		// Expires is nil if the level has no expiry of its own. An empty document means that points never expire.
		Expires *expiryDoc `json:"expires,omitzero"`

		Needs      []needDoc      `json:"needs,omitzero"`
		EntryBonus loyalty.Points `json:"entry_bonus,omitzero"`
	}
)

func ladderOf(l loyalty.TierGroup) tierGroupDoc { return tierGroupDoc{l.ID, l.Name, tiersOf(l.Tiers)} }

func (d tierGroupDoc) tierGroup() loyalty.TierGroup {
	return loyalty.TierGroup{ID: d.ID, Name: d.Name, Tiers: d.Tiers.tiers()}
}

func tiersOf(t loyalty.Tiers) tiersDoc {
	return tiersDoc{
		Levels: each(t.Levels, func(l loyalty.Level) levelDoc {
			return levelDoc{
				l.ID, l.Name, l.From,
				ratio{l.Multiply},
				l.Perks, maybe(l.Expires, expiryOf),
				each(l.Needs, func(n loyalty.Need) needDoc { return needDoc{measure(n.By), n.From} }), l.EntryBonus,
			}
		}),
		By: measure(t.By), Currency: t.Currency, AtLeast: t.AtLeast, Months: t.Months, Calendar: t.Calendar,
		KeepFor: periodDoc(t.KeepFor), KeepYear: t.KeepYear, Grace: periodDoc(t.Grace), MoveDown: moveDown(t.MoveDown),
		Ways: each(t.Ways, func(way []loyalty.Measure) []measure {
			return each(way, func(m loyalty.Measure) measure { return measure(m) })
		}),
		Visit: t.Visit, Brands: t.Brands, Window: windowDoc(t.Window), MoveUp: moveUp(t.MoveUp),
		KeepPeriods:   t.KeepPeriods,
		ExtendedBy:    periodDoc(t.ExtendedBy),
		Minimums:      each(t.Minimums, func(f loyalty.Minimum) minimumDoc { return minimumDoc(f) }),
		SkippedLevels: welcome(t.SkippedLevels), RepeatEntryBonus: t.RepeatEntryBonus, Keep: t.KeepOnRefund,
		Refresh: refreshDoc(t.Refresh), MaxDowngrades: ratio{t.MaxDowngrades}, Replaced: t.Replaced,
	}
}

func (d tiersDoc) tiers() loyalty.Tiers {
	return loyalty.Tiers{
		Levels: each(d.Levels, func(l levelDoc) loyalty.Level {
			return loyalty.Level{
				ID: l.ID, Name: l.Name, From: l.From, Multiply: l.Multiply.number, Perks: l.Perks,
				Expires: maybe(l.Expires, expiryDoc.expiry), EntryBonus: l.EntryBonus,
				Needs: each(
					l.Needs,
					func(n needDoc) loyalty.Need { return loyalty.Need{By: loyalty.Measure(n.By), From: n.From} },
				),
			}
		}),
		By: loyalty.Measure(d.By), Currency: d.Currency, AtLeast: d.AtLeast, Months: d.Months, Calendar: d.Calendar,
		KeepFor: calendar.Period(d.KeepFor), KeepYear: d.KeepYear, Grace: calendar.Period(d.Grace),
		MoveDown: loyalty.MoveDown(d.MoveDown),
		Ways: each(d.Ways, func(way []measure) []loyalty.Measure {
			return each(way, func(m measure) loyalty.Measure { return loyalty.Measure(m) })
		}),
		Visit: d.Visit, Brands: d.Brands, Window: loyalty.Window(d.Window), MoveUp: loyalty.MoveUp(d.MoveUp),
		KeepPeriods: d.KeepPeriods, ExtendedBy: calendar.Period(d.ExtendedBy),
		Minimums:      each(d.Minimums, func(f minimumDoc) loyalty.Minimum { return loyalty.Minimum(f) }),
		SkippedLevels: loyalty.SkippedLevels(d.SkippedLevels), RepeatEntryBonus: d.RepeatEntryBonus,
		KeepOnRefund: d.Keep,
		Refresh:      loyalty.Refresh(d.Refresh), MaxDowngrades: d.MaxDowngrades.number, Replaced: d.Replaced,
	}
}
