package redeem

import (
	"math"
	"testing"
)

// A position at which all codes of a pool have the same character adds no bits, unless two or three codes may have it
// by chance.
func TestPositionsThatAddBitsToAPool(t *testing.T) {
	for _, c := range []struct {
		codes []string
		want  float64
	}{
		{[]string{"1234"}, 4},
		{[]string{"1234", "5678"}, 4},
		{[]string{"1234", "1267"}, 4},
		{[]string{"1235", "1236"}, 1},
		{[]string{"5123", "6123"}, 1},
		{[]string{"512378", "612389"}, 3},
		{[]string{"123456", "173890"}, 6},
		{[]string{"4123", "5173", "6183"}, 4},
		{[]string{"9812", "76123"}, 4},
		{[]string{"15", "12", "13"}, 2},
		{[]string{"15", "12", "13", "14"}, 1},
		{[]string{"51", "21", "31", "41"}, 1},
	} {
		if got := poolOf(c.codes...).bits() / math.Log2(10); math.Abs(got-c.want) > 0.01 {
			t.Errorf("%q: %.2f positions add bits, want %.0f", c.codes, got, c.want)
		}
	}
}
