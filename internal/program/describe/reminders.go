package describe

import (
	"fmt"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// reminders describes the messages that members receive without a request, and their frequency caps.
func (e *explainer) reminders() {
	r := e.p.Reminders
	if len(r.Messages) == 0 {
		return
	}
	e.say(
		"Members who consented receive reminders, but not from %s to %s of their local time.", ClockTime(r.QuietFrom),
		ClockTime(r.QuietUntil),
	)
	for _, c := range r.FrequencyCaps {
		by := "by " + channelName(c.Channel)
		if c.Channel == "" {
			by = "in total"
		}
		e.say("- Marketing is sent at most %s %s.", capped(c.Times, c.Per), by)
	}
	if r.Ignored.StopAfter > 0 || !r.Ignored.Wait.IsZero() {
		e.ignored(r.Ignored)
	}
	if r.Holdout != nil {
		e.say("- %s of the members receive no marketing, to measure its effect.", percentage(r.Holdout))
	}
	for _, one := range r.Messages {
		e.reminder(one)
	}
}

func (e *explainer) ignored(r loyalty.IgnoredRule) {
	if !r.Wait.IsZero() {
		e.say(
			"- After ignored marketing the next message waits for %s, then twice, then four times as long.",
			Period(r.Wait),
		)
	}
	if r.StopAfter > 0 {
		e.say("- After %d ignored messages in a row no more are sent until the member orders or redeems.", r.StopAfter)
	}
}

func (e *explainer) reminder(r loyalty.Reminder) {
	parts := []string{e.when(r)}
	if r.MinPoints > 0 {
		parts = append(parts, "if it is about "+e.whole(int64(r.MinPoints))+" or more")
	}
	parts = append(parts, e.whose(r.Tiers, r.Segments)...)
	if r.When != nil {
		parts = append(parts, asked(r.When, ""))
	}
	if len(r.Limits) > 0 {
		parts = append(parts, often(r.Limits)...)
	}
	var by []string
	for _, c := range r.Channels {
		by = append(by, channelName(c))
	}
	kind := "marketing"
	if r.Purpose == loyalty.Transactional {
		kind = "not marketing"
	}
	e.say("- %s: %s, by %s (%s).", r.ID, strings.Join(parts, ", "), Series(by, "or else"), kind)
}

// when describes the occasion of a reminder.
func (e *explainer) when(r loyalty.Reminder) string {
	var leads []string
	for _, lead := range r.Leads {
		leads = append(leads, Period(lead))
	}
	by := Series(leads, "and")
	after := by + " after "
	if by == "" {
		after = "at once when "
	}
	switch r.On {
	case loyalty.BeforeExpiry:
		return by + " before points expire"
	case loyalty.BeforeTier:
		return by + " before a level ends, if the member does not qualify to keep it"
	case loyalty.BeforeCode:
		return by + " before a code expires"
	case loyalty.BeforeHold:
		return by + " before a reservation expires"
	case loyalty.AfterActive:
		return after + "pending points became active"
	case loyalty.AfterIdle:
		return by + " after points became active, if none were spent"
	case loyalty.AfterAbsence:
		return by + " after the last order or redemption"
	case loyalty.AfterClaim:
		return by + " after a code was issued, if it was not used"
	case loyalty.AfterJoining:
		return after + "the member enrolled"
	case loyalty.AfterOrder:
		return after + "an order was placed"
	case loyalty.AfterReferral:
		return by + " after a friend used a member's code, to a friend who has not ordered"
	case loyalty.OnBirthday:
		return onOrAfter(by) + "the birthday"
	case loyalty.OnAnniversary:
		return onOrAfter(by) + "the anniversary of enrollment"
	case loyalty.NearReward:
		return "when " + e.whole(r.Within) + " or less are missing for the next reward"
	case loyalty.NearTier:
		return fmt.Sprintf("when %d or less are missing for the next level", r.Within)
	}
	return "on schedule: " + e.planned(r)
}

func onOrAfter(by string) string {
	if by == "" {
		return "on "
	}
	return by + " after "
}

// planned describes the instants and days of a reminder whose text the merchant writes.
func (e *explainer) planned(r loyalty.Reminder) string {
	var parts []string
	for _, at := range r.At {
		parts = append(parts, at.In(e.p.Zone).Format("2 January 2006 15:04"))
	}
	if len(r.Days) > 0 {
		parts = append(parts, days(r.Days)+" of every year")
	}
	return Series(parts, "and")
}

// ClockTime formats minutes from midnight as a time of day: "09:30".
func ClockTime(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

func capped(n int64, per loyalty.CapPeriod) string {
	if n == 1 {
		return "once a " + string(per)
	}
	return fmt.Sprintf("%d times a %s", n, per)
}

func channelName(c loyalty.Channel) string {
	return map[loyalty.Channel]string{
		loyalty.Email: "email", loyalty.SMS: "text message", loyalty.Push: "push message", loyalty.Webhook: "webhook",
	}[c]
}
