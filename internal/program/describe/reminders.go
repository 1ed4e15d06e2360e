package describe

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A reminderSection describes the reminders.
type reminderSection struct{ *writer }

// explain describes the reminders and their frequency caps.
func (s reminderSection) explain() {
	r := s.p.Reminders
	if len(r.Messages) == 0 {
		return
	}
	s.say(
		"Members who consented receive reminders, but not from %s to %s of their local time.", ClockTime(r.QuietFrom),
		ClockTime(r.QuietUntil),
	)
	for _, c := range r.FrequencyCaps {
		by := "by " + channelName(c.Channel)
		if c.Channel == "" {
			by = "in total"
		}
		s.say("- Marketing is sent at most %s %s.", capped(c.Times, c.Per), by)
	}
	if r.Ignored.StopAfter > 0 || !r.Ignored.Wait.IsZero() {
		s.ignored(r.Ignored)
	}
	if r.Holdout != nil {
		s.say("- %s of the members receive no marketing, to measure its effect.", percentage(r.Holdout))
	}
	for _, one := range r.Messages {
		s.reminder(one)
	}
}

func (s reminderSection) ignored(r loyalty.IgnoredRule) {
	if !r.Wait.IsZero() {
		s.say(
			"- After ignored marketing the next message waits for %s, then twice, then four times as long.",
			Period(r.Wait),
		)
	}
	if r.StopAfter > 0 {
		s.say("- After %d ignored messages in a row no more are sent until the member orders or redeems.", r.StopAfter)
	}
}

func (s reminderSection) reminder(r loyalty.Reminder) {
	parts := []string{s.when(r)}
	if r.MinPoints > 0 {
		parts = append(parts, "if it is about "+s.whole(int64(r.MinPoints))+" or more")
	}
	parts = append(parts, s.whose(r.Tiers, r.Segments)...)
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
	s.say("- %s: %s, by %s (%s).", r.ID, strings.Join(parts, ", "), Series(by, "or else"), kind)
}

// occasions contains the text for each trigger. Placeholders are replaced: {by} by the periods of the reminder, such as
// "3 days"; {after} by the periods and the word "after" or, if there are no periods, by "at once when"; {on} by the
// periods and the word "after" or, if there are no periods, by "on".
var occasions = map[loyalty.Trigger]string{
	loyalty.BeforeExpiry:  "{by} before points expire",
	loyalty.BeforeTier:    "{by} before a level ends, if the member does not qualify to keep it",
	loyalty.BeforeCode:    "{by} before a code expires",
	loyalty.BeforeHold:    "{by} before a reservation expires",
	loyalty.AfterActive:   "{after} pending points became active",
	loyalty.AfterIdle:     "{by} after points became active, if none were spent",
	loyalty.AfterAbsence:  "{by} after the last order or redemption",
	loyalty.AfterClaim:    "{by} after a code was issued, if it was not used",
	loyalty.AfterJoining:  "{after} the member enrolled",
	loyalty.AfterOrder:    "{after} an order was placed",
	loyalty.AfterReferral: "{by} after a friend used a member's code, to a friend who has not ordered",
	loyalty.OnBirthday:    "{on} the birthday",
	loyalty.OnAnniversary: "{on} the anniversary of enrollment",
	loyalty.NearReward:    "when {points} or less are missing for the next reward",
	loyalty.NearTier:      "when {within} or less are missing for the next level",
}

// when describes the time at which a reminder is sent.
func (s reminderSection) when(r loyalty.Reminder) string {
	occasion, ok := occasions[r.On]
	if !ok {
		return "on schedule: " + s.planned(r)
	}
	var leads []string
	for _, lead := range r.Leads {
		leads = append(leads, Period(lead))
	}
	by := Series(leads, "and")
	after, on := by+" after", by+" after"
	if by == "" {
		after, on = "at once when", "on"
	}
	return strings.NewReplacer(
		"{by}", by, "{after}", after, "{on}", on,
		"{points}", s.whole(r.Within), "{within}", strconv.FormatInt(r.Within, 10),
	).Replace(occasion)
}

// planned describes the times and days at which a scheduled reminder with the merchant's own text is sent.
func (s reminderSection) planned(r loyalty.Reminder) string {
	var parts []string
	for _, at := range r.At {
		parts = append(parts, at.In(s.p.Zone).Format("2 January 2006 15:04"))
	}
	if len(r.Days) > 0 {
		parts = append(parts, days(r.Days)+" of every year")
	}
	return Series(parts, "and")
}

// ClockTime formats a time of day, given in minutes from midnight, such as "09:30".
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
