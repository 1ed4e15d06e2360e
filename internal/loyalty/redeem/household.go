package redeem

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// ContributionID returns the ID of a member's contribution to a redemption. Causes use it.
func ContributionID(redemption string, m loyalty.MemberID) string {
	return redemption + ":" + string(m)
}

// A pot contains the points that the other members of a household can contribute to a redemption.
type pot struct {
	lots   []potLot // the lots of all contributors, earliest expiry first
	room   map[loyalty.MemberID]loyalty.Points
	points loyalty.Points // the points that all members together can contribute
}

type potLot struct {
	member loyalty.MemberID
	loyalty.Lot
}

// Shares returns how many of a member's points the household may use now. It returns 0 if the account is frozen or in
// debt, or has MaxHolds reservations.
func Shares(sharing *loyalty.Sharing, rewards []loyalty.Reward, acc loyalty.Account) loyalty.Points {
	if acc.Status != loyalty.Active || InDebt(sharing.Conversions, rewards, acc) || len(acc.Holds) >= MaxHolds {
		return 0
	}
	n := acc.Balance().Active
	if share := sharing.Households.Share; share != nil {
		n, _ = loyalty.RoundPoints(exact.Of(share).Mul(exact.Whole(int64(n))), loyalty.Down)
	}
	return n
}

// newPot returns the points of the other members' accounts.
func (rs Rules) newPot(others []*posting.Decision) pot {
	all := pot{room: map[loyalty.MemberID]loyalty.Points{}}
	for _, d := range others {
		acc := d.Account
		n := Shares(rs.Sharing, rs.Rewards, acc)
		if d.Now.Before(acc.Traits.HeldUntil) {
			n = 0
		}
		all.room[acc.Member], all.points = n, all.points+n
		for _, l := range acc.Lots {
			all.lots = append(all.lots, potLot{acc.Member, l})
		}
	}
	slices.SortStableFunc(all.lots, func(x, y potLot) int { return x.Expires.Compare(y.Expires) })
	return all
}

// draw returns the contributions that add up to n points. It takes the points that expire first, regardless of the
// member to whom they belong.
func (y pot) draw(n loyalty.Points) (all []loyalty.Contribution) {
	for _, l := range y.lots {
		part := min(n, l.Points, y.room[l.member])
		if part == 0 {
			continue
		}
		n -= part
		y.room[l.member] -= part
		at := slices.IndexFunc(all, func(d loyalty.Contribution) bool { return d.Member == l.member })
		if at < 0 {
			at = len(all)
			all = append(all, loyalty.Contribution{Member: l.member})
		}
		all[at].Points += part
	}
	return all
}

// contribute adds the other members' contributions to a redemption. The first outcome contains the decision about the
// redemption.
func contribute(
	first posting.Outcome, others []*posting.Decision, in loyalty.Redemption, commit bool,
) ([]posting.Outcome, error) {
	outs := []posting.Outcome{first}
	for _, d := range others {
		for _, part := range in.Contributions {
			if part.Member != d.Account.Member {
				continue
			}
			if err := give(d, partOf(in, first.Account.Member, part.Points), commit); err != nil {
				return nil, err
			}
		}
		outs = append(outs, d.Outcome)
	}
	return outs, nil
}

// partOf returns the redemption as it is stored in the account of a member who contributes n points to it. The
// parameter redeemer is the member who redeems.
func partOf(r loyalty.Redemption, redeemer loyalty.MemberID, n loyalty.Points) loyalty.Redemption {
	return loyalty.Redemption{
		ID: r.ID, Reward: r.Reward, Order: r.Order, Points: n, Status: r.Status, At: r.At, Until: r.Until, By: redeemer,
	}
}

func give(d *posting.Decision, r loyalty.Redemption, commit bool) error {
	taken, _ := d.Take(nil, "", r.Points)
	e := loyalty.Entry{
		Kind:      loyalty.KindReserve,
		Cause:     RedemptionCause(r, d.Account.Member, 1),
		Effective: d.Now,
		Detail:    loyalty.Detail{Subject: loyalty.Subject{Redemption: &r}},
		Postings:  posting.MirrorPostings(taken, loyalty.BucketReserved),
		Reasons: []loyalty.Reason{
			loyalty.NewReason(
				d.P.Households.Key(), loyalty.FormatPoints(-r.Points), loyalty.WasGivenTo,
				loyalty.FormatPoints(r.Points),
			),
		},
	}
	if commit {
		r.Lots = LotsOf(taken)
		e.Kind, e.Postings = loyalty.KindRedeem, SpentPostings(taken, "", r.Points)
	}
	return d.Post(e)
}
