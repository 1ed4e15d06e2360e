package members

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// RemindedDoc is the stored state of a member's reminders: only add fields. The document of a typical member needs one
// write unit.
type RemindedDoc struct {
	SentReminders []sentReminderDoc `json:"sentr,omitempty"`
	Sent          []sentDoc         `json:"sent,omitempty"`
	Open          []openDoc         `json:"open,omitempty"`
	Ignored       int64             `json:"ign,omitzero"`
	Last          int64             `json:"last,omitzero"`
	Seen          int64             `json:"seen,omitzero"`
	Redeemed      int64             `json:"rd,omitzero"`
	Rich          map[string]int64  `json:"rich,omitempty"`
	Active        []activationDoc   `json:"act,omitempty"`
	Orders        []boughtDoc       `json:"ord,omitempty"`
	Codes         []unusedDoc       `json:"code,omitempty"`
	Flight        *FlightDoc        `json:"fly,omitempty"`
	Planned       string            `json:"by,omitzero"` // the reminders for which the next evaluation was scheduled
}

type sentReminderDoc struct {
	Reminder string `json:"r"`
	Step     int    `json:"s,omitzero"`
	On       string `json:"on"`
	Subject  string `json:"x"`
	Due      int64  `json:"d,omitzero"`
	Cycle    string `json:"c,omitzero"`
	Until    int64  `json:"u,omitzero"`
	At       int64  `json:"at"`
	Channel  string `json:"ch,omitzero"`
	ID       string `json:"id,omitzero"`
	Failed   bool   `json:"f,omitzero"`
	Passing  bool   `json:"p,omitzero"`

	Heard []string `json:"h,omitempty"`
}

type sentDoc struct {
	Day     int32  `json:"d"`
	Channel string `json:"ch"`
	N       int64  `json:"n"`
}

type openDoc struct {
	Reminder string `json:"r"`
	Purpose  string `json:"p"`
	At       int64  `json:"at"`
	Held     bool   `json:"h,omitzero"`
	Acted    bool   `json:"a,omitzero"`
}

type activationDoc struct {
	At     int64 `json:"at"`
	Points int64 `json:"n"`
}

type boughtDoc struct {
	Order string `json:"o"`
	At    int64  `json:"at"`

	Unpaid bool `json:"u,omitzero"`
}

type unusedDoc struct {
	Redemption string `json:"rd"`
	Reward     string `json:"r"`
	Code       string `json:"c"`
	At         int64  `json:"at"`
	From       int64  `json:"f,omitzero"`
	Until      int64  `json:"u,omitzero"`
}

// FlightDoc is a message that is claimed and not recorded yet.
type FlightDoc struct {
	ID   string            `json:"id"`
	At   int64             `json:"at"`
	Once bool              `json:"once,omitzero"` // whether the message must not be sent again, whatever its result
	Sent []sentReminderDoc `json:"told"`
}

// StoredReminded encodes the state of a member's reminders.
func StoredReminded(s remind.Reminded) RemindedDoc {
	d := RemindedDoc{
		Ignored: s.Ignored, Last: stored.Millis(s.Last), Seen: s.Seen, Redeemed: stored.Millis(s.Redeemed),
		SentReminders: StoredSent(s.SentReminders),
	}
	for _, c := range s.Sent {
		d.Sent = append(d.Sent, sentDoc{int32(c.Day), string(c.Channel), c.N})
	}
	for _, o := range s.Open {
		d.Open = append(d.Open, openDoc{o.Reminder, string(o.Purpose), stored.Millis(o.At), o.Held, o.Acted})
	}
	for reminder, since := range s.Rich {
		if d.Rich == nil {
			d.Rich = map[string]int64{}
		}
		d.Rich[reminder] = stored.Millis(since)
	}
	for _, a := range s.Active {
		d.Active = append(d.Active, activationDoc{stored.Millis(a.At), int64(a.Points)})
	}
	for _, b := range s.Orders {
		d.Orders = append(d.Orders, boughtDoc{b.Order, stored.Millis(b.At), b.Unpaid})
	}
	for _, c := range s.Codes {
		d.Codes = append(d.Codes, unusedDoc{
			c.Redemption, c.Reward, c.Code, stored.Millis(c.At), stored.Millis(c.From), stored.Millis(c.Until),
		})
	}
	return d
}

// StoredSent encodes reminders that were sent.
func StoredSent(all []remind.SentReminder) (docs []sentReminderDoc) {
	for _, t := range all {
		docs = append(docs, sentReminderDoc{
			t.Reminder, t.Step, string(t.On), t.Subject.ID, stored.Millis(t.Subject.Due), t.Subject.Cycle,
			stored.Millis(t.Subject.Until), stored.Millis(t.At), string(t.Channel), t.ID, t.Failed, t.Passing, t.Heard,
		})
	}
	return docs
}

// SentReminders decodes the reminders of a message.
func (d *FlightDoc) SentReminders() []remind.SentReminder { return sentReminders(d.Sent) }

func sentReminders(docs []sentReminderDoc) (all []remind.SentReminder) {
	for _, d := range docs {
		all = append(all, remind.SentReminder{
			Reminder: d.Reminder, Step: d.Step, On: loyalty.Trigger(d.On),
			Subject: remind.Subject{
				ID: d.Subject, Due: stored.Instant(d.Due), Cycle: d.Cycle, Until: stored.Instant(d.Until),
			},
			At: stored.Instant(d.At), Channel: loyalty.Channel(d.Channel), ID: d.ID, Failed: d.Failed,
			Passing: d.Passing, Heard: d.Heard,
		})
	}
	return all
}

// Reminded decodes the state of a member's reminders.
func (d RemindedDoc) Reminded() remind.Reminded {
	s := remind.Reminded{
		Ignored: d.Ignored, Last: stored.Instant(d.Last), Seen: d.Seen, Redeemed: stored.Instant(d.Redeemed),
		SentReminders: sentReminders(d.SentReminders),
	}
	for _, c := range d.Sent {
		s.Sent = append(s.Sent, remind.SentCount{
			Day: calendar.Date(c.Day), Channel: loyalty.Channel(c.Channel), N: c.N,
		})
	}
	for _, o := range d.Open {
		s.Open = append(s.Open, remind.Open{
			Reminder: o.Reminder, Purpose: loyalty.Purpose(o.Purpose), At: stored.Instant(o.At), Held: o.Held,
			Acted: o.Acted,
		})
	}
	for reminder, since := range d.Rich {
		if s.Rich == nil {
			s.Rich = map[string]time.Time{}
		}
		s.Rich[reminder] = stored.Instant(since)
	}
	for _, a := range d.Active {
		s.Active = append(s.Active, remind.Activation{At: stored.Instant(a.At), Points: loyalty.Points(a.Points)})
	}
	for _, b := range d.Orders {
		s.Orders = append(s.Orders, remind.Purchase{Order: b.Order, At: stored.Instant(b.At), Unpaid: b.Unpaid})
	}
	for _, c := range d.Codes {
		s.Codes = append(s.Codes, remind.UnusedCode{
			Redemption: c.Redemption, Reward: c.Reward, Code: c.Code, At: stored.Instant(c.At),
			From: stored.Instant(c.From), Until: stored.Instant(c.Until),
		})
	}
	return s
}

// ReadReminded reads the item of a member's reminders. The result is zero if there is no item.
func ReadReminded(it table.Item) (d RemindedDoc, err error) {
	if it.Version > 0 {
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return d, fmt.Errorf("members: read reminders %s: %w", it.Key, err)
		}
	}
	return d, nil
}
