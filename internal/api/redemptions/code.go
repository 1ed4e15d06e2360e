package redemptions

import (
	"context"
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// A CodeUseBody requests to use a code.
type CodeUseBody struct {
	Amount   request.Whole `json:"amount"`
	Currency *string       `json:"currency"`
	Order    *string       `json:"order"`
}

// use checks the body and returns the requested use of the code in the path.
func (b CodeUseBody) use(c *request.Check, code string) inventory.CodeUse {
	in := inventory.CodeUse{Code: redeem.PlainCode(code), Order: optionalID(c, request.At("order"), b.Order)}
	if b.Amount.Given || b.Currency != nil {
		in.Amount.Amount = request.AtLeastOne(c, request.At("amount"), b.Amount)
		if c.Required(request.At("currency"), b.Currency != nil) {
			c.Currency(request.At("currency"), *b.Currency)
			in.Amount.Currency = loyalty.Currency(*b.Currency)
		}
	}
	return in
}

func retrieveCode(ctx context.Context, c *request.Call) (request.Answer, error) {
	r, err := c.GuardedLookup(ctx, c.Path("code"), func() (inventory.CodeResult, error) {
		return c.App.Codes.Get(ctx, c.Who.Program, c.Path("code"))
	})
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wireCode(c, r)}, nil
}

// useCode records a use of a code at a POS terminal. A shared reward code can be used any number of times. Its uses
// are not recorded, because the code does not identify the member.
func useCode(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b CodeUseBody
	var in inventory.CodeUse
	if err := c.Take(&b, func(faults *request.Check) { in = b.use(faults, c.Path("code")) }); err != nil {
		return request.Answer{}, err
	}
	in.ID = request.DerivedID(c, "use_", "")
	by, err := request.By(c, in)
	if err != nil {
		return request.Answer{}, err
	}
	r, err := c.GuardedLookup(ctx, c.Path("code"), func() (inventory.CodeResult, error) {
		return c.App.Codes.Use(ctx, c.Who.Program, in, by)
	})
	if err == nil && r.Redemption == "" {
		_, err = r.Use(in.Amount, c.App.Now())
	}
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wireCode(c, r), Replayed: r.Replayed}, nil
}

// A UseReversalBody requests to reverse a use of a code.
type UseReversalBody struct {
	Reason string `json:"reason"`
}

// reverseCodeUse reverses a use of a code. Shared reward codes have no recorded uses.
func reverseCodeUse(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b UseReversalBody
	if err := c.Take(
		&b, func(faults *request.Check) { faults.Text(request.At("reason"), b.Reason, 3, 200) },
	); err != nil {
		return request.Answer{}, err
	}
	found, err := c.GuardedLookup(ctx, c.Path("code"), func() (inventory.CodeResult, error) {
		return c.App.Codes.Get(ctx, c.Who.Program, c.Path("code"))
	})
	if err != nil {
		return request.Answer{}, err
	}
	if found.Redemption == "" {
		return request.Answer{}, request.Refuse(loyalty.NotFound, request.NotFoundDetail)
	}
	by := request.ByKey(c)
	by.Input += "." + c.Fingerprint("reason", b.Reason)
	in := inventory.UseReversal{Code: c.Path("code"), Use: c.Path("use"), Reason: b.Reason}
	r, err := c.App.Codes.ReverseUse(ctx, c.Who.Program, in, by)
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wireCode(c, r), Replayed: r.Replayed}, nil
}

// renderCode renders the code as a QR code. It encodes the code as written in the path, so that a code printed with
// hyphens also scans with hyphens.
func renderCode(ctx context.Context, c *request.Call) (request.Answer, error) {
	_, err := c.GuardedLookup(ctx, c.Path("code"), func() (inventory.CodeResult, error) {
		return c.App.Codes.Get(ctx, c.Who.Program, c.Path("code"))
	})
	if err != nil {
		return request.Answer{}, err
	}
	drawn, err := drawQR(c.Path("code"))
	return request.Answer{Status: http.StatusOK, Drawn: drawn}, err
}

// wireCode returns a code and its current state. The code is spelled as in the request path. For a shared reward
// code, the response contains only the reward.
func wireCode(c *request.Call, r inventory.CodeResult) wire.Code {
	out := wire.Code{
		Code: c.Path("code"), State: wire.CodeState(r.State(c.App.Now())), Reward: r.Reward, Redemption: r.Redemption,
		Member:    string(r.Member),
		ValidFrom: r.From.UTC(), ValidUntil: request.Instant(r.Until), UsedAt: r.Used.UTC(), Uses: []wire.CodeUse{},
	}
	if r.Left.Currency != "" {
		out.Remaining = &wire.Money{Amount: r.Left.Amount, Currency: string(r.Left.Currency)}
	}
	for _, u := range r.Uses {
		out.Uses = append(out.Uses, wire.CodeUse{
			ID: u.ID, UsedAt: u.At.UTC(), Amount: wireMoney(u.Amount), Order: u.Order,
			ReversedAt: u.Reversed.UTC(),
			Reason:     u.Reason,
		})
	}
	return out
}
