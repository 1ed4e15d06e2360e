package share

import (
	"math/big"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestConversionsThatCloseACircle(t *testing.T) {
	convert := func(id, from, to string) loyalty.Conversion {
		return loyalty.Conversion{ID: id, From: from, To: to, Rate: big.NewRat(1, 1)}
	}
	for _, c := range []struct {
		name        string
		conversions []loyalty.Conversion
		rewards     []loyalty.Reward
		want        string
	}{
		{"none", nil, nil, ""},
		{"one way", []loyalty.Conversion{convert("a", "", "pay"), convert("b", "pay", "beans")}, nil, ""},
		{
			"there and back",
			[]loyalty.Conversion{convert("a", "", "pay"), convert("b", "pay", "")},
			nil,
			"conversions.a",
		},
		{
			"by a third wallet",
			[]loyalty.Conversion{convert("a", "", "pay"), convert("b", "pay", "beans"), convert("c", "beans", "")},
			nil, "conversions.a",
		},
		{
			"into one wallet from two",
			[]loyalty.Conversion{convert("a", "", "beans"), convert("b", "pay", "beans")},
			nil, "",
		},
		{"to itself", []loyalty.Conversion{convert("a", "pay", "pay")}, nil, ""},
		{"an ordinary reward", []loyalty.Conversion{convert("a", "pay", "")}, []loyalty.Reward{{ID: "mug"}}, ""},
		{
			"a reward that gives the points of a conversion",
			[]loyalty.Conversion{convert("a", "pay", "")},
			[]loyalty.Reward{{ID: "r", Wallet: "pay", Points: 1}},
			"conversions.a",
		},
		{
			"a reward in one direction",
			[]loyalty.Conversion{convert("a", "", "pay")},
			[]loyalty.Reward{{ID: "r", Wallet: "pay", Points: 1}},
			"",
		},
	} {
		p := &loyalty.Program{
			Sharing: loyalty.Sharing{Conversions: c.conversions}, Spending: loyalty.Spending{Rewards: c.rewards},
		}
		if got := ConversionCycle(p.Conversions, p.Rewards); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestConversionsThatAProgramMayHave(t *testing.T) {
	wallets := []loyalty.Wallet{{ID: "pay"}, {ID: "beans"}}
	convert := func(from, to string, edit func(*loyalty.Conversion)) loyalty.Conversion {
		c := loyalty.Conversion{ID: from + to, From: from, To: to, Rate: big.NewRat(1, 1)}
		edit(&c)
		return c
	}
	plain := func(*loyalty.Conversion) {}
	for _, c := range []struct {
		name        string
		conversions []loyalty.Conversion
		reward      loyalty.Reward
		ok          bool
	}{
		{
			"two into one wallet",
			[]loyalty.Conversion{convert("", "beans", plain), convert("pay", "beans", plain)},
			loyalty.Reward{},
			true,
		},
		{
			"two from one wallet",
			[]loyalty.Conversion{convert("", "beans", plain), convert("", "pay", plain)},
			loyalty.Reward{},
			true,
		},
		{
			"the same twice",
			[]loyalty.Conversion{convert("", "beans", plain), convert("", "beans", plain)},
			loyalty.Reward{},
			false,
		},
		{"from no wallet", []loyalty.Conversion{convert("miles", "beans", plain)}, loyalty.Reward{}, false},
		{"into no wallet", []loyalty.Conversion{convert("", "miles", plain)}, loyalty.Reward{}, false},
		{"into itself", []loyalty.Conversion{convert("pay", "pay", plain)}, loyalty.Reward{}, false},
		{
			"without a rate",
			[]loyalty.Conversion{convert("", "pay", func(c *loyalty.Conversion) { c.Rate = nil })},
			loyalty.Reward{},
			false,
		},
		{
			"at a rate of zero",
			[]loyalty.Conversion{convert("", "pay", func(c *loyalty.Conversion) { c.Rate = new(big.Rat) })},
			loyalty.Reward{},
			false,
		},
		{
			"with a minimum below zero",
			[]loyalty.Conversion{convert("", "pay", func(c *loyalty.Conversion) { c.Min = -1 })},
			loyalty.Reward{},
			false,
		},
		{
			"in steps below zero",
			[]loyalty.Conversion{convert("", "pay", func(c *loyalty.Conversion) { c.Step = -1 })},
			loyalty.Reward{},
			false,
		},
		{
			"without a minimum and steps",
			[]loyalty.Conversion{convert("", "pay", func(c *loyalty.Conversion) { c.Min, c.Step = 0, 0 })},
			loyalty.Reward{},
			true,
		},
		{"with a limit of none", []loyalty.Conversion{convert("", "pay", func(c *loyalty.Conversion) {
			c.Limits = []loyalty.Limit{{Times: 0, Per: loyalty.PerDay}}
		})}, loyalty.Reward{}, false},
		{"a reward of one point", nil, loyalty.Reward{ID: "r", Wallet: "pay", Points: 1}, true},
		{"a reward of no points", nil, loyalty.Reward{ID: "r", Wallet: "pay"}, false},
		{"a reward of the most points", nil, loyalty.Reward{ID: "r", Wallet: "pay", Points: loyalty.MaxPoints}, true},
		{"a reward of more points", nil, loyalty.Reward{ID: "r", Wallet: "pay", Points: loyalty.MaxPoints + 1}, false},
		{"a reward of points of no wallet", nil, loyalty.Reward{ID: "r", Wallet: "miles", Points: 1}, false},
	} {
		p := &loyalty.Program{
			Sharing:  loyalty.Sharing{Wallets: wallets, Conversions: c.conversions},
			Spending: loyalty.Spending{Rewards: []loyalty.Reward{c.reward}},
		}
		if err := CompileConversions(&p.Sharing, p.Rewards); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
