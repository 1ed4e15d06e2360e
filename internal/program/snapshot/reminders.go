package snapshot

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// These types store the reminders.
type (
	remindersDoc struct {
		QuietFrom         int               `json:"quiet_from,omitzero"` // in minutes from midnight
		QuietUntil        int               `json:"quiet_until,omitzero"`
		FrequencyCaps     []frequencyCapDoc `json:"frequency_caps,omitzero"`
		Holdout           ratio             `json:"holdout,omitzero"`
		AttributionWindow periodDoc         `json:"attribution_window,omitzero"`
		Ignored           ignoredDoc        `json:"ignored,omitzero"`
		Messages          []reminderDoc     `json:"messages,omitzero"`
	}

	frequencyCapDoc struct {
		Channel loyalty.Channel   `json:"channel,omitzero"` // empty for a cap on all channels together
		Times   int64             `json:"times"`
		Per     loyalty.CapPeriod `json:"per"`
	}

	ignoredDoc struct {
		Wait      periodDoc `json:"wait,omitzero"`
		StopAfter int64     `json:"stop_after,omitzero"`
	}

	reminderDoc struct {
		ID        string            `json:"id"`
		On        loyalty.Trigger   `json:"on"`
		Leads     []periodDoc       `json:"leads,omitzero"`
		Within    int64             `json:"within,omitzero"`
		Channels  []loyalty.Channel `json:"channels,omitzero"`
		Purpose   loyalty.Purpose   `json:"purpose,omitzero"`
		MinPoints loyalty.Points    `json:"min_points,omitzero"`
		Limits    []limitDoc        `json:"limits,omitzero"`
		Segments  []string          `json:"segments,omitzero"`
		Tiers     []string          `json:"tiers,omitzero"`
		At        []time.Time       `json:"at,omitzero"`
		Days      []calendar.Day    `json:"days,omitzero"`
		Title     loyalty.Text      `json:"title,omitzero"`
		Body      loyalty.Text      `json:"body,omitzero"`
		When      *whenDoc          `json:"when,omitzero"`
	}
)

func remindersOf(r loyalty.Reminders) remindersDoc {
	return remindersDoc{
		QuietFrom: r.QuietFrom, QuietUntil: r.QuietUntil, Holdout: ratio{r.Holdout},
		AttributionWindow: periodDoc(r.AttributionWindow),
		FrequencyCaps: each(
			r.FrequencyCaps, func(c loyalty.FrequencyCap) frequencyCapDoc { return frequencyCapDoc(c) },
		),
		Ignored: ignoredDoc{periodDoc(r.Ignored.Wait), r.Ignored.StopAfter}, Messages: each(r.Messages, reminderOf),
	}
}

func (d remindersDoc) reminders() loyalty.Reminders {
	return loyalty.Reminders{
		QuietFrom: d.QuietFrom, QuietUntil: d.QuietUntil, Holdout: d.Holdout.number,
		AttributionWindow: calendar.Period(d.AttributionWindow),
		FrequencyCaps: each(
			d.FrequencyCaps, func(c frequencyCapDoc) loyalty.FrequencyCap { return loyalty.FrequencyCap(c) },
		),
		Ignored:  loyalty.IgnoredRule{Wait: calendar.Period(d.Ignored.Wait), StopAfter: d.Ignored.StopAfter},
		Messages: each(d.Messages, reminderDoc.reminder),
	}
}

func reminderOf(r loyalty.Reminder) reminderDoc {
	return reminderDoc{
		ID: r.ID, On: r.On, Leads: each(r.Leads, func(p calendar.Period) periodDoc { return periodDoc(p) }),
		Within:   r.Within,
		Channels: r.Channels, Purpose: r.Purpose, MinPoints: r.MinPoints, Limits: each(r.Limits, limitOf),
		Segments: r.Segments,
		Tiers:    r.Tiers, When: whenOf(r.When, ofMember), At: r.At, Days: r.Days, Title: r.Title, Body: r.Body,
	}
}

func (d reminderDoc) reminder() loyalty.Reminder {
	return loyalty.Reminder{
		ID: d.ID, On: d.On, Leads: each(d.Leads, func(p periodDoc) calendar.Period { return calendar.Period(p) }),
		Within:   d.Within,
		Channels: d.Channels, Purpose: d.Purpose, MinPoints: d.MinPoints, Limits: each(d.Limits, limitDoc.limit),
		Segments: d.Segments,
		Tiers:    d.Tiers, At: d.At, Days: d.Days, Title: d.Title, Body: d.Body,
	}
}
