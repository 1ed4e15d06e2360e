package loyalty

import (
	"fmt"
	"strings"
)

// A Because is one reason of an entry: a rule of the program, what it did, and the exact points that it gave or
// took, as a decimal ("29.99") or, where it has no end, a fraction ("2999/110"). The reasons of an entry sum to its
// points, and those of another wallet to what it did there. A reason that gave and took nothing says why not.
type Reason struct {
	Wallet string // whose points; empty for that of points
	Rule   string // "earn.purchase", "campaigns.double-weekend", "rounding"
	Kind   ReasonKind
	Args   []string // what What is about, in its own order
	Points string
}

// What a reason says, apart from language. Effect puts it into a formula; package explain into sentences.
type ReasonKind string

const (
	Says                ReasonKind = ""            // the text itself: an adjustment's reason, and entries of the first release
	IsRated             ReasonKind = "rate"        // amount, rate
	IsTimes             ReasonKind = "times"       // amount, factor
	IsFactor            ReasonKind = "factor"      // factor
	IsUnits             ReasonKind = "units"       // units, points each
	IsFixed             ReasonKind = "fixed"       // points
	IsStep              ReasonKind = "step"        // amount, the band's beginning, points
	IsUnpaid            ReasonKind = "unpaid"      // the order is not paid yet
	IsUnknownTender     ReasonKind = "tender"      // the amount of which no processor has reported the means of payment yet
	IsCanceled          ReasonKind = "void"        // the order was canceled
	IsConverted         ReasonKind = "exchange"    // one unit of the order's currency, what it was in the program's
	IsRounded           ReasonKind = "round"       // down, nearest, half_even, up
	IsCarried           ReasonKind = "carry"       // the fraction that earlier orders left
	IsCapped            ReasonKind = "cap"         // points, period
	IsRefused           ReasonKind = "refuse"      // points, period: more than the cap, so nothing
	IsSpent             ReasonKind = "budget"      // the budget's points: what is left of it
	IsLimited           ReasonKind = "limit"       // times, period
	IsResting           ReasonKind = "rest"        // the last day of a cool-down
	IsBeaten            ReasonKind = "beaten"      // the rule that was applied instead
	IsShort             ReasonKind = "short"       // needed, what there was
	IsUnmet             ReasonKind = "unmet"       // the condition that does not hold, as it is written
	IsUnjoined          ReasonKind = "unjoined"    // the member has not registered
	IsFor               ReasonKind = "for"         // what the rule is for: tiers, segments, channels, stores, currencies, items, first_order, time; which
	IsMissing           ReasonKind = "missing"     // level or wallet, which: the program does not have it any more
	IsShadow            ReasonKind = "shadow"      // the points that it would have given
	IsFailed            ReasonKind = "failed"      // why a condition could not be told
	IsBounded           ReasonKind = "bounded"     // what is left of an order gives no more than all of it
	WasGiven            ReasonKind = "given"       // by earlier revisions
	HasFollowed         ReasonKind = "followed"    // the order whose change made the program decide about this one again
	IsLate              ReasonKind = "late"        // the event did not come by this day
	IsKept              ReasonKind = "kept"        // not taken back: expired (with the day), pending, within, debt
	IsOwed              ReasonKind = "owed"        // points: spent before the day on which they would have expired
	WasKept             ReasonKind = "unkept"      // what was never taken back is given back as nothing
	HasExpired          ReasonKind = "expired"     // the day
	CameLate            ReasonKind = "gone"        // the day on which its lot had expired
	BecameActive        ReasonKind = "active"      // cause, points
	IsCost              ReasonKind = "cost"        // points
	WasSpent            ReasonKind = "spent"       // points that were reserved
	WasReturned         ReasonKind = "returned"    // canceled, declined, expired, reversed or unused
	HasMoved            ReasonKind = "moved"       // from level, to level, how: reached, lost, floor or rules, measure, window
	HasStayed           ReasonKind = "stayed"      // measure, window
	WasReached          ReasonKind = "reached"     // count
	WasUnreached        ReasonKind = "missed"      // count
	WasReachedOn        ReasonKind = "reached_on"  // count that another order reached, the new day
	WasExtended         ReasonKind = "extended"    // to the day, why
	WasReinstated       ReasonKind = "again"       // expired on the day, why
	WasMoved            ReasonKind = "slid"        // the new day
	WasMovedBack        ReasonKind = "unslid"      // an activity no longer counts; the new day
	WasRevived          ReasonKind = "revived"     // expired on the day, and an activity before it was reported later
	HasChanged          ReasonKind = "changed"     // which trait
	WasSent             ReasonKind = "sent"        // points
	IsFee               ReasonKind = "fee"         // points
	WasAccepted         ReasonKind = "accepted"    // points that were held
	WasReceived         ReasonKind = "received"    // points
	WasContributed      ReasonKind = "contributed" // points of others of the household
	WasGivenTo          ReasonKind = "gives"       // points, to a redemption of the household
	WasConverted        ReasonKind = "converted"   // points, wallet, what they are in the other one, wallet
	WasConvertedBack    ReasonKind = "unconverted" // likewise
	IsAutomatic         ReasonKind = "auto"        // points: so many active ones are enough
	IsStopped           ReasonKind = "stopped"     // times, the day: no more of it then
	IsFree              ReasonKind = "free"
	WasPlaced           ReasonKind = "placed"                // by hand: from level, to level, why
	WasNotified         ReasonKind = "notified"              // of what, which: a notice
	CameBack            ReasonKind = "back"                  // of what, which: a notice that does not count
	WasPostponed        ReasonKind = "later"                 // no notice was sent in time; the new day
	IsEntryBonus        ReasonKind = "entry_bonus"           // to a level
	WasWithdrawn        ReasonKind = "withdrawn"             // from level, to level, the order or event that no longer counts
	WasRedecided        ReasonKind = "redecided"             // the level, the order or event that changed since when, or until when, it is had
	EntryBonusWithdrawn ReasonKind = "entry_bonus_withdrawn" // the level that was not reached after all
	LostProtection      ReasonKind = "unprotected"           // by a level; the new day
	WasRedated          ReasonKind = "redated"               // the level that was reached at another instant, the new day
)

// effects is each What as a formula; a %s stands for each of its arguments.
var effects = map[ReasonKind]string{
	Says:                "%s",
	IsRated:             "%s x %s",
	IsTimes:             "%s x %s",
	IsFactor:            "x %s",
	IsUnits:             "%s x %s",
	IsFixed:             "%s",
	WasConverted:        "%s %s became %s %s",
	WasConvertedBack:    "%s %s again, of %s %s",
	IsStep:              "%s, from %s: %s",
	IsUnpaid:            "not paid yet",
	IsUnknownTender:     "earns nothing until it is reported how %s was paid",
	IsCanceled:          "canceled",
	IsConverted:         "%s is %s",
	IsRounded:           "%s",
	IsCarried:           "left by earlier orders",
	IsCapped:            "%s per %s",
	IsRefused:           "more than %s per %s",
	IsSpent:             "%s are left of the budget",
	IsLimited:           "%s per %s",
	IsResting:           "once, until %s",
	IsBeaten:            "not applied: %s was",
	IsShort:             "not applied: needs %s, has %s",
	IsUnmet:             "not applied: %s",
	IsUnjoined:          "not applied: the member has not registered",
	IsFor:               "not applied: for %s %s",
	IsMissing:           "the program has no %s %s any more",
	IsShadow:            "shadow: would give %s",
	IsFailed:            "not applied: %s",
	IsBounded:           "no more than the whole order gives",
	WasGiven:            "given by earlier revisions",
	HasFollowed:         "decided again because order %s changed",
	IsLate:              "not there by %s",
	IsKept:              "not taken back: %s",
	IsOwed:              "%s were spent before they expired and are owed",
	WasKept:             "was never taken back",
	HasExpired:          "expired at the end of %s",
	CameLate:            "the lot had expired on %s",
	BecameActive:        "%s: %s became active",
	IsCost:              "costs %s",
	IsAutomatic:         "by itself at %s",
	IsStopped:           "%s times on %s, no more that day",
	IsFree:              "costs nothing",
	WasSpent:            "%s reserved points spent",
	WasReturned:         "%s, points returned",
	HasMoved:            "%s to %s, %s: %s %s",
	HasStayed:           "kept: %s %s",
	WasPlaced:           "%s to %s: %s",
	WasNotified:         "told of the %s of %s",
	CameBack:            "the notice of the %s of %s came back",
	WasPostponed:        "no notice in time: not before %s",
	IsEntryBonus:        "welcome to %s",
	WasWithdrawn:        "%s to %s, withdrawn: %s",
	WasRedecided:        "%s, decided again: %s",
	EntryBonusWithdrawn: "welcome to %s withdrawn",
	LostProtection:      "not protected by a level: until %s",
	WasRedated:          "%s was reached at another instant: until %s",
	WasReached:          "reached %s",
	WasUnreached:        "below %s again",
	WasReachedOn:        "%s was reached on another day: until %s",
	WasExtended:         "extended to %s: %s",
	WasReinstated:       "had expired on %s: %s",
	WasMoved:            "active again, expires on %s",
	WasMovedBack:        "an activity no longer counts, expires on %s",
	WasRevived:          "active before it expired on %s",
	HasChanged:          "%s",
	WasSent:             "%s to another member",
	IsFee:               "fee %s",
	WasAccepted:         "%s accepted by the other member",
	WasReceived:         "%s from another member",
	WasContributed:      "%s from the household",
	WasGivenTo:          "%s for the household",
}

// Whats lists every What that there is, for those who put them into words.
func Whats() []ReasonKind {
	out := make([]ReasonKind, 0, len(effects))
	for w := range effects {
		out = append(out, w)
	}
	return out
}

// Effect is what the rule did, as a short formula: "29.99 EUR x 1 per 1.00".
func (b Reason) Effect() string {
	form, ok := effects[b.Kind]
	if !ok || strings.Count(form, "%s") > len(b.Args) {
		return strings.TrimSpace(string(b.Kind) + " " + strings.Join(b.Args, " "))
	}
	args := make([]any, strings.Count(form, "%s"))
	for i := range args {
		args[i] = b.Args[i]
	}
	return strings.TrimSpace(fmt.Sprintf(form, args...))
}

// reasonIn is a Reason for n points of a wallet.
func reasonIn(wallet, rule string, n Points, what ReasonKind, args ...string) Reason {
	return Reason{Wallet: wallet, Rule: rule, Kind: what, Args: args, Points: points(n)}
}

// Reason makes a Because; points is what it gave, "0" for a reason why not.
func NewReason(rule, points string, what ReasonKind, args ...string) Reason {
	return Reason{Rule: rule, Kind: what, Args: args, Points: points}
}
