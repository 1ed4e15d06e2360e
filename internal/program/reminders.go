package program

import (
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// reminders reads the reminders, which are messages that members did not request.
func (c *compiler) reminders(n *node) (r loyalty.Reminders) {
	if n == nil {
		return r
	}
	r.QuietFrom, r.QuietUntil = c.quiet(n.get("quiet_hours"))
	r.FrequencyCaps = c.atMost(n.get("frequency_caps"))
	r.Holdout = c.share(n.get("holdout"))
	r.AttributionWindow = c.some(n.get("attribution_window"))
	r.Ignored.Wait = c.some(n.get("wait_after_ignored"))
	r.Ignored.StopAfter = c.integer(n.get("stop_after_ignored"), 1, 100)
	c.unique(n.get("messages").list())
	for _, item := range n.get("messages").list() {
		r.Messages = append(r.Messages, c.reminder(item))
	}
	c.readable(n)
	return r
}

// readable warns of languages of the program in which no messages are available.
func (c *compiler) readable(n *node) {
	for _, l := range c.languages {
		if l != "und" && !slices.Contains(remind.MessageLanguages(), l[:2]) {
			c.warn(atKey(n, "are sent in English to members who prefer %s; messages are available in %s", l, series(remind.MessageLanguages(), "and")))
		}
	}
}

func (c *compiler) quiet(n *node) (from, until int) {
	if n == nil {
		return remind.DefaultQuietFrom, remind.DefaultQuietUntil
	}
	return c.hours(n, "the start and the end are equal; omit quiet_hours for "+clockTime(remind.DefaultQuietFrom)+" to "+clockTime(remind.DefaultQuietUntil))
}

var sendCapForm = regexp.MustCompile(`^([0-9]{1,4}) per (day|week|month)$`)

// atMost reads the frequency caps, in the fixed order of the channels with the total cap last.
func (c *compiler) atMost(n *node) (caps []loyalty.FrequencyCap) {
	for _, name := range []string{"email", "sms", "push", "webhook", "any"} {
		f := n.get(name)
		m := sendCapForm.FindStringSubmatch(f.text())
		if m == nil {
			continue // the schema reports it
		}
		times, _ := strconv.ParseInt(m[1], 10, 64) // four digits
		if times == 0 {
			c.add(at(f, "0 allows no messages; remove the channel from the reminders instead"))
		}
		channel := loyalty.Channel(name)
		if name == "any" {
			channel = ""
		}
		caps = append(caps, loyalty.FrequencyCap{Channel: channel, Times: times, Per: loyalty.CapPeriod(m[2])})
	}
	return caps
}

func (c *compiler) reminder(item *node) loyalty.Reminder {
	r := loyalty.Reminder{
		ID:        item.get("id").text(),
		On:        c.trigger(item),
		Within:    c.integer(item.get("within"), 1, int64(loyalty.MaxPoints)),
		MinPoints: loyalty.Points(c.integer(item.get("min_points"), 1, int64(loyalty.MaxPoints))),
		Limits:    c.limits(item.get("limit")),
		Segments:  c.labels(item.get("segments")),
		Tiers:     c.levelsOf(item.get("tiers")),
		When:      c.memberCondition(item.get("when")),
		Days:      c.days(item.get("on")),
		Title:     c.wordsIf(item.get("title")),
		Body:      c.wordsIf(item.get("text")),
	}
	for _, channel := range item.get("channels").list() {
		r.Channels = append(r.Channels, loyalty.Channel(channel.text()))
	}
	for _, n := range item.get("at").list() {
		if at := c.instant(n, c.p.Zone); !at.IsZero() {
			r.At = append(r.At, at)
		}
	}
	slices.SortFunc(r.At, time.Time.Compare)
	r.Purpose = posting.PurposeOf(r.On)
	if class := item.get("purpose"); class.text() != "" {
		r.Purpose = loyalty.Purpose(class.text())
		if r.On == loyalty.BeforeExpiry && r.Purpose == loyalty.Marketing {
			c.add(at(class, "cannot be marketing: a cap must not suppress the message that points expire"))
		}
	}
	if limit := item.get("limit"); limit != nil && r.On == loyalty.BeforeExpiry {
		c.add(at(limit, "is not allowed: points would expire without notice"))
	}
	c.leads(item, &r)
	c.aboutWhat(item, r)
	c.wording(item, r)
	return r
}

// befores returns the triggers that are allowed under the key before.
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

// trigger reads a reminder's trigger from exactly one of the keys before, after, near, and at with on.
func (c *compiler) trigger(item *node) (on loyalty.Trigger) {
	said := 0
	for _, kind := range []struct {
		key   string
		words []string
	}{{"before", befores()}, {"after", afters()}, {"near", nil}} {
		n := item.get(kind.key)
		if n == nil {
			continue
		}
		said++
		on = loyalty.Trigger(n.text())
		if kind.words != nil && !slices.Contains(kind.words, n.text()) && n.text() != "" {
			c.add(at(n, "%q is not one of %s", clip(n.text()), series(kind.words, "or")).Suggest(nearest.Word(n.text(), kind.words)))
		}
	}
	if item.get("at") != nil || item.get("on") != nil {
		said++
		on = loyalty.Scheduled
	}
	if said != 1 {
		c.add(at(item, "requires exactly one of before, after, near, or at and on; it has %d", said))
	}
	return on
}

// leads reads one or several periods before or after the trigger.
func (c *compiler) leads(item *node, r *loyalty.Reminder) {
	by := item.get("by")
	items := by.several()
	for _, n := range items {
		r.Leads = append(r.Leads, c.some(n))
	}
	optional := slices.Contains([]loyalty.Trigger{
		loyalty.AfterActive, loyalty.OnBirthday, loyalty.OnAnniversary, loyalty.AfterJoining, loyalty.AfterOrder,
	}, r.On)
	several := remind.IsBefore(r.On) || slices.Contains([]loyalty.Trigger{loyalty.AfterIdle, loyalty.AfterAbsence, loyalty.AfterClaim, loyalty.AfterJoining, loyalty.AfterOrder, loyalty.AfterReferral}, r.On)
	near := r.On == loyalty.NearReward || r.On == loyalty.NearTier
	switch {
	case by == nil && !optional && !near && r.On != loyalty.Scheduled && r.On != "":
		c.missing(item, "by")
	case by != nil && (near || r.On == loyalty.Scheduled):
		c.add(atKey(by, "has no effect here, where the time is already given"))
	case len(items) > 1 && !several:
		c.add(atKey(by, "must have a single value: the message is sent once"))
	}
	switch within := item.get("within"); {
	case near && within == nil:
		c.missing(item, "within")
	case !near && within != nil:
		c.add(atKey(within, "has no effect without near"))
	}
}

// measuring is the date from which periods are compared.
var measuring = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// reaches reports whether a is at least as long as b.
func reaches(a, b loyalty.Period) bool {
	return !a.After(measuring, time.UTC).Before(b.After(measuring, time.UTC))
}

// aboutWhat rejects reminders of features that the program does not have, and reminders that would be sent too late.
func (c *compiler) aboutWhat(item *node, r loyalty.Reminder) {
	by := item.get("by")
	late := func(limit loyalty.Period, words string) {
		for _, lead := range r.Leads {
			if !limit.IsZero() && reaches(lead, limit) {
				c.add(at(by, words, period(lead), period(limit)))
				return
			}
		}
	}
	switch r.On {
	case loyalty.BeforeExpiry:
		if !remind.Expiries(c.p) {
			c.warn(atKey(item.get("before"), "never applies: points of this program do not expire"))
			return
		}
		late(c.p.Earn.Expires.After, "%s before the expiry is before the points are earned; they expire after %s")
	case loyalty.BeforeTier, loyalty.NearTier:
		if len(c.p.Tiers.Levels) == 0 {
			c.add(at(item, "requires levels, and the program has none"))
		}
	case loyalty.NearReward:
		if len(c.p.Rewards) == 0 {
			c.add(at(item, "requires rewards, and the program has none"))
		}
	case loyalty.AfterClaim, loyalty.BeforeCode:
		c.aboutCodes(item, r, late)
	case loyalty.AfterReferral:
		if !slices.ContainsFunc(c.p.Earn.Actions, func(a loyalty.Action) bool { return a.Event == award.EventConverted }) {
			c.add(at(item, "requires referrals, and no action is for %s", award.EventConverted))
		}
	case loyalty.BeforeHold:
		late(holding(c.p), "%s before the end is before the reservation, which lasts %s")
	case loyalty.AfterActive, loyalty.AfterOrder:
		late(loyalty.Period{Days: remind.MaxLeadAfter + 1}, "%s is too late; it must be less than %s")
	}
}

func (c *compiler) aboutCodes(item *node, r loyalty.Reminder, late func(loyalty.Period, string)) {
	var shortest loyalty.Period
	own := false
	for _, reward := range c.p.Rewards {
		if reward.Codes.From == loyalty.NoCode || reward.Codes.From == loyalty.SharedCode {
			continue
		}
		own = true
		if lasts := redeem.CodeLasts(c.p, &reward); !lasts.IsZero() && (shortest.IsZero() || !reaches(lasts, shortest)) {
			shortest = lasts
		}
	}
	switch {
	case !own:
		c.add(at(item, "requires codes, and no reward issues individual codes"))
	case r.On == loyalty.BeforeCode && shortest.IsZero():
		c.add(at(item, "requires codes that expire, and none does"))
	case r.On == loyalty.BeforeCode:
		late(shortest, "%s before the end is before the code is issued; it can be used for %s")
	default:
		late(shortest, "%s after it was issued a code has already expired; it can be used for %s")
	}
}

// wording requires texts for scheduled reminders and rejects them for reminders with built-in texts.
func (c *compiler) wording(item *node, r loyalty.Reminder) {
	for _, name := range []string{"title", "text"} {
		switch n := item.get(name); {
		case r.On == loyalty.Scheduled && n == nil:
			c.missing(item, name)
		case r.On != loyalty.Scheduled && r.On != "" && n != nil:
			c.add(atKey(n, "has no effect here: the content of this message is fixed"))
		}
	}
}
