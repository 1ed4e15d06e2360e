package ledger_test

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A bench is the shared fixture with the helpers of the tests of this package.
type bench struct{ *servicetest.Bench }

func newBench(tb testing.TB, t table.Table) *bench { return &bench{servicetest.New(tb, t)} }

// onBoth runs a test on each adapter.
func onBoth(t *testing.T, test func(t *testing.T, b *bench)) {
	servicetest.OnBoth(t, func(t *testing.T, b *servicetest.Bench) { test(t, &bench{b}) })
}

// onEveryFault does the same as onFaulty for a long test in which every kind of fault must happen. The test calls heal
// to stop the faults before its checks.
func onEveryFault(t *testing.T, test func(t *testing.T, b *bench, heal func())) {
	servicetest.OnEveryFault(t, func(t *testing.T, b *servicetest.Bench, heal func()) { test(t, &bench{b}, heal) })
}
