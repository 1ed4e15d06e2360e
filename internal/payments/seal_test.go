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

// A body that is too short, changed, or of another event is not opened. Each body has a nonce of its own.
func TestAKeptBodyIsBoundToItsEvent(t *testing.T) {
	s := newSeal(make([]byte, 32), nil)
	sealed := s.close([]byte("body"), "event")
	if again := s.close([]byte("body"), "event"); bytes.Equal(again[:12], sealed[:12]) {
		t.Error("two bodies have the same nonce")
	}
	for name, x := range map[string][]byte{"nothing": nil, "a part of the nonce": sealed[:11], "the nonce alone": sealed[:12], "a part": sealed[:len(sealed)-1]} {
		if body, err := s.open(x, "event"); err == nil {
			t.Errorf("%s was opened: %q", name, body)
		}
	}
	if body, err := s.open(sealed, "another event"); err == nil {
		t.Errorf("the body of another event was opened: %q", body)
	}
	if body, err := s.open(sealed, "event"); err != nil || string(body) != "body" {
		t.Errorf("%q, %v", body, err)
	}
	for size, want := range map[int]bool{maxUnpacked: true, maxUnpacked + 1: false} {
		if body, err := s.open(s.close(make([]byte, size), "event"), "event"); (err == nil) != want || want && len(body) != size {
			t.Errorf("%d bytes: %d, %v", size, len(body), err)
		}
	}
}
