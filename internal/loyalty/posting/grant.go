package posting

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// GrantLife returns the pending period and the expiry of the points of a rule, or of the base earning, at a level.
func GrantLife(
	earning *loyalty.Earning, tiers *loyalty.Tiers, wallets []loyalty.Wallet, key, level string,
) (calendar.Wait, calendar.Expiry) {
	wait, expiry := earning.Earn.Pending, baseExpiry(&earning.Earn, tiers, level)
	if r := earning.Compiled.Rule(key); r != nil {
		return OverrideLife(r.Life, wait, expiry)
	}
	for i := range wallets {
		if w := &wallets[i]; Key(w) == key {
			return w.Pending, w.Expires
		}
	}
	return wait, expiry
}

// OverrideLife returns the pending period and the expiry that a rule's Life sets. For those that it does not set,
// OverrideLife returns w and e, the values of the base earning.
func OverrideLife(l loyalty.Life, w calendar.Wait, e calendar.Expiry) (calendar.Wait, calendar.Expiry) {
	if l.Pending != nil {
		w = *l.Pending
	}
	if l.Expires != nil {
		e = *l.Expires
	}
	return w, e
}

// AnniversaryStart returns the instant from which the anniversaries of an expiry are counted.
func AnniversaryStart(a loyalty.Account, e calendar.Expiry) time.Time {
	if e.Anniversary == calendar.OfTier && !a.Tier.Since.IsZero() {
		return a.Tier.Since
	}
	return a.Joined
}

// WalletExpiry returns the expiry of points that a member of the given level receives in a wallet, unless their rule
// sets another expiry.
func WalletExpiry(
	terms *loyalty.Earn, tiers *loyalty.Tiers, wallets []loyalty.Wallet, wallet, level string,
) calendar.Expiry {
	if w, ok := Wallet(wallets, wallet); ok {
		return w.Expires
	}
	return baseExpiry(terms, tiers, level)
}

// baseExpiry returns the expiry of points of the main wallet at a level, unless their rule sets another expiry.
func baseExpiry(terms *loyalty.Earn, tiers *loyalty.Tiers, level string) calendar.Expiry {
	if l, _, _ := tiers.Level(level); l.Expires != nil {
		return *l.Expires
	}
	return terms.Expires
}
