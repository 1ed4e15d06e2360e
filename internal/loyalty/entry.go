package loyalty

import (
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// Follows reports whether the entry decides an order again after another order changed.
func (e *Entry) Follows() bool {
	return len(e.Reasons) > 0 && e.Reasons[0].Kind == HasFollowed
}

// The kinds of causes. An ID is unique among the causes of its kind. Each comment states what the ID contains.
const (
	CauseEnrollment    = "enrollment"    // the ID contains the member
	CauseOrder         = "order"         // the ID is the merchant's order ID
	CauseRedemption    = "redemption"    // the ID is the redemption's ID
	CauseAdjustment    = "adjustment"    // the ID is the adjustment's ID
	CauseActivation    = "activation"    // the ID contains the member and the instant
	CauseExpiry        = "expiry"        // the ID contains the member, the day, and any wallet other than the main one
	CauseTier          = "tier"          // the ID contains the member, the level and the instant, or a manual change
	CauseTierChange    = "tier_change"   // an entry bonus; the ID contains the member and the level
	CauseEvent         = "event"         // the ID contains the event's family and the merchant's event ID
	CauseForfeit       = "forfeit"       // the ID contains the member and the instant
	CauseMilestone     = "milestone"     // the ID contains the member and the milestone
	CauseMember        = "member"        // the ID contains the member
	CauseExtension     = "extension"     // the ID is the extension's ID
	CauseNotice        = "notice"        // the ID contains the member and the subject of the notice
	CauseReinstatement = "reinstatement" // the ID contains the member and the day of the expiry
	CauseConversion    = "conversion"    // the ID is the conversion's ID
	CauseTransfer      = "transfer"      // the sender's side of a transfer; the ID is the transfer's ID
	CauseReceipt       = "receipt"       // the recipient's side of a transfer; the ID is the transfer's ID

	CauseContribution = "contribution" // the ID contains the redemption and the household member who contributes to it
)

// A Cause is the reason why points moved: an object with an ID, in one of its revisions. Each revision has exactly one
// entry, so no change is posted twice.
type Cause struct {
	Kind, ID string
	Revision int // the number of the revision, from 1
}

func (c Cause) String() string { return string(c.AppendTo(nil)) }

// AppendTo appends the text of the cause to b.
func (c Cause) AppendTo(b []byte) []byte {
	b = append(append(append(append(b, c.Kind...), '/'), c.ID...), '.')
	return strconv.AppendInt(b, int64(c.Revision), 10)
}

// Kind is the kind of change that an entry records.
type Kind string

const (
	KindEnroll   Kind = "enroll"    // the account began
	KindEarn     Kind = "earn"      // an order or event gained points, or was reported for the first time
	KindClawback Kind = "clawback"  // an order or event lost points
	KindActivate Kind = "activate"  // pending points became active
	KindReserve  Kind = "reserve"   // a redemption reserved points
	KindRelease  Kind = "release"   // a reservation was canceled or expired
	KindRedeem   Kind = "redeem"    // points were spent
	KindRestore  Kind = "restore"   // a redemption was reversed
	KindReject   Kind = "reject"    // a redemption was rejected; the entry moves no points and has no sequence number
	KindNote     Kind = "note"      // a guest's order was stored until a member claims it; there is no sequence number
	KindExpire   Kind = "expire"    // a lot expired
	KindAdjust   Kind = "adjust"    // the balance was corrected manually
	KindMoveTier Kind = "move_tier" // the level changed, or was retained for another period

	KindForfeit      Kind = "forfeit"       // pending points were forfeited: their condition was not met in time
	KindExtend       Kind = "extend"        // lots were extended, manually or for missing notice
	KindReinstate    Kind = "reinstate"     // expired points were reinstated manually
	KindNotify       Kind = "notify"        // a notice was sent to the member
	KindUpdateMember Kind = "update_member" // the member's traits, such as segments, changed
	KindConvert      Kind = "convert"       // points were converted to another wallet, or back

	KindOffer    Kind = "offer"    // points were reserved for another member, who must accept them
	KindTransfer Kind = "transfer" // points were sent to another member, or received from one
)

// Bucket is where points are: with the member, or at the program, which issues and receives them.
type Bucket string

// The member's buckets, followed by the program's buckets, which balance them: the postings of every entry sum to zero.
const (
	BucketActive   Bucket = "active"
	BucketPending  Bucket = "pending"
	BucketReserved Bucket = "reserved"
	BucketDebt     Bucket = "debt" // points that the member owes; the balance is never above zero

	BucketIssued    Bucket = "issued"
	BucketRedeemed  Bucket = "redeemed"
	BucketExpired   Bucket = "expired"
	BucketAdjusted  Bucket = "adjusted"
	BucketConverted Bucket = "converted" // points that were converted to or from another wallet

	BucketTransferred Bucket = "transferred" // points transferred to or from another member
	BucketFees        Bucket = "fees"        // fees that members paid for transfers
)

// Counts reports whether points in the bucket belong to the member and are part of an entry's points.
func (b Bucket) Counts() bool { return b == BucketActive || b == BucketPending || b == BucketDebt }

// A Posting moves points into a bucket or, if the points are negative, out of it.
type Posting struct {
	Wallet   string // the wallet; empty for the main wallet
	Bucket   Bucket
	Lot      calendar.Date // the lot of the points; for pending points, the lot that they will join
	ActiveAt time.Time     // for pending points: the instant at which they become active
	GiveUp   time.Time     // for pending points without ActiveAt: the instant at which they are forfeited
	Cause    Cause         // for pending points: the cause that earned them, if it is not the cause of the entry
	Points   Points
	From     calendar.Date // for points whose expiry an activity postponed: the day on which they would have expired
}

// An Entry is one line of the ledger. It never changes after it was written.
type Entry struct {
	Sequence  int64 // the position in the member's account, from 1 without gaps
	Member    MemberID
	Cause     Cause
	Kind      Kind
	Points    Points // the change of active + pending - debt in the main wallet
	Postings  []Posting
	Reasons   []Reason
	Program   int       // the version of the program whose rules decided the entry
	Effective time.Time // the instant from which the entry takes effect
	Recorded  time.Time // the instant at which the entry was written
	Actor     string    // the ID of the API key that requested the change, or "time"
	Input     string    // the fingerprint of the request, which distinguishes a replay from another request

	Detail
	Totals

	Previous string // the hash of the previous entry; "" for the first
	Hash     string
}

// A Detail contains the data that an entry records in addition to points. Most entries use few of its fields.
type Detail struct {
	Subject
	LevelEffects
	LotEffects
	Remembered
}

// A Subject is the object of an entry: the state from which the next revision of its cause starts, or the new state of
// a part of the account.
type Subject struct {
	Order      *OrderState
	Redemption *Redemption
	Event      *EventState
	Reached    *Reached // the new state of a milestone or an entry bonus
	Conversion *Converted
	Traits     *Traits // the member's traits after the entry, if it changed them
	Status     Status  // the account's new status, if the entry changed it
	Activity   *ActivityChange
	Notice     *Notice // the notice that was sent to the member
	Refusal    *Error  // why the request was rejected, if the entry records a rejection
}

// LevelEffects are the changes of levels, and of the amounts and counts that decide them.
type LevelEffects struct {
	Standing  *Standing        // the member's new standing, if the entry changed it
	Redecided *Redecision      // with Standing: the earlier standings that were decided again
	Redated   []Reached        // with Redecided: entry bonuses whose date changed without moving points
	Metric    *Metric          // the amounts that the entry adds to a month or other bucket
	Brands    []Bought         // the brands that the entry adds to months or other buckets
	Window    int              // with Metric: the number of newest months whose amounts the account stores separately
	TierGroup string           // the tier group that the entry is about; empty for Tiers, or if there is none
	Counts    []TierGroupCount // the amounts that the entry adds in the other tier groups
}

// LotEffects are the changes of lots that postings do not state.
type LotEffects struct {
	Move      *Move           // the lots whose expiry the entry changed, unless an activity did
	Extended  []Extended      // points whose expiry the entry postponed because no notice was sent
	Slides    calendar.Date   // the day to which an activity moved lots that expire by inactivity; zero if none
	Stale     calendar.Date   // with Slides: activities no longer move reserved lots up to this day; zero if none
	Graced    []calendar.Date // expiry days that a grace period set in this entry
	Reversals []Unconverted   // the parts of conversions that a clawback reversed or restored
	WriteOffs []WriteOff      // expired points that clawbacks wrote off
}

// Remembered contains the data that an account remembers for decisions about later orders.
type Remembered struct {
	Usage         []Usage       // the usage of caps and limits that the entry adds
	Numbers       int           // the greatest order number that rules ask for; zero if they ask for none
	Target        int           // the greatest milestone target for which the account remembers orders; zero if none
	First         []PlacedOrder // the member's first orders, if they were read from the member's entries
	Converting    *Converting   // the first orders that could convert the referral, if they were read from entries
	Undecided     []Again       // orders that must still be decided again because of this entry
	UndecidedFrom *Again        // the order from which all orders must be decided again; the zero Again clears it
	Carried       string        // the fraction of a point that the member has after the entry; empty if unchanged
}

// Totals are the balances after an entry.
type Totals struct {
	Balance Balance        // the balance of the main wallet
	Wallets []WalletChange // changes of the other wallets, sorted by ID
}

// Anothers reports whether the entry belongs to a redemption of another household member, which is not an activity of
// this member.
func (e Entry) Anothers() bool { return e.Redemption != nil && e.Redemption.By != "" }

// ID returns a name made of the cause and revision, so that the entry can be found without an index.
func (e Entry) ID() string {
	return "ent_" + e.Cause.Kind + "~" + e.Cause.ID + "~" + strconv.Itoa(e.Cause.Revision)
}
