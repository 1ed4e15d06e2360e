package loyalty

import (
	"fmt"
	"strings"
	"time"
)

// Cause kinds. Each is a namespace of identities.
const (
	CauseEnrollment    = "enrollment"    // a member's enrollment, by member
	CauseOrder         = "order"         // by the merchant's order id
	CauseRedemption    = "redemption"    // by redemption id
	CauseAdjustment    = "adjustment"    // by adjustment id
	CauseActivation    = "activation"    // by member and instant
	CauseExpiry        = "expiry"        // by member and day, and the wallet if it is another
	CauseTier          = "tier"          // by member, level (with its ladder) and instant; or by the id of a placement by hand
	CauseTierChange    = "tier_change"   // the welcome to a level, by member and level
	CauseEvent         = "event"         // by family and the merchant's event id
	CauseForfeit       = "forfeit"       // by member and instant
	CauseMilestone     = "milestone"     // by member and milestone
	CauseMember        = "member"        // by member
	CauseExtension     = "extension"     // by extension id
	CauseNotice        = "notice"        // by member and what it is of
	CauseReinstatement = "reinstatement" // by member and day of the expiry
	CauseConversion    = "conversion"    // by conversion id
	CauseTransfer      = "transfer"      // by transfer id: what became of it with who gives
	CauseReceipt       = "receipt"       // by transfer id: that the other has it

	CauseContribution = "contribution" // by redemption id and member: what another of the household gives to it
)

// A Cause is why points moved: something with an identity, in its n-th revision. Of each revision there is one
// entry, so nothing can happen twice.
type Cause struct {
	Kind, ID string
	Revision int // from 1
}

func (c Cause) String() string { return fmt.Sprintf("%s/%s.%d", c.Kind, c.ID, c.Revision) }

// Kind is what an entry did.
type Kind string

const (
	KindEnroll   Kind = "enroll"    // the account began
	KindEarn     Kind = "earn"      // an order or event became worth more, or was seen for the first time
	KindClawback Kind = "clawback"  // it became worth less
	KindActivate Kind = "activate"  // pending points became active
	KindReserve  Kind = "reserve"   // a redemption holds points
	KindRelease  Kind = "release"   // a hold was canceled or expired
	KindRedeem   Kind = "redeem"    // points were spent
	KindRestore  Kind = "restore"   // a redemption was reversed
	KindReject   Kind = "reject"    // a redemption was refused; moves nothing and has no place in the sequence
	KindNote     Kind = "note"      // a guest's order, kept until it is somebody's; likewise
	KindExpire   Kind = "expire"    // a lot expired
	KindAdjust   Kind = "adjust"    // someone corrected the balance by hand
	KindMoveTier Kind = "move_tier" // the level changed, or was kept for another period

	KindForfeit      Kind = "forfeit"       // pending points were given up: what they waited for did not happen in time
	KindExtend       Kind = "extend"        // lots were made to live longer by hand
	KindReinstate    Kind = "reinstate"     // expired points were brought back by hand
	KindNotify       Kind = "notify"        // the member was told of what is to come
	KindUpdateMember Kind = "update_member" // what rules know of the member changed
	KindConvert      Kind = "convert"       // points went from one wallet to another, or back

	KindOffer    Kind = "offer"    // points are held until another member accepts them
	KindTransfer Kind = "transfer" // points went to another member, or came from one
)

// Bucket is where points are: with the member, or where they came from and went.
type Bucket string

// The member's buckets, and then the program's, which mirror them: every entry's postings sum to zero.
const (
	BucketActive   Bucket = "active"
	BucketPending  Bucket = "pending"
	BucketReserved Bucket = "reserved"
	BucketDebt     Bucket = "debt" // never above zero

	BucketIssued    Bucket = "issued"
	BucketRedeemed  Bucket = "redeemed"
	BucketExpired   Bucket = "expired"
	BucketAdjusted  Bucket = "adjusted"
	BucketConverted Bucket = "converted" // into another wallet, or from there

	BucketTransferred Bucket = "transferred" // on their way between two accounts, which together sum to zero
	BucketFees        Bucket = "fees"        // what transfers cost
)

// counts reports whether points in the bucket are the member's: what an entry's points sum up.
func (b Bucket) counts() bool { return b == BucketActive || b == BucketPending || b == BucketDebt }

// A Posting moves points into a bucket, or out of it if negative.
type Posting struct {
	Wallet   string // empty for that of points
	Bucket   Bucket
	Lot      Date      // active and reserved: which lot; pending: which lot it will join
	ActiveAt time.Time // pending: when
	GiveUp   time.Time // pending without ActiveAt: until when at most
	Cause    Cause     // pending: whose, if not the entry's own; Revision is zero
	Points   Points
	From     Date // active: where an activity had moved them on, the day on which they would have expired by themselves
}

// An Entry is one line of the ledger, never changed once written.
type Entry struct {
	Sequence  int64 // its place in the member's account, from 1 without gaps
	Member    MemberID
	Cause     Cause
	Kind      Kind
	Points    Points // by how much active + pending - debt changed, in the wallet of points
	Postings  []Posting
	Reasons   []Reason
	Program   int       // the version that decided
	Effective time.Time // when it holds from
	Recorded  time.Time // when it was written
	Actor     string    // who asked: a key's id, or "time"
	Input     string    // fingerprint of what was asked, to tell a replay from a reuse

	// What the entry is about, and the state that the next revision of its cause starts from.
	Order      *OrderState
	Redemption *Redemption
	Standing   *Standing        // the member's standing after, if the entry changed it
	Redecided  *Redecision      // with Standing: the standings before it were decided again
	Redated    []Reached        // with Redecided: bonuses of levels that count from another instant, and move no points
	Metric     *Metric          // what it adds to a month
	Brands     []Bought         // likewise
	Window     int              // with Metric: how many months the account keeps apart, the newest included
	TierGroup  string           // the ladder on which it happened; empty: Tiers, or none
	Counts     []TierGroupCount // what it adds on the other ladders
	Usage      []Usage          // what it uses of caps and limits
	Numbers    int              // the greatest order number that rules ask for; zero: they ask for none
	Target     int              // the greatest target of a milestone that an account remembers orders for; zero: there is none
	First      []PlacedOrder    // the member's first orders, if they were read from the member's entries
	Converting *Converting      // the first orders that could convert the referral, if they were read likewise
	Undecided  []Again          // orders that are to be decided again because of it, and were not yet
	Event      *EventState

	UndecidedFrom *Again   // the order from which on all orders are to be decided again; zero if there is none any more
	Reached       *Reached // what became of a milestone
	Conversion    *Converted
	Reversals     []Unconverted // what a clawback took back of conversions, or gave to them again
	WriteOffs     []WriteOff    // what clawbacks wrote off of expired lots
	Traits        *Traits       // what rules know of the member after it, if it changed that
	Move          *Move         // which lots it moved by hand
	Activity      *ActivityChange
	Notice        *Notice    // what the member was told of
	Extended      []Extended // points whose expiry it put off for want of notice
	Slides        Date       // to which day it moved the lots that slide; zero if it moved none
	Stale         Date       // with Slides: up to which day those that are reserved did not follow, as they would have expired; zero if all did
	Graced        []Date     // the days to which grace put off points in it
	Carried       string     // the fraction of a point that the member has after it; empty if it did not change that
	Refusal       *Error     // why, if it records a refusal

	Balance  Balance        // of the wallet of points, after it
	Wallets  []WalletChange // of the other ones that it touched, by id
	Previous string         // the hash of the entry before it; "" for the first
	Hash     string
}

// anothers reports whether an entry is of what another of the household redeemed, which is no activity of the member.
func (e Entry) anothers() bool { return e.Redemption != nil && e.Redemption.By != "" }

// ID names the entry by its cause and revision, so that it can be found without an index.
func (e Entry) ID() string {
	return "ent_" + strings.Join([]string{e.Cause.Kind, e.Cause.ID, fmt.Sprint(e.Cause.Revision)}, "~")
}
