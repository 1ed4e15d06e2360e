package loyalty

import (
	"math/big"
	"slices"
	"testing"
)

// Each bound of a program is tested at its last valid value and one step beyond it.
func TestBoundsOfAProgram(t *testing.T) {
	rat := big.NewRat
	bounded := func(edit func(*Rule)) func(*Program) {
		return func(p *Program) {
			r := Rule{ID: "r", Give: Fixed{1}}
			edit(&r)
			p.Earn.Rules = []Rule{r}
		}
	}
	days := func(n int) (all []Day) {
		for i := range n {
			all = append(all, Day(101+i))
		}
		return all
	}
	rates := func(c Currency, x *big.Rat, from ...Date) func(*Program) {
		return func(p *Program) {
			p.Exchange.Base = "EUR"
			for _, day := range from {
				p.Exchange.Rates = append(
					p.Exchange.Rates,
					ExchangeRate{From: day, Rates: map[Currency]*big.Rat{c: x}},
				)
			}
		}
	}
	for _, c := range []struct {
		name string
		edit func(*Program)
		ok   bool
	}{
		{"as it is", func(*Program) {}, true},
		{"without an ID", func(p *Program) { p.ID = "" }, false},
		{"without a zone", func(p *Program) { p.Zone = nil }, false},
		{"a rate of an unknown currency", func(p *Program) { p.Earn.Rates["EURO"] = Rate{rat(1, 1), 100, false} }, false},
		{"a rate per nothing", func(p *Program) { p.Earn.Rates["EUR"] = Rate{rat(1, 1), 0, false} }, false},
		{"a rate of no points", func(p *Program) { p.Earn.Rates["EUR"] = Rate{new(big.Rat), 1, false} }, true},
		{"a rate below zero", func(p *Program) { p.Earn.Rates["EUR"] = Rate{rat(-1, 9), 1, false} }, false},
		{"a category that gives nothing", func(p *Program) { p.Earn.Categories[0].Multiply = new(big.Rat) }, true},
		{"a category below zero", func(p *Program) { p.Earn.Categories[0].Multiply = rat(-1, 9) }, false},
		{"a cap of nothing", func(p *Program) { p.Earn.Caps = []Cap{{0, PerDay, false}} }, true},
		{"a cap below zero", func(p *Program) { p.Earn.Caps = []Cap{{-1, PerDay, false}} }, false},
		{"two caps", func(p *Program) { p.Earn.Caps = []Cap{{1, PerDay, false}, {1, PerWeek, false}} }, true},
		{"two caps of a period", func(p *Program) { p.Earn.Caps = []Cap{{1, PerDay, false}, {2, PerDay, true}} }, false},
		{"days of activation", func(p *Program) { p.Earn.Pending.On = days(MaxDays) }, true},
		{"too many days of activation", func(p *Program) { p.Earn.Pending.On = days(MaxDays + 1) }, false},
		{"days of expiry", func(p *Program) { p.Earn.Expires.On = days(MaxDays) }, true},
		{"too many days of expiry", func(p *Program) { p.Earn.Expires.On = days(MaxDays + 1) }, false},
		{"exchange rates", rates("CHF", rat(1, 2), 20260101, 20260102), true},
		{"exchange rates of one day", rates("CHF", rat(1, 2), 20260101, 20260101), false},
		{"exchange rates in the wrong order", rates("CHF", rat(1, 2), 20260102, 20260101), false},
		{"an exchange rate of zero", rates("CHF", new(big.Rat), 20260101), false},
		{"an exchange rate of an unknown currency", rates("XX", rat(1, 2), 20260101), false},
		{"an exchange without a rate of its base", func(p *Program) { p.Exchange.Base = "CHF" }, false},
		{"a level that gives nothing", func(p *Program) { p.Tiers.Levels[1].Multiply = new(big.Rat) }, true},
		{"a level below zero", func(p *Program) { p.Tiers.Levels[1].Multiply = rat(-1, 9) }, false},
		{"the longest window", func(p *Program) { p.Tiers.Months = MaxWindow }, true},
		{"a longer window", func(p *Program) { p.Tiers.Months = MaxWindow + 1 }, false},
		{"an action of no points", func(p *Program) { p.Earn.Actions = []Action{{ID: "a", Event: "visit.completed"}} }, true},
		{"an action below zero", func(p *Program) { p.Earn.Actions = []Action{{ID: "a", Event: "visit.completed", Points: -1}} }, false},
		{"an action of the most", func(p *Program) { p.Earn.Actions = []Action{{ID: "a", Event: "visit.completed", Points: MaxPoints}} }, true},
		{"an action of more", func(p *Program) {
			p.Earn.Actions = []Action{{ID: "a", Event: "visit.completed", Points: MaxPoints + 1}}
		}, false},
		{"a friend's points", func(p *Program) { p.Earn.Actions = []Action{{ID: "a", Event: EventConverted, Friend: MaxPoints}} }, true},
		{"too many of a friend's points", func(p *Program) { p.Earn.Actions = []Action{{ID: "a", Event: EventConverted, Friend: MaxPoints + 1}} }, false},
		{"a friend's points below zero", func(p *Program) { p.Earn.Actions = []Action{{ID: "a", Event: EventConverted, Friend: -1}} }, false},
		{"an action of no event", func(p *Program) { p.Earn.Actions = []Action{{ID: "a", Points: 1}} }, false},
		{"an action in an unknown wallet", func(p *Program) { p.Earn.Actions = []Action{{ID: "a", Event: "visit.completed", Wallet: "x"}} }, false},
		{"an action with a limit of zero", func(p *Program) {
			p.Earn.Actions = []Action{{ID: "a", Event: "visit.completed", Limits: []Limit{{0, PerDay}}}}
		}, false},
		{"a milestone of the first order", func(p *Program) { p.Milestones = []Milestone{{"m", 1, 0}} }, true},
		{"a milestone of no order", func(p *Program) { p.Milestones = []Milestone{{"m", 0, 1}} }, false},
		{"a milestone below zero", func(p *Program) { p.Milestones = []Milestone{{"m", 1, -1}} }, false},
		{"a milestone of the most", func(p *Program) { p.Milestones = []Milestone{{"m", 1, MaxPoints}} }, true},
		{"a milestone of more", func(p *Program) { p.Milestones = []Milestone{{"m", 1, MaxPoints + 1}} }, false},
		{"a rule that gives nothing", bounded(func(r *Rule) { r.Give = nil }), false},
		{"a rule of an unknown group", bounded(func(r *Rule) { r.Group = "x" }), false},
		{"a rule with a cap of nothing", bounded(func(r *Rule) { r.Caps = []Cap{{0, PerDay, false}} }), true},
		{"a rule with a cap below zero", bounded(func(r *Rule) { r.Caps = []Cap{{-1, PerDay, false}} }), false},
		{"a rule with a cap of no period", bounded(func(r *Rule) { r.Caps = []Cap{{1, "x", false}} }), false},
		{"a rule once", bounded(func(r *Rule) { r.Limits = []Limit{{1, PerDay}} }), true},
		{"a rule never", bounded(func(r *Rule) { r.Limits = []Limit{{0, PerDay}} }), false},
		{"a rule once per order", bounded(func(r *Rule) { r.Limits = []Limit{{1, PerOrder}} }), false},
		{"a rule once per nothing", bounded(func(r *Rule) { r.Limits = []Limit{{1, "x"}} }), false},
		{"a budget", bounded(func(r *Rule) { r.Budget = MaxBalance }), true},
		{"a budget of more", bounded(func(r *Rule) { r.Budget = MaxBalance + 1 }), false},
		{"a budget below zero", bounded(func(r *Rule) { r.Budget = -1 }), false},
		{"points of a rule that expire by inactivity", bounded(func(r *Rule) { r.Life.Expires = &Expiry{After: Period{Days: 1}, Inactive: true} }), false},
		{"a multiplier with a life of its own", bounded(func(r *Rule) { r.Give, r.Life.Pending = Multiply{rat(1, 1)}, &Wait{} }), true},
		{"a divisor with a life of its own", bounded(func(r *Rule) { r.Give, r.Life.Pending = Multiply{rat(99, 100)}, &Wait{} }), false},
		{"as many rules as there may be", func(p *Program) { p.Earn.Rules = slices.Repeat([]Rule{{ID: "r", Give: Fixed{1}}}, MaxRules) }, true},
		{"more rules than there may be", func(p *Program) {
			p.Campaigns, p.Earn.Rules = []Rule{{ID: "c", Give: Fixed{1}}}, slices.Repeat([]Rule{{ID: "r", Give: Fixed{1}}}, MaxRules)
		}, false},
		{"payment with points", func(p *Program) { p.Redemption.Pay.Rates = map[Currency]Rate{"EUR": {rat(1, 9), 1, false}} }, true},
		{"payment with points of no worth", func(p *Program) { p.Redemption.Pay.Rates = map[Currency]Rate{"EUR": {new(big.Rat), 1, false}} }, false},
		{"payment without points", func(p *Program) { p.Redemption.Pay.Rates = map[Currency]Rate{"EUR": {nil, 1, false}} }, false},
		{"payment per nothing", func(p *Program) { p.Redemption.Pay.Rates = map[Currency]Rate{"EUR": {rat(1, 9), 0, false}} }, false},
		{"payment in an unknown currency", func(p *Program) { p.Redemption.Pay.Rates = map[Currency]Rate{"XX": {rat(1, 9), 1, false}} }, false},
		{"payment of all", func(p *Program) { p.Redemption.Pay.Share = rat(1, 1) }, true},
		{"payment of more than all", func(p *Program) { p.Redemption.Pay.Share = rat(101, 100) }, false},
		{"payment of no share", func(p *Program) { p.Redemption.Pay.Share = new(big.Rat) }, false},
		{"payment of at least less than zero", func(p *Program) { p.Redemption.Pay.Min = -1 }, false},
		{"payment in steps below zero", func(p *Program) { p.Redemption.Pay.Step = -1 }, false},
		{"transfers", func(p *Program) { p.Transfers = Transfers{Min: 5, Max: 5} }, true},
		{"transfers of at most less than at least", func(p *Program) { p.Transfers = Transfers{Min: 5, Max: 4} }, false},
		{"transfers without a most", func(p *Program) { p.Transfers = Transfers{Min: 5} }, true},
		{"transfers of at least less than zero", func(p *Program) { p.Transfers.Min = -1 }, false},
		{"transfers of at most less than zero", func(p *Program) { p.Transfers.Max = -1 }, false},
		{"transfers in steps below zero", func(p *Program) { p.Transfers.Step = -1 }, false},
		{"a fee", func(p *Program) { p.Transfers.Fee.Points = MaxPoints }, true},
		{"a greater fee", func(p *Program) { p.Transfers.Fee.Points = MaxPoints + 1 }, false},
		{"a fee below zero", func(p *Program) { p.Transfers.Fee.Points = -1 }, false},
		{"a fee of a share", func(p *Program) { p.Transfers.Fee.Share = rat(99, 100) }, true},
		{"a fee of no share", func(p *Program) { p.Transfers.Fee.Share = new(big.Rat) }, true},
		{"a fee of all", func(p *Program) { p.Transfers.Fee.Share = rat(1, 1) }, false},
		{"a fee of a share below zero", func(p *Program) { p.Transfers.Fee.Share = rat(-1, 100) }, false},
		{"transfers with a limit of zero", func(p *Program) { p.Transfers.Limits = []Limit{{0, PerDay}} }, false},
		{"as many wallets as there may be", func(p *Program) {
			for i := range MaxWallets {
				p.Wallets = append(p.Wallets, Wallet{ID: string(rune('a' + i))})
			}
		}, true},
		{"more wallets than there may be", func(p *Program) {
			for i := range MaxWallets + 1 {
				p.Wallets = append(p.Wallets, Wallet{ID: string(rune('a' + i))})
			}
		}, false},
		{"a wallet without an ID", func(p *Program) { p.Wallets = []Wallet{{}} }, false},
		{"a wallet with the name of the points", func(p *Program) { p.Wallets = []Wallet{{ID: MainWallet}} }, false},
		{"two wallets of one ID", func(p *Program) { p.Wallets = []Wallet{{ID: "a"}, {ID: "a"}} }, false},
		{"a wallet whose points expire by inactivity", func(p *Program) { p.Wallets = []Wallet{{ID: "a", Expires: Expiry{Inactive: true}}} }, false},
		{"a wallet that waits for a parcel", func(p *Program) { p.Wallets = []Wallet{{ID: "a", Pending: Wait{Until: WhenShipped}}} }, false},
		{"days of a wallet", func(p *Program) {
			p.Wallets = []Wallet{{ID: "a", Pending: Wait{On: days(MaxDays)}, Expires: Expiry{On: days(MaxDays)}}}
		}, true},
		{"too many days of a wallet's activation", func(p *Program) { p.Wallets = []Wallet{{ID: "a", Pending: Wait{On: days(MaxDays + 1)}}} }, false},
		{"too many days of a wallet's expiry", func(p *Program) { p.Wallets = []Wallet{{ID: "a", Expires: Expiry{On: days(MaxDays + 1)}}} }, false},
		{"a wallet's rate of no points", func(p *Program) {
			p.Wallets = []Wallet{{ID: "a", Rates: map[Currency]Rate{"EUR": {new(big.Rat), 1, false}}}}
		}, true},
		{"a wallet's rate below zero", func(p *Program) {
			p.Wallets = []Wallet{{ID: "a", Rates: map[Currency]Rate{"EUR": {rat(-1, 1), 1, false}}}}
		}, false},
		{"a wallet's rate per nothing", func(p *Program) {
			p.Wallets = []Wallet{{ID: "a", Rates: map[Currency]Rate{"EUR": {rat(1, 1), 0, false}}}}
		}, false},
		{"a wallet's rate of an unknown currency", func(p *Program) {
			p.Wallets = []Wallet{{ID: "a", Rates: map[Currency]Rate{"XX": {rat(1, 1), 1, false}}}}
		}, false},
		{"extensions", func(p *Program) { p.AdvanceNotice = AdvanceNotice{Period{Days: 1}, MaxExtensions} }, true},
		{"one extension", func(p *Program) { p.AdvanceNotice = AdvanceNotice{Period{Days: 1}, 1} }, true},
		{"no extensions", func(p *Program) { p.AdvanceNotice = AdvanceNotice{Period{Days: 1}, 0} }, false},
		{"too many extensions", func(p *Program) { p.AdvanceNotice = AdvanceNotice{Period{Days: 1}, MaxExtensions + 1} }, false},
		{"no period and no extensions", func(p *Program) { p.AdvanceNotice = AdvanceNotice{} }, true},
		{"a cycle of a divisor of a year", func(p *Program) { p.Tiers.Window = Window{CycleWindow, 6, 101} }, true},
		{"a cycle of no divisor of a year", func(p *Program) { p.Tiers.Window = Window{CycleWindow, 5, 101} }, false},
		{"a cycle of no months", func(p *Program) { p.Tiers.Window = Window{CycleWindow, 0, 101} }, false},
		{"a cycle from no day", func(p *Program) { p.Tiers.Window = Window{CycleWindow, 6, 100} }, false},
		{"a cycle from the last day", func(p *Program) { p.Tiers.Window = Window{CycleWindow, 6, 1231} }, true},
		{"a cycle from behind the last day", func(p *Program) { p.Tiers.Window = Window{CycleWindow, 6, 1232} }, false},
		{"a cycle from joining", func(p *Program) { p.Tiers.Window = Window{JoinWindow, 6, 0} }, true},
		{"periods without a cycle", func(p *Program) { p.Tiers.KeepPeriods = 1 }, false},
		{"the next period without a cycle", func(p *Program) { p.Tiers.MoveUp = NextPeriod }, false},
		{"periods of a cycle", func(p *Program) { p.Tiers.Calendar, p.Tiers.KeepPeriods, p.Tiers.MoveUp = true, 1, NextPeriod }, true},
		{"brands", func(p *Program) { p.Tiers.Brands = make([]string, MaxBrands) }, true},
		{"too many brands", func(p *Program) { p.Tiers.Brands = make([]string, MaxBrands+1) }, false},
		{"a least level", func(p *Program) { p.Tiers.Minimums = []Minimum{{"silver", "x"}} }, true},
		{"an unknown least level", func(p *Program) { p.Tiers.Minimums = []Minimum{{"tin", "x"}} }, false},
		{"a level's bonus", func(p *Program) { p.Tiers.Levels[1].EntryBonus = MaxPoints }, true},
		{"a level's greater bonus", func(p *Program) { p.Tiers.Levels[1].EntryBonus = MaxPoints + 1 }, false},
		{"a level's bonus below zero", func(p *Program) { p.Tiers.Levels[1].EntryBonus = -1 }, false},
		{"the first level from above zero", func(p *Program) { p.Tiers.Levels[0].From = 1 }, false},
		{"levels from the same number", func(p *Program) { p.Tiers.Levels[2].From = 500 }, false},
		{"levels from the next number", func(p *Program) { p.Tiers.Levels[2].From = 501 }, true},
	} {
		p := testProgram(t)
		c.edit(p)
		if err := p.Compile(); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
