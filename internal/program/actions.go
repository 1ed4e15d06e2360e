package program

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

// parseActions reads the points that members earn for events other than orders.
func parseActions(c *document.Compiler, n *document.Node) (actions []loyalty.Action) {
	c.Unique(n.List())
	for _, item := range n.List() {
		event, points := item.Get("event"), item.Get("points")
		a := loyalty.Action{
			ID:       item.Get("id").Text(),
			Event:    event.Text(),
			Limits:   parseLimits(c, item.Get("limit")),
			Cooldown: parseCooldown(c, item.Get("cooldown")),
			Tiers:    levelsOf(c, item.Get("tiers")),
			Segments: c.Labels(item.Get("segments")),
			Life:     parseLife(c, item),
			Wallet:   otherWallet(c, item.Get("wallet")),
		}
		parseSides(c, points, &a)
		a.From, a.Until = parseSpan(c, item)
		if checkEventType(c, event, own...) {
			a.When = parseEventCondition(c, item.Get("when"), a.Event)
		}
		if a.Event == posting.EventConverted && a.When != nil && a.When.OrderNumbers() > 0 {
			c.Add(document.At(item.Get("when"), "must not use the order's number: "+
				"a referral is earned by the friend's first order that meets the other conditions; remove it"))
		}
		ownWait(c, item, a)
		parseYearly(c, item, a)
		validate.InactiveAlone(c, item)
		validate.ShortLived(c, item, calendar.Wait{}, a.Life) // by default, points become active at once
		actions = append(actions, a)
	}
	return actions
}

// parseSides reads the points of an action. A referral has separate points for the referrer and for the friend.
func parseSides(c *document.Compiler, points *document.Node, a *loyalty.Action) {
	number := func(n *document.Node) loyalty.Points {
		return loyalty.Points(c.Integer(n, 1, int64(loyalty.MaxPoints)))
	}
	switch two := points.Is(document.Mapping); {
	case two && a.Event != posting.EventConverted && a.Event != "":
		c.Add(document.At(points, "names two recipients, which only referral.converted allows; write a number"))
	case two:
		a.Points, a.Friend = number(points.Get("referrer")), number(points.Get("friend"))
	default:
		a.Points = number(points)
	}
}

// parseCooldown reads an action's cooldown: the time for which the action earns nothing after a member has earned
// points with it.
func parseCooldown(c *document.Compiler, n *document.Node) calendar.Period {
	p := validate.Some(c, n)
	if p.Hours > 0 || p.Minutes > 0 {
		c.Add(document.At(n, "%s is not a number of days, weeks or months", n.Value))
	}
	return p
}

// ownWait rejects an action whose points stay pending until an order reaches a status, such as delivered, because an
// event has no order.
func ownWait(c *document.Compiler, item *document.Node, a loyalty.Action) {
	if a.Life.Pending != nil && a.Life.Pending.Until != "" {
		c.Add(
			document.At(item.Get("pending").Get("until"), "events are never %s; only orders are", a.Life.Pending.Until),
		)
	}
}

// parseYearly warns if an event that occurs only once a year has a limit.
func parseYearly(c *document.Compiler, item *document.Node, a loyalty.Action) {
	if a.Event != award.EventBirthday && a.Event != award.EventAnniversary {
		return
	}
	for _, l := range a.Limits {
		if l != (loyalty.Limit{Times: 1, Per: loyalty.PerYear}) {
			c.Warn(document.At(
				item.Get("limit"),
				"%s happens once a year, so this limit has no effect or is too strict; 1 per year is usual",
				a.Event,
			))
			return
		}
	}
}
