package program

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// minOrder reads the minimum order for a reward: one amount, or one for each currency.
func (c *compiler) minOrder(n *node, r loyalty.Reward) map[loyalty.Currency]int64 {
	if n == nil {
		return nil
	}
	var least map[loyalty.Currency]int64
	switch {
	case n.is(mapping):
		least = byCurrency(c, n, c.amount)
		for _, f := range n.pairs() {
			c.orderedIn(atKey(f, ""), loyalty.Currency(f.key.name))
		}
	default:
		m := c.someMoney(n, "%s is not above 0; omit the key for no limit")
		least = map[loyalty.Currency]int64{m.Currency: m.Amount}
		c.orderedIn(at(n, ""), m.Currency)
	}
	worth := r.Value.Currency
	if r.Type == "percent_off" {
		worth = r.MaxValue.Currency
	}
	if _, ok := least[worth]; !ok && worth != "" && len(least) > 0 {
		c.warn(atKey(n, "has no amount in %s, the currency of the reward", worth))
	}
	return least
}

// orderedIn warns of a currency in which the program accepts no orders.
func (c *compiler) orderedIn(p Problem, code loyalty.Currency) {
	if _, ok := code.Exponent(); ok && !c.accepts(code) {
		p.Message = "has no effect: orders cannot be in " + string(code) + ", which has no rate under earn.purchase.rates"
		c.warn(p)
	}
}

// times reads when a reward is visible to members and when it can be redeemed.
func (c *compiler) times(item *node) (shown, active loyalty.Span) {
	const backwards = "%s is not after the start, %s"
	shown.From, shown.Until = c.between(item.get("visible"), backwards)
	n := item.get("active")
	active.From, active.Until = c.between(n, backwards)
	early := active.From.Before(shown.From)
	late := !shown.Until.IsZero() && (active.Until.IsZero() || active.Until.After(shown.Until))
	switch {
	case n == nil:
	case early && late:
		c.warn(atKey(n, "begins before the reward is visible and ends after that"))
	case early:
		c.warn(atKey(n, "begins before the reward is visible"))
	case late:
		c.warn(atKey(n, "ends after the reward is no longer visible"))
	}
	return shown, active
}

// codes reads the source of a reward's codes.
func (c *compiler) codes(n *node, kind string) (codes loyalty.Codes) {
	words := []string{string(loyalty.GeneratedCode), string(loyalty.UploadedCode)}
	switch guess := nearest.Word(n.text(), words); {
	case n == nil && kind == "gift_card":
		codes.From = loyalty.GeneratedCode
	case n.is(mapping):
		return c.codesOf(n)
	case guess != "" && guess != n.text():
		c.add(notA(n, title("codes")).Suggest(guess))
	default:
		codes.From = loyalty.CodeSource(n.text()) // the schema reports an invalid value
	}
	return codes
}

func (c *compiler) codesOf(n *node) loyalty.Codes {
	codes := loyalty.Codes{
		From:   loyalty.CodeSource(n.get("from").text()),
		Shared: c.label(n.get("shared")),
		Wait:   c.some(n.get("wait")),
		Valid:  c.some(n.get("valid")),
	}
	shared := n.get("shared")
	switch from := n.get("from"); {
	case shared != nil && from != nil:
		c.add(atKey(shared, "cannot be combined with from: the codes are either %s or one shared code", shown(from)))
	case shared != nil:
		codes.From = loyalty.SharedCode
	case from == nil:
		c.missing(n, "from")
	}
	return codes
}

// drops reads the stock of a reward. A single stock is a batch that is available from the beginning.
func (c *compiler) drops(item *node, from loyalty.CodeSource) (drops []loyalty.StockBatch) {
	stock, list := item.get("stock"), item.get("stock_batches")
	for _, n := range []*node{stock, list} {
		if n != nil && from == loyalty.UploadedCode {
			c.add(atKey(n, "cannot be combined with uploaded codes: the stock is the number of codes"))
		}
	}
	if stock != nil && list != nil {
		c.add(atKey(list, "cannot be combined with stock: make the initial stock a batch too"))
	}
	if stock != nil {
		drops = append(drops, loyalty.StockBatch{Quantity: c.integer(stock, 0, 1e9)})
	}
	var last time.Time
	for _, n := range list.list() {
		d := loyalty.StockBatch{Quantity: c.integer(n.get("quantity"), 1, 1e9)}
		if when := n.get("at"); when.text() != "" {
			d.At = c.instant(when, c.p.Zone)
			if !d.At.IsZero() && !d.At.After(last) {
				c.add(at(when, "%s is not after the batch before it", when.value))
			}
			last = d.At
		}
		drops = append(drops, d)
	}
	return drops
}

// dates reads when an experience takes place.
func (c *compiler) dates(item *node) (dates []loyalty.RewardDate) {
	n := item.get("dates")
	for _, name := range []string{"stock", "drops"} {
		if other := item.get(name); other != nil && n != nil {
			c.add(atKey(other, "cannot be combined with dates: each date has its own capacity"))
		}
	}
	c.unique(n.list())
	for _, d := range n.list() {
		o := loyalty.RewardDate{ID: d.get("id").text(), Capacity: c.integer(d.get("capacity"), 1, 1e6), Name: c.wordsIf(d.get("name"))}
		if when := d.get("at"); when.text() != "" {
			o.At = c.instant(when, c.p.Zone)
		}
		dates = append(dates, o)
	}
	return dates
}

// firstCall reads how long an available item is reserved for a waitlisted member.
func (c *compiler) firstCall(item *node) loyalty.Period {
	n := item.get("waitlist")
	if n != nil && item.get("stock") == nil && item.get("stock_batches") == nil {
		c.add(atKey(n, "has no effect without stock or stock_batches: no member has to wait"))
	}
	p := c.some(n)
	if n != nil && p.Months > 0 {
		c.add(at(n, "%s is not a number of minutes, hours, days or weeks", n.value))
	}
	return p
}
