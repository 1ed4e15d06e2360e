package program

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

func TestEachKeyOfHouseholdsHasItsMeaning(t *testing.T) {
	for keys, want := range map[string]loyalty.Households{
		"size: 6":                      {Size: 6},
		"size: 2, share: 100%":         {Size: 2, Share: ratio(1, 1)},
		"size: 12, share: 12.5%":       {Size: 12, Share: ratio(1, 8)},
		"size: 6, cooling_off: 7 days": {Size: 6, CoolingOff: calendar.Period{Days: 7}},
	} {
		p := mustCompile(t, []byte(corner+"households: { "+keys+" }\n"))
		if diff := cmp.Diff(want, p.Households, alike); diff != "" {
			t.Errorf("{ %s }:\n%s", keys, diff)
		}
	}
}
