package payments

import (
	"bytes"
	"testing"
)

// An order that is pulled from a processor's API may be larger than what is taken from its webhooks.
func TestAKeptBodyIsReadAsAWhole(t *testing.T) {
	s := newSeal(make([]byte, 32), nil)
	for _, size := range []int{0, 1, maxBody, maxBody + 2, maxAnswer + 100} {
		body := bytes.Repeat([]byte("x"), size)
		if got, err := s.open(s.close(body, "it"), "it"); err != nil || !bytes.Equal(got, body) {
			t.Errorf("of %d bytes %d came back, %v", size, len(got), err)
		}
	}
	if _, err := s.open(s.close(make([]byte, maxUnpacked+1), "it"), "it"); err == nil {
		t.Error("a body is cut off")
	}
	if _, err := s.open(s.close([]byte("x"), "it"), "another"); err == nil {
		t.Error("a body is taken for another's")
	}
}
