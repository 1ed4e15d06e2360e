package engine

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
)

// randomIndexed draws programs and orders whose conditions and values overlap.
type randomIndexed struct{ *rand.Rand }

// some returns between none and two of the values; most often none.
func (r randomIndexed) some(values ...string) (list []string) {
	for range max(0, r.IntN(5)-2) {
		list = append(list, values[r.IntN(len(values))])
	}
	return list
}

func (r randomIndexed) one(values ...string) string { return values[r.IntN(len(values))] }

// instant returns an instant within two weeks of noon, or zero. Few instants are possible, so that orders are placed
// exactly when a rule begins or ends.
func (r randomIndexed) instant() time.Time {
	if r.IntN(3) == 0 {
		return time.Time{}
	}
	return noon.Add(time.Duration(r.IntN(28*4)-14*4) * 6 * time.Hour)
}

func (r randomIndexed) match() loyalty.Match {
	m := loyalty.Match{
		Categories: r.some("beans", "cups", "tea"), SKUs: r.some("1", "2", "3"), Brands: r.some("east", "west"),
		Channels: r.some("web", "app"), Stores: r.some("north", "south"), Tiers: r.some("silver", "gold"),
		Segments: r.some("vip", "staff", "new"), FirstOrder: r.IntN(8) == 0, From: r.instant(), Until: r.instant(),
		TimezoneOf: loyalty.TimezoneOf(r.IntN(3)),
	}
	for _, c := range r.some("EUR", "USD") {
		m.Currencies = append(m.Currencies, loyalty.Currency(c))
	}
	if r.IntN(3) == 0 {
		m.Weekdays = []time.Weekday{time.Weekday(r.IntN(7)), time.Weekday(r.IntN(7))}
	}
	if r.IntN(4) == 0 {
		m.HoursFrom, m.HoursUntil = r.IntN(24*60), r.IntN(24*60)
	}
	if r.IntN(6) == 0 {
		m.MinSpend = map[loyalty.Currency]int64{"EUR": 500}
	}
	if r.IntN(10) == 0 {
		m.When = unmet{}
	}
	return m
}

func (r randomIndexed) rules(prefix string, n int) (rules []loyalty.Rule) {
	for i := range n {
		rule := loyalty.Rule{
			ID: fmt.Sprint(prefix, i), Match: r.match(), Group: r.one("", "", "best", "first", "exclusive"),
			Give: loyalty.Fixed{Points: loyalty.Points(1 + r.IntN(9))}, OptIn: r.IntN(8) == 0, Shadow: r.IntN(10) == 0,
		}
		if r.IntN(4) == 0 {
			rule.Give = loyalty.Multiply{By: big.NewRat(int64(2+r.IntN(3)), 1)}
		}
		switch r.IntN(8) {
		case 0:
			rule.Caps = []loyalty.Cap{{Points: 2, Per: loyalty.PerOrder}}
		case 1:
			rule.Budget = 3
		}
		rules = append(rules, rule)
	}
	return rules
}

func (r randomIndexed) state() loyalty.OrderState {
	o := loyalty.Order{
		ID: "1042", Member: "mem_ada", PlacedAt: noon.Add(time.Duration(r.IntN(112)-56) * 6 * time.Hour),
		Currency: loyalty.Currency(r.one("EUR", "EUR", "USD")), Channel: r.one("web", "app", ""),
		Store: r.one("north", "south", ""), Status: loyalty.OrderPaid,
	}
	if r.IntN(2) == 0 {
		o.Clock = time.FixedZone("store", (r.IntN(24)-12)*3600)
	}
	for i := range r.IntN(4) {
		o.Lines = append(o.Lines, loyalty.Line{
			ID: fmt.Sprint(i), SKU: r.one("1", "2", "3", "4"), Category: r.one("beans", "cups", "tea", ""),
			Brand: r.one("east", "west", ""), Quantity: 1, Amount: int64(r.IntN(2)) * 499,
		})
	}
	if len(o.Lines) > 0 && r.IntN(3) == 0 {
		o.Refunds = []loyalty.Refund{{
			ID: "r1", At: noon, Status: loyalty.RefundSucceeded, Amount: 100,
			Lines: []loyalty.RefundLine{{ID: "0", Amount: 100}},
		}}
	}
	return loyalty.OrderState{Order: o, Buyer: loyalty.Buyer{
		Level: r.one("bronze", "silver", "gold"), Segments: r.some("vip", "staff", "old"),
		OptIns: r.some("c1", "r2", "c40"), Zone: r.one("", "Asia/Tokyo", "America/Los_Angeles"),
	}}
}

// An index only decides which rules are evaluated. Points, reasons, their order and the usage of caps and budgets are
// those of an evaluation of all rules.
func TestIndexChangesNoResult(t *testing.T) {
	gives, explains := 0, 0
	for seed := range uint64(150) {
		r := randomIndexed{rand.New(rand.NewPCG(seed, 15))}
		p := made(t, func(p *loyalty.Program) {
			p.Groups = []loyalty.Group{
				{ID: "best", Mode: loyalty.Best},
				{ID: "first", Mode: loyalty.First},
				{ID: "exclusive", Mode: loyalty.Exclusive},
			}
			p.Earn.Rules, p.Campaigns = r.rules("r", r.IntN(80)), r.rules("c", r.IntN(200))
		})
		all := *p
		all.Compiled.Index = loyalty.RuleIndex{}
		acc := joined(t, p, noon.AddDate(-2, 0, 0))
		for range 20 {
			s := r.state()
			if r.IntN(3) == 0 {
				acc.First.Orders = nil
			} else {
				acc.First.Orders = []loyalty.PlacedOrder{{At: noon.AddDate(-1, 0, 0), ID: "1"}}
			}
			worth, state, quoted := worthUnder(t, p, acc, s)
			wantWorth, wantState, wantQuoted := worthUnder(t, &all, acc, s)
			if !reflect.DeepEqual(worth, wantWorth) || !reflect.DeepEqual(state, wantState) {
				t.Fatalf(
					"seed %d: with the index:\n%+v\n%+v\nwithout:\n%+v\n%+v", seed, worth, state, wantWorth, wantState,
				)
			}
			if !reflect.DeepEqual(quoted, wantQuoted) {
				t.Fatalf("seed %d: quoted with the index:\n%v\nwithout:\n%v", seed, quoted, wantQuoted)
			}
			for _, reason := range worth.Reasons {
				if reason.Kind == loyalty.IsFixed {
					gives++
				}
				if reason.Kind == loyalty.IsFor {
					explains++
				}
			}
		}
	}
	if gives < 100 || explains < 100 {
		t.Errorf("%d rules gave points and %d did not apply; the orders are not representative", gives, explains)
	}
}

func worthUnder(
	t *testing.T, p *loyalty.Program, acc loyalty.Account, s loyalty.OrderState,
) (earn.Worth, loyalty.OrderState, []loyalty.Reason) {
	never := func(string) time.Time { return time.Time{} }
	r := earn.Rules{Earning: &p.Earning, Levels: &p.Levels, Wallets: p.Wallets, Zone: p.Zone}
	w, err := earn.WorthOf(r, acc, &s, nil, never)
	if err != nil {
		t.Fatal(err)
	}
	return w, s, earn.UnappliedCampaigns(r, acc, &s, nil)
}
