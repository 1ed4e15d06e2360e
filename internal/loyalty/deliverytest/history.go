package deliverytest

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// Member is the member of every history.
const Member loyalty.MemberID = "mem_00000000000000000ada"

// A Report is one report that arrives at an instant: exactly one of Order, Event, Traits, Placement, OptsIn, Redeems
// and Converts is set.
type Report struct {
	At        time.Time
	ID        string // the ID of a change of traits, placement, redemption or conversion
	Order     *loyalty.Order
	Event     *loyalty.Event
	Traits    *loyalty.Traits
	Placement *tier.Placement
	OptsIn    string         // the campaign for which the member registers
	Redeems   bool           // the member redeems a reward
	Converts  loyalty.Points // the points that the member converts to another wallet
}

// A History contains the facts about one member, as two lists of reports: Direct and Delivery.
type History struct {
	Life      Life
	Program   *loyalty.Program
	Joined    time.Time
	Traits    loyalty.Traits // the traits at the enrollment
	SpentLast bool           // the member spends only after everything else was reported

	Referred bool // the member gave the code of Referrer at the enrollment

	Published []Publication // later versions of the program
	Direct    []Report
	Delivery  []Report
	End       time.Time

	unique time.Duration // added to each instant, so that no two facts happen in the same millisecond
}

// Random draws a history.
func Random(t *rapid.T) *History {
	life := rapid.SampledFrom([]Life{
		Expiring, Lasting, Lasting, Spending, Spending, Spending, Frequent, Inactive, Brief,
	}).Draw(t, "life")
	h := &History{
		Life: life, Program: RandomProgram(t, life),
		Joined: time.Date(2026, 2, 10, 22+rapid.IntRange(0, 300*24).Draw(t, "joins"), 30, 0, 0, time.UTC),
		Traits: loyalty.Traits{
			Birthday: 615, MembershipYearStart: rapid.SampledFrom([]int{0, 229, 1101}).Draw(t, "own year"),
		},
	}
	h.Referred = len(h.Program.Earn.Actions) > basicActions
	h.publish(t)
	at := h.Joined
	for i := range rapid.IntRange(2, 7).Draw(t, "orders") {
		at = h.after(t, at, life.pace().nextOrder, "until the next order")
		h.order(t, randomOrder(t, fmt.Sprint("o", i), at))
	}
	h.events(t)
	h.changes(t)
	if campaigns := h.Program.Campaigns; len(campaigns) > 0 && campaigns[0].OptIn && rapid.Bool().Draw(t, "opts in") {
		h.both(Report{At: h.after(t, h.Joined, 150, "opts in at"), OptsIn: campaigns[0].ID})
	}
	if life == Spending {
		h.spends(t)
	}
	h.sort(t)
	return h
}

// events adds visits, and reviews that are approved, declined and approved again.
func (h *History) events(t *rapid.T) {
	for i := range rapid.IntRange(0, 3).Draw(t, "events") {
		e := loyalty.Event{Type: "visit.completed", ID: fmt.Sprint("v", i), Member: Member}
		e.At = h.after(t, h.Joined, 300, "event")
		at := h.after(t, e.At, 80, "event reported")
		if i == 0 {
			for range rapid.IntRange(0, 2).Draw(t, "review states") {
				state := e
				state.Type = rapid.SampledFrom([]string{
					"review.pending", "review.approved", "review.declined",
				}).Draw(t, "review is")
				h.Delivery = append(h.Delivery, Report{At: at, Event: &state})
				at = h.after(t, at, 40, "next review state")
			}
			e.Type = rapid.SampledFrom([]string{"review.approved", "review.declined"}).Draw(t, "review in the end")
		}
		h.Direct = append(h.Direct, Report{At: e.At, Event: &e})
		h.Delivery = append(h.Delivery, Report{At: at, Event: &e})
	}
}

// after draws an instant at most the given number of days after another one.
func (h *History) after(t *rapid.T, at time.Time, days int, label string) time.Time {
	h.unique += time.Millisecond
	hours := rapid.IntRange(1, days*24).Draw(t, label)
	return at.Truncate(time.Hour).Add(time.Duration(hours)*time.Hour + h.unique)
}

func (h *History) both(r Report) {
	h.Direct, h.Delivery = append(h.Direct, r), append(h.Delivery, r)
}

// changes adds changes of the member's segments, and levels that are set manually.
func (h *History) changes(t *rapid.T) {
	for i := range rapid.IntRange(0, 1).Draw(t, "changes") {
		r := Report{At: h.after(t, h.Joined, 300, "change"), ID: fmt.Sprint("t", i)}
		if rapid.Bool().Draw(t, "manually") {
			r.Placement = h.placement(t, r.At)
		} else {
			r.Traits = &loyalty.Traits{
				Segments: rapid.SampledFrom([][]string{nil, {"card"}, {"vip"}}).Draw(t, "segments"),
			}
		}
		h.both(r)
	}
}

func (h *History) placement(t *rapid.T, at time.Time) *tier.Placement {
	level := rapid.SampledFrom([]string{"silver", "gold", "black"}).Draw(t, "placed")
	in := &tier.Placement{Level: level, Reason: "a match"}
	if len(h.Program.TierGroups) > 0 {
		in.TierGroup = rapid.SampledFrom([]string{"", h.Program.TierGroups[0].ID}).Draw(t, "placed on")
	}
	switch rapid.IntRange(0, 3).Draw(t, "how") {
	case 0:
		in.Until = at.AddDate(0, 3, 0)
	case 1:
		in.Until, in.Locked = at.AddDate(0, 3, 0), true
	case 2:
		in.Permanent = true
	}
	return in
}

// spends adds redemptions and conversions by the member.
func (h *History) spends(t *rapid.T) {
	var orders []Report
	for _, r := range h.Delivery {
		if r.Order != nil {
			orders = append(orders, r)
		}
	}
	last := h.Joined
	for _, r := range slices.Concat(h.Direct, h.Delivery) {
		last = calendar.Later(last, r.At)
	}
	h.SpentLast = rapid.IntRange(0, 2).Draw(t, "spends last") == 0
	for i := range rapid.IntRange(3, 7).Draw(t, "spends") {
		placed := orders[rapid.IntRange(0, len(orders)-1).Draw(t, "spends after")].At
		if h.SpentLast {
			placed = last
		}
		r := Report{At: h.after(t, placed, 10, "spend"), ID: fmt.Sprint("s", i)}
		if rapid.Bool().Draw(t, "redeems") {
			r.Redeems = true
		} else {
			r.Converts = rapid.SampledFrom([]loyalty.Points{30, 100, 300, 900}).Draw(t, "converts")
		}
		h.both(r)
	}
}

func (h *History) sort(t *rapid.T) {
	end := h.Joined
	for _, all := range [][]Report{h.Direct, h.Delivery} {
		slices.SortStableFunc(all, func(x, y Report) int { return x.At.Compare(y.At) })
		if n := len(all); n > 0 && all[n-1].At.After(end) {
			end = all[n-1].At
		}
	}
	h.End = h.after(t, end, 100, "end")
	if h.Life == Inactive && rapid.Bool().Draw(t, "inactive") {
		h.End = h.End.AddDate(0, 14, 0)
	}
	h.Published = slices.DeleteFunc(h.Published, func(x Publication) bool { return x.At.After(h.End) })
}
