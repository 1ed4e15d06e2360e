package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// unmet is a Condition that does not hold.
type unmet struct{}

func (unmet) Holds(*loyalty.Facts) (bool, error) { return false, nil }
func (unmet) OrderNumbers() int                  { return 0 }
func (unmet) String() string                     { return "order.total > 1000" }

// An order that earns nothing names the failed condition of every rule that runs.
func TestOrderWithoutPointsNamesTheFailedConditions(t *testing.T) {
	rule := func(id string, m loyalty.Match) loyalty.Rule {
		return loyalty.Rule{ID: id, Give: loyalty.Fixed{Points: 5}, Match: m}
	}
	shadow, optIn := rule("shadow", loyalty.Match{}), rule("opt-in", loyalty.Match{})
	shadow.Shadow, optIn.OptIn = true, true
	sale{
		rules: []loyalty.Rule{
			rule("beans", loyalty.Match{Categories: []string{"beans"}}),
			rule("gold", loyalty.Match{Tiers: []string{"gold"}}),
			rule("vip", loyalty.Match{Segments: []string{"vip"}}),
			rule("web", loyalty.Match{Channels: []string{"web"}}),
			rule("big", loyalty.Match{When: unmet{}}),
			rule("past", loyalty.Match{Until: noon.AddDate(0, -1, 0)}),
			shadow, optIn,
		},
		order: bought("EUR", loyalty.Line{ID: "1", Category: "cups", Quantity: 1, Amount: 0}),
		want:  0,
		because: `
	earn.purchase: 0.00 EUR x 1 per 1.00 = 0
	earn.rules.shadow: shadow: would give 5 = 0
	earn.rules.opt-in: not applied: the member has not registered = 0
	earn.rules.beans: not applied: for items beans = 0
	earn.rules.gold: not applied: for tiers gold = 0
	earn.rules.vip: not applied: for segments vip = 0
	earn.rules.web: not applied: for channels web = 0
	earn.rules.big: not applied: order.total > 1000 = 0`,
	}.run(t)
}

func TestQuoteListsCampaignsThatDoNotApply(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		soon := loyalty.Match{From: noon.AddDate(0, -1, 0), Until: noon.AddDate(0, 1, 0)}
		with := func(id string, edit func(*loyalty.Match)) loyalty.Rule {
			m := soon
			edit(&m)
			return loyalty.Rule{ID: id, Give: loyalty.Fixed{Points: 5}, Match: m}
		}
		tried := with("tried", func(*loyalty.Match) {})
		tried.Shadow = true
		p.Campaigns = []loyalty.Rule{
			with("beans", func(m *loyalty.Match) { m.Categories = []string{"beans"} }),
			with("big", func(m *loyalty.Match) { m.When = unmet{} }),
			with("yes", func(*loyalty.Match) {}),
			with("later", func(m *loyalty.Match) { m.From = noon.AddDate(0, 0, 1) }),
			tried,
		}
		p.Earn.Rules = []loyalty.Rule{
			{ID: "rule", Give: loyalty.Fixed{Points: 1}, Match: loyalty.Match{Categories: []string{"beans"}}},
		}
	})
	q, err := QuoteOrder(
		p, joined(t, p, noon), bought("EUR", loyalty.Line{ID: "1", Quantity: 1, Amount: 1000}), nil, noon,
	)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range q.Reasons {
		if b.Kind != loyalty.IsShadow {
			got = append(got, b.Rule+": "+b.Effect())
		}
	}
	want := []string{
		"earn.purchase: 10.00 EUR x 1 per 1.00", "campaigns.big: not applied: order.total > 1000", "campaigns.yes: 5",
		"campaigns.beans: not applied: for items beans",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
