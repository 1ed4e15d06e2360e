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
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// wallets reads the wallets in addition to the main wallet.
func (c *compiler) wallets(n *node) (wallets []loyalty.Wallet) {
	c.unique(n.list())
	for _, item := range n.list() {
		w := loyalty.Wallet{
			ID:      item.get("id").text(),
			Name:    c.wordsIf(item.get("name")),
			Unit:    c.units(item.get("points")),
			Rates:   byCurrency(c, item.get("earns"), c.rate),
			Pending: c.wait(item.get("pending")),
			Expires: c.expires(item.get("expires")),
		}
		if w.ID == posting.MainWallet {
			c.add(at(item.get("id"), "is reserved for the main wallet; use another id"))
		}
		if w.Expires.Inactive {
			c.add(at(item.get("expires"), "cannot be used here: only points of the main wallet expire by inactivity"))
		}
		if w.Pending.Until != "" {
			c.add(at(item.get("pending"), "cannot be used here: only points of the main wallet depend on the status of an order"))
		}
		w.Clawback, w.MaxDebt = c.reach(item.get("clawback"))
		for _, f := range item.get("earns").pairs() {
			c.orderedIn(atKey(f, ""), loyalty.Currency(f.key.name))
		}
		wallets = append(wallets, w)
	}
	return wallets
}

// wallet reads a wallet ID. It returns the empty string for the main wallet.
func (c *compiler) wallet(n *node) string {
	id := n.text()
	if id == "" || id == posting.MainWallet {
		return ""
	}
	if _, ok := posting.Wallet(c.p, id); !ok {
		ids := append([]string{posting.MainWallet}, c.otherWallets()...)
		c.add(at(n, "%q is not a wallet; the wallets are %s", clip(id), series(ids, "and")).Suggest(nearest.Word(id, ids)))
	}
	return id
}

// otherWallet reads a wallet ID and rejects the main wallet.
func (c *compiler) otherWallet(n *node) string {
	id := c.wallet(n)
	if id == "" && n.text() != "" {
		c.add(at(n, "requires a wallet listed under wallets"))
	}
	return id
}

// otherWallets returns the IDs of all wallets except the main wallet. A wallet with the reserved ID is skipped.
func (c *compiler) otherWallets() (ids []string) {
	for _, w := range c.p.Wallets {
		if w.ID != posting.MainWallet {
			ids = append(ids, w.ID)
		}
	}
	return ids
}

// conversions reads the conversions between wallets.
func (c *compiler) conversions(n *node) (all []loyalty.Conversion) {
	c.unique(n.list())
	for _, item := range n.list() {
		from, to := item.get("from"), item.get("to")
		x := loyalty.Conversion{
			ID:               item.get("id").text(),
			From:             c.wallet(from),
			To:               c.wallet(to),
			Rate:             c.pointsRate(item.get("rate")),
			Min:              loyalty.Points(c.integer(item.get("min"), 1, int64(loyalty.MaxPoints))),
			Step:             loyalty.Points(c.integer(item.get("step"), 1, int64(loyalty.MaxPoints))),
			ReversibleWithin: c.some(item.get("reversible_within")),
			Limits:           c.limits(item.get("limit")),
		}
		same := func(y loyalty.Conversion) bool { return y.From == x.From && y.To == x.To }
		switch {
		case to.text() != "" && x.From == x.To:
			c.add(at(to, "must be another wallet"))
		case slices.ContainsFunc(all, same):
			c.add(at(item, "is a duplicate of another conversion between the same wallets"))
		}
		all = append(all, x)
	}
	return all
}

// circles rejects conversions and rewards that would let points return to the wallet that they left.
func (c *compiler) circles(root *node) {
	section, id, found := strings.Cut(share.ConversionCycle(c.p), ".")
	if !found {
		return
	}
	for _, item := range root.get(section).list() {
		if item.get("id").text() == id {
			c.add(at(item.get("id"), "closes a circle, in which points could avoid expiry; use reversible_within to allow reversals"))
		}
	}
}

// pointsRate reads an exchange rate between wallets, like "2 per 3". It returns nil if there is none.
func (c *compiler) pointsRate(n *node) *big.Rat {
	if n == nil {
		return nil
	}
	gives, per, _ := strings.Cut(n.text(), " per ")
	x, err := strconv.ParseInt(gives, 10, 64)
	y, err2 := strconv.ParseInt(per, 10, 64)
	switch {
	case err != nil || err2 != nil:
		c.malformed(n, "points_rate")
		return nil
	case x == 0 || y == 0:
		c.add(at(n, "both numbers must be above 0"))
		return nil
	}
	return big.NewRat(x, y)
}

// walletPrices reads the prices of a reward in other wallets.
func (c *compiler) walletPrices(n *node) map[string]loyalty.Points {
	if n == nil {
		return nil
	}
	prices := map[string]loyalty.Points{}
	for _, f := range n.pairs() {
		id := f.key.name
		if _, ok := posting.Wallet(c.p, id); !ok {
			others := c.otherWallets()
			has := cmp.Or(series(others, "and"), "none")
			c.add(atKey(f, "%q is not another wallet; the program has %s", clip(id), has).Suggest(nearest.Word(id, others)))
		}
		prices[id] = loyalty.Points(c.integer(f, 1, int64(loyalty.MaxPoints)))
	}
	return prices
}
