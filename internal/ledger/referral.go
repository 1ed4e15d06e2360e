package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"go.mau.fi/util/confusable"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Who came through whom stands in the friend's account, and is all that decides. Beside it the referrer's partition lists
// the friends, for the referrer to see: one item each, written with what makes it true.

// ReferralCode is the kind of identity under which a member's code is found.
const ReferralCode = "referral"

// friendPrefix begins the sort keys of a member's friends.
const friendPrefix = "FRIEND#"

// referredItem lists a friend with the referrer.
func referredItem(program string, referrer, friend loyalty.MemberID) table.Item {
	return table.Item{Key: memberKey(program, referrer, friendPrefix+string(friend)), Doc: encode(struct{}{})}
}

// referralDoc is a stored form: changed only by addition.
type referralDoc struct {
	Code string `json:"c"`
}

// ReferralCodeOf is the code by which friends come through a member; empty if the member has none.
func (l *Ledger) ReferralCodeOf(ctx context.Context, program string, m loyalty.MemberID) (string, error) {
	it, err := l.Table.Get(ctx, memberKey(program, m, "REFERRAL"))
	if err != nil || it.Version == 0 {
		return "", retryable(err)
	}
	var d referralDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return "", fmt.Errorf("ledger: read the code of %s: %w", m, err)
	}
	return d.Code, nil
}

// GiveReferralCode gives a member the code by which friends come through them, for ever: code, or one that is made where
// that is empty. It answers with the one that there is, and refuses with already_exists if that is another, or if code is
// another member's.
func (l *Ledger) GiveReferralCode(ctx context.Context, p *loyalty.Program, m loyalty.MemberID, code string) (string, error) {
	for range attempts {
		has, err := l.ReferralCodeOf(ctx, p.ID, m)
		switch {
		case err != nil:
			return "", err
		case has != "" && (code == "" || loyalty.PlainCode(code) == loyalty.PlainCode(has)):
			return has, nil
		case has != "":
			return "", &loyalty.Error{Code: loyalty.AlreadyExists, Detail: "The member has the code " + has + ", which stays.", Pointer: "/code"}
		}
		given := code
		if given == "" {
			bits := l.bits()
			given = loyalty.NewReferralCode([5]byte(bits[:5]))
		}
		id := Identity{ReferralCode, loyalty.PlainCode(given)}
		err = l.Table.Transact(ctx,
			table.Put(table.Item{Key: memberKey(p.ID, m, "REFERRAL"), Doc: encode(referralDoc{given})}),
			table.Put(identityItem(p.ID, id, m)))
		var conflict *table.ConflictError
		switch {
		case err == nil:
			return given, nil
		case !errors.As(err, &conflict):
			return "", retryable(err)
		case conflict.Op == 1 && code != "":
			return "", &loyalty.Error{Code: loyalty.AlreadyExists, Detail: "Another member has this code.", Pointer: "/code"}
		}
	}
	return "", ErrTryAgain
}

// whose is the member whose code it is; validation_failed if it is nobody's.
func (l *Ledger) whose(ctx context.Context, program, code string) (loyalty.MemberID, error) {
	m, err := l.FindMember(ctx, program, Identity{ReferralCode, loyalty.PlainCode(code)})
	if errors.Is(err, loyalty.NotFound) {
		return "", &loyalty.Error{Code: loyalty.ValidationFailed, Detail: "Nobody has this code.", Pointer: "/code"}
	}
	return m, err
}

// through is the referral with which a member joins; zero without a code. Its refusals are about /referral_code.
func (l *Ledger) through(ctx context.Context, p *loyalty.Program, in Enrolment) (loyalty.Referral, error) {
	if in.Code == "" {
		return loyalty.Referral{}, nil
	}
	referral := loyalty.Referral{At: l.now()}
	var referrer Member
	var err error
	if referral.By, err = l.whose(ctx, p.ID, in.Code); err == nil {
		referrer, err = l.Member(ctx, p, referral.By)
	}
	if err == nil {
		err = p.MayRefer(loyalty.Account{Member: in.Member}, referrer.Account, samePerson(in.Profile, referrer.Profile))
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

// alike reports whether two members are one person, by what is known of them now.
func (l *Ledger) alike(ctx context.Context, program string, x, y loyalty.MemberID) (bool, error) {
	var known [2]Profile
	for i, m := range []loyalty.MemberID{x, y} {
		var err error
		if known[i], err = l.Profile(ctx, program, m); err != nil {
			return false, err
		}
	}
	return samePerson(known[0], known[1]), nil
}

// samePerson reports whether two profiles are certainly of one person: by the telephone number, or by an address that
// reaches the same mailbox.
func samePerson(x, y Profile) bool {
	return x.Phone != "" && x.Phone == y.Phone || x.Email != "" && y.Email != "" && sameMailbox(x.Email, y.Email)
}

// sameMailbox compares addresses without their case, dots and tags, and a domain in either of its two forms:
// bücher.example is xn--bcher-kva.example (Unicode TS #46).
func sameMailbox(x, y string) bool {
	xLocal, xDomain := mailbox(x)
	yLocal, yDomain := mailbox(y)
	return sameLetters(xLocal, yLocal) && sameLetters(xDomain, yDomain)
}

// sameLetters compares the names of two mailboxes, or their domains. Where one has letters beyond ASCII, also those that
// only look alike are the same (Unicode TS #39), and not otherwise: anna1@ and annal@ are two people.
func sameLetters(x, y string) bool {
	ascii := func(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7e }) }
	return x == y || (!ascii(x) || !ascii(y)) && confusable.Skeleton(x) == confusable.Skeleton(y)
}

func mailbox(address string) (local, domain string) {
	local, domain, _ = strings.Cut(strings.ToLower(norm.NFKC.String(address)), "@")
	local, _, _ = strings.Cut(local, "+")
	// In letters, since ASCII does not show what looks alike. What is no domain stays as far as it can be read.
	domain, _ = idna.Lookup.ToUnicode(domain)
	if domain == "googlemail.com" {
		domain = "gmail.com"
	}
	return strings.ReplaceAll(local, ".", ""), domain
}

// A ReferralRequest says through whose code a member came, under an id that the caller derived.
type ReferralRequest struct {
	ID     string
	Member loyalty.MemberID
	Code   string
}

// Refer takes note of through whom a member came who said so only after joining. Repeated under the same id it answers
// as it did. It refuses as loyalty.Program.Refer does, and with validation_failed if nobody has the code.
func (l *Ledger) Refer(ctx context.Context, p *loyalty.Program, in ReferralRequest, by By) (m Member, err error) {
	if m, err = l.Member(ctx, p, in.Member); err != nil {
		return m, err
	}
	whose, err := l.whose(ctx, p.ID, in.Code)
	refused := errors.As(err, new(*loyalty.Error))
	switch r := m.Account.Traits.Referral; {
	case err != nil && !refused:
		return m, err
	case r.Claim == in.ID && r.By == whose:
		m.Replayed = true
		return m, nil
	case r.Claim == in.ID:
		return m, keyReused()
	case refused:
		return m, err
	}
	referrer, err := l.Member(ctx, p, whose)
	if err != nil {
		return m, err
	}
	alike := samePerson(m.Profile, referrer.Profile)
	c := command{p: p, member: in.Member, by: by, with: []table.Op{table.Put(referredItem(p.ID, whose, in.Member))}}
	c.decide = func(acc loyalty.Account, _ loyalty.Budgets) (loyalty.Outcome, error) {
		return p.Refer(acc, referrer.Account, alike, in.ID, l.now())
	}
	_, err = l.do(ctx, c)
	if err != nil && !errors.Is(err, loyalty.ReferralClaimed) {
		return m, err
	}
	is, again := l.Member(ctx, p, in.Member) // the answer may have been lost
	if again != nil || is.Account.Traits.Referral.Claim != in.ID {
		return m, cmp.Or(again, err)
	}
	// What is known of the member may be what reminders are about. A wake that fails is made up for by the next visit.
	_ = l.Wake(ctx, p.ID, in.Member)
	return is, nil
}

// A Friend is who came through a member, and what became of that.
type Friend struct {
	Member   loyalty.MemberID
	Referral loyalty.Referral
}

// Friends lists the members who came through a member, by their IDs: those behind one of them (empty: all), at most limit
// of them (zero: all). It reads their accounts at the same time.
func (l *Ledger) Friends(ctx context.Context, p *loyalty.Program, m, after loyalty.MemberID, limit int) ([]Friend, error) {
	q := table.Query{PK: memberPartition(p.ID, m), From: friendPrefix, To: friendPrefix + "~", Limit: limit}
	if after != "" {
		q.From = friendPrefix + string(after) + "!" // the next one behind it
	}
	var friends []Friend
	var keys []table.Key
	for it, err := range l.Table.Query(ctx, q) {
		if err != nil {
			return nil, retryable(err)
		}
		friend := loyalty.MemberID(strings.TrimPrefix(it.Key.SK, friendPrefix))
		friends, keys = append(friends, Friend{Member: friend}), append(keys, accountKey(p.ID, friend))
	}
	accounts, err := l.getAll(ctx, keys...)
	if err != nil {
		return nil, err
	}
	for i, it := range accounts {
		acc, err := l.advanced(ctx, p, it, friends[i].Member)
		if err != nil {
			return nil, err
		}
		friends[i].Referral = acc.Traits.Referral
	}
	return friends, nil
}
