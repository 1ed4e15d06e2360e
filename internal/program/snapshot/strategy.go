package snapshot

import (
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A strategyDoc stores how a rule awards points. Exactly one of its fields is set.
type (
	strategyDoc struct {
		PerAmount map[loyalty.Currency]rateDoc   `json:"per_amount,omitzero"`
		PerUnit   ratio                          `json:"per_unit,omitzero"`
		PerVisit  *loyalty.Points                `json:"per_visit,omitzero"`
		Fixed     *loyalty.Points                `json:"fixed,omitzero"`
		Steps     map[loyalty.Currency][]bandDoc `json:"steps,omitzero"`
		Multiply  ratio                          `json:"multiply,omitzero"`
	}

	bandDoc struct {
		From   int64          `json:"from"` // amount in minor units
		Points loyalty.Points `json:"points"`
	}
)

// strategyOf returns the stored form of a strategy. It panics if the kind of the strategy is unknown, which is a bug in
// this package.
func strategyOf(s loyalty.Strategy) (d strategyDoc) {
	switch s := s.(type) {
	case loyalty.PerAmount:
		d.PerAmount = rates(s.Rates, rateOf)
	case loyalty.PerUnit:
		d.PerUnit = ratio{s.Points}
	case loyalty.PerVisit:
		d.PerVisit = &s.Points
	case loyalty.Fixed:
		d.Fixed = &s.Points
	case loyalty.Steps:
		d.Steps = rates(s.Bands, func(b []loyalty.Band) []bandDoc {
			return each(b, func(b loyalty.Band) bandDoc { return bandDoc(b) })
		})
	case loyalty.Multiply:
		d.Multiply = ratio{s.By}
	default:
		panic(fmt.Sprintf("snapshot: there is no form for %T", s))
	}
	return d
}

// strategy returns the strategy, or nil if no field is set. Compile rejects a rule without a strategy.
func (d strategyDoc) strategy() loyalty.Strategy {
	switch {
	case d.PerAmount != nil:
		return loyalty.PerAmount{Rates: rates(d.PerAmount, rateDoc.rate)}
	case d.PerUnit.number != nil:
		return loyalty.PerUnit{Points: d.PerUnit.number}
	case d.PerVisit != nil:
		return loyalty.PerVisit{Points: *d.PerVisit}
	case d.Fixed != nil:
		return loyalty.Fixed{Points: *d.Fixed}
	case d.Steps != nil:
		return loyalty.Steps{Bands: rates(d.Steps, func(b []bandDoc) []loyalty.Band {
			return each(b, func(b bandDoc) loyalty.Band { return loyalty.Band(b) })
		})}
	case d.Multiply.number != nil:
		return loyalty.Multiply{By: d.Multiply.number}
	}
	return nil
}
