package loyalty

import (
	"errors"
	"math/big"
	"slices"
	"strconv"
	"time"
)

// A household has no account. All points stay in the account and lot of the member who earned them and expire on the
// same day as without the household. A redemption by one member may draw on the points of the others. Each contribution
// is an entry in the contributor's account, and a reversal returns it to that account. So members who leave take their
// points along, levels stay personal, and sharing does not extend the life of any points. A contribution is not an
// activity of the contributor.

// Households are the rules by which members draw on each other's points. The zero Households disables households.
type Households struct {
	Size       int      // the most members in one household, including invited ones; 0 disables households
	Share      *big.Rat // the share of a member's active points that the others may use at a time; nil for all
	CoolingOff Period   // how long after joining a member cannot draw on the others
}

// Key returns the key of households among the program's rules.
func (Households) Key() string { return "households" }

// MaxHouseholdSize limits the members of a household, because all of their accounts change in one transaction.
const MaxHouseholdSize = 12

// Role is what a member of a household may do.
type Role string

const (
	Owner Role = "owner" // invites and removes members, and draws on their points; one per household
	Adult Role = "adult" // draws on the others' points
	Child Role = "child" // only contributes points
)

// A Household is a group of members who draw on each other's points. A household without members has ended.
type Household struct {
	ID      string
	Members []HouseholdMember // in the order of their invitations
}

// A HouseholdMember is a member of a household or a member who is invited to it.
type HouseholdMember struct {
	Member  MemberID
	Role    Role
	Invited time.Time
	Since   time.Time // when the member joined; zero while only invited
}

// Joined returns the members who have joined, in the order of Members.
func (h Household) Joined() (all []MemberID) {
	for _, m := range h.Members {
		if !m.Since.IsZero() {
			all = append(all, m.Member)
		}
	}
	return all
}

// MemberIDs returns the members who have joined or are invited, in the order of Members.
func (h Household) MemberIDs() (all []MemberID) {
	for _, m := range h.Members {
		all = append(all, m.Member)
	}
	return all
}

// mate returns the index of an invited or joined member, or -1 if the household does not have that member.
func (h Household) mate(m MemberID) int {
	return slices.IndexFunc(h.Members, func(x HouseholdMember) bool { return x.Member == m })
}

// Found creates a household with its owner.
func (p *Program) Found(id string, head MemberID, now time.Time) (Household, error) {
	if p.Households.Size == 0 {
		return Household{}, noHouseholds()
	}
	return Household{id, []HouseholdMember{{head, Owner, now, now}}}, nil
}

func noHouseholds() *Error {
	return refuse(ValidationFailed, "", "The program has no households. Add households to the program file to allow them.")
}

// Invite invites a member to join, or changes the role of a member who is invited already.
func (p *Program) Invite(h Household, m MemberID, role Role, now time.Time) (Household, error) {
	at := h.mate(m)
	switch {
	case p.Households.Size == 0:
		return h, noHouseholds()
	case role != Adult && role != Child:
		return h, refuse(
			ValidationFailed, "/role",
			"role must be adult or child. The member who created the household is its owner.",
		)
	case at >= 0 && !h.Members[at].Since.IsZero():
		return h, refuse(AlreadyExists, "/member", "The member is already in the household.")
	case at < 0 && len(h.Members) >= p.Households.Size:
		return h, full(p)
	}
	h.Members = slices.Clone(h.Members)
	if at >= 0 {
		h.Members[at].Role = role
		return h, nil
	}
	h.Members = append(h.Members, HouseholdMember{Member: m, Role: role, Invited: now})
	return h, nil
}

func full(p *Program) *Error {
	return refuse(
		ValidationFailed, "",
		"A household has "+strconv.Itoa(p.Households.Size)+" members at most, including invited members.",
	)
}

// AcceptInvitation adds an invited member to the household.
func (p *Program) AcceptInvitation(h Household, m MemberID, now time.Time) (Household, error) {
	at := h.mate(m)
	switch {
	case p.Households.Size == 0:
		return h, noHouseholds()
	case at < 0:
		return h, refuse(NotFound, "/member", "The member has no invitation to the household.")
	case !h.Members[at].Since.IsZero():
		return h, nil
	case len(h.Joined()) >= p.Households.Size:
		return h, full(p)
	}
	h.Members = slices.Clone(h.Members)
	h.Members[at].Since = now
	return h, nil
}

// Leave removes a member or withdraws the invitation of a member. If the owner leaves, the adult who joined first
// becomes the owner. If there is no adult, the household ends.
func (h Household) Leave(m MemberID) (Household, error) {
	at := h.mate(m)
	if at < 0 {
		return h, refuse(NotFound, "/member", "The member is not in the household.")
	}
	left := h.Members[at]
	h.Members = slices.Delete(slices.Clone(h.Members), at, at+1)
	if left.Role != Owner {
		return h, nil
	}
	next := -1
	for i, x := range h.Members {
		if x.Role == Adult && !x.Since.IsZero() && (next < 0 || x.Since.Before(h.Members[next].Since)) {
			next = i
		}
	}
	if next < 0 {
		h.Members = nil
		return h, nil
	}
	h.Members[next].Role = Owner
	return h, nil
}

// Remove removes a member or withdraws an invitation, on behalf of the owner. It rejects the removal of the owner.
func (h Household) Remove(m MemberID) (Household, error) {
	if at := h.mate(m); at >= 0 && h.Members[at].Role == Owner {
		return h, refuse(ValidationFailed, "/member", "The owner cannot be removed. The owner can leave the household instead.")
	}
	return h.Leave(m)
}

// A Contribution is the number of points that a member contributes to a redemption of the household.
type Contribution struct {
	Member MemberID
	Points Points
}

// ContributionID returns the ID of a member's contribution to a redemption, for use in causes.
func ContributionID(redemption string, m MemberID) string { return redemption + ":" + string(m) }

// RedeemTogether redeems a reward for a member of a household, who draws on the others' points if the member's own
// points do not suffice. accs[0] is the redeeming member's account. The rest are the accounts of the other joined
// members, in any order. The outcomes are in the same order. All accounts must have been advanced to now.
func (p *Program) RedeemTogether(
	h Household, accs []Account, in Redemption, commit bool, left Budgets, now time.Time,
) ([]Outcome, error) {
	at := h.mate(accs[0].Member)
	switch {
	case p.Households.Size == 0:
		return nil, noHouseholds()
	case at < 0 || h.Members[at].Since.IsZero():
		return nil, refuse(ValidationFailed, "/household", "The member is in no household.")
	case h.Members[at].Role == Child:
		return nil, refuse(
			ValidationFailed, "/household",
			"A child cannot redeem points of the household.",
		)
	case in.Wallet != "":
		return nil, refuse(ValidationFailed, "/wallet", "Households share only points. Redeem from another wallet without the household.")
	case in.Cart != "":
		return nil, refuse(
			ValidationFailed, "/cart",
			"A redemption of a household must not name a cart. Cancel the redemption that it replaces.",
		)
	}
	if from := p.Households.CoolingOff.After(h.Members[at].Since, p.Zone); now.Before(from) {
		return p.redeemAlone(accs, in, commit, left, from, now)
	}
	return p.redeem(accs, in, commit, left, now)
}

// redeemAlone redeems with the member's own points only, because the member cannot draw on the others before from.
func (p *Program) redeemAlone(
	accs []Account, in Redemption, commit bool, left Budgets, from, now time.Time,
) ([]Outcome, error) {
	outs, err := p.redeem(accs[:1], in, commit, left, now)
	var rejected *Error
	if errors.As(err, &rejected) && rejected.Code == InsufficientPoints {
		return nil, refuse(
			ValidationFailed, "/household",
			"The member's own points are insufficient. The member joined the household recently, "+
				"and can use the household's points from "+written(from)+" on.",
		)
	}
	if err != nil {
		return nil, err
	}
	for _, acc := range accs[1:] {
		outs = append(outs, p.decide(acc, now).Outcome)
	}
	return outs, nil
}

// A pot is the points that the other members of a household can contribute to a redemption.
type pot struct {
	lots   []potLot // ordered by expiry, earliest first
	room   map[MemberID]Points
	points Points // the total of room
}

type potLot struct {
	member MemberID
	Lot
}

// Shares returns how many of a member's points the household may use now. It returns 0 while the account is frozen or
// in debt, or has MaxHolds reservations.
func (p *Program) Shares(acc Account) Points {
	if acc.Status != Active || p.inDebt(acc) || len(acc.Holds) >= MaxHolds {
		return 0
	}
	n := acc.Balance().Active
	if share := p.Households.Share; share != nil {
		n, _ = exactOf(share).mul(whole(int64(n))).round(Down)
	}
	return n
}

func (p *Program) pot(others []Account) pot {
	all := pot{room: map[MemberID]Points{}}
	for _, acc := range others {
		n := p.Shares(acc)
		all.room[acc.Member], all.points = n, all.points+n
		for _, l := range acc.Lots {
			all.lots = append(all.lots, potLot{acc.Member, l})
		}
	}
	slices.SortStableFunc(all.lots, func(x, y potLot) int { return x.Expires.Compare(y.Expires) })
	return all
}

// draw returns the contributions that add up to n points. It takes the points that expire first, regardless of their
// owner.
func (y pot) draw(n Points) (all []Contribution) {
	for _, l := range y.lots {
		part := min(n, l.Points, y.room[l.member])
		if part == 0 {
			continue
		}
		n -= part
		y.room[l.member] -= part
		at := slices.IndexFunc(all, func(d Contribution) bool { return d.Member == l.member })
		if at < 0 {
			at = len(all)
			all = append(all, Contribution{Member: l.member})
		}
		all[at].Points += part
	}
	return all
}

// contribute adds the other members' contributions to a redemption that the first outcome has decided.
func (p *Program) contribute(
	first Outcome, others []Account, in Redemption, commit bool, now time.Time,
) ([]Outcome, error) {
	outs := []Outcome{first}
	for _, acc := range others {
		d := p.decide(acc, now)
		for _, part := range in.Contributions {
			if part.Member != acc.Member {
				continue
			}
			if err := d.give(in.partOf(first.Account.Member, part.Points), commit); err != nil {
				return nil, err
			}
		}
		outs = append(outs, d.Outcome)
	}
	return outs, nil
}

// partOf returns the redemption as it is stored in the account of a member who contributes n points to it. whose is the
// member who redeems.
func (r Redemption) partOf(whose MemberID, n Points) Redemption {
	return Redemption{
		ID: r.ID, Reward: r.Reward, Order: r.Order, Points: n, Status: r.Status, At: r.At, Until: r.Until, By: whose,
	}
}

func (d *decision) give(r Redemption, commit bool) error {
	taken, _ := d.take(nil, "", r.Points)
	e := Entry{
		Kind: KindReserve, Cause: r.cause(d.Account.Member, 1), Effective: d.now, Redemption: &r,
		Postings: mirror(taken, BucketReserved),
		Reasons:  []Reason{NewReason(d.p.Households.Key(), points(-r.Points), WasGivenTo, points(r.Points))},
	}
	if commit {
		r.Lots = lotsOf(taken)
		e.Kind, e.Postings = KindRedeem, spent(taken, "", r.Points)
	}
	return d.post(e)
}

// contributed completes a contribution of which n points were spent. A contribution of which no points were spent is
// canceled.
func (d *decision) contributed(h Hold, n Points) (Outcome, error) {
	if n == 0 {
		return d.end(h, Canceled)
	}
	r := h.Redemption
	r.Points = n
	return d.spend(r, h, d.p, n)
}

func (p *Program) compileHouseholds() error {
	share := p.Households.Share
	if share != nil && (share.Sign() <= 0 || share.Cmp(big.NewRat(1, 1)) > 0) {
		return errors.New("the shared part of points must be above 0 and at most 1")
	}
	if n := p.Households.Size; n < 0 || n == 1 || n > MaxHouseholdSize {
		return errors.New("a household has 2 to " + strconv.Itoa(MaxHouseholdSize) + " members")
	}
	return nil
}
