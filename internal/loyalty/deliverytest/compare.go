package deliverytest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// Difference returns the difference between the accounts after the random and the direct delivery, or an empty string
// if they are equal. The member may have spent points of other lots in one of them. If facts are reported after the
// member spent points, Difference therefore compares only the sums. It does not compare the lots of a history of the
// kind Brief, because its bonuses keep their points for the period of advance notice (see the exceptions in package
// loyalty).
func (h *History) Difference(random, direct *Account) string {
	if h.Referred {
		if diff := h.difference(random.Referrer, direct.Referrer); diff != "" {
			return "the referrer's " + diff
		}
		if diff := cmp.Diff(direct.Traits.Referral, random.Traits.Referral, referralFields); diff != "" {
			return "referral (-direct +random)\n" + diff
		}
	}
	return h.difference(random, direct)
}

func (h *History) difference(random, direct *Account) string {
	if diff := cmp.Diff(h.levelsOf(direct), h.levelsOf(random)); diff != "" {
		return "levels and counts (-direct +random)\n" + diff
	}
	switch {
	case h.Life == Spending && !h.SpentLast:
		return cmp.Diff(sums(direct), sums(random))
	case h.Life == Brief:
		return cmp.Diff(pointsOf(direct).Worth, pointsOf(random).Worth)
	}
	return cmp.Diff(pointsOf(direct), pointsOf(random))
}

// referralFields ignores the fields of a referral that may differ between the two deliveries. memberIDs matches the IDs
// of members, which the ledger draws at random.
var (
	referralFields = cmpopts.IgnoreFields(loyalty.Referral{}, "By", "Claim", "Former")
	memberIDs      = regexp.MustCompile(`mem_[0-9a-z]{20}`)
)

// levels contains the standings, bonuses, milestones and number of orders of an account.
type levels struct {
	Tiers   map[string]loyalty.Standing
	Bonuses []string
	Orders  int64
}

func (h *History) levelsOf(a *Account) levels {
	l := levels{Tiers: map[string]loyalty.Standing{"": a.Tier}}
	for _, x := range h.Last().TierGroups {
		_, on, _ := tier.TierGroupStanding(h.Last(), a.Account, x.ID)
		l.Tiers[x.ID] = on.Tier
	}
	for _, r := range a.Reached {
		if g := r.Grant; g.Worth > 0 {
			if h.Life == Brief {
				g.Expires = 0
			}
			if !strings.Contains(g.Rule, ".") {
				r.At = time.Time{} // for a milestone, only the lot is compared
			}
			l.Bonuses = append(l.Bonuses, fmt.Sprint(g.Rule, " ", g.Worth, " since ", r.At.UTC(), " until ", g.Expires))
		}
	}
	slices.Sort(l.Bonuses)
	for _, m := range a.Metrics {
		l.Orders += m.Orders
	}
	return l
}

// points contains the lots, debts and pending points of an account, and the worth of its orders.
type points struct {
	Lots    map[string][]loyalty.Lot // the lots of each wallet
	Debt    map[string]loyalty.Points
	Pending []string
	Worth   map[string]loyalty.Points // the points of each order, keyed by ID
}

func pointsOf(a *Account) points {
	p := points{
		Lots: map[string][]loyalty.Lot{}, Debt: map[string]loyalty.Points{}, Worth: map[string]loyalty.Points{},
	}
	for _, purse := range append([]loyalty.Purse{a.Purse}, a.Purses...) {
		if len(purse.Lots) > 0 {
			p.Lots[purse.Wallet] = purse.Lots
		}
		if purse.Debt > 0 {
			p.Debt[purse.Wallet] = purse.Debt
		}
	}
	for _, x := range a.Pending {
		cause := memberIDs.ReplaceAllString(fmt.Sprint(x.Cause), "member")
		what := fmt.Sprint(x.Points, " of ", x.Wallet, cause, " from ", inMillis(x.ActiveAt), " until ", x.Expires)
		p.Pending = append(p.Pending, what)
	}
	for id, s := range a.Orders {
		if s.Worth > 0 {
			p.Worth[id] = s.Worth
		}
	}
	return p
}

// sums returns the points of an account in each wallet, less the debt of the wallet, as if no conversion had been
// reversed.
func sums(a *Account) map[string]loyalty.Points {
	all := map[string]loyalty.Points{}
	for _, wallet := range []string{"", "miles"} {
		b := a.BalanceOf(wallet)
		all[wallet] = b.Active + b.Pending - b.Debt + a.missing[wallet]
	}
	for _, x := range a.Conversions {
		all[x.From] -= x.Returned
		all[x.To] += x.Reversed
	}
	return all
}
