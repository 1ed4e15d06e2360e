package engine

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
)

// drawnReminders returns reminders of all triggers, with some of their conditions and bounds.
func drawnReminders(r *rand.Rand) loyalty.Reminders {
	all := loyalty.Reminders{
		QuietFrom: remind.DefaultQuietFrom, QuietUntil: remind.DefaultQuietUntil,
		AttributionWindow: pick(r, calendar.Period{}, calendar.Period{Days: 3}),
		FrequencyCaps: []loyalty.FrequencyCap{
			{Times: 3, Per: loyalty.PerWeek}, {Channel: loyalty.SMS, Times: 1, Per: loyalty.PerMonth},
		}[:r.IntN(3)],
		Ignored: pick(
			r,
			loyalty.IgnoredRule{},
			loyalty.IgnoredRule{Wait: calendar.Period{Days: 2}, StopAfter: 4},
		), Holdout: pick(r, nil, nil, big.NewRat(1, 2)),
	}
	if r.IntN(4) == 0 {
		all.QuietFrom, all.QuietUntil = 0, 0
	}
	for _, on := range remind.Triggers() {
		x := loyalty.Reminder{
			ID: string(
				on,
			), On: on,
			Channels:  pick(r, []loyalty.Channel{loyalty.Email}, []loyalty.Channel{loyalty.SMS, loyalty.Email}),
			MinPoints: pick[loyalty.Points](r, 0, 0, 20, 100),
			Leads: pick(
				r,
				[]calendar.Period{{Days: 7}},
				[]calendar.Period{{Days: 14}, {Days: 2}},
				[]calendar.Period{{Hours: 5}},
			), Within: pick[int64](r, 50, 5000),
		}
		switch r.IntN(6) {
		case 0:
			x.Limits = []loyalty.Limit{{Times: 1, Per: pick(r, loyalty.PerWeek, loyalty.PerMonth)}}
		case 1:
			x.Segments = []string{"card"}
		case 2:
			x.Tiers = []string{"silver", "gold"}
		}
		if on == loyalty.Scheduled {
			x.At, x.Days = []time.Time{noon.AddDate(0, 1, 3)}, []calendar.Day{214, 501}
		}
		all.Messages = append(all.Messages, x)
	}
	return all
}

// remind sends the messages that are due for the member, and writes them.
func (h *recorded) remind() {
	who := remind.Recipient{
		Reach: []loyalty.Channel{loyalty.Email, loyalty.SMS}, Consents: anybody.Consents, Codes: h.reminded.Codes,
	}
	if h.r.IntN(20) == 0 {
		who.Reach = who.Reach[:1]
	}
	h.reminded = h.reminded.Digest(&h.p.Compiled, &h.p.Reminders, h.p.Zone, h.acc, h.entries[h.reminded.Seen:], h.at)
	var settled []remind.Settled
	h.reminded, settled = h.reminded.Settle(&h.p.Compiled, &h.p.Reminders, h.p.Zone, h.acc, h.at)
	if len(settled) > 0 {
		h.line("settled", fmt.Sprint(len(settled)), settled)
	}
	for i := range remind.MaxAtOnce {
		plan := remind.Remind(RemindRules(h.p), h.acc, who, h.reminded, h.at)
		n, held, ok := plan.First()
		if !ok {
			h.line("reminders", "", plan, h.reminded)
			break
		}
		id := fmt.Sprint("msg_", h.acc.Sequence, "_", i)
		h.line("reminder", fmt.Sprint(n.Reminder, " ", n.Step, " ", held), n)
		if held {
			h.reminded = h.reminded.HoldOut(&h.p.Compiled, h.p.Zone, h.acc, n, h.at)
			continue
		}
		h.reminded = h.reminded.RecordSent(&h.p.Compiled, h.p.Zone, h.acc, n, id, h.at)
		if h.r.IntN(6) == 0 {
			back := h.r.IntN(2) == 0
			next, reminder, news := h.reminded.Hear(id, "report", back, h.r.IntN(2) == 0)
			h.reminded = next
			h.line("heard", fmt.Sprint(reminder, " ", news, " ", back))
		}
	}
	if id := pick(h.r, h.p.Reminders.Messages...).ID; h.r.IntN(4) == 0 {
		n, why, ok := remind.Preview(RemindRules(h.p), h.acc, who, h.reminded, id, h.at)
		h.line("preview", fmt.Sprint(id, " ", ok, " ", why), n, slices.Clone(n.Subjects))
	}
}
