package program

import (
	"math/big"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/program/document"
)

// byCurrency reads a mapping with one value per currency.
func byCurrency[T any](
	c *document.Compiler, n *document.Node, read func(*document.Compiler, *document.Node, loyalty.Currency) T,
) map[loyalty.Currency]T {
	out := map[loyalty.Currency]T{}
	for _, f := range n.Pairs() {
		code := loyalty.Currency(f.Key.Name)
		if _, ok := code.Exponent(); !ok {
			c.Add(
				document.NoCurrency(
					document.AtKey(f, "%q is not a currency (ISO 4217)", document.Clip(f.Key.Name)), f.Key.Name,
				),
			)
			continue
		}
		out[code] = read(c, f, code)
	}
	return out
}

// parseExchange reads the exchange rates for orders in currencies that have no earning rate.
func parseExchange(c *document.Compiler, n *document.Node) (e loyalty.Exchange) {
	base := n.Get("base")
	if base.Text() == "" || !c.Currency(base, base.Text()) {
		return e
	}
	e.Base = loyalty.Currency(base.Text())
	if _, ok := c.P.Earn.Rates[e.Base]; !ok {
		c.Add(document.At(base, "has no rate under earn.purchase.rates, so converted orders would earn nothing"))
	}
	for i, item := range n.Get("rates").List() {
		r := parseExchangeRate(c, item, e.Base)
		if from := item.Get("from"); i > 0 && r.From != 0 && r.From <= e.Rates[i-1].From {
			c.Add(document.At(from, "%s is not after the %s of the entry before", from.Value, e.Rates[i-1].From))
		}
		if i > 0 {
			for code := range e.Rates[i-1].Rates {
				if _, ok := r.Rates[code]; !ok {
					c.Warn(
						document.At(
							item,
							"has no rate for %s, unlike the entry before: from then on orders in %[1]s are rejected",
							code,
						),
					)
				}
			}
		}
		e.Rates = append(e.Rates, r)
	}
	return e
}

func parseExchangeRate(c *document.Compiler, item *document.Node, base loyalty.Currency) (r loyalty.ExchangeRate) {
	if from := item.Get("from"); from.Text() != "" {
		var err error
		if r.From, err = calendar.ParseDate(from.Text()); err != nil {
			c.Add(document.At(from, "%s is not a date that exists", document.Shown(from)))
		}
	}
	r.Rates = map[loyalty.Currency]*big.Rat{}
	for _, f := range item.Pairs() {
		code := loyalty.Currency(f.Key.Name)
		if f.Key.Name == "from" {
			continue
		}
		if _, ok := code.Exponent(); !ok {
			c.Add(
				document.NoCurrency(
					document.AtKey(f, "%q is not a currency (ISO 4217)", document.Clip(f.Key.Name)), f.Key.Name,
				),
			)
			continue
		}
		switch _, own := c.P.Earn.Rates[code]; {
		case code == base:
			c.Add(document.AtKey(f, "is the currency to which others are converted; remove it"))
		case own:
			c.Add(document.AtKey(f, "also has a rate under earn.purchase.rates; remove one of the two"))
		}
		r.Rates[code] = above(c, f, "an exchange rate like 1.05")
	}
	if len(r.Rates) == 0 && item.Is(document.Mapping) {
		c.Add(document.At(item, "converts no currency; add one, like CHF: 1.05"))
	}
	return r
}
