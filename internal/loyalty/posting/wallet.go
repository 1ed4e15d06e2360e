package posting

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Wallet returns the wallet with an ID. It returns false if there is none, and for the main wallet.
func Wallet(wallets []loyalty.Wallet, id string) (loyalty.Wallet, bool) {
	at := slices.IndexFunc(wallets, func(w loyalty.Wallet) bool { return w.ID == id })
	if at < 0 {
		return loyalty.Wallet{}, false
	}
	return wallets[at], true
}

// MainWallet is the name of the main wallet in requests and messages. In decisions, its ID is empty.
const MainWallet = "points"

// MaxWallets is the maximum number of wallets of a program. It limits the size of accounts.
const MaxWallets = 8

// WalletsPrefix is the prefix of the keys that Key returns for wallets.
const WalletsPrefix = "wallets."

// Key returns the key of the wallet in grants and reasons, where rules have keys too.
func Key(w *loyalty.Wallet) string { return WalletsPrefix + w.ID }

// isEmpty reports whether a purse is the same as if the wallet had never been used.
func isEmpty(p loyalty.Purse) bool {
	return len(p.Lots) == 0 && len(p.ExpiredLots) == 0 && p.Debt == 0 &&
		p.Earned == 0 && p.Redeemed == 0 && p.Expired == 0
}

// purseOf returns a wallet's purse for changes. It copies the slice of purses, which other accounts may share.
func purseOf(a *loyalty.Account, wallet string) *loyalty.Purse {
	if wallet == "" {
		return &a.Purse
	}
	at, found := a.PurseAt(wallet)
	a.Purses = slices.Clone(a.Purses)
	if !found {
		a.Purses = slices.Insert(a.Purses, at, loyalty.Purse{Wallet: wallet})
	}
	return &a.Purses[at]
}

// AllPurses yields all purses, the main one first.
func AllPurses(a *loyalty.Account) iter.Seq[loyalty.Purse] {
	return func(yield func(loyalty.Purse) bool) {
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

// walletChanges returns the effects of postings on wallets other than the main one, sorted by wallet ID, with the
// balances after them.
func walletChanges(a loyalty.Account, postings []loyalty.Posting) (out []loyalty.WalletChange) {
	for _, p := range postings {
		if p.Wallet == "" {
			continue
		}
		at, found := slices.BinarySearchFunc(out, p.Wallet, func(x loyalty.WalletChange, id string) int {
			return strings.Compare(x.Wallet, id)
		})
		if !found {
			out = slices.Insert(out, at, loyalty.WalletChange{Wallet: p.Wallet, Balance: a.BalanceOf(p.Wallet)})
		}
		if p.Bucket.Counts() {
			out[at].Points += p.Points
		}
	}
	return out
}

// takeBack returns the clawback policy of a wallet and its maximum debt. A maximum of 0 means no limit.
func takeBack(
	corrections *loyalty.Corrections, wallets []loyalty.Wallet, wallet string,
) (loyalty.ClawbackPolicy, loyalty.Points) {
	if w, ok := Wallet(wallets, wallet); ok {
		return w.Clawback, w.MaxDebt
	}
	return corrections.Clawback, corrections.MaxDebt
}

// NoWallet returns the error for a wallet that the program does not have.
func NoWallet(wallets []loyalty.Wallet, pointer string) error {
	names := []string{MainWallet}
	for _, w := range wallets {
		names = append(names, w.ID)
	}
	return loyalty.Refuse(
		loyalty.ValidationFailed, pointer, "Unknown wallet. The program has "+strings.Join(names, ", ")+".",
	)
}

// WalletUnits returns the plural name of a wallet's points.
func WalletUnits(wallets []loyalty.Wallet, unit loyalty.Units, wallet string) string {
	name := unit.Other.In("en")
	if w, ok := Wallet(wallets, wallet); ok {
		name = w.Unit.Other.In("en")
	}
	if name == "" {
		return "points"
	}
	return name
}

// MaxDays is the maximum number of fixed days of a year on which points become active or expire.
const MaxDays = 20

// CompileWallets checks the wallets and stores the compiled form of their rates.
func CompileWallets(wallets []loyalty.Wallet, compiled *loyalty.Compiled) error {
	if len(wallets) > MaxWallets {
		return fmt.Errorf("there are %d wallets; the limit is %d", len(wallets), MaxWallets)
	}
	compiled.Wallets = map[string]map[loyalty.Currency]loyalty.CompiledRate{}
	for i := range wallets {
		w := &wallets[i]
		switch {
		case w.ID == "" || w.ID == MainWallet || compiled.Wallets[w.ID] != nil:
			return fmt.Errorf("wallet %q has an invalid id or is a duplicate", w.ID)
		case w.Expires.Inactive || w.Pending.Until != "":
			return errors.New(
				"the points of wallet " + w.ID + " cannot expire by inactivity or become active with an order",
			)
		case len(w.Pending.On) > MaxDays || len(w.Expires.On) > MaxDays:
			return fmt.Errorf("expiry dates must be at most %d days of the year", MaxDays)
		}
		rates := map[loyalty.Currency]loyalty.CompiledRate{}
		for c, r := range w.Rates {
			if _, ok := c.Exponent(); !ok || r.Per <= 0 || r.Points.Sign() < 0 {
				return fmt.Errorf("the rate of %q must be above 0", c)
			}
			rates[c] = r.Compile(c)
		}
		compiled.Wallets[w.ID] = rates
	}
	return nil
}
