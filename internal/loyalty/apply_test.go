package loyalty

import (
	"testing"
	"time"
)

// Stored, an empty list of usages is none, so both have to leave the account alike. Found by seed 1795347565682758740.
func TestAnEmptyUsageForgetsNothing(t *testing.T) {
	acc := Account{Status: Active, Usage: []Usage{{Rule: "earn.rules.old", Ends: DateOf(time.Unix(0, 0), time.UTC), N: 1}}}
	for _, usage := range [][]Usage{nil, {}} {
		e := Entry{Sequence: 1, Effective: time.Date(2027, 4, 8, 0, 0, 0, 0, time.UTC), Usage: usage}
		got, err := acc.Apply(e)
		if err != nil || len(got.Usage) != 1 {
			t.Errorf("with %#v: %v, %v", usage, got.Usage, err)
		}
	}
}
