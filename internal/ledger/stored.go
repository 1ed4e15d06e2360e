package ledger

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// The stored forms, apart from the types that decisions use and changed only by addition: a table written by
// an earlier release must be readable. Names are short because an account and an entry are each to fit into
// one write unit of 1,024 bytes, names included; instants are milliseconds since 1970, days are yyyymmdd.

type accountDoc struct {
	Status     string               `json:"st,omitzero"` // left out while active
	Joined     int64                `json:"joined"`
	Sequence   int64                `json:"seq"`
	Head       string               `json:"head"`
	Lots       seriesDoc            `json:"lots,omitempty"`
	Pending    []pendingDoc         `json:"pend,omitempty"`
	Holds      []holdDoc            `json:"holds,omitempty"`
	Debt       int64                `json:"debt,omitzero"`
	Purses     map[string]purseDoc  `json:"w,omitempty"` // by wallet
	Tier       *tierDoc             `json:"tier,omitempty"`
	Past       []*tierDoc           `json:"past,omitempty"` // oldest first; null: that of a new member
	Counted    int64                `json:"cnt,omitzero"`   // left out where it is last; -1 where it is zero
	Brands     map[string]int64     `json:"mb,omitempty"`   // metrics: orders by month and brand, "202612|east"
	TierGroups []tierGroupDoc       `json:"tg,omitempty"`
	Usage      map[string]seriesDoc `json:"caps,omitempty"` // by rule and period: "campaigns.x|#day"
	Reached    []reachedDoc         `json:"ms1,omitempty"`  // milestones
	Traits     *traitsDoc           `json:"who,omitempty"`
	Moves      []moveDoc            `json:"mv,omitempty"`
	Notices    []noticeDoc          `json:"notices,omitempty"`
	Extended   []extendedDoc        `json:"ext,omitempty"`
	Slides     int32                `json:"slide,omitzero"`
	Actives    []int64              `json:"act,omitempty"`
	Slid       seriesDoc            `json:"slid,omitempty"`
	Graced     []int32              `json:"grace,omitempty"`
	Carried    string               `json:"frac,omitzero"`
	Earned     int64                `json:"earned,omitzero"`
	Redeemed   int64                `json:"spent,omitzero"`
	Expired    int64                `json:"expired,omitzero"`
	Last       int64                `json:"last,omitzero"`
	Seen       int64                `json:"seen,omitzero"` // likewise
	Ran        int64                `json:"ran,omitzero"`  // left out where it is seen
	Lapsed     seriesDoc            `json:"exp,omitempty"`

	Conversions []convertedDoc `json:"cvs,omitempty"`

	Numbers   int        `json:"nums,omitzero"`
	First     []string   `json:"first,omitempty"` // the first orders: "mi8x2k00 1042"
	Undecided []againDoc `json:"undec,omitempty"`
	From      *againDoc  `json:"undecf,omitempty"` // the order from which on all are to be decided again
	Converts  []string   `json:"conv,omitempty"`   // the first orders that could convert the referral: "mi8x2k00 1042"
	More      bool       `json:"convm,omitzero"`   // there are others
	Cut       []string   `json:"cut,omitempty"`    // orders that caps and limits cut: "mi8x2k00 20261231 1042"

	metricsDoc
}

type pendingDoc struct {
	Kind   string `json:"k"`
	ID     string `json:"id"`
	At     int64  `json:"at,omitzero"`
	GiveUp int64  `json:"up,omitzero"`
	Lot    int32  `json:"lot,omitzero"`
	Wallet string `json:"w,omitzero"`
	Points int64  `json:"n"`
}

type holdDoc struct {
	Redemption redemptionDoc `json:"rd"`
	Lots       seriesDoc     `json:"lots"`
}

type tierDoc struct {
	Level   string `json:"l,omitzero"`
	Since   int64  `json:"s,omitzero"`
	Until   int64  `json:"u,omitzero"`
	At      int64  `json:"at,omitzero"`
	From    int64  `json:"f,omitzero"`
	Lock    int64  `json:"lk,omitzero"`
	Minimum string `json:"fl,omitzero"`
	Given   bool   `json:"g,omitzero"`

	Extensions int   `json:"x,omitzero"`
	Ended      int64 `json:"e,omitzero"`
}

type traitsDoc struct {
	Revision            int      `json:"n,omitzero"`
	Zone                string   `json:"tz,omitzero"`
	Birthday            int      `json:"bd,omitzero"`
	Changed             int64    `json:"ch,omitzero"`
	Given               int      `json:"y,omitzero"`
	Years               int      `json:"a,omitzero"`
	Segments            []string `json:"seg,omitempty"`
	OptIns              []string `json:"opt,omitempty"`
	MembershipYearStart int      `json:"yf,omitzero"`
	OptedIn             []int64  `json:"opta,omitempty"` // when, of each

	Channels []channelUseDoc `json:"via,omitempty"`
	Referral *referredDoc    `json:"ref,omitempty"`
}

type channelUseDoc struct {
	Channel string `json:"c"`
	Purpose string `json:"p"`
}

type referredDoc struct {
	By       string `json:"by"`
	At       int64  `json:"at"`
	Claim    string `json:"id,omitzero"`
	Order    string `json:"o,omitzero"`
	ActiveAt int64  `json:"act,omitzero"`
	Former   string `json:"f,omitzero"`
}

type noticeDoc struct {
	What    string `json:"w"`
	Subject string `json:"s"`
	At      int64  `json:"at"`

	Withdrawn bool `json:"back,omitzero"`
}

type moveDoc struct {
	At    int64 `json:"at"`
	First int32 `json:"f"`
	Last  int32 `json:"l"`
	To    int32 `json:"t"`
	Times int   `json:"n,omitzero"`
}

type extendedDoc struct {
	Lot    int32 `json:"l"`
	From   int32 `json:"f"`
	Times  int   `json:"x"`
	Points int64 `json:"n"`
}

type reachedDoc struct {
	Revision int      `json:"n"`
	Grant    grantDoc `json:"g"`
	N        int      `json:"i,omitzero"`
	At       int64    `json:"at,omitzero"`
}

// redecidedDoc is the standings that were decided again from an instant on, but for the last.
type redecidedDoc struct {
	From int64      `json:"f"`
	Past []*tierDoc `json:"past,omitempty"` // as the account's
}

type grantDoc struct {
	Rule      string    `json:"r,omitzero"`
	Wallet    string    `json:"w,omitzero"`
	Worth     int64     `json:"n,omitzero"`
	ActiveAt  int64     `json:"act,omitzero"`
	Lot       int32     `json:"lot,omitzero"`
	Taken     seriesDoc `json:"taken,omitempty"`
	Owed      int64     `json:"owed,omitzero"`
	ExpiredOn int64     `json:"exo,omitzero"`
	Expired   int64     `json:"exp,omitzero"`

	Converted []unconvertedDoc `json:"cv,omitempty"`
}

type shareDoc struct {
	Rule string `json:"r"`
	Used int64  `json:"u,omitzero"`
	Peak int64  `json:"p,omitzero"`
	Cut  bool   `json:"c,omitzero"`

	Charged int64 `json:"b,omitzero"`
	Granted int64 `json:"g,omitzero"`
}

type entryDoc struct {
	Sequence   int64                `json:"seq,omitzero"`
	Member     string               `json:"m"`
	Kind       string               `json:"k"`
	Points     int64                `json:"n"`
	Postings   []postingDoc         `json:"p,omitempty"`
	Reasons    []reasonDoc          `json:"why,omitempty"`
	Program    int                  `json:"v"`
	Effective  int64                `json:"at"`
	Recorded   int64                `json:"rec"`
	Actor      string               `json:"by"`
	Input      string               `json:"in,omitzero"`
	Order      *orderDoc            `json:"o,omitempty"`
	Redemption *redemptionDoc       `json:"rd,omitempty"`
	Rejection  *rejectionDoc        `json:"no,omitempty"`
	Tier       *tierDoc             `json:"tier,omitempty"`
	Redecided  *redecidedDoc        `json:"again,omitempty"`
	Redated    []reachedDoc         `json:"dated,omitempty"`
	Metric     *metricDoc           `json:"met,omitempty"`
	Brands     map[string]int64     `json:"mb,omitempty"` // as the account's
	TierGroup  string               `json:"tg,omitzero"`  // on which it happened
	Counts     []countDoc           `json:"cnt,omitempty"`
	Usage      map[string]seriesDoc `json:"caps,omitempty"`
	Numbers    int                  `json:"nums,omitzero"`
	Target     int                  `json:"tgt,omitzero"`
	First      []string             `json:"first,omitempty"`  // as the account's
	Undecided  []againDoc           `json:"undec,omitempty"`  // as the account's
	From       *againDoc            `json:"undecf,omitempty"` // without an order: there is none any more
	Converting *convertingDoc       `json:"conv,omitempty"`
	Event      *eventDoc            `json:"ev,omitempty"`
	Reached    *reachedDoc          `json:"ms,omitempty"`
	Traits     *traitsDoc           `json:"who,omitempty"`
	Move       *moveDoc             `json:"mv,omitempty"`
	Notice     *noticeDoc           `json:"notice,omitempty"`
	Extended   []extendedDoc        `json:"ext,omitempty"`
	Slides     int32                `json:"slide,omitzero"`
	Activity   *activityChangeDoc   `json:"act,omitzero"`
	Stale      int32                `json:"stale,omitzero"`
	Graced     []int32              `json:"grace,omitempty"`
	Carried    string               `json:"frac,omitzero"`
	Conversion *convertedDoc        `json:"cv,omitempty"`
	Reversals  []unconvertedDoc     `json:"unc,omitempty"`
	WriteOffs  []writeOffDoc        `json:"wo,omitempty"`
	Wallets    []walletDoc          `json:"ws,omitempty"`
	Active     int64                `json:"ba,omitzero"` // the balance after
	Pending    int64                `json:"bp,omitzero"`
	Reserved   int64                `json:"br,omitzero"`
	Debt       int64                `json:"bd,omitzero"`
	Previous   string               `json:"prev,omitzero"`
	Hash       string               `json:"hash,omitzero"`
}

type postingDoc struct {
	Wallet string `json:"w,omitzero"`
	Bucket string `json:"b"`
	Lot    int32  `json:"l,omitzero"`
	At     int64  `json:"at,omitzero"`
	GiveUp int64  `json:"up,omitzero"`
	Kind   string `json:"k,omitzero"`
	ID     string `json:"id,omitzero"`
	Points int64  `json:"n"`
	From   int32  `json:"f,omitzero"`
}

type reasonDoc struct {
	Wallet string   `json:"w,omitzero"`
	Rule   string   `json:"r"`
	Effect string   `json:"e,omitzero"` // a text, as all were in the first release; instead of What and Args
	Kind   string   `json:"k,omitzero"`
	Args   []string `json:"a,omitempty"`
	Points string   `json:"n"`
}

type metricDoc struct {
	Month  int   `json:"m"`
	Points int64 `json:"n,omitzero"`
	Orders int64 `json:"o,omitzero"`
	Spend  int64 `json:"s,omitzero"`
	Pieces int64 `json:"e,omitzero"`
	Window int   `json:"w,omitzero"`
	Visits int64 `json:"v,omitzero"`
}

type orderDoc struct {
	Placed         int64        `json:"at"`
	Currency       string       `json:"cur"`
	Channel        string       `json:"ch,omitzero"`
	Store          string       `json:"store,omitzero"`
	Clock          string       `json:"tz,omitzero"` // that of the store
	Status         string       `json:"st"`
	Lines          []lineDoc    `json:"li,omitempty"`
	Discount       int64        `json:"dis,omitzero"`
	Shipping       int64        `json:"shi,omitzero"`
	Tax            int64        `json:"tax,omitzero"`
	Included       int64        `json:"itax,omitzero"` // the tax that the other amounts include
	Tenders        []tenderDoc  `json:"te,omitempty"`
	Refunds        []refundDoc  `json:"re,omitempty"`
	Disputes       []disputeDoc `json:"dp,omitempty"`
	Updated        int64        `json:"up,omitzero"`
	Counted        bool         `json:"cnt,omitzero"`
	Shipped        int64        `json:"sent,omitzero"`
	Arrived        int64        `json:"got,omitzero"`
	Receipts       []receiptDoc `json:"pay,omitempty"`
	ReportedStatus string       `json:"rst,omitzero"`
	Program        int          `json:"v,omitzero"` // whose rules it keeps
	Level          string       `json:"lev,omitzero"`
	Worth          int64        `json:"n,omitzero"`
	ActiveAt       int64        `json:"act,omitzero"`
	Lot            int32        `json:"lot,omitzero"`

	Orders          int64        `json:"nth,omitzero"` // the buyer: how many orders before
	Segments        []string     `json:"seg,omitempty"`
	OptIns          []string     `json:"opt,omitempty"`
	Birthday        int          `json:"bd,omitzero"`
	Zone            string       `json:"bz,omitzero"`
	Rate            string       `json:"fx,omitzero"`
	Carried         string       `json:"frac,omitzero"`
	Rest            string       `json:"rest,omitzero"`
	Spend           int64        `json:"spend,omitzero"`
	QualifyingItems int64        `json:"qi,omitzero"`
	Brands          []string     `json:"brs,omitempty"` // likewise
	Bucket          int          `json:"bk,omitzero"`   // where the account counts it, if not under its month
	ActiveBefore    int64        `json:"ab,omitzero"`
	SlidTo          int32        `json:"sl,omitzero"`
	TierGroups      []countedDoc `json:"tgs,omitempty"`
	More            []grantDoc   `json:"more,omitempty"` // beside the base, whose worth is what these leave
	Shares          []shareDoc   `json:"sh,omitempty"`

	Used      int64            `json:"used,omitzero"` // of the program's caps; left out where it is the worth
	Peak      int64            `json:"peak,omitzero"` // likewise
	Cut       bool             `json:"cut,omitzero"`
	Taken     seriesDoc        `json:"taken,omitempty"`
	Owed      int64            `json:"owed,omitzero"`
	Lapsed    int64            `json:"exo,omitzero"`
	Expired   int64            `json:"exp,omitzero"`
	Converted []unconvertedDoc `json:"cv,omitempty"`

	Missing []string `json:"miss,omitempty"`

	Converts []string             `json:"conv,omitempty"` // referral actions whose conditions it meets
	Limits   map[string]seriesDoc `json:"cuts,omitempty"` // the caps and limits that cut it, as the account's caps

	LinesAt   int `json:"lia,omitzero"` // instead of the lines: the revision beside which they are stored
	RefundsAt int `json:"rea,omitzero"` // likewise
}

// eventDoc leaves out what the entry says already.
type eventDoc struct {
	Type       string              `json:"t"`
	At         int64               `json:"at"`
	Data       map[string]valueDoc `json:"d,omitempty"`
	Program    int                 `json:"v,omitzero"`
	Level      string              `json:"lev,omitzero"`
	Orders     int64               `json:"nth,omitzero"`
	Segments   []string            `json:"seg,omitempty"`
	OptIns     []string            `json:"opt,omitempty"`
	Birthday   int                 `json:"bd,omitzero"`
	Zone       string              `json:"bz,omitzero"`
	Worth      int64               `json:"n,omitzero"`
	Grants     []grantDoc          `json:"g,omitempty"`
	Shares     []shareDoc          `json:"sh,omitempty"`
	Bucket     int                 `json:"bk,omitzero"`
	SlidTo     int32               `json:"sl,omitzero"`
	Visits     int64               `json:"vis,omitzero"`
	TierGroups []countedDoc        `json:"tgs,omitempty"`
	Missing    []string            `json:"miss,omitempty"`
	Meets      []string            `json:"meets,omitempty"`
}

// valueDoc is one of a text, a number and a truth.
type valueDoc struct {
	Text   *string `json:"s,omitzero"`
	Number string  `json:"n,omitzero"` // exact: "5", "9/2"
	Truth  *bool   `json:"b,omitzero"`
}

type disputeDoc struct {
	ID     string `json:"id"`
	At     int64  `json:"at"`
	Status string `json:"st"`
	Amount int64  `json:"a"`
}

type refundDoc struct {
	ID       string          `json:"id"`
	At       int64           `json:"at"`
	Status   string          `json:"st,omitzero"` // left out once it succeeded
	Amount   int64           `json:"a"`
	Shipping int64           `json:"shi,omitzero"`
	Tax      int64           `json:"tax,omitzero"`
	Included int64           `json:"itax,omitzero"`
	Tender   string          `json:"ten,omitzero"`
	Tendered bool            `json:"tend,omitzero"`
	ToCards  int64           `json:"gift,omitzero"`
	Goods    int64           `json:"g,omitzero"`
	Lines    []refundLineDoc `json:"li,omitempty"`
}

type refundLineDoc struct {
	ID       string `json:"i"`
	Quantity int64  `json:"q,omitzero"`
	Amount   int64  `json:"a"`
}

type lineDoc struct {
	ID       string `json:"i"`
	SKU      string `json:"s,omitzero"`
	Category string `json:"c,omitzero"`
	Brand    string `json:"b,omitzero"`
	Quantity int64  `json:"q"`
	Amount   int64  `json:"a"`
}

type tenderDoc struct {
	Kind     string `json:"k"`
	Name     string `json:"nm,omitzero"`
	Amount   int64  `json:"a"`
	Reported bool   `json:"rep,omitzero"`
}

type redemptionDoc struct {
	ID     string `json:"id"`
	Reward string `json:"r"`
	Points int64  `json:"n,omitzero"`
	Order  string `json:"o,omitzero"`
	Status string `json:"st,omitzero"` // left out of holds that are reserved
	At     int64  `json:"at"`
	Until  int64  `json:"u,omitzero"`
	Cart   string `json:"c,omitzero"`
	Amount int64  `json:"a,omitzero"` // what the order comes to
	Money  string `json:"cur,omitzero"`
	Piece  bool   `json:"pc,omitzero"`
	Value  int64  `json:"v,omitzero"`  // what a payment pays
	Worth  string `json:"vc,omitzero"` // in which currency

	Lots     seriesDoc `json:"l,omitempty"` // once it is committed
	Restored int64     `json:"b,omitzero"`
	Code     string    `json:"code,omitzero"`
	From     int64     `json:"cf,omitzero"`
	To       int64     `json:"cu,omitzero"`
	Pool     bool      `json:"pool,omitzero"` // the code comes from a pool

	Wallet string    `json:"w,omitzero"`
	Credit *grantDoc `json:"cr,omitempty"`

	Whom string `json:"to,omitzero"` // of a transfer
	Who  string `json:"by,omitzero"` // also of a contribution
	Fee  int64  `json:"fee,omitzero"`
	Note string `json:"msg,omitzero"`

	Contributions []contributionDoc `json:"dr,omitempty"`

	Manual bool   `json:"hand,omitzero"` // somebody hands it over
	Date   string `json:"d,omitzero"`
	When   int64  `json:"dat,omitzero"` // the date's instant

	Asked  int64 `json:"ask,omitzero"` // how many points a payment was to take at most
	Listed bool  `json:"ls,omitzero"`  // by when it expires; not of what was reserved before there was that list
}

type contributionDoc struct {
	Member string `json:"m"`
	Points int64  `json:"n"`
}

type unmetDoc struct {
	Requirement string `json:"w"`
	Required    string `json:"r,omitzero"`
	Available   string `json:"a,omitzero"`
	Missing     int64  `json:"m,omitzero"`
	From        int64  `json:"f,omitzero"`
}

type rejectionDoc struct {
	Code      string `json:"code"`
	Detail    string `json:"detail"`
	Pointer   string `json:"at,omitzero"`
	Required  int64  `json:"required,omitzero"`
	Available int64  `json:"has,omitzero"`

	Unmet []unmetDoc `json:"unmet,omitempty"`
}

func encode(v any) []byte {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic("ledger: a stored form cannot be written: " + err.Error()) // only plain fields: a bug here
	}
	return b
}

// sealed is the entry with its place in the chain, and its stored form. Its hash is SHA-256 over its cause and
// the stored form without the hash, which names the hash of the entry before.
func sealed(e loyalty.Entry, previous string) (loyalty.Entry, []byte) {
	e.Previous, e.Hash = previous, ""
	doc := encode(storedEntry(e))
	h := sha256.New()
	h.Write([]byte(e.Cause.String() + "\n"))
	h.Write(doc)
	e.Hash = base64.RawURLEncoding.EncodeToString(h.Sum(nil))
	doc = append(doc[:len(doc)-1], `,"hash":"`...) // the last of entryDoc's fields, so this is what encode would write
	return e, append(append(doc, e.Hash...), `"}`...)
}

// fingerprint is short enough to keep on every entry: 128 bits of SHA-256.
func fingerprint(doc []byte) string {
	sum := sha256.Sum256(doc)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
