package validate

import (
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
)

// Sense checks the complete program for problems that involve more than one section.
func Sense(c *document.Compiler, root *document.Node) {
	returnable(c, root.Get("earn").Get("purchase").Get("expires"), c.P.Earn.Expires)
	for _, e := range c.Entries {
		contradictions(c, e.Item, e.Rule)
		ShortLived(c, e.Item, c.P.Earn.Pending, e.Rule.Life)
	}
	overlaps(c)
	giftCards(c, root)
	returns(c, root)
	outOfReach(c, root)
	unused(c, root.Get("stacking"))
	sliding(c, root.Get("tiers").Get("levels"))
	ShortLived(c, root.Get("earn").Get("purchase"), c.P.Earn.Pending, loyalty.Life{Expires: &c.P.Earn.Expires})
	for i, item := range root.Get("tiers").Get("levels").List() {
		ShortLived(c, item, c.P.Earn.Pending, loyalty.Life{Expires: c.P.Tiers.Levels[i].Expires})
	}
}

// Twice rejects rules that differ only in their IDs and names. It runs only if a file has no other problems, because
// invalid values could hide differences.
func Twice(c *document.Compiler) {
	seen := map[string]*document.Node{}
	for _, e := range c.Entries {
		does := snapshot.Does(e.Rule)
		if other := seen[does]; other != nil {
			c.Add(
				document.At(
					e.Item, "does the same as %s on line %d; remove one of them", other.Get("id").Text(), other.Line,
				),
			)
			continue
		}
		seen[does] = e.Item
	}
}

// overlaps warns if two campaigns of different groups multiply the points of the same orders.
func overlaps(c *document.Compiler) {
	var multiplied []*document.Entry // the campaigns that give more points, in their order
	one := big.NewRat(1, 1)
	for i := range c.Entries[len(c.P.Earn.Rules):] {
		e := &c.Entries[len(c.P.Earn.Rules)+i]
		if m, ok := e.Rule.Give.(loyalty.Multiply); ok && m.By.Cmp(one) > 0 {
			multiplied = append(multiplied, e)
		}
	}
	for i, e := range multiplied {
		for _, other := range multiplied[:i] { // at most one warning per campaign: there may be millions of pairs
			if !both(c, &e.Rule, &other.Rule) {
				continue
			}
			by := new(big.Rat).Add(e.Rule.Give.(loyalty.Multiply).By, other.Rule.Give.(loyalty.Multiply).By)
			c.Warn(document.At(e.Item, "overlaps with %s of another group: orders in both earn %s times the points",
				other.Item.Get("id").Text(), describe.Digits(by.Sub(by, one))))
			break
		}
	}
}

// both reports whether an order can match two campaigns of different groups, and receive the points of both.
func both(c *document.Compiler, a, b *loyalty.Rule) bool {
	return a.Group != b.Group && a.Match.From.Before(b.Match.Until) && b.Match.From.Before(a.Match.Until) &&
		!neverBoth(&a.Match, &b.Match) && !excludes(c, a.Group, b.Group)
}

// neverBoth reports whether no order can match both m and n, because a list in m has no element in common with the same
// list in n.
func neverBoth(m, n *loyalty.Match) bool {
	return apart(m.Categories, n.Categories) || apart(m.SKUs, n.SKUs) || apart(m.Brands, n.Brands) ||
		apart(m.Channels, n.Channels) || apart(m.Stores, n.Stores) || apart(m.Currencies, n.Currencies) ||
		apart(m.Tiers, n.Tiers) || apart(m.Weekdays, n.Weekdays)
}

// excludes reports whether the rules of groups a and b never apply to the same order, because the group that comes
// first in the file is exclusive.
func excludes(c *document.Compiler, a, b string) bool {
	for _, g := range c.P.Groups {
		if g.ID == a || g.ID == b {
			return g.Mode == loyalty.Exclusive
		}
	}
	return false
}

// apart reports whether two lists have no common element. An empty list matches all values, so it is never apart from
// another list.
func apart[T comparable](a, b []T) bool {
	return len(a) > 0 && len(b) > 0 && !slices.ContainsFunc(a, func(x T) bool { return slices.Contains(b, x) })
}

// giftCards warns of rules that award points when gift cards are sold.
func giftCards(c *document.Compiler, root *document.Node) {
	const arbitrage = "would earn points on gift cards, which can be bought and resold repeatedly; " +
		"the usual multiplier of gift cards is 0"
	for _, item := range root.Get("earn").Get("categories").List() {
		times := quietly(c, item.Get("multiply"))
		if isGiftCard(item.Get("category").Text()) && times != nil && times.Sign() > 0 {
			c.Warn(document.At(item.Get("multiply"), arbitrage))
		}
	}
	for _, e := range c.Entries {
		m, multiplies := e.Rule.Give.(loyalty.Multiply)
		if multiplies && m.By.Cmp(big.NewRat(1, 1)) <= 0 {
			continue
		}
		for _, n := range e.Item.Get("categories").List() {
			if isGiftCard(n.Text()) {
				c.Warn(document.At(n, arbitrage))
			}
		}
	}
}

func isGiftCard(category string) bool {
	plain := strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(category))
	return strings.TrimSuffix(plain, "s") == "giftcard"
}

// quietly reads a decimal. It returns nil for an invalid value and adds no problem, because another check reports the
// value.
func quietly(c *document.Compiler, n *document.Node) *big.Rat {
	if !n.Is(document.Number) {
		return nil
	}
	r, _ := document.Decimal(n.Value)
	return r
}

// unused warns of groups that no rule uses.
func unused(c *document.Compiler, n *document.Node) {
	for _, item := range n.List() {
		id := item.Get("id")
		if id.Text() != "" &&
			!slices.ContainsFunc(c.Entries, func(e document.Entry) bool { return e.Rule.Group == id.Text() }) {
			c.Warn(document.At(id, "no rule belongs to this group"))
		}
	}
}

// sliding rejects an expiry after inactivity that applies only to the points of some levels, because an activity
// extends all points.
func sliding(c *document.Compiler, n *document.Node) {
	for _, item := range n.List() {
		expires := item.Get("expires")
		if f := expires.Get("inactive"); f != nil && !c.P.Earn.Expires.Inactive {
			c.Add(
				document.AtKey(
					f,
					"requires inactive under earn.purchase.expires too: "+
						"expiry by inactivity applies to all levels or to none",
				),
			)
		}
		if f := expires.Get("reset_by"); f != nil && expires.Get("inactive") != nil {
			c.Add(document.AtKey(f, "can only be set for all levels, under earn.purchase.expires"))
		}
	}
}

// returnable warns if points can expire while their orders can still be returned.
func returnable(c *document.Compiler, expires *document.Node, e calendar.Expiry) {
	if expires == nil || e.After.IsZero() || e.Inactive || !c.P.Earn.Pending.For.IsZero() ||
		!shorter(e.After, refundWindow) {
		return
	}
	c.Warn(document.At(expires,
		"points would expire after %s, within the %s in which orders are usually returned; "+
			"a later refund could not deduct them",
		describe.Period(e.After), describe.Period(refundWindow)))
}

// shorter reports whether period p is shorter than period q.
func shorter(p, q calendar.Period) bool {
	day := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	return p.After(day, time.UTC).Before(q.After(day, time.UTC))
}

// refundWindow is the time in which most returns happen. It is the withdrawal period of the European Union.
var refundWindow = calendar.Period{Days: 14}

// ShortLived warns of points that expire before they become active. The item's own terms replace the default terms.
func ShortLived(c *document.Compiler, item *document.Node, pending calendar.Wait, l loyalty.Life) {
	expires := c.P.Earn.Expires
	if l.Pending != nil {
		pending = *l.Pending
	}
	if l.Expires != nil {
		expires = *l.Expires
	}
	where := item.Get("expires")
	if where == nil {
		where = item.Get("pending")
	}
	if where == nil || pending.Until != "" || expires.After.IsZero() {
		return
	}
	if shorter(expires.After, pending.For) {
		c.Warn(
			document.At(
				where, "points would expire after %s, before their pending period of %s ends",
				describe.Period(expires.After), describe.Period(pending.For),
			),
		)
	}
}
