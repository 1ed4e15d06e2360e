package signedhook

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/notify"
)

var secret = []byte("0123456789abcdefghijklmnopqrstuv")

func TestOnlyPublicHTTPSAddressesAreTaken(t *testing.T) {
	for _, bad := range []string{
		"http://example.com/x", "https://", "https://example.com:22/", "https://me@example.com/", "ftp://example.com", "//example.com", "",
	} {
		if _, err := New(bad, secret, time.Now); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if _, err := New("https://example.com/hook", []byte("short"), time.Now); err == nil {
		t.Error("a short secret is taken")
	}
	for _, inside := range []string{"https://127.0.0.1/x", "https://[::1]/x", "https://169.254.169.254/latest", "https://10.0.0.1/x", "https://100.64.0.1/x", "https://localhost/x", "https://[::ffff:10.0.0.1]/"} {
		s, err := New(inside, secret, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(t.Context(), notify.Message{ID: "msg_1"}); !errors.Is(err, notify.ErrNotSent) || !strings.Contains(err.Error(), "no public address") {
			t.Errorf("%s: %v", inside, err)
		}
	}
}

func TestPrivateAddressesAreNotDialled(t *testing.T) {
	for address, ok := range map[string]bool{
		"93.184.216.34:443": true, "[2606:2800:220:1::1]:443": true, "127.0.0.1:443": false, "[::1]:443": false, "10.1.2.3:443": false,
		"172.16.0.1:443": false, "192.168.1.1:443": false, "169.254.169.254:80": false, "100.100.100.200:443": false, "0.0.0.0:443": false,
		"[fd00::1]:443": false, "[fe80::1]:443": false, "[::ffff:127.0.0.1]:443": false, "224.0.0.1:443": false,
	} {
		if err := public("tcp", address, nil); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// The example of the specification's own libraries.
func TestTheSignatureIsThatOfStandardWebhooks(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := Sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}
