package service_test

import (
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// faulty returns a table on which about one call in six fails.
func faulty(t table.Table, seed uint64) *tabletest.Faulty {
	f := tabletest.NewFaulty(t, seed)
	f.BusyReads, f.Busy, f.LostBefore, f.LostAfter = 0.02, 0.04, 0.05, 0.06
	f.Stale = 0.2
	return f
}

// everyKind reports whether each kind of fault happened. If one did not, the test tested too little.
func everyKind(f tabletest.Fired) bool {
	return f.BusyReads > 0 && f.Busy > 0 && f.LostBefore > 0 && f.LostAfter > 0
}
