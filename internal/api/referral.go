package api

import (
	"context"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/members"
)

// A referralCodeBody is a referral code: the member's own code, or the code of the referrer.
type referralCodeBody struct {
	Code *string `json:"code"`
}

// maxReferralCode is the maximum length of a referral code that is looked up.
const maxReferralCode = 64

var referralCodeForm = lazyregexp.New(`^[A-Za-z0-9]([ -]?[A-Za-z0-9]){3,19}$`)

func createReferralCode(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b referralCodeBody
	code := ""
	err := c.Take(&b, func(faults *request.Check) {
		if b.Code == nil {
			return
		}
		if code = *b.Code; !referralCodeForm.MatchString(code) {
			faults.Fault(request.At("code"), loyalty.ValidationFailed,
				"A code must be 4 to 20 letters and digits, with single spaces or hyphens between them.")
		}
	})
	if err != nil {
		return request.Answer{}, err
	}
	p, m, err := request.NamedMember(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	code, err = c.App.Referrals.GiveCode(ctx, p, m.Account.Member, code)
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wire.ReferralCode{Code: code}}, nil
}

func attributeReferral(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b referralCodeBody
	err := c.Take(&b, func(faults *request.Check) {
		if faults.Required(request.At("code"), b.Code != nil) {
			faults.Text(request.At("code"), *b.Code, 1, maxReferralCode)
		}
	})
	if err != nil {
		return request.Answer{}, err
	}
	p, m, err := request.NamedMember(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	id := m.Account.Member
	by, err := request.By(c, b)
	if err != nil {
		return request.Answer{}, err
	}
	if err := c.LimitReferral(ctx); err != nil {
		return request.Answer{}, err
	}
	m, err = c.App.Referrals.Refer(
		ctx, p, members.ReferralRequest{ID: request.DerivedID(c, "rf_", id), Member: id, Code: *b.Code}, by,
	)
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wireReferral(m.Account.Traits.Referral, c.App.Now()), Replayed: m.Replayed}, nil
}

func listReferrals(ctx context.Context, c *request.Call) (request.Answer, error) {
	size, err := c.PageSize()
	if err != nil {
		return request.Answer{}, err
	}
	p, m, err := request.NamedMember(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	cursor, err := c.Cursor(string(m.Account.Member))
	if err != nil {
		return request.Answer{}, err
	}
	list := wire.ReferralList{Data: []wire.Friend{}}
	if list.Code, err = c.App.Referrals.CodeOf(ctx, p.ID, m.Account.Member); err != nil {
		return request.Answer{}, err
	}
	friends, err := c.App.Referrals.Friends(ctx, p, m.Account.Member, loyalty.MemberID(cursor.Text()), size+1)
	if err != nil {
		return request.Answer{}, err
	}
	for _, f := range friends[:min(size, len(friends))] {
		list.Data = append(
			list.Data, wire.Friend{Friend: string(f.Member), Referral: wireReferral(f.Referral, c.App.Now())},
		)
	}
	if len(friends) > size {
		list.NextCursor = cursor.AtText(list.Data[size-1].Friend)
	}
	return request.Answer{Body: list}, nil
}

// wireReferral returns the member's referral. It is zero, and therefore omitted, if the member was not referred.
func wireReferral(r loyalty.Referral, now time.Time) wire.Referral {
	return wire.Referral{
		Referrer: string(r.By), At: r.At.UTC(), Status: wire.ReferralStatus(posting.ReferralStatusAt(r, now)),
		Order:    r.Order,
		ActiveAt: r.ActiveAt.UTC(),
	}
}
