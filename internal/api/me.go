package api

import (
	"context"
	"errors"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A selfBody contains the data that members may change about themselves. The merchant decides the external ID, the
// segments and the start of the membership year. A member's email address is the one that the token states as verified,
// because payments of unknown customers are claimed by email address.
type selfBody struct {
	Phone    *string `json:"phone"`
	Name     *string `json:"name"`
	Locale   *string `json:"locale"`
	Timezone *string `json:"timezone"`
	Birthday *string `json:"birthday"`

	Consents []consentBody `json:"consents"`
}

// An enrollSelfBody contains the data with which a member enrolls.
type enrollSelfBody struct {
	selfBody     `json:",inline"`
	ReferralCode *string `json:"referral_code"`
}

// member returns the body in the form that the merchant's server uses for the data of a member.
func (b selfBody) member() memberBody {
	return memberBody{
		Phone: b.Phone, Name: b.Name, Locale: b.Locale, Timezone: b.Timezone, Birthday: b.Birthday,
		Consents: b.Consents,
	}
}

// maxRecent is the number of entries in the response of retrieveSelf.
const maxRecent = 20

// retrieveSelf returns the member and the latest entries. The entries are complete up to the account's sequence
// number, even if the index does not contain the latest ones yet.
func retrieveSelf(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, m, err := request.NamedMember(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	entries, _, err := c.App.Statements.Page(ctx, p, m.Account.Member, 0, maxRecent)
	if err != nil {
		return request.Answer{}, err
	}
	out := wire.Self{Member: wireMember(c, p, m)}
	out.Entries, err = c.WireEntries(ctx, p, entries)
	return request.Answer{Body: out}, err
}

// maxEnrollments is the maximum number of enrollments with one external ID. A person can enroll again after an erasure.
const maxEnrollments = 10

// enrollSelf enrolls the member that the token names. If the member is already enrolled, it changes nothing and returns
// the member.
func enrollSelf(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b enrollSelfBody
	in := enrolBody{}
	err := c.Take(&b, func(faults *request.Check) {
		in = enrolBody{memberBody: b.member(), ReferralCode: b.ReferralCode}
		in.checkCode(faults)
	})
	if err != nil {
		return request.Answer{}, err
	}
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	if err := c.FindSelf(ctx); !errors.Is(err, loyalty.NotFound) {
		return enrolledSelf(ctx, c, err)
	}
	in.ExternalID = &c.Who.Subject
	if c.Who.Email != "" {
		in.Email, in.EmailVerified = &c.Who.Email, true
	}
	out, err := request.Answer{}, error(ledger.NotFound("member"))
	for n := 0; errors.Is(err, loyalty.NotFound) && n < maxEnrollments; n++ {
		id := request.DerivedID(c, "mem_", loyalty.MemberID(c.Who.Subject+strings.Repeat("~", n)))
		c.Who.ID = id
		// enroll returns not_found if the member with this ID was erased.
		out, err = enroll(ctx, c, p, in, loyalty.MemberID(id))
	}
	if errors.Is(err, loyalty.AlreadyExists) || errors.Is(err, loyalty.KeyReused) {
		// Another request may have enrolled the member meanwhile.
		if found := c.FindSelf(ctx); !errors.Is(found, loyalty.NotFound) {
			return enrolledSelf(ctx, c, found)
		}
	}
	return out, err
}

// enrolledSelf returns the member, unless the look-up of the member failed.
func enrolledSelf(ctx context.Context, c *request.Call, failed error) (request.Answer, error) {
	if failed != nil {
		return request.Answer{}, failed
	}
	out, err := retrieveMember(ctx, c)
	out.Replayed = err == nil
	return out, err
}

func updateSelf(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b selfBody
	if err := c.Decode(&b); err != nil {
		return request.Answer{}, err
	}
	return update(ctx, c, b.member())
}
