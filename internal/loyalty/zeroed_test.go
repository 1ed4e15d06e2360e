package loyalty

import (
	"math/big"
	"testing"
)

func TestARulePerAmountPaysNothingForWhatEarnsNothing(t *testing.T) {
	p := testProgram(t)
	p.Earn.Categories = append(p.Earn.Categories, CategoryRule{ID: "none", Category: "gift-cards", Multiply: new(big.Rat)})
	p.Earn.Rules = []Rule{{ID: "card", Match: Match{Tenders: []string{"card"}}, Give: PerAmount{Rates: map[Currency]Rate{"EUR": {Points: big.NewRat(4, 1), Per: 100}}}}}
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	o := paid("EUR", Line{Category: "gift-cards", Amount: 10000})
	o.Tenders = []Tender{{Kind: TenderCard, Amount: 10000}}
	q, err := p.Quote(joined(t, p, noon), o, nil, noon)
	if err != nil || q.Points != 0 {
		t.Errorf("the sale of a gift card earns %d: %v %v", q.Points, q.Reasons, err)
	}
}
