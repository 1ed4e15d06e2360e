package loyalty

import (
	"errors"
	"math/big"
	"strconv"
)

// matched is the part of an order to which a rule applies.
type matched struct {
	currency Currency
	amount   exact // the eligible amount, in minor units
	value    exact // its points after rate, category and level
	units    int64 // whole units that were not refunded
}

// giver is a compiled Strategy: it computes once what every decision would otherwise compute again.
type giver interface {
	// gives returns the exact points for the part of an order that a rule matched.
	gives(m *matched) exact

	// because returns the reason for these points, in the strategy's terms.
	because(m *matched) (ReasonKind, []string)
}

var errNegative = errors.New("must not give negative points")

func (s PerAmount) compile() (giver, error) {
	g := perAmount{}
	for c, r := range s.Rates {
		if _, ok := c.Exponent(); !ok || r.Per <= 0 || r.Points == nil || r.Points.Sign() < 0 {
			return nil, errors.New("its rate for " + strconv.Quote(string(c)) + " must not be negative")
		}
		g[c] = r.compile(c)
	}
	return g, nil
}

type perAmount map[Currency]compiledRate

func (g perAmount) gives(m *matched) exact {
	r, ok := g[m.currency]
	if !ok {
		return whole(0)
	}
	return r.gives(m.amount)
}

func (g perAmount) because(m *matched) (ReasonKind, []string) {
	return IsRated, []string{amountText(m.amount, m.currency), g[m.currency].text}
}

func (s PerUnit) compile() (giver, error) {
	if s.Points == nil || s.Points.Sign() < 0 {
		return nil, errNegative
	}
	return perUnit(exactOf(s.Points)), nil
}

type perUnit exact

func (g perUnit) gives(m *matched) exact { return exact(g).mul(whole(m.units)) }

func (g perUnit) because(m *matched) (ReasonKind, []string) {
	return IsUnits, []string{strconv.FormatInt(m.units, 10), exact(g).String()}
}

func (s PerVisit) compile() (giver, error) { return Fixed(s).compile() }

func (s Fixed) compile() (giver, error) {
	if s.Points < 0 || s.Points > MaxPoints {
		return nil, errors.New("its points are not between 0 and " + points(MaxPoints))
	}
	return fixed(s.Points), nil
}

type fixed Points

func (g fixed) gives(*matched) exact { return whole(int64(g)) }

func (g fixed) because(*matched) (ReasonKind, []string) { return IsFixed, []string{points(Points(g))} }

func (s Steps) compile() (giver, error) {
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
	return steps(s.Bands), nil
}

type steps map[Currency][]Band

// reached returns the highest band that the amount reaches, or the zero Band if there is none.
func (g steps) reached(m *matched) (reached Band) {
	for _, b := range g[m.currency] {
		if m.amount.sub(whole(b.From)).sign() < 0 {
			break
		}
		reached = b
	}
	return reached
}

func (g steps) gives(m *matched) exact { return whole(int64(g.reached(m).Points)) }

func (g steps) because(m *matched) (ReasonKind, []string) {
	b := g.reached(m)
	return IsStep, []string{amountText(m.amount, m.currency), Money{b.From, m.currency}.String(), points(b.Points)}
}

func (s Multiply) compile() (giver, error) {
	if s.By == nil || s.By.Sign() < 0 {
		return nil, errNegative
	}
	return newMultiplier("", s.By), nil
}

func (m multiplier) gives(x *matched) exact { return x.value.mul(m.less) }

func (m multiplier) because(x *matched) (ReasonKind, []string) {
	return IsTimes, []string{x.value.String(), m.text}
}

// perPoint returns the amount of money for which the rate gives one point, in minor units.
func (r Rate) perPoint() exact {
	return exactOf(new(big.Rat).Quo(new(big.Rat).SetInt64(r.Per), r.Points))
}

func (r Rate) compile(c Currency) compiledRate {
	out := compiledRate{
		points:   exactOf(r.Points),
		perMinor: exactOf(new(big.Rat).Quo(r.Points, new(big.Rat).SetInt64(r.Per))),
	}
	per := " per "
	if r.Full {
		out.step, per = r.Per, " per full "
	}
	out.text = out.points.String() + per + Money{r.Per, c}.Decimal()
	return out
}
