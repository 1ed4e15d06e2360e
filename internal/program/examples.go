package program

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
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// examples runs the example orders of a file without other problems. Each order must earn the points that the example
// states.
func (c *compiler) examples(p *loyalty.Program, n *node) {
	for _, item := range n.list() {
		before := len(c.problems)
		order, account := c.example(p, item)
		if len(c.problems) > before {
			continue
		}
		expect := item.get("expect")
		quote, err := engine.QuoteOrder(p, account, order, nil, order.PlacedAt)
		if err != nil {
			c.add(at(expect, "%q is rejected: %s", item.get("name").text(), reason(err)))
			continue
		}
		if want := c.integer(expect, 0, int64(loyalty.MaxPoints)); quote.Points != loyalty.Points(want) {
			c.add(at(expect, "%q earns %d, not %d: %s", item.get("name").text(), quote.Points, want, reasons(quote.Reasons)))
		}
	}
}

// example reads an order and the member who places it.
func (c *compiler) example(p *loyalty.Program, item *node) (loyalty.Order, loyalty.Account) {
	placed := c.instant(item.get("at"), p.Zone)
	n := item.get("order")
	order := loyalty.Order{
		ID:       "example",
		Member:   "mem_example",
		PlacedAt: placed,
		Currency: loyalty.Currency(n.get("currency").text()),
		Channel:  c.label(n.get("channel")),
		Store:    c.label(n.get("store")),
		Status:   loyalty.OrderPaid,
	}
	if c.currency(n.get("currency"), string(order.Currency)) {
		c.amounts(&order, n)
	}
	account := loyalty.Account{
		Member: order.Member,
		Status: loyalty.Active,
		Joined: placed,
		Tier:   c.standing(p, item.get("tier"), placed),
	}
	if orders := c.integer(item.get("orders"), 0, 1e9); orders > 0 {
		account.Metrics = []loyalty.Metric{{Orders: orders}} // earlier than every window
		account.First = award.EarlierOrders(orders, placed)
	}
	account.Traits = c.traits(item)
	return order, account
}

// traits reads the properties of the member, other than points, that rules use.
func (c *compiler) traits(item *node) (t loyalty.Traits) {
	t.Segments = c.labels(item.get("segments"))
	slices.Sort(t.Segments)
	var campaigns []string
	for _, r := range slices.Concat(c.p.Campaigns, c.p.Earn.Rules) {
		if r.OptIn {
			campaigns = append(campaigns, r.ID)
		}
	}
	for _, n := range item.get("opted_in").list() {
		if !slices.Contains(campaigns, n.text()) {
			c.add(
				at(n, "%s has no registration: only campaigns and rules with opt_in: true have one", shown(n)).
					Suggest(nearest.Word(n.text(), campaigns)),
			)
		}
		t.OptIns = append(t.OptIns, loyalty.OptIn{Campaign: n.text()})
	}
	slices.SortFunc(t.OptIns, func(a, b loyalty.OptIn) int { return cmp.Compare(a.Campaign, b.Campaign) })
	if n := item.get("birthday"); n != nil {
		day, _ := c.dayOfYear(n)
		t.Birthday = int(day)
	}
	return t
}

func (c *compiler) amounts(order *loyalty.Order, n *node) {
	order.Discount = c.amount(n.get("discount"), order.Currency)
	order.Shipping = c.amount(n.get("shipping"), order.Currency)
	order.Tax = c.amount(n.get("tax"), order.Currency)
	for i, line := range n.get("line_items").list() {
		quantity := int64(1)
		if q := line.get("quantity"); q != nil {
			quantity = c.integer(q, 1, 1e6)
		}
		order.Lines = append(order.Lines, loyalty.Line{
			ID:       strconv.Itoa(i + 1),
			SKU:      c.label(line.get("sku")),
			Category: c.label(line.get("category")),
			Brand:    c.label(line.get("brand")),
			Quantity: quantity,
			Amount:   c.amount(line.get("amount"), order.Currency),
		})
	}
	for _, tender := range n.get("tenders").list() {
		order.Tenders = append(order.Tenders, loyalty.Tender{
			Kind:   loyalty.TenderKind(tender.get("kind").text()),
			Name:   c.label(tender.get("name")),
			Amount: c.amount(tender.get("amount"), order.Currency),
		})
	}
}

// standing returns the standing of a member who has just reached a level, or the lowest level if none is named.
func (c *compiler) standing(p *loyalty.Program, n *node, since time.Time) (s loyalty.Standing) {
	levels := p.Tiers.Levels
	switch {
	case n == nil && len(levels) == 0:
		return s
	case n == nil:
		return reached(p, levels[0].ID, since)
	case !c.level(n):
		return s
	}
	return reached(p, n.text(), since)
}

// reached returns the standing of a member who reached a level at an instant.
func reached(p *loyalty.Program, level string, since time.Time) loyalty.Standing {
	s := loyalty.Standing{Level: level, Since: since}
	if _, rank, _ := p.Level(level); rank > 0 && p.Tiers.KeepYear == 0 {
		s.Until = p.Tiers.KeepFor.After(since, p.Zone)
	}
	return s
}

// reason returns the detail of the rejection of an order.
func reason(err error) string {
	var refusal *loyalty.Error
	if errors.As(err, &refusal) {
		return refusal.Detail
	}
	return err.Error()
}

// reasons formats the reasons for an order's points in one line.
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
