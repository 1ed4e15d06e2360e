package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// A memberBody contains the data of a member that can be changed. The fields are pointers, because an omitted field
// keeps its value, and an empty one removes it.
type memberBody struct {
	ExternalID *string  `json:"external_id"`
	Email      *string  `json:"email"`
	Phone      *string  `json:"phone"`
	Name       *string  `json:"name"`
	Locale     *string  `json:"locale"`
	Timezone   *string  `json:"timezone"`
	Birthday   *string  `json:"birthday"`
	YearFrom   *string  `json:"membership_year_start"`
	Segments   []string `json:"segments"` // nil if the body omits the field

	// EmailVerified states that the address belongs to the person.
	EmailVerified bool `json:"email_verified"`

	Consents []consentBody `json:"consents"`
}

// An enrolBody contains the data of a new member.
type enrolBody struct {
	memberBody   `json:",inline"`
	ReferralCode *string `json:"referral_code"`
}

// profile returns the current profile, which the caller passes as known, with the changes of the body. If removing is
// set, an empty string removes a field.
func (b memberBody) profile(known members.Profile, removing bool, today calendar.Date) (members.Profile, error) {
	var c request.Check
	set := func(to *string, given *string, p request.Place, valid func(request.Place, string)) {
		if given == nil {
			return
		}
		*to = strings.TrimSpace(*given)
		if *to != "" {
			valid(p, *to)
			return
		}
		if !removing {
			c.Fault(p, loyalty.ValidationFailed, "This must not be empty. Omit it instead.")
		}
	}
	set(
		&known.ExternalID, b.ExternalID, request.At("external_id"),
		func(p request.Place, s string) { checkExternalID(&c, p, s) },
	)
	set(&known.Email, b.Email, request.At("email"), c.Email)
	set(&known.Phone, b.Phone, request.At("phone"), c.Phone)
	set(&known.Name, b.Name, request.At("name"), func(p request.Place, s string) { c.Text(p, s, 1, 200) })
	set(&known.Locale, b.Locale, request.At("locale"), c.Locale)
	set(&known.Timezone, b.Timezone, request.At("timezone"), c.Timezone)
	set(
		&known.YearFrom, b.YearFrom, request.At("membership_year_start"),
		func(p request.Place, s string) { checkDayOfYear(&c, p, s) },
	)
	set(
		&known.Birthday, b.Birthday, request.At("birthday"),
		func(p request.Place, s string) { checkBirthday(&c, p, s, today) },
	)
	if b.EmailVerified && known.Email == "" {
		c.Fault(
			request.At("email_verified"), loyalty.ValidationFailed,
			"The member has no email address. Send email, or omit email_verified.",
		)
	}
	return known, c.Err()
}

var segmentForm = lazyregexp.New(`^[a-z0-9_-]{1,64}$`)

// segments returns the segments in the body, sorted and without duplicates. If the body omits them, it returns the
// current segments, which the caller passes as known.
func (b memberBody) segments(known []string) ([]string, error) {
	if b.Segments == nil {
		return known, nil
	}
	var c request.Check
	if len(b.Segments) > engine.MaxSegments {
		c.Fault(
			request.At("segments"), loyalty.ValidationFailed, "A member can be in at most %d segments.",
			engine.MaxSegments,
		)
	}
	for i, s := range b.Segments {
		if !segmentForm.MatchString(s) {
			c.Fault(request.At("segments/"+strconv.Itoa(i)), loyalty.ValidationFailed,
				"A segment must be 1 to 64 lowercase letters, digits, _ or -.")
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(b.Segments))), c.Err()
}

// checkExternalID checks the merchant's ID for a member. The maximum length leaves room for request.ExternalPrefix,
// which precedes the ID in requests.
func checkExternalID(c *request.Check, p request.Place, s string) {
	if !request.ValidID(request.ExternalPrefix + s) {
		c.Fault(p, loyalty.ValidationFailed, "This must be 1 to 119 letters, digits or _ : . -")
	}
}

func checkBirthday(c *request.Check, p request.Place, s string, today calendar.Date) {
	d, err := calendar.ParseDate(s)
	if err != nil || d > today || d < 1900_01_01 {
		c.Fault(p, loyalty.ValidationFailed, "This must be a day from 1900 to today, like 1990-12-31.")
	}
}

func checkDayOfYear(c *request.Check, p request.Place, s string) {
	// 2000 is a leap year, so 29 February is valid.
	if _, err := calendar.ParseDate("2000-" + s); err != nil || len(s) != len("01-02") {
		c.Fault(p, loyalty.ValidationFailed, "This must be a day of the year like 03-31.")
	}
}

func createMember(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b enrolBody
	if err := c.Take(&b, func(faults *request.Check) { b.checkCode(faults) }); err != nil {
		return request.Answer{}, err
	}
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	out, err := enroll(ctx, c, p, b, loyalty.MemberID(request.DerivedID(c, "mem_", "")))
	if errors.Is(err, loyalty.NotFound) { // the member whom the first request with this key enrolled was erased
		err = ledger.KeyReused()
	}
	return out, err
}

// checkCode checks the form of the referral code.
func (b enrolBody) checkCode(faults *request.Check) {
	if b.ReferralCode != nil {
		faults.Text(request.At("referral_code"), *b.ReferralCode, 1, maxReferralCode)
	}
}

// enroll creates a member with the given ID.
func enroll(
	ctx context.Context, c *request.Call, p *loyalty.Program, b enrolBody, id loyalty.MemberID,
) (request.Answer, error) {
	profile, err := b.profile(members.Profile{}, false, calendar.DateOf(c.App.Now(), p.Zone))
	if err != nil {
		return request.Answer{}, err
	}
	segments, err := b.segments(nil)
	if err != nil {
		return request.Answer{}, err
	}
	consents, err := b.consents(c.App.Now())
	if err != nil {
		return request.Answer{}, err
	}
	through := ""
	if b.ReferralCode != nil {
		through = *b.ReferralCode
	}
	by, err := request.By(c, struct {
		members.Profile `json:",inline"`
		Segments        []string      `json:",omitzero"`
		Consents        []consentBody `json:",omitzero"`
		ReferralCode    string        `json:",omitzero"`
		EmailVerified   bool          `json:",omitzero"`
	}{profile, segments, b.Consents, through, b.EmailVerified})
	if err != nil {
		return request.Answer{}, err
	}
	counters, err := c.LimitsOfEnrollment(ctx, through != "")
	if err != nil {
		return request.Answer{}, err
	}
	names := identities(c, profile.ExternalID, profile.Email)
	m, err := c.App.Members.Enroll(ctx, p, members.Enrollment{
		Member: id, Profile: profile, Segments: segments, Identities: names, Consents: consents, Code: through,
		Limits: counters,
	}, by)
	if errors.Is(err, loyalty.RateLimited) {
		telemetry.Count(ctx, telemetry.EnrollmentLimits, 1)
	}
	if err != nil {
		return request.Answer{}, existing(ctx, c, p, names, err)
	}
	if m, err = claimed(ctx, c, p, m, b.EmailVerified); err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Status: http.StatusCreated, Body: wireMember(c, p, m), Replayed: m.Replayed}, nil
}

// existing adds to the error already_exists the ID of the member who has one of the identities, if the caller may read
// members. It returns other errors unchanged.
func existing(
	ctx context.Context, c *request.Call, p *loyalty.Program, names []stored.Identity, err error,
) error {
	exists, ok := errors.AsType[*loyalty.Error](err)
	if !ok || exists.Code != loyalty.AlreadyExists || !c.Who.ReadsMembers() {
		return err
	}
	for _, name := range names {
		m, failed := c.App.Members.Find(ctx, p.ID, name)
		switch {
		case failed == nil:
			named := *exists
			named.Member = m
			return &named
		case !errors.Is(failed, loyalty.NotFound):
			return failed
		}
	}
	return err
}

// claimed assigns earlier payments to a member: payments that arrived under the external ID before the member had it,
// and, if the email address is verified, payments that arrived under the address. Without this condition, anyone could
// enroll with the address of a guest and receive the points of the guest's purchases. It returns the updated member.
func claimed(
	ctx context.Context, c *request.Call, p *loyalty.Program, m members.Member, verified bool,
) (members.Member, error) {
	names := identities(c, m.Profile.ExternalID, "")
	if verified {
		names = identities(c, m.Profile.ExternalID, m.Profile.Email)
	}
	n, err := c.App.Payments.Claim(ctx, p, m.Account.Member, names)
	if err != nil || n == 0 {
		return m, err
	}
	replayed := m.Replayed
	m, err = c.App.Members.Current(ctx, p, m.Account.Member)
	m.Replayed = replayed
	return m, err
}

func retrieveMember(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, m, err := request.NamedMember(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wireMember(c, p, m)}, nil
}

func updateMember(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b memberBody
	if err := c.Decode(&b); err != nil {
		return request.Answer{}, err
	}
	return update(ctx, c, b)
}

// update changes the member in the path.
func update(ctx context.Context, c *request.Call, b memberBody) (request.Answer, error) {
	p, m, err := request.NamedMember(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	changed, err := b.profile(m.Profile, true, calendar.DateOf(c.App.Now(), p.Zone))
	if err != nil {
		return request.Answer{}, err
	}
	segments, err := b.segments(m.Account.Traits.Segments)
	if err != nil {
		return request.Answer{}, err
	}
	consents, err := b.consents(c.App.Now())
	if err != nil {
		return request.Answer{}, err
	}
	before := identities(c, m.Profile.ExternalID, m.Profile.Email)
	after := identities(c, changed.ExternalID, changed.Email)
	if changed != m.Profile || !slices.Equal(segments, m.Account.Traits.Segments) || len(consents) > 0 {
		err = c.App.Members.Change(ctx, p, members.Change{
			Before: m.Profile, Profile: changed, SegmentsBefore: m.Account.Traits.Segments, Segments: segments,
			Removed: without(before, after), Added: without(after, before), Consents: consents,
		}, ledger.By{Actor: c.Who.Actor(), Switch: c.Route.Switch})
		if err != nil {
			return request.Answer{}, existing(ctx, c, p, without(after, before), err)
		}
		if m, err = c.App.Members.Current(ctx, p, m.Account.Member); err != nil {
			return request.Answer{}, err
		}
	}
	// This also runs if the profile is unchanged: an earlier attempt may have changed it and failed before this step.
	if b.ExternalID != nil || b.EmailVerified {
		if m, err = claimed(ctx, c, p, m, b.EmailVerified); err != nil {
			return request.Answer{}, err
		}
	}
	return request.Answer{Body: wireMember(c, p, m)}, nil
}

// without returns the elements of ids that are not in others.
func without(ids, others []stored.Identity) []stored.Identity {
	return slices.DeleteFunc(slices.Clone(ids), func(id stored.Identity) bool { return slices.Contains(others, id) })
}

// wireMember returns a member as the API presents it to the caller. Segments are for the merchant only.
func wireMember(c *request.Call, p *loyalty.Program, m members.Member) wire.Member {
	segments := m.Account.Traits.Segments
	if c.Self() != "" {
		segments = nil
	}
	return wire.Member{
		ID: string(m.Account.Member), ExternalID: m.Profile.ExternalID, Email: m.Profile.Email, Phone: m.Profile.Phone,
		Name:   m.Profile.Name,
		Locale: m.Profile.Locale, Timezone: m.Profile.Timezone, Birthday: m.Profile.Birthday,
		MembershipYearStart: m.Profile.YearFrom, Segments: segments,
		Status: wire.MemberStatus(m.Account.Status), JoinedAt: m.Account.Joined.UTC(),
		Balance: request.WireBalance(m.Account.Balance()), Tier: wireTier(p, m.Account, c.App.Now()),
		TierGroups: wireTierGroups(p, m.Account, c.App.Now()),
		Expiring:   expiring(p, m.Account, ""), Pending: pending(m.Account, ""),
		Campaigns: award.Campaigns(m.Account.Traits),
		Wallets:   wireWallets(p, m.Account),
		Notices:   request.WireNotices(p, m.Account),
		Household: m.Household,
		Referral:  wireReferral(m.Account.Traits.Referral, c.App.Now()),
	}
}

// wireWallets returns the balances of all wallets of the program, including empty ones, but not the main wallet.
func wireWallets(p *loyalty.Program, acc loyalty.Account) (out []wire.Wallet) {
	for _, w := range p.Wallets {
		out = append(out, wire.Wallet{
			ID: w.ID, Name: wire.Text(w.Name), Balance: request.WireBalance(acc.BalanceOf(w.ID)),
			Expiring: expiring(p, acc, w.ID), Pending: pending(acc, w.ID),
		})
	}
	return out
}

func expiring(p *loyalty.Program, acc loyalty.Account, wallet string) []wire.ScheduledPoints {
	var out []wire.ScheduledPoints
	for _, lot := range acc.In(wallet).Lots {
		at, n := request.End(p, lot.Expires), len(out)
		switch {
		case at.IsZero():
		case n > 0 && out[n-1].At.Equal(at):
			// Lots with different dates can expire together, because activities extend some of them.
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

// identities returns the member's identities in other systems. It stores an email address as a keyed hash, so that the
// table's keys do not reveal the address.
func identities(c *request.Call, externalID, email string) []stored.Identity {
	var ids []stored.Identity
	if externalID != "" {
		ids = append(ids, stored.Identity{Kind: "external", Value: externalID})
	}
	if email != "" {
		ids = append(ids, c.Blind(c.Who.Program, email))
	}
	return ids
}
