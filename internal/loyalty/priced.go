package loyalty

import (
	"slices"
	"strings"
	"time"
)

// What happened at an instant is priced by the version of the program that was live then: its rules. Two things are those
// of the live version p all the same: how large budgets are, and which levels and wallets there are. A level or wallet that
// the live version does not have gives nothing; an order or event keeps a list of those (Missing), so that its later
// revisions are worth the same.

// underBudgetsOf returns the rules with the budgets of the live version, where that has the same rule.
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

// budgetOf returns the budget of a rule, zero if it has none; false if there is no such rule.
func (p *Program) budgetOf(key string) (Points, bool) {
	for i := range p.compiled.rules {
		if r := &p.compiled.rules[i]; r.key == key {
			return r.Budget, true
		}
	}
	return 0, false
}

// levelUnder returns the level of a member at an instant as the rules know it. missing is the level's key if p does not
// have the level any more; the level then counts for nothing and is empty.
func (p *Program) levelUnder(rules *Program, acc Account, at time.Time) (level, missing string) {
	if rules == p || len(rules.Tiers.Levels) == 0 {
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

// missingWallets returns the keys of the wallets that the rules have and p does not have any more.
func (p *Program) missingWallets(rules *Program) (keys []string) {
	if rules == p {
		return nil
	}
	for i := range rules.Wallets {
		w := &rules.Wallets[i]
		if !slices.ContainsFunc(p.Wallets, func(x Wallet) bool { return x.ID == w.ID }) {
			keys = append(keys, w.Key())
		}
	}
	return keys
}

// pricedFor takes note of what the rules know of the member of an order, and of the levels and wallets that they have and
// the program does not have any more.
func (s *OrderState) pricedFor(p, rules *Program, acc Account) {
	s.Missing = p.missingWallets(rules)
	level, missing := p.levelUnder(rules, acc, s.Order.PlacedAt)
	if s.Buyer = rules.buyer(acc, s.Order, level); missing != "" {
		s.Missing = append(s.Missing, missing)
	}
}

// pricedEvent returns the first state of an event that happened at an instant, with what the rules know of its member.
func (p *Program) pricedEvent(rules *Program, acc Account, at time.Time) EventState {
	s := EventState{Program: rules.Version, Missing: p.missingWallets(rules)}
	level, missing := p.levelUnder(rules, acc, at)
	if s.Buyer = acc.actor(level, at); missing != "" {
		s.Missing = append(s.Missing, missing)
	}
	return s
}

// missingLevel adds the reason for a level of the member that the program does not have any more.
func (w *worth) missingLevel(s *OrderState) {
	for _, key := range s.Missing {
		if !strings.HasPrefix(key, walletsPrefix) {
			w.because = append(w.because, missingReason(key, key))
		}
	}
}

// missingReason is the reason why a rule gives nothing for a level or in a wallet that there is no more.
func missingReason(rule, key string) Reason {
	if wallet, ok := strings.CutPrefix(key, walletsPrefix); ok {
		return NewReason(rule, "0", IsMissing, "wallet", wallet)
	}
	return NewReason(rule, "0", IsMissing, "level", key[strings.LastIndexByte(key, '.')+1:])
}

// missedBy returns what an action gives for or in and there is no more; empty if there is all of it.
func (s *EventState) missedBy(a Action) string {
	for _, key := range s.Missing {
		wallet, ok := strings.CutPrefix(key, walletsPrefix)
		if ok && wallet == a.Wallet || !ok && slices.Contains(a.Tiers, key[strings.LastIndexByte(key, '.')+1:]) {
			return key
		}
	}
	return ""
}
