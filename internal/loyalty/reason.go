package loyalty

import (
	"fmt"
	"strings"
)

// A Reason is one reason of an entry: a rule of the program, what it did, and the exact points that it gave or took.
// The points are a decimal ("29.99") or, if the decimal does not terminate, a fraction ("2999/110"). The reasons of an
// entry add up to its points, and reasons of another wallet to the change of that wallet. A reason with 0 points says
// why the rule gave nothing.
type Reason struct {
	Wallet string // the wallet of the points; empty for the main wallet
	Rule   string // "earn.purchase", "campaigns.double-weekend", "rounding"
	Kind   ReasonKind
	Args   []string // the arguments of Kind, in the order that each kind defines
	Points string
}

// A ReasonKind states what a reason says, independent of language. Effect formats it as a formula, and package explain
// as sentences. The comments below list the arguments of each kind, or describe a kind without arguments.
//
// The restriction of IsFor is one of tiers, segments, channels, stores, currencies, items, first_order or time. The
// argument of IsRetained says why points were not taken back. The cause of HasMoved is reached, lost, floor or rules.
type ReasonKind string

const (
	Says                ReasonKind = ""            // the text: an adjustment's reason, or a sentence of an old entry
	IsRated             ReasonKind = "rate"        // amount, rate
	IsTimes             ReasonKind = "times"       // amount, factor
	IsFactor            ReasonKind = "factor"      // factor
	IsUnits             ReasonKind = "units"       // units, points each
	IsFixed             ReasonKind = "fixed"       // points
	IsStep              ReasonKind = "step"        // amount, beginning of the band, points
	IsUnpaid            ReasonKind = "unpaid"      // the order is not paid yet
	IsUnknownTender     ReasonKind = "tender"      // the amount whose means of payment no processor has reported yet
	IsCanceled          ReasonKind = "void"        // the order was canceled
	IsConverted         ReasonKind = "exchange"    // one unit of the order's currency, its value in the base currency
	IsRounded           ReasonKind = "round"       // down, nearest, half_even, up
	IsCarried           ReasonKind = "carry"       // the fraction carried from earlier orders
	IsCapped            ReasonKind = "cap"         // points, period
	IsRefused           ReasonKind = "refuse"      // points, period: above the cap, so it gives nothing
	IsSpent             ReasonKind = "budget"      // the remaining points of the budget
	IsLimited           ReasonKind = "limit"       // times, period
	IsResting           ReasonKind = "rest"        // the last day of the cooldown
	IsBeaten            ReasonKind = "beaten"      // the rule that was applied instead
	IsShort             ReasonKind = "short"       // required, available
	IsUnmet             ReasonKind = "unmet"       // the condition that does not hold, as written
	IsUnjoined          ReasonKind = "unjoined"    // the member has not registered for the campaign
	IsFor               ReasonKind = "for"         // the restriction, its values
	IsMissing           ReasonKind = "missing"     // "level" or "wallet", ID: the program no longer has it
	IsShadow            ReasonKind = "shadow"      // the points that the rule would have given
	IsFailed            ReasonKind = "failed"      // why the condition could not be evaluated
	IsBounded           ReasonKind = "bounded"     // after a refund, an order gives no more than the whole order
	WasGiven            ReasonKind = "given"       // the points of earlier revisions
	HasFollowed         ReasonKind = "followed"    // the order whose change caused this one to be decided again
	IsLate              ReasonKind = "late"        // the day by which the required event did not arrive
	IsRetained          ReasonKind = "kept"        // expired (with the day), pending, within or debt
	IsOwed              ReasonKind = "owed"        // points that were spent before they would have expired
	WasRetained         ReasonKind = "unkept"      // points that were never taken back are not given again
	HasExpired          ReasonKind = "expired"     // the day
	CameLate            ReasonKind = "gone"        // the day on which the points' lot had expired
	BecameActive        ReasonKind = "active"      // cause, points
	IsCost              ReasonKind = "cost"        // points
	WasSpent            ReasonKind = "spent"       // points that were reserved
	WasReturned         ReasonKind = "returned"    // canceled, declined, expired, reversed or unused
	HasMoved            ReasonKind = "moved"       // from level, to level, cause, measure, window
	HasStayed           ReasonKind = "stayed"      // measure, window
	WasReached          ReasonKind = "reached"     // count
	WasUnreached        ReasonKind = "missed"      // count
	WasReachedOn        ReasonKind = "reached_on"  // count that another order reached, the new day
	WasExtended         ReasonKind = "extended"    // the new day, reason
	WasReinstated       ReasonKind = "again"       // the day on which the points had expired, the reason
	WasMoved            ReasonKind = "slid"        // argument: the new day
	WasMovedBack        ReasonKind = "unslid"      // the new day; an activity no longer counts
	WasRevived          ReasonKind = "revived"     // the day of the expiry; an earlier activity was reported late
	HasChanged          ReasonKind = "changed"     // the trait
	WasSent             ReasonKind = "sent"        // points
	IsFee               ReasonKind = "fee"         // points
	WasAccepted         ReasonKind = "accepted"    // points that were reserved
	WasReceived         ReasonKind = "received"    // points
	WasContributed      ReasonKind = "contributed" // points from other household members
	WasGivenTo          ReasonKind = "gives"       // points contributed to a redemption of another household member
	WasConverted        ReasonKind = "converted"   // points, wallet, points received in the other wallet, that wallet
	WasConvertedBack    ReasonKind = "unconverted" // the same as WasConverted
	IsAutomatic         ReasonKind = "auto"        // the active points that trigger the redemption
	IsStopped           ReasonKind = "stopped"     // times, the day: the daily limit is reached
	IsFree              ReasonKind = "free"
	WasPlaced           ReasonKind = "placed"                // manually: from level, to level, reason
	WasNotified         ReasonKind = "notified"              // what the notice is about, its subject
	CameBack            ReasonKind = "back"                  // what the notice is about, its subject; not delivered
	WasPostponed        ReasonKind = "later"                 // the new day; no notice was sent in time
	IsEntryBonus        ReasonKind = "entry_bonus"           // the level
	WasWithdrawn        ReasonKind = "withdrawn"             // from level, to level, the order or event withdrawn
	WasRedecided        ReasonKind = "redecided"             // the level, order or event that changed its start or end
	EntryBonusWithdrawn ReasonKind = "entry_bonus_withdrawn" // the level that was not reached after all
	LostProtection      ReasonKind = "unprotected"           // the new day; a level no longer protects the points
	WasRedated          ReasonKind = "redated"               // the level that was reached at another time, the new day
)

// effects maps each kind to a formula. Each %s stands for one argument.
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
	IsUnknownTender:     "earns nothing until the payment of %s is reported",
	IsCanceled:          "canceled",
	IsConverted:         "%s is %s",
	IsRounded:           "%s",
	IsCarried:           "carried over from earlier orders",
	IsCapped:            "%s per %s",
	IsRefused:           "more than %s per %s",
	IsSpent:             "%s remain in the budget",
	IsLimited:           "%s per %s",
	IsResting:           "once, until %s",
	IsBeaten:            "not applied: %s was",
	IsShort:             "not applied: needs %s, has %s",
	IsUnmet:             "not applied: %s",
	IsUnjoined:          "not applied: the member has not registered",
	IsFor:               "not applied: for %s %s",
	IsMissing:           "the program no longer has the %s %s",
	IsShadow:            "shadow: would give %s",
	IsFailed:            "not applied: %s",
	IsBounded:           "limited to the points of the whole order",
	WasGiven:            "awarded by earlier revisions",
	HasFollowed:         "recalculated because order %s changed",
	IsLate:              "not confirmed by %s",
	IsRetained:          "not deducted: %s",
	IsOwed:              "%s were spent before they expired and became debt",
	WasRetained:         "was not deducted earlier",
	HasExpired:          "expired at the end of %s",
	CameLate:            "the lot had expired on %s",
	BecameActive:        "%s: %s became active",
	IsCost:              "costs %s",
	IsAutomatic:         "redeemed automatically at %s",
	IsStopped:           "redeemed %s times on %s, the daily limit",
	IsFree:              "costs nothing",
	WasSpent:            "%s reserved points spent",
	WasReturned:         "%s, points returned",
	HasMoved:            "%s to %s, %s: %s %s",
	HasStayed:           "retained: %s %s",
	WasPlaced:           "%s to %s: %s",
	WasNotified:         "notified of the %s of %s",
	CameBack:            "the notice of the %s of %s was not delivered",
	WasPostponed:        "postponed to %s: no notice was sent in time",
	IsEntryBonus:        "entry bonus of %s",
	WasWithdrawn:        "%s to %s, withdrawn: %s",
	WasRedecided:        "%s, recalculated: %s",
	EntryBonusWithdrawn: "entry bonus of %s withdrawn",
	LostProtection:      "no level prevents expiry: expires on %s",
	WasRedated:          "%s was reached at another time: expires on %s",
	WasReached:          "reached %s",
	WasUnreached:        "no longer at %s",
	WasReachedOn:        "%s was reached on another day: expires on %s",
	WasExtended:         "extended to %s: %s",
	WasReinstated:       "reinstated after expiry on %s: %s",
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

// ReasonKinds returns all reason kinds.
func ReasonKinds() []ReasonKind {
	out := make([]ReasonKind, 0, len(effects))
	for w := range effects {
		out = append(out, w)
	}
	return out
}

// Effect returns what the rule did as a short formula: "29.99 EUR x 1 per 1.00".
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

// ReasonIn returns a Reason for n points of a wallet.
func ReasonIn(wallet, rule string, n Points, what ReasonKind, args ...string) Reason {
	return Reason{Wallet: wallet, Rule: rule, Kind: what, Args: args, Points: FormatPoints(n)}
}

// NewReason returns a Reason in the main wallet. points is the exact number that the rule gave, or "0" if it gave
// nothing.
func NewReason(rule, points string, what ReasonKind, args ...string) Reason {
	return Reason{Rule: rule, Kind: what, Args: args, Points: points}
}
