package engine

import (
	"math/big"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestARulePerAmountPaysNothingForWhatEarnsNothing(t *testing.T) {
	p := testProgram(t)
	p.Earn.Categories = append(
		p.Earn.Categories, loyalty.CategoryRule{ID: "none", Category: "gift-cards", Multiply: new(big.Rat)},
	)
	p.Earn.Rules = []loyalty.Rule{
		{
			ID: "card", Match: loyalty.Match{Tenders: []string{"card"}},
			Give: loyalty.PerAmount{
				Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(4, 1), Per: 100}},
			},
		},
	}
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	o := paid("EUR", loyalty.Line{Category: "gift-cards", Amount: 10000})
	o.Tenders = []loyalty.Tender{{Kind: loyalty.TenderCard, Amount: 10000}}
	q, err := QuoteOrder(p, joined(t, p, noon), o, nil, noon)
	if err != nil || q.Points != 0 {
		t.Errorf("the sale of a gift card earns %d: %v %v", q.Points, q.Reasons, err)
	}
}
