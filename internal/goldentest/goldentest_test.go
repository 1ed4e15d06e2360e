package goldentest

import "testing"

func TestDifferenceIsTheFirstLine(t *testing.T) {
	for _, c := range []struct{ want, got, difference string }{
		{"a\nb\nc", "a\nb\nc", ""},
		{"a\nb\nc", "a\nx\ny", "line 2 differs, after\na\n-want b\n+got  x"},
		{"a\nb", "a", "line 2 differs, after\na\n-want b\n+got  (the text ends)"},
		{"1\n2\n3\n4\n5", "1\n2\n3\n4\n6", "line 5 differs, after\n2\n3\n4\n-want 5\n+got  6"},
	} {
		if got := Difference(c.want, c.got); got != c.difference {
			t.Errorf("Difference(%q, %q) = %q, want %q", c.want, c.got, got, c.difference)
		}
	}
}

func TestHashedKeepsTheBeginning(t *testing.T) {
	if got := Hashed("key {}", 4); got != "key 44136fa355b3678a" {
		t.Error(got)
	}
}
