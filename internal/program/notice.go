package program

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
	"github.com/perennial-loyalty/perennial/internal/program/document"
)

// parseAdvanceNotice reads how long in advance members must be notified that points or levels will expire.
func parseAdvanceNotice(c *document.Compiler, root *document.Node) {
	n := root.Get("advance_notice")
	if n == nil {
		return
	}
	length, a := n, loyalty.AdvanceNotice{MaxExtensions: posting.DefaultMaxExtensions}
	if n.Is(document.Mapping) {
		if length = n.Get("period"); length == nil {
			missing(c, n, "period")
		}
		if most := n.Get("max_extensions"); most != nil {
			a.MaxExtensions = int(c.Integer(most, 1, posting.MaxExtensions))
		}
	}
	a.Period = parseLifetime(c, length)
	c.P.AdvanceNotice = a
	unnoticed(c, n)
	livesForNotice(c, root)
}

// unnoticed warns if points or levels can expire, but no reminder announces the expiry early enough.
func unnoticed(c *document.Compiler, n *document.Node) {
	for _, what := range []struct {
		ends    bool
		on      loyalty.Trigger
		subject string
	}{
		{remind.Expiries(&c.P.Earning, &c.P.Tiers), loyalty.BeforeExpiry, "points"},
		{len(c.P.Tiers.Levels) > 1 && c.P.Tiers.MoveDown != loyalty.StayUp, loyalty.BeforeTier, "levels"},
	} {
		inTime := slices.ContainsFunc(c.P.Reminders.Messages, func(r loyalty.Reminder) bool {
			return r.On == what.on && slices.ContainsFunc(r.Leads, func(lead calendar.Period) bool {
				return reaches(lead, c.P.AdvanceNotice.Period)
			})
		})
		if what.ends && !inTime {
			c.Warn(document.AtKey(n,
				"no reminder (before: %s) is sent %s before or earlier, so %s are extended each time", what.on,
				describe.Period(c.P.AdvanceNotice.Period), what.subject))
		}
	}
}

// livesForNotice rejects points that could expire so early that no notice can be sent in time.
func livesForNotice(c *document.Compiler, root *document.Node) {
	livesLongEnough(c, root.Get("earn").Get("purchase").Get("expires"), &c.P.Earn.Expires)
	for i, item := range root.Get("tiers").Get("levels").List() {
		livesLongEnough(c, item.Get("expires"), c.P.Tiers.Levels[i].Expires)
	}
	for _, e := range c.Entries {
		livesLongEnough(c, e.Item.Get("expires"), e.Rule.Life.Expires)
	}
	for i, item := range root.Get("earn").Get("actions").List() {
		if a := c.P.Earn.Actions[i]; a.Wallet == "" {
			livesLongEnough(c, item.Get("expires"), a.Life.Expires)
		}
	}
}

func livesLongEnough(c *document.Compiler, n *document.Node, e *calendar.Expiry) {
	length := c.P.AdvanceNotice.Period
	if n == nil || e == nil || e.Never() || length.IsZero() || e.Inactive && e.After.IsZero() {
		return
	}
	earned := time.Date(2024, 1, 1, 23, 59, 0, 0, time.UTC)
	for range 4 * 366 { // tries every day of four years, including a leap day
		expires := e.Date(earned, earned, time.UTC).End(time.UTC)
		if e.Anniversary != "" {
			expires = e.After.After(earned, time.UTC)
		}
		if expires.Before(length.After(earned, time.UTC)) {
			problem := document.At(n, "some points expire in less than %s, before a notice could be sent",
				describe.Period(length))
			if len(e.On) > 0 || e.Anniversary != "" {
				problem = document.At(n, "some points expire in less than %s, before a notice could be sent; "+
					"write after: %s too", describe.Period(length), describe.Period(length))
			}
			c.Add(problem)
			return
		}
		earned = earned.AddDate(0, 0, 1)
	}
}
