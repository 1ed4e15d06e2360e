package program

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// examples runs the orders of a file that is otherwise in order. Each must give the points that it expects.
func (c *compiler) examples(p *loyalty.Program, n *node) {
	for _, item := range n.list() {
		before := len(c.problems)
		order, account := c.example(p, item)
		if len(c.problems) > before {
			continue
		}
		expect := item.get("expect")
		quote, err := p.Quote(account, order, nil, order.PlacedAt)
		if err != nil {
			c.add(at(expect, "%q is refused: %s", item.get("say").text(), reason(err)))
			continue
		}
		if want := c.integer(expect, 0, int64(loyalty.MaxPoints)); quote.Points != loyalty.Points(want) {
			c.add(at(expect, "%q gives %d, not %d: %s", item.get("say").text(), quote.Points, want, reasons(quote.Because)))
		}
	}
}

// example reads an order and a member to place it.
func (c *compiler) example(p *loyalty.Program, item *node) (loyalty.Order, loyalty.Account) {
	placed := c.instant(item.get("at"), p.Zone)
	n := item.get("order")
	order := loyalty.Order{
		ID:       "example",
		Member:   "mem_example",
		PlacedAt: placed,
		Currency: loyalty.Currency(n.get("currency").text()),
		Channel:  c.label(n.get("channel")),
		Status:   loyalty.OrderPaid,
	}
	if c.currency(n.get("currency"), string(order.Currency)) {
		c.amounts(&order, n)
	}
	return order, loyalty.Account{
		Member: order.Member,
		Status: loyalty.Active,
		Joined: placed,
		Tier:   c.standing(p, item.get("tier"), placed),
	}
}

func (c *compiler) amounts(order *loyalty.Order, n *node) {
	order.Discount = c.amount(n.get("discount"), order.Currency)
	order.Shipping = c.amount(n.get("shipping"), order.Currency)
	order.Tax = c.amount(n.get("tax"), order.Currency)
	for i, line := range n.get("lines").list() {
		quantity := int64(1)
		if q := line.get("quantity"); q != nil {
			quantity = c.integer(q, 1, 1e6)
		}
		order.Lines = append(order.Lines, loyalty.Line{
			ID:       strconv.Itoa(i + 1),
			SKU:      c.label(line.get("sku")),
			Category: c.label(line.get("category")),
			Quantity: quantity,
			Amount:   c.amount(line.get("amount"), order.Currency),
		})
	}
	for _, tender := range n.get("tenders").list() {
		order.Tenders = append(order.Tenders, loyalty.Tender{
			Kind:   loyalty.TenderKind(tender.get("kind").text()),
			Amount: c.amount(tender.get("amount"), order.Currency),
		})
	}
}

// amount reads a decimal amount of a currency in minor units.
func (c *compiler) amount(n *node, cur loyalty.Currency) int64 {
	if n == nil {
		return 0
	}
	amount, reason := minor(n.value, cur)
	if reason != "" {
		c.add(at(n, "%s", reason))
	}
	return amount
}

// instant reads a local date and time of the program's zone.
func (c *compiler) instant(n *node, zone *time.Location) time.Time {
	for _, form := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(form, n.text(), zone); err == nil {
			if t.Format(form) != n.text() {
				c.add(at(n, "%s is skipped in %s, where clocks are put forward", n.value, zone))
			}
			return t.UTC()
		}
	}
	c.add(at(n, "%s is not a date and time that exists", n.value))
	return time.Time{}
}

// standing is a member's who has just reached a level; the lowest if none is named.
func (c *compiler) standing(p *loyalty.Program, n *node, since time.Time) (s loyalty.Standing) {
	levels := p.Tiers.Levels
	switch {
	case n == nil && len(levels) == 0:
		return s
	case n == nil:
		return loyalty.Standing{Level: levels[0].ID, Since: since}
	case len(levels) == 0:
		c.add(at(n, "%q is not a level: the program has no tiers", n.text()))
		return s
	}
	_, rank, ok := p.Level(n.text())
	if !ok {
		var ids []string
		for _, l := range levels {
			ids = append(ids, l.ID)
		}
		c.add(at(n, "%q is not a level; there are %s", n.text(), strings.Join(ids, ", ")).Suggest(nearest(n.text(), ids)))
		return s
	}
	s = loyalty.Standing{Level: n.text(), Since: since}
	if rank > 0 {
		s.Until = p.Tiers.KeepFor.After(since, p.Zone)
	}
	return s
}

// reason is why an order is refused, in the refusal's own words.
func reason(err error) string {
	var refusal *loyalty.Error
	if errors.As(err, &refusal) {
		return refusal.Detail
	}
	return err.Error()
}

// reasons is what an order earns for, in one line.
func reasons(because []loyalty.Because) string {
	if len(because) == 0 {
		return "nothing in it earns"
	}
	parts := make([]string, len(because))
	for i, b := range because {
		parts[i] = fmt.Sprintf("%s (%s: %s)", b.Points, b.Rule, b.Effect())
	}
	return strings.Join(parts, " + ")
}
