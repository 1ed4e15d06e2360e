package columns

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A Reader returns exactly the columns that were written.
func TestColumnsAreReadAsTheyWereWritten(t *testing.T) {
	text := rapid.OneOf(
		rapid.String(), rapid.StringMatching(`[A-Z]{0,3}-?[0-9]{0,22}[a-z]?`),
		rapid.SampledFrom([]string{"", "0", "00", "*", "1*2", "p3*", "\x00"}),
	)
	number := rapid.OneOf(
		rapid.Int64(), rapid.Int64Range(-3, 300), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, 0}),
	)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "n")
		strings := rapid.SliceOfN(rapid.SliceOfN(text, n, n), 0, 3).Draw(t, "strings")
		numbers := rapid.SliceOfN(rapid.SliceOfN(number, n, n), 0, 3).Draw(t, "numbers")
		var w Writer
		for _, column := range strings {
			w.Strings(column)
		}
		for _, column := range numbers {
			w.Numbers(column)
		}
		r := NewReader(w.Bytes(), w.Texts())
		for _, want := range strings {
			if got, err := r.Strings(n); err != nil || !slices.Equal(got, want) {
				t.Fatalf("%q, %v, want %q", got, err, want)
			}
		}
		for _, want := range numbers {
			if got, err := r.Numbers(n); err != nil || !slices.Equal(got, want) {
				t.Fatalf("%d, %v, want %d", got, err, want)
			}
		}
		if len(r.in) > 0 || len(r.texts) > 0 {
			t.Fatalf("%d bytes and %q are not read", len(r.in), r.texts)
		}
	})
}

// Damaged data is an error, and never a panic.
func TestDamagedColumnsAreErrors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "in")
		texts := rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "texts")
		n := rapid.IntRange(0, 100).Draw(t, "n")
		r := NewReader(in, texts)
		_, _ = r.Strings(n)
		_, _ = r.Numbers(n)
	})
	var w Writer
	w.Numbers([]int64{5, 7, 1})
	for i := range w.Bytes() {
		if got, err := NewReader(w.Bytes()[:i], nil).Numbers(3); err != ErrDamaged {
			t.Errorf("%d of the bytes are read as %v, %v", i, got, err)
		}
	}
}

func TestSizesOfColumns(t *testing.T) {
	column := func(value func(i int) string) (out []string) {
		for i := range 100 {
			out = append(out, value(i))
		}
		return out
	}
	for _, c := range []struct {
		name   string
		column []string
		bytes  int // including the patterns
	}{
		{"IDs that count up", column(func(i int) string { return fmt.Sprint(i + 1) }), 11},
		{"the same category", column(func(int) string { return "coffee-beans" }), 19},
		{"two categories", column(func(i int) string { return [...]string{"mugs", "tea"}[i*i%7%2] }), 30},
		{"SKUs with four digits", column(func(i int) string { return fmt.Sprintf("SKU-%04d", i*i*37%10_000) }), 192},
		{"EANs", column(func(i int) string { return fmt.Sprintf("4006381%06d", i*i*i*7919%1_000_000) }), 268},
	} {
		var w Writer
		w.Strings(c.column)
		if got := w.size(); got != c.bytes {
			t.Errorf("%s take %d bytes, want %d", c.name, got, c.bytes)
		}
	}
}
