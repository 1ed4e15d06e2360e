package validate

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/program/document"
)

// Accepts reports whether orders in a currency are accepted. Other orders are rejected.
func Accepts(c *document.Compiler, code loyalty.Currency) bool {
	if _, ok := c.P.Earn.Rates[code]; ok {
		return true
	}
	for _, r := range c.P.Exchange.Rates {
		if _, ok := r.Rates[code]; ok {
			return true
		}
	}
	return false
}

// generous is the highest plausible ratio of the value of points to the money spent to earn them: one half. A higher
// ratio is probably a mistake.
var generous = big.NewRat(1, 2)

// returns compares the value of rewards, payments with points and entry bonuses with the money that members must spend
// to earn the points. A value above half of this money is a warning. A value above the setting redemption.max_return
// (by default, 100% of this money) is an error. The comparison assumes that points are earned at the base rate of the
// reward's currency, and that points move between wallets through conversions and rewards of type wallet_points.
func returns(c *document.Compiler, root *document.Node) {
	most := big.NewRat(1, 1)
	if n := root.Get("redemption").Get("max_return"); n != nil {
		if most = maxReturn(c, n); most == nil {
			return
		}
	}
	check := func(n *document.Node, share *big.Rat, what string) {
		percent := new(big.Rat).Mul(share, big.NewRat(100, 1)).FloatString(0)
		switch {
		case share.Cmp(most) > 0:
			c.Add(document.At(n, "returns %s%% of the spending that earns %s; redemption.max_return allows %s%%",
				percent, what, new(big.Rat).Mul(most, big.NewRat(100, 1)).FloatString(0)))
		case share.Cmp(generous) > 0:
			c.Warn(document.At(n, "returns %s%% of the spending that earns %s", percent, what))
		}
	}
	rewardReturns(c, root.Get("rewards"), check)
	for _, f := range root.Get("redemption").Get("pay").Get("rates").Pairs() {
		code := loyalty.Currency(f.Key.Name)
		earned, value := earned(c, code)[""], payValue(c.P.Redemption.Pay.Rates[code])
		if earned != nil && value != nil {
			check(f, new(big.Rat).Mul(earned, value), "the points")
		}
	}
	bonusReturns(c, root.Get("tiers"), c.P.Tiers, check)
	for i, item := range root.Get("tier_groups").List() {
		bonusReturns(c, item, c.P.TierGroups[i].Tiers, check)
	}
}

// maxReturn reads the setting max_return: a percentage, which may exceed 100.
func maxReturn(c *document.Compiler, n *document.Node) *big.Rat {
	r, ok := document.Decimal(strings.TrimSuffix(n.Text(), "%"))
	if !ok || r.Sign() == 0 || !strings.HasSuffix(n.Text(), "%") {
		c.Malformed(n, "max_return")
		return nil
	}
	return r.Quo(r, big.NewRat(100, 1))
}

// rewardReturns checks each reward that has a monetary value. It compares this value with the lowest price of the
// reward.
func rewardReturns(c *document.Compiler, n *document.Node, check func(n *document.Node, share *big.Rat, what string)) {
	for i, item := range n.List() {
		r := c.P.Rewards[i]
		if r.Type != "amount_off" && r.Type != "gift_card" || item.Get("value") == nil {
			continue
		}
		earned := earned(c, r.Value.Currency)
		best, points := new(big.Rat), loyalty.Points(0)
		for wallet, least := range leastPrices(r) {
			if per := earned[wallet]; per != nil && least > 0 {
				share := new(big.Rat).Mul(per, big.NewRat(r.Value.Amount, int64(least)))
				if share.Cmp(best) > 0 {
					best, points = share, least
				}
			}
		}
		check(item.Get("value"), best, "its "+strconv.FormatInt(int64(points), 10)+" points")
	}
}

// leastPrices returns the lowest price of a reward in each wallet.
func leastPrices(r loyalty.Reward) map[string]loyalty.Points {
	least := map[string]loyalty.Points{"": slices.Min(r.Costs())}
	for wallet, n := range r.Wallets {
		least[wallet] = n
	}
	return least
}

// earned returns, for each wallet, the maximum number of points that one minor unit of a currency earns, directly or
// through another wallet. It omits wallets that orders in that currency cannot reach.
func earned(c *document.Compiler, code loyalty.Currency) map[string]*big.Rat {
	earned := map[string]*big.Rat{}
	raise := func(wallet string, n *big.Rat) {
		if was := earned[wallet]; was == nil || was.Cmp(n) < 0 {
			earned[wallet] = n
		}
	}
	if r, ok := perMinor(c, c.P.Earn.Rates, code); ok {
		raise("", r)
	}
	for _, w := range c.P.Wallets {
		if r, ok := perMinor(c, w.Rates, code); ok {
			raise(w.ID, r)
		}
	}
	for range len(c.P.Wallets) { // a path passes each wallet at most once, because circular conversions are rejected
		for _, x := range c.P.Conversions {
			if from := earned[x.From]; from != nil && x.Rate != nil {
				raise(x.To, new(big.Rat).Mul(from, x.Rate))
			}
		}
		for _, r := range c.P.Rewards {
			if r.Type != "wallet_points" {
				continue
			}
			for wallet, least := range leastPrices(r) {
				if from := earned[wallet]; from != nil && least > 0 {
					raise(r.Wallet, new(big.Rat).Mul(from, big.NewRat(int64(r.Points), int64(least))))
				}
			}
		}
	}
	return earned
}

// perMinor returns the points that one minor unit of a currency earns. If the currency has no earning rate, it uses the
// newest exchange rate.
func perMinor(c *document.Compiler, rates map[loyalty.Currency]loyalty.Rate, code loyalty.Currency) (*big.Rat, bool) {
	if r, ok := rates[code]; ok {
		return ratePerMinor(r)
	}
	base, ok := rates[c.P.Exchange.Base]
	per, sound := ratePerMinor(base)
	from, known := code.Exponent()
	to, known2 := c.P.Exchange.Base.Exponent()
	if !ok || !sound || !known || !known2 {
		return nil, false
	}
	for _, x := range slices.Backward(c.P.Exchange.Rates) {
		if rate := x.Rates[code]; rate != nil {
			per = new(big.Rat).Mul(per, rate)
			for ; from < to; from++ {
				per.Mul(per, big.NewRat(10, 1))
			}
			for ; from > to; from-- {
				per.Quo(per, big.NewRat(10, 1))
			}
			return per, true
		}
	}
	return nil, false
}

func ratePerMinor(r loyalty.Rate) (*big.Rat, bool) {
	if r.Points == nil || r.Per < 1 {
		return nil, false
	}
	return new(big.Rat).Quo(r.Points, big.NewRat(r.Per, 1)), true
}

// payValue returns the value of one point as payment, in minor units. It returns nil if orders cannot be paid with
// points.
func payValue(r loyalty.Rate) *big.Rat {
	if r.Points == nil || r.Points.Sign() <= 0 {
		return nil
	}
	return new(big.Rat).Quo(big.NewRat(r.Per, 1), r.Points)
}

// worths returns the maximum value of one point of each wallet, in minor units of a currency.
func worths(c *document.Compiler, code loyalty.Currency) map[string]*big.Rat {
	worth := map[string]*big.Rat{}
	raise := func(wallet string, n *big.Rat) {
		if was := worth[wallet]; n != nil && (was == nil || was.Cmp(n) < 0) {
			worth[wallet] = n
		}
	}
	raise("", payValue(c.P.Redemption.Pay.Rates[code]))
	for range len(c.P.Wallets) + 1 {
		for _, r := range c.P.Rewards {
			gives := rewardWorth(r, code, worth)
			if gives == nil {
				continue
			}
			for wallet, least := range leastPrices(r) {
				if least > 0 {
					raise(wallet, new(big.Rat).Quo(gives, big.NewRat(int64(least), 1)))
				}
			}
		}
		for _, x := range c.P.Conversions {
			if to := worth[x.To]; to != nil && x.Rate != nil {
				raise(x.From, new(big.Rat).Mul(to, x.Rate))
			}
		}
	}
	return worth
}

// rewardWorth returns the value of a reward in minor units of a currency, or nil if it has no value in that currency.
// The argument worth contains the value of one point of each wallet.
func rewardWorth(r loyalty.Reward, code loyalty.Currency, worth map[string]*big.Rat) *big.Rat {
	switch {
	case (r.Type == "amount_off" || r.Type == "gift_card") && r.Value.Currency == code:
		return big.NewRat(r.Value.Amount, 1)
	case r.Type == "wallet_points" && worth[r.Wallet] != nil:
		return new(big.Rat).Mul(worth[r.Wallet], big.NewRat(int64(r.Points), 1))
	}
	return nil
}

// bonusReturns compares the sum of the entry bonuses up to each level with the money that members must spend to reach
// that level.
func bonusReturns(
	c *document.Compiler, item *document.Node, t loyalty.Tiers,
	check func(n *document.Node, share *big.Rat, what string),
) {
	sum := loyalty.Points(0)
	for i, level := range item.Get("levels").List() {
		l := t.Levels[i]
		if sum += l.EntryBonus; l.EntryBonus == 0 || i == 0 {
			continue
		}
		best := new(big.Rat)
		for code := range c.P.Earn.Rates {
			spend, worth := spendFor(c, t, l, code), worths(c, code)[""]
			if spend == nil || worth == nil || spend.Sign() <= 0 {
				continue
			}
			share := new(big.Rat).Mul(worth, big.NewRat(int64(sum), 1))
			if share.Quo(share, spend); share.Cmp(best) > 0 {
				best = share
			}
		}
		check(cmp.Or(level.Get("entry_bonus"), level.Get("points")), best, "level "+l.ID)
	}
}

// spendFor returns the smallest total of orders that is sufficient to reach a level, in minor units of a currency. It
// returns nil if this is unknown, for example if levels depend on the number of orders.
func spendFor(c *document.Compiler, t loyalty.Tiers, l loyalty.Level, code loyalty.Currency) *big.Rat {
	if len(t.Ways) == 0 {
		return metricSpend(c, t, loyalty.Need{By: t.By, From: l.From}, code)
	}
	var least *big.Rat
	for _, way := range t.Ways {
		var most *big.Rat // the largest amount that a metric requires; the path requires all of its metrics
		for _, n := range l.Needs {
			if !slices.Contains(way, n.By) {
				continue
			}
			if x := metricSpend(c, t, n, code); x != nil && (most == nil || most.Cmp(x) < 0) {
				most = x
			}
		}
		if most == nil {
			return nil // a member could reach the level on this path at an unknown cost
		}
		if least == nil || most.Cmp(least) < 0 {
			least = most
		}
	}
	return least
}

// metricSpend returns the total of orders in a currency that is necessary to reach the threshold of one metric. It
// returns nil if this is unknown.
func metricSpend(c *document.Compiler, t loyalty.Tiers, n loyalty.Need, code loyalty.Currency) *big.Rat {
	switch n.By {
	case loyalty.BySpend:
		if t.Currency == code {
			return big.NewRat(n.From, 1)
		}
	case loyalty.ByPointsEarned:
		if per, ok := perMinor(c, c.P.Earn.Rates, code); ok && per.Sign() > 0 {
			return new(big.Rat).Quo(big.NewRat(n.From, 1), per)
		}
	}
	return nil
}

// takeBack maps the clawback policies of the program file to their constants. The default is debt.
var takeBack = map[string]loyalty.ClawbackPolicy{
	"within_balance": loyalty.ClawbackWithinBalance,
	"pending_only":   loyalty.ClawbackPendingOnly,
	"unlimited":      loyalty.ClawbackUnlimited,
}

// Refunds reads the clawback policy and the maximum debt of the main wallet.
func Refunds(c *document.Compiler, n *document.Node) {
	c.P.Clawback, c.P.MaxDebt = Reach(c, n)
}

// Reach reads a clawback policy and the maximum debt, for the main wallet or for another one.
func Reach(c *document.Compiler, n *document.Node) (loyalty.ClawbackPolicy, loyalty.Points) {
	far, most := takeBack[n.Get("policy").Text()], n.Get("max_debt")
	if most != nil && far != loyalty.ClawbackDebt {
		c.Add(document.AtKey(most, "has no effect with policy: %s; only debt has a maximum", n.Get("policy").Text()))
	}
	return far, loyalty.Points(c.Integer(most, 1, int64(loyalty.MaxPoints)))
}

// Promises reads the goodwill terms. It also reads the period after a change of a birthday, in which the birthday
// cannot be changed again, and the period after a change of an email address, in which points cannot be used.
func Promises(c *document.Compiler, root *document.Node) {
	c.P.Goodwill.Reinstate = Some(c, root.Get("goodwill").Get("reinstate_within"))
	c.P.Goodwill.Extend = Some(c, root.Get("goodwill").Get("extend_by"))
	c.P.BirthdayLock = Some(c, root.Get("members").Get("birthday_change_cooldown"))
	hold := root.Get("fraud").Get("email_change_hold")
	if c.P.Fraud.NoEmailChangeHold = hold.Text() == "none"; !c.P.Fraud.NoEmailChangeHold {
		c.P.Fraud.EmailChangeHold = Some(c, hold)
	}
}

// Some reads a period that must not be zero. A file that needs no period omits the key.
func Some(c *document.Compiler, n *document.Node) calendar.Period {
	p := c.Period(n)
	if p.IsZero() && document.DurationForm.MatchString(n.Text()) {
		c.Add(document.At(n, "%s is not above 0; omit the key instead", n.Value))
	}
	return p
}
