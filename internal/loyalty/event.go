package loyalty

import (
	"math/big"
	"slices"
	"time"
)

// An Event is something other than a purchase that can earn: a review, a survey, a visit. Its type is a family and
// a state, "review.approved"; the same event may come again in another state, and its points follow.
type Event struct {
	Type   string
	ID     string // of the merchant, unique in the family: "778"
	Member MemberID
	At     time.Time
	Data   map[string]any // by field: string, bool or *big.Rat
}

// FieldKind is what a field of an event holds.
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

// The families that every program has. A program adds its own.
var builtinEvents = []EventType{
	{"review", []string{"pending", "approved", "declined"}, map[string]FieldKind{"rating": NumberField, "text": TextField, "product": TextField, "photos": NumberField}},
	{"survey", []string{"completed"}, map[string]FieldKind{"survey": TextField, "score": NumberField}},
	{"visit", []string{"completed"}, map[string]FieldKind{"store": TextField, "minutes": NumberField}},
	{"social", []string{"followed", "shared"}, map[string]FieldKind{"network": TextField}},
	{"app", []string{"installed"}, map[string]FieldKind{"platform": TextField}},
}

// The events that the platform itself brings about; nobody can send them.
const (
	EventJoined      = "member.joined"
	EventBirthday    = "member.birthday"
	EventAnniversary = "member.anniversary" // field "years"

	EventConverted = "referral.converted" // who came through another has ordered
	EventReversed  = "referral.reversed"  // and has given it all back
)

// An Action is what an event earns.
type Action struct {
	ID       string
	Event    string // "review.approved"
	Points   Points
	Friend   Points // of a referral: what the friend gets, where Points are the referrer's
	Wallet   string // where the points go
	Limits   []Limit
	Cooldown Period // after it has paid, whole days
	From     time.Time
	Until    time.Time // exclusive; zero: for ever
	Tiers    []string
	Segments []string
	When     Condition
	Life     Life
	Since    time.Time // publishing sets it: birthdays and anniversaries before it do not count
}

// A Limit bounds how often a rule pays one member.
type Limit struct {
	Times int64
	Per   CapPeriod // not PerOrder
}

// EventState is all that is known of an event and what it is worth.
type EventState struct {
	Event      Event
	Revision   int
	Program    int
	Buyer      Buyer
	Worth      Points
	Grants     []Grant   // by action
	Shares     []Share   // what it uses of their limits
	Bucket     int       // as OrderState's
	SlidTo     Date      // likewise
	Visits     int64     // what it counts towards a level
	TierGroups []Counted // and on other ladders
	Missing    []string  // as OrderState's
	Meets      []string  // of a referral: the actions whose conditions the friend's order meets
}

// A Grant is points that one cause gave and that live and die together.
type Grant struct {
	Rule     string // the rule or action that has a life of its own, or the wallet; empty: the base and all others
	Wallet   string // where the points are
	Worth    Points
	ActiveAt time.Time // zero: not known yet, or by hand
	Expires  Date      // the lot that they join; not known before ActiveAt is

	// What was taken back of it beyond its own points, so that it can be given back there.
	Taken     []Lot  // from other lots
	Owed      Points // as debt
	ExpiredOn Points // nowhere: the points had expired, or the program does not ask for more

	Expired   Points        // of Expired: points that had expired in the grant's own lot
	Converted []Unconverted // from conversions into other wallets
}

// A Share is what an order or event has used of the caps, limits and budget of one rule, so that what it gives back
// is what it had, and what comes again finds it.
type Share struct {
	Rule string // with its section: "campaigns.double-weekend"; empty: the program's own caps
	Used Points // points in whole, a begun one as one
	Peak Points // the most that it was ever allowed; of a period that is closed it keeps so much
	Cut  bool   // whether a budget once left it less than it asked for

	Charged Points // what the rule's budget is charged: the points that the member receives under it
	Granted Points // the most that it was ever charged; a refund that fails restores so much
}

// shareIn is the share of one rule, begun if there is none yet.
func shareIn(shares *[]Share, rule string) *Share {
	at := slices.IndexFunc(*shares, func(s Share) bool { return s.Rule == rule })
	if at < 0 {
		at = len(*shares)
		*shares = append(*shares, Share{Rule: rule})
	}
	return &(*shares)[at]
}

// A Milestone gives points when a member's orders reach a number.
type Milestone struct {
	ID     string
	Target int64
	Points Points
}

// Traits is what rules know of a member apart from points, as the member's entries tell it.
type Traits struct {
	Revision            int    // how often it was told
	Zone                string // IANA; empty for the program's
	Birthday            int    // MMDD; zero if unknown
	Changed             time.Time
	Given               int      // the last year whose birthday is over: given, or before it was known
	Years               int      // the last anniversary that is over
	Segments            []string // sorted
	MembershipYearStart int      // MMDD: when the member's own year begins (OwnWindow); zero: with the joining
	OptIns              []OptIn  // by campaign
	Referral            Referral // through whom the member came

	Channels []ChannelUse // in which the member can be written to, by channel and purpose
}

// An OptIn is a campaign that a member has registered for, and since when. It counts for what happens from then on,
// whenever that is reported.
type OptIn struct {
	Campaign string
	At       time.Time
}

// optedIn returns the campaigns that a member had registered for at an instant.
func (t Traits) optedIn(at time.Time) (campaigns []string) {
	for _, o := range t.OptIns {
		if !at.Before(o.At) {
			campaigns = append(campaigns, o.Campaign)
		}
	}
	return campaigns
}

// Campaigns returns the campaigns that the member has registered for, sorted.
func (t Traits) Campaigns() (campaigns []string) {
	for _, o := range t.OptIns {
		campaigns = append(campaigns, o.Campaign)
	}
	return campaigns
}

// Exchange is how orders in a currency without a rate are converted. Without a Base they are refused.
type Exchange struct {
	Base  Currency
	Rates []ExchangeRate // ascending by From
}

// An ExchangeRate is what one major unit of each currency is in major units of the base, from a day on.
type ExchangeRate struct {
	From  Date
	Rates map[Currency]*big.Rat
}

// Goodwill bounds what can be done for a member by hand.
type Goodwill struct {
	Reinstate Period // how long after they expired points can be brought back; zero: not at all
	Extend    Period // by how much, from now, lots can be made to live; zero: not at all
}
