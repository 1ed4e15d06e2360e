package loyalty

import (
	"math/big"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

func TestOrderOfUsages(t *testing.T) {
	sorted := []Usage{
		{Rule: "a", Per: PerDay, Ends: 2},
		{Rule: "a", Per: PerYear, Ends: 1},
		{Rule: "a", Per: PerYear, Ends: 2},
		{Rule: "a", Times: true, Per: PerDay},
		{Rule: "b", Per: PerDay},
	}
	for i, x := range sorted {
		for j, y := range sorted {
			if got, want := x.Compare(y), i-j; got < 0 != (want < 0) || got > 0 != (want > 0) {
				t.Errorf("%d compared with %d is %d", i, j, got)
			}
		}
	}
}

func TestPointsOfStrategies(t *testing.T) {
	rat := big.NewRat
	eur := Matched{Currency: "EUR", Amount: exact.Whole(2999), Value: exact.Whole(30), Units: 3}
	at := func(amount int64) Matched { return Matched{Currency: "EUR", Amount: exact.Whole(amount)} }
	steps := Steps{map[Currency][]Band{"EUR": {{1000, 5}, {2000, 5}, {5000, 20}}}}
	for _, c := range []struct {
		name string
		s    Strategy
		m    Matched
		want exact.Number
		text string
	}{
		{
			"per amount",
			PerAmount{map[Currency]Rate{"EUR": {Points: rat(1, 1), Per: 100}}},
			eur,
			exact.Number{Num: 2999, Den: 100},
			"29.99 EUR x 1 per 1.00",
		},
		{
			"per full amount",
			PerAmount{map[Currency]Rate{"EUR": {Points: rat(2, 1), Per: 1000, Full: true}}},
			eur,
			exact.Whole(4), "29.99 EUR x 2 per full 10.00",
		},
		{
			"in another currency",
			PerAmount{map[Currency]Rate{"CHF": {Points: rat(1, 1), Per: 100}}},
			eur,
			exact.Whole(0), "",
		},
		{
			"a rate of zero",
			PerAmount{map[Currency]Rate{"EUR": {Points: new(big.Rat), Per: 1}}},
			eur, exact.Whole(0),
			"29.99 EUR x 0 per 0.01",
		},
		{"per unit", PerUnit{rat(5, 2)}, eur, exact.Number{Num: 15, Den: 2}, "3 x 2.5"},
		{"no points per unit", PerUnit{new(big.Rat)}, eur, exact.Whole(0), "3 x 0"},
		{"per visit", PerVisit{7}, eur, exact.Whole(7), "7"},
		{"fixed", Fixed{MaxPoints}, eur, exact.Whole(int64(MaxPoints)), "1000000000"},
		{"fixed at zero", Fixed{0}, eur, exact.Whole(0), "0"},
		{"below the first step", steps, at(999), exact.Whole(0), "9.99 EUR, from 0.00 EUR: 0"},
		{"at the first step", steps, at(1000), exact.Whole(5), "10.00 EUR, from 10.00 EUR: 5"},
		{"at the second step", steps, at(2000), exact.Whole(5), "20.00 EUR, from 20.00 EUR: 5"},
		{"below the last step", steps, at(4999), exact.Whole(5), "49.99 EUR, from 20.00 EUR: 5"},
		{"above the last step", steps, at(5001), exact.Whole(20), "50.01 EUR, from 50.00 EUR: 20"},
		{"multiplied", Multiply{rat(3, 2)}, eur, exact.Whole(15), "30 x 1.5"},
		{"multiplied by zero", Multiply{new(big.Rat)}, eur, exact.Whole(-30), "30 x 0"},
	} {
		g, err := c.s.Compile()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := g.Gives(&c.m); got != c.want {
			t.Errorf("%s: it gives %s, want %s", c.name, got, c.want)
		}
		kind, args := g.Reason(&c.m)
		if got := NewReason("", "", kind, args...).Effect(); c.text != "" && got != c.text {
			t.Errorf("%s: the reason is %q, want %q", c.name, got, c.text)
		}
	}
}

func TestStrategiesThatNoProgramMayHave(t *testing.T) {
	rat := big.NewRat
	bands := func(b ...Band) Steps { return Steps{map[Currency][]Band{"EUR": b}} }
	for _, c := range []struct {
		name string
		s    Strategy
		ok   bool
	}{
		{"a rate", PerAmount{map[Currency]Rate{"EUR": {Points: rat(1, 1), Per: 1}}}, true},
		{"a rate in an unknown currency", PerAmount{map[Currency]Rate{"XXX": {Points: rat(1, 1), Per: 1}}}, false},
		{"a rate per nothing", PerAmount{map[Currency]Rate{"EUR": {Points: rat(1, 1)}}}, false},
		{"a rate per a negative amount", PerAmount{map[Currency]Rate{"EUR": {Points: rat(1, 1), Per: -1}}}, false},
		{"a rate without points", PerAmount{map[Currency]Rate{"EUR": {Per: 1}}}, false},
		{"a negative rate", PerAmount{map[Currency]Rate{"EUR": {Points: rat(-1, 1), Per: 1}}}, false},
		{"units", PerUnit{rat(1, 1)}, true},
		{"units without points", PerUnit{}, false},
		{"negative units", PerUnit{rat(-1, 1)}, false},
		{"negative points per visit", PerVisit{-1}, false},
		{"negative points", Fixed{-1}, false},
		{"too many points", Fixed{MaxPoints + 1}, false},
		{"a factor", Multiply{rat(2, 1)}, true},
		{"no factor", Multiply{}, false},
		{"a negative factor", Multiply{rat(-1, 1)}, false},
		{"a band", bands(Band{0, 0}), true},
		{"a band of the most points", bands(Band{1, MaxPoints}), true},
		{"a band of too many points", bands(Band{1, MaxPoints + 1}), false},
		{"a band from a negative amount", bands(Band{-1, 1}), false},
		{"a band of negative points", bands(Band{1, -1}), false},
		{"ascending bands", bands(Band{1, 1}, Band{2, 2}), true},
		{"bands of the same points", bands(Band{1, 1}, Band{2, 1}), true},
		{"bands from the same amount", bands(Band{1, 1}, Band{1, 2}), false},
		{"descending amounts", bands(Band{2, 1}, Band{1, 2}), false},
		{"descending points", bands(Band{1, 2}, Band{2, 1}), false},
		{"descending points in the last band", bands(Band{1, 1}, Band{2, 2}, Band{3, 1}), false},
		{"no bands", bands(), false},
		{"bands in an unknown currency", Steps{map[Currency][]Band{"XXX": {{1, 1}}}}, false},
	} {
		if _, err := c.s.Compile(); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
