package redeem

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
)

func TestRefusalsCountWhatIsOne(t *testing.T) {
	for got, want := range map[string]string{
		explain(
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementPerOrder, Required: "1", Available: "1"},
		): "The order already uses 1 reward; the limit is 1.",
		explain(
			loyalty.UnmetRequirement{Requirement: loyalty.RequirementPerOrder, Required: "2", Available: "2"},
		): "The order already uses 2 rewards; the limit is 2.",
		earn.LimitText(loyalty.Limit{Times: 1, Per: loyalty.PerDay}):   "once per day",
		earn.LimitText(loyalty.Limit{Times: 3, Per: loyalty.PerMonth}): "3 times per month",
		earn.LimitText(loyalty.Limit{Times: 1, Per: loyalty.PerEver}):  "once ever",
	} {
		if got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}
