package lazyregexp

import (
	"slices"
	"testing"
)

func TestRegexpIsCompiledAtFirstUse(t *testing.T) {
	form := New(`^([a-z]+)-([0-9]+)$`)
	if !form.MatchString("order-7") || form.MatchString("7-order") || !form.Match([]byte("order-7")) {
		t.Error("wrong matches")
	}
	if got := form.FindStringSubmatch("order-7"); !slices.Equal(got, []string{"order-7", "order", "7"}) {
		t.Error(got)
	}
	if got := form.ReplaceAllString("order-7", "$2 $1"); got != "7 order" {
		t.Error(got)
	}
	invalid := New(`(`) // does not panic
	defer func() {
		if recover() == nil {
			t.Error("an invalid expression did not panic")
		}
	}()
	invalid.MatchString("")
}
