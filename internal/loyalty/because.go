package loyalty

import (
	"fmt"
	"strings"
)

// A Because is one reason of an entry: a rule of the program, what it did, and the exact points that it gave or
// took, as a decimal ("29.99") or, where it has no end, a fraction ("2999/110"). The reasons of an entry sum to its
// points, and those of another wallet to what it did there. A reason that gave and took nothing says why not.
type Because struct {
	Wallet string // whose points; empty for that of points
	Rule   string // "earn.purchase", "campaigns.double-weekend", "rounding"
	What   What
	Args   []string // what What is about, in its own order
	Points string
}

// What a reason says, apart from language. Effect puts it into a formula; package explain into sentences.
type What string

const (
	Says             What = ""            // the text itself: an adjustment's reason, and entries of the first release
	IsRated          What = "rate"        // amount, rate
	IsTimes          What = "times"       // amount, factor
	IsFactor         What = "factor"      // factor
	IsUnits          What = "units"       // units, points each
	IsFixed          What = "fixed"       // points
	IsStep           What = "step"        // amount, the band's beginning, points
	IsUnpaid         What = "unpaid"      // the order is not paid yet
	IsUnknownTender  What = "tender"      // the amount of which no processor has reported the means of payment yet
	IsCancelled      What = "void"        // the order was cancelled
	IsConverted      What = "exchange"    // one unit of the order's currency, what it was in the program's
	IsRounded        What = "round"       // down, nearest, half_even, up
	IsCarried        What = "carry"       // the fraction that earlier orders left
	IsCapped         What = "cap"         // points, period
	IsRefused        What = "refuse"      // points, period: more than the cap, so nothing
	IsSpent          What = "budget"      // the budget's points: what is left of it
	IsLimited        What = "limit"       // times, period
	IsResting        What = "rest"        // the last day of a cool-down
	IsBeaten         What = "beaten"      // the rule that was applied instead
	IsShort          What = "short"       // needed, what there was
	IsUnmet          What = "unmet"       // the condition that does not hold, as it is written
	IsUnjoined       What = "unjoined"    // the member has not registered
	IsFor            What = "for"         // what the rule is for: tiers, segments, channels, stores, currencies, items, first_order, time; which
	IsMissing        What = "missing"     // level or wallet, which: the program does not have it any more
	IsShadow         What = "shadow"      // the points that it would have given
	IsFailed         What = "failed"      // why a condition could not be told
	IsBounded        What = "bounded"     // what is left of an order gives no more than all of it
	WasGiven         What = "given"       // by earlier revisions
	HasFollowed      What = "followed"    // the order whose change made the program decide about this one again
	IsLate           What = "late"        // the event did not come by this day
	IsKept           What = "kept"        // not taken back: lapsed (with the day), pending, within, debt
	IsOwed           What = "owed"        // points: spent before the day on which they would have expired
	WasKept          What = "unkept"      // what was never taken back is given back as nothing
	HasLapsed        What = "lapsed"      // the day
	CameLate         What = "gone"        // the day on which its lot had lapsed
	BecameActive     What = "active"      // cause, points
	IsCost           What = "cost"        // points
	WasSpent         What = "spent"       // points that were reserved
	WasReturned      What = "returned"    // cancelled, declined, lapsed, reversed or unused
	HasMoved         What = "moved"       // from level, to level, how: reached, lost, floor or rules, measure, window
	HasStayed        What = "stayed"      // measure, window
	WasReached       What = "reached"     // count
	WasUnreached     What = "missed"      // count
	WasReachedOn     What = "reached_on"  // count that another order reached, the new day
	WasExtended      What = "extended"    // to the day, why
	WasReinstated    What = "again"       // lapsed on the day, why
	WasMoved         What = "slid"        // the new day
	WasMovedBack     What = "unslid"      // an activity no longer counts; the new day
	WasRevived       What = "revived"     // expired on the day, and an activity before it was reported later
	HasChanged       What = "changed"     // which trait
	WasSent          What = "sent"        // points
	IsFee            What = "fee"         // points
	WasAccepted      What = "accepted"    // points that were held
	WasReceived      What = "received"    // points
	WasDrawn         What = "drawn"       // points of others of the household
	WasGivenTo       What = "gives"       // points, to a redemption of the household
	WasConverted     What = "converted"   // points, wallet, what they are in the other one, wallet
	WasConvertedBack What = "unconverted" // likewise
	IsAutomatic      What = "auto"        // points: so many active ones are enough
	IsStopped        What = "stopped"     // times, the day: no more of it then
	IsFree           What = "free"
	WasPlaced        What = "placed"      // by hand: from level, to level, why
	WasTold          What = "told"        // of what, which: a notice
	CameBack         What = "back"        // of what, which: a notice that does not count
	WasPostponed     What = "later"       // no notice was sent in time; the new day
	IsWelcome        What = "welcome"     // to a level
	WasWithdrawn     What = "withdrawn"   // from level, to level, the order or event that no longer counts
	WasRedecided     What = "redecided"   // the level, the order or event that changed since when, or until when, it is had
	WasUnwelcomed    What = "unwelcome"   // the level that was not reached after all
	LostProtection   What = "unprotected" // by a level; the new day
	WasRedated       What = "redated"     // the level that was reached at another instant, the new day
)

// effects is each What as a formula; a %s stands for each of its arguments.
var effects = map[What]string{
	Says:             "%s",
	IsRated:          "%s x %s",
	IsTimes:          "%s x %s",
	IsFactor:         "x %s",
	IsUnits:          "%s x %s",
	IsFixed:          "%s",
	WasConverted:     "%s %s became %s %s",
	WasConvertedBack: "%s %s again, of %s %s",
	IsStep:           "%s, from %s: %s",
	IsUnpaid:         "not paid yet",
	IsUnknownTender:  "earns nothing until it is reported how %s was paid",
	IsCancelled:      "cancelled",
	IsConverted:      "%s is %s",
	IsRounded:        "%s",
	IsCarried:        "left by earlier orders",
	IsCapped:         "%s per %s",
	IsRefused:        "more than %s per %s",
	IsSpent:          "%s are left of the budget",
	IsLimited:        "%s per %s",
	IsResting:        "once, until %s",
	IsBeaten:         "not applied: %s was",
	IsShort:          "not applied: needs %s, has %s",
	IsUnmet:          "not applied: %s",
	IsUnjoined:       "not applied: the member has not registered",
	IsFor:            "not applied: for %s %s",
	IsMissing:        "the program has no %s %s any more",
	IsShadow:         "shadow: would give %s",
	IsFailed:         "not applied: %s",
	IsBounded:        "no more than the whole order gives",
	WasGiven:         "given by earlier revisions",
	HasFollowed:      "decided again because order %s changed",
	IsLate:           "not there by %s",
	IsKept:           "not taken back: %s",
	IsOwed:           "%s were spent before they expired and are owed",
	WasKept:          "was never taken back",
	HasLapsed:        "lapsed at the end of %s",
	CameLate:         "the lot had lapsed on %s",
	BecameActive:     "%s: %s became active",
	IsCost:           "costs %s",
	IsAutomatic:      "by itself at %s",
	IsStopped:        "%s times on %s, no more that day",
	IsFree:           "costs nothing",
	WasSpent:         "%s reserved points spent",
	WasReturned:      "%s, points returned",
	HasMoved:         "%s to %s, %s: %s %s",
	HasStayed:        "kept: %s %s",
	WasPlaced:        "%s to %s: %s",
	WasTold:          "told of the %s of %s",
	CameBack:         "the notice of the %s of %s came back",
	WasPostponed:     "no notice in time: not before %s",
	IsWelcome:        "welcome to %s",
	WasWithdrawn:     "%s to %s, withdrawn: %s",
	WasRedecided:     "%s, decided again: %s",
	WasUnwelcomed:    "welcome to %s withdrawn",
	LostProtection:   "not protected by a level: until %s",
	WasRedated:       "%s was reached at another instant: until %s",
	WasReached:       "reached %s",
	WasUnreached:     "below %s again",
	WasReachedOn:     "%s was reached on another day: until %s",
	WasExtended:      "extended to %s: %s",
	WasReinstated:    "had lapsed on %s: %s",
	WasMoved:         "active again, lapses on %s",
	WasMovedBack:     "an activity no longer counts, expires on %s",
	WasRevived:       "active before it expired on %s",
	HasChanged:       "%s",
	WasSent:          "%s to another member",
	IsFee:            "fee %s",
	WasAccepted:      "%s accepted by the other member",
	WasReceived:      "%s from another member",
	WasDrawn:         "%s from the household",
	WasGivenTo:       "%s for the household",
}

// Whats lists every What that there is, for those who put them into words.
func Whats() []What {
	out := make([]What, 0, len(effects))
	for w := range effects {
		out = append(out, w)
	}
	return out
}

// Effect is what the rule did, as a short formula: "29.99 EUR x 1 per 1.00".
func (b Because) Effect() string {
	form, ok := effects[b.What]
	if !ok || strings.Count(form, "%s") > len(b.Args) {
		return strings.TrimSpace(string(b.What) + " " + strings.Join(b.Args, " "))
	}
	args := make([]any, strings.Count(form, "%s"))
	for i := range args {
		args[i] = b.Args[i]
	}
	return strings.TrimSpace(fmt.Sprintf(form, args...))
}

// reasonIn is a Reason for n points of a wallet.
func reasonIn(wallet, rule string, n Points, what What, args ...string) Because {
	return Because{Wallet: wallet, Rule: rule, What: what, Args: args, Points: points(n)}
}

// Reason makes a Because; points is what it gave, "0" for a reason why not.
func Reason(rule, points string, what What, args ...string) Because {
	return Because{Rule: rule, What: what, Args: args, Points: points}
}
