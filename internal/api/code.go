package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

type codeUseBody struct {
	Amount   whole   `json:"amount"`
	Currency *string `json:"currency"`
	Order    *string `json:"order"`
}

// use is what the body says, of the code in the path.
func (b codeUseBody) use(c *check, code string) ledger.CodeUse {
	in := ledger.CodeUse{Code: loyalty.PlainCode(code), Order: c.optionalID(at("order"), b.Order)}
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
	r, err := c.guarded(ctx, func() (ledger.CodeResult, error) { return c.app.Ledger.Code(ctx, c.who.Program, c.path("code")) })
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.wireCode(r)}, nil
}

// guarded bounds how often a key asks for codes that nobody was given, and that are no rewards' one code for all. Tills
// mistype, and of codes of ours the check character tells: those are bounded by themselves, so that a shop whose tills
// mistype a lot can still ask for what is typed right. Where the program has uploaded codes, which may look like that,
// it tells nothing.
func (c *call) guarded(ctx context.Context, look func() (ledger.CodeResult, error)) (r ledger.CodeResult, err error) {
	p, err := c.program(ctx)
	if err != nil {
		return r, err
	}
	who := c.who.ID
	if loyalty.Mistyped(c.path("code")) && !p.Uploads() {
		who += "#mistyped"
	}
	err = c.app.Ledger.Guarded(ctx, p.ID, who, func() (err error) {
		r, err = look()
		if reward, shared := p.SharedBy(c.path("code")); shared && errors.Is(err, loyalty.NotFound) {
			r, err = ledger.CodeResult{Reward: reward.ID}, nil
		}
		return err
	})
	return r, err
}

// useCode uses a code as a till does. Nobody needs to know whose it is. One for all is valid each time: which of those who
// have it shows it, it does not say.
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
	r, err := c.guarded(ctx, func() (ledger.CodeResult, error) { return c.app.Ledger.UseCode(ctx, c.who.Program, in, by) })
	if err == nil && r.Redemption == "" {
		_, err = r.Use(in.Amount, c.app.Now())
	}
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.wireCode(r), replayed: r.Replayed}, nil
}

// drawCode draws the code as the path has it: printed with hyphens, it is scanned with them.
func drawCode(ctx context.Context, c *call) (answer, error) {
	_, err := c.guarded(ctx, func() (ledger.CodeResult, error) { return c.app.Ledger.Code(ctx, c.who.Program, c.path("code")) })
	if err != nil {
		return answer{}, err
	}
	drawn, err := drawQR(c.path("code"))
	return answer{status: http.StatusOK, drawn: drawn}, err
}

// wireCode is a code as of now, written as the caller wrote it. Of one for all there is only what it is for.
func (c *call) wireCode(r ledger.CodeResult) wire.Code {
	out := wire.Code{
		Code: c.path("code"), State: wire.CodeState(r.State(c.app.Now())), Reward: r.Reward, Redemption: r.Redemption, Member: string(r.Member),
		ValidFrom: r.From.UTC(), ValidUntil: instant(r.Until), UsedAt: r.Used.UTC(),
	}
	if r.Left.Currency != "" {
		out.Left = &wire.Money{Amount: r.Left.Amount, Currency: string(r.Left.Currency)}
	}
	return out
}
