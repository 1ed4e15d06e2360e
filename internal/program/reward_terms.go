package program

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

// parseMinOrder reads the minimum order amount for a reward: one amount, or one amount per currency.
func parseMinOrder(c *document.Compiler, n *document.Node, r loyalty.Reward) map[loyalty.Currency]int64 {
	if n == nil {
		return nil
	}
	var least map[loyalty.Currency]int64
	switch {
	case n.Is(document.Mapping):
		least = byCurrency(c, n, (*document.Compiler).Amount)
		for _, f := range n.Pairs() {
			orderedIn(c, document.AtKey(f, ""), loyalty.Currency(f.Key.Name))
		}
	default:
		m := someMoney(c, n, "%s is not above 0; omit the key for no limit")
		least = map[loyalty.Currency]int64{m.Currency: m.Amount}
		orderedIn(c, document.At(n, ""), m.Currency)
	}
	worth := r.Value.Currency
	if r.Type == "percent_off" {
		worth = r.MaxValue.Currency
	}
	if _, ok := least[worth]; !ok && worth != "" && len(least) > 0 {
		c.Warn(document.AtKey(n, "has no amount in %s, the currency of the reward", worth))
	}
	return least
}

// orderedIn adds the warning p if the program accepts no orders in a currency.
func orderedIn(c *document.Compiler, p document.Problem, code loyalty.Currency) {
	if _, ok := code.Exponent(); ok && !validate.Accepts(c, code) {
		p.Message = "has no effect: orders cannot be in " + string(code) +
			", which has no rate under earn.purchase.rates"
		c.Warn(p)
	}
}

// parseTimes reads the period in which a reward is visible to members, and the period in which it can be redeemed.
func parseTimes(c *document.Compiler, item *document.Node) (shown, active calendar.Span) {
	const backwards = "%s is not after the start, %s"
	shown.From, shown.Until = between(c, item.Get("visible"), backwards)
	n := item.Get("active")
	active.From, active.Until = between(c, n, backwards)
	early := active.From.Before(shown.From)
	late := !shown.Until.IsZero() && (active.Until.IsZero() || active.Until.After(shown.Until))
	switch {
	case n == nil:
	case early && late:
		c.Warn(document.AtKey(n, "begins before the reward is visible and ends after that"))
	case early:
		c.Warn(document.AtKey(n, "begins before the reward is visible"))
	case late:
		c.Warn(document.AtKey(n, "ends after the reward is no longer visible"))
	}
	return shown, active
}

// parseCodes reads how the codes of a reward are obtained, for example generated or uploaded.
func parseCodes(c *document.Compiler, n *document.Node, kind string) (codes loyalty.Codes) {
	words := []string{string(loyalty.GeneratedCode), string(loyalty.UploadedCode)}
	switch guess := nearest.Word(n.Text(), words); {
	case n == nil && kind == "gift_card":
		codes.From = loyalty.GeneratedCode
	case n.Is(document.Mapping):
		return codesOf(c, n)
	case guess != "" && guess != n.Text():
		c.Add(document.NotA(n, document.Title("codes")).Suggest(guess))
	default:
		codes.From = loyalty.CodeSource(n.Text()) // the schema reports an invalid value
	}
	return codes
}

func codesOf(c *document.Compiler, n *document.Node) loyalty.Codes {
	codes := loyalty.Codes{
		From:   loyalty.CodeSource(n.Get("from").Text()),
		Shared: c.Label(n.Get("shared")),
		Wait:   validate.Some(c, n.Get("wait")),
		Valid:  validate.Some(c, n.Get("valid")),
	}
	shared := n.Get("shared")
	switch from := n.Get("from"); {
	case shared != nil && from != nil:
		c.Add(
			document.AtKey(
				shared, "cannot be combined with from: the codes are either %s or one shared code",
				document.Shown(from),
			),
		)
	case shared != nil:
		codes.From = loyalty.SharedCode
	case from == nil:
		missing(c, n, "from")
	}
	return codes
}

// stockBatches reads the stock of a reward as batches. A plain number is one batch that is available from the start.
func stockBatches(c *document.Compiler, item *document.Node, from loyalty.CodeSource) (batches []loyalty.StockBatch) {
	stock, list := item.Get("stock"), item.Get("stock_batches")
	for _, n := range []*document.Node{stock, list} {
		if n != nil && from == loyalty.UploadedCode {
			c.Add(document.AtKey(n, "cannot be combined with uploaded codes: the stock is the number of codes"))
		}
	}
	if stock != nil && list != nil {
		c.Add(document.AtKey(list, "cannot be combined with stock: make the initial stock a batch too"))
	}
	if stock != nil {
		batches = append(batches, loyalty.StockBatch{Quantity: c.Integer(stock, 0, 1e9)})
	}
	var last time.Time
	for _, n := range list.List() {
		d := loyalty.StockBatch{Quantity: c.Integer(n.Get("quantity"), 1, 1e9)}
		if when := n.Get("at"); when.Text() != "" {
			d.At = c.Instant(when, c.P.Zone)
			if !d.At.IsZero() && !d.At.After(last) {
				c.Add(document.At(when, "%s is not after the batch before it", when.Value))
			}
			last = d.At
		}
		batches = append(batches, d)
	}
	return batches
}

// parseDates reads the dates on which an experience takes place.
func parseDates(c *document.Compiler, item *document.Node) (dates []loyalty.RewardDate) {
	n := item.Get("dates")
	for _, name := range []string{"stock", "drops"} {
		if other := item.Get(name); other != nil && n != nil {
			c.Add(document.AtKey(other, "cannot be combined with dates: each date has its own capacity"))
		}
	}
	c.Unique(n.List())
	for _, d := range n.List() {
		o := loyalty.RewardDate{
			ID: d.Get("id").Text(), Capacity: c.Integer(d.Get("capacity"), 1, 1e6), Name: c.WordsIf(d.Get("name")),
		}
		if when := d.Get("at"); when.Text() != "" {
			o.At = c.Instant(when, c.P.Zone)
		}
		dates = append(dates, o)
	}
	return dates
}

// firstCall reads how long an available item is reserved for the next waitlisted member.
func firstCall(c *document.Compiler, item *document.Node) calendar.Period {
	n := item.Get("waitlist")
	if n != nil && item.Get("stock") == nil && item.Get("stock_batches") == nil {
		c.Add(document.AtKey(n, "has no effect without stock or stock_batches: no member has to wait"))
	}
	p := validate.Some(c, n)
	if n != nil && p.Months > 0 {
		c.Add(document.At(n, "%s is not a number of minutes, hours, days or weeks", n.Value))
	}
	return p
}
