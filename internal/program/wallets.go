package program

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

// parseWallets reads the additional wallets. The main wallet is not listed in the file.
func parseWallets(c *document.Compiler, n *document.Node) (wallets []loyalty.Wallet) {
	c.Unique(n.List())
	for _, item := range n.List() {
		w := loyalty.Wallet{
			ID:      item.Get("id").Text(),
			Name:    c.WordsIf(item.Get("name")),
			Unit:    c.Units(item.Get("points")),
			Rates:   byCurrency(c, item.Get("earns"), (*document.Compiler).Rate),
			Pending: parseWait(c, item.Get("pending")),
			Expires: parseExpires(c, item.Get("expires")),
		}
		if w.ID == posting.MainWallet {
			c.Add(document.At(item.Get("id"), "is reserved for the main wallet; use another id"))
		}
		if w.Expires.Inactive {
			c.Add(
				document.At(
					item.Get("expires"), "cannot be used here: only points of the main wallet expire by inactivity",
				),
			)
		}
		if w.Pending.Until != "" {
			c.Add(
				document.At(
					item.Get("pending"),
					"cannot be used here: only points of the main wallet depend on the status of an order",
				),
			)
		}
		w.Clawback, w.MaxDebt = validate.Reach(c, item.Get("clawback"))
		for _, f := range item.Get("earns").Pairs() {
			orderedIn(c, document.AtKey(f, ""), loyalty.Currency(f.Key.Name))
		}
		wallets = append(wallets, w)
	}
	return wallets
}

// parseWallet reads a wallet ID. It returns an empty string for the main wallet.
func parseWallet(c *document.Compiler, n *document.Node) string {
	id := n.Text()
	if id == "" || id == posting.MainWallet {
		return ""
	}
	if _, ok := posting.Wallet(c.P.Wallets, id); !ok {
		ids := append([]string{posting.MainWallet}, otherWallets(c)...)
		c.Add(
			document.At(
				n, "%q is not a wallet; the wallets are %s", document.Clip(id), describe.Series(ids, "and"),
			).Suggest(nearest.Word(id, ids)),
		)
	}
	return id
}

// otherWallet reads a wallet ID. It rejects the main wallet.
func otherWallet(c *document.Compiler, n *document.Node) string {
	id := parseWallet(c, n)
	if id == "" && n.Text() != "" {
		c.Add(document.At(n, "requires a wallet listed under wallets"))
	}
	return id
}

// otherWallets returns the IDs of all wallets except the main wallet. It skips a wallet that has the reserved ID.
func otherWallets(c *document.Compiler) (ids []string) {
	for _, w := range c.P.Wallets {
		if w.ID != posting.MainWallet {
			ids = append(ids, w.ID)
		}
	}
	return ids
}

// parseConversions reads the conversions between wallets.
func parseConversions(c *document.Compiler, n *document.Node) (all []loyalty.Conversion) {
	c.Unique(n.List())
	for _, item := range n.List() {
		from, to := item.Get("from"), item.Get("to")
		x := loyalty.Conversion{
			ID:               item.Get("id").Text(),
			From:             parseWallet(c, from),
			To:               parseWallet(c, to),
			Rate:             parsePointsRate(c, item.Get("rate")),
			Min:              loyalty.Points(c.Integer(item.Get("min"), 1, int64(loyalty.MaxPoints))),
			Step:             loyalty.Points(c.Integer(item.Get("step"), 1, int64(loyalty.MaxPoints))),
			ReversibleWithin: validate.Some(c, item.Get("reversible_within")),
			Limits:           parseLimits(c, item.Get("limit")),
		}
		same := func(y loyalty.Conversion) bool { return y.From == x.From && y.To == x.To }
		switch {
		case to.Text() != "" && x.From == x.To:
			c.Add(document.At(to, "must be another wallet"))
		case slices.ContainsFunc(all, same):
			c.Add(document.At(item, "is a duplicate of another conversion between the same wallets"))
		}
		all = append(all, x)
	}
	return all
}

// circles rejects conversions and rewards that form a cycle, because points could return to the wallet where the cycle
// starts.
func circles(c *document.Compiler, root *document.Node) {
	section, id, found := strings.Cut(share.ConversionCycle(c.P.Conversions, c.P.Rewards), ".")
	if !found {
		return
	}
	for _, item := range root.Get(section).List() {
		if item.Get("id").Text() == id {
			c.Add(
				document.At(
					item.Get("id"),
					"closes a circle, in which points could avoid expiry; use reversible_within to allow reversals",
				),
			)
		}
	}
}

// parsePointsRate reads an exchange rate between the points of two wallets, such as "2 per 3". It returns nil if there
// is none.
func parsePointsRate(c *document.Compiler, n *document.Node) *big.Rat {
	if n == nil {
		return nil
	}
	gives, per, _ := strings.Cut(n.Text(), " per ")
	x, err := strconv.ParseInt(gives, 10, 64)
	y, err2 := strconv.ParseInt(per, 10, 64)
	switch {
	case err != nil || err2 != nil:
		c.Malformed(n, "points_rate")
		return nil
	case x == 0 || y == 0:
		c.Add(document.At(n, "both numbers must be above 0"))
		return nil
	}
	return big.NewRat(x, y)
}

// parseWalletPrices reads the prices of a reward in points of other wallets.
func parseWalletPrices(c *document.Compiler, n *document.Node) map[string]loyalty.Points {
	if n == nil {
		return nil
	}
	prices := map[string]loyalty.Points{}
	for _, f := range n.Pairs() {
		id := f.Key.Name
		if _, ok := posting.Wallet(c.P.Wallets, id); !ok {
			others := otherWallets(c)
			has := cmp.Or(describe.Series(others, "and"), "none")
			c.Add(
				document.AtKey(
					f, "%q is not another wallet; the program has %s", document.Clip(id), has,
				).Suggest(nearest.Word(id, others)),
			)
		}
		prices[id] = loyalty.Points(c.Integer(f, 1, int64(loyalty.MaxPoints)))
	}
	return prices
}
