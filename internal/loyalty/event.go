package loyalty

import (
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// An Event is something other than a purchase that can earn points, such as a review, a survey or a visit. Its type is
// a family and a state, "review.approved". The same event may be sent again in another state, which updates its points.
type Event struct {
	Type   string
	ID     string // the merchant's ID, unique in the family: "778"
	Member MemberID
	At     time.Time
	Data   map[string]any // the values of the fields, each a string, bool or *big.Rat
	Texts  string         // the strings in Data, encrypted; if it is not empty, the strings themselves are not stored
}

// FieldKind is the type of a field of an event.
type FieldKind string

const (
	TextField    FieldKind = "text"
	NumberField  FieldKind = "number"
	BooleanField FieldKind = "boolean"
)

// An EventType is a family of events with its states and its fields.
type EventType struct {
	Name   string
	States []string
	Fields map[string]FieldKind
}

// BuiltinEvents are the families that every program has. A program can add others.
var BuiltinEvents = []EventType{
	{"review", []string{"pending", "approved", "declined"}, map[string]FieldKind{
		"rating": NumberField, "text": TextField, "product": TextField, "photos": NumberField,
	}},
	{"survey", []string{"completed"}, map[string]FieldKind{"survey": TextField, "score": NumberField}},
	{"visit", []string{"completed"}, map[string]FieldKind{"store": TextField, "minutes": NumberField}},
	{"social", []string{"followed", "shared"}, map[string]FieldKind{"network": TextField}},
	{"app", []string{"installed"}, map[string]FieldKind{"platform": TextField}},
}

// An EventState is an event with everything that is known about it, including the points that it gives.
type EventState struct {
	Event      Event
	Revision   int
	Program    int
	Buyer      Buyer
	Worth      Points
	Grants     []Grant       // the points that each action gave
	Shares     []Share       // the event's usage of the actions' limits
	Bucket     int           // the same as OrderState.Bucket
	SlidTo     calendar.Date // the same as OrderState.SlidTo
	Visits     int64         // the number of visits that count towards a level
	TierGroups []Counted     // the amounts that count in other tier groups
	Missing    []string      // the same as OrderState.Missing
	Meets      []string      // for a referral: the actions whose conditions the friend's order meets
}

// Family returns the part of the type before the state: "review" for "review.approved".
func (e Event) Family() string {
	family, _, _ := strings.Cut(e.Type, ".")
	return family
}
