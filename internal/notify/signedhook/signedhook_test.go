package signedhook

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/notify"
)

var secret = []byte("0123456789abcdefghijklmnopqrstuv")

func always(context.Context) [][]byte { return [][]byte{secret} }

func TestOnlyPublicHTTPSAddressesAreAccepted(t *testing.T) {
	for _, bad := range []string{
		"http://example.com/x", "https://", "https://example.com:22/", "https://me@example.com/", "ftp://example.com",
		"//example.com", "",
	} {
		if _, err := New(bad, always, time.Now); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	if _, err := Secrets([]byte("short"), secret); err == nil {
		t.Error("a short secret was accepted")
	}
	for _, inside := range []string{
		"https://127.0.0.1/x", "https://[::1]/x", "https://169.254.169.254/latest", "https://10.0.0.1/x",
		"https://100.64.0.1/x", "https://localhost/x", "https://[::ffff:10.0.0.1]/",
	} {
		s, err := New(inside, always, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(t.Context(), notify.Message{ID: "msg_1"}); !errors.Is(err, notify.ErrNotSent) ||
			!strings.Contains(err.Error(), "not a public address") {
			t.Errorf("%s: %v", inside, err)
		}
	}
}

// TestSignatureMatchesStandardWebhooks uses the example of the specification's libraries.
func TestSignatureMatchesStandardWebhooks(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := Sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

// transport handles the requests of a client.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestMessageIsSignedWithEveryCurrentSecret(t *testing.T) {
	old, fresh := []byte("old456789abcdefghijklmnopqrstuv0"), []byte("new456789abcdefghijklmnopqrstuv0")
	secrets, err := Secrets(old, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(
		"https://example.com/hook", func(context.Context) [][]byte { return secrets },
		func() time.Time { return time.Unix(1614265330, 0) },
	)
	if err != nil {
		t.Fatal(err)
	}
	var header http.Header
	var body []byte
	s.client = &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
		return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
	})}
	for _, want := range [][][]byte{{old}, {fresh, old}, {fresh}} {
		var previous []byte
		if len(want) > 1 {
			previous = want[1]
		}
		if secrets, err = Secrets(want[0], previous); err != nil {
			t.Fatal(err)
		}
		if err := s.Send(t.Context(), notify.Message{ID: "msg_1"}); err != nil {
			t.Fatal(err)
		}
		var signatures []string
		for _, key := range want {
			signatures = append(signatures, Sign(key, "msg_1", "1614265330", body))
		}
		if got := header.Get("webhook-signature"); got != strings.Join(signatures, " ") {
			t.Errorf("%d secrets: signed %s", len(want), got)
		}
	}
	if same, err := Secrets(fresh, fresh); err != nil || len(same) != 1 {
		t.Errorf("%d secrets, %v", len(same), err)
	}
}

func TestMessageIsNotSentWithoutSecret(t *testing.T) {
	s, err := New("https://example.com/hook", func(context.Context) [][]byte { return nil }, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s.client = &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		t.Error("a message without a signature was sent")
		return nil, errors.New("refused")
	})}
	if err := s.Send(t.Context(), notify.Message{ID: "msg_1"}); !errors.Is(err, notify.ErrNotSent) {
		t.Error(err)
	}
}
