package ledger

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
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

func conversionResult(r Result) ConversionResult {
	e := r.entry()
	c := ConversionResult{Member: e.Member, Entry: e, Replayed: r.Replayed}
	if e.Conversion != nil {
		c.Conversion = *e.Conversion
	}
	return c
}

// Convert converts points of one wallet into points of another. It handles repeated requests as Redeem does.
func (l *Ledger) Convert(
	ctx context.Context, p *loyalty.Program, in ConversionRequest, by By,
) (ConversionResult, error) {
	r, err := l.Execute(ctx, once(
		p, in.Member, loyalty.CauseConversion, in.ID, by,
		func(acc loyalty.Account, x inputs) (posting.Outcome, error) {
			return share.Convert(p, acc, in.ID, in.From, in.To, in.Points, x.now)
		},
	))
	return conversionResult(r), err
}

// Conversion reads the current state of a conversion. It returns not_found if there is none.
func (l *Ledger) Conversion(ctx context.Context, program, id string) (ConversionResult, error) {
	e, err := l.latest(ctx, program, loyalty.CauseConversion, id)
	if err == nil && e.Conversion == nil {
		err = notFound("conversion")
	}
	return conversionResult(Result{Entries: []loyalty.Entry{e}}), err
}

// ConvertBack reverses a conversion by n points, or completely if n is zero, as far as the converted points are still
// available. Repeated with the same By.Input, it returns the first result.
func (l *Ledger) ConvertBack(
	ctx context.Context, p *loyalty.Program, id string, n loyalty.Points, by By,
) (ConversionResult, error) {
	r, err := l.executePrepared(ctx, func(ctx context.Context) (Command, *Result, error) {
		last, replay, err := l.amendment(ctx, p.ID, loyalty.CauseConversion, id, loyalty.KindConvert, by)
		switch {
		case err != nil:
			return Command{}, nil, err
		case last.Conversion == nil:
			return Command{}, nil, notFound("conversion")
		case replay:
			return Command{}, &Result{[]loyalty.Entry{last}, true}, nil
		}
		return Command{p: p, member: last.Member, by: by, decide: single(
			func(acc loyalty.Account, x inputs) (posting.Outcome, error) {
				return share.ConvertBack(p, acc, last, n, x.now)
			},
		)}, nil, nil
	})
	if err != nil {
		return ConversionResult{}, err
	}
	return conversionResult(r), nil
}
