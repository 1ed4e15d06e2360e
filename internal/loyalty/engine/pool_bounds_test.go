package engine

import (
	"math"
	"math/big"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// A position at which all codes of a pool have the same character adds no bits, unless two or three codes may have it
// by chance.
func TestPositionsThatAddBitsToAPool(t *testing.T) {
	for _, c := range []struct {
		codes []string
		want  float64
	}{
		{[]string{"1234"}, 4},
		{[]string{"1234", "5678"}, 4},
		{[]string{"1234", "1267"}, 4},
		{[]string{"1235", "1236"}, 1},
		{[]string{"5123", "6123"}, 1},
		{[]string{"512378", "612389"}, 3},
		{[]string{"123456", "173890"}, 6},
		{[]string{"4123", "5173", "6183"}, 4},
		{[]string{"9812", "76123"}, 4},
		{[]string{"15", "12", "13"}, 2},
		{[]string{"15", "12", "13", "14"}, 1},
		{[]string{"51", "21", "31", "41"}, 1},
	} {
		if got := poolOf(c.codes...).Bits() / math.Log2(10); math.Abs(got-c.want) > 0.01 {
			t.Errorf("%q: %.2f positions add bits, want %.0f", c.codes, got, c.want)
		}
	}
}

// A version changes the requirements of levels only if it and the version before have levels.
func TestVersionThatChangesTheRequirementsOfLevels(t *testing.T) {
	levels := func(from int64) *loyalty.Program {
		return &loyalty.Program{
			Tiers: loyalty.Tiers{Levels: []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: from}}},
		}
	}
	for _, c := range []struct {
		name        string
		was, is     *loyalty.Program
		wantChanged bool
	}{
		{"the first version", nil, levels(500), false},
		{"the first version with levels", &loyalty.Program{}, levels(500), false},
		{"a version without levels", levels(500), &loyalty.Program{}, false},
		{"the same requirements", levels(500), levels(500), false},
		{"other requirements", levels(500), levels(400), true},
	} {
		if got := tier.Retiers(c.is, c.was); got != c.wantChanged {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// A member affords a reward with the points of one of its prices, and nothing while in debt.
func TestMemberWhoAffordsAPrice(t *testing.T) {
	p := miles(t, big.NewRat(1, 1))
	acc := holding(loyalty.Lot{Expires: 20271231, Points: 60}, loyalty.Lot{Expires: 20281231, Points: 40})
	acc.Purses = []loyalty.Purse{{Wallet: "pay", Lots: []loyalty.Lot{{Expires: 20271231, Points: 5}}}}
	debtor := acc
	debtor.Debt = 1
	for _, c := range []struct {
		acc    loyalty.Account
		prices map[string]loyalty.Points
		want   bool
	}{
		{acc, map[string]loyalty.Points{"": 100}, true},
		{acc, map[string]loyalty.Points{"": 101}, false},
		{acc, map[string]loyalty.Points{"": 101, "pay": 5}, true},
		{acc, map[string]loyalty.Points{"pay": 6}, false},
		{acc, nil, false},
		{debtor, map[string]loyalty.Points{"": 100}, false},
	} {
		if got := affords(p, c.acc, c.prices); got != c.want {
			t.Errorf("%v with a debt of %d: %t", c.prices, c.acc.Debt, got)
		}
	}
}
