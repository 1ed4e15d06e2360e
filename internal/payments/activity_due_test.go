package payments

import (
	"testing"
	"time"
)

// The activity of each connection is due once in ten minutes.
func TestActivityIsDueByConnection(t *testing.T) {
	var a recorder
	for _, c := range []struct {
		name  string
		after time.Duration
		want  bool
	}{
		{"a", 0, true},
		{"b", 0, true},
		{"a", 0, false},
		{"a", recordEvery - 1, false},
		{"a", recordEvery, true},
		{"b", recordEvery - 1, false},
	} {
		if got := a.due(c.name, at12.Add(c.after)); got != c.want {
			t.Errorf("%s after %v: %t", c.name, c.after, got)
		}
	}
}
