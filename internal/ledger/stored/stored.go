package stored

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// An Identity is a name by which other systems know a member, unique in its program: an external ID, or the keyed hash
// of an email address.
type Identity struct{ Kind, Value string }

// The stored forms are separate from the types that decisions use. Only add fields: tables that an earlier release
// wrote must remain readable. Names are short, because an account and an entry should each fit into one write unit of
// 1,024 bytes, including names. Instants are in milliseconds since 1970, days are in the form yyyymmdd.

type AccountDoc struct {
	Status      string            `json:"st,omitzero"` // omitted while active
	Joined      int64             `json:"joined"`
	Sequence    int64             `json:"seq"`
	Head        string            `json:"head"`
	Lots        seriesDoc         `json:"lots,omitempty"`
	Pending     []pendingDoc      `json:"pend,omitempty"`
	Holds       []holdDoc         `json:"holds,omitempty"`
	Debt        int64             `json:"debt,omitzero"`
	Purses      object[purseDoc]  `json:"w,omitempty"` // by wallet
	Tier        *tierDoc          `json:"tier,omitempty"`
	Past        []*tierDoc        `json:"past,omitempty"` // oldest first; null: the standing of a new member
	Counted     int64             `json:"cnt,omitzero"`   // omitted if it equals Last; -1 if it is zero
	Brands      object[int64]     `json:"mb,omitempty"`   // metrics: orders by month and brand, "202612|east"
	TierGroups  []tierGroupDoc    `json:"tg,omitempty"`
	Usage       object[seriesDoc] `json:"caps,omitempty"` // by rule and period: "campaigns.x|#day"
	Reached     []reachedDoc      `json:"ms1,omitempty"`  // milestones
	Traits      *traitsDoc        `json:"who,omitempty"`
	Moves       []moveDoc         `json:"mv,omitempty"`
	Notices     []noticeDoc       `json:"notices,omitempty"`
	Extended    []extendedDoc     `json:"ext,omitempty"`
	Slides      int32             `json:"slide,omitzero"`
	Actives     []int64           `json:"act,omitempty"`
	Slid        seriesDoc         `json:"slid,omitempty"`
	Graced      []int32           `json:"grace,omitempty"`
	Carried     string            `json:"frac,omitzero"`
	Earned      int64             `json:"earned,omitzero"`
	Redeemed    int64             `json:"spent,omitzero"`
	Expired     int64             `json:"expired,omitzero"`
	Last        int64             `json:"last,omitzero"`
	Seen        int64             `json:"seen,omitzero"` // omitted if it equals Last; -1 if it is zero
	Ran         int64             `json:"ran,omitzero"`  // omitted if it equals Seen; -1 if it is zero
	ExpiredLots seriesDoc         `json:"exp,omitempty"`

	Conversions []convertedDoc `json:"cvs,omitempty"`

	Numbers   int        `json:"nums,omitzero"`
	First     []string   `json:"first,omitempty"` // the first orders: "mi8x2k00 1042"
	Undecided []againDoc `json:"undec,omitempty"`
	From      *againDoc  `json:"undecf,omitempty"` // this order and all later ones are to be decided again
	Converts  []string   `json:"conv,omitempty"`   // the first orders that could convert the referral: "mi8x2k00 1042"
	More      bool       `json:"convm,omitzero"`   // there are further orders that could convert the referral
	Cut       []string   `json:"cut,omitempty"`    // orders reduced by caps and limits: "mi8x2k00 20261231 1042"

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
	OptedIn             []int64  `json:"opta,omitempty"` // the time of each opt-in

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

// redecidedDoc contains the standings since an instant that were decided again, except the last one.
type redecidedDoc struct {
	From int64      `json:"f"`
	Past []*tierDoc `json:"past,omitempty"` // encoded like AccountDoc.Past
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
	Sequence   int64              `json:"seq,omitzero"`
	Member     string             `json:"m"`
	Kind       string             `json:"k"`
	Points     int64              `json:"n"`
	Postings   []postingDoc       `json:"p,omitempty"`
	Reasons    []reasonDoc        `json:"why,omitempty"`
	Program    int                `json:"v"`
	Effective  int64              `json:"at"`
	Recorded   int64              `json:"rec"`
	Actor      string             `json:"by"`
	Input      string             `json:"in,omitzero"`
	Order      *orderDoc          `json:"o,omitempty"`
	Redemption *redemptionDoc     `json:"rd,omitempty"`
	Rejection  *rejectionDoc      `json:"no,omitempty"`
	Tier       *tierDoc           `json:"tier,omitempty"`
	Redecided  *redecidedDoc      `json:"again,omitempty"`
	Redated    []reachedDoc       `json:"dated,omitempty"`
	Metric     *metricDoc         `json:"met,omitempty"`
	Brands     object[int64]      `json:"mb,omitempty"` // encoded like AccountDoc.Brands
	TierGroup  string             `json:"tg,omitzero"`  // the tier group in which the change happened
	Counts     []countDoc         `json:"cnt,omitempty"`
	Usage      object[seriesDoc]  `json:"caps,omitempty"`
	Numbers    int                `json:"nums,omitzero"`
	Target     int                `json:"tgt,omitzero"`
	First      []string           `json:"first,omitempty"`  // encoded like AccountDoc.First
	Undecided  []againDoc         `json:"undec,omitempty"`  // encoded like AccountDoc.Undecided
	From       *againDoc          `json:"undecf,omitempty"` // an empty order: clears the account's value
	Converting *convertingDoc     `json:"conv,omitempty"`
	Event      *eventDoc          `json:"ev,omitempty"`
	Reached    *reachedDoc        `json:"ms,omitempty"`
	Traits     *traitsDoc         `json:"who,omitempty"`
	Move       *moveDoc           `json:"mv,omitempty"`
	Notice     *noticeDoc         `json:"notice,omitempty"`
	Extended   []extendedDoc      `json:"ext,omitempty"`
	Slides     int32              `json:"slide,omitzero"`
	Activity   *activityChangeDoc `json:"act,omitzero"`
	Stale      int32              `json:"stale,omitzero"`
	Graced     []int32            `json:"grace,omitempty"`
	Carried    string             `json:"frac,omitzero"`
	Conversion *convertedDoc      `json:"cv,omitempty"`
	Reversals  []unconvertedDoc   `json:"unc,omitempty"`
	WriteOffs  []writeOffDoc      `json:"wo,omitempty"`
	Wallets    []walletDoc        `json:"ws,omitempty"`
	Active     int64              `json:"ba,omitzero"` // the balance after the entry
	Pending    int64              `json:"bp,omitzero"`
	Reserved   int64              `json:"br,omitzero"`
	Debt       int64              `json:"bd,omitzero"`
	Previous   string             `json:"prev,omitzero"`
	Hash       string             `json:"hash,omitzero"`
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
	Effect string   `json:"e,omitzero"` // a text, used by the first release instead of Kind and Args
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
	Clock          string       `json:"tz,omitzero"` // the store's time zone
	Status         string       `json:"st"`
	Lines          []LineDoc    `json:"li,omitempty"`
	Discount       int64        `json:"dis,omitzero"`
	Shipping       int64        `json:"shi,omitzero"`
	Tax            int64        `json:"tax,omitzero"`
	Included       int64        `json:"itax,omitzero"` // the tax that is included in the other amounts
	Tenders        []tenderDoc  `json:"te,omitempty"`
	Refunds        []RefundDoc  `json:"re,omitempty"`
	Disputes       []disputeDoc `json:"dp,omitempty"`
	Updated        int64        `json:"up,omitzero"`
	Counted        bool         `json:"cnt,omitzero"`
	Shipped        int64        `json:"sent,omitzero"`
	Arrived        int64        `json:"got,omitzero"`
	Receipts       []ReceiptDoc `json:"pay,omitempty"`
	ReportedStatus string       `json:"rst,omitzero"`
	Program        int          `json:"v,omitzero"` // the version whose rules the order uses
	Level          string       `json:"lev,omitzero"`
	Worth          int64        `json:"n,omitzero"`
	ActiveAt       int64        `json:"act,omitzero"`
	Lot            int32        `json:"lot,omitzero"`

	Orders          int64        `json:"nth,omitzero"` // the buyer's number of earlier orders
	Segments        []string     `json:"seg,omitempty"`
	OptIns          []string     `json:"opt,omitempty"`
	Birthday        int          `json:"bd,omitzero"`
	Zone            string       `json:"bz,omitzero"`
	Rate            string       `json:"fx,omitzero"`
	Carried         string       `json:"frac,omitzero"`
	Rest            string       `json:"rest,omitzero"`
	Spend           int64        `json:"spend,omitzero"`
	QualifyingItems int64        `json:"qi,omitzero"`
	Brands          []string     `json:"brs,omitempty"` // the brands that count toward levels by brands
	Bucket          int          `json:"bk,omitzero"`   // the bucket that counts the order, if not the order's month
	ActiveBefore    int64        `json:"ab,omitzero"`
	SlidTo          int32        `json:"sl,omitzero"`
	TierGroups      []countedDoc `json:"tgs,omitempty"`
	More            []grantDoc   `json:"more,omitempty"` // the other grants; the base grant is Worth minus these
	Shares          []shareDoc   `json:"sh,omitempty"`

	Used      int64            `json:"used,omitzero"` // usage of the program's caps; omitted if it equals Worth
	Peak      int64            `json:"peak,omitzero"` // omitted if it equals Worth
	Cut       bool             `json:"cut,omitzero"`
	Taken     seriesDoc        `json:"taken,omitempty"`
	Owed      int64            `json:"owed,omitzero"`
	ExpiredOn int64            `json:"exo,omitzero"`
	Expired   int64            `json:"exp,omitzero"`
	Converted []unconvertedDoc `json:"cv,omitempty"`

	Missing []string `json:"miss,omitempty"`

	Converts []string          `json:"conv,omitempty"` // referral actions whose conditions the order meets
	Limits   object[seriesDoc] `json:"cuts,omitempty"` // caps and limits that cut its points; see AccountDoc.Usage

	LinesAt   int `json:"lia,omitzero"` // if the line items are stored separately: the revision that stores them
	RefundsAt int `json:"rea,omitzero"` // if the refunds are stored separately: the revision that stores them
}

// eventDoc omits the fields that its entry already contains.
type eventDoc struct {
	Type       string           `json:"t"`
	At         int64            `json:"at"`
	Data       object[valueDoc] `json:"d,omitempty"`
	Program    int              `json:"v,omitzero"`
	Level      string           `json:"lev,omitzero"`
	Orders     int64            `json:"nth,omitzero"`
	Segments   []string         `json:"seg,omitempty"`
	OptIns     []string         `json:"opt,omitempty"`
	Birthday   int              `json:"bd,omitzero"`
	Zone       string           `json:"bz,omitzero"`
	Worth      int64            `json:"n,omitzero"`
	Grants     []grantDoc       `json:"g,omitempty"`
	Shares     []shareDoc       `json:"sh,omitempty"`
	Bucket     int              `json:"bk,omitzero"`
	SlidTo     int32            `json:"sl,omitzero"`
	Visits     int64            `json:"vis,omitzero"`
	TierGroups []countedDoc     `json:"tgs,omitempty"`
	Missing    []string         `json:"miss,omitempty"`
	Meets      []string         `json:"meets,omitempty"`
}

// valueDoc has exactly one field set: a text, a number or a boolean.
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

type RefundDoc struct {
	ID       string          `json:"id"`
	At       int64           `json:"at"`
	Status   string          `json:"st,omitzero"` // omitted if the refund succeeded
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

type LineDoc struct {
	ID       string `json:"i"`
	SKU      string `json:"s,omitzero"`
	Category string `json:"c,omitzero"`
	Brand    string `json:"b,omitzero"`
	Quantity int64  `json:"q"`
	Amount   int64  `json:"a"`
}

// Line decodes a line item.
func (d LineDoc) Line() loyalty.Line { return loyalty.Line(d) }

type tenderDoc struct {
	Kind     string `json:"k"`
	Name     string `json:"nm,omitzero"`
	Amount   int64  `json:"a"`
	Reported bool   `json:"rep,omitzero"`
}

func Encode(v any) []byte {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic("ledger: a stored form cannot be written: " + err.Error()) // a bug: stored forms have only plain fields
	}
	return b
}

// Sealed returns the entry with its place in the hash chain, and its stored form. The hash is SHA-256 over the entry's
// cause and its stored form without the hash. The stored form includes the hash of the previous entry.
func Sealed(e loyalty.Entry, previous string) (loyalty.Entry, []byte) {
	e.Previous, e.Hash = previous, ""
	d := StoredEntry(e)
	b := append(e.Cause.AppendTo(newDocument()), '\n')
	start := len(b)
	b = d.appendTo(b)
	sum := sha256.Sum256(b)
	b = append(b[:len(b)-1], `,"hash":"`...) // Hash is the last field, so the result is EncodedEntry(e)
	hash := len(b)
	b = base64.RawURLEncoding.AppendEncode(b, sum[:])
	e.Hash = string(b[hash:])
	return e, append(b, `"}`...)[start:]
}

// EncodedEntry returns the complete stored form of an entry. See Apart.
func EncodedEntry(e loyalty.Entry) []byte {
	d := StoredEntry(e)
	return d.appendTo(newDocument())
}

// newDocument returns an empty buffer with room for a typical document.
func newDocument() []byte { return make([]byte, 0, 1024) }

// OrderFingerprint returns a fingerprint of an order's content and its member.
func OrderFingerprint(o loyalty.Order) string {
	d := StoredOrder(loyalty.OrderState{Order: o})
	return Fingerprint(append(d.appendTo(newDocument()), o.Member...))
}

// Fingerprint returns the first 128 bits of the SHA-256 of doc. That is short enough to store in every entry.
func Fingerprint(doc []byte) string {
	sum := sha256.Sum256(doc)
	var text [22]byte
	base64.RawURLEncoding.Encode(text[:], sum[:16])
	return string(text[:])
}

func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func Instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
