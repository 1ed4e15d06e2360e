package members

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/random"
	"github.com/perennial-loyalty/perennial/internal/table"
	"go.mau.fi/util/confusable"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Referrals stores referral codes and the friends who used them.
type Referrals struct{ *ledger.Ledger }

// A friend is a member whom another member, the referrer, has referred. The friend's account stores the referrer, and
// decisions use only that account. In addition, the referrer's partition contains one item for each friend, so that the
// friends can be listed. The item is written in the same transaction as the referral.

// ReferralCode is the identity type under which a member is found by their referral code.
const ReferralCode = "referral"

// friendPrefix is the prefix of the sort keys of a member's friends.
const friendPrefix = "FRIEND#"

// referredItem returns the item that lists a friend in the referrer's partition.
func referredItem(program string, referrer, friend loyalty.MemberID) table.Item {
	return table.Item{
		Key: stored.MemberKey(program, referrer, friendPrefix+string(friend)), Doc: stored.Encode(struct{}{}),
	}
}

// referralDoc is stored. Fields may only be added.
type referralDoc struct {
	Code string `json:"c"` // encrypted with the key of the member, because it may contain the member's name
}

// CodeOf returns the member's referral code, or an empty string if the member has none.
func (rs Referrals) CodeOf(ctx context.Context, program string, m loyalty.MemberID) (string, error) {
	it, err := rs.Table.Get(ctx, stored.MemberKey(program, m, "REFERRAL"))
	if err != nil || it.Version == 0 {
		return "", ledger.Retryable(err)
	}
	var d referralDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return "", fmt.Errorf("members: read the code of %s: %w", m, err)
	}
	texts := TextReader{Members: Members(rs), Program: program}
	return texts.Text(ctx, m, d.Code)
}

// GiveCode assigns a member a permanent referral code. This is the given code or, if the given code is empty, a
// generated one. It returns the member's code. It returns already_exists if the member already has a different code, or
// if another member has this code.
func (rs Referrals) GiveCode(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, code string,
) (string, error) {
	for range ledger.Attempts {
		has, err := rs.CodeOf(ctx, p.ID, m)
		switch {
		case err != nil:
			return "", err
		case has != "" && (code == "" || redeem.PlainCode(code) == redeem.PlainCode(has)):
			return has, nil
		case has != "":
			return "", &loyalty.Error{
				Code: loyalty.AlreadyExists, Detail: "The member already has the code " + has + ", which stays.",
				Pointer: "/code",
			}
		}
		given := code
		if given == "" {
			bits := random.Bits(rs.Random)
			given = redeem.NewReferralCode([5]byte(bits[:5]))
		}
		sealed, err := Members(rs).SealText(ctx, p.ID, m, given)
		if err != nil {
			return "", err
		}
		id := stored.Identity{Kind: ReferralCode, Value: redeem.PlainCode(given)}
		err = rs.Table.Transact(ctx,
			table.Put(table.Item{Key: stored.MemberKey(p.ID, m, "REFERRAL"), Doc: stored.Encode(referralDoc{sealed})}),
			table.Put(Members(rs).identityItem(p.ID, id, m)))
		var conflict *table.ConflictError
		switch {
		case err == nil:
			return given, nil
		case !errors.As(err, &conflict):
			return "", ledger.Retryable(err)
		case conflict.Op == 1 && code != "":
			return "", &loyalty.Error{
				Code: loyalty.AlreadyExists, Detail: "Another member already has this code.", Pointer: "/code",
			}
		}
	}
	return "", ledger.ErrTryAgain
}

// whose returns the member to whom a referral code belongs. It returns validation_failed if no member has the code.
func (rs Referrals) whose(ctx context.Context, program, code string) (loyalty.MemberID, error) {
	m, err := Members(rs).Find(ctx, program, stored.Identity{Kind: ReferralCode, Value: redeem.PlainCode(code)})
	if errors.Is(err, loyalty.NotFound) {
		return "", &loyalty.Error{Code: loyalty.ValidationFailed, Detail: "No member has this code.", Pointer: "/code"}
	}
	return m, err
}

// through returns the referral that a new member's referral code creates, or zero if the request has no code. Its
// errors point to /referral_code.
func (rs Referrals) through(ctx context.Context, p *loyalty.Program, in Enrollment) (loyalty.Referral, error) {
	if in.Code == "" {
		return loyalty.Referral{}, nil
	}
	referral := loyalty.Referral{At: rs.Time()}
	var referrer Member
	var err error
	if referral.By, err = rs.whose(ctx, p.ID, in.Code); err == nil {
		referrer, err = Members(rs).Get(ctx, p, referral.By)
	}
	if err == nil {
		err = award.MayRefer(
			&p.Earn, loyalty.Account{Member: in.Member}, referrer.Account, samePerson(in.Profile, referrer.Profile),
		)
	}
	var refused *loyalty.Error
	if errors.As(err, &refused) {
		moved := *refused
		moved.Pointer = "/referral_code"
		err = &moved
	}
	if err != nil {
		return loyalty.Referral{}, err
	}
	return referral, nil
}

// Alike reports whether two members are the same person according to their current profiles.
func (rs Referrals) Alike(ctx context.Context, program string, x, y loyalty.MemberID) (bool, error) {
	var known [2]Profile
	for i, m := range []loyalty.MemberID{x, y} {
		var err error
		if known[i], err = Members(rs).Profile(ctx, program, m); err != nil {
			return false, err
		}
	}
	return samePerson(known[0], known[1]), nil
}

// samePerson reports whether two profiles certainly belong to the same person. They do if they have the same phone
// number, or email addresses of the same mailbox.
func samePerson(x, y Profile) bool {
	return x.Phone != "" && x.Phone == y.Phone || x.Email != "" && y.Email != "" && sameMailbox(x.Email, y.Email)
}

// sameMailbox compares email addresses. It ignores case, dots and tags, and treats both forms of an internationalized
// domain as equal: bücher.example is xn--bcher-kva.example (Unicode TS #46).
func sameMailbox(x, y string) bool {
	xLocal, xDomain := mailbox(x)
	yLocal, yDomain := mailbox(y)
	return sameLetters(xLocal, yLocal) && sameLetters(xDomain, yDomain)
}

// sameLetters compares the local parts or the domains of two email addresses. If one of them contains non-ASCII
// characters, characters that look alike are equal (Unicode TS #39). Otherwise they differ: anna1@ and annal@ belong to
// two people.
func sameLetters(x, y string) bool {
	ascii := func(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7e }) }
	return x == y || (!ascii(x) || !ascii(y)) && confusable.Skeleton(x) == confusable.Skeleton(y)
}

func mailbox(address string) (local, domain string) {
	local, domain, _ = strings.Cut(strings.ToLower(norm.NFKC.String(address)), "@")
	local, _, _ = strings.Cut(local, "+")
	// The Unicode form of the domain is compared, since its ASCII form hides similar characters. An invalid domain is
	// converted as far as possible.
	domain, _ = idna.Lookup.ToUnicode(domain)
	if domain == "googlemail.com" {
		domain = "gmail.com"
	}
	return strings.ReplaceAll(local, ".", ""), domain
}

// A ReferralRequest contains the referral code that a member states after enrollment. The caller derives the ID.
type ReferralRequest struct {
	ID     string
	Member loyalty.MemberID
	Code   string
}

// Refer records the referrer of a member who stated the referral code after enrollment. If the call is repeated with
// the same ID, it returns the first result. It returns the errors of award.Refer, and validation_failed if no member
// has the code.
func (rs Referrals) Refer(
	ctx context.Context, p *loyalty.Program, in ReferralRequest, by ledger.By,
) (m Member, err error) {
	if m, err = Members(rs).Get(ctx, p, in.Member); err != nil {
		return m, err
	}
	whose, err := rs.whose(ctx, p.ID, in.Code)
	refused := errors.As(err, new(*loyalty.Error))
	switch r := m.Account.Traits.Referral; {
	case err != nil && !refused:
		return m, err
	case r.Claim == in.ID && r.By == whose:
		m.Replayed = true
		return m, nil
	case r.Claim == in.ID:
		return m, ledger.KeyReused()
	case refused:
		return m, err
	}
	referrer, err := Members(rs).Get(ctx, p, whose)
	if err != nil {
		return m, err
	}
	alike := samePerson(m.Profile, referrer.Profile)
	c := ledger.Command{
		Program: p, Member: in.Member, By: by, With: []table.Op{table.Put(referredItem(p.ID, whose, in.Member))},
	}
	c.Decide = ledger.Single(func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
		return award.Refer(engine.Begin(p, acc, x.Now), referrer.Account, alike, in.ID)
	})
	_, err = rs.Execute(ctx, c)
	if err != nil && !errors.Is(err, loyalty.ReferralClaimed) {
		return m, err
	}
	is, again := Members(rs).Get(ctx, p, in.Member) // check whether an attempt whose response was lost has succeeded
	if again != nil || is.Account.Traits.Referral.Claim != in.ID {
		return m, cmp.Or(again, err)
	}
	// Reminders may depend on the referral. If Wake fails, the next scheduled visit takes the referral into account.
	_ = ReminderQueue(rs).Wake(ctx, p.ID, in.Member)
	return is, nil
}

// A Friend is a member whom another member referred, with the state of the referral.
type Friend struct {
	Member   loyalty.MemberID
	Referral loyalty.Referral
}

// Friends returns the members whom the member m referred, in the order of their IDs. If the parameter after is not
// empty, it returns only members with a greater ID. It returns at most limit members, unless limit is 0. It reads the
// accounts of the friends in parallel.
func (rs Referrals) Friends(
	ctx context.Context, p *loyalty.Program, m, after loyalty.MemberID, limit int,
) ([]Friend, error) {
	q := table.Query{PK: stored.MemberPartition(p.ID, m), From: friendPrefix, To: friendPrefix + "~", Limit: limit}
	if after != "" {
		q.From = friendPrefix + string(after) + "!" // the first friend after the given one
	}
	var friends []Friend
	var keys []table.Key
	for it, err := range rs.Table.Query(ctx, q) {
		if err != nil {
			return nil, ledger.Retryable(err)
		}
		friend := loyalty.MemberID(strings.TrimPrefix(it.Key.SK, friendPrefix))
		friends, keys = append(friends, Friend{Member: friend}), append(keys, stored.AccountKey(p.ID, friend))
	}
	accounts, err := ledger.GetAll(ctx, rs.Table, keys...)
	if err != nil {
		return nil, err
	}
	for i, it := range accounts {
		acc, err := rs.Advanced(ctx, p, it, friends[i].Member)
		if err != nil && !errors.Is(err, loyalty.NotFound) { // an erasure that is in progress will remove the friend
			return nil, err
		}
		friends[i].Referral = acc.Traits.Referral
	}
	return friends, nil
}
