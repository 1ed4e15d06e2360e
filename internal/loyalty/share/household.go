package share

import (
	"errors"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// MaxHouseholdSize limits the members of a household, because all of their accounts change in one transaction.
const MaxHouseholdSize = 12

// Role determines what a household member may do.
type Role string

const (
	Owner Role = "owner" // an owner invites and removes members, and can use their points; each household has one
	Adult Role = "adult" // an adult can use the other members' points
	Child Role = "child" // a child contributes points, and cannot use those of the others
)

// A Household is a group of members who can use each other's points. A household without members has ended.
type Household struct {
	ID      string
	Members []HouseholdMember // the members in the order of their invitations
}

// A HouseholdMember is a member of a household or a member who is invited to it.
type HouseholdMember struct {
	Member  loyalty.MemberID
	Role    Role
	Invited time.Time
	Since   time.Time // when the member joined; zero while only invited
}

// Joined returns the members who have joined, in the order of Members.
func (h Household) Joined() (all []loyalty.MemberID) {
	for _, m := range h.Members {
		if !m.Since.IsZero() {
			all = append(all, m.Member)
		}
	}
	return all
}

// MemberIDs returns the members who have joined or are invited, in the order of Members.
func (h Household) MemberIDs() (all []loyalty.MemberID) {
	for _, m := range h.Members {
		all = append(all, m.Member)
	}
	return all
}

// Mate returns the index of an invited or joined member, or -1 if the household does not have that member.
func (h Household) Mate(m loyalty.MemberID) int {
	return slices.IndexFunc(h.Members, func(x HouseholdMember) bool { return x.Member == m })
}

// FoundHousehold creates a household with its owner.
func FoundHousehold(terms *loyalty.Households, id string, head loyalty.MemberID, now time.Time) (Household, error) {
	if terms.Size == 0 {
		return Household{}, noHouseholds()
	}
	return Household{id, []HouseholdMember{{head, Owner, now, now}}}, nil
}

func noHouseholds() *loyalty.Error {
	return loyalty.Refuse(
		loyalty.ValidationFailed, "",
		"The program has no households. Add households to the program file to allow them.",
	)
}

// Invite invites a member to join, or changes the role of a member who is already invited.
func Invite(terms *loyalty.Households, h Household, m loyalty.MemberID, role Role, now time.Time) (Household, error) {
	at := h.Mate(m)
	switch {
	case terms.Size == 0:
		return h, noHouseholds()
	case role != Adult && role != Child:
		return h, loyalty.Refuse(
			loyalty.ValidationFailed, "/role",
			"role must be adult or child. The member who created the household is its owner.",
		)
	case at >= 0 && !h.Members[at].Since.IsZero():
		return h, loyalty.Refuse(loyalty.AlreadyExists, "/member", "The member is already in the household.")
	case at < 0 && len(h.Members) >= terms.Size:
		return h, full(terms)
	}
	h.Members = slices.Clone(h.Members)
	if at >= 0 {
		h.Members[at].Role = role
		return h, nil
	}
	h.Members = append(h.Members, HouseholdMember{Member: m, Role: role, Invited: now})
	return h, nil
}

func full(terms *loyalty.Households) *loyalty.Error {
	return loyalty.Refuse(
		loyalty.ValidationFailed, "",
		"A household has "+strconv.Itoa(terms.Size)+" members at most, including invited members.",
	)
}

// AcceptInvitation adds an invited member to the household.
func AcceptInvitation(terms *loyalty.Households, h Household, m loyalty.MemberID, now time.Time) (Household, error) {
	at := h.Mate(m)
	switch {
	case terms.Size == 0:
		return h, noHouseholds()
	case at < 0:
		return h, loyalty.Refuse(loyalty.NotFound, "/member", "The member has no invitation to the household.")
	case !h.Members[at].Since.IsZero():
		return h, nil
	case len(h.Joined()) >= terms.Size:
		return h, full(terms)
	}
	h.Members = slices.Clone(h.Members)
	h.Members[at].Since = now
	return h, nil
}

// Leave removes a member or withdraws the invitation of a member. If the owner leaves, the adult who joined first
// becomes the owner. If there is no adult, the household ends.
func (h Household) Leave(m loyalty.MemberID) (Household, error) {
	at := h.Mate(m)
	if at < 0 {
		return h, loyalty.Refuse(loyalty.NotFound, "/member", "The member is not in the household.")
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
func (h Household) Remove(m loyalty.MemberID) (Household, error) {
	if at := h.Mate(m); at >= 0 && h.Members[at].Role == Owner {
		return h, loyalty.Refuse(
			loyalty.ValidationFailed, "/member",
			"The owner cannot be removed. The owner can leave the household instead.",
		)
	}
	return h.Leave(m)
}

// RedeemTogether redeems a reward for a member of a household. If the member's own points do not suffice, the other
// members contribute points. The first decision is about the redeeming member's account. The rest are about the
// accounts of the other joined members, in any order. The outcomes are in the same order. All accounts must have been
// advanced to the instant of the decisions.
func RedeemTogether(
	ds []*posting.Decision, h Household, in loyalty.Redemption, commit bool, left earn.Budgets,
) ([]posting.Outcome, error) {
	households, at := ds[0].P.Households, h.Mate(ds[0].Account.Member)
	switch {
	case households.Size == 0:
		return nil, noHouseholds()
	case at < 0 || h.Members[at].Since.IsZero():
		return nil, loyalty.Refuse(loyalty.ValidationFailed, "/household", "The member is in no household.")
	case h.Members[at].Role == Child:
		return nil, loyalty.Refuse(
			loyalty.ValidationFailed, "/household",
			"A child cannot redeem points of the household.",
		)
	case in.Wallet != "":
		return nil, loyalty.Refuse(
			loyalty.ValidationFailed, "/wallet",
			"Households share only points. Redeem from another wallet without the household.",
		)
	case in.Cart != "":
		return nil, loyalty.Refuse(
			loyalty.ValidationFailed, "/cart",
			"A redemption of a household must not name a cart. Cancel the redemption that it replaces.",
		)
	}
	if from := households.CoolingOff.After(h.Members[at].Since, ds[0].P.Zone); ds[0].Now.Before(from) {
		return redeemAlone(ds, in, commit, left, from)
	}
	return redeem.RedeemFrom(ds, in, commit, left)
}

// redeemAlone redeems with the member's own points only. The member can use the points of the others only from the
// given instant on.
func redeemAlone(
	ds []*posting.Decision, in loyalty.Redemption, commit bool, left earn.Budgets, from time.Time,
) ([]posting.Outcome, error) {
	outs, err := redeem.RedeemFrom(ds[:1], in, commit, left)
	var rejected *loyalty.Error
	if errors.As(err, &rejected) && rejected.Code == loyalty.InsufficientPoints {
		return nil, loyalty.Refuse(
			loyalty.ValidationFailed, "/household",
			"The member's own points are insufficient. The member joined the household recently, "+
				"and can use the household's points from "+calendar.FormatInstant(from)+" on.",
		)
	}
	if err != nil {
		return nil, err
	}
	for _, d := range ds[1:] {
		outs = append(outs, d.Outcome)
	}
	return outs, nil
}

// CompileHouseholds checks the terms of households.
func CompileHouseholds(h *loyalty.Households) error {
	share := h.Share
	if share != nil && (share.Sign() <= 0 || share.Cmp(big.NewRat(1, 1)) > 0) {
		return errors.New("the shared part of points must be above 0 and at most 1")
	}
	if n := h.Size; n < 0 || n == 1 || n > MaxHouseholdSize {
		return errors.New("a household has 2 to " + strconv.Itoa(MaxHouseholdSize) + " members")
	}
	return nil
}
