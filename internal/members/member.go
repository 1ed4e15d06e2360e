// Package members stores the data of members other than their accounts: profiles, identities, consents, referral codes,
// households, and the time at which reminders are evaluated next.
//
// Personal data is only in these items. Accounts and entries are pseudonymous. A profile is encrypted with the key of
// its member, which is stored with the profile and wrapped by the key of the program (package keyring).
package members

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/limits"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Members stores the profiles and identities of members.
type Members struct{ *ledger.Ledger }

// A Profile has the personal data of a member. It is stored separately from the account, which is pseudonymous.
type Profile struct {
	Member     loyalty.MemberID
	ExternalID string // the merchant's ID of the person; unique in the program; may be empty
	Email      string
	Phone      string `json:",omitzero"` // the telephone number in E.164 format; omitted from fingerprints if empty
	Name       string
	Locale     string // a BCP 47 language tag
	Timezone   string // an IANA time zone; empty means the program's time zone
	Birthday   string // the date of birth as 2006-01-02; may be empty
	YearFrom   string // the start of the member's membership year as 01-02; may be empty
	Version    int64  // the version of the stored profile that was read

	key *keyring.MemberKey // the key of the member; nil if no profile is stored
}

// A Member contains an account, advanced to the present, and the profile of its member.
type Member struct {
	Account  loyalty.Account
	Profile  Profile
	Replayed bool // whether the member had already been enrolled

	Household string // the household that the member has joined; empty if there is none

	// Unwritten contains the account's latest entries if they could not be written yet; see Members.Current.
	Unwritten []loyalty.Entry
}

// An Enrollment requests a new member. The caller derives the ID.
type Enrollment struct {
	Member     loyalty.MemberID
	Profile    Profile
	Segments   []string
	Identities []stored.Identity
	Consents   []remind.Consent
	Code       string // the referral code that the member used; may be empty
	Limits     []limits.Counter
}

// A sealedProfileDoc contains an encrypted profile. It is stored. Fields may only be added.
type sealedProfileDoc struct {
	Key     []byte `json:"k"` // the key of the member, wrapped by the key of the program
	Profile []byte `json:"p"` // a profileDoc, encrypted with the key of the member
}

// profileField is the name of the profile for its encryption.
const profileField = "profile"

// profileDoc is stored. Fields may only be added.
type profileDoc struct {
	ExternalID          string `json:"external_id,omitzero"`
	Email               string `json:"email,omitzero"`
	Name                string `json:"name,omitzero"`
	Locale              string `json:"locale,omitzero"`
	Timezone            string `json:"timezone,omitzero"`
	Birthday            string `json:"birthday,omitzero"`
	MembershipYearStart string `json:"membership_year_start,omitzero"` // the start of the membership year as MM-DD
	Phone               string `json:"phone,omitzero"`
}

type identityDoc struct {
	Member string `json:"m"`
}

// Enroll creates a member with a profile and identities in one transaction. If the call is repeated with the same ID
// and By.Input, it returns the current member. With another By.Input, it returns idempotency_key_reused. It returns
// already_exists if another member has one of the identities, and *limits.ExceededError if a limit does not allow the
// enrollment.
func (ms Members) Enroll(ctx context.Context, p *loyalty.Program, in Enrollment, by ledger.By) (Member, error) {
	for range ledger.Attempts {
		cause := loyalty.Cause{Kind: loyalty.CauseEnrollment, ID: string(in.Member), Revision: 1}
		counted, err := limits.Store(ms).Include(ctx, 1, cause, in.Limits...)
		if err != nil {
			return Member{}, err
		}
		m, err := ms.enroll(ctx, p, in, by, counted)
		if !limits.IsOutdated(err, in.Limits...) {
			return m, alreadyExists(err)
		}
	}
	return Member{}, ledger.ErrTryAgain
}

// alreadyExists converts the conflict over an identity of a new member to a rejection.
func alreadyExists(err error) error {
	if errors.As(err, new(*table.ConflictError)) {
		return &loyalty.Error{
			Code: loyalty.AlreadyExists, Detail: "A member with this external_id or email already exists.",
		}
	}
	return err
}

// enroll creates a member. It writes other operations in the same transaction.
func (ms Members) enroll(
	ctx context.Context, p *loyalty.Program, in Enrollment, by ledger.By, with []table.Op,
) (Member, error) {
	in.Profile.Member = in.Member
	joined := 0
	who := traits(in.Profile, in.Segments)
	referral, barred := Referrals(ms).through(ctx, p, in)
	if barred != nil && !errors.As(barred, new(*loyalty.Error)) {
		return Member{}, barred
	}
	who.Referral = referral
	c := ledger.Command{
		Program: p, Member: in.Member, By: by,
		Decide: ledger.Single(func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
			if barred != nil && acc.Sequence == 0 { // a member who is already enrolled gets the earlier answer
				return posting.Outcome{}, barred
			}
			out, err := engine.Join(p, in.Member, who, x.Now)
			joined = len(out.Entries) // an enrollment may earn points, which adds entries
			return out, err
		}),
	}
	if referral.By != "" {
		c.With = append(c.With, table.Put(referredItem(p.ID, referral.By, in.Member)))
	}
	contact := Contact{item: table.Item{Key: stored.MemberKey(p.ID, in.Member, "CONTACT")}}
	consents := contact.record(p.ID, in.Member, in.Consents, by.Actor)
	who.Channels = contact.channels(in.Profile)
	items, err := ms.newItems(ctx, p, in)
	if err != nil {
		return Member{}, err
	}
	c.With = slices.Concat(c.With, items, consents, with)
	r, err := ms.Execute(ctx, c)
	var was ledger.RevisionExists
	switch {
	case errors.As(err, &was):
		return ms.enrolled(ctx, p, in.Member, was.Item, by)
	case err != nil:
		return Member{}, err
	case len(r.Entries) < joined: // the response was lost, so only the first entry is known
		return ms.Get(ctx, p, in.Member)
	}
	var acc loyalty.Account
	for _, e := range r.Entries {
		if acc, err = posting.Apply(acc, e); err != nil {
			return Member{}, err
		}
	}
	in.Profile.Version = 1
	return Member{Account: acc, Profile: in.Profile}, nil
}

// newItems returns the operations that store a new member, except the account and the consents.
func (ms Members) newItems(ctx context.Context, p *loyalty.Program, in Enrollment) ([]table.Op, error) {
	profile, err := ms.newProfile(ctx, p.ID, in.Profile)
	if err != nil {
		return nil, err
	}
	ops := []table.Op{table.Put(profile)}
	for _, id := range in.Identities {
		ops = append(ops, table.Put(ms.identityItem(p.ID, id, in.Member)))
	}
	ops = append(ops, ms.newListings(p.ID, in.Profile, in.Segments)...)
	if len(in.Consents) > 0 || len(p.Reminders.Messages) > 0 {
		ops = append(ops, table.Put(firstRemind(p.ID, in.Member, ms.Time())))
	}
	return ops, nil
}

// enrolled returns the current member for a repeated enrollment.
func (ms Members) enrolled(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, it table.Item, by ledger.By,
) (Member, error) {
	e, err := stored.ReadEntry(it, loyalty.Cause{Kind: loyalty.CauseEnrollment, ID: string(m), Revision: 1})
	if err != nil {
		return Member{}, err
	}
	if e.Input != by.Input {
		return Member{}, ledger.KeyReused()
	}
	was, err := ms.Get(ctx, p, m)
	was.Replayed = true
	return was, err
}

// Get reads a member and advances the account in memory, without writing. It returns not_found if the program has no
// such member.
func (ms Members) Get(ctx context.Context, p *loyalty.Program, id loyalty.MemberID) (Member, error) {
	return ms.get(ctx, p, id, func(it table.Item) (loyalty.Account, []loyalty.Entry, error) {
		acc, err := ms.Advanced(ctx, p, it, id)
		return acc, nil, err
	})
}

// Current is like Get, but for responses that show the member's state. It writes the changes that are due first, so
// that all responses show the same state. If it cannot write them, it returns the member with the unwritten entries.
func (ms Members) Current(ctx context.Context, p *loyalty.Program, id loyalty.MemberID) (Member, error) {
	return ms.get(ctx, p, id, func(it table.Item) (loyalty.Account, []loyalty.Entry, error) {
		return ms.Settle(ctx, p, it, id)
	})
}

func (ms Members) get(
	ctx context.Context, p *loyalty.Program, id loyalty.MemberID,
	bring func(table.Item) (loyalty.Account, []loyalty.Entry, error),
) (m Member, err error) {
	items, err := ms.memberItems(ctx, p.ID, id)
	if err != nil {
		return Member{}, err
	}
	if items.account.Version == 0 {
		return Member{}, ledger.NotFound("member")
	}
	if m.Account, m.Unwritten, err = bring(items.account); err != nil {
		return Member{}, err
	}
	if m.Profile, err = ms.readProfile(ctx, p.ID, items.profile, id); err == nil && p.Households.Size > 0 {
		var lives livesInDoc
		lives, err = readLivesIn(items.household, id)
		m.Household = lives.Household
	}
	return m, err
}

// memberItems are the items of a member that most requests read. Their version is 0 if they are absent.
type memberItems struct{ account, household, profile table.Item }

// memberItems reads the items of a member with one query.
func (ms Members) memberItems(ctx context.Context, program string, m loyalty.MemberID) (items memberItems, err error) {
	q := table.Query{PK: stored.MemberPartition(program, m), From: stored.AccountItem, To: stored.ProfileItem}
	for it, err := range ms.Table.Query(ctx, q) {
		if err != nil {
			return items, ledger.Retryable(err)
		}
		switch it.Key.SK {
		case stored.AccountItem:
			items.account = it
		case stored.HouseholdItem:
			items.household = it
		case stored.ProfileItem:
			items.profile = it
		}
	}
	return items, nil
}

// Profile reads the profile of a member. It returns an empty one if none is stored.
func (ms Members) Profile(ctx context.Context, program string, m loyalty.MemberID) (Profile, error) {
	it, err := ms.Table.Get(ctx, stored.MemberKey(program, m, stored.ProfileItem))
	if err != nil {
		return Profile{}, ledger.Retryable(err)
	}
	return ms.readProfile(ctx, program, it, m)
}

// Key reads the key of a member. It returns not_found if the member has none.
func (ms Members) Key(ctx context.Context, program string, m loyalty.MemberID) (keyring.MemberKey, error) {
	p, err := ms.Profile(ctx, program, m)
	if err == nil && p.key == nil {
		err = ledger.NotFound("member")
	}
	if err != nil {
		return keyring.MemberKey{}, err
	}
	return *p.key, nil
}

// readProfile decrypts a profile. It returns an empty profile if none is stored.
func (ms Members) readProfile(
	ctx context.Context, program string, it table.Item, m loyalty.MemberID,
) (Profile, error) {
	if it.Version == 0 {
		return Profile{Member: m}, nil
	}
	var sealed sealedProfileDoc
	if err := json.Unmarshal(it.Doc, &sealed); err != nil {
		return Profile{}, fmt.Errorf("members: read profile %s: %w", m, err)
	}
	key, err := ms.Keyring.Member(ctx, program, string(m), sealed.Key)
	if err != nil {
		return Profile{}, ledger.Retryable(err)
	}
	text, err := key.Open(profileField, sealed.Profile)
	var d profileDoc
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		return Profile{}, fmt.Errorf("members: read profile %s: %w", m, err)
	}
	return Profile{
		m, d.ExternalID, d.Email, d.Phone, d.Name, d.Locale, d.Timezone, d.Birthday, d.MembershipYearStart, it.Version,
		&key,
	}, nil
}

// newProfile returns the item of a new member's profile, with a new key.
func (ms Members) newProfile(ctx context.Context, program string, p Profile) (table.Item, error) {
	key, err := ms.Keyring.NewMember(ctx, program, string(p.Member))
	if err != nil {
		return table.Item{}, ledger.Retryable(err)
	}
	p.key = &key
	return p.item(program), nil
}

// nextProfile returns the item of a changed profile. If the profile was not read from the table, it reads the member's
// key.
func (ms Members) nextProfile(ctx context.Context, program string, p Profile) (table.Item, error) {
	if p.key == nil {
		was, err := ms.Profile(ctx, program, p.Member)
		if err != nil {
			return table.Item{}, err
		}
		if p.key = was.key; p.key == nil {
			return table.Item{}, ledger.NotFound("member")
		}
	}
	return p.item(program), nil
}

// item returns the item of a profile, encrypted with the key of its member.
func (p Profile) item(program string) table.Item {
	sealed := p.key.Seal(profileField, stored.Encode(
		profileDoc{p.ExternalID, p.Email, p.Name, p.Locale, p.Timezone, p.Birthday, p.YearFrom, p.Phone},
	))
	return table.Item{
		Key: stored.MemberKey(program, p.Member, stored.ProfileItem), Version: p.Version,
		Doc: stored.Encode(sealedProfileDoc{p.key.Wrapped, sealed}),
	}
}

func (ms Members) identityItem(program string, id stored.Identity, m loyalty.MemberID) table.Item {
	return table.Item{Key: ms.IdentityKey(program, id), Doc: stored.Encode(identityDoc{string(m)})}
}

// Find returns the member with an identity, or not_found if there is none.
func (ms Members) Find(ctx context.Context, program string, id stored.Identity) (loyalty.MemberID, error) {
	it, err := ms.Table.Get(ctx, ms.IdentityKey(program, id))
	if err != nil {
		return "", ledger.Retryable(err)
	}
	if it.Version == 0 {
		return "", ledger.NotFound("member")
	}
	var d identityDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return "", fmt.Errorf("members: read identity: %w", err)
	}
	return loyalty.MemberID(d.Member), nil
}

// traits returns the properties of a person that rules can use.
func traits(p Profile, segments []string) loyalty.Traits {
	t := loyalty.Traits{Zone: p.Timezone, Segments: segments}
	if d, err := calendar.ParseDate(p.Birthday); err == nil {
		t.Birthday = int(d) % 10000
	}
	if d, err := calendar.ParseDate("2000-" + p.YearFrom); err == nil {
		t.MembershipYearStart = int(d) % 10000
	}
	return t
}

// A Change contains the new profile and segments of a member, and the changed identities and consents.
type Change struct {
	Before         Profile // the profile that was read
	Profile        Profile // its next version
	SegmentsBefore []string
	Segments       []string // the complete new list of segments
	Removed, Added []stored.Identity
	Consents       []remind.Consent // the consents that were granted or withdrawn
}

// changesEmail reports whether the change replaces or removes an email address. A person who takes over the account
// could otherwise use its points before the member notices. The first address is no such change.
func (in Change) changesEmail() bool {
	return in.Before.Email != "" && !strings.EqualFold(in.Before.Email, in.Profile.Email)
}

// Change stores the next version of a profile, and updates the identities that changed. In the same transaction, it
// writes an entry if the change affects traits that rules use. It returns already_exists if another member has a new
// identity, and ErrTryAgain if another process changed the profile meanwhile.
func (ms Members) Change(ctx context.Context, p *loyalty.Program, in Change, by ledger.By) error {
	profile, err := ms.nextProfile(ctx, p.ID, in.Profile)
	if err != nil {
		return err
	}
	ops := []table.Op{table.Put(profile)}
	for _, id := range in.Removed {
		it, err := ms.Table.Get(ctx, ms.IdentityKey(p.ID, id))
		if err != nil {
			return ledger.Retryable(err)
		}
		if it.Version > 0 {
			ops = append(ops, table.Delete(it))
		}
	}
	for _, id := range in.Added {
		ops = append(ops, table.Put(ms.identityItem(p.ID, id, in.Profile.Member)))
	}
	listed, err := ms.changedListings(ctx, p.ID, in)
	if err != nil {
		return err
	}
	ops = append(ops, listed...)
	who := traits(in.Profile, in.Segments)
	agreed, contact, err := ms.agreed(ctx, p, in, by)
	if err != nil {
		return err
	}
	ops, who.Channels = append(ops, agreed...), contact.channels(in.Profile)
	_, err = ms.Execute(ctx, ledger.Command{
		Program: p, Member: in.Profile.Member, By: by, With: ops, Alone: true,
		Decide: ledger.Single(func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
			who := who
			if hold := p.Fraud.HoldAfterEmailChange(); in.changesEmail() && !hold.IsZero() {
				who.HeldUntil = hold.After(x.Now, p.Zone)
			}
			return engine.SetTraits(p, acc, who, x.Now)
		}),
	})
	var conflict *table.ConflictError
	switch {
	case err == nil:
		// Reminders may depend on the changed data. If Wake fails, the next scheduled visit takes the change into
		// account.
		_ = ReminderQueue(ms).Wake(ctx, p.ID, in.Profile.Member)
		return nil
	case !errors.As(err, &conflict):
		return err
	}
	for _, id := range in.Added {
		if ms.IdentityKey(p.ID, id) != conflict.Key {
			continue
		}
		field := id.Kind
		if field == "external" {
			field = "external_id"
		}
		return &loyalty.Error{
			Code: loyalty.AlreadyExists, Detail: "A member with this " + field + " already exists.",
			Pointer: "/" + field,
		}
	}
	return ledger.ErrTryAgain
}

// agreed returns the operations that record changed consents. They also make the member's reminders due, because other
// messages may now be allowed. If consents change or the program gives advance notice, agreed also returns the
// resulting contact.
func (ms Members) agreed(
	ctx context.Context, p *loyalty.Program, in Change, by ledger.By,
) ([]table.Op, Contact, error) {
	if len(in.Consents) == 0 && p.AdvanceNotice.Period.IsZero() {
		return nil, Contact{}, nil
	}
	contact, err := Consents(ms).Contact(ctx, p.ID, in.Profile.Member)
	if err != nil {
		return nil, contact, err
	}
	ops := contact.record(p.ID, in.Profile.Member, in.Consents, by.Actor)
	if len(ops) == 0 {
		return nil, contact, nil
	}
	wake, err := ReminderQueue(ms).wake(ctx, p.ID, in.Profile.Member)
	return append(ops, wake), contact, err
}
