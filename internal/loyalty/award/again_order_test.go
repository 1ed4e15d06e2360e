package award

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// An entry that decides an order again is left out only if it changes nothing but the facts that rules know.
func TestEntryThatChangesNothing(t *testing.T) {
	was := loyalty.OrderState{
		Worth: 10, Grants: []loyalty.Grant{{Worth: 10}}, Shares: []loyalty.Share{{Rule: "r", Used: 10}},
	}
	parts := map[string]func(*loyalty.Entry){
		"postings": func(e *loyalty.Entry) { e.Postings = append(e.Postings, loyalty.Posting{Points: 1}) },
		"usage":    func(e *loyalty.Entry) { e.Usage = append(e.Usage, loyalty.Usage{Rule: "r", N: 1}) },
		"brands":   func(e *loyalty.Entry) { e.Brands = append(e.Brands, loyalty.Bought{Brand: "east", N: 1}) },
		"counts": func(e *loyalty.Entry) {
			e.Counts = append(
				e.Counts, loyalty.TierGroupCount{TierGroup: "partner"},
			)
		},
		"metric":  func(e *loyalty.Entry) { e.Metric = &loyalty.Metric{Orders: 1} },
		"carried": func(e *loyalty.Entry) { e.Carried = "1/2" },
		"worth":   func(e *loyalty.Entry) { e.Order.Worth++ },
		"grants":  func(e *loyalty.Entry) { e.Order.Grants = []loyalty.Grant{{Worth: 9}, {Worth: 1}} },
		"shares":  func(e *loyalty.Entry) { e.Order.Shares = nil },
		"nothing": func(*loyalty.Entry) {},
	}
	for name, edit := range parts {
		for other, more := range parts {
			order := was
			e := loyalty.Entry{Detail: loyalty.Detail{Subject: loyalty.Subject{Order: &order}}}
			edit(&e)
			more(&e)
			want := name == "nothing" && other == "nothing"
			if got := changesNothing(&e, &was, []posting.Spend{{Rule: "r"}}); got != want {
				t.Errorf("%s and %s: it changes nothing: %t", name, other, got)
			}
		}
	}
	for _, spends := range [][]posting.Spend{{{Rule: "r", Points: 1}}, {{Rule: "r"}, {Rule: "s", Points: -1}}} {
		order := was
		if e := (loyalty.Entry{
			Detail: loyalty.Detail{Subject: loyalty.Subject{Order: &order}},
		}); changesNothing(&e, &was, spends) {
			t.Errorf("spending %+v changes nothing", spends)
		}
	}
}
