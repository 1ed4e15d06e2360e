package stored

import (
	"cmp"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

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

func StoredAccount(a loyalty.Account) AccountDoc {
	d := AccountDoc{
		Joined: Millis(a.Joined), Sequence: a.Sequence, Head: a.Head,
		Lots: storedLots(a.Lots), Debt: int64(a.Debt), Purses: storedPurses(a.Purses),
		Earned: int64(a.Earned), Redeemed: int64(a.Redeemed), Expired: int64(a.Expired), Last: Millis(a.LastActivity),
		Seen: storedInstantOf(a.Seen, a.LastActivity),
		Ran:  storedInstantOf(a.Ran, a.Seen),
		Tier: storedTier(&a.Tier), Past: storedPast(a.Past, a.Tier),
		Counted: storedInstantOf(a.Counted, a.LastActivity), Usage: storedUsage(a.Usage),
		Traits: storedTraits(&a.Traits), Slides: int32(a.Slides), Graced: datesTo[int32](a.Graced), Carried: a.Carried,
	}
	if a.Status != loyalty.Active {
		d.Status = string(a.Status)
	}
	d.ExpiredLots = storedLots(a.ExpiredLots)
	for _, x := range a.Conversions {
		d.Conversions = append(d.Conversions, *storedConverted(&x))
	}
	for _, p := range a.Pending {
		d.Pending = append(d.Pending, pendingDoc{
			p.Cause.Kind, p.Cause.ID, Millis(p.ActiveAt), Millis(p.GiveUp), int32(p.Expires), p.Wallet,
			int64(p.Points),
		})
	}
	for _, h := range a.Holds {
		hold := holdDoc{*storedRedemption(&h.Redemption), storedLots(h.Lots)}
		if h.Redemption.Status == loyalty.Reserved {
			hold.Redemption.Status = ""
		}
		d.Holds = append(d.Holds, hold)
	}
	d.metricsDoc = storedMetrics(a.Metrics)
	d.Brands, d.TierGroups = storedBrands(a.Brands), each(a.TierGroups, storedTierGroup)
	d.Moves, d.Notices = each(a.Moves, storedMove), each(a.Notices, storedNotice)
	d.Extended = each(a.Extended, storedExtended)
	d.Actives, d.Slid = each(a.Activities, Millis), storedLots(a.Slid)
	d.Reached, d.Cut = each(a.Reached, storedReached), each(a.Cut, storedCut)
	d.Numbers, d.First, d.Undecided = a.First.Most, each(a.First.Orders, placedText), each(a.Undecided, storedAgain)
	if a.UndecidedFrom != (loyalty.Again{}) {
		d.From = storedFrom(&a.UndecidedFrom)
	}
	d.Converts, d.More = each(a.Converting.Orders, placedText), a.Converting.More
	return d
}

// storedInstantOf returns the stored form of an instant. This is 0 if the other instant is the same, and -1 if only the
// first instant is zero.
func storedInstantOf(at, other time.Time) int64 {
	switch {
	case at.Equal(other):
		return 0
	case at.IsZero():
		return -1
	}
	return Millis(at)
}

// instantOf decodes the result of storedInstantOf.
func instantOf(ms int64, other time.Time) time.Time {
	switch {
	case ms == 0:
		return other
	case ms < 0:
		return time.Time{}
	}
	return Instant(ms)
}

// readPoints reads the wallets, the pending points and the conversions.
func (d *AccountDoc) readPoints(a *loyalty.Account) error {
	var errs [4]error
	a.Debt, a.Earned = loyalty.Points(d.Debt), loyalty.Points(d.Earned)
	a.Redeemed, a.Expired = loyalty.Points(d.Redeemed), loyalty.Points(d.Expired)
	a.Lots, errs[0] = readLots(d.Lots)
	a.ExpiredLots, errs[1] = readLots(d.ExpiredLots)
	a.Slid, errs[2] = readLots(d.Slid)
	a.Purses, errs[3] = readPurses(d.Purses)
	for _, p := range d.Pending {
		a.Pending = append(a.Pending, loyalty.Pending{
			Cause:    loyalty.Cause{Kind: p.Kind, ID: p.ID},
			GiveUp:   Instant(p.GiveUp),
			ActiveAt: Instant(p.At), Expires: calendar.Date(p.Lot), Wallet: p.Wallet, Points: loyalty.Points(p.Points),
		})
	}
	for _, x := range d.Conversions {
		c, err := x.converted()
		if err != nil {
			return err
		}
		a.Conversions = append(a.Conversions, *c)
	}
	a.Slides, a.Graced, a.Carried = calendar.Date(d.Slides), datesTo[calendar.Date](d.Graced), d.Carried
	return cmp.Or(errs[:]...)
}

func (d *AccountDoc) readHolds(a *loyalty.Account) error {
	for _, h := range d.Holds {
		lots, err := readLots(h.Lots)
		if err != nil {
			return err
		}
		h.Redemption.Status = cmp.Or(h.Redemption.Status, string(loyalty.Reserved))
		r, err := h.Redemption.redemption()
		if err != nil {
			return err
		}
		a.Holds = append(a.Holds, loyalty.Hold{Redemption: *r, Lots: lots})
	}
	return nil
}

// readLevels reads the standings, and the amounts and counts that decide them.
func (d *AccountDoc) readLevels(a *loyalty.Account) error {
	a.Tier = d.Tier.standing()
	a.Past = readPast(d.Past, a.Tier)
	var errs [4]error
	a.Metrics, errs[0] = d.metrics()
	a.Brands, errs[1] = readBrands(d.Brands)
	a.TierGroups, errs[2] = readEach(d.TierGroups, tierGroupDoc.standing)
	a.Reached, errs[3] = readEach(d.Reached, reachedDoc.reached)
	return cmp.Or(errs[:]...)
}

// readOrders reads the fields that the account stores for decisions about other orders.
func (d *AccountDoc) readOrders(a *loyalty.Account) error {
	a.First.Most, a.Converting.More = d.Numbers, d.More
	from, err := d.From.from()
	if from != nil {
		a.UndecidedFrom = *from
	}
	var errs [5]error
	a.Usage, errs[0] = readUsage(d.Usage)
	a.First.Orders, errs[1] = readEach(d.First, placedFrom)
	a.Converting.Orders, errs[2] = readEach(d.Converts, placedFrom)
	a.Cut, errs[3] = readEach(d.Cut, cutFrom)
	a.Undecided, errs[4] = readEach(d.Undecided, againDoc.again)
	return cmp.Or(err, cmp.Or(errs[:]...))
}

// readActivity reads the activities and the instants up to which the account was decided.
func (d *AccountDoc) readActivity(a *loyalty.Account) {
	a.Activities, a.LastActivity = each(d.Actives, Instant), Instant(d.Last)
	a.Counted, a.Seen = instantOf(d.Counted, a.LastActivity), instantOf(d.Seen, a.LastActivity)
	a.Ran = instantOf(d.Ran, a.Seen)
}

// readExtensions reads manual changes of the expiry of lots, notices that were sent, and expiries that were postponed
// without notice.
func (d *AccountDoc) readExtensions(a *loyalty.Account) {
	a.Notices, a.Moves = each(d.Notices, noticeDoc.notice), each(d.Moves, moveDoc.move)
	a.Extended = each(d.Extended, extendedDoc.extended)
}
