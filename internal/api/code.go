package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

type codeUseBody struct {
	Amount   whole   `json:"amount"`
	Currency *string `json:"currency"`
	Order    *string `json:"order"`
}

// use checks the body and returns the requested use of the code in the path.
func (b codeUseBody) use(c *check, code string) ledger.CodeUse {
	in := ledger.CodeUse{Code: redeem.PlainCode(code), Order: c.optionalID(at("order"), b.Order)}
	if b.Amount.given || b.Currency != nil {
		in.Amount.Amount = c.atLeastOne(at("amount"), b.Amount)
		if c.required(at("currency"), b.Currency != nil) {
			c.currency(at("currency"), *b.Currency)
			in.Amount.Currency = loyalty.Currency(*b.Currency)
		}
	}
	return in
}

func getCode(ctx context.Context, c *call) (answer, error) {
	r, err := c.guarded(
		ctx, func() (ledger.CodeResult, error) { return c.app.Ledger.Code(ctx, c.who.Program, c.path("code")) },
	)
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.wireCode(r)}, nil
}

// guarded looks up a code and limits the number of guesses. Codes that match the form of generated codes and shared
// reward codes have no limit, because the former cannot be guessed and the latter are public.
func (c *call) guarded(ctx context.Context, look func() (ledger.CodeResult, error)) (r ledger.CodeResult, err error) {
	p, err := c.program(ctx)
	if err != nil {
		return r, err
	}
	code := c.path("code")
	if reward, shared := redeem.SharedBy(p, code); shared {
		if r, err = look(); errors.Is(err, loyalty.NotFound) {
			r, err = ledger.CodeResult{Reward: reward.ID}, nil
		}
		return r, err
	}
	if redeem.WellFormed(code) {
		return look()
	}
	who := ledger.Guesser{Key: c.who.ID}
	if who.Client, err = c.client(); err != nil {
		return r, err
	}
	err = c.app.Ledger.Guarded(ctx, p.ID, who, func() (err error) {
		r, err = look()
		return err
	})
	if limit, ok := errors.AsType[*redeem.TooManyGuesses](err); ok && limit.PerKey {
		telemetry.Count(ctx, telemetry.CodeGuesses, 1)
	}
	return r, err
}

// client returns the POS terminal, session or address that the caller acts for. It returns the empty string if the
// request names none.
func (c *call) client() (string, error) {
	name := c.event.Headers.Client
	for i := range len(name) {
		if len(name) > 128 || name[i] < 0x21 || name[i] > 0x7e {
			return "", refuseAt(invalidParameter, "Perennial-Client",
				"The header Perennial-Client must have 1 to 128 visible ASCII characters.")
		}
	}
	return name, nil
}

// useCode records a use of a code at a POS terminal. A shared reward code can be used any number of times. Its uses
// are not recorded, because the code does not identify the member.
func useCode(ctx context.Context, c *call) (answer, error) {
	var b codeUseBody
	var in ledger.CodeUse
	if err := c.take(&b, func(faults *check) { in = b.use(faults, c.path("code")) }); err != nil {
		return answer{}, err
	}
	in.ID = c.derivedID("use_", "")
	by, err := c.by(in)
	if err != nil {
		return answer{}, err
	}
	r, err := c.guarded(
		ctx, func() (ledger.CodeResult, error) { return c.app.Ledger.UseCode(ctx, c.who.Program, in, by) },
	)
	if err == nil && r.Redemption == "" {
		_, err = r.Use(in.Amount, c.app.Now())
	}
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.wireCode(r), replayed: r.Replayed}, nil
}

type useReversalBody struct {
	Reason string `json:"reason"`
}

// reverseUse reverses a use of a code. Shared reward codes have no recorded uses.
func reverseUse(ctx context.Context, c *call) (answer, error) {
	var b useReversalBody
	if err := c.take(&b, func(faults *check) { faults.text(at("reason"), b.Reason, 3, 200) }); err != nil {
		return answer{}, err
	}
	found, err := c.guarded(
		ctx, func() (ledger.CodeResult, error) { return c.app.Ledger.Code(ctx, c.who.Program, c.path("code")) },
	)
	if err != nil {
		return answer{}, err
	}
	if found.Redemption == "" {
		return answer{}, refuse(loyalty.NotFound, notFoundDetail)
	}
	by := c.byKey()
	by.Input += "." + fingerprint("reason", b.Reason)
	in := ledger.UseReversal{Code: c.path("code"), Use: c.path("use"), Reason: b.Reason}
	r, err := c.app.Ledger.ReverseUse(ctx, c.who.Program, in, by)
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.wireCode(r), replayed: r.Replayed}, nil
}

// drawCode renders the code as a QR code. It encodes the code as written in the path, so that a code printed with
// hyphens also scans with hyphens.
func drawCode(ctx context.Context, c *call) (answer, error) {
	_, err := c.guarded(
		ctx, func() (ledger.CodeResult, error) { return c.app.Ledger.Code(ctx, c.who.Program, c.path("code")) },
	)
	if err != nil {
		return answer{}, err
	}
	drawn, err := drawQR(c.path("code"))
	return answer{status: http.StatusOK, drawn: drawn}, err
}

// wireCode returns a code and its current state, written as in the request path. For a shared reward code, it names
// only the reward.
func (c *call) wireCode(r ledger.CodeResult) wire.Code {
	out := wire.Code{
		Code: c.path("code"), State: wire.CodeState(r.State(c.app.Now())), Reward: r.Reward, Redemption: r.Redemption,
		Member:    string(r.Member),
		ValidFrom: r.From.UTC(), ValidUntil: instant(r.Until), UsedAt: r.Used.UTC(), Uses: []wire.CodeUse{},
	}
	if r.Left.Currency != "" {
		out.Remaining = &wire.Money{Amount: r.Left.Amount, Currency: string(r.Left.Currency)}
	}
	for _, u := range r.Uses {
		out.Uses = append(out.Uses, wire.CodeUse{
			ID: u.ID, UsedAt: u.At.UTC(), Amount: wireMoney(u.Amount), Order: u.Order, ReversedAt: u.Reversed.UTC(),
			Reason: u.Reason,
		})
	}
	return out
}
