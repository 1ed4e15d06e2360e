package random_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/random"
)

func TestSameSourceGivesTheSame(t *testing.T) {
	source := func() *bytes.Reader { return bytes.NewReader(bytes.Repeat([]byte{0xa5, 0x5a, 7}, 20)) }
	if a, b := random.Text(source()), random.Text(source()); a != b || len(a) != 26 {
		t.Errorf("%q and %q", a, b)
	}
	if n := random.Below(source(), 10); n >= 10 || n != random.Below(source(), 10) {
		t.Errorf("%d", n)
	}
}

func TestNoSourceIsTheOperatingSystems(t *testing.T) {
	seen := map[string]bool{}
	for range 1_000 {
		text := random.Text(nil)
		if seen[text] || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
			t.Fatalf("%q", text)
		}
		seen[text] = true
	}
	if x, y := random.Bits(nil), random.Bits(nil); x == y {
		t.Errorf("the random bits are %x twice", x)
	}
	var drawn [5]bool
	for range 1_000 {
		drawn[random.Below(nil, 5)] = true
	}
	if drawn != [5]bool{true, true, true, true, true} {
		t.Error(drawn)
	}
}

func TestSourceThatEndsPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it did not panic")
		}
	}()
	random.Read(strings.NewReader("short"), make([]byte, 6))
}
