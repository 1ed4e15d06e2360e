package payments

import (
	"bytes"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// A stored body is read unchanged, and its sealed form does not contain it. Bodies from a provider's API may be larger
// than webhooks.
func TestSealedBodyIsReadUnchanged(t *testing.T) {
	s := newSeal(bytes.Repeat([]byte{7}, 32), nil)
	for _, size := range []int{0, 1, maxBody, maxBody + 2, webhook.MaxAnswer + 100, maxUnpacked} {
		body := bytes.Repeat([]byte("ab\xffcdefgh"), size/9+1)[:size]
		sealed := s.close(body, "event")
		if got, err := s.open(sealed, "event"); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes: read %d, %v", size, len(got), err)
		}
		if size > 10 && bytes.Contains(sealed, body[:10]) {
			t.Errorf("%d bytes: the sealed form contains the body", size)
		}
	}
	if _, err := s.open(s.close(make([]byte, maxUnpacked+1), "event"), "event"); err == nil {
		t.Error("a body that is too large was read")
	}
}

// A body that is incomplete, changed, or of another event is not opened. Each body has its own nonce.
func TestSealedBodyIsBoundToEvent(t *testing.T) {
	s := newSeal(make([]byte, 32), nil)
	sealed := s.close([]byte("body"), "event")
	if again := s.close([]byte("body"), "event"); bytes.Equal(again[:12], sealed[:12]) {
		t.Error("two bodies have the same nonce")
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for name, x := range map[string][]byte{
		"nothing": nil, "a part of the nonce": sealed[:11], "only the nonce": sealed[:12],
		"a part of the body": sealed[:len(sealed)-1], "a changed body": changed,
	} {
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
}
