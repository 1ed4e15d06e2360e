package redemptions

import (
	"context"
	"net/http"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// A ConversionBody requests to convert points of one wallet into another.
type ConversionBody struct {
	From   string        `json:"from"`
	To     string        `json:"to"`
	Points request.Whole `json:"points"`
}

// A UndoBody requests to reverse a conversion, in full or in part.
type UndoBody struct {
	Points request.Whole `json:"points"`
}

// walletName returns the name of a wallet in the API. Entries store an empty name for the main wallet, which the API
// calls posting.MainWallet.
func walletName(wallet string) string {
	if wallet == "" {
		return posting.MainWallet
	}
	return wallet
}

// somePoints checks a number of points that may be omitted. If present, it must be from 1 to loyalty.MaxPoints.
func somePoints(c *request.Check, p request.Place, w request.Whole) loyalty.Points {
	switch {
	case w.Given && w.N < 1:
		c.Fault(p, loyalty.AmountNotPositive, "This must be 1 or more.")
	case w.N > int64(loyalty.MaxPoints):
		c.Fault(p, loyalty.AmountOutOfRange, "points must be at most %d.", loyalty.MaxPoints)
	}
	return loyalty.Points(w.N)
}

func createConversion(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b ConversionBody
	var in service.ConversionRequest
	p, m, err := request.AskedMember(ctx, c, &b, func(faults *request.Check) {
		if faults.Required(request.At("from"), b.From != "") {
			in.From = request.Wallet(faults, request.At("from"), b.From)
		}
		if faults.Required(request.At("to"), b.To != "") {
			in.To = request.Wallet(faults, request.At("to"), b.To)
		}
		if faults.Required(request.At("points"), b.Points.Given) {
			in.Points = somePoints(faults, request.At("points"), b.Points)
		}
	})
	if err != nil {
		return request.Answer{}, err
	}
	in.ID, in.Member = request.DerivedID(c, "cv_", m), m
	by, err := request.By(c, in)
	if err != nil {
		return request.Answer{}, err
	}
	r, err := c.App.Conversions.Convert(ctx, p, in, by)
	if err != nil {
		return request.Answer{Replayed: r.Replayed}, err
	}
	return request.Answer{Status: http.StatusCreated, Body: wireConversion(r), Replayed: r.Replayed}, nil
}

func retrieveConversion(ctx context.Context, c *request.Call) (request.Answer, error) {
	r, err := c.App.Conversions.Get(ctx, c.Who.Program, c.Path("conversion"))
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wireConversion(r)}, nil
}

func reverseConversion(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b UndoBody
	var n loyalty.Points
	if err := c.Take(
		&b, func(faults *request.Check) { n = somePoints(faults, request.At("points"), b.Points) },
	); err != nil {
		return request.Answer{}, err
	}
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	by := request.ByKey(c)
	if n > 0 {
		by.Input += "." + c.Fingerprint("what", strconv.FormatInt(int64(n), 10))
	}
	r, err := c.App.Conversions.Reverse(ctx, p, c.Path("conversion"), n, by)
	if err != nil {
		return request.Answer{Replayed: r.Replayed}, err
	}
	return request.Answer{Body: wireConversion(r), Replayed: r.Replayed}, nil
}

func wireConversion(r service.ConversionResult) wire.Conversion {
	x := r.Conversion
	out := wire.Conversion{
		ID: x.ID, Member: string(r.Member), From: walletName(x.From), To: walletName(x.To),
		Points: int64(x.Points), Received: int64(x.Received), Reversed: int64(x.Reversed), Restored: int64(x.Returned),
		CreatedAt: x.At.UTC(), ReversibleUntil: request.Instant(x.ReversibleUntil),
	}
	if x.From == "" || x.To == "" {
		out.Balances = append(out.Balances,
			wire.WalletBalance{Wallet: posting.MainWallet, Balance: request.WireBalance(r.Entry.Balance)})
	}
	out.Balances = append(out.Balances, walletBalances(r.Entry)...)
	return out
}

// walletBalances returns the balances of the wallets that the entry changed, except the main wallet.
func walletBalances(e loyalty.Entry) (out []wire.WalletBalance) {
	for _, w := range e.Wallets {
		out = append(out, wire.WalletBalance{Wallet: w.Wallet, Balance: request.WireBalance(w.Balance)})
	}
	return out
}
