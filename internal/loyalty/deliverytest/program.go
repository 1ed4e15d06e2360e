package deliverytest

import (
	"fmt"
	"math/big"
	"slices"
	"time"
	_ "time/tzdata" // makes the time zones of programs available on all machines

	"pgregory.net/rapid"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Life is the kind of a history. Each kind has different features, because not all features can be compared exactly in
// the same history.
type Life int

const (
	// Expiring is a history whose points expire after a few months, and whose levels give no bonus.
	Expiring Life = iota
	// Lasting is a history whose points do not expire before it ends, and whose levels give bonuses.
	Lasting
	// Spending is like Lasting, but the member also redeems and converts points.
	Spending
	// Frequent is like Lasting, but has many orders in a few weeks, under caps and limits by day, week and month. All
	// facts are known before these periods are closed.
	Frequent
	// Inactive is a history whose points expire some months after the member's last activity, and whose levels give no
	// bonus.
	Inactive
	// Brief is like Expiring, but levels and milestones give bonuses.
	Brief
)

// bonuses reports whether levels and milestones give points.
func (l Life) bonuses() bool { return l != Expiring && l != Inactive }

// pace contains the maximum number of days between facts, and the possible delays of the first report of a fact (late).
type pace struct {
	nextOrder, refund, dispute, nextState int
	late                                  []int
}

func (l Life) pace() pace {
	if l == Frequent {
		return pace{nextOrder: 4, refund: 30, dispute: 30, nextState: 10, late: []int{0, 0, 0, 1, 5, 20}}
	}
	return pace{nextOrder: 60, refund: 150, dispute: 150, nextState: 100, late: []int{0, 0, 0, 1, 30, 80}}
}

// periods returns the periods of caps and limits, for all rules or for one of them.
func (l Life) periods() []loyalty.CapPeriod {
	if l == Frequent {
		return []loyalty.CapPeriod{loyalty.PerDay, loyalty.PerWeek, loyalty.PerMonth, loyalty.PerEver}
	}
	return []loyalty.CapPeriod{loyalty.PerEver} // other periods would close during the history
}

const currency loyalty.Currency = "EUR"

// zones contains the time zones of programs. They are loaded once.
var zones = func() (all []*time.Location) {
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			panic(err)
		}
		all = append(all, zone)
	}
	return all
}()

// RandomProgram draws a program for a kind of history.
func RandomProgram(t *rapid.T, life Life) *loyalty.Program {
	p := &loyalty.Program{
		ID: "random", Version: 1, Zone: rapid.SampledFrom(zones).Draw(t, "zone"),
		Earning: loyalty.Earning{Earn: randomEarn(t, life), Milestones: randomMilestones(t, life)},
		Levels: loyalty.Levels{
			Tiers: randomTiers(t, life),
		},
		Corrections: loyalty.Corrections{Clawback: rapid.SampledFrom(
			[]loyalty.ClawbackPolicy{loyalty.ClawbackDebt, loyalty.ClawbackUnlimited},
		).Draw(t, "clawback")},
	}
	if rapid.IntRange(0, 3).Draw(t, "ladder") == 0 {
		p.TierGroups = []loyalty.TierGroup{{ID: "partner", Tiers: randomTiers(t, life)}}
	}
	for i := range p.Tiers.Levels {
		if by := rapid.SampledFrom([]int64{2, 2, 3, 4}).Draw(t, "level multiplies"); i > 0 && by > 2 {
			p.Tiers.Levels[i].Multiply = big.NewRat(by, 2)
		}
	}
	if life == Spending || rapid.IntRange(0, 3).Draw(t, "wallet") == 0 {
		p.Wallets = []loyalty.Wallet{{
			ID: "miles", Rates: rates(1, 2), Clawback: p.Clawback, Expires: walletExpiry(p.Earn.Expires),
			Pending: rapid.SampledFrom([]calendar.Wait{{}, {For: calendar.Period{Days: 5}}}).Draw(t, "miles pending"),
		}}
	}
	if rapid.IntRange(0, 2).Draw(t, "campaign") == 0 {
		p.Campaigns = []loyalty.Rule{{ID: "club", Give: loyalty.Fixed{Points: 35}, OptIn: true}}
	}
	if rapid.IntRange(0, 5).Draw(t, "budget") == 0 {
		p.Campaigns = append(p.Campaigns, loyalty.Rule{
			ID: "fund", Give: loyalty.Fixed{Points: 30}, Budget: loyalty.Points(rapid.IntRange(20, 100).Draw(t, "of")),
		})
		unbound(&p.Earn)
	}
	if life == Spending {
		p.Conversions = []loyalty.Conversion{{ID: "fly", To: "miles", Rate: big.NewRat(1, 1)}}
		p.Rewards = []loyalty.Reward{{ID: "mug", Type: "free_product", Cost: 60}}
	}
	if err := engine.Compile(p); err != nil {
		t.Fatal(err)
	}
	return p
}

// budgeted reports whether a campaign has a budget.
func budgeted(p *loyalty.Program) bool {
	return slices.ContainsFunc(p.Campaigns, func(r loyalty.Rule) bool { return r.Budget > 0 })
}

// unbound removes the features that cannot be compared exactly if a campaign has a budget. There are three reasons. An
// order that a budget reduced receives nothing when points become available under a cap. The direct delivery limits
// each order to the whole points that the random delivery granted it from the budget, which changes carried fractions
// and the decisions of caps that reject. An order that is decided again because its number changes receives the points
// that remain in the budget at that time.
func unbound(e *loyalty.Earn) {
	e.Carry = false
	e.Caps = slices.DeleteFunc(e.Caps, func(c loyalty.Cap) bool { return c.Per != loyalty.PerOrder || c.Reject })
	for i := range e.Rules {
		r := &e.Rules[i]
		r.Caps, r.Limits, r.Match.FirstOrder, r.Match.When = nil, nil, false, nil
	}
}

// walletExpiry returns the expiry of points in another wallet, which cannot expire by inactivity.
func walletExpiry(e calendar.Expiry) calendar.Expiry {
	e.Inactive, e.ResetBy = false, nil
	return e
}

func rates(points, euros int64) map[loyalty.Currency]loyalty.Rate {
	return map[loyalty.Currency]loyalty.Rate{currency: {Points: big.NewRat(points, 1), Per: 100 * euros}}
}

func randomEarn(t *rapid.T, life Life) loyalty.Earn {
	e := loyalty.Earn{
		Rates: rates(
			rapid.SampledFrom([]int64{1, 1, 2}).Draw(t, "rate"), rapid.SampledFrom([]int64{1, 1, 3}).Draw(t, "per"),
		),
		Counts:   loyalty.Counts{Items: true, Shipping: rapid.IntRange(0, 3).Draw(t, "shipping counts") == 0},
		Rounding: rapid.SampledFrom([]loyalty.Rounding{loyalty.Down, loyalty.Nearest, loyalty.Up}).Draw(t, "rounding"),
		Pending: rapid.SampledFrom([]calendar.Wait{
			{}, {}, {For: calendar.Period{Days: 14}}, {On: []calendar.Day{101, 615}},
		}).Draw(t, "pending"),
		Expires:     calendar.Expiry{After: calendar.Period{Months: 60}, RoundTo: calendar.EndOfMonth},
		Carry:       rapid.IntRange(0, 3).Draw(t, "carry") == 0,
		CountPlaced: rapid.IntRange(0, 5).Draw(t, "count placed") == 0,
		Categories:  []loyalty.CategoryRule{{ID: "beans", Category: "beans", Multiply: big.NewRat(2, 1)}},
		Actions: []loyalty.Action{
			{ID: "visit", Event: "visit.completed", Points: 40},
			{ID: "review", Event: "review.approved", Points: 25},
			{ID: "birthday", Event: award.EventBirthday, Points: 30},
			{
				ID: "welcome", Event: award.EventJoined,
				Points: rapid.SampledFrom([]loyalty.Points{0, 120}).Draw(t, "for joining"),
			},
		},
	}
	if life == Expiring || life == Brief {
		e.Expires = rapid.SampledFrom([]calendar.Expiry{
			{After: calendar.Period{Months: 2}, RoundTo: calendar.EndOfMonth},
			{After: calendar.Period{Days: 40}, RoundTo: calendar.EndOfDay},
			{On: []calendar.Day{630, 1231}, After: calendar.Period{Months: 1}},
		}).Draw(t, "expires")
	}
	if rapid.IntRange(0, 2).Draw(t, "referrals") == 0 {
		e.Actions = append(e.Actions, randomReferral(t))
	}
	if life == Inactive {
		e.Expires = calendar.Expiry{
			After: calendar.Period{Months: 14}, RoundTo: calendar.EndOfDay, Inactive: true,
			ResetBy: rapid.SampledFrom([][]string{{"order"}, {"order", "visit.completed"}}).Draw(t, "activities"),
		}
	}
	for _, per := range append([]loyalty.CapPeriod{loyalty.PerOrder}, life.periods()...) {
		if rapid.IntRange(0, 3).Draw(t, "capped") == 0 {
			e.Caps = append(e.Caps, randomCap(t, per, 400))
		}
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "rules") {
		e.Rules = append(e.Rules, randomRule(t, fmt.Sprint("r", i), life))
	}
	return e
}

// basicActions is the number of actions that every program has.
const basicActions = 4

func randomReferral(t *rapid.T) loyalty.Action {
	a := loyalty.Action{ID: "friends", Event: posting.EventConverted, Points: 70, Friend: 45}
	if n := rapid.SampledFrom([]int64{0, 30, 200}).Draw(t, "referred by an order of"); n > 0 {
		a.When = spent(n)
	}
	if rapid.IntRange(0, 2).Draw(t, "referral waits") == 0 {
		a.Life.Pending = &calendar.Wait{For: calendar.Period{Days: 30}}
	}
	return a
}

func randomCap(t *rapid.T, per loyalty.CapPeriod, most int) loyalty.Cap {
	n := loyalty.Points(rapid.IntRange(most/10, most).Draw(t, "cap"))
	return loyalty.Cap{Points: n, Per: per, Reject: rapid.IntRange(0, 4).Draw(t, "refuse") == 0}
}

func randomRule(t *rapid.T, id string, life Life) loyalty.Rule {
	r := loyalty.Rule{ID: id}
	switch rapid.IntRange(0, 2).Draw(t, "rule") {
	case 0:
		r.Give = loyalty.Fixed{Points: loyalty.Points(rapid.IntRange(1, 60).Draw(t, "fixed"))}
	case 1:
		r.Give = loyalty.PerUnit{Points: big.NewRat(rapid.Int64Range(1, 20).Draw(t, "each"), 1)}
	case 2:
		r.Give = loyalty.Multiply{By: big.NewRat(rapid.Int64Range(3, 6).Draw(t, "by"), 2)}
	}
	if rapid.IntRange(0, 2).Draw(t, "least") == 0 {
		r.Match.MinSpend = map[loyalty.Currency]int64{currency: rapid.Int64Range(1, 200_00).Draw(t, "of")}
	}
	if rapid.IntRange(0, 2).Draw(t, "brands") == 0 {
		r.Match.Brands = []string{"east"}
	}
	per := rapid.SampledFrom(life.periods()).Draw(t, "bounded per")
	switch rapid.IntRange(0, 5).Draw(t, "bound") {
	case 0:
		r.Caps = []loyalty.Cap{randomCap(t, per, 100)}
	case 1:
		r.Limits = []loyalty.Limit{{Times: rapid.Int64Range(1, 3).Draw(t, "times"), Per: per}}
	}
	switch rapid.IntRange(0, 4).Draw(t, "orders") {
	case 0:
		r.Match.FirstOrder = true
	case 1:
		r.Match.When = numbered(rapid.IntRange(1, 5).Draw(t, "number"))
	}
	if rapid.IntRange(0, 3).Draw(t, "levels") == 0 {
		r.Match.Tiers = []string{"silver", "gold"}
	}
	if (life == Expiring || life == Brief) && rapid.IntRange(0, 1).Draw(t, "life") == 0 {
		r.Life = loyalty.Life{
			Pending: &calendar.Wait{For: calendar.Period{Days: 3}},
			Expires: &calendar.Expiry{After: calendar.Period{Days: 30}, RoundTo: calendar.EndOfDay},
		}
	}
	return r
}

// numbered is the condition that an order has the given number.
type numbered int

func (n numbered) Holds(f *loyalty.Facts) (bool, error) { return f.Buyer.Orders == int64(n)-1, nil }
func (n numbered) OrderNumbers() int                    { return int(n) }
func (n numbered) String() string                       { return fmt.Sprint("order.number == ", int(n)) }

// randomMilestones draws milestones.
func randomMilestones(t *rapid.T, life Life) (all []loyalty.Milestone) {
	if !life.bonuses() {
		return nil
	}
	for _, n := range []int64{1, 2, 4}[:rapid.IntRange(0, 3).Draw(t, "milestones")] {
		all = append(all, loyalty.Milestone{ID: fmt.Sprint("m", n), Target: n, Points: 11 * loyalty.Points(n)})
	}
	return all
}

// spent is the condition that at least the given number of euros of the order remains after refunds.
type spent int64
