package program

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
)

// actions reads the points that events other than orders earn.
func (c *compiler) actions(n *node) (actions []loyalty.Action) {
	c.unique(n.list())
	for _, item := range n.list() {
		event, points := item.get("event"), item.get("points")
		a := loyalty.Action{
			ID:       item.get("id").text(),
			Event:    event.text(),
			Limits:   c.limits(item.get("limit")),
			Cooldown: c.cooldown(item.get("cooldown")),
			Tiers:    c.levelsOf(item.get("tiers")),
			Segments: c.labels(item.get("segments")),
			Life:     c.life(item),
			Wallet:   c.otherWallet(item.get("wallet")),
		}
		c.sides(points, &a)
		a.From, a.Until = c.span(item)
		if c.event(event, own...) {
			a.When = c.eventCondition(item.get("when"), a.Event)
		}
		if a.Event == award.EventConverted && a.When != nil && a.When.OrderNumbers() > 0 {
			c.add(at(item.get("when"), "must not use the order's number: a referral is earned by the friend's first order "+
				"that meets the other conditions; remove it"))
		}
		c.ownWait(item, a)
		c.yearly(item, a)
		c.inactiveAlone(item)
		c.shortLived(item, loyalty.Wait{}, a.Life) // active at once unless stated otherwise
		actions = append(actions, a)
	}
	return actions
}

// sides reads the points of an action. A referral has points for the referrer and for the friend.
func (c *compiler) sides(points *node, a *loyalty.Action) {
	number := func(n *node) loyalty.Points { return loyalty.Points(c.integer(n, 1, int64(loyalty.MaxPoints))) }
	switch two := points.is(mapping); {
	case two && a.Event != award.EventConverted && a.Event != "":
		c.add(at(points, "names two recipients, which only referral.converted allows; write a number"))
	case two:
		a.Points, a.Friend = number(points.get("referrer")), number(points.get("friend"))
	default:
		a.Points = number(points)
	}
}

// cooldown reads the time during which an action earns nothing after it has earned.
func (c *compiler) cooldown(n *node) loyalty.Period {
	p := c.some(n)
	if p.Hours > 0 || p.Minutes > 0 {
		c.add(at(n, "%s is not a number of days, weeks or months", n.value))
	}
	return p
}

// ownWait rejects a pending condition that waits for the delivery of an event.
func (c *compiler) ownWait(item *node, a loyalty.Action) {
	if a.Life.Pending != nil && a.Life.Pending.Until != "" {
		c.add(at(item.get("pending").get("until"), "events are never %s; only orders are", a.Life.Pending.Until))
	}
}

// yearly warns if an event that occurs only once a year has a limit.
func (c *compiler) yearly(item *node, a loyalty.Action) {
	if a.Event != award.EventBirthday && a.Event != award.EventAnniversary {
		return
	}
	for _, l := range a.Limits {
		if l != (loyalty.Limit{Times: 1, Per: loyalty.PerYear}) {
			c.warn(at(
				item.get("limit"), "%s happens once a year, so this limit has no effect or is too strict; 1 per year is usual",
				a.Event,
			))
			return
		}
	}
}
