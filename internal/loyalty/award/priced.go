package award

import (
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// Orders and events are evaluated by the rules of the program version that was live when they happened. Two things come
// from the current live version p instead: the size of budgets, and the set of levels and wallets. A level or wallet
// that the live version does not have gives nothing. The order or event stores a list of those (Missing), so that its
// later revisions have the same worth.

// UnderBudgetsOf returns the earning sections of a version with the budgets of the live version, for the rules that
// both have.
func UnderBudgetsOf(version, live *loyalty.Earning) *loyalty.Earning {
	if version == live {
		return version
	}
	var rules []loyalty.CompiledRule
	for i := range version.Compiled.Rules {
		r := &version.Compiled.Rules[i]
		now := live.Compiled.Rule(r.Key)
		if now == nil || now.Budget == r.Budget {
			continue
		}
		if rules == nil {
			rules = slices.Clone(version.Compiled.Rules)
		}
		rules[i].Budget = now.Budget
		rules[i].Bounded = r.Bounded || now.Budget > 0
	}
	if rules == nil {
		return version
	}
	under := *version
	under.Compiled.Rules = rules
	return &under
}

// LevelUnder returns the member's level at an instant under the tiers of a version. If the live version no longer has
// that level, the returned level is empty, and missing is the key of the level.
func LevelUnder(live, version *loyalty.Tiers, acc loyalty.Account, at time.Time) (level, missing string) {
	if len(version.Levels) == 0 {
		return posting.LevelAt(live, acc, at).ID, ""
	}
	level = posting.LevelAt(version, acc, at).ID
	if _, _, ok := version.Level(posting.StandingAt(&acc, at).Level); !ok {
		if now := posting.LevelAt(live, acc, at).ID; hasLevel(version, now) {
			level = now
		}
	}
	if hasLevel(live, level) {
		return level, ""
	}
	return "", tier.LevelKey(version, level)
}

func hasLevel(tiers *loyalty.Tiers, id string) bool {
	_, _, ok := tiers.Level(id)
	return ok
}

// MissingWallets returns the keys of the wallets of a version that the live version no longer has.
func MissingWallets(live, version []loyalty.Wallet) (keys []string) {
	for i := range version {
		w := &version[i]
		if !slices.ContainsFunc(live, func(x loyalty.Wallet) bool { return x.ID == w.ID }) {
			keys = append(keys, posting.Key(w))
		}
	}
	return keys
}

// PricedFor stores in the order's state the data about the member that the rules use, and the level and wallets that
// the rules have and the live version no longer has.
func PricedFor(s *loyalty.OrderState, d *posting.Decision, rules earn.Rules) {
	s.Missing = MissingWallets(d.P.Wallets, rules.Wallets)
	level, missing := LevelUnder(&d.P.Tiers, &rules.Tiers, d.Account, s.Order.PlacedAt)
	if s.Buyer = buyer(&rules.Compiled, d.Account, s.Order, level); missing != "" {
		s.Missing = append(s.Missing, missing)
	}
}

// PricedEvent returns the first state of an event that happened at an instant, with the data about the member that the
// rules use.
func PricedEvent(d *posting.Decision, rules earn.Rules, at time.Time) loyalty.EventState {
	s := loyalty.EventState{Program: rules.Version, Missing: MissingWallets(d.P.Wallets, rules.Wallets)}
	level, missing := LevelUnder(&d.P.Tiers, &rules.Tiers, d.Account, at)
	if s.Buyer = posting.ActorAtLevel(d.Account, level, at); missing != "" {
		s.Missing = append(s.Missing, missing)
	}
	return s
}

// missedBy returns the key of a level or wallet that an action names and that no longer exists, or an empty string if
// there is none.
func missedBy(s *loyalty.EventState, a loyalty.Action) string {
	for _, key := range s.Missing {
		wallet, ok := strings.CutPrefix(key, posting.WalletsPrefix)
		if ok && wallet == a.Wallet || !ok && slices.Contains(a.Tiers, key[strings.LastIndexByte(key, '.')+1:]) {
			return key
		}
	}
	return ""
}
