package loyalty

import (
	"slices"
	"strings"
)

// EventTypes returns the families of events that merchants can send: the built-in ones, then those of the program.
func (p *Program) EventTypes() []EventType { return slices.Concat(builtinEvents, p.Events) }

// EventType returns the family of an event type such as "review.approved". It returns false if there is no such family
// or the family has no such state. Events that the platform creates belong to no family.
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
