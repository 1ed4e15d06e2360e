package program

import (
	"slices"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

// parseReminders reads the reminders, which are messages that the platform sends to members.
func parseReminders(c *document.Compiler, n *document.Node) (r loyalty.Reminders) {
	if n == nil {
		return r
	}
	r.QuietFrom, r.QuietUntil = quiet(c, n.Get("quiet_hours"))
	r.FrequencyCaps = atMost(c, n.Get("frequency_caps"))
	r.Holdout = c.Share(n.Get("holdout"))
	r.AttributionWindow = validate.Some(c, n.Get("attribution_window"))
	r.Ignored.Wait = validate.Some(c, n.Get("wait_after_ignored"))
	r.Ignored.StopAfter = c.Integer(n.Get("stop_after_ignored"), 1, 100)
	c.Unique(n.Get("messages").List())
	for _, item := range n.Get("messages").List() {
		r.Messages = append(r.Messages, parseReminder(c, item))
	}
	readable(c, n)
	return r
}

// readable warns if the built-in messages are not available in a language of the program.
func readable(c *document.Compiler, n *document.Node) {
	for _, l := range c.Languages {
		if l != "und" && !slices.Contains(remind.MessageLanguages(), l[:2]) {
			c.Warn(
				document.AtKey(
					n, "are sent in English to members who prefer %s; messages are available in %s", l,
					describe.Series(remind.MessageLanguages(), "and"),
				),
			)
		}
	}
}

func quiet(c *document.Compiler, n *document.Node) (from, until int) {
	if n == nil {
		return remind.DefaultQuietFrom, remind.DefaultQuietUntil
	}
	return parseHours(
		c, n,
		"the start and the end are equal; omit quiet_hours for "+describe.ClockTime(remind.DefaultQuietFrom)+" to "+
			describe.ClockTime(remind.DefaultQuietUntil),
	)
}

var sendCapForm = lazyregexp.New(`^([0-9]{1,4}) per (day|week|month)$`)

// atMost reads the frequency caps. The caps are in a fixed order: first the channels, then the cap for all channels
// together.
func atMost(c *document.Compiler, n *document.Node) (caps []loyalty.FrequencyCap) {
	for _, name := range []string{"email", "sms", "push", "webhook", "any"} {
		f := n.Get(name)
		m := sendCapForm.FindStringSubmatch(f.Text())
		if m == nil {
			continue // the schema reports this error
		}
		times, _ := strconv.ParseInt(m[1], 10, 64) // the form allows at most four digits
		if times == 0 {
			c.Add(document.At(f, "0 allows no messages; remove the channel from the reminders instead"))
		}
		channel := loyalty.Channel(name)
		if name == "any" {
			channel = ""
		}
		caps = append(caps, loyalty.FrequencyCap{Channel: channel, Times: times, Per: loyalty.CapPeriod(m[2])})
	}
	return caps
}

func parseReminder(c *document.Compiler, item *document.Node) loyalty.Reminder {
	r := loyalty.Reminder{
		ID:        item.Get("id").Text(),
		On:        parseTrigger(c, item),
		Within:    c.Integer(item.Get("within"), 1, int64(loyalty.MaxPoints)),
		MinPoints: loyalty.Points(c.Integer(item.Get("min_points"), 1, int64(loyalty.MaxPoints))),
		Limits:    parseLimits(c, item.Get("limit")),
		Segments:  c.Labels(item.Get("segments")),
		Tiers:     levelsOf(c, item.Get("tiers")),
		When:      parseMemberCondition(c, item.Get("when")),
		Days:      parseDays(c, item.Get("on")),
		Title:     c.WordsIf(item.Get("title")),
		Body:      c.WordsIf(item.Get("text")),
	}
	for _, channel := range item.Get("channels").List() {
		r.Channels = append(r.Channels, loyalty.Channel(channel.Text()))
	}
	for _, n := range item.Get("at").List() {
		if at := c.Instant(n, c.P.Zone); !at.IsZero() {
			r.At = append(r.At, at)
		}
	}
	slices.SortFunc(r.At, time.Time.Compare)
	r.Purpose = posting.PurposeOf(r.On)
	if class := item.Get("purpose"); class.Text() != "" {
		r.Purpose = loyalty.Purpose(class.Text())
		if r.On == loyalty.BeforeExpiry && r.Purpose == loyalty.Marketing {
			c.Add(document.At(class, "cannot be marketing: a cap must not suppress the message that points expire"))
		}
	}
	if limit := item.Get("limit"); limit != nil && r.On == loyalty.BeforeExpiry {
		c.Add(document.At(limit, "is not allowed: points would expire without notice"))
	}
	leads(c, item, &r)
	aboutWhat(c, item, r)
	wording(c, item, r)
	return r
}

// befores returns the names of the triggers that are valid as the value of the key before.
func befores() (words []string) { return triggers(remind.IsBefore) }

func afters() (words []string) {
	return triggers(func(t loyalty.Trigger) bool {
		return !remind.IsBefore(t) && t != loyalty.NearReward && t != loyalty.NearTier && t != loyalty.Scheduled
	})
}

func triggers(which func(loyalty.Trigger) bool) (words []string) {
	for _, t := range remind.Triggers() {
		if which(t) {
			words = append(words, string(t))
		}
	}
	return words
}

// parseTrigger reads a reminder's trigger. A reminder must have exactly one of the keys before, after, near and at. The
// key on is valid only together with at.
func parseTrigger(c *document.Compiler, item *document.Node) (on loyalty.Trigger) {
	said := 0
	for _, kind := range []struct {
		key   string
		words []string
	}{{"before", befores()}, {"after", afters()}, {"near", nil}} {
		n := item.Get(kind.key)
		if n == nil {
			continue
		}
		said++
		on = loyalty.Trigger(n.Text())
		if kind.words != nil && !slices.Contains(kind.words, n.Text()) && n.Text() != "" {
			c.Add(
				document.At(
					n, "%q is not one of %s", document.Clip(n.Text()), describe.Series(kind.words, "or"),
				).Suggest(nearest.Word(n.Text(), kind.words)),
			)
		}
	}
	if item.Get("at") != nil || item.Get("on") != nil {
		said++
		on = loyalty.Scheduled
	}
	if said != 1 {
		c.Add(document.At(item, "requires exactly one of before, after, near, or at and on; it has %d", said))
	}
	return on
}

// leads reads the periods between a reminder and its trigger. A reminder is sent this long before or after the trigger.
func leads(c *document.Compiler, item *document.Node, r *loyalty.Reminder) {
	by, within := item.Get("by"), item.Get("within")
	items := by.Several()
	for _, n := range items {
		r.Leads = append(r.Leads, validate.Some(c, n))
	}
	near := r.On == loyalty.NearReward || r.On == loyalty.NearTier
	switch {
	case by == nil && !slices.Contains(optionalLead, r.On):
		missing(c, item, "by")
	case by != nil && (near || r.On == loyalty.Scheduled):
		c.Add(document.AtKey(by, "has no effect here, where the time is already given"))
	case len(items) > 1 && !remind.IsBefore(r.On) && !slices.Contains(severalLeads, r.On):
		c.Add(document.AtKey(by, "must have a single value: the message is sent once"))
	}
	switch {
	case near && within == nil:
		missing(c, item, "within")
	case !near && within != nil:
		c.Add(document.AtKey(within, "has no effect without near"))
	}
}

// optionalLead lists the triggers for which a reminder need not state a period. It includes the triggers that never
// have a period, and the empty value for an unknown trigger.
var optionalLead = []loyalty.Trigger{
	"", loyalty.NearReward, loyalty.NearTier, loyalty.Scheduled,
	loyalty.AfterActive, loyalty.OnBirthday, loyalty.OnAnniversary, loyalty.AfterJoining, loyalty.AfterOrder,
}

// severalLeads lists the triggers that can be followed by several messages, one for each period.
var severalLeads = []loyalty.Trigger{
	loyalty.AfterIdle, loyalty.AfterAbsence, loyalty.AfterClaim, loyalty.AfterJoining, loyalty.AfterOrder,
	loyalty.AfterReferral,
}

// measuring is the instant from which two periods are measured, so that their lengths can be compared.
var measuring = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// reaches reports whether period a is at least as long as period b.
func reaches(a, b calendar.Period) bool {
	return !a.After(measuring, time.UTC).Before(b.After(measuring, time.UTC))
}

// aboutWhat rejects reminders about features that the program does not have, and reminders that would be sent at an
// impossible time.
func aboutWhat(c *document.Compiler, item *document.Node, r loyalty.Reminder) {
	by := item.Get("by")
	late := func(limit calendar.Period, words string) {
		for _, lead := range r.Leads {
			if !limit.IsZero() && reaches(lead, limit) {
				c.Add(document.At(by, words, describe.Period(lead), describe.Period(limit)))
				return
			}
		}
	}
	switch r.On {
	case loyalty.BeforeExpiry:
		if !remind.Expiries(&c.P.Earning, &c.P.Tiers) {
			c.Warn(document.AtKey(item.Get("before"), "never applies: points of this program do not expire"))
			return
		}
		late(c.P.Earn.Expires.After, "%s before the expiry is before the points are earned; they expire after %s")
	case loyalty.BeforeTier, loyalty.NearTier:
		if len(c.P.Tiers.Levels) == 0 {
			c.Add(document.At(item, "requires levels, and the program has none"))
		}
	case loyalty.NearReward:
		if len(c.P.Rewards) == 0 {
			c.Add(document.At(item, "requires rewards, and the program has none"))
		}
	case loyalty.AfterClaim, loyalty.BeforeCode:
		aboutCodes(c, item, r, late)
	case loyalty.AfterReferral:
		if !slices.ContainsFunc(
			c.P.Earn.Actions, func(a loyalty.Action) bool { return a.Event == posting.EventConverted },
		) {
			c.Add(document.At(item, "requires referrals, and no action is for %s", posting.EventConverted))
		}
	case loyalty.BeforeHold:
		late(describe.Holding(c.P), "%s before the end is before the reservation, which lasts %s")
	case loyalty.AfterActive, loyalty.AfterOrder:
		late(calendar.Period{Days: remind.MaxLeadAfter + 1}, "%s is too late; it must be less than %s")
	}
}

func aboutCodes(c *document.Compiler, item *document.Node, r loyalty.Reminder, late func(calendar.Period, string)) {
	var shortest calendar.Period
	own := false
	for _, reward := range c.P.Rewards {
		if reward.Codes.From == loyalty.NoCode || reward.Codes.From == loyalty.SharedCode {
			continue
		}
		own = true
		if lasts := redeem.CodeLasts(&c.P.Redemption, &reward); !lasts.IsZero() && (shortest.IsZero() ||
			!reaches(lasts, shortest)) {
			shortest = lasts
		}
	}
	switch {
	case !own:
		c.Add(document.At(item, "requires codes, and no reward issues individual codes"))
	case r.On == loyalty.BeforeCode && shortest.IsZero():
		c.Add(document.At(item, "requires codes that expire, and none does"))
	case r.On == loyalty.BeforeCode:
		late(shortest, "%s before the end is before the code is issued; it can be used for %s")
	default:
		late(shortest, "%s after it was issued a code has already expired; it can be used for %s")
	}
}

// wording requires a text for scheduled reminders. It rejects a text for other reminders, because these have a built-in
// text.
func wording(c *document.Compiler, item *document.Node, r loyalty.Reminder) {
	for _, name := range []string{"title", "text"} {
		switch n := item.Get(name); {
		case r.On == loyalty.Scheduled && n == nil:
			missing(c, item, name)
		case r.On != loyalty.Scheduled && r.On != "" && n != nil:
			c.Add(document.AtKey(n, "has no effect here: the content of this message is fixed"))
		}
	}
}
