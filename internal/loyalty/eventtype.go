package loyalty

import (
	"slices"
	"strings"
)

// EventTypes is the families of events that merchants can send: those that every program has, then its own.
func (p *Program) EventTypes() []EventType { return slices.Concat(builtinEvents, p.Events) }

// EventType finds the family of an event's type, "review.approved"; false if there is no such family, or it has no
// such state. The events that the platform itself brings about are of none.
func (p *Program) EventType(name string) (EventType, bool) {
	family, state, _ := strings.Cut(name, ".")
	for _, types := range [][]EventType{builtinEvents, p.Events} {
		for _, t := range types {
			if t.Name == family {
				return t, slices.Contains(t.States, state)
			}
		}
	}
	return EventType{}, false
}
