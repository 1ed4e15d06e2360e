package tier

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A version changes the requirements of levels only if it and the version before have levels.
func TestVersionThatChangesTheRequirementsOfLevels(t *testing.T) {
	levels := func(from int64) *loyalty.Program {
		return &loyalty.Program{
			Levels: loyalty.Levels{
				Tiers: loyalty.Tiers{Levels: []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: from}}},
			},
		}
	}
	for _, c := range []struct {
		name        string
		was, is     *loyalty.Program
		wantChanged bool
	}{
		{"the first version with levels", &loyalty.Program{}, levels(500), false},
		{"a version without levels", levels(500), &loyalty.Program{}, false},
		{"the same requirements", levels(500), levels(500), false},
		{"other requirements", levels(500), levels(400), true},
	} {
		if got := Retiers(&c.is.Tiers, &c.was.Tiers); got != c.wantChanged {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}
