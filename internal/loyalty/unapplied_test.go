package loyalty

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unmet is a Condition that does not hold.
type unmet struct{}

func (unmet) Holds(*Facts) (bool, error) { return false, nil }
func (unmet) OrderNumbers() int          { return 0 }
func (unmet) String() string             { return "order.total > 1000" }

// An order that earns nothing names the failed condition of every rule that runs.
func TestOrderWithoutPointsNamesTheFailedConditions(t *testing.T) {
	rule := func(id string, m Match) Rule { return Rule{ID: id, Give: Fixed{5}, Match: m} }
	shadow, optIn := rule("shadow", Match{}), rule("opt-in", Match{})
	shadow.Shadow, optIn.OptIn = true, true
	sale{
		rules: []Rule{
			rule("beans", Match{Categories: []string{"beans"}}),
			rule("gold", Match{Tiers: []string{"gold"}}),
			rule("vip", Match{Segments: []string{"vip"}}),
			rule("web", Match{Channels: []string{"web"}}),
			rule("big", Match{When: unmet{}}),
			rule("past", Match{Until: noon.AddDate(0, -1, 0)}),
			shadow, optIn,
		},
		order: bought("EUR", Line{ID: "1", Category: "cups", Quantity: 1, Amount: 0}),
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
	p := made(t, func(p *Program) {
		soon := Match{From: noon.AddDate(0, -1, 0), Until: noon.AddDate(0, 1, 0)}
		with := func(id string, edit func(*Match)) Rule {
			m := soon
			edit(&m)
			return Rule{ID: id, Give: Fixed{5}, Match: m}
		}
		tried := with("tried", func(*Match) {})
		tried.Shadow = true
		p.Campaigns = []Rule{
			with("beans", func(m *Match) { m.Categories = []string{"beans"} }),
			with("big", func(m *Match) { m.When = unmet{} }),
			with("yes", func(*Match) {}),
			with("later", func(m *Match) { m.From = noon.AddDate(0, 0, 1) }),
			tried,
		}
		p.Earn.Rules = []Rule{{ID: "rule", Give: Fixed{1}, Match: Match{Categories: []string{"beans"}}}}
	})
	q, err := p.Quote(joined(t, p, noon), bought("EUR", Line{ID: "1", Quantity: 1, Amount: 1000}), nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range q.Reasons {
		if b.Kind != IsShadow {
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
