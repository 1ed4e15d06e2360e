package program

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
)

// advanceNotice reads how long before the expiry of points and levels members receive notice.
func (c *compiler) advanceNotice(root *node) {
	n := root.get("advance_notice")
	if n == nil {
		return
	}
	length, a := n, loyalty.AdvanceNotice{MaxExtensions: posting.DefaultMaxExtensions}
	if n.is(mapping) {
		if length = n.get("period"); length == nil {
			c.missing(n, "period")
		}
		if most := n.get("max_extensions"); most != nil {
			a.MaxExtensions = int(c.integer(most, 1, posting.MaxExtensions))
		}
	}
	a.Period = c.lifetime(length)
	c.p.AdvanceNotice = a
	c.unnoticed(n)
	c.livesForNotice(root)
}

// unnoticed warns of points and levels for which no reminder sends notice early enough.
func (c *compiler) unnoticed(n *node) {
	for _, what := range []struct {
		ends    bool
		on      loyalty.Trigger
		subject string
	}{
		{remind.Expiries(c.p), loyalty.BeforeExpiry, "points"},
		{len(c.p.Tiers.Levels) > 1 && c.p.Tiers.MoveDown != loyalty.StayUp, loyalty.BeforeTier, "levels"},
	} {
		inTime := slices.ContainsFunc(c.p.Reminders.Messages, func(r loyalty.Reminder) bool {
			return r.On == what.on && slices.ContainsFunc(r.Leads, func(lead loyalty.Period) bool {
				return reaches(lead, c.p.AdvanceNotice.Period)
			})
		})
		if what.ends && !inTime {
			c.warn(atKey(n, "no reminder (before: %s) is sent %s before or earlier, so %s are extended each time", what.on,
				period(c.p.AdvanceNotice.Period), what.subject))
		}
	}
}

// livesForNotice rejects points that can expire before their notice could be sent in time.
func (c *compiler) livesForNotice(root *node) {
	c.livesLongEnough(root.get("earn").get("purchase").get("expires"), &c.p.Earn.Expires)
	for i, item := range root.get("tiers").get("levels").list() {
		c.livesLongEnough(item.get("expires"), c.p.Tiers.Levels[i].Expires)
	}
	for _, e := range c.entries {
		c.livesLongEnough(e.item.get("expires"), e.rule.Life.Expires)
	}
	for i, item := range root.get("earn").get("actions").list() {
		if a := c.p.Earn.Actions[i]; a.Wallet == "" {
			c.livesLongEnough(item.get("expires"), a.Life.Expires)
		}
	}
}

func (c *compiler) livesLongEnough(n *node, e *loyalty.Expiry) {
	length := c.p.AdvanceNotice.Period
	if n == nil || e == nil || e.Never() || length.IsZero() || e.Inactive && e.After.IsZero() {
		return
	}
	earned := time.Date(2024, 1, 1, 23, 59, 0, 0, time.UTC)
	for range 4 * 366 { // days of every year
		expires := e.Date(earned, earned, time.UTC).End(time.UTC)
		if e.Anniversary != "" {
			expires = e.After.After(earned, time.UTC)
		}
		if expires.Before(length.After(earned, time.UTC)) {
			problem := at(n, "some points expire in less than %s, before a notice could be sent",
				period(length))
			if len(e.On) > 0 || e.Anniversary != "" {
				problem = at(n, "some points expire in less than %s, before a notice could be sent; "+
					"write after: %s too", period(length), period(length))
			}
			c.add(problem)
			return
		}
		earned = earned.AddDate(0, 0, 1)
	}
}
