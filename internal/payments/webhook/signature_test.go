package webhook_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
)

// One of two secrets signs during a rotation. A missing, empty or third secret is a wrong configuration.
func TestSecretsOfSignature(t *testing.T) {
	keyA, keyB, keyC := webhooktest.KeyA, webhooktest.KeyB, []byte("key-c-0123456789")
	good, other := webhooktest.MAC(keyA, "abc"), webhooktest.MAC(keyB, "abc")
	for name, c := range map[string]struct {
		keys, signatures [][]byte
		want             error
	}{
		"one key":                        {[][]byte{keyA}, [][]byte{good}, nil},
		"the first of two keys":          {[][]byte{keyA, keyB}, [][]byte{good}, nil},
		"the second of two keys":         {[][]byte{keyB, keyA}, [][]byte{good}, nil},
		"the first of two signatures":    {[][]byte{keyA}, [][]byte{good, other}, nil},
		"the second of two signatures":   {[][]byte{keyA}, [][]byte{other, good}, nil},
		"the signature of another key":   {[][]byte{keyA}, [][]byte{other}, webhook.ErrSignature},
		"a part of the signature":        {[][]byte{keyA}, [][]byte{good[:31]}, webhook.ErrSignature},
		"an empty signature":             {[][]byte{keyA}, [][]byte{{}}, webhook.ErrSignature},
		"no signature":                   {[][]byte{keyA}, nil, webhook.ErrSignature},
		"no key":                         {nil, [][]byte{good}, webhook.ErrConfig},
		"three keys":                     {[][]byte{keyA, keyB, keyC}, [][]byte{good}, webhook.ErrConfig},
		"an empty key":                   {[][]byte{{}}, [][]byte{webhooktest.MAC(nil, "abc")}, webhook.ErrConfig},
		"an empty key as the second key": {[][]byte{keyA, nil}, [][]byte{good}, webhook.ErrConfig},
	} {
		webhooktest.Check(t, name, webhook.CheckMAC(c.keys, c.signatures, []byte("a"), []byte("bc")), c.want)
	}
	keys := webhook.DecodedKeys([]string{"00ff", "x"}, hex.DecodeString)
	if len(keys) != 2 || string(keys[0]) != "\x00\xff" || keys[1] != nil {
		t.Errorf("%v", keys)
	}
}

// A signed time is accepted up to five minutes before and after the clock, to the second.
func TestTimeOfSignature(t *testing.T) {
	for at, want := range map[int64]error{
		0: nil, 300: nil, -300: nil, 301: webhook.ErrFuture, -301: webhook.ErrStale, 1 << 40: webhook.ErrFuture,
	} {
		now := webhooktest.At12.Add(900 * time.Millisecond)
		webhooktest.Check(t, fmt.Sprint(at), webhook.CheckTime(webhooktest.At12.Unix()+at, now), want)
	}
	for text, want := range map[string]int64{"0": 0, "1796126400": 1796126400, "999999999999": 999999999999} {
		if got, err := webhook.Seconds(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1000000000000", "+1", "-1", "1.5", " 1", "1e3"} {
		if _, err := webhook.Seconds(text); !errors.Is(err, webhook.ErrHeader) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
