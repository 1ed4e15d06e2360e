package loyalty

import (
	"errors"
	"math/big"
	"strconv"
)

// matched is the part of an order that a rule is about.
type matched struct {
	currency Currency
	amount   exact // eligible, in minor units
	value    exact // the points that it gives after rate, category and level
	units    int64 // whole pieces that are left
}

var errNegative = errors.New("gives less than nothing")

func (s PerAmount) gives(m *matched) (exact, Because) {
	r := s.Rates[m.currency]
	rate := exactOf(new(big.Rat).Quo(r.Points, new(big.Rat).SetInt64(r.Per)))
	return m.amount.mul(rate), Because{What: IsRated, Args: []string{amountText(m.amount, m.currency), r.text(m.currency)}}
}

func (s PerAmount) check() error {
	for c, r := range s.Rates {
		if _, ok := c.Exponent(); !ok || r.Per <= 0 || r.Points == nil || r.Points.Sign() < 0 {
			return errors.New("its rate of " + strconv.Quote(string(c)) + " is none")
		}
	}
	return nil
}

func (s PerUnit) gives(m *matched) (exact, Because) {
	each := exactOf(s.Points)
	return each.mul(whole(m.units)), Because{What: IsUnits, Args: []string{strconv.FormatInt(m.units, 10), each.String()}}
}

func (s PerUnit) check() error {
	if s.Points == nil || s.Points.Sign() < 0 {
		return errNegative
	}
	return nil
}

func (s PerVisit) gives(*matched) (exact, Because) {
	return whole(int64(s.Points)), Because{What: IsFixed, Args: []string{points(s.Points)}}
}

func (s PerVisit) check() error { return Fixed(s).check() }

func (s Fixed) gives(*matched) (exact, Because) {
	return whole(int64(s.Points)), Because{What: IsFixed, Args: []string{points(s.Points)}}
}

func (s Fixed) check() error {
	if s.Points < 0 || s.Points > MaxPoints {
		return errors.New("its points are not between 0 and " + points(MaxPoints))
	}
	return nil
}

func (s Steps) gives(m *matched) (exact, Because) {
	reached := Band{}
	for _, b := range s.Bands[m.currency] {
		if m.amount.sub(whole(b.From)).sign() < 0 {
			break
		}
		reached = b
	}
	return whole(int64(reached.Points)), Because{What: IsStep, Args: []string{
		amountText(m.amount, m.currency), Money{reached.From, m.currency}.String(), points(reached.Points),
	}}
}

func (s Steps) check() error {
	for c, bands := range s.Bands {
		if _, ok := c.Exponent(); !ok || len(bands) == 0 {
			return errors.New("its bands of " + strconv.Quote(string(c)) + " are none")
		}
		for i, b := range bands {
			if b.From < 0 || b.Points < 0 || i > 0 && (b.From <= bands[i-1].From || b.Points < bands[i-1].Points) {
				return errors.New("its bands do not go up")
			}
		}
	}
	return nil
}

func (s Multiply) gives(m *matched) (exact, Because) {
	by := exactOf(s.By)
	return m.value.mul(by.sub(whole(1))), Because{What: IsTimes, Args: []string{m.value.String(), by.String()}}
}

func (s Multiply) check() error {
	if s.By == nil || s.By.Sign() < 0 {
		return errNegative
	}
	return nil
}

func (r Rate) text(c Currency) string {
	return exactOf(r.Points).String() + " per " + Money{r.Per, c}.Decimal()
}
