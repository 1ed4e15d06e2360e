package loyalty

import (
	"strings"
)

// A Reason is one reason of an entry: a rule of the program, its effect, and the exact points that it gave or took. The
// points are a decimal ("29.99") or, if the decimal does not terminate, a fraction ("2999/110"). In each wallet, the
// reasons of an entry add up to its change of points. A reason with 0 points says why the rule gave nothing.
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
	Says            ReasonKind = ""       // argument: an adjustment's reason, or a sentence of an old entry
	IsRated         ReasonKind = "rate"   // arguments: amount, rate
	IsTimes         ReasonKind = "times"  // arguments: amount, factor
	IsFactor        ReasonKind = "factor" // argument: factor
	IsUnits         ReasonKind = "units"  // arguments: units, points each
	IsFixed         ReasonKind = "fixed"  // argument: points
	IsStep          ReasonKind = "step"   // arguments: amount, beginning of the band, points
	IsUnpaid        ReasonKind = "unpaid" // the order is not paid yet
	IsUnknownTender ReasonKind = "tender" // argument: the amount whose tender no processor has reported yet
	IsCanceled      ReasonKind = "void"   // the order was canceled
	// Arguments: one unit of the currency, its value in the base currency.
	IsConverted    ReasonKind = "exchange"
	IsRounded      ReasonKind = "round"      // argument: down, nearest, half_even or up
	IsCarried      ReasonKind = "carry"      // the fraction carried from earlier orders
	IsCapped       ReasonKind = "cap"        // arguments: points, period
	IsRefused      ReasonKind = "refuse"     // arguments: points, period; an order above the cap gets nothing
	IsSpent        ReasonKind = "budget"     // argument: the remaining points of the budget
	IsLimited      ReasonKind = "limit"      // arguments: times, period
	IsResting      ReasonKind = "rest"       // argument: the last day of the cooldown
	IsBeaten       ReasonKind = "beaten"     // argument: the rule that was applied instead
	IsShort        ReasonKind = "short"      // arguments: required, available
	IsUnmet        ReasonKind = "unmet"      // argument: the condition that does not hold, as written
	IsUnjoined     ReasonKind = "unjoined"   // the member has not registered for the campaign
	IsFor          ReasonKind = "for"        // arguments: the restriction, its values
	IsMissing      ReasonKind = "missing"    // arguments: "level" or "wallet", ID: the program no longer has it
	IsShadow       ReasonKind = "shadow"     // argument: the points that the rule would have given
	IsFailed       ReasonKind = "failed"     // argument: why the condition could not be evaluated
	IsBounded      ReasonKind = "bounded"    // after a refund, an order gives no more than the whole order
	WasGiven       ReasonKind = "given"      // the points of earlier revisions
	HasFollowed    ReasonKind = "followed"   // argument: the order whose change affected this one
	IsLate         ReasonKind = "late"       // argument: the day by which the required event did not arrive
	IsRetained     ReasonKind = "kept"       // argument: expired (with the day), pending, within or debt
	IsOwed         ReasonKind = "owed"       // argument: points that were spent before they would have expired
	WasRetained    ReasonKind = "unkept"     // points that were never taken back are not given again
	HasExpired     ReasonKind = "expired"    // argument: the day
	CameLate       ReasonKind = "gone"       // argument: the day on which the points' lot had expired
	BecameActive   ReasonKind = "active"     // arguments: cause, points
	IsCost         ReasonKind = "cost"       // argument: points
	WasSpent       ReasonKind = "spent"      // argument: points that were reserved
	WasReturned    ReasonKind = "returned"   // argument: canceled, declined, expired, reversed or unused
	HasMoved       ReasonKind = "moved"      // arguments: from level, to level, cause, measure, window
	HasStayed      ReasonKind = "stayed"     // arguments: measure, window
	WasReached     ReasonKind = "reached"    // argument: count
	WasUnreached   ReasonKind = "missed"     // argument: count
	WasReachedOn   ReasonKind = "reached_on" // arguments: the count that another order reached, the new day
	WasExtended    ReasonKind = "extended"   // arguments: the new day, reason
	WasReinstated  ReasonKind = "again"      // arguments: the day on which the points had expired, the reason
	WasMoved       ReasonKind = "slid"       // argument: the new day
	WasMovedBack   ReasonKind = "unslid"     // argument: the new day; an activity no longer counts
	WasRevived     ReasonKind = "revived"    // argument: the day of the expiry; an activity was reported late
	HasChanged     ReasonKind = "changed"    // argument: the trait
	WasFrozen      ReasonKind = "frozen"     // argument: the reason
	WasUnfrozen    ReasonKind = "unfrozen"   // argument: the reason
	WasReleased    ReasonKind = "released"   // argument: the reason; a hold on the points ended
	WasErased      ReasonKind = "erased"
	WasSent        ReasonKind = "sent"        // argument: points
	IsFee          ReasonKind = "fee"         // argument: points
	WasAccepted    ReasonKind = "accepted"    // argument: points that were reserved
	WasReceived    ReasonKind = "received"    // argument: points
	WasContributed ReasonKind = "contributed" // argument: points from other household members
	WasGivenTo     ReasonKind = "gives"       // argument: points for a redemption of a household member
	// Arguments: points taken, their wallet, points received, their wallet.
	WasConverted        ReasonKind = "converted"
	WasConvertedBack    ReasonKind = "unconverted" // arguments: the same as for WasConverted
	IsAutomatic         ReasonKind = "auto"        // argument: the active points that trigger the redemption
	IsStopped           ReasonKind = "stopped"     // arguments: times, the day; the daily limit is reached
	IsFree              ReasonKind = "free"
	WasPlaced           ReasonKind = "placed"                // arguments: from level, to level, reason; set manually
	WasNotified         ReasonKind = "notified"              // arguments: expiry or fall, the subject of the notice
	CameBack            ReasonKind = "back"                  // arguments: the same as for WasNotified; not delivered
	WasPostponed        ReasonKind = "later"                 // argument: the new day; no notice was sent in time
	IsEntryBonus        ReasonKind = "entry_bonus"           // argument: the level
	WasWithdrawn        ReasonKind = "withdrawn"             // arguments: from level, to level, the withdrawn cause
	WasRedecided        ReasonKind = "redecided"             // arguments: the level, the cause of its new start or end
	EntryBonusWithdrawn ReasonKind = "entry_bonus_withdrawn" // argument: the level that the member did not reach
	LostProtection      ReasonKind = "unprotected"           // argument: the new day; no level protects the points
	// Arguments: the level reached at another time, the new day.
	WasRedated ReasonKind = "redated"
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
	WasFrozen:           "frozen: %s",
	WasUnfrozen:         "no longer frozen: %s",
	WasReleased:         "no longer on hold: %s",
	WasErased:           "personal data erased",
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
	out := make([]byte, 0, 64) // on the stack
	for _, arg := range b.Args {
		before, after, found := strings.Cut(form, "%s")
		if !found {
			break
		}
		out = append(append(out, before...), arg...)
		form = after
	}
	return strings.TrimSpace(string(append(out, form...)))
}

// ReasonIn returns a Reason for n points of a wallet.
func ReasonIn(wallet, rule string, n Points, what ReasonKind, args ...string) Reason {
	return Reason{Wallet: wallet, Rule: rule, Kind: what, Args: args, Points: FormatPoints(n)}
}

// NewReason returns a Reason in the main wallet. The parameter points is the exact number that the rule gave, or "0" if
// it gave nothing.
func NewReason(rule, points string, what ReasonKind, args ...string) Reason {
	return Reason{Rule: rule, Kind: what, Args: args, Points: points}
}
