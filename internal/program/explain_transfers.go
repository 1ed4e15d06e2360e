package program

import (
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// transfers describes how members transfer points to each other.
func (e *explainer) transfers() {
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
	e.say("Members can give each other points, %s; they expire when they would have expired.", bounds)
	if len(t.Limits) > 0 {
		e.say("- A member can do so %s.", series(often(t.Limits), "and"))
	}
	if len(t.AtMost) > 0 {
		var most []string
		for _, c := range t.AtMost {
			most = append(most, "at most "+e.whole(int64(c.Points))+" "+spoken(c.Per))
		}
		e.say("- A member can give %s.", series(most, "and"))
	}
	switch fee := t.Fee; {
	case fee.Share != nil:
		e.say("- That costs %s of what is given, rounded up.", percentage(fee.Share))
	case fee.Points > 0:
		e.say("- That costs %s.", e.whole(int64(fee.Points)))
	}
	if t.Accept != (loyalty.Period{}) {
		e.say("- The other has to accept within %s, or the giver has them back.", period(t.Accept))
	}
}
