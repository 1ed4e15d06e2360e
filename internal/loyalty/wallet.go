package loyalty

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// A Wallet is an additional kind of points, such as miles. It has a separate expiry and clawback policy, never counts
// toward a level, and is spent on rewards that have a price in it.
type Wallet struct {
	ID       string
	Name     Text
	Unit     Units
	Rates    map[Currency]Rate // what orders earn in it for earning goods, in addition to points; may be empty
	Pending  Wait              // must not set Until: a missing delivery does not forfeit these points
	Expires  Expiry            // must not set Inactive: only points of the main wallet expire by inactivity
	Clawback ClawbackPolicy
	MaxDebt  Points
}

// MainWallet is the name of the main wallet, that of points, in requests and messages. In decisions its ID is empty.
const MainWallet = "points"

// MaxWallets limits the wallets of a program, and so the size of accounts.
const MaxWallets = 8

const walletsPrefix = "wallets."

// Key returns the key of the wallet among the rules, for its grants and reasons.
func (w *Wallet) Key() string { return walletsPrefix + w.ID }

// Wallet returns the wallet with an ID. It returns false if there is none, and for the main wallet.
func (p *Program) Wallet(id string) (Wallet, bool) {
	at := slices.IndexFunc(p.Wallets, func(w Wallet) bool { return w.ID == id })
	if at < 0 {
		return Wallet{}, false
	}
	return p.Wallets[at], true
}

// A Purse is a member's holdings in one wallet.
type Purse struct {
	Wallet string // the wallet's ID; empty for the main wallet
	Lots   []Lot  // active points, earliest expiry first and points that never expire last; no empty lots
	Debt   Points // points that a clawback could not take; the next active points pay it

	// ExpiredLots are recently expired points that no clawback has written off, by the lot's day. There are at most
	// maxLapsed lots.
	ExpiredLots []Lot

	Earned, Redeemed, Expired Points // lifetime totals under rules, without adjustments and clawbacks
}

// isEmpty reports whether a purse has nothing to remember.
func (p Purse) isEmpty() bool {
	return len(p.Lots) == 0 && len(p.ExpiredLots) == 0 && p.Debt == 0 &&
		p.Earned == 0 && p.Redeemed == 0 && p.Expired == 0
}

// In returns the member's holdings in a wallet.
func (a Account) In(wallet string) Purse {
	if wallet == "" {
		return a.Purse
	}
	if at, found := a.purseAt(wallet); found {
		return a.Purses[at]
	}
	return Purse{Wallet: wallet}
}

func (a Account) purseAt(wallet string) (at int, found bool) {
	return slices.BinarySearchFunc(a.Purses, wallet, func(x Purse, id string) int {
		return strings.Compare(x.Wallet, id)
	})
}

// purse returns a wallet's purse for changes. It copies the slice of purses, which other accounts may share.
func (a *Account) purse(wallet string) *Purse {
	if wallet == "" {
		return &a.Purse
	}
	at, found := a.purseAt(wallet)
	a.Purses = slices.Clone(a.Purses)
	if !found {
		a.Purses = slices.Insert(a.Purses, at, Purse{Wallet: wallet})
	}
	return &a.Purses[at]
}

// purses yields all purses, the main one first.
func (a *Account) purses() iter.Seq[Purse] {
	return func(yield func(Purse) bool) {
		if !yield(a.Purse) {
			return
		}
		for _, x := range a.Purses {
			if !yield(x) {
				return
			}
		}
	}
}

// BalanceOf returns the balance of one wallet in the present state of the account. Advance the account first.
func (a Account) BalanceOf(wallet string) Balance {
	purse := a.In(wallet)
	b := Balance{Active: total(purse.Lots), Debt: purse.Debt}
	for _, p := range a.Pending {
		if p.Wallet == wallet {
			b.Pending += p.Points
		}
	}
	for _, h := range a.Holds {
		if h.Redemption.Wallet == wallet {
			b.Reserved += h.Points()
		}
	}
	return b
}

// A WalletChange is the effect of an entry on a wallet other than the main one.
type WalletChange struct {
	Wallet  string
	Points  Points  // the change of active + pending - debt
	Balance Balance // the balance after the entry
}

// walletChanges returns the effects of postings on wallets other than the main one, sorted by wallet ID, with the
// balances after them.
func (a Account) walletChanges(postings []Posting) (out []WalletChange) {
	for _, p := range postings {
		if p.Wallet == "" {
			continue
		}
		at, found := slices.BinarySearchFunc(out, p.Wallet, func(x WalletChange, id string) int {
			return strings.Compare(x.Wallet, id)
		})
		if !found {
			out = slices.Insert(out, at, WalletChange{Wallet: p.Wallet, Balance: a.BalanceOf(p.Wallet)})
		}
		if p.Bucket.counts() {
			out[at].Points += p.Points
		}
	}
	return out
}

// balanced reports whether postings sum to 0 in each wallet.
func balanced(postings []Posting) bool {
	var main Points
	var others map[string]Points
	for _, p := range postings {
		if p.Wallet == "" {
			main += p.Points
			continue
		}
		if others == nil {
			others = map[string]Points{}
		}
		others[p.Wallet] += p.Points
	}
	for _, sum := range others {
		if sum != 0 {
			return false
		}
	}
	return main == 0
}

// takeBack returns the clawback policy of a wallet and its maximum debt, where 0 means no limit.
func (p *Program) takeBack(wallet string) (ClawbackPolicy, Points) {
	if w, ok := p.Wallet(wallet); ok {
		return w.Clawback, w.MaxDebt
	}
	return p.Clawback, p.MaxDebt
}

// expiry returns how long points live that a member with a level receives in a wallet, unless their rule has another
// expiry.
func (p *Program) expiry(wallet, level string) Expiry {
	if w, ok := p.Wallet(wallet); ok {
		return w.Expires
	}
	_, expiry := p.life("", level)
	return expiry
}

// noWallet returns the error for a wallet that the program does not have.
func (p *Program) noWallet(pointer string) error {
	names := []string{MainWallet}
	for _, w := range p.Wallets {
		names = append(names, w.ID)
	}
	return refuse(ValidationFailed, pointer, "Unknown wallet. The program has "+strings.Join(names, ", ")+".")
}

// units returns the plural name of a wallet's points.
func (p *Program) units(wallet string) string {
	name := p.Unit.Other.In("en")
	if w, ok := p.Wallet(wallet); ok {
		name = w.Unit.Other.In("en")
	}
	if name == "" {
		return "points"
	}
	return name
}

func (p *Program) compileWallets() error {
	if len(p.Wallets) > MaxWallets {
		return fmt.Errorf("there are %d wallets; the limit is %d", len(p.Wallets), MaxWallets)
	}
	p.compiled.wallets = map[string]map[Currency]compiledRate{}
	for i := range p.Wallets {
		w := &p.Wallets[i]
		switch {
		case w.ID == "" || w.ID == MainWallet || p.compiled.wallets[w.ID] != nil:
			return fmt.Errorf("wallet %q has an invalid id or is a duplicate", w.ID)
		case w.Expires.Inactive || w.Pending.Until != "":
			return errors.New("the points of wallet " + w.ID + " cannot expire by inactivity or become active with an order")
		case len(w.Pending.On) > MaxDays || len(w.Expires.On) > MaxDays:
			return fmt.Errorf("expiry dates must be at most %d days of the year", MaxDays)
		}
		rates := map[Currency]compiledRate{}
		for c, r := range w.Rates {
			if _, ok := c.Exponent(); !ok || r.Per <= 0 || r.Points.Sign() < 0 {
				return fmt.Errorf("the rate of %q must be above 0", c)
			}
			rates[c] = r.compile(c)
		}
		p.compiled.wallets[w.ID] = rates
	}
	return nil
}

// walletWorth adds what an order earns in wallets: the wallet's rate for the amount that was paid for earning goods,
// with earning tenders and less refunds, rounded down.
func (w *worth) walletWorth(p *Program, v *valuation) error {
	for i := range p.Wallets {
		wallet := &p.Wallets[i]
		rate, ok := p.compiled.wallets[wallet.ID][v.currency]
		if !ok {
			continue
		}
		if slices.Contains(v.s.Missing, wallet.Key()) {
			w.because = append(w.because, missingReason(wallet.Key(), wallet.Key()))
			continue
		}
		v.prepare()
		n, fits := rate.gives(v.all.amount).round(Down)
		if !fits && v.all.amount.sign() > 0 {
			return refuse(AmountOutOfRange, "", "The order would earn more points than one operation may move.")
		}
		n = max(0, n)
		w.inWallets = append(w.inWallets, owned{wallet.Key(), n})
		why := func(x exact, what ReasonKind, args ...string) {
			if x.sign() != 0 {
				w.because = append(w.because, Reason{
					Wallet: wallet.ID, Rule: wallet.Key(), Kind: what, Args: args, Points: x.String(),
				})
			}
		}
		gives := rate.gives(v.all.amount)
		why(gives, IsRated, amountText(v.all.amount, v.currency), rate.text)
		why(whole(int64(n)).sub(gives), IsRounded, Down.String())
	}
	return nil
}
