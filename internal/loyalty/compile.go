package loyalty

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// DefaultHold is how long a redemption stays reserved where the program does not say.
const DefaultHold = 30 * time.Minute

// compiled is what decisions need of a program in the form in which they need it.
type compiled struct {
	rates      map[Currency]compiledRate
	categories map[string]multiplier // the best rule of each category
	levels     map[string]multiplier // by level id; only those that multiply
}

type compiledRate struct {
	perMinor exact  // points per minor unit
	text     string // "1 per 1.00"
}

type multiplier struct {
	rule string
	by   exact
	less exact // by - 1: what it adds to what is there
	text string
}

func newMultiplier(rule string, r *big.Rat) multiplier {
	by := exactOf(r)
	return multiplier{rule: rule, by: by, less: by.sub(whole(1)), text: by.String()}
}

// Compile checks what the types cannot and derives what decisions need. It is called once, before any other
// method. Its errors are for whoever builds a Program by hand; the program file's own checks are kinder.
func (p *Program) Compile() error {
	if p.ID == "" || p.Zone == nil {
		return errors.New("loyalty: a program needs an id and a time zone")
	}
	if p.Hold == 0 {
		p.Hold = DefaultHold
	}
	p.compiled = compiled{rates: map[Currency]compiledRate{}, categories: map[string]multiplier{}, levels: map[string]multiplier{}}
	for c, r := range p.Earn.Rates {
		if _, ok := c.Exponent(); !ok || r.Per <= 0 || r.Points.Sign() < 0 {
			return fmt.Errorf("loyalty: the rate of %q is none", c)
		}
		p.compiled.rates[c] = compiledRate{
			perMinor: exactOf(new(big.Rat).Quo(r.Points, new(big.Rat).SetInt64(r.Per))),
			text:     exactOf(r.Points).String() + " per " + Money{r.Per, c}.Decimal(),
		}
	}
	for _, c := range p.Earn.Categories {
		if c.Multiply.Sign() < 0 {
			return fmt.Errorf("loyalty: category rule %s multiplies by less than nothing", c.ID)
		}
		was, seen := p.compiled.categories[c.Category]
		if m := newMultiplier("earn.categories."+c.ID, c.Multiply); !seen || m.by.sub(was.by).sign() > 0 {
			p.compiled.categories[c.Category] = m
		}
	}
	for i, c := range p.Earn.Caps {
		if c.Points < 0 || slices.ContainsFunc(p.Earn.Caps[:i], func(x Cap) bool { return x.Per == c.Per }) {
			return fmt.Errorf("loyalty: the cap of %s is below zero, or the second one", c)
		}
	}
	return p.compileTiers()
}

func (p *Program) compileTiers() error {
	if p.Tiers.Months > MaxWindow {
		return fmt.Errorf("loyalty: a tier window of %d months is longer than %d", p.Tiers.Months, MaxWindow)
	}
	for i, l := range p.Tiers.Levels {
		if (i == 0) != (l.From == 0) || i > 0 && l.From <= p.Tiers.Levels[i-1].From {
			return fmt.Errorf("loyalty: level %s is out of order: the first starts from 0, and each from more than the last", l.ID)
		}
		if l.Multiply == nil {
			continue
		}
		if l.Multiply.Sign() < 0 {
			return fmt.Errorf("loyalty: level %s multiplies by less than nothing", l.ID)
		}
		p.compiled.levels[l.ID] = newMultiplier("tiers."+l.ID, l.Multiply)
	}
	return nil
}
