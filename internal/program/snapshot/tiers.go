package snapshot

import "github.com/perennial-loyalty/perennial/internal/loyalty"

type (
	tiersDoc struct {
		Levels   []levelDoc                 `json:"levels,omitzero"`
		By       measure                    `json:"by,omitzero"`
		Currency loyalty.Currency           `json:"currency,omitzero"`
		AtLeast  map[loyalty.Currency]int64 `json:"at_least,omitzero"` // minor units
		Months   int                        `json:"months,omitzero"`
		Calendar bool                       `json:"calendar,omitzero"`
		KeepFor  periodDoc                  `json:"keep_for,omitzero"`
		KeepYear int                        `json:"keep_year,omitzero"`
		Grace    periodDoc                  `json:"grace,omitzero"`
		MoveDown moveDown                   `json:"move_down,omitzero"`
	}

	levelDoc struct {
		ID       string       `json:"id"`
		Name     loyalty.Text `json:"name,omitzero"`
		From     int64        `json:"from,omitzero"`
		Multiply ratio        `json:"multiply,omitzero"`
		Perks    []string     `json:"perks,omitzero"`
		Expires  *expiryDoc   `json:"expires,omitzero"` // an empty one is never
	}
)

func tiersOf(t loyalty.Tiers) tiersDoc {
	return tiersDoc{
		Levels: each(t.Levels, func(l loyalty.Level) levelDoc {
			return levelDoc{l.ID, l.Name, l.From, ratio{l.Multiply}, l.Perks, maybe(l.Expires, expiryOf)}
		}),
		By: measure(t.By), Currency: t.Currency, AtLeast: t.AtLeast, Months: t.Months, Calendar: t.Calendar,
		KeepFor: periodDoc(t.KeepFor), KeepYear: t.KeepYear, Grace: periodDoc(t.Grace), MoveDown: moveDown(t.MoveDown),
	}
}

func (d tiersDoc) tiers() loyalty.Tiers {
	return loyalty.Tiers{
		Levels: each(d.Levels, func(l levelDoc) loyalty.Level {
			return loyalty.Level{
				ID: l.ID, Name: l.Name, From: l.From, Multiply: l.Multiply.number, Perks: l.Perks,
				Expires: maybe(l.Expires, expiryDoc.expiry),
			}
		}),
		By: loyalty.Measure(d.By), Currency: d.Currency, AtLeast: d.AtLeast, Months: d.Months, Calendar: d.Calendar,
		KeepFor: loyalty.Period(d.KeepFor), KeepYear: d.KeepYear, Grace: loyalty.Period(d.Grace),
		MoveDown: loyalty.MoveDown(d.MoveDown),
	}
}
