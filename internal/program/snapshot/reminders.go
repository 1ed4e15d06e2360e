package snapshot

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// What members are told without having asked.
type (
	remindersDoc struct {
		QuietFrom  int           `json:"quiet_from,omitzero"` // minutes of the day
		QuietUntil int           `json:"quiet_until,omitzero"`
		AtMost     []sendCapDoc  `json:"at_most,omitzero"`
		Holdout    ratio         `json:"holdout,omitzero"`
		Answer     periodDoc     `json:"answer,omitzero"`
		Ignored    ignoredDoc    `json:"ignored,omitzero"`
		Send       []reminderDoc `json:"send,omitzero"`
	}

	sendCapDoc struct {
		Channel loyalty.Channel   `json:"channel,omitzero"` // none: all of them together
		Times   int64             `json:"times"`
		Per     loyalty.CapPeriod `json:"per"`
	}

	ignoredDoc struct {
		Wait periodDoc `json:"wait,omitzero"`
		Stop int64     `json:"stop,omitzero"`
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
		Days      []loyalty.Day     `json:"days,omitzero"`
		Title     loyalty.Text      `json:"title,omitzero"`
		Body      loyalty.Text      `json:"body,omitzero"`
		When      *whenDoc          `json:"when,omitzero"`
	}
)

func remindersOf(r loyalty.Reminders) remindersDoc {
	return remindersDoc{
		QuietFrom: r.QuietFrom, QuietUntil: r.QuietUntil, Holdout: ratio{r.Holdout}, Answer: periodDoc(r.Answer),
		AtMost:  each(r.AtMost, func(c loyalty.SendCap) sendCapDoc { return sendCapDoc(c) }),
		Ignored: ignoredDoc{periodDoc(r.Ignored.Wait), r.Ignored.Stop}, Send: each(r.Send, reminderOf),
	}
}

func (d remindersDoc) reminders() loyalty.Reminders {
	return loyalty.Reminders{
		QuietFrom: d.QuietFrom, QuietUntil: d.QuietUntil, Holdout: d.Holdout.number, Answer: loyalty.Period(d.Answer),
		AtMost:  each(d.AtMost, func(c sendCapDoc) loyalty.SendCap { return loyalty.SendCap(c) }),
		Ignored: loyalty.IgnoredRule{Wait: loyalty.Period(d.Ignored.Wait), Stop: d.Ignored.Stop}, Send: each(d.Send, reminderDoc.reminder),
	}
}

func reminderOf(r loyalty.Reminder) reminderDoc {
	return reminderDoc{
		ID: r.ID, On: r.On, Leads: each(r.Leads, func(p loyalty.Period) periodDoc { return periodDoc(p) }), Within: r.Within,
		Channels: r.Channels, Purpose: r.Purpose, MinPoints: r.MinPoints, Limits: each(r.Limits, limitOf), Segments: r.Segments,
		Tiers: r.Tiers, When: whenOf(r.When, ofMember), At: r.At, Days: r.Days, Title: r.Title, Body: r.Body,
	}
}

func (d reminderDoc) reminder() loyalty.Reminder {
	return loyalty.Reminder{
		ID: d.ID, On: d.On, Leads: each(d.Leads, func(p periodDoc) loyalty.Period { return loyalty.Period(p) }), Within: d.Within,
		Channels: d.Channels, Purpose: d.Purpose, MinPoints: d.MinPoints, Limits: each(d.Limits, limitDoc.limit), Segments: d.Segments,
		Tiers: d.Tiers, At: d.At, Days: d.Days, Title: d.Title, Body: d.Body,
	}
}
