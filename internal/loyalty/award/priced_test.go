package award

import (
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
)

func TestActionsOfMissingLevelsAndWallets(t *testing.T) {
	s := loyalty.EventState{Missing: []string{"wallets.miles", "tiers.copper"}}
	for _, c := range []struct {
		action loyalty.Action
		want   string
	}{
		{loyalty.Action{}, ""},
		{loyalty.Action{Wallet: "miles"}, "wallets.miles"},
		{loyalty.Action{Wallet: "stars"}, ""},
		{loyalty.Action{Wallet: "tiers.copper"}, ""},
		{loyalty.Action{Tiers: []string{"gold", "copper"}}, "tiers.copper"},
		{loyalty.Action{Tiers: []string{"gold"}}, ""},
		{loyalty.Action{Tiers: []string{"miles"}}, ""},
		{loyalty.Action{Wallet: "miles", Tiers: []string{"copper"}}, "wallets.miles"},
	} {
		if got := missedBy(&s, c.action); got != c.want {
			t.Errorf("%+v: %q, want %q", c.action, got, c.want)
		}
	}
	for key, want := range map[string][]string{
		"wallets.miles": {"wallet", "miles"}, "tiers.copper": {"level", "copper"},
		"tier_groups.partner.friend": {"level", "friend"},
	} {
		got := earn.MissingReason("earn.rules.r", key)
		if got.Rule != "earn.rules.r" || got.Kind != loyalty.IsMissing || !slices.Equal(got.Args, want) {
			t.Errorf("%s: %+v", key, got)
		}
	}
	var w earn.Worth
	w.MissingLevel(&loyalty.OrderState{Missing: s.Missing})
	if len(w.Reasons) != 1 || w.Reasons[0].Rule != "tiers.copper" {
		t.Errorf("the reasons of the order are %+v", w.Reasons)
	}
}
