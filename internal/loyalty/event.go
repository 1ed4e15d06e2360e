package loyalty

import (
	"math/big"
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

// An Action gives points for an event.
type Action struct {
	ID       string
	Event    string // the event type with its state, such as "review.approved"
	Points   Points
	Friend   Points // for a referral: the friend's points, while Points are the referrer's
	Wallet   string // the wallet that receives the points
	Limits   []Limit
	Cooldown calendar.Period // how long other events give no points after an event gave points, in whole days
	From     time.Time
	Until    time.Time // the end of the action, exclusive; zero if it has none
	Tiers    []string
	Segments []string
	When     Condition
	Life     Life
	Since    time.Time // earlier birthdays and anniversaries do not count; set on publication
}

// A Limit bounds how often a rule gives points to one member.
type Limit struct {
	Times int64
	Per   CapPeriod // the period of the limit; never PerOrder
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

// A Grant is points that one cause gave and that become active and expire together.
type Grant struct {
	Rule     string // the rule or action with its own expiry, or the wallet; empty for the base and all other rules
	Wallet   string // the wallet that holds the points
	Worth    Points
	ActiveAt time.Time     // when the points become active; zero if not known yet
	Expires  calendar.Date // the expiry of the lot that the points join; unknown while ActiveAt is unknown

	// The points that a clawback took from elsewhere than the grant's lot. They return there if the refund fails.
	Taken     []Lot  // points taken from other lots
	Owed      Points // points booked as debt
	ExpiredOn Points // points not taken, because they had expired or the clawback policy takes no more

	Expired   Points        // the part of ExpiredOn that had expired in the grant's lot
	Converted []Unconverted // points taken from conversions into other wallets
}

// A Share is the usage of the caps, limits and budget of one rule by one order or event. With it, a refund returns
// exactly what the order had used, and an order that is restored receives the same again.
type Share struct {
	Rule string // the full key with its section: "campaigns.double-weekend"; empty for the program's caps
	Used Points // the points used, rounded up to whole points
	Peak Points // the most points ever allowed; once the period is closed, no more can be used
	Cut  bool   // whether a budget once allowed less than was requested

	Charged Points // the charge to the rule's budget: the points that the member receives under it
	Granted Points // the highest charge so far, which a failed refund restores
}

// A Milestone gives points when a member's orders reach a number.
type Milestone struct {
	ID     string
	Target int64
	Points Points
}

// Traits are the facts about a member, other than points, that rules use. The member's entries record them.
type Traits struct {
	Revision            int    // the number of times that traits were reported
	Zone                string // an IANA time zone; empty means the program's time zone
	Birthday            int    // the birthday as MMDD; zero if unknown
	Changed             time.Time
	Given               int      // the last year whose birthday was processed: it gave points, or became known too late
	Years               int      // the number of the last anniversary that was processed
	Segments            []string // the member's segments, sorted
	MembershipYearStart int      // the beginning of the membership year as MMDD; zero means the day of enrollment
	OptIns              []OptIn  // the campaigns for which the member registered
	Referral            Referral // the referral through which the member enrolled

	Channels []ChannelUse // the channels that reach the member, one item per channel and purpose
}

// An OptIn is a campaign for which a member registered, with the instant. It counts for orders placed from that instant
// on, whenever they are reported.
type OptIn struct {
	Campaign string
	At       time.Time
}

// Exchange says how orders in a currency without a rate are converted. Without a Base, they are rejected.
type Exchange struct {
	Base  Currency
	Rates []ExchangeRate // the rates, ascending by From
}

// An ExchangeRate gives the value of one major unit of each currency in major units of the base, from a day on.
type ExchangeRate struct {
	From  calendar.Date
	Rates map[Currency]*big.Rat
}

// Goodwill limits what can be granted to a member manually.
type Goodwill struct {
	Reinstate calendar.Period // how long after their expiry points can be reinstated; zero means not at all
	Extend    calendar.Period // the longest time from now until which lots can be extended; zero means not at all
}

// A Referral states which member referred another member, the friend, and which order converted the referral. The
// converting order is the first of the friend's orders, by placed_at and ID, that counts and meets the condition of a
// referral action. Both members then get points, which are pending at least as long as those of the order. If the order
// no longer counts, both lose the points, and the next such order converts the referral.
type Referral struct {
	By       MemberID  // the referrer; empty if the member was not referred
	At       time.Time // when the friend gave the referrer's code
	Claim    string    // the request ID, if the friend gave the code after joining
	Order    string    // the order for which points were given; empty if there is none
	ActiveAt time.Time // with Order: when the points of both members become active
	Former   string    // without Order: the last order for which points were given, before their clawback
}

// Family returns the part of the type before the state: "review" for "review.approved".
func (e Event) Family() string {
	family, _, _ := strings.Cut(e.Type, ".")
	return family
}
