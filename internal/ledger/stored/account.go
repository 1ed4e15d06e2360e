package stored

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/table"
)

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

// datesTo converts dates to or from their stored form.
func datesTo[To, From ~int32](days []From) (out []To) {
	for _, day := range days {
		out = append(out, To(day))
	}
	return out
}

// ReadAccount decodes a stored account. If the item does not exist, the account has Sequence 0.
func ReadAccount(it table.Item, m loyalty.MemberID) (loyalty.Account, error) {
	if it.Version == 0 {
		return loyalty.Account{Member: m}, nil
	}
	d, err := unpackedAccount(it.Doc)
	if err != nil {
		return loyalty.Account{}, fmt.Errorf("ledger: read account %s: %w", m, err)
	}
	a := loyalty.Account{
		Member: m, Status: cmp.Or(loyalty.Status(d.Status), loyalty.Active), Joined: Instant(d.Joined),
		Sequence: d.Sequence, Head: d.Head, Traits: d.Traits.traits(),
	}
	d.readActivity(&a)
	d.readExtensions(&a)
	err = cmp.Or(d.readPoints(&a), d.readHolds(&a), d.readLevels(&a), d.readOrders(&a))
	if err != nil {
		return a, fmt.Errorf("ledger: read account %s: %w", m, err)
	}
	return a, nil
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

// storedBrands returns the counts with a key of month and brand: "202612|east".
func storedBrands(all []loyalty.Bought) object[int64] {
	out := each(all, func(b loyalty.Bought) member[int64] {
		return member[int64]{strconv.Itoa(b.Month) + "|" + b.Brand, b.N}
	})
	object[int64](out).sort()
	return out
}

func readBrands(stored object[int64]) (out []loyalty.Bought, err error) {
	for _, x := range stored {
		month, brand, _ := strings.Cut(x.Name, "|")
		m, err := strconv.Atoi(month)
		if err != nil {
			return nil, fmt.Errorf("ledger: brand %q has no month", x.Name)
		}
		out = append(out, loyalty.Bought{Month: m, Brand: brand, N: x.Value})
	}
	slices.SortFunc(out, func(a, b loyalty.Bought) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Brand, b.Brand))
	})
	return out, nil
}
