package award

import (
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Types of events that the platform creates. Merchants cannot send them.
const (
	EventJoined      = "member.joined"
	EventBirthday    = "member.birthday"
	EventAnniversary = "member.anniversary" // field "years"
)

// Campaigns returns the campaigns for which the member has registered, sorted.
func Campaigns(t loyalty.Traits) (campaigns []string) {
	for _, o := range t.OptIns {
		campaigns = append(campaigns, o.Campaign)
	}
	return campaigns
}

// EventTypes returns the families of events that merchants can send: the built-in ones, then those of the program.
func EventTypes(types []loyalty.EventType) []loyalty.EventType {
	return slices.Concat(loyalty.BuiltinEvents, types)
}

// EventType returns the family of an event type such as "review.approved". It returns false if there is no such family
// or the family has no such state. Events that the platform creates belong to no family.
func EventType(eventTypes []loyalty.EventType, name string) (loyalty.EventType, bool) {
	family, state, _ := strings.Cut(name, ".")
	for _, types := range [][]loyalty.EventType{loyalty.BuiltinEvents, eventTypes} {
		for _, t := range types {
			if t.Name == family {
				return t, slices.Contains(t.States, state)
			}
		}
	}
	return loyalty.EventType{}, false
}
