package stored

import (
	"reflect"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Earlier standings are read as they were written, even if a member had no level.
func TestStoredEarlierStandings(t *testing.T) {
	silver := loyalty.Standing{Level: "silver", Since: noon, Until: noon.AddDate(1, 0, 0)}
	retained := silver
	retained.Until = noon.AddDate(2, 0, 0)
	for _, c := range []struct {
		name string
		past []loyalty.Standing
		last loyalty.Standing
	}{
		{"a retained level", []loyalty.Standing{silver}, retained},
		{"no level before a level", []loyalty.Standing{{}}, silver},
		{"no level before a standing without a start", []loyalty.Standing{{}}, loyalty.Standing{Level: "silver"}},
		{"no level twice", []loyalty.Standing{{}, {}}, silver},
	} {
		d := StoredAccount(loyalty.Account{Member: "mem_ada", Tier: c.last, Past: c.past})
		got, err := ReadAccount(table.Item{Version: 1, Doc: PackedAccount(d)}, "mem_ada")
		if err != nil || !reflect.DeepEqual(got.Past, c.past) {
			t.Errorf("%s: %+v is read as %+v, %v", c.name, c.past, got.Past, err)
		}
	}
}
