package ledger

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestEntryIDs(t *testing.T) {
	for id, want := range map[string]loyalty.Cause{
		"ent_order~1~1":                    {Kind: "order", ID: "1", Revision: 1},
		"ent_order~1~12":                   {Kind: "order", ID: "1", Revision: 12},
		"order~1~1":                        {},
		"ent_":                             {},
		"ent_order~1":                      {},
		"ent_order~1~1~1":                  {},
		"ent_nothing~1~1":                  {},
		"ent_order~~1":                     {},
		"ent_order~1~":                     {},
		"ent_order~1~0":                    {},
		"ent_order~1~-1":                   {},
		"ent_order~1~01":                   {},
		"ent_order~1~+1":                   {},
		"ent_order~1~1a":                   {},
		"ent_order~1~99999999999999999999": {},
		"ent_order~1~1\n":                  {},
	} {
		if got, ok := ParseEntryID(id); got != want || ok != (want.ID != "") {
			t.Errorf("%q: %+v, %t", id, got, ok)
		}
	}
}
