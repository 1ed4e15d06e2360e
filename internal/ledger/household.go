package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A household has a separate item. Each member who has joined a household also has an item, beside the account, that
// names the household. Both are written in one transaction, so that a member is in at most one household. A redemption
// that uses points of a household checks in its transaction that the household's item has not changed.

// A HouseholdResult is the current state of a household.
type HouseholdResult struct {
	share.Household
	Replayed bool // the household had already been created
}

// householdDoc is a stored form: changed only by addition.
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

// livesInDoc is the item that names the household that a member has joined, if any, and the last one that the member
// left. It is a stored form: changed only by addition.
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
		return d, h, fmt.Errorf("ledger: read household %s: %w", id, err)
	}
	for _, m := range d.Members {
		h.Members = append(h.Members, share.HouseholdMember{
			Member: loyalty.MemberID(m.Member), Role: share.Role(m.Role), Invited: stored.Instant(m.Invited),
			Since: stored.Instant(m.Since),
		})
	}
	return d, h, nil
}

// as returns the document with the members of h.
func (d householdDoc) as(h share.Household) []byte {
	d.Members = nil
	for _, m := range h.Members {
		d.Members = append(d.Members, householdMemberDoc{
			string(m.Member), string(m.Role), stored.Millis(m.Invited), stored.Millis(m.Since),
		})
	}
	return stored.Encode(d)
}

// Household reads a household. It returns not_found if there is none, or it has ended.
func (l *Ledger) Household(ctx context.Context, program, id string) (share.Household, error) {
	it, err := l.Table.Get(ctx, householdKey(program, id))
	if err != nil {
		return share.Household{}, retryable(err)
	}
	_, h, err := readHousehold(it, id)
	if err == nil && len(h.Members) == 0 {
		err = notFound("household")
	}
	return h, err
}

func (l *Ledger) livesIn(ctx context.Context, program string, m loyalty.MemberID) (table.Item, livesInDoc, error) {
	it, err := l.Table.Get(ctx, livesInKey(program, m))
	if err != nil {
		return it, livesInDoc{}, retryable(err)
	}
	d, err := readLivesIn(it, m)
	return it, d, err
}

func readLivesIn(it table.Item, m loyalty.MemberID) (d livesInDoc, err error) {
	if it.Version > 0 {
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return d, fmt.Errorf("ledger: read the household of %s: %w", m, err)
		}
	}
	return d, nil
}

// Found creates a household. The caller derives the ID. Repeated with the same By.Input, it returns the current
// household; with another one, it returns idempotency_key_reused. It returns already_exists if the member is in a
// household.
func (l *Ledger) Found(
	ctx context.Context, p *loyalty.Program, id string, head loyalty.MemberID, by By,
) (HouseholdResult, error) {
	if _, err := l.account(ctx, p, head); err != nil {
		return HouseholdResult{}, err
	}
	unknown := false
	for range attempts {
		it, err := l.Table.Get(ctx, householdKey(p.ID, id))
		if err != nil {
			return HouseholdResult{}, retryable(err)
		}
		d, was, err := readHousehold(it, id)
		switch {
		case err != nil:
			return HouseholdResult{}, err
		case it.Version > 0 && d.Input != by.Input:
			return HouseholdResult{}, keyReused()
		case it.Version > 0:
			return HouseholdResult{Household: was, Replayed: !unknown}, nil
		}
		h, err := share.FoundHousehold(p, id, head, l.now())
		if err != nil {
			return HouseholdResult{}, err
		}
		done, err := l.putHousehold(ctx, p.ID, it, householdDoc{Input: by.Input, By: by.Actor}, was, h)
		if done || err != nil {
			return HouseholdResult{Household: h}, err
		}
		unknown = true
	}
	return HouseholdResult{}, ErrTryAgain
}

// Invite invites a member to join as an adult or a child. Repeating it changes nothing.
func (l *Ledger) Invite(
	ctx context.Context, p *loyalty.Program, id string, m loyalty.MemberID, role share.Role,
) (share.Household, error) {
	if _, err := l.account(ctx, p, m); err != nil {
		return share.Household{}, err
	}
	return l.changeHousehold(ctx, p, id, func(h share.Household) (share.Household, error) {
		return share.Invite(p, h, m, role, l.now())
	})
}

// AcceptInvitation lets an invited member join. It returns already_exists if the member is in another household.
// Repeating it changes nothing.
func (l *Ledger) AcceptInvitation(
	ctx context.Context, p *loyalty.Program, id string, m loyalty.MemberID,
) (share.Household, error) {
	return l.changeHousehold(ctx, p, id, func(h share.Household) (share.Household, error) {
		return share.AcceptInvitation(p, h, m, l.now())
	})
}

// LeaveHousehold removes a member, who keeps all points, or withdraws an invitation. It returns not_found if the
// household never had such a member. Repeating it changes nothing.
func (l *Ledger) LeaveHousehold(
	ctx context.Context, p *loyalty.Program, id string, m loyalty.MemberID,
) (share.Household, error) {
	return l.leaveHousehold(ctx, p, id, m, share.Household.Leave)
}

// RemoveFromHousehold does the same as LeaveHousehold on behalf of the owner, who cannot be removed.
func (l *Ledger) RemoveFromHousehold(
	ctx context.Context, p *loyalty.Program, id string, m loyalty.MemberID,
) (share.Household, error) {
	return l.leaveHousehold(ctx, p, id, m, share.Household.Remove)
}

// leaveHousehold removes a member from a household. If the member has already left it, leaveHousehold returns its
// current state, because the response of an earlier attempt that removed the member may have been lost.
func (l *Ledger) leaveHousehold(
	ctx context.Context, p *loyalty.Program, id string, m loyalty.MemberID,
	leave func(share.Household, loyalty.MemberID) (share.Household, error),
) (share.Household, error) {
	h, err := l.changeHousehold(ctx, p, id, func(h share.Household) (share.Household, error) { return leave(h, m) })
	if !errors.Is(err, loyalty.NotFound) {
		return h, err
	}
	_, lives, failed := l.livesIn(ctx, p.ID, m)
	if failed != nil {
		return h, failed
	}
	if lives.Left == id {
		return h, nil
	}
	return h, err
}

// Accounts reads the current accounts of members. It returns not_found if a member does not exist.
func (l *Ledger) Accounts(
	ctx context.Context, p *loyalty.Program, members []loyalty.MemberID,
) (accs []loyalty.Account, err error) {
	for _, m := range members {
		acc, err := l.account(ctx, p, m)
		if err != nil {
			return nil, err
		}
		accs = append(accs, acc)
	}
	return accs, nil
}

// changeHousehold decides the change of a household from its current state and retries until it is written. If the
// change is rejected, it returns the current state. The change must have no effect if it is decided again after it was
// written, because the response of the write may have been lost.
func (l *Ledger) changeHousehold(
	ctx context.Context, p *loyalty.Program, id string, change func(share.Household) (share.Household, error),
) (share.Household, error) {
	for range attempts {
		it, err := l.Table.Get(ctx, householdKey(p.ID, id))
		if err != nil {
			return share.Household{}, retryable(err)
		}
		d, was, err := readHousehold(it, id)
		switch {
		case err != nil:
			return was, err
		case len(was.Members) == 0:
			return was, notFound("household")
		}
		h, err := change(was)
		switch {
		case err != nil:
			return was, err
		case slices.Equal(h.Members, was.Members):
			return h, nil
		}
		done, err := l.putHousehold(ctx, p.ID, it, d, was, h)
		if done || err != nil {
			return h, err
		}
	}
	return share.Household{}, ErrTryAgain
}

// putHousehold writes the new state of a household and the items of members who join or leave, or whose invitation
// ends. done is false without an error if another process was first or the result is unknown.
func (l *Ledger) putHousehold(
	ctx context.Context, program string, it table.Item, d householdDoc, was, is share.Household,
) (done bool, err error) {
	it.Doc = d.as(is)
	ops := []table.Op{table.Put(it)}
	joining := without(is.Joined(), was.Joined())
	for _, m := range slices.Concat(joining, without(was.MemberIDs(), is.MemberIDs())) {
		lives, home, err := l.livesIn(ctx, program, m)
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
	err = l.Table.Transact(ctx, ops...)
	switch {
	case errors.As(err, new(*table.ConflictError)), errors.Is(err, table.ErrUnknown):
		return false, nil
	}
	return err == nil, retryable(err)
}

// without returns the members that are not among the others.
func without(members, others []loyalty.MemberID) []loyalty.MemberID {
	return slices.DeleteFunc(members, func(m loyalty.MemberID) bool { return slices.Contains(others, m) })
}

// drawOn reads the member's household for a redemption that may use points of other household members. It adds the
// accounts of the other household members, and a check that the household does not change meanwhile. Whether the member
// may use them is decided with the redemption, so that a repeated command finds its answer even if the member has left
// since.
func (l *Ledger) drawOn(ctx context.Context, c *Command) (h share.Household, err error) {
	_, lives, err := l.livesIn(ctx, c.p.ID, c.member)
	if err != nil || lives.Household == "" {
		return h, err
	}
	it, err := l.Table.Get(ctx, householdKey(c.p.ID, lives.Household))
	if err != nil {
		return h, retryable(err)
	}
	if _, h, err = readHousehold(it, lives.Household); err != nil {
		return h, err
	}
	c.with = append(c.with, table.Check(it))
	c.others = without(h.Joined(), []loyalty.MemberID{c.member})
	return h, nil
}

// contributors returns the other members whose points a redemption uses.
func contributors(r loyalty.Redemption) (all []loyalty.MemberID) {
	for _, d := range r.Contributions {
		all = append(all, d.Member)
	}
	return all
}

// contributions returns the last revision of a redemption, followed by the last revisions of the contributions of other
// members.
func (l *Ledger) contributions(ctx context.Context, program string, was loyalty.Entry) ([]loyalty.Entry, error) {
	all := []loyalty.Entry{was}
	for _, m := range contributors(*was.Redemption) {
		e, err := l.latest(ctx, program, loyalty.CauseContribution, redeem.ContributionID(was.Redemption.ID, m))
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}
