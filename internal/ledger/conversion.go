package ledger

import (
	"context"
	"errors"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
)

// A ConversionRequest requests the conversion of points of one wallet into points of another. The caller derives the
// ID.
type ConversionRequest struct {
	ID       string
	Member   loyalty.MemberID
	From, To string // wallets; empty for the points wallet
	Points   loyalty.Points
}

// A ConversionResult is a conversion as of one revision.
type ConversionResult struct {
	Member     loyalty.MemberID
	Conversion loyalty.Converted
	Entry      loyalty.Entry
	Replayed   bool
}

func conversionResult(e loyalty.Entry, replayed bool) ConversionResult {
	r := ConversionResult{Member: e.Member, Entry: e, Replayed: replayed}
	if e.Conversion != nil {
		r.Conversion = *e.Conversion
	}
	return r
}

// Convert converts points of one wallet into points of another. It handles repeated requests like Redeem.
func (l *Ledger) Convert(
	ctx context.Context, p *loyalty.Program, in ConversionRequest, by By,
) (ConversionResult, error) {
	e, replayed, err := l.once(
		ctx, p, in.Member, loyalty.CauseConversion, in.ID, by,
		func(acc loyalty.Account) (posting.Outcome, error) {
			return share.Convert(p, acc, in.ID, in.From, in.To, in.Points, l.now())
		},
	)
	return conversionResult(e, replayed), err
}

// Conversion reads the current state of a conversion. It returns not_found if there is none.
func (l *Ledger) Conversion(ctx context.Context, program, id string) (ConversionResult, error) {
	e, err := l.latest(ctx, program, loyalty.CauseConversion, id)
	if err == nil && e.Conversion == nil {
		err = notFound("conversion")
	}
	return conversionResult(e, false), err
}

// ConvertBack reverses a conversion by n points, or completely if n is zero, as far as the converted points are still
// available. Repeated with the same By.Input, it returns the first result.
func (l *Ledger) ConvertBack(
	ctx context.Context, p *loyalty.Program, id string, n loyalty.Points, by By,
) (ConversionResult, error) {
	for range attempts {
		last, replay, err := l.amendment(ctx, p.ID, loyalty.CauseConversion, id, loyalty.KindConvert, by)
		switch {
		case err != nil:
			return ConversionResult{}, err
		case last.Conversion == nil:
			return ConversionResult{}, notFound("conversion")
		case replay:
			return conversionResult(last, true), nil
		}
		entries, err := l.do(ctx, command{
			p: p, member: last.Member, by: by,
			decide: func(acc loyalty.Account, _ earn.Budgets) (posting.Outcome, error) {
				return share.ConvertBack(p, acc, last, n, l.now())
			},
		})
		if err == nil {
			return conversionResult(entries[0], false), nil
		}
		if !errors.As(err, new(taken)) {
			return ConversionResult{}, err
		}
	}
	return ConversionResult{}, ErrTryAgain
}
