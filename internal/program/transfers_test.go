package program

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

func TestEachKeyOfTransfersHasItsMeaning(t *testing.T) {
	for keys, want := range map[string]loyalty.Transfers{
		"":                              {Min: 1},
		"min: 100, max: 5000, step: 50": {Min: 100, Max: 5000, Step: 50},
		"limit: [1 per day, 3 per month]": {
			Min: 1, Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerDay}, {Times: 3, Per: loyalty.PerMonth}},
		},
		"at_most: 10000 per month": {Min: 1, AtMost: []loyalty.Cap{{Points: 10_000, Per: loyalty.PerMonth}}},
		"at_most: [10 per day, 500 ever]": {
			Min: 1, AtMost: []loyalty.Cap{{Points: 10, Per: loyalty.PerDay}, {Points: 500, Per: loyalty.PerEver}},
		},
		"fee: 10":        {Min: 1, Fee: loyalty.Fee{Points: 10}},
		"fee: 2.5%":      {Min: 1, Fee: loyalty.Fee{Share: ratio(1, 40)}},
		"accept: 7 days": {Min: 1, Accept: calendar.Period{Days: 7}},
	} {
		p := mustCompile(t, []byte(corner+"transfers: { "+keys+" }\n"))
		if diff := cmp.Diff(want, p.Transfers, alike); diff != "" {
			t.Errorf("{ %s }:\n%s", keys, diff)
		}
	}
	if p := mustCompile(t, []byte(corner)); p.Transfers.Min != 0 || p.Households.Size != 0 {
		t.Errorf("without the sections: %+v, %+v", p.Transfers, p.Households)
	}
}
