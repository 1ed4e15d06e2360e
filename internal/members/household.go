package members

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Households stores which members share points.
type Households struct{ *ledger.Ledger }

// A household has a separate item. For each member who has joined a household, another item in the member's partition
// names the household. Both are written in one transaction, so that a member is in at most one household. A redemption
// that uses points of a household checks in its transaction that the household's item has not changed.

// A HouseholdResult is the current state of a household.
type HouseholdResult struct {
	share.Household
	Replayed bool // whether the household had already been created
}

// householdDoc is stored. Fields may only be added.
type householdDoc struct {
	Input   string               `json:"in"` // the fingerprint of the request that created the household
	By      string               `json:"by"`
	Members []householdMemberDoc `json:"m,omitempty"`
}

type householdMemberDoc struct {
	Member  string `json:"m"`
	Role    string `json:"r"`
	Invited int64  `json:"i"`
	Since   int64  `json:"s,omitzero"`
}

// livesInDoc names the household that a member has joined, if any, and the last household that the member left. It is a
// stored form: only add fields.
type livesInDoc struct {
	Household string `json:"h,omitzero"`
	Left      string `json:"l,omitzero"`
}

func householdKey(program, id string) table.Key {
	return table.Key{PK: "P#" + program + "#HH#" + id, SK: "HOUSEHOLD"}
}

func livesInKey(program string, m loyalty.MemberID) table.Key {
	return stored.MemberKey(program, m, stored.HouseholdItem)
}

func readHousehold(it table.Item, id string) (d householdDoc, h share.Household, err error) {
	h.ID = id
	if it.Version == 0 {
		return d, h, nil
	}
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return d, h, fmt.Errorf("members: read household %s: %w", id, err)
	}
	for _, m := range d.Members {
		h.Members = append(h.Members, share.HouseholdMember{
			Member: loyalty.MemberID(m.Member), Role: share.Role(m.Role), Invited: stored.Instant(m.Invited),
			Since: stored.Instant(m.Since),
		})
	}
	return d, h, nil
}

// as returns the encoded document, with the members of h.
func (d householdDoc) as(h share.Household) []byte {
	d.Members = nil
	for _, m := range h.Members {
		d.Members = append(d.Members, householdMemberDoc{
			string(m.Member), string(m.Role), stored.Millis(m.Invited), stored.Millis(m.Since),
		})
	}
	return stored.Encode(d)
}

// Get reads a household. It returns not_found if the household does not exist or has ended.
func (hs Households) Get(ctx context.Context, program, id string) (share.Household, error) {
	it, err := hs.Table.Get(ctx, householdKey(program, id))
	if err != nil {
		return share.Household{}, ledger.Retryable(err)
	}
	_, h, err := readHousehold(it, id)
	if err == nil && len(h.Members) == 0 {
		err = ledger.NotFound("household")
	}
	return h, err
}

func (hs Households) livesIn(ctx context.Context, program string, m loyalty.MemberID) (table.Item, livesInDoc, error) {
	it, err := hs.Table.Get(ctx, livesInKey(program, m))
	if err != nil {
		return it, livesInDoc{}, ledger.Retryable(err)
	}
	d, err := readLivesIn(it, m)
	return it, d, err
}

func readLivesIn(it table.Item, m loyalty.MemberID) (d livesInDoc, err error) {
	if it.Version > 0 {
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return d, fmt.Errorf("members: read the household of %s: %w", m, err)
		}
	}
	return d, nil
}

// Found creates a household. The caller derives the ID. If the call is repeated with the same By.Input, it returns the
// current household. With another By.Input, it returns idempotency_key_reused. It returns already_exists if the member
// is in a household.
func (hs Households) Found(
	ctx context.Context, p *loyalty.Program, id string, head loyalty.MemberID, by ledger.By,
) (HouseholdResult, error) {
	if _, err := hs.Account(ctx, p, head); err != nil {
		return HouseholdResult{}, err
	}
	unknown := false
	for range ledger.Attempts {
		it, err := hs.Table.Get(ctx, householdKey(p.ID, id))
		if err != nil {
			return HouseholdResult{}, ledger.Retryable(err)
		}
		d, was, err := readHousehold(it, id)
		switch {
		case err != nil:
			return HouseholdResult{}, err
		case it.Version > 0 && d.Input != by.Input:
			return HouseholdResult{}, ledger.KeyReused()
		case it.Version > 0:
			return HouseholdResult{Household: was, Replayed: !unknown}, nil
		}
		h, err := share.FoundHousehold(&p.Households, id, head, hs.Time())
		if err != nil {
			return HouseholdResult{}, err
		}
		done, err := hs.put(ctx, p.ID, it, householdDoc{Input: by.Input, By: by.Actor}, was, h)
		if done || err != nil {
			return HouseholdResult{Household: h}, err
		}
		unknown = true
	}
	return HouseholdResult{}, ledger.ErrTryAgain
}

// Invite invites a member to join as an adult or a child. Repeating the call changes nothing.
func (hs Households) Invite(
	ctx context.Context, p *loyalty.Program, id string, m loyalty.MemberID, role share.Role,
) (share.Household, error) {
	if _, err := hs.Account(ctx, p, m); err != nil {
		return share.Household{}, err
	}
	return hs.change(ctx, p, id, func(h share.Household) (share.Household, error) {
		return share.Invite(&p.Households, h, m, role, hs.Time())
	})
}

// AcceptInvitation lets an invited member join. It returns already_exists if the member is in another household.
// Repeating the call changes nothing.
func (hs Households) AcceptInvitation(
	ctx context.Context, p *loyalty.Program, id string, m loyalty.MemberID,
) (share.Household, error) {
	return hs.change(ctx, p, id, func(h share.Household) (share.Household, error) {
		return share.AcceptInvitation(&p.Households, h, m, hs.Time())
	})
}

// Leave removes a member, who keeps all points, or withdraws an invitation. It returns not_found if the household never
// had such a member. Repeating the call changes nothing.
func (hs Households) Leave(
	ctx context.Context, p *loyalty.Program, id string, m loyalty.MemberID,
) (share.Household, error) {
	return hs.leave(ctx, p, id, m, share.Household.Leave)
}

// Remove is like Leave, but at the request of the owner. The owner cannot be removed.
func (hs Households) Remove(
	ctx context.Context, p *loyalty.Program, id string, m loyalty.MemberID,
) (share.Household, error) {
	return hs.leave(ctx, p, id, m, share.Household.Remove)
}

// leave removes a member from a household. If the member has already left, leave returns the current state of the
// household, because the response of an earlier attempt that removed the member may have been lost.
func (hs Households) leave(
	ctx context.Context, p *loyalty.Program, id string, m loyalty.MemberID,
	leave func(share.Household, loyalty.MemberID) (share.Household, error),
) (share.Household, error) {
	h, err := hs.change(ctx, p, id, func(h share.Household) (share.Household, error) { return leave(h, m) })
	if !errors.Is(err, loyalty.NotFound) {
		return h, err
	}
	_, lives, failed := hs.livesIn(ctx, p.ID, m)
	if failed != nil {
		return h, failed
	}
	if lives.Left == id {
		return h, nil
	}
	return h, err
}

// Accounts reads the current accounts of members. It returns not_found if a member does not exist.
func (hs Households) Accounts(
	ctx context.Context, p *loyalty.Program, members []loyalty.MemberID,
) (accs []loyalty.Account, err error) {
	for _, m := range members {
		acc, err := hs.Account(ctx, p, m)
		if err != nil {
			return nil, err
		}
		accs = append(accs, acc)
	}
	return accs, nil
}

// change computes the new state of a household with the given function and writes it. If another process writes first,
// it starts again from the current state. If the function rejects the change, change returns the current state. The
// function may be called again after its result was written, because the response of the write may have been lost. It
// must then change nothing.
func (hs Households) change(
	ctx context.Context, p *loyalty.Program, id string, change func(share.Household) (share.Household, error),
) (share.Household, error) {
	for range ledger.Attempts {
		it, err := hs.Table.Get(ctx, householdKey(p.ID, id))
		if err != nil {
			return share.Household{}, ledger.Retryable(err)
		}
		d, was, err := readHousehold(it, id)
		switch {
		case err != nil:
			return was, err
		case len(was.Members) == 0:
			return was, ledger.NotFound("household")
		}
		h, err := change(was)
		switch {
		case err != nil:
			return was, err
		case slices.Equal(h.Members, was.Members):
			return h, nil
		}
		done, err := hs.put(ctx, p.ID, it, d, was, h)
		if done || err != nil {
			return h, err
		}
	}
	return share.Household{}, ledger.ErrTryAgain
}

// put writes the new state of a household and the items of members who join or leave, or whose invitation ends. It
// returns false without an error if another process was first or the outcome of the write is unknown.
func (hs Households) put(
	ctx context.Context, program string, it table.Item, d householdDoc, was, is share.Household,
) (done bool, err error) {
	it.Doc = d.as(is)
	ops := []table.Op{table.Put(it)}
	joining := without(is.Joined(), was.Joined())
	for _, m := range slices.Concat(joining, without(was.MemberIDs(), is.MemberIDs())) {
		lives, home, err := hs.livesIn(ctx, program, m)
		if err != nil {
			return false, err
		}
		switch {
		case !slices.Contains(joining, m):
			home.Left = is.ID
			if home.Household == is.ID {
				home.Household = ""
			}
		case home.Household != "":
			return false, &loyalty.Error{
				Code: loyalty.AlreadyExists, Detail: "The member is already in a household.", Pointer: "/member",
			}
		default:
			home.Household = is.ID
		}
		lives.Doc = stored.Encode(home)
		ops = append(ops, table.Put(lives))
	}
	err = hs.Table.Transact(ctx, ops...)
	switch {
	case errors.As(err, new(*table.ConflictError)), errors.Is(err, table.ErrUnknown):
		return false, nil
	}
	return err == nil, ledger.Retryable(err)
}

// without returns the members that are not in the list others.
func without(members, others []loyalty.MemberID) []loyalty.MemberID {
	return slices.DeleteFunc(members, func(m loyalty.MemberID) bool { return slices.Contains(others, m) })
}

// DrawOn reads the member's household for a redemption that may use points of other household members. It adds the
// accounts of these members to the command, and a check that the household does not change meanwhile. The decision
// about the redemption checks whether the member may use these accounts. A repeated command therefore finds its first
// result, even if the member has left the household since.
func (hs Households) DrawOn(ctx context.Context, c *ledger.Command) (h share.Household, err error) {
	_, lives, err := hs.livesIn(ctx, c.Program.ID, c.Member)
	if err != nil || lives.Household == "" {
		return h, err
	}
	it, err := hs.Table.Get(ctx, householdKey(c.Program.ID, lives.Household))
	if err != nil {
		return h, ledger.Retryable(err)
	}
	if _, h, err = readHousehold(it, lives.Household); err != nil {
		return h, err
	}
	c.With = append(c.With, table.Check(it))
	c.Others = without(h.Joined(), []loyalty.MemberID{c.Member})
	return h, nil
}

// Contributors returns the other members whose points a redemption uses.
func Contributors(r loyalty.Redemption) (all []loyalty.MemberID) {
	for _, d := range r.Contributions {
		all = append(all, d.Member)
	}
	return all
}

// Contributions returns the last revision of a redemption, followed by the last revisions of the contributions of other
// members.
func (hs Households) Contributions(ctx context.Context, program string, was loyalty.Entry) ([]loyalty.Entry, error) {
	all := []loyalty.Entry{was}
	for _, m := range Contributors(*was.Redemption) {
		e, err := hs.Latest(ctx, program, loyalty.CauseContribution, redeem.ContributionID(was.Redemption.ID, m))
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// Of returns the ID of the household that a member has joined, or an empty ID if there is none.
func (hs Households) Of(ctx context.Context, program string, m loyalty.MemberID) (string, error) {
	_, lives, err := hs.livesIn(ctx, program, m)
	return lives.Household, err
}
