package program

import (
	"math/big"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

// strategies lists the keys that define how a rule awards points. A rule has exactly one of them.
var strategies = []string{"per_amount", "per_unit", "per_visit", "fixed", "steps", "multiply"}

// parseStrategy reads how a rule awards points. If the rule has none of the keys or several, it reports a problem and
// returns nil.
func parseStrategy(c *document.Compiler, item *document.Node) loyalty.Strategy {
	var found []*document.Node
	for _, f := range item.Pairs() {
		for _, name := range strategies {
			if f.Key.Name == name {
				found = append(found, f)
			}
		}
	}
	switch {
	case !item.Is(document.Mapping):
		return nil
	case len(found) == 0:
		c.Add(document.At(item, "gives no points: it requires one of %s", describe.Series(strategies, "or")))
		return nil
	case len(found) > 1:
		c.Add(document.AtKey(found[1], "cannot be combined with %s: a rule gives points in one way", found[0].Key.Name))
		return nil
	}
	return parseWay(c, found[0])
}

func parseWay(c *document.Compiler, n *document.Node) loyalty.Strategy {
	switch n.Key.Name {
	case "per_amount":
		earnable(c, n)
		return loyalty.PerAmount{Rates: byCurrency(c, n, gainful)}
	case "per_unit":
		return loyalty.PerUnit{Points: above(c, n, "a number of points above 0, like 3 or 0.5")}
	case "per_visit":
		return loyalty.PerVisit{Points: loyalty.Points(c.Integer(n, 1, int64(loyalty.MaxPoints)))}
	case "fixed":
		return loyalty.Fixed{Points: loyalty.Points(c.Integer(n, 1, int64(loyalty.MaxPoints)))}
	case "steps":
		earnable(c, n)
		return loyalty.Steps{Bands: byCurrency(c, n, parseBands)}
	}
	by := c.Factor(n)
	if by.Cmp(big.NewRat(1, 1)) == 0 {
		c.Add(document.At(n, "has no effect: a multiplier of 1 changes nothing"))
	}
	return loyalty.Multiply{By: by}
}

// gainful reads an earning rate that must be greater than zero.
func gainful(c *document.Compiler, n *document.Node, cur loyalty.Currency) loyalty.Rate {
	r := c.Rate(n, cur)
	if r.Points != nil && r.Points.Sign() == 0 {
		c.Add(document.At(n, "gives no points; use a number above 0"))
	}
	return r
}

// above reads a decimal that must be greater than zero. It returns nil if the value is invalid.
func above(c *document.Compiler, n *document.Node, what string) *big.Rat {
	if !n.Is(document.Number) {
		c.Add(document.WrongKind(n, what, nil))
		return nil
	}
	r, ok := document.Decimal(n.Value)
	switch {
	case !ok || r.Sign() == 0:
		c.Add(document.NotA(n, what))
	case r.Cmp(big.NewRat(int64(loyalty.MaxPoints), 1)) > 0:
		c.Add(document.At(n, "%s is too large; the limit is %d", n.Value, loyalty.MaxPoints))
	}
	return r
}

var bandForm = lazyregexp.New(`^([0-9]{1,10}) from ([0-9.]{1,20})$`)

// parseBands reads the steps of a rule, such as "20 from 50.00". Each step must have a higher amount than the step
// before.
func parseBands(c *document.Compiler, n *document.Node, cur loyalty.Currency) (bands []loyalty.Band) {
	for _, item := range n.List() {
		m := bandForm.FindStringSubmatch(item.Text())
		if m == nil {
			continue // the schema reports this error
		}
		points, _ := strconv.ParseInt(m[1], 10, 64) // the form allows at most ten digits
		from, reason := document.Minor(m[2], cur)
		b := loyalty.Band{From: from, Points: loyalty.Points(points)}
		switch {
		case reason != "":
			c.Add(document.At(item, "%s", reason))
			continue
		case b.Points == 0 || b.Points > loyalty.MaxPoints:
			c.Add(document.At(item, "%d is not from 1 to %d points", points, loyalty.MaxPoints))
			continue
		case len(bands) > 0 && (b.From <= bands[len(bands)-1].From || b.Points <= bands[len(bands)-1].Points):
			c.Add(document.At(item, "must ascend: the step before gives %d from %s", bands[len(bands)-1].Points,
				loyalty.Money{Amount: bands[len(bands)-1].From, Currency: cur}.Decimal()))
			continue
		}
		bands = append(bands, b)
	}
	return bands
}

// earnable finds amounts that can never apply because no order is counted in their currency. Orders are counted only in
// currencies with an earning rate; an order in a converted currency is counted in the base currency. earnable warns of
// each such amount, or reports a problem if none of the amounts can apply.
func earnable(c *document.Compiler, n *document.Node) {
	var foreign []*document.Node
	for _, f := range n.Pairs() {
		code := loyalty.Currency(f.Key.Name)
		if _, own := c.P.Earn.Rates[code]; !own {
			if _, ok := code.Exponent(); ok {
				foreign = append(foreign, f)
			}
		}
	}
	if len(foreign) > 0 && len(foreign) == len(n.Pairs()) {
		c.Add(document.AtKey(n, "never applies: no order can be %s", uncounted(c, foreign[0])))
		return
	}
	for _, f := range foreign {
		c.Warn(document.AtKey(f, "has no effect: no order can be %s", uncounted(c, f)))
	}
}

// uncounted returns the reason why no order is counted in the currency of f.
func uncounted(c *document.Compiler, f *document.Node) string {
	code := f.Key.Name
	if validate.Accepts(c, loyalty.Currency(code)) {
		return "counted in " + code + ", which is converted to " + string(c.P.Exchange.Base)
	}
	return "in " + code + ", which has no rate under earn.purchase.rates"
}
