package program

import (
	"math/big"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// byCurrency reads the values of a group whose keys are currencies.
func byCurrency[T any](c *compiler, n *node, read func(*node, loyalty.Currency) T) map[loyalty.Currency]T {
	out := map[loyalty.Currency]T{}
	for _, f := range n.pairs() {
		code := loyalty.Currency(f.key.name)
		if _, ok := code.Exponent(); !ok {
			c.add(noCurrency(atKey(f, "%q is not a currency (ISO 4217)", clip(f.key.name)), f.key.name))
			continue
		}
		out[code] = read(f, code)
	}
	return out
}

// exchange reads the conversion of orders in currencies that have no rate.
func (c *compiler) exchange(n *node) (e loyalty.Exchange) {
	base := n.get("base")
	if base.text() == "" || !c.currency(base, base.text()) {
		return e
	}
	e.Base = loyalty.Currency(base.text())
	if _, ok := c.p.Earn.Rates[e.Base]; !ok {
		c.add(at(base, "has no rate under earn.purchase.rates, so converted orders would earn nothing"))
	}
	for i, item := range n.get("rates").list() {
		r := c.exchangeRate(item, e.Base)
		if from := item.get("from"); i > 0 && r.From != 0 && r.From <= e.Rates[i-1].From {
			c.add(at(from, "%s is not after the %s of the entry before", from.value, e.Rates[i-1].From))
		}
		if i > 0 {
			for code := range e.Rates[i-1].Rates {
				if _, ok := r.Rates[code]; !ok {
					c.warn(at(item, "has no rate for %s, unlike the entry before: from then on orders in %[1]s are rejected", code))
				}
			}
		}
		e.Rates = append(e.Rates, r)
	}
	return e
}

func (c *compiler) exchangeRate(item *node, base loyalty.Currency) (r loyalty.ExchangeRate) {
	if from := item.get("from"); from.text() != "" {
		var err error
		if r.From, err = loyalty.ParseDate(from.text()); err != nil {
			c.add(at(from, "%s is not a date that exists", shown(from)))
		}
	}
	r.Rates = map[loyalty.Currency]*big.Rat{}
	for _, f := range item.pairs() {
		code := loyalty.Currency(f.key.name)
		if f.key.name == "from" {
			continue
		}
		if _, ok := code.Exponent(); !ok {
			c.add(noCurrency(atKey(f, "%q is not a currency (ISO 4217)", clip(f.key.name)), f.key.name))
			continue
		}
		switch _, own := c.p.Earn.Rates[code]; {
		case code == base:
			c.add(atKey(f, "is the currency to which others are converted; remove it"))
		case own:
			c.add(atKey(f, "also has a rate under earn.purchase.rates; remove one of the two"))
		}
		r.Rates[code] = c.above(f, "an exchange rate like 1.05")
	}
	if len(r.Rates) == 0 && item.is(mapping) {
		c.add(at(item, "converts no currency; add one, like CHF: 1.05"))
	}
	return r
}

// accepts reports whether orders may be in a currency. Orders in other currencies are rejected.
func (c *compiler) accepts(code loyalty.Currency) bool {
	if _, ok := c.p.Earn.Rates[code]; ok {
		return true
	}
	for _, r := range c.p.Exchange.Rates {
		if _, ok := r.Rates[code]; ok {
			return true
		}
	}
	return false
}
