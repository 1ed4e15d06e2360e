package program

import (
	"math/big"
	"regexp"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// strategies lists the keys that define how a rule awards points. A rule has exactly one of them.
var strategies = []string{"per_amount", "per_unit", "per_visit", "fixed", "steps", "multiply"}

// strategy reads how a rule awards points. If the rule has none of the keys or several, it reports a problem and
// returns nil.
func (c *compiler) strategy(item *node) loyalty.Strategy {
	var found []*node
	for _, f := range item.pairs() {
		for _, name := range strategies {
			if f.key.name == name {
				found = append(found, f)
			}
		}
	}
	switch {
	case !item.is(mapping):
		return nil
	case len(found) == 0:
		c.add(at(item, "gives no points: it requires one of %s", series(strategies, "or")))
		return nil
	case len(found) > 1:
		c.add(atKey(found[1], "cannot be combined with %s: a rule gives points in one way", found[0].key.name))
		return nil
	}
	return c.way(found[0])
}

func (c *compiler) way(n *node) loyalty.Strategy {
	switch n.key.name {
	case "per_amount":
		c.earnable(n)
		return loyalty.PerAmount{Rates: byCurrency(c, n, c.gainful)}
	case "per_unit":
		return loyalty.PerUnit{Points: c.above(n, "a number of points above 0, like 3 or 0.5")}
	case "per_visit":
		return loyalty.PerVisit{Points: loyalty.Points(c.integer(n, 1, int64(loyalty.MaxPoints)))}
	case "fixed":
		return loyalty.Fixed{Points: loyalty.Points(c.integer(n, 1, int64(loyalty.MaxPoints)))}
	case "steps":
		c.earnable(n)
		return loyalty.Steps{Bands: byCurrency(c, n, c.bands)}
	}
	by := c.factor(n)
	if by.Cmp(big.NewRat(1, 1)) == 0 {
		c.add(at(n, "has no effect: a multiplier of 1 changes nothing"))
	}
	return loyalty.Multiply{By: by}
}

// gainful reads a rate that must be above zero.
func (c *compiler) gainful(n *node, cur loyalty.Currency) loyalty.Rate {
	r := c.rate(n, cur)
	if r.Points != nil && r.Points.Sign() == 0 {
		c.add(at(n, "gives no points; use a number above 0"))
	}
	return r
}

// above reads a decimal above zero. It returns nil if the value is invalid.
func (c *compiler) above(n *node, what string) *big.Rat {
	if !n.is(number) {
		c.add(wrongKind(n, what, nil))
		return nil
	}
	r, ok := decimal(n.value)
	switch {
	case !ok || r.Sign() == 0:
		c.add(notA(n, what))
	case r.Cmp(big.NewRat(int64(loyalty.MaxPoints), 1)) > 0:
		c.add(at(n, "%s is too large; the limit is %d", n.value, loyalty.MaxPoints))
	}
	return r
}

var bandForm = regexp.MustCompile(`^([0-9]{1,10}) from ([0-9.]{1,20})$`)

// bands reads steps like "20 from 50.00", which must ascend.
func (c *compiler) bands(n *node, cur loyalty.Currency) (bands []loyalty.Band) {
	for _, item := range n.list() {
		m := bandForm.FindStringSubmatch(item.text())
		if m == nil {
			continue // the schema reports it
		}
		points, _ := strconv.ParseInt(m[1], 10, 64) // ten digits
		from, reason := minor(m[2], cur)
		b := loyalty.Band{From: from, Points: loyalty.Points(points)}
		switch {
		case reason != "":
			c.add(at(item, "%s", reason))
			continue
		case b.Points == 0 || b.Points > loyalty.MaxPoints:
			c.add(at(item, "%d is not from 1 to %d points", points, loyalty.MaxPoints))
			continue
		case len(bands) > 0 && (b.From <= bands[len(bands)-1].From || b.Points <= bands[len(bands)-1].Points):
			c.add(at(item, "must ascend: the step before gives %d from %s", bands[len(bands)-1].Points,
				loyalty.Money{Amount: bands[len(bands)-1].From, Currency: cur}.Decimal()))
			continue
		}
		bands = append(bands, b)
	}
	return bands
}

// earnable rejects amounts by currency if no order is counted in any of the currencies, and warns of single unused
// currencies. An order in a converted currency is counted in the base currency.
func (c *compiler) earnable(n *node) {
	var foreign []*node
	for _, f := range n.pairs() {
		code := loyalty.Currency(f.key.name)
		if _, own := c.p.Earn.Rates[code]; !own {
			if _, ok := code.Exponent(); ok {
				foreign = append(foreign, f)
			}
		}
	}
	if len(foreign) > 0 && len(foreign) == len(n.pairs()) {
		c.add(atKey(n, "never applies: no order can be %s", c.uncounted(foreign[0])))
		return
	}
	for _, f := range foreign {
		c.warn(atKey(f, "has no effect: no order can be %s", c.uncounted(f)))
	}
}

// uncounted returns the reason why no order is counted in a currency.
func (c *compiler) uncounted(f *node) string {
	code := f.key.name
	if c.accepts(loyalty.Currency(code)) {
		return "counted in " + code + ", which is converted to " + string(c.p.Exchange.Base)
	}
	return "in " + code + ", which has no rate under earn.purchase.rates"
}
