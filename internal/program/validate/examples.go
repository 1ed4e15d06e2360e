package validate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// Examples runs the example orders of a file. Each order must earn the points that its example states. Call Examples
// only if the file has no other problems.
func Examples(c *document.Compiler, n *document.Node) {
	for _, item := range n.List() {
		before := len(c.Problems)
		order, account := Example(c, item)
		if len(c.Problems) > before {
			continue
		}
		expect := item.Get("expect")
		quote, err := engine.QuoteOrder(c.P, account, order, nil, order.PlacedAt)
		if err != nil {
			c.Add(document.At(expect, "%q is rejected: %s", item.Get("name").Text(), reason(err)))
			continue
		}
		if want := c.Integer(expect, 0, int64(loyalty.MaxPoints)); quote.Points != loyalty.Points(want) {
			c.Add(
				document.At(
					expect, "%q earns %d, not %d: %s", item.Get("name").Text(), quote.Points, want,
					reasons(quote.Reasons),
				),
			)
		}
	}
}

// Example reads the order of an example, and the account of the member who places the order.
func Example(c *document.Compiler, item *document.Node) (loyalty.Order, loyalty.Account) {
	placed := c.Instant(item.Get("at"), c.P.Zone)
	n := item.Get("order")
	order := loyalty.Order{
		ID:       "example",
		Member:   "mem_example",
		PlacedAt: placed,
		Currency: loyalty.Currency(n.Get("currency").Text()),
		Channel:  c.Label(n.Get("channel")),
		Store:    c.Label(n.Get("store")),
		Status:   loyalty.OrderPaid,
	}
	if c.Currency(n.Get("currency"), string(order.Currency)) {
		parseAmounts(c, &order, n)
	}
	account := loyalty.Account{
		Member: order.Member,
		Status: loyalty.Active,
		Joined: placed,
		Tier:   parseStanding(c, item.Get("tier"), placed),
	}
	if orders := c.Integer(item.Get("orders"), 0, 1e9); orders > 0 {
		account.Metrics = []loyalty.Metric{{Orders: orders}} // the earlier orders are older than every window
		account.First = award.EarlierOrders(orders, placed)
	}
	account.Traits = parseTraits(c, item)
	return order, account
}

// parseTraits reads the properties of the member that rules use, such as segments. The member's points are not among
// these properties.
func parseTraits(c *document.Compiler, item *document.Node) (t loyalty.Traits) {
	t.Segments = c.Labels(item.Get("segments"))
	slices.Sort(t.Segments)
	var campaigns []string
	for _, r := range slices.Concat(c.P.Campaigns, c.P.Earn.Rules) {
		if r.OptIn {
			campaigns = append(campaigns, r.ID)
		}
	}
	for _, n := range item.Get("opted_in").List() {
		if !slices.Contains(campaigns, n.Text()) {
			c.Add(
				document.At(
					n, "%s has no registration: only campaigns and rules with opt_in: true have one",
					document.Shown(n),
				).
					Suggest(nearest.Word(n.Text(), campaigns)),
			)
		}
		t.OptIns = append(t.OptIns, loyalty.OptIn{Campaign: n.Text()})
	}
	slices.SortFunc(t.OptIns, func(a, b loyalty.OptIn) int { return cmp.Compare(a.Campaign, b.Campaign) })
	if n := item.Get("birthday"); n != nil {
		day, _ := c.DayOfYear(n)
		t.Birthday = int(day)
	}
	return t
}

func parseAmounts(c *document.Compiler, order *loyalty.Order, n *document.Node) {
	order.Discount = c.Amount(n.Get("discount"), order.Currency)
	order.Shipping = c.Amount(n.Get("shipping"), order.Currency)
	order.Tax = c.Amount(n.Get("tax"), order.Currency)
	for i, line := range n.Get("line_items").List() {
		quantity := int64(1)
		if q := line.Get("quantity"); q != nil {
			quantity = c.Integer(q, 1, 1e6)
		}
		order.Lines = append(order.Lines, loyalty.Line{
			ID:       strconv.Itoa(i + 1),
			SKU:      c.Label(line.Get("sku")),
			Category: c.Label(line.Get("category")),
			Brand:    c.Label(line.Get("brand")),
			Quantity: quantity,
			Amount:   c.Amount(line.Get("amount"), order.Currency),
		})
	}
	for _, tender := range n.Get("tenders").List() {
		order.Tenders = append(order.Tenders, loyalty.Tender{
			Kind:   loyalty.TenderKind(tender.Get("kind").Text()),
			Name:   c.Label(tender.Get("name")),
			Amount: c.Amount(tender.Get("amount"), order.Currency),
		})
	}
}

// parseStanding reads a level and returns the standing of a member who has just reached it. If the file states no
// level, the standing has the lowest level.
func parseStanding(c *document.Compiler, n *document.Node, since time.Time) (s loyalty.Standing) {
	levels := c.P.Tiers.Levels
	switch {
	case n == nil && len(levels) == 0:
		return s
	case n == nil:
		return Standing(c.P, levels[0].ID, since)
	case !Level(c, levels, n):
		return s
	}
	return Standing(c.P, n.Text(), since)
}

// Standing returns the standing of a member who reached a level at the given instant.
func Standing(p *loyalty.Program, level string, since time.Time) loyalty.Standing {
	s := loyalty.Standing{Level: level, Since: since}
	if _, rank, _ := p.Tiers.Level(level); rank > 0 && p.Tiers.KeepYear == 0 {
		s.Until = p.Tiers.KeepFor.After(since, p.Zone)
	}
	return s
}

// reason returns the text that explains why an order was rejected.
func reason(err error) string {
	var refusal *loyalty.Error
	if errors.As(err, &refusal) {
		return refusal.Detail
	}
	return err.Error()
}

// reasons formats the reasons for an order's points as one line.
func reasons(because []loyalty.Reason) string {
	if len(because) == 0 {
		return "no part of it earns points"
	}
	parts := make([]string, len(because))
	for i, b := range because {
		parts[i] = fmt.Sprintf("%s (%s: %s)", b.Points, b.Rule, b.Effect())
	}
	return strings.Join(parts, " + ")
}
