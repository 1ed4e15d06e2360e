package api

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

// A memberBody contains the changeable data of a member. The fields are pointers, because a change distinguishes an
// omitted field from a removed one.
type memberBody struct {
	ExternalID *string  `json:"external_id"`
	Email      *string  `json:"email"`
	Phone      *string  `json:"phone"`
	Name       *string  `json:"name"`
	Locale     *string  `json:"locale"`
	Timezone   *string  `json:"timezone"`
	Birthday   *string  `json:"birthday"`
	YearFrom   *string  `json:"membership_year_start"`
	Segments   []string `json:"segments"` // nil: omitted

	Consents []consentBody `json:"consents"`
}

// An enrolBody contains the data of a new member.
type enrolBody struct {
	memberBody   `json:",inline"`
	ReferralCode *string `json:"referral_code"`
}

// profile returns the known profile with the changes of the body. If removing is set, an empty string removes a
// field.
func (b memberBody) profile(known ledger.Profile, removing bool, today loyalty.Date) (ledger.Profile, error) {
	var c check
	set := func(to *string, given *string, p place, valid func(place, string)) {
		if given == nil {
			return
		}
		*to = strings.TrimSpace(*given)
		if *to != "" {
			valid(p, *to)
			return
		}
		if !removing {
			c.fault(p, loyalty.ValidationFailed, "This must not be empty. Omit it instead.")
		}
	}
	set(&known.ExternalID, b.ExternalID, at("external_id"), c.externalID)
	set(&known.Email, b.Email, at("email"), c.email)
	set(&known.Phone, b.Phone, at("phone"), c.phone)
	set(&known.Name, b.Name, at("name"), func(p place, s string) { c.text(p, s, 1, 200) })
	set(&known.Locale, b.Locale, at("locale"), c.locale)
	set(&known.Timezone, b.Timezone, at("timezone"), c.timezone)
	set(&known.YearFrom, b.YearFrom, at("membership_year_start"), c.dayOfYear)
	set(&known.Birthday, b.Birthday, at("birthday"), func(p place, s string) { c.birthday(p, s, today) })
	return known, c.err()
}

var segmentForm = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

// segments returns the segments in the body, sorted and without duplicates. If the body omits them, it returns the
// known segments.
func (b memberBody) segments(known []string) ([]string, error) {
	if b.Segments == nil {
		return known, nil
	}
	var c check
	if len(b.Segments) > engine.MaxSegments {
		c.fault(at("segments"), loyalty.ValidationFailed, "A member can be in at most %d segments.", engine.MaxSegments)
	}
	for i, s := range b.Segments {
		if !segmentForm.MatchString(s) {
			c.fault(at("segments/"+strconv.Itoa(i)), loyalty.ValidationFailed,
				"A segment must be 1 to 64 lowercase letters, digits, _ or -.")
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(b.Segments))), c.err()
}

// externalID checks a merchant's ID of a member. It leaves room for the prefix under which requests name the member.
func (c *check) externalID(p place, s string) {
	if !validID(externalPrefix + s) {
		c.fault(p, loyalty.ValidationFailed, "This must be 1 to 119 letters, digits or _ : . -")
	}
}

// email checks the basic form of an email address. It cannot check whether the mailbox exists.
func (c *check) email(p place, s string) {
	inside := strings.ContainsFunc(
		s, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`<>()[],;:\"`, r) },
	)
	if len(s) > 254 || inside || !notify.Mailable(s) {
		c.fault(p, loyalty.ValidationFailed, "This must be an email address like ada@example.com.")
	}
}

var phoneForm = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

func (c *check) phone(p place, s string) {
	if !phoneForm.MatchString(s) {
		c.fault(p, loyalty.ValidationFailed, "This must be a phone number in E.164 format, like +491701234567.")
	}
}

func (c *check) locale(p place, s string) {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '_' })
	ok := len(s) <= 35 && len(parts) == 1+strings.Count(s, "-")+strings.Count(s, "_")
	for i, part := range parts {
		ok = ok && len(part) <= 8 && validID(part) && !strings.ContainsAny(part, ":.") &&
			(i > 0 || len(part) >= 2 && !strings.ContainsAny(part, "0123456789"))
	}
	if !ok {
		c.fault(p, loyalty.ValidationFailed, "This must be a language tag like de-AT.")
	}
}

func (c *check) birthday(p place, s string, today loyalty.Date) {
	d, err := loyalty.ParseDate(s)
	if err != nil || d > today || d < 1900_01_01 {
		c.fault(p, loyalty.ValidationFailed, "This must be a day from 1900 to today, like 1990-12-31.")
	}
}

func (c *check) dayOfYear(p place, s string) {
	// 2000 is a leap year, so 29 February is valid.
	if _, err := loyalty.ParseDate("2000-" + s); err != nil || len(s) != len("01-02") {
		c.fault(p, loyalty.ValidationFailed, "This must be a day of the year like 03-31.")
	}
}

func enrolMember(ctx context.Context, c *call) (answer, error) {
	var b enrolBody
	through := ""
	err := c.take(&b, func(faults *check) {
		if b.ReferralCode != nil {
			through = *b.ReferralCode
			faults.text(at("referral_code"), through, 1, maxReferralCode)
		}
	})
	if err != nil {
		return answer{}, err
	}
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	profile, err := b.profile(ledger.Profile{}, false, loyalty.DateOf(c.app.Now(), p.Zone))
	if err != nil {
		return answer{}, err
	}
	segments, err := b.segments(nil)
	if err != nil {
		return answer{}, err
	}
	consents, err := b.consents(c.app.Now())
	if err != nil {
		return answer{}, err
	}
	by, err := c.by(struct {
		ledger.Profile `json:",inline"`
		Segments       []string      `json:",omitzero"`
		Consents       []consentBody `json:",omitzero"`
		ReferralCode   string        `json:",omitzero"`
	}{profile, segments, b.Consents, through})
	if err != nil {
		return answer{}, err
	}
	names := c.identities(profile.ExternalID, profile.Email)
	m, err := c.app.Ledger.Enrol(ctx, p, ledger.Enrolment{
		Member:     loyalty.MemberID(c.derivedID("mem_", "")),
		Profile:    profile,
		Segments:   segments,
		Identities: names,
		Consents:   consents,
		Code:       through,
	}, by)
	if err != nil {
		return answer{}, err
	}
	if m, err = c.claimed(ctx, p, m, names); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, body: c.wireMember(p, m), replayed: m.Replayed}, nil
}

// claimed assigns payments to the member that arrived under its identities before they were known. It returns the
// updated member.
func (c *call) claimed(
	ctx context.Context, p *loyalty.Program, m ledger.Member, names []stored.Identity,
) (ledger.Member, error) {
	n, err := c.app.Ledger.Claim(ctx, p, m.Account.Member, names)
	if err != nil || n == 0 {
		return m, err
	}
	replayed := m.Replayed
	m, err = c.app.Ledger.CurrentMember(ctx, p, m.Account.Member)
	m.Replayed = replayed
	return m, err
}

func getMember(ctx context.Context, c *call) (answer, error) {
	p, m, err := c.namedMember(ctx)
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.wireMember(p, m)}, nil
}

func changeMember(ctx context.Context, c *call) (answer, error) {
	var b memberBody
	if err := c.decode(&b); err != nil {
		return answer{}, err
	}
	p, m, err := c.namedMember(ctx)
	if err != nil {
		return answer{}, err
	}
	changed, err := b.profile(m.Profile, true, loyalty.DateOf(c.app.Now(), p.Zone))
	if err != nil {
		return answer{}, err
	}
	segments, err := b.segments(m.Account.Traits.Segments)
	if err != nil {
		return answer{}, err
	}
	consents, err := b.consents(c.app.Now())
	if err != nil {
		return answer{}, err
	}
	before := c.identities(m.Profile.ExternalID, m.Profile.Email)
	after := c.identities(changed.ExternalID, changed.Email)
	if changed != m.Profile || !slices.Equal(segments, m.Account.Traits.Segments) || len(consents) > 0 {
		err = c.app.Ledger.ChangeMember(ctx, p, ledger.Change{
			Profile: changed, Segments: segments, Gone: without(before, after), Come: without(after, before),
			Consents: consents,
		}, ledger.By{Actor: c.who.ID})
		if err != nil {
			return answer{}, err
		}
		if m, err = c.app.Ledger.CurrentMember(ctx, p, m.Account.Member); err != nil {
			return answer{}, err
		}
	}
	// This runs even if nothing changes, because the last attempt may have failed before this step.
	if b.ExternalID != nil || b.Email != nil {
		if m, err = c.claimed(ctx, p, m, after); err != nil {
			return answer{}, err
		}
	}
	return answer{body: c.wireMember(p, m)}, nil
}

func without(ids, others []stored.Identity) []stored.Identity {
	return slices.DeleteFunc(slices.Clone(ids), func(id stored.Identity) bool { return slices.Contains(others, id) })
}

// namedMember returns the live program and the current state of the member in the path.
func (c *call) namedMember(ctx context.Context) (*loyalty.Program, ledger.Member, error) {
	p, id, err := c.meant(ctx, c.path("member"))
	if err != nil {
		return nil, ledger.Member{}, err
	}
	m, err := c.app.Ledger.CurrentMember(ctx, p, id)
	return p, m, err
}

func (c *call) wireMember(p *loyalty.Program, m ledger.Member) wire.Member {
	return wire.Member{
		ID: string(m.Account.Member), ExternalID: m.Profile.ExternalID, Email: m.Profile.Email, Phone: m.Profile.Phone,
		Name:   m.Profile.Name,
		Locale: m.Profile.Locale, Timezone: m.Profile.Timezone, Birthday: m.Profile.Birthday,
		MembershipYearStart: m.Profile.YearFrom, Segments: m.Account.Traits.Segments,
		Status: wire.MemberStatus(m.Account.Status), JoinedAt: m.Account.Joined.UTC(),
		Balance: wireBalance(m.Account.Balance()), Tier: wireTier(p, m.Account, c.app.Now()),
		TierGroups: wireTierGroups(p, m.Account, c.app.Now()),
		Expiring:   expiring(p, m.Account, ""), Pending: pending(m.Account, ""),
		Campaigns: award.Campaigns(m.Account.Traits),
		Wallets:   wireWallets(p, m.Account),
		Notices:   wireNotices(p, m.Account),
		Household: m.Household,
		Referral:  wireReferral(m.Account.Traits.Referral, c.app.Now()),
	}
}

// wireNotices returns the notices in the account. Each one postpones an expiry because the member was not notified in
// time.
func wireNotices(p *loyalty.Program, acc loyalty.Account) []wire.Notice {
	kinds := map[loyalty.NoticeOf]wire.NoticeKind{
		loyalty.OfExpiry: wire.NoticeKindPointsExpiry, loyalty.OfFall: wire.NoticeKindLevelExpiry,
	}
	out := []wire.Notice{}
	for _, n := range posting.AccountNotices(p, acc) {
		out = append(out, wire.Notice{
			Kind: kinds[n.What], NotifiedAt: n.NoticedAt.UTC(), ExpiresAt: n.Expires.UTC(), Points: int64(n.Points),
			Level: n.Level,
		})
	}
	return out
}

func wireBalance(b loyalty.Balance) wire.Balance {
	return wire.Balance{
		Active: int64(b.Active), Pending: int64(b.Pending), Reserved: int64(b.Reserved), Debt: int64(b.Debt),
	}
}

// wireWallets returns the balances of all wallets of the program except the main wallet, including empty ones.
func wireWallets(p *loyalty.Program, acc loyalty.Account) (out []wire.Wallet) {
	for _, w := range p.Wallets {
		out = append(out, wire.Wallet{
			ID: w.ID, Name: wire.Text(w.Name), Balance: wireBalance(acc.BalanceOf(w.ID)),
			Expiring: expiring(p, acc, w.ID), Pending: pending(acc, w.ID),
		})
	}
	return out
}

func expiring(p *loyalty.Program, acc loyalty.Account, wallet string) []wire.ScheduledPoints {
	var out []wire.ScheduledPoints
	for _, lot := range acc.In(wallet).Lots {
		at, n := end(p, lot.Expires), len(out)
		switch {
		case at.IsZero():
		case n > 0 &&
			out[n-1].At.Equal(at): // several lots expire together; one of them is extended by the next activity
			out[n-1].Points += int64(lot.Points)
		default:
			out = append(out, wire.ScheduledPoints{Points: int64(lot.Points), At: at})
		}
	}
	return out
}

// pending returns the wallet's pending points, summed by the instant at which they become active. Points without a
// known instant are last.
func pending(acc loyalty.Account, wallet string) []wire.PendingPoints {
	var out []wire.PendingPoints
	open := loyalty.Points(0)
	for _, x := range acc.Pending {
		n := len(out)
		switch {
		case x.Wallet != wallet:
		case x.ActiveAt.IsZero():
			open += x.Points
		case n > 0 && out[n-1].At.Equal(x.ActiveAt):
			out[n-1].Points += int64(x.Points)
		default:
			at := x.ActiveAt.UTC()
			out = append(out, wire.PendingPoints{Points: int64(x.Points), At: &at})
		}
	}
	if open > 0 {
		out = append(out, wire.PendingPoints{Points: int64(open)})
	}
	return out
}
