package deliverytest

import (
	"flag"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// Check checks a property with rapid, the given number of times and from the given seed. The flags -rapid.checks and
// -rapid.seed override these.
func Check(t *testing.T, times int, seed uint64, property func(*rapid.T)) {
	t.Helper()
	for name, value := range map[string]string{
		"rapid.checks": strconv.Itoa(times), "rapid.seed": strconv.FormatUint(seed, 10),
	} {
		f := flag.Lookup(name)
		if f.Value.String() != f.DefValue {
			continue
		}
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = flag.Set(name, f.DefValue) }()
	}
	rapid.Check(t, property)
}
