package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

type conversionBody struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Points whole  `json:"points"`
}

type undoBody struct {
	Points whole `json:"points"`
}

// wallet checks a wallet ID and returns it as the program's rules name it: the main wallet is the empty string.
func (c *check) wallet(p place, id string) string {
	c.id(p, id)
	if id == posting.MainWallet {
		return ""
	}
	return id
}

// walletName returns the wallet's name in the API: the main wallet has the name posting.MainWallet.
func walletName(wallet string) string {
	if wallet == "" {
		return posting.MainWallet
	}
	return wallet
}

// somePoints checks the points of a request, if present: they must be 1 to loyalty.MaxPoints.
func (c *check) somePoints(p place, w whole) loyalty.Points {
	switch {
	case w.given && w.n < 1:
		c.fault(p, loyalty.AmountNotPositive, "This must be 1 or more.")
	case w.n > int64(loyalty.MaxPoints):
		c.fault(p, loyalty.AmountOutOfRange, "points must be at most %d.", loyalty.MaxPoints)
	}
	return loyalty.Points(w.n)
}

func convertPoints(ctx context.Context, c *call) (answer, error) {
	var b conversionBody
	var in ledger.ConversionRequest
	p, m, err := c.asked(ctx, &b, func(faults *check) {
		if faults.required(at("from"), b.From != "") {
			in.From = faults.wallet(at("from"), b.From)
		}
		if faults.required(at("to"), b.To != "") {
			in.To = faults.wallet(at("to"), b.To)
		}
		if faults.required(at("points"), b.Points.given) {
			in.Points = faults.somePoints(at("points"), b.Points)
		}
	})
	if err != nil {
		return answer{}, err
	}
	in.ID, in.Member = c.derivedID("cv_", m), m
	by, err := c.by(in)
	if err != nil {
		return answer{}, err
	}
	r, err := c.app.Ledger.Convert(ctx, p, in, by)
	if err != nil {
		return answer{replayed: r.Replayed}, err
	}
	return answer{status: http.StatusCreated, body: wireConversion(r), replayed: r.Replayed}, nil
}

func getConversion(ctx context.Context, c *call) (answer, error) {
	r, err := c.app.Ledger.Conversion(ctx, c.who.Program, c.path("conversion"))
	if err != nil {
		return answer{}, err
	}
	return answer{body: wireConversion(r)}, nil
}

func undoConversion(ctx context.Context, c *call) (answer, error) {
	var b undoBody
	var n loyalty.Points
	if err := c.take(&b, func(faults *check) { n = faults.somePoints(at("points"), b.Points) }); err != nil {
		return answer{}, err
	}
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	by := c.byKey()
	if n > 0 {
		by.Input += "." + fingerprint("what", strconv.FormatInt(int64(n), 10))
	}
	r, err := c.app.Ledger.ConvertBack(ctx, p, c.path("conversion"), n, by)
	if err != nil {
		return answer{replayed: r.Replayed}, err
	}
	return answer{body: wireConversion(r), replayed: r.Replayed}, nil
}

func wireConversion(r ledger.ConversionResult) wire.Conversion {
	x := r.Conversion
	out := wire.Conversion{
		ID: x.ID, Member: string(r.Member), From: walletName(x.From), To: walletName(x.To),
		Points: int64(x.Points), Received: int64(x.Received), Reversed: int64(x.Reversed), Restored: int64(x.Returned),
		CreatedAt: x.At.UTC(), ReversibleUntil: instant(x.ReversibleUntil),
	}
	if x.From == "" || x.To == "" {
		out.Balances = append(out.Balances,
			wire.WalletBalance{Wallet: posting.MainWallet, Balance: wireBalance(r.Entry.Balance)})
	}
	out.Balances = append(out.Balances, walletBalances(r.Entry)...)
	return out
}

// walletBalances returns the balances of the wallets that the entry changed, without the main wallet.
func walletBalances(e loyalty.Entry) (out []wire.WalletBalance) {
	for _, w := range e.Wallets {
		out = append(out, wire.WalletBalance{Wallet: w.Wallet, Balance: wireBalance(w.Balance)})
	}
	return out
}
