package program

import (
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
)

// An entry is a rule or a campaign with its position.
type entry struct {
	item *node
	rule loyalty.Rule
}

// sense checks the complete program for problems that involve several sections.
func (c *compiler) sense(root *node) {
	c.returnable(root.get("earn").get("purchase").get("expires"), c.p.Earn.Expires)
	for _, e := range c.entries {
		c.contradictions(e.item, e.rule)
		c.shortLived(e.item, c.p.Earn.Pending, e.rule.Life)
	}
	c.overlaps()
	c.giftCards(root)
	c.returns(root)
	c.outOfReach(root)
	c.unused(root.get("stacking"))
	c.sliding(root.get("tiers").get("levels"))
	c.shortLived(root.get("earn").get("purchase"), c.p.Earn.Pending, loyalty.Life{Expires: &c.p.Earn.Expires})
	for i, item := range root.get("tiers").get("levels").list() {
		c.shortLived(item, c.p.Earn.Pending, loyalty.Life{Expires: c.p.Tiers.Levels[i].Expires})
	}
}

// twice rejects rules that differ only in their IDs and names. It runs only for files without other problems, because
// invalid values could hide differences.
func (c *compiler) twice() {
	seen := map[string]*node{}
	for _, e := range c.entries {
		does := snapshot.Does(e.rule)
		if other := seen[does]; other != nil {
			c.add(at(e.item, "does the same as %s on line %d; remove one of them", other.get("id").text(), other.line))
			continue
		}
		seen[does] = e.item
	}
}

// overlaps warns of campaigns in different groups that multiply the same orders.
func (c *compiler) overlaps() {
	campaigns := c.entries[len(c.p.Earn.Rules):]
	for i, e := range campaigns {
		for _, other := range campaigns[:i] {
			if by, ok := c.both(e.rule, other.rule); ok {
				c.warn(at(e.item, "overlaps with %s of another group: orders in both earn %s times the points",
					other.item.get("id").text(), digits(by)))
				break
			}
		}
	}
}

// both returns the combined multiplier of two campaigns. It reports false if no order is in both.
func (c *compiler) both(a, b loyalty.Rule) (*big.Rat, bool) {
	x, ok1 := a.Give.(loyalty.Multiply)
	y, ok2 := b.Give.(loyalty.Multiply)
	one := big.NewRat(1, 1)
	if !ok1 || !ok2 || a.Group == b.Group || x.By.Cmp(one) <= 0 || y.By.Cmp(one) <= 0 {
		return nil, false
	}
	if c.excludes(a.Group, b.Group) || !a.Match.From.Before(b.Match.Until) || !b.Match.From.Before(a.Match.Until) {
		return nil, false
	}
	m, n := a.Match, b.Match
	if apart(m.Categories, n.Categories) || apart(m.SKUs, n.SKUs) || apart(m.Brands, n.Brands) || apart(m.Channels, n.Channels) ||
		apart(m.Stores, n.Stores) || apart(m.Currencies, n.Currencies) || apart(m.Tiers, n.Tiers) || apart(m.Weekdays, n.Weekdays) {
		return nil, false
	}
	by := new(big.Rat).Add(x.By, y.By)
	return by.Sub(by, one), true
}

// excludes reports whether the rules of one group never apply together with those of the other, because the earlier
// group is exclusive.
func (c *compiler) excludes(a, b string) bool {
	for _, g := range c.p.Groups {
		if g.ID == a || g.ID == b {
			return g.Mode == loyalty.Exclusive
		}
	}
	return false
}

// apart reports whether two lists have no common element. An empty list stands for all values.
func apart[T comparable](a, b []T) bool {
	return len(a) > 0 && len(b) > 0 && !slices.ContainsFunc(a, func(x T) bool { return slices.Contains(b, x) })
}

// giftCards warns of rules that award points for the sale of gift cards.
func (c *compiler) giftCards(root *node) {
	const arbitrage = "would earn points on gift cards, which can be bought and resold repeatedly; the usual multiplier of gift cards is 0"
	for _, item := range root.get("earn").get("categories").list() {
		times := c.quietly(item.get("multiply"))
		if isGiftCard(item.get("category").text()) && times != nil && times.Sign() > 0 {
			c.warn(at(item.get("multiply"), arbitrage))
		}
	}
	for _, e := range c.entries {
		m, multiplies := e.rule.Give.(loyalty.Multiply)
		if multiplies && m.By.Cmp(big.NewRat(1, 1)) <= 0 {
			continue
		}
		for _, n := range e.item.get("categories").list() {
			if isGiftCard(n.text()) {
				c.warn(at(n, arbitrage))
			}
		}
	}
}

func isGiftCard(category string) bool {
	plain := strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(category))
	return strings.TrimSuffix(plain, "s") == "giftcard"
}

// quietly reads a decimal. It returns nil if the value is invalid, which is reported elsewhere.
func (c *compiler) quietly(n *node) *big.Rat {
	if !n.is(number) {
		return nil
	}
	r, _ := decimal(n.value)
	return r
}

// unused warns of groups without rules.
func (c *compiler) unused(n *node) {
	for _, item := range n.list() {
		id := item.get("id")
		if id.text() != "" && !slices.ContainsFunc(c.entries, func(e entry) bool { return e.rule.Group == id.text() }) {
			c.warn(at(id, "no rule belongs to this group"))
		}
	}
}

// sliding rejects an inactivity expiry for the points of only some levels, because an activity extends all points.
func (c *compiler) sliding(n *node) {
	for _, item := range n.list() {
		expires := item.get("expires")
		if f := expires.get("inactive"); f != nil && !c.p.Earn.Expires.Inactive {
			c.add(atKey(f, "requires inactive under earn.purchase.expires too: expiry by inactivity applies to all levels or to none"))
		}
		if f := expires.get("reset_by"); f != nil && expires.get("inactive") != nil {
			c.add(atKey(f, "can only be set for all levels, under earn.purchase.expires"))
		}
	}
}

// returnable warns of points that expire while their orders can still be returned.
func (c *compiler) returnable(expires *node, e loyalty.Expiry) {
	if expires == nil || e.After.IsZero() || e.Inactive || !c.p.Earn.Pending.For.IsZero() || !shorter(e.After, refundWindow) {
		return
	}
	c.warn(at(expires, "points would expire after %s, within the %s in which orders are usually returned; a later refund could not deduct them",
		period(e.After), period(refundWindow)))
}

// shorter reports whether p is shorter than q.
func shorter(p, q loyalty.Period) bool {
	day := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	return p.After(day, time.UTC).Before(q.After(day, time.UTC))
}

// refundWindow is the time in which most orders are returned. It is the withdrawal period of the European Union.
var refundWindow = loyalty.Period{Days: 14}

// shortLived warns of points that expire before they become active, according to the item's own terms or the default
// ones.
func (c *compiler) shortLived(item *node, pending loyalty.Wait, l loyalty.Life) {
	expires := c.p.Earn.Expires
	if l.Pending != nil {
		pending = *l.Pending
	}
	if l.Expires != nil {
		expires = *l.Expires
	}
	where := item.get("expires")
	if where == nil {
		where = item.get("pending")
	}
	if where == nil || pending.Until != "" || expires.After.IsZero() {
		return
	}
	if shorter(expires.After, pending.For) {
		c.warn(at(where, "points would expire after %s, before their pending period of %s ends", period(expires.After), period(pending.For)))
	}
}
