package loyalty

import (
	"errors"
	"math/big"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// A Strategy defines how a rule gives points for the part of an order that it matched. The kinds are PerAmount,
// PerUnit, PerVisit, Fixed, Steps and Multiply.
type Strategy interface {
	// Compile prepares the strategy, and rejects values that no program may have.
	Compile() (giver, error)
}

// PerAmount gives points per amount of money, by currency.
type PerAmount struct{ Rates map[Currency]Rate }

// PerUnit gives points for each unit.
type PerUnit struct{ Points *big.Rat }

// PerVisit gives points for an order, but at most once per day and member.
type PerVisit struct{ Points Points }

// Fixed gives points for an order.
type Fixed struct{ Points Points }

// Steps gives the points of the highest band whose From the amount reaches.
type Steps struct{ Bands map[Currency][]Band } // the bands of each currency, ascending by From and by Points

// A Band starts at an amount in minor units.
type Band struct {
	From   int64
	Points Points
}

// Multiply multiplies the points of the matched part after rate, category and level. With several multipliers, their
// additional points add up: x 2 and x 3 together are x 4.
type Multiply struct{ By *big.Rat }

// Matched is the part of an order to which a rule applies.
type Matched struct {
	Currency Currency
	Amount   exact.Number // the eligible amount, in minor units
	Value    exact.Number // the points after rate, category and level
	Units    int64        // the number of whole units that were not refunded
}

// giver is a compiled Strategy. It contains values that every decision would otherwise compute again.
type giver interface {
	// Gives returns the exact points for the part of an order that a rule matched.
	Gives(m *Matched) exact.Number

	// Reason returns the reason for these points: its kind and its arguments.
	Reason(m *Matched) (ReasonKind, []string)
}

var errNegative = errors.New("must not give negative points")

func (s PerAmount) Compile() (giver, error) {
	g := compiledPerAmount{}
	for c, r := range s.Rates {
		if _, ok := c.Exponent(); !ok || r.Per <= 0 || r.Points == nil || r.Points.Sign() < 0 {
			return nil, errors.New("its rate for " + strconv.Quote(string(c)) + " must not be negative")
		}
		g[c] = r.Compile(c)
	}
	return g, nil
}

type compiledPerAmount map[Currency]CompiledRate

func (g compiledPerAmount) Gives(m *Matched) exact.Number {
	r, ok := g[m.Currency]
	if !ok {
		return exact.Whole(0)
	}
	return r.Gives(m.Amount)
}

func (g compiledPerAmount) Reason(m *Matched) (ReasonKind, []string) {
	return IsRated, []string{AmountText(m.Amount, m.Currency), g[m.Currency].Text}
}

func (s PerUnit) Compile() (giver, error) {
	if s.Points == nil || s.Points.Sign() < 0 {
		return nil, errNegative
	}
	return compiledPerUnit(exact.Of(s.Points)), nil
}

type compiledPerUnit exact.Number

func (g compiledPerUnit) Gives(m *Matched) exact.Number {
	return exact.Number(g).Mul(exact.Whole(m.Units))
}

func (g compiledPerUnit) Reason(m *Matched) (ReasonKind, []string) {
	return IsUnits, []string{strconv.FormatInt(m.Units, 10), exact.Number(g).String()}
}

func (s PerVisit) Compile() (giver, error) { return Fixed(s).Compile() }

func (s Fixed) Compile() (giver, error) {
	if s.Points < 0 || s.Points > MaxPoints {
		return nil, errors.New("its points are not between 0 and " + FormatPoints(MaxPoints))
	}
	return compiledFixed(s.Points), nil
}

type compiledFixed Points

func (g compiledFixed) Gives(*Matched) exact.Number { return exact.Whole(int64(g)) }

func (g compiledFixed) Reason(*Matched) (ReasonKind, []string) {
	return IsFixed, []string{FormatPoints(Points(g))}
}

func (s Steps) Compile() (giver, error) {
	for c, bands := range s.Bands {
		if _, ok := c.Exponent(); !ok || len(bands) == 0 {
			return nil, errors.New("its bands for " + strconv.Quote(string(c)) + " must not be empty")
		}
		for i, b := range bands {
			if b.From < 0 || b.Points < 0 || b.Points > MaxPoints ||
				i > 0 && (b.From <= bands[i-1].From || b.Points < bands[i-1].Points) {
				return nil, errors.New("its bands must be in ascending order")
			}
		}
	}
	return compiledSteps(s.Bands), nil
}

type compiledSteps map[Currency][]Band

// reached returns the highest band that the amount reaches, or the zero Band if there is none.
func (g compiledSteps) reached(m *Matched) (reached Band) {
	for _, b := range g[m.Currency] {
		if m.Amount.Sub(exact.Whole(b.From)).Sign() < 0 {
			break
		}
		reached = b
	}
	return reached
}

func (g compiledSteps) Gives(m *Matched) exact.Number { return exact.Whole(int64(g.reached(m).Points)) }

func (g compiledSteps) Reason(m *Matched) (ReasonKind, []string) {
	b := g.reached(m)
	return IsStep, []string{
		AmountText(m.Amount, m.Currency), Money{b.From, m.Currency}.String(), FormatPoints(b.Points),
	}
}

func (s Multiply) Compile() (giver, error) {
	if s.By == nil || s.By.Sign() < 0 {
		return nil, errNegative
	}
	return NewMultiplier("", s.By), nil
}

// A Multiplier multiplies the points of a category, a level or a rule.
type Multiplier struct {
	Rule string
	By   exact.Number
	Less exact.Number // By - 1: the additional points per point
	Text string
	When Condition
}

// NewMultiplier returns the multiplier r of a rule.
func NewMultiplier(rule string, r *big.Rat) Multiplier {
	by := exact.Of(r)
	return Multiplier{Rule: rule, By: by, Less: by.Sub(exact.Whole(1)), Text: by.String()}
}

func (m Multiplier) Gives(x *Matched) exact.Number { return x.Value.Mul(m.Less) }

func (m Multiplier) Reason(x *Matched) (ReasonKind, []string) {
	return IsTimes, []string{x.Value.String(), m.Text}
}

// A Rate is "points per amount": 1 per 1.10 EUR is {1, 110}.
type Rate struct {
	Points *big.Rat
	Per    int64 // the amount in minor units of the currency, above zero
	Full   bool  // whether only full steps of Per count: 5 per full 2.50 gives 5 for 4.99
}

// PerPoint returns the amount of money for which the rate gives one point, in minor units.
func (r Rate) PerPoint() exact.Number {
	return exact.Of(new(big.Rat).Quo(new(big.Rat).SetInt64(r.Per), r.Points))
}

func (r Rate) Compile(c Currency) CompiledRate {
	out := CompiledRate{
		points:   exact.Of(r.Points),
		PerMinor: exact.Of(new(big.Rat).Quo(r.Points, new(big.Rat).SetInt64(r.Per))),
	}
	per := " per "
	if r.Full {
		out.Step, per = r.Per, " per full "
	}
	out.Text = out.points.String() + per + Money{r.Per, c}.Decimal()
	return out
}

// A CompiledRate is a rate in the form that decisions use.
type CompiledRate struct {
	points   exact.Number // the points per step
	Step     int64        // the size of a step in minor units if only full steps earn; zero otherwise
	PerMinor exact.Number // the points per minor unit
	Text     string       // the rate as text, such as "1 per 1.00" or "5 per full 2.50"
}

// Gives returns the points for an amount in minor units.
func (r CompiledRate) Gives(amount exact.Number) exact.Number {
	if r.Step == 0 {
		return amount.Mul(r.PerMinor)
	}
	steps, _ := amount.Quo(exact.Whole(r.Step)).Floor()
	return exact.Whole(steps).Mul(r.points)
}
