package api

import (
	"context"
	"regexp"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
)

// A referralCodeBody is a referral code: the member's own code, or the code of the referrer.
type referralCodeBody struct {
	Code *string `json:"code"`
}

// maxReferralCode is the maximum length of a referral code that is looked up.
const maxReferralCode = 64

var referralCodeForm = regexp.MustCompile(`^[A-Za-z0-9]([ -]?[A-Za-z0-9]){3,19}$`)

func giveReferralCode(ctx context.Context, c *call) (answer, error) {
	var b referralCodeBody
	code := ""
	err := c.take(&b, func(faults *check) {
		if b.Code == nil {
			return
		}
		if code = *b.Code; !referralCodeForm.MatchString(code) {
			faults.fault(at("code"), loyalty.ValidationFailed,
				"A code must be 4 to 20 letters and digits, with single spaces or hyphens between them.")
		}
	})
	if err != nil {
		return answer{}, err
	}
	p, m, err := c.namedMember(ctx)
	if err != nil {
		return answer{}, err
	}
	code, err = c.app.Ledger.GiveReferralCode(ctx, p, m.Account.Member, code)
	if err != nil {
		return answer{}, err
	}
	return answer{body: wire.ReferralCode{Code: code}}, nil
}

func referMember(ctx context.Context, c *call) (answer, error) {
	var b referralCodeBody
	err := c.take(&b, func(faults *check) {
		if faults.required(at("code"), b.Code != nil) {
			faults.text(at("code"), *b.Code, 1, maxReferralCode)
		}
	})
	if err != nil {
		return answer{}, err
	}
	p, m, err := c.namedMember(ctx)
	if err != nil {
		return answer{}, err
	}
	id := m.Account.Member
	by, err := c.by(b)
	if err != nil {
		return answer{}, err
	}
	m, err = c.app.Ledger.Refer(
		ctx, p, ledger.ReferralRequest{ID: c.derivedID("rf_", id), Member: id, Code: *b.Code}, by,
	)
	if err != nil {
		return answer{}, err
	}
	return answer{body: wireReferral(m.Account.Traits.Referral, c.app.Now()), replayed: m.Replayed}, nil
}

func listReferrals(ctx context.Context, c *call) (answer, error) {
	size, err := c.pageSize()
	if err != nil {
		return answer{}, err
	}
	p, m, err := c.namedMember(ctx)
	if err != nil {
		return answer{}, err
	}
	owner := string(m.Account.Member)
	after, err := c.openTextCursor(owner)
	if err != nil {
		return answer{}, err
	}
	list := wire.ReferralList{Data: []wire.Friend{}}
	if list.Code, err = c.app.Ledger.ReferralCodeOf(ctx, p.ID, m.Account.Member); err != nil {
		return answer{}, err
	}
	friends, err := c.app.Ledger.Friends(ctx, p, m.Account.Member, loyalty.MemberID(after), size+1)
	if err != nil {
		return answer{}, err
	}
	for _, f := range friends[:min(size, len(friends))] {
		list.Data = append(
			list.Data, wire.Friend{Friend: string(f.Member), Referral: wireReferral(f.Referral, c.app.Now())},
		)
	}
	if len(friends) > size {
		list.NextCursor = c.textCursor(owner, list.Data[size-1].Friend)
	}
	return answer{body: list}, nil
}

// wireReferral returns the member's referral. It is zero, and therefore omitted, if the member was not referred.
func wireReferral(r loyalty.Referral, now time.Time) wire.Referral {
	return wire.Referral{
		Referrer: string(r.By), At: r.At.UTC(), Status: wire.ReferralStatus(award.ReferralStatusAt(r, now)),
		Order:    r.Order,
		ActiveAt: r.ActiveAt.UTC(),
	}
}
