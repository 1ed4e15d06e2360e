package service

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
)

// Conversions converts points of one wallet into another.
type Conversions struct{ *ledger.Ledger }

// A ConversionRequest requests the conversion of points of one wallet into points of another. The caller derives the
// ID.
type ConversionRequest struct {
	ID       string
	Member   loyalty.MemberID
	From, To string // the wallets; empty for the main wallet
	Points   loyalty.Points
}

// A ConversionResult is a conversion as of one revision.
type ConversionResult struct {
	Member     loyalty.MemberID
	Conversion loyalty.Converted
	Entry      loyalty.Entry
	Replayed   bool
}

func conversionResult(r ledger.Result) ConversionResult {
	e := r.Entry()
	c := ConversionResult{Member: e.Member, Entry: e, Replayed: r.Replayed}
	if e.Conversion != nil {
		c.Conversion = *e.Conversion
	}
	return c
}

// Convert converts points of one wallet into points of another. It handles repeated requests as Redeem does.
func (c Conversions) Convert(
	ctx context.Context, p *loyalty.Program, in ConversionRequest, by ledger.By,
) (ConversionResult, error) {
	r, err := c.Execute(ctx, ledger.Once(
		p, in.Member, loyalty.CauseConversion, in.ID, by,
		func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
			return share.Convert(engine.Begin(p, acc, x.Now), in.ID, in.From, in.To, in.Points)
		},
	))
	return conversionResult(r), err
}

// Get reads the current state of a conversion. It returns not_found if there is none.
func (c Conversions) Get(ctx context.Context, program, id string) (ConversionResult, error) {
	e, err := c.Latest(ctx, program, loyalty.CauseConversion, id)
	if err == nil && e.Conversion == nil {
		err = ledger.NotFound("conversion")
	}
	return conversionResult(ledger.Result{Entries: []loyalty.Entry{e}}), err
}

// Reverse reverses a conversion by n points, or completely if n is zero. The converted points must still be available.
// If the call is repeated with the same By.Input, it returns the first result.
func (c Conversions) Reverse(
	ctx context.Context, p *loyalty.Program, id string, n loyalty.Points, by ledger.By,
) (ConversionResult, error) {
	r, err := c.ExecutePrepared(ctx, func(ctx context.Context) (ledger.Command, *ledger.Result, error) {
		last, replay, err := Redemptions(c).amendment(
			ctx, p.ID, loyalty.CauseConversion, id, loyalty.KindConvert, by,
		)
		switch {
		case err != nil:
			return ledger.Command{}, nil, err
		case last.Conversion == nil:
			return ledger.Command{}, nil, ledger.NotFound("conversion")
		case replay:
			return ledger.Command{}, &ledger.Result{Entries: []loyalty.Entry{last}, Replayed: true}, nil
		}
		return ledger.Command{Program: p, Member: last.Member, By: by, Decide: ledger.Single(
			func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
				return share.ConvertBack(engine.Begin(p, acc, x.Now), last, n)
			},
		)}, nil, nil
	})
	if err != nil {
		return ConversionResult{}, err
	}
	return conversionResult(r), nil
}
