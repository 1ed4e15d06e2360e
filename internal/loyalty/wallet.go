package loyalty

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Wallet is a second kind of points beside those that every program has: miles, say. It has a life and a policy of
// its own, never counts towards a level, and is spent on rewards that have a price in it.
type Wallet struct {
	ID       string
	Name     Text
	Unit     Units
	Rates    map[Currency]Rate // what orders earn in it, beside points, on what was paid for goods that earn; may be empty
	Pending  Wait              // no Until: what an order gives in it is not undone by a parcel that never comes
	Expires  Expiry            // not Inactive: one day slides in an account, that of points
	Clawback ClawbackPolicy
	MaxDebt  Points
}

// MainWallet is what the wallet of points is called beside the others. In decisions its id is empty.
const MainWallet = "points"

// MaxWallets bounds the wallets of a program, and so the size of accounts.
const MaxWallets = 8

const walletsPrefix = "wallets."

// Key names the wallet among the rules: its grants and reasons.
func (w *Wallet) Key() string { return walletsPrefix + w.ID }

// Wallet finds a wallet by id; false also for that of points.
func (p *Program) Wallet(id string) (Wallet, bool) {
	at := slices.IndexFunc(p.Wallets, func(w Wallet) bool { return w.ID == id })
	if at < 0 {
		return Wallet{}, false
	}
	return p.Wallets[at], true
}

// A Purse is what a member has in one wallet.
type Purse struct {
	Wallet string // its id; empty for that of points
	Lots   []Lot  // what can be spent, earliest expiry first, never last; no empty ones
	Debt   Points // what was taken back but could not be; the next active points pay it

	ExpiredLots []Lot // the points that expired lately and that no clawback has written off, by the lot's day; at most maxLapsed

	Earned, Redeemed, Expired Points // of a lifetime: by rules, without adjustments and what was clawed back
}

// isEmpty reports whether nothing of a purse must be remembered.
func (p Purse) isEmpty() bool {
	return len(p.Lots) == 0 && len(p.ExpiredLots) == 0 && p.Debt == 0 && p.Earned == 0 && p.Redeemed == 0 && p.Expired == 0
}

// In is what the member has in a wallet.
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
	return slices.BinarySearchFunc(a.Purses, wallet, func(x Purse, id string) int { return strings.Compare(x.Wallet, id) })
}

// purse is a wallet's purse to be changed; the slice that others may share is left as it is.
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

// purses is all that there are, that of points first.
func (a *Account) purses(yield func(Purse) bool) {
	if !yield(a.Purse) {
		return
	}
	for _, x := range a.Purses {
		if !yield(x) {
			return
		}
	}
}

// BalanceOf sums up one wallet of the account as it stands; Advance it first.
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

// A WalletChange is what an entry did to a wallet other than that of points.
type WalletChange struct {
	Wallet  string
	Points  Points  // by how much active + pending - debt changed
	Balance Balance // after it
}

// walletChanges is what postings did to wallets, by id, and what they have left there.
func (a Account) walletChanges(postings []Posting) (out []WalletChange) {
	for _, p := range postings {
		if p.Wallet == "" {
			continue
		}
		at, found := slices.BinarySearchFunc(out, p.Wallet, func(x WalletChange, id string) int { return strings.Compare(x.Wallet, id) })
		if !found {
			out = slices.Insert(out, at, WalletChange{Wallet: p.Wallet, Balance: a.BalanceOf(p.Wallet)})
		}
		if p.Bucket.counts() {
			out[at].Points += p.Points
		}
	}
	return out
}

// balanced reports whether postings sum to zero in each wallet.
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

// takeBack is how far a clawback reaches in a wallet, and how deep debt goes there; zero: no bound.
func (p *Program) takeBack(wallet string) (ClawbackPolicy, Points) {
	if w, ok := p.Wallet(wallet); ok {
		return w.Clawback, w.MaxDebt
	}
	return p.Clawback, p.MaxDebt
}

// expiry is how long points live that are given in a wallet for whatever, at a level.
func (p *Program) expiry(wallet, level string) Expiry {
	if w, ok := p.Wallet(wallet); ok {
		return w.Expires
	}
	_, expiry := p.life("", level)
	return expiry
}

// noWallet refuses a wallet that the program does not have.
func (p *Program) noWallet(pointer string) error {
	names := []string{MainWallet}
	for _, w := range p.Wallets {
		names = append(names, w.ID)
	}
	return refuse(ValidationFailed, pointer, "There is no such wallet. The program has "+strings.Join(names, ", ")+".")
}

// units is what the points of a wallet are called.
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
		return fmt.Errorf("%d wallets are more than %d", len(p.Wallets), MaxWallets)
	}
	p.compiled.wallets = map[string]map[Currency]compiledRate{}
	for i := range p.Wallets {
		w := &p.Wallets[i]
		switch {
		case w.ID == "" || w.ID == MainWallet || p.compiled.wallets[w.ID] != nil:
			return fmt.Errorf("wallet %q is none, or the second one", w.ID)
		case w.Expires.Inactive || w.Pending.Until != "":
			return errors.New("the points of wallet " + w.ID + " cannot expire by inactivity, or wait for a parcel")
		case len(w.Pending.On) > MaxDays || len(w.Expires.On) > MaxDays:
			return fmt.Errorf("more than %d days of a year", MaxDays)
		}
		rates := map[Currency]compiledRate{}
		for c, r := range w.Rates {
			if _, ok := c.Exponent(); !ok || r.Per <= 0 || r.Points.Sign() < 0 {
				return fmt.Errorf("the rate of %q is none", c)
			}
			rates[c] = r.compile(c)
		}
		p.compiled.wallets[w.ID] = rates
	}
	return nil
}

// walletWorth is what an order gives in wallets: what was paid for goods that earn, by means that earn and less what
// came back, at the wallet's rate, rounded down.
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
				w.because = append(w.because, Reason{Wallet: wallet.ID, Rule: wallet.Key(), Kind: what, Args: args, Points: x.String()})
			}
		}
		gives := rate.gives(v.all.amount)
		why(gives, IsRated, amountText(v.all.amount, v.currency), rate.text)
		why(whole(int64(n)).sub(gives), IsRounded, Down.String())
	}
	return nil
}
