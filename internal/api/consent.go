package api

import (
	"context"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
)

// A consentBody grants or withdraws a consent. The idempotency fingerprint covers this struct, so its field names
// must not change.
type consentBody struct {
	Channel string `json:"channel"`
	Purpose string `json:"purpose"`
	Given   *bool  `json:"granted"`
	Text    string `json:"wording"`
	Source  string `json:"source"`
}

// consents returns the consents in the body, with the current time. A granted consent must include the wording that the
// member agreed to.
func (b memberBody) consents(now time.Time) (out []remind.Consent, err error) {
	var c request.Check
	if most := len(remind.Channels()) * len(remind.Purposes()); len(b.Consents) > most {
		c.Fault(
			request.At("consents"), loyalty.ValidationFailed,
			"At most %d consents are allowed: one per channel and purpose.",
			most,
		)
		return nil, c.Err()
	}
	seen := map[[2]string]bool{}
	for i, x := range b.Consents {
		in := func(name string) request.Place { return request.Place{Name: name, List: "consents", I: i} }
		if !slices.Contains(remind.Channels(), loyalty.Channel(x.Channel)) {
			c.Fault(in("channel"), loyalty.ValidationFailed, "This must be email, sms, push or webhook.")
		}
		if !slices.Contains(remind.Purposes(), loyalty.Purpose(x.Purpose)) {
			c.Fault(in("purpose"), loyalty.ValidationFailed, "This must be marketing or transactional.")
		}
		if c.Required(in("granted"), x.Given != nil) && *x.Given || x.Text != "" {
			c.Text(in("wording"), x.Text, 1, 200)
		}
		c.Text(in("source"), x.Source, 1, 100)
		if pair := [2]string{x.Channel, x.Purpose}; seen[pair] {
			c.Fault(in("channel"), loyalty.ValidationFailed, "This channel and purpose are listed twice.")
		} else {
			seen[pair] = true
		}
		out = append(out, remind.Consent{
			Channel: loyalty.Channel(x.Channel), Purpose: loyalty.Purpose(x.Purpose),
			Granted: x.Given != nil && *x.Given,
			At:      now.UTC().Truncate(time.Millisecond), Wording: x.Text, Source: x.Source,
		})
	}
	return out, c.Err()
}

// maxLogged is the maximum number of consent log entries in an answer. If there are more, the answer contains the
// latest ones.
const maxLogged = 200

// listConsents lists a member's consents and the log of their changes.
func listConsents(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, m, err := request.NamedMember(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	out, err := wireConsents(ctx, c, p.ID, m.Account.Member)
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: out}, nil
}

// wireConsents reads the consents of a member and the latest changes of them.
func wireConsents(
	ctx context.Context, c *request.Call, program string, m loyalty.MemberID,
) (wire.ConsentList, error) {
	out := wire.ConsentList{
		Data: []wire.Consent{}, Log: []wire.ConsentRecord{}, FailedAddresses: []wire.FailedAddress{},
	}
	contact, err := c.App.Consents.Contact(ctx, program, m)
	if err != nil {
		return out, err
	}
	for _, x := range contact.Consents {
		out.Data = append(out.Data, wire.Consent{
			Channel: wire.Channel(x.Channel), Purpose: wire.Purpose(x.Purpose), Granted: x.Granted, At: x.At.UTC(),
			Wording: x.Wording, Source: x.Source,
		})
	}
	for x, err := range c.App.Consents.Log(ctx, program, m) {
		if err != nil {
			return out, err
		}
		out.Log = append(out.Log, wire.ConsentRecord{
			Channel: wire.Channel(x.Channel), Purpose: wire.Purpose(x.Purpose), Granted: x.Granted, At: x.At.UTC(),
			Wording: x.Wording, Source: x.Source, RecordedBy: x.By,
		})
		if len(out.Log) > maxLogged {
			out.Log = out.Log[1:]
		}
	}
	for _, f := range contact.Failed {
		out.FailedAddresses = append(
			out.FailedAddresses,
			wire.FailedAddress{
				Channel: wire.Channel(f.Channel), Address: f.Address, Reason: wire.FailedAddressReason(f.Why),
				At: f.At.UTC(),
			},
		)
	}
	return out, nil
}
