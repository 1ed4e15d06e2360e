package loyalty

import (
	"slices"
	"strings"
	"time"
)

// Orders and events are evaluated by the rules of the program version that was live when they happened. Two things come
// from the current live version p instead: the size of budgets, and the set of levels and wallets. A level or wallet
// that the live version does not have gives nothing. The order or event stores a list of those (Missing), so that its
// later revisions have the same worth.

// underBudgetsOf returns the rules with the budgets of the live version, for each rule that the live version has.
func (p *Program) underBudgetsOf(live *Program) *Program {
	if p == live {
		return p
	}
	var rules []rule
	for i := range p.compiled.rules {
		r := &p.compiled.rules[i]
		budget, ok := live.budgetOf(r.key)
		if !ok || budget == r.Budget {
			continue
		}
		if rules == nil {
			rules = slices.Clone(p.compiled.rules)
		}
		rules[i].Budget = budget
		rules[i].bounded = r.bounded || budget > 0
	}
	if rules == nil {
		return p
	}
	under := *p
	under.compiled.rules = rules
	return &under
}

// budgetOf returns the budget of a rule, zero if it has none. It returns false if there is no such rule.
func (p *Program) budgetOf(key string) (Points, bool) {
	for i := range p.compiled.rules {
		if r := &p.compiled.rules[i]; r.key == key {
			return r.Budget, true
		}
	}
	return 0, false
}

// levelUnder returns the member's level at an instant by the given rules. If p no longer has that level, the returned
// level is empty, and missing is the level's key.
func (p *Program) levelUnder(rules *Program, acc Account, at time.Time) (level, missing string) {
	if len(rules.Tiers.Levels) == 0 {
		return p.levelAt(acc, at).ID, ""
	}
	level = rules.levelAt(acc, at).ID
	if _, _, ok := rules.Level(acc.standingAt(at).Level); !ok {
		if now := p.levelAt(acc, at).ID; rules.hasLevel(now) {
			level = now
		}
	}
	if p.hasLevel(level) {
		return level, ""
	}
	return "", rules.levelKey(level)
}

func (p *Program) hasLevel(id string) bool {
	_, _, ok := p.Level(id)
	return ok
}

// missingWallets returns the keys of the wallets that the rules have and p no longer has.
func (p *Program) missingWallets(rules *Program) (keys []string) {
	for i := range rules.Wallets {
		w := &rules.Wallets[i]
		if !slices.ContainsFunc(p.Wallets, func(x Wallet) bool { return x.ID == w.ID }) {
			keys = append(keys, w.Key())
		}
	}
	return keys
}

// pricedFor stores in the order's state what the rules need of the member, and the level and wallets that the rules
// have and p no longer has.
func (s *OrderState) pricedFor(p, rules *Program, acc Account) {
	s.Missing = p.missingWallets(rules)
	level, missing := p.levelUnder(rules, acc, s.Order.PlacedAt)
	if s.Buyer = rules.buyer(acc, s.Order, level); missing != "" {
		s.Missing = append(s.Missing, missing)
	}
}

// pricedEvent returns the first state of an event that happened at an instant, with what the rules need of the member.
func (p *Program) pricedEvent(rules *Program, acc Account, at time.Time) EventState {
	s := EventState{Program: rules.Version, Missing: p.missingWallets(rules)}
	level, missing := p.levelUnder(rules, acc, at)
	if s.Buyer = acc.actor(level, at); missing != "" {
		s.Missing = append(s.Missing, missing)
	}
	return s
}

// missingLevel adds the reason for a level of the member that the program no longer has.
func (w *worth) missingLevel(s *OrderState) {
	for _, key := range s.Missing {
		if !strings.HasPrefix(key, walletsPrefix) {
			w.because = append(w.because, missingReason(key, key))
		}
	}
}

// missingReason returns the reason why a rule gives nothing: its level or wallet no longer exists.
func missingReason(rule, key string) Reason {
	if wallet, ok := strings.CutPrefix(key, walletsPrefix); ok {
		return NewReason(rule, "0", IsMissing, "wallet", wallet)
	}
	return NewReason(rule, "0", IsMissing, "level", key[strings.LastIndexByte(key, '.')+1:])
}

// missedBy returns the key of the level or wallet of an action that no longer exists; empty if all of them exist.
func (s *EventState) missedBy(a Action) string {
	for _, key := range s.Missing {
		wallet, ok := strings.CutPrefix(key, walletsPrefix)
		if ok && wallet == a.Wallet || !ok && slices.Contains(a.Tiers, key[strings.LastIndexByte(key, '.')+1:]) {
			return key
		}
	}
	return ""
}
