package engine

import (
	"math/big"
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// Each bound of a program is tested at its last valid value and one step beyond it.
func TestBoundsOfAProgram(t *testing.T) {
	rat := big.NewRat
	bounded := func(edit func(*loyalty.Rule)) func(*loyalty.Program) {
		return func(p *loyalty.Program) {
			r := loyalty.Rule{ID: "r", Give: loyalty.Fixed{Points: 1}}
			edit(&r)
			p.Earn.Rules = []loyalty.Rule{r}
		}
	}
	days := func(n int) (all []calendar.Day) {
		for i := range n {
			all = append(all, calendar.Day(101+i))
		}
		return all
	}
	rates := func(c loyalty.Currency, x *big.Rat, from ...calendar.Date) func(*loyalty.Program) {
		return func(p *loyalty.Program) {
			p.Exchange.Base = "EUR"
			for _, day := range from {
				p.Exchange.Rates = append(
					p.Exchange.Rates,
					loyalty.ExchangeRate{From: day, Rates: map[loyalty.Currency]*big.Rat{c: x}},
				)
			}
		}
	}
	for _, c := range []struct {
		name string
		edit func(*loyalty.Program)
		ok   bool
	}{
		{"as it is", func(*loyalty.Program) {}, true},
		{"without an ID", func(p *loyalty.Program) { p.ID = "" }, false},
		{"without a zone", func(p *loyalty.Program) { p.Zone = nil }, false},
		{"a rate of an unknown currency", func(p *loyalty.Program) {
			p.Earn.Rates["EURO"] = loyalty.Rate{Points: rat(1, 1), Per: 100, Full: false}
		}, false},
		{
			"a rate per nothing",
			func(p *loyalty.Program) { p.Earn.Rates["EUR"] = loyalty.Rate{Points: rat(1, 1), Per: 0, Full: false} },
			false,
		},
		{"a rate of no points", func(p *loyalty.Program) {
			p.Earn.Rates["EUR"] = loyalty.Rate{Points: new(big.Rat), Per: 1, Full: false}
		}, true},
		{
			"a rate below zero",
			func(p *loyalty.Program) { p.Earn.Rates["EUR"] = loyalty.Rate{Points: rat(-1, 9), Per: 1, Full: false} },
			false,
		},
		{
			"a category that gives nothing", func(p *loyalty.Program) { p.Earn.Categories[0].Multiply = new(big.Rat) },
			true,
		},
		{"a category below zero", func(p *loyalty.Program) { p.Earn.Categories[0].Multiply = rat(-1, 9) }, false},
		{
			"a cap of nothing",
			func(p *loyalty.Program) { p.Earn.Caps = []loyalty.Cap{{Points: 0, Per: loyalty.PerDay, Reject: false}} },
			true,
		},
		{"a cap below zero", func(p *loyalty.Program) {
			p.Earn.Caps = []loyalty.Cap{{Points: -1, Per: loyalty.PerDay, Reject: false}}
		}, false},
		{"two caps", func(p *loyalty.Program) {
			p.Earn.Caps = []loyalty.Cap{
				{Points: 1, Per: loyalty.PerDay, Reject: false}, {Points: 1, Per: loyalty.PerWeek, Reject: false},
			}
		}, true},
		{"two caps of a period", func(p *loyalty.Program) {
			p.Earn.Caps = []loyalty.Cap{
				{Points: 1, Per: loyalty.PerDay, Reject: false}, {Points: 2, Per: loyalty.PerDay, Reject: true},
			}
		}, false},
		{"days of activation", func(p *loyalty.Program) { p.Earn.Pending.On = days(posting.MaxDays) }, true},
		{
			"too many days of activation", func(p *loyalty.Program) { p.Earn.Pending.On = days(posting.MaxDays + 1) },
			false,
		},
		{"days of expiry", func(p *loyalty.Program) { p.Earn.Expires.On = days(posting.MaxDays) }, true},
		{"too many days of expiry", func(p *loyalty.Program) { p.Earn.Expires.On = days(posting.MaxDays + 1) }, false},
		{"exchange rates", rates("CHF", rat(1, 2), 20260101, 20260102), true},
		{"exchange rates of one day", rates("CHF", rat(1, 2), 20260101, 20260101), false},
		{"exchange rates in the wrong order", rates("CHF", rat(1, 2), 20260102, 20260101), false},
		{"an exchange rate of zero", rates("CHF", new(big.Rat), 20260101), false},
		{"an exchange rate of an unknown currency", rates("XX", rat(1, 2), 20260101), false},
		{"an exchange without a rate of its base", func(p *loyalty.Program) { p.Exchange.Base = "CHF" }, false},
		{"a level that gives nothing", func(p *loyalty.Program) { p.Tiers.Levels[1].Multiply = new(big.Rat) }, true},
		{"a level below zero", func(p *loyalty.Program) { p.Tiers.Levels[1].Multiply = rat(-1, 9) }, false},
		{"the longest window", func(p *loyalty.Program) { p.Tiers.Months = tier.MaxWindow }, true},
		{"a longer window", func(p *loyalty.Program) { p.Tiers.Months = tier.MaxWindow + 1 }, false},
		{
			"an action of no points",
			func(p *loyalty.Program) { p.Earn.Actions = []loyalty.Action{{ID: "a", Event: "visit.completed"}} }, true,
		},
		{"an action below zero", func(p *loyalty.Program) {
			p.Earn.Actions = []loyalty.Action{{ID: "a", Event: "visit.completed", Points: -1}}
		}, false},
		{"an action of the most", func(p *loyalty.Program) {
			p.Earn.Actions = []loyalty.Action{{ID: "a", Event: "visit.completed", Points: loyalty.MaxPoints}}
		}, true},
		{"an action of more", func(p *loyalty.Program) {
			p.Earn.Actions = []loyalty.Action{{ID: "a", Event: "visit.completed", Points: loyalty.MaxPoints + 1}}
		}, false},
		{"a friend's points", func(p *loyalty.Program) {
			p.Earn.Actions = []loyalty.Action{{ID: "a", Event: posting.EventConverted, Friend: loyalty.MaxPoints}}
		}, true},
		{"too many of a friend's points", func(p *loyalty.Program) {
			p.Earn.Actions = []loyalty.Action{{ID: "a", Event: posting.EventConverted, Friend: loyalty.MaxPoints + 1}}
		}, false},
		{"a friend's points below zero", func(p *loyalty.Program) {
			p.Earn.Actions = []loyalty.Action{{ID: "a", Event: posting.EventConverted, Friend: -1}}
		}, false},
		{
			"an action of no event",
			func(p *loyalty.Program) { p.Earn.Actions = []loyalty.Action{{ID: "a", Points: 1}} }, false,
		},
		{"an action in an unknown wallet", func(p *loyalty.Program) {
			p.Earn.Actions = []loyalty.Action{{ID: "a", Event: "visit.completed", Wallet: "x"}}
		}, false},
		{"an action with a limit of zero", func(p *loyalty.Program) {
			p.Earn.Actions = []loyalty.Action{
				{ID: "a", Event: "visit.completed", Limits: []loyalty.Limit{{Times: 0, Per: loyalty.PerDay}}},
			}
		}, false},
		{
			"a milestone of the first order",
			func(p *loyalty.Program) { p.Milestones = []loyalty.Milestone{{ID: "m", Target: 1, Points: 0}} }, true,
		},
		{
			"a milestone of no order",
			func(p *loyalty.Program) { p.Milestones = []loyalty.Milestone{{ID: "m", Target: 0, Points: 1}} }, false,
		},
		{
			"a milestone below zero",
			func(p *loyalty.Program) { p.Milestones = []loyalty.Milestone{{ID: "m", Target: 1, Points: -1}} }, false,
		},
		{"a milestone of the most", func(p *loyalty.Program) {
			p.Milestones = []loyalty.Milestone{{ID: "m", Target: 1, Points: loyalty.MaxPoints}}
		}, true},
		{"a milestone of more", func(p *loyalty.Program) {
			p.Milestones = []loyalty.Milestone{{ID: "m", Target: 1, Points: loyalty.MaxPoints + 1}}
		}, false},
		{"a rule that gives nothing", bounded(func(r *loyalty.Rule) { r.Give = nil }), false},
		{"a rule of an unknown group", bounded(func(r *loyalty.Rule) { r.Group = "x" }), false},
		{
			"a rule with a cap of nothing",
			bounded(func(r *loyalty.Rule) { r.Caps = []loyalty.Cap{{Points: 0, Per: loyalty.PerDay, Reject: false}} }),
			true,
		},
		{
			"a rule with a cap below zero",
			bounded(func(r *loyalty.Rule) { r.Caps = []loyalty.Cap{{Points: -1, Per: loyalty.PerDay, Reject: false}} }),
			false,
		},
		{
			"a rule with a cap of no period",
			bounded(func(r *loyalty.Rule) { r.Caps = []loyalty.Cap{{Points: 1, Per: "x", Reject: false}} }), false,
		},
		{
			"a rule once",
			bounded(func(r *loyalty.Rule) { r.Limits = []loyalty.Limit{{Times: 1, Per: loyalty.PerDay}} }), true,
		},
		{
			"a rule never",
			bounded(func(r *loyalty.Rule) { r.Limits = []loyalty.Limit{{Times: 0, Per: loyalty.PerDay}} }), false,
		},
		{
			"a rule once per order",
			bounded(func(r *loyalty.Rule) { r.Limits = []loyalty.Limit{{Times: 1, Per: loyalty.PerOrder}} }), false,
		},
		{
			"a rule once per nothing",
			bounded(func(r *loyalty.Rule) { r.Limits = []loyalty.Limit{{Times: 1, Per: "x"}} }), false,
		},
		{"a budget", bounded(func(r *loyalty.Rule) { r.Budget = loyalty.MaxBalance }), true},
		{"a budget of more", bounded(func(r *loyalty.Rule) { r.Budget = loyalty.MaxBalance + 1 }), false},
		{"a budget below zero", bounded(func(r *loyalty.Rule) { r.Budget = -1 }), false},
		{"points of a rule that expire by inactivity", bounded(func(r *loyalty.Rule) {
			r.Life.Expires = &calendar.Expiry{After: calendar.Period{Days: 1}, Inactive: true}
		}), false},
		{
			"a multiplier with a life of its own",
			bounded(
				func(r *loyalty.Rule) { r.Give, r.Life.Pending = loyalty.Multiply{By: rat(1, 1)}, &calendar.Wait{} },
			),
			true,
		},
		{
			"a divisor with a life of its own",
			bounded(
				func(r *loyalty.Rule) { r.Give, r.Life.Pending = loyalty.Multiply{By: rat(99, 100)}, &calendar.Wait{} },
			),
			false,
		},
		{"as many rules as there may be", func(p *loyalty.Program) {
			p.Earn.Rules = slices.Repeat([]loyalty.Rule{{ID: "r", Give: loyalty.Fixed{Points: 1}}}, loyalty.MaxRules)
		}, true},
		{"more rules than there may be", func(p *loyalty.Program) {
			p.Earn.Rules = slices.Repeat([]loyalty.Rule{{ID: "r", Give: loyalty.Fixed{Points: 1}}}, loyalty.MaxRules+1)
		}, false},
		{"as many rules and campaigns as there may be", func(p *loyalty.Program) {
			p.Earn.Rules = slices.Repeat([]loyalty.Rule{{ID: "r", Give: loyalty.Fixed{Points: 1}}}, loyalty.MaxRules)
			p.Campaigns = slices.Repeat([]loyalty.Rule{{ID: "c", Give: loyalty.Fixed{Points: 1}}}, loyalty.MaxCampaigns)
		}, true},
		{"more campaigns than there may be", func(p *loyalty.Program) {
			p.Campaigns = slices.Repeat(
				[]loyalty.Rule{{ID: "c", Give: loyalty.Fixed{Points: 1}}}, loyalty.MaxCampaigns+1,
			)
		}, false},
		{"payment with points", func(p *loyalty.Program) {
			p.Redemption.Pay.Rates = map[loyalty.Currency]loyalty.Rate{"EUR": {Points: rat(1, 9), Per: 1, Full: false}}
		}, true},
		{"payment with points of no worth", func(p *loyalty.Program) {
			p.Redemption.Pay.Rates = map[loyalty.Currency]loyalty.Rate{
				"EUR": {Points: new(big.Rat), Per: 1, Full: false},
			}
		}, false},
		{"payment without points", func(p *loyalty.Program) {
			p.Redemption.Pay.Rates = map[loyalty.Currency]loyalty.Rate{"EUR": {Points: nil, Per: 1, Full: false}}
		}, false},
		{"payment per nothing", func(p *loyalty.Program) {
			p.Redemption.Pay.Rates = map[loyalty.Currency]loyalty.Rate{"EUR": {Points: rat(1, 9), Per: 0, Full: false}}
		}, false},
		{"payment in an unknown currency", func(p *loyalty.Program) {
			p.Redemption.Pay.Rates = map[loyalty.Currency]loyalty.Rate{"XX": {Points: rat(1, 9), Per: 1, Full: false}}
		}, false},
		{"payment of all", func(p *loyalty.Program) { p.Redemption.Pay.Share = rat(1, 1) }, true},
		{"payment of more than all", func(p *loyalty.Program) { p.Redemption.Pay.Share = rat(101, 100) }, false},
		{"payment of no share", func(p *loyalty.Program) { p.Redemption.Pay.Share = new(big.Rat) }, false},
		{"payment of at least less than zero", func(p *loyalty.Program) { p.Redemption.Pay.Min = -1 }, false},
		{"payment in steps below zero", func(p *loyalty.Program) { p.Redemption.Pay.Step = -1 }, false},
		{"transfers", func(p *loyalty.Program) { p.Transfers = loyalty.Transfers{Min: 5, Max: 5} }, true},
		{
			"transfers of at most less than at least",
			func(p *loyalty.Program) { p.Transfers = loyalty.Transfers{Min: 5, Max: 4} }, false,
		},
		{"transfers without a most", func(p *loyalty.Program) { p.Transfers = loyalty.Transfers{Min: 5} }, true},
		{"transfers of at least less than zero", func(p *loyalty.Program) { p.Transfers.Min = -1 }, false},
		{"transfers of at most less than zero", func(p *loyalty.Program) { p.Transfers.Max = -1 }, false},
		{"transfers in steps below zero", func(p *loyalty.Program) { p.Transfers.Step = -1 }, false},
		{"a fee", func(p *loyalty.Program) { p.Transfers.Fee.Points = loyalty.MaxPoints }, true},
		{"a greater fee", func(p *loyalty.Program) { p.Transfers.Fee.Points = loyalty.MaxPoints + 1 }, false},
		{"a fee below zero", func(p *loyalty.Program) { p.Transfers.Fee.Points = -1 }, false},
		{"a fee of a share", func(p *loyalty.Program) { p.Transfers.Fee.Share = rat(99, 100) }, true},
		{"a fee of no share", func(p *loyalty.Program) { p.Transfers.Fee.Share = new(big.Rat) }, true},
		{"a fee of all", func(p *loyalty.Program) { p.Transfers.Fee.Share = rat(1, 1) }, false},
		{"a fee of a share below zero", func(p *loyalty.Program) { p.Transfers.Fee.Share = rat(-1, 100) }, false},
		{
			"transfers with a limit of zero",
			func(p *loyalty.Program) { p.Transfers.Limits = []loyalty.Limit{{Times: 0, Per: loyalty.PerDay}} }, false,
		},
		{"as many wallets as there may be", func(p *loyalty.Program) {
			for i := range posting.MaxWallets {
				p.Wallets = append(p.Wallets, loyalty.Wallet{ID: string(rune('a' + i))})
			}
		}, true},
		{"more wallets than there may be", func(p *loyalty.Program) {
			for i := range posting.MaxWallets + 1 {
				p.Wallets = append(p.Wallets, loyalty.Wallet{ID: string(rune('a' + i))})
			}
		}, false},
		{"a wallet without an ID", func(p *loyalty.Program) { p.Wallets = []loyalty.Wallet{{}} }, false},
		{
			"a wallet with the name of the points",
			func(p *loyalty.Program) { p.Wallets = []loyalty.Wallet{{ID: posting.MainWallet}} }, false,
		},
		{
			"two wallets of one ID", func(p *loyalty.Program) { p.Wallets = []loyalty.Wallet{{ID: "a"}, {ID: "a"}} },
			false,
		},
		{"a wallet whose points expire by inactivity", func(p *loyalty.Program) {
			p.Wallets = []loyalty.Wallet{{ID: "a", Expires: calendar.Expiry{Inactive: true}}}
		}, false},
		{"a wallet that waits for a parcel", func(p *loyalty.Program) {
			p.Wallets = []loyalty.Wallet{{ID: "a", Pending: calendar.Wait{Until: calendar.WhenShipped}}}
		}, false},
		{"days of a wallet", func(p *loyalty.Program) {
			p.Wallets = []loyalty.Wallet{
				{
					ID: "a", Pending: calendar.Wait{On: days(posting.MaxDays)},
					Expires: calendar.Expiry{On: days(posting.MaxDays)},
				},
			}
		}, true},
		{"too many days of a wallet's activation", func(p *loyalty.Program) {
			p.Wallets = []loyalty.Wallet{{ID: "a", Pending: calendar.Wait{On: days(posting.MaxDays + 1)}}}
		}, false},
		{"too many days of a wallet's expiry", func(p *loyalty.Program) {
			p.Wallets = []loyalty.Wallet{{ID: "a", Expires: calendar.Expiry{On: days(posting.MaxDays + 1)}}}
		}, false},
		{"a wallet's rate of no points", func(p *loyalty.Program) {
			p.Wallets = []loyalty.Wallet{
				{ID: "a", Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: new(big.Rat), Per: 1, Full: false}}},
			}
		}, true},
		{"a wallet's rate below zero", func(p *loyalty.Program) {
			p.Wallets = []loyalty.Wallet{
				{ID: "a", Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: rat(-1, 1), Per: 1, Full: false}}},
			}
		}, false},
		{"a wallet's rate per nothing", func(p *loyalty.Program) {
			p.Wallets = []loyalty.Wallet{
				{ID: "a", Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: rat(1, 1), Per: 0, Full: false}}},
			}
		}, false},
		{"a wallet's rate of an unknown currency", func(p *loyalty.Program) {
			p.Wallets = []loyalty.Wallet{
				{ID: "a", Rates: map[loyalty.Currency]loyalty.Rate{"XX": {Points: rat(1, 1), Per: 1, Full: false}}},
			}
		}, false},
		{"extensions", func(p *loyalty.Program) {
			p.AdvanceNotice = loyalty.AdvanceNotice{
				Period: calendar.Period{Days: 1}, MaxExtensions: posting.MaxExtensions,
			}
		}, true},
		{"one extension", func(p *loyalty.Program) {
			p.AdvanceNotice = loyalty.AdvanceNotice{Period: calendar.Period{Days: 1}, MaxExtensions: 1}
		}, true},
		{"no extensions", func(p *loyalty.Program) {
			p.AdvanceNotice = loyalty.AdvanceNotice{Period: calendar.Period{Days: 1}, MaxExtensions: 0}
		}, false},
		{"too many extensions", func(p *loyalty.Program) {
			p.AdvanceNotice = loyalty.AdvanceNotice{
				Period: calendar.Period{Days: 1}, MaxExtensions: posting.MaxExtensions + 1,
			}
		}, false},
		{"no period and no extensions", func(p *loyalty.Program) { p.AdvanceNotice = loyalty.AdvanceNotice{} }, true},
		{"a cycle of a divisor of a year", func(p *loyalty.Program) {
			p.Tiers.Window = loyalty.Window{Kind: loyalty.CycleWindow, Months: 6, From: 101}
		}, true},
		{"a cycle of no divisor of a year", func(p *loyalty.Program) {
			p.Tiers.Window = loyalty.Window{Kind: loyalty.CycleWindow, Months: 5, From: 101}
		}, false},
		{"a cycle of no months", func(p *loyalty.Program) {
			p.Tiers.Window = loyalty.Window{Kind: loyalty.CycleWindow, Months: 0, From: 101}
		}, false},
		{"a cycle from no day", func(p *loyalty.Program) {
			p.Tiers.Window = loyalty.Window{Kind: loyalty.CycleWindow, Months: 6, From: 100}
		}, false},
		{"a cycle from the last day", func(p *loyalty.Program) {
			p.Tiers.Window = loyalty.Window{Kind: loyalty.CycleWindow, Months: 6, From: 1231}
		}, true},
		{"a cycle from behind the last day", func(p *loyalty.Program) {
			p.Tiers.Window = loyalty.Window{Kind: loyalty.CycleWindow, Months: 6, From: 1232}
		}, false},
		{"a cycle from joining", func(p *loyalty.Program) {
			p.Tiers.Window = loyalty.Window{Kind: loyalty.JoinWindow, Months: 6, From: 0}
		}, true},
		{"periods without a cycle", func(p *loyalty.Program) { p.Tiers.KeepPeriods = 1 }, false},
		{"the next period without a cycle", func(p *loyalty.Program) { p.Tiers.MoveUp = loyalty.NextPeriod }, false},
		{"periods of a cycle", func(p *loyalty.Program) {
			p.Tiers.Calendar, p.Tiers.KeepPeriods, p.Tiers.MoveUp = true, 1, loyalty.NextPeriod
		}, true},
		{"brands", func(p *loyalty.Program) { p.Tiers.Brands = make([]string, loyalty.MaxBrands) }, true},
		{"too many brands", func(p *loyalty.Program) { p.Tiers.Brands = make([]string, loyalty.MaxBrands+1) }, false},
		{
			"a least level",
			func(p *loyalty.Program) { p.Tiers.Minimums = []loyalty.Minimum{{Level: "silver", Segment: "x"}} }, true,
		},
		{
			"an unknown least level",
			func(p *loyalty.Program) { p.Tiers.Minimums = []loyalty.Minimum{{Level: "tin", Segment: "x"}} }, false,
		},
		{"a level's bonus", func(p *loyalty.Program) { p.Tiers.Levels[1].EntryBonus = loyalty.MaxPoints }, true},
		{
			"a level's greater bonus",
			func(p *loyalty.Program) { p.Tiers.Levels[1].EntryBonus = loyalty.MaxPoints + 1 }, false,
		},
		{"a level's bonus below zero", func(p *loyalty.Program) { p.Tiers.Levels[1].EntryBonus = -1 }, false},
		{"the first level from above zero", func(p *loyalty.Program) { p.Tiers.Levels[0].From = 1 }, false},
		{"levels from the same number", func(p *loyalty.Program) { p.Tiers.Levels[2].From = 500 }, false},
		{"levels from the next number", func(p *loyalty.Program) { p.Tiers.Levels[2].From = 501 }, true},
	} {
		p := testProgram(t)
		c.edit(p)
		if err := Compile(p); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
