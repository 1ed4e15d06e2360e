package engine

import (
	"math/big"
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// An order keeps the rules of its version, and the live version decides which levels still exist.
func TestLevelUnderTheRulesOfAnotherVersion(t *testing.T) {
	levels := func(ids ...string) *loyalty.Program {
		return made(t, func(p *loyalty.Program) {
			p.Tiers.Levels = nil
			for i, id := range ids {
				p.Tiers.Levels = append(p.Tiers.Levels, loyalty.Level{ID: id, From: int64(i) * 100})
			}
		})
	}
	live := levels("bronze", "silver", "gold")
	live.Tiers.Replaced = map[string]string{"old": "silver", "copper": "silver"}
	for _, c := range []struct {
		name           string
		rules          *loyalty.Program
		standing       string
		level, missing string
	}{
		{"the live version", live, "gold", "gold", ""},
		{"the live version without the level", live, "old", "silver", ""},
		{"rules without levels", made(t, func(p *loyalty.Program) { p.Tiers = loyalty.Tiers{} }), "gold", "gold", ""},
		{"rules with the level", levels("bronze", "silver"), "silver", "silver", ""},
		{"rules without the live level", levels("bronze", "silver"), "gold", "bronze", ""},
		{"a level that only the rules have", levels("bronze", "silver", "copper"), "copper", "", "tiers.copper"},
		{"a level that neither has", levels("bronze", "silver"), "old", "silver", ""},
	} {
		acc := joined(t, live, noon)
		acc.Tier.Level = c.standing
		level, missing := award.LevelUnder(&live.Tiers, &c.rules.Tiers, acc, noon)
		if level != c.level || missing != c.missing {
			t.Errorf("%s: %q and missing %q, want %q and %q", c.name, level, missing, c.level, c.missing)
		}
		s := loyalty.OrderState{Order: loyalty.Order{PlacedAt: noon}}
		award.PricedFor(&s, Begin(live, acc, noon), EarnRules(c.rules))
		ev := award.PricedEvent(Begin(live, acc, noon), EarnRules(c.rules), noon)
		want := []string{c.missing}
		if c.missing == "" {
			want = nil
		}
		if s.Buyer.Level != c.level || ev.Buyer.Level != c.level || !slices.Equal(s.Missing, want) ||
			!slices.Equal(ev.Missing, want) {
			t.Errorf("%s: the order stores %+v, the event %+v", c.name, s, ev)
		}
	}
}

func TestWalletsThatNoLongerExist(t *testing.T) {
	wallets := func(ids ...string) *loyalty.Program {
		return made(t, func(p *loyalty.Program) {
			for _, id := range ids {
				rates := map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 1), Per: 100}}
				p.Wallets = append(
					p.Wallets,
					loyalty.Wallet{ID: id, Rates: rates, Expires: calendar.Expiry{After: calendar.Period{Months: 6}}},
				)
			}
		})
	}
	live := wallets("miles")
	for _, c := range []struct {
		rules *loyalty.Program
		want  []string
	}{
		{live, nil},
		{wallets(), nil},
		{wallets("miles", "stars"), []string{"wallets.stars"}},
		{wallets("moons", "stars"), []string{"wallets.moons", "wallets.stars"}},
	} {
		if got := award.MissingWallets(live.Wallets, c.rules.Wallets); !slices.Equal(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
