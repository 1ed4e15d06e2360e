package snapshot

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// The stored form, field by field that of loyalty.Program. What is zero is left out. Fields are added here and
// never renamed, retyped or given another meaning.
type (
	programDoc struct {
		ID       string       `json:"id"`
		Version  int          `json:"version,omitzero"`
		Zone     string       `json:"zone"` // by its name in the IANA database
		Name     loyalty.Text `json:"name,omitzero"`
		Unit     unitDoc      `json:"unit,omitzero"`
		Earn     earnDoc      `json:"earn,omitzero"`
		Tiers    tiersDoc     `json:"tiers,omitzero"`
		Rewards  []rewardDoc  `json:"rewards,omitzero"`
		TakeBack takeBack     `json:"take_back,omitzero"`
		Hold     duration     `json:"hold,omitzero"`
	}

	unitDoc struct {
		One   loyalty.Text `json:"one,omitzero"`
		Other loyalty.Text `json:"other,omitzero"`
	}

	earnDoc struct {
		Rates      map[loyalty.Currency]rateDoc `json:"rates,omitzero"`
		Counts     countsDoc                    `json:"counts,omitzero"`
		Rounding   rounding                     `json:"rounding,omitzero"`
		Pending    periodDoc                    `json:"pending,omitzero"`
		Expires    expiryDoc                    `json:"expires,omitzero"`
		Categories []categoryDoc                `json:"categories,omitzero"`
		Caps       []capDoc                     `json:"caps,omitzero"`
	}

	rateDoc struct {
		Points ratio `json:"points,omitzero"`
		Per    int64 `json:"per"` // minor units
	}

	countsDoc struct {
		Items    bool `json:"items,omitzero"`
		Shipping bool `json:"shipping,omitzero"`
		Tax      bool `json:"tax,omitzero"`
	}

	periodDoc struct {
		Months  int `json:"months,omitzero"`
		Days    int `json:"days,omitzero"`
		Hours   int `json:"hours,omitzero"`
		Minutes int `json:"minutes,omitzero"`
	}

	expiryDoc struct {
		After   periodDoc `json:"after,omitzero"`
		RoundTo roundTo   `json:"round_to,omitzero"`
	}

	categoryDoc struct {
		ID       string `json:"id"`
		Category string `json:"category"`
		Multiply ratio  `json:"multiply,omitzero"`
	}

	capDoc struct {
		Points loyalty.Points    `json:"points"`
		Per    loyalty.CapPeriod `json:"per"`
	}

	tiersDoc struct {
		Levels   []levelDoc `json:"levels,omitzero"`
		By       measure    `json:"by,omitzero"`
		Months   int        `json:"months,omitzero"`
		KeepFor  periodDoc  `json:"keep_for,omitzero"`
		Grace    periodDoc  `json:"grace,omitzero"`
		MoveDown moveDown   `json:"move_down,omitzero"`
	}

	levelDoc struct {
		ID       string       `json:"id"`
		Name     loyalty.Text `json:"name,omitzero"`
		From     int64        `json:"from,omitzero"`
		Multiply ratio        `json:"multiply,omitzero"`
		Perks    []string     `json:"perks,omitzero"`
	}

	rewardDoc struct {
		ID      string         `json:"id"`
		Type    string         `json:"type"`
		Name    loyalty.Text   `json:"name,omitzero"`
		Cost    loyalty.Points `json:"cost,omitzero"`
		Value   moneyDoc       `json:"value,omitzero"`
		Percent ratio          `json:"percent,omitzero"`
		SKU     string         `json:"sku,omitzero"`
	}

	moneyDoc struct {
		Amount   int64            `json:"amount"` // minor units
		Currency loyalty.Currency `json:"currency"`
	}
)

// each is f of every element; nil stays nil.
func each[A, B any](in []A, f func(A) B) []B {
	if in == nil {
		return nil
	}
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}

// rates is f of every rate; nil stays nil.
func rates[A, B any](in map[loyalty.Currency]A, f func(A) B) map[loyalty.Currency]B {
	if in == nil {
		return nil
	}
	out := make(map[loyalty.Currency]B, len(in))
	for c, a := range in {
		out[c] = f(a)
	}
	return out
}

func programOf(p *loyalty.Program) programDoc {
	return programDoc{
		ID: p.ID, Version: p.Version, Zone: p.Zone.String(), Name: p.Name,
		Unit: unitDoc(p.Unit), Earn: earnOf(p.Earn), Tiers: tiersOf(p.Tiers), Rewards: each(p.Rewards, rewardOf),
		TakeBack: takeBack(p.TakeBack), Hold: duration(p.Hold),
	}
}

func (d programDoc) program(zone *time.Location) *loyalty.Program {
	return &loyalty.Program{
		ID: d.ID, Version: d.Version, Zone: zone, Name: d.Name,
		Unit: loyalty.Units(d.Unit), Earn: d.Earn.earn(), Tiers: d.Tiers.tiers(), Rewards: each(d.Rewards, rewardDoc.reward),
		TakeBack: loyalty.TakeBack(d.TakeBack), Hold: time.Duration(d.Hold),
	}
}

func earnOf(e loyalty.Earn) earnDoc {
	return earnDoc{
		Rates:  rates(e.Rates, func(r loyalty.Rate) rateDoc { return rateDoc{ratio{r.Points}, r.Per} }),
		Counts: countsDoc(e.Counts), Rounding: rounding(e.Rounding), Pending: periodDoc(e.Pending.For),
		Expires: expiryDoc{periodDoc(e.Expires.After), roundTo(e.Expires.RoundTo)},
		Categories: each(e.Categories, func(c loyalty.CategoryRule) categoryDoc {
			return categoryDoc{c.ID, c.Category, ratio{c.Multiply}}
		}),
		Caps: each(e.Caps, func(c loyalty.Cap) capDoc { return capDoc{c.Points, c.Per} }),
	}
}

func (d earnDoc) earn() loyalty.Earn {
	return loyalty.Earn{
		Rates:  rates(d.Rates, func(r rateDoc) loyalty.Rate { return loyalty.Rate{Points: r.Points.number, Per: r.Per} }),
		Counts: loyalty.Counts(d.Counts), Rounding: loyalty.Rounding(d.Rounding), Pending: loyalty.Wait{For: loyalty.Period(d.Pending)},
		Expires: loyalty.Expiry{After: loyalty.Period(d.Expires.After), RoundTo: loyalty.RoundTo(d.Expires.RoundTo)},
		Categories: each(d.Categories, func(c categoryDoc) loyalty.CategoryRule {
			return loyalty.CategoryRule{ID: c.ID, Category: c.Category, Multiply: c.Multiply.number}
		}),
		Caps: each(d.Caps, func(c capDoc) loyalty.Cap { return loyalty.Cap{Points: c.Points, Per: c.Per} }),
	}
}

func tiersOf(t loyalty.Tiers) tiersDoc {
	return tiersDoc{
		Levels: each(t.Levels, func(l loyalty.Level) levelDoc {
			return levelDoc{l.ID, l.Name, l.From, ratio{l.Multiply}, l.Perks}
		}),
		By: measure(t.By), Months: t.Months, KeepFor: periodDoc(t.KeepFor), Grace: periodDoc(t.Grace),
		MoveDown: moveDown(t.MoveDown),
	}
}

func (d tiersDoc) tiers() loyalty.Tiers {
	return loyalty.Tiers{
		Levels: each(d.Levels, func(l levelDoc) loyalty.Level {
			return loyalty.Level{ID: l.ID, Name: l.Name, From: l.From, Multiply: l.Multiply.number, Perks: l.Perks}
		}),
		By: loyalty.Measure(d.By), Months: d.Months, KeepFor: loyalty.Period(d.KeepFor), Grace: loyalty.Period(d.Grace),
		MoveDown: loyalty.MoveDown(d.MoveDown),
	}
}

func rewardOf(r loyalty.Reward) rewardDoc {
	return rewardDoc{r.ID, r.Type, r.Name, r.Cost, moneyDoc(r.Value), ratio{r.Percent}, r.SKU}
}

func (d rewardDoc) reward() loyalty.Reward {
	return loyalty.Reward{
		ID: d.ID, Type: d.Type, Name: d.Name, Cost: d.Cost, Value: loyalty.Money(d.Value), Percent: d.Percent.number, SKU: d.SKU,
	}
}
