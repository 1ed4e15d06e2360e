package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

func storedAccount(a loyalty.Account) accountDoc {
	d := accountDoc{
		Joined: millis(a.Joined), Sequence: a.Sequence, Head: a.Head,
		Lots: storedLots(a.Lots), Debt: int64(a.Debt), Purses: storedPurses(a.Purses),
		Earned: int64(a.Earned), Redeemed: int64(a.Redeemed), Expired: int64(a.Expired), Last: millis(a.LastActivity), Seen: storedInstantOf(a.Seen, a.LastActivity),
		Ran:  storedInstantOf(a.Ran, a.Seen),
		Tier: storedTier(&a.Tier), Past: storedPast(a.Past, a.Tier), Counted: storedInstantOf(a.Counted, a.LastActivity), Usage: storedUsage(a.Usage),
		Traits: storedTraits(&a.Traits), Slides: int32(a.Slides), Graced: datesTo[int32](a.Graced), Carried: a.Carried,
	}
	if a.Status != loyalty.Active {
		d.Status = string(a.Status)
	}
	d.Lapsed = storedLots(a.Lapsed)
	for _, x := range a.Conversions {
		d.Conversions = append(d.Conversions, *storedConverted(&x))
	}
	for _, p := range a.Pending {
		d.Pending = append(d.Pending, pendingDoc{p.Cause.Kind, p.Cause.ID, millis(p.ActiveAt), millis(p.GiveUp), int32(p.Expires), p.Wallet, int64(p.Points)})
	}
	for _, h := range a.Holds {
		d.Holds = append(d.Holds, holdDoc{*storedRedemption(&h.Redemption), storedLots(h.Lots)})
	}
	for _, m := range a.Metrics {
		d.Points = setNonZero(d.Points, m.Month, int64(m.Points))
		d.Orders = setNonZero(d.Orders, m.Month, m.Orders)
		d.Spend = setNonZero(d.Spend, m.Month, m.Spend)
		d.Elements = setNonZero(d.Elements, m.Month, m.Elements)
		d.Visits = setNonZero(d.Visits, m.Month, m.Visits)
	}
	d.Brands, d.Ladders = storedBrands(a.Brands), storedLadders(a.Ladders)
	for _, m := range a.Moves {
		d.Moves = append(d.Moves, storedMove(m))
	}
	for _, n := range a.Notices {
		d.Notices = append(d.Notices, storedNotice(n))
	}
	d.Extended = storedExtended(a.Extended)
	d.Reached = storedReaches(a.Reached)
	d.Numbers, d.First, d.Undecided = a.First.Most, storedPlaced(a.First.Orders), storedAgain(a.Undecided)
	return d
}

// storedInstantOf leaves an instant out where it is the same as another; one that is zero where the other is not is -1.
func storedInstantOf(at, other time.Time) int64 {
	switch {
	case at.Equal(other):
		return 0
	case at.IsZero():
		return -1
	}
	return millis(at)
}

// instantOf reads what storedInstantOf wrote.
func instantOf(ms int64, other time.Time) time.Time {
	switch {
	case ms == 0:
		return other
	case ms < 0:
		return time.Time{}
	}
	return instant(ms)
}

// datesTo is days in their stored form, or out of it.
func datesTo[To, From ~int32](days []From) (out []To) {
	for _, day := range days {
		out = append(out, To(day))
	}
	return out
}

func setNonZero(m map[string]int64, month int, n int64) map[string]int64 {
	if n == 0 {
		return m
	}
	if m == nil {
		m = map[string]int64{}
	}
	m[strconv.Itoa(month)] = n
	return m
}

// readAccount reads an account as it was stored. An absent item is the account of nobody: Sequence zero.
func readAccount(it table.Item, m loyalty.MemberID) (loyalty.Account, error) {
	if it.Version == 0 {
		return loyalty.Account{Member: m}, nil
	}
	var d accountDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return loyalty.Account{}, fmt.Errorf("ledger: read account %s: %w", m, err)
	}
	a := loyalty.Account{
		Member: m, Status: cmp.Or(loyalty.Status(d.Status), loyalty.Active), Joined: instant(d.Joined),
		Sequence: d.Sequence, Head: d.Head, Tier: d.Tier.standing(), Past: readPast(d.Past, d.Tier.standing()), LastActivity: instant(d.Last),
		Purse: loyalty.Purse{
			Debt: loyalty.Points(d.Debt), Earned: loyalty.Points(d.Earned), Redeemed: loyalty.Points(d.Redeemed), Expired: loyalty.Points(d.Expired),
		},
	}
	a.Counted, a.Seen = instantOf(d.Counted, a.LastActivity), instantOf(d.Seen, a.LastActivity)
	a.Ran = instantOf(d.Ran, a.Seen)
	var err error
	if a.Lots, err = readLots(d.Lots); err != nil {
		return a, fmt.Errorf("ledger: read account %s: %w", m, err)
	}
	if a.Lapsed, err = readLots(d.Lapsed); err != nil {
		return a, fmt.Errorf("ledger: read account %s: %w", m, err)
	}
	for _, x := range d.Conversions {
		c, err := x.converted()
		if err != nil {
			return a, fmt.Errorf("ledger: read account %s: %w", m, err)
		}
		a.Conversions = append(a.Conversions, *c)
	}
	if a.Purses, err = readPurses(d.Purses); err != nil {
		return a, fmt.Errorf("ledger: read account %s: %w", m, err)
	}
	for _, p := range d.Pending {
		a.Pending = append(a.Pending, loyalty.Pending{
			Cause:    loyalty.Cause{Kind: p.Kind, ID: p.ID},
			GiveUp:   instant(p.GiveUp),
			ActiveAt: instant(p.At), Expires: loyalty.Date(p.Lot), Wallet: p.Wallet, Points: loyalty.Points(p.Points),
		})
	}
	for _, h := range d.Holds {
		lots, err := readLots(h.Lots)
		if err != nil {
			return a, fmt.Errorf("ledger: read account %s: %w", m, err)
		}
		r, err := h.Redemption.redemption()
		if err != nil {
			return a, fmt.Errorf("ledger: read account %s: %w", m, err)
		}
		a.Holds = append(a.Holds, loyalty.Hold{Redemption: *r, Lots: lots})
	}
	if a.Usage, err = readUsage(d.Usage); err != nil {
		return a, fmt.Errorf("ledger: read account %s: %w", m, err)
	}
	if a.Reached, err = readReaches(d.Reached); err != nil {
		return a, fmt.Errorf("ledger: read account %s: %w", m, err)
	}
	for _, n := range d.Notices {
		a.Notices = append(a.Notices, n.notice())
	}
	a.Extended = readExtended(d.Extended)
	for _, m := range d.Moves {
		a.Moves = append(a.Moves, m.move())
	}
	a.Traits, a.Slides, a.Carried = d.Traits.traits(), loyalty.Date(d.Slides), d.Carried
	a.Graced = datesTo[loyalty.Date](d.Graced)
	a.First.Most = d.Numbers
	if a.Undecided, err = readAgain(d.Undecided); err != nil {
		return a, fmt.Errorf("ledger: read account %s: %w", m, err)
	}
	if a.First.Orders, err = readPlaced(d.First); err != nil {
		return a, fmt.Errorf("ledger: read account %s: %w", m, err)
	}
	if a.Metrics, err = readMetrics(d); err != nil {
		return a, err
	}
	if a.Brands, err = readBrands(d.Brands); err != nil {
		return a, err
	}
	a.Ladders, err = readLadders(d.Ladders)
	return a, err
}

// storedBrands names each by its month and brand: "202612|east".
func storedBrands(all []loyalty.Bought) map[string]int64 {
	if len(all) == 0 {
		return nil
	}
	out := make(map[string]int64, len(all))
	for _, b := range all {
		out[strconv.Itoa(b.Month)+"|"+b.Brand] = b.N
	}
	return out
}

func readBrands(stored map[string]int64) (out []loyalty.Bought, err error) {
	for key, n := range stored {
		month, brand, _ := strings.Cut(key, "|")
		m, err := strconv.Atoi(month)
		if err != nil {
			return nil, fmt.Errorf("ledger: brand %q is of no month", key)
		}
		out = append(out, loyalty.Bought{Month: m, Brand: brand, N: n})
	}
	slices.SortFunc(out, func(a, b loyalty.Bought) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Brand, b.Brand))
	})
	return out, nil
}

// storedUsage names each by its rule, a # for what counts times, the period and its last day:
// "campaigns.x|#week20261206", and "day20261201" for the program's own.
func storedUsage(all []loyalty.Usage) map[string]int64 {
	if len(all) == 0 {
		return nil
	}
	out := make(map[string]int64, len(all))
	for _, u := range all {
		key := string(u.Per) + padded(int64(u.Ends), 8)
		if u.Times {
			key = "#" + key
		}
		if u.Rule != "" {
			key = u.Rule + "|" + key
		}
		out[key] = u.N
	}
	return out
}

func readUsage(stored map[string]int64) ([]loyalty.Usage, error) {
	var out []loyalty.Usage
	for key, n := range stored {
		rule, period, ruled := strings.Cut(key, "|")
		if !ruled {
			rule, period = "", key
		}
		period, times := strings.CutPrefix(period, "#")
		cut := max(0, len(period)-8)
		day, err := strconv.Atoi(period[cut:])
		if err != nil {
			return nil, fmt.Errorf("%q is no period of a cap", key)
		}
		out = append(out, loyalty.Usage{Rule: rule, Times: times, Per: loyalty.CapPeriod(period[:cut]), Ends: loyalty.Date(day), N: n})
	}
	slices.SortFunc(out, loyalty.Usage.Compare)
	return out, nil
}

// readLots orders them as accounts keep them: earliest first, never (0) last.
func readLots(stored map[string]int64) ([]loyalty.Lot, error) {
	if len(stored) == 0 {
		return nil, nil
	}
	lots := make([]loyalty.Lot, 0, len(stored))
	for day, n := range stored {
		d, err := strconv.Atoi(day)
		if err != nil {
			return nil, fmt.Errorf("lot %q is no day", day)
		}
		lots = append(lots, loyalty.Lot{Expires: loyalty.Date(d), Points: loyalty.Points(n)})
	}
	slices.SortFunc(lots, func(x, y loyalty.Lot) int { return x.Expires.Compare(y.Expires) })
	return lots, nil
}

func readMetrics(d accountDoc) ([]loyalty.Metric, error) {
	var out []loyalty.Metric
	for i, by := range []map[string]int64{d.Points, d.Orders, d.Spend, d.Elements, d.Visits} {
		for month, n := range by {
			m, err := strconv.Atoi(month)
			if err != nil {
				return nil, fmt.Errorf("ledger: metric %q is of no month", month)
			}
			at, found := slices.BinarySearchFunc(out, m, func(x loyalty.Metric, m int) int { return cmp.Compare(x.Month, m) })
			if !found {
				out = slices.Insert(out, at, loyalty.Metric{Month: m})
			}
			switch i {
			case 0:
				out[at].Points = loyalty.Points(n)
			case 1:
				out[at].Orders = n
			case 2:
				out[at].Spend = n
			case 3:
				out[at].Elements = n
			case 4:
				out[at].Visits = n
			}
		}
	}
	return out, nil
}
