package request

import "testing"

func TestEveryRouteHasRule(t *testing.T) {
	for _, r := range Routes() {
		if r.Rule.IsZero() {
			t.Errorf("%s has no rule, so no one may call it", r.Pattern)
		}
	}
}
