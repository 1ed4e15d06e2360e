package describe

import (
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// transfers describes how members transfer points to each other.
func (e explainer) transfers() {
	t := e.p.Transfers
	if t.Min == 0 {
		return
	}
	bounds := "at least " + e.whole(int64(t.Min)) + " at a time"
	if t.Max > 0 {
		bounds = fmt.Sprintf("%d to %s at a time", t.Min, e.whole(int64(t.Max)))
	}
	if t.Step > 1 {
		bounds += " in steps of " + e.whole(int64(t.Step))
	}
	e.say("Members can transfer points to each other, %s; transferred points keep their expiry.", bounds)
	if len(t.Limits) > 0 {
		e.say("- A member can do this %s.", Series(often(t.Limits), "and"))
	}
	if len(t.AtMost) > 0 {
		var most []string
		for _, c := range t.AtMost {
			most = append(most, "at most "+e.whole(int64(c.Points))+" "+Spoken(c.Per))
		}
		e.say("- A member can transfer %s.", Series(most, "and"))
	}
	switch fee := t.Fee; {
	case fee.Share != nil:
		e.say("- The fee is %s of the transferred points, rounded up.", percentage(fee.Share))
	case fee.Points > 0:
		e.say("- The fee is %s.", e.whole(int64(fee.Points)))
	}
	if t.Accept != (calendar.Period{}) {
		e.say("- The recipient must accept within %s; otherwise the points are returned.", Period(t.Accept))
	}
}
