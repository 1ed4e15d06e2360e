package senders

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/notify/eventbus"
	"github.com/perennial-loyalty/perennial/internal/notify/sesmail"
	"github.com/perennial-loyalty/perennial/internal/notify/snstext"
)

func TestSendersUseEndpointsOfEnvironment(t *testing.T) {
	const all, own = "http://127.0.0.1:4566", "http://127.0.0.1:9000"
	t.Setenv("AWS_ENDPOINT_URL", all)
	endpoints := func() map[loyalty.Channel]string {
		o, err := dispatcher(
			newApp(t), settings{region: "eu-central-1", from: "hello@example.com", senderID: "Bluebird", bus: "push"},
		)
		if err != nil {
			t.Fatal(err)
		}
		return map[loyalty.Channel]string{
			loyalty.Email: endpointOf(t, o.Senders[loyalty.Email]),
			loyalty.SMS:   endpointOf(t, o.Senders[loyalty.SMS]),
			loyalty.Push:  endpointOf(t, o.Senders[loyalty.Push]),
		}
	}
	for channel, got := range endpoints() {
		if got != all {
			t.Errorf("%s goes to %q", channel, got)
		}
	}
	for _, service := range []string{"SESV2", "SNS", "EVENTBRIDGE"} {
		t.Setenv("AWS_ENDPOINT_URL_"+service, own)
	}
	for channel, got := range endpoints() {
		if got != own {
			t.Errorf("with a service endpoint, %s goes to %q", channel, got)
		}
	}
}

// endpointOf returns the endpoint of a sender. It makes a call that the client refuses because the input is empty.
func endpointOf(t *testing.T, s notify.Sender) (endpoint string) {
	t.Helper()
	var err error
	switch s := s.(type) {
	case *sesmail.Sender:
		_, err = s.SendEmail(t.Context(), &sesv2.SendEmailInput{}, func(o *sesv2.Options) {
			endpoint = aws.ToString(o.BaseEndpoint)
		})
	case *snstext.Sender:
		_, err = s.Publish(t.Context(), &sns.PublishInput{}, func(o *sns.Options) {
			endpoint = aws.ToString(o.BaseEndpoint)
		})
	case *eventbus.Sender:
		_, err = s.PutEvents(t.Context(), &eventbridge.PutEventsInput{}, func(o *eventbridge.Options) {
			endpoint = aws.ToString(o.BaseEndpoint)
		})
	}
	if err == nil {
		t.Error("an empty input was sent")
	}
	return endpoint
}

func TestMissingPublicAddressIsLogged(t *testing.T) {
	for _, c := range []struct {
		settings settings
		logged   bool
	}{
		{settings{from: "hello@example.com"}, true},
		{settings{from: "hello@example.com", url: "https://api.example"}, false},
		{settings{}, false},
	} {
		var log bytes.Buffer
		a := newApp(t)
		a.Log = slog.New(slog.NewTextHandler(&log, nil))
		c.settings.region = "eu-central-1"
		o, err := dispatcher(a, c.settings)
		if err != nil || o.Links.Base != c.settings.url {
			t.Errorf("%+v: the base of links is %q, %v", c.settings, o.Links.Base, err)
		}
		if got := strings.Contains(log.String(), "PERENNIAL_URL is empty"); got != c.logged {
			t.Errorf("%+v: the log says %q", c.settings, log.String())
		}
	}
}

func TestUnreadableSecretIsRetried(t *testing.T) {
	var reads atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if reads.Add(1) == 1 {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"__type": "AccessDeniedException"}`)
			return
		}
		io.WriteString(
			w,
			`{"SecretString": "q8v4Zr1TnXw7Lk2Pm9Yc5Hs3Bd6Fg0Ja", `+
				`"VersionStages": ["AWSCURRENT", "AWSPREVIOUS"], "CreatedDate": 1}`,
		)
	}))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "local")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "local")
	a, now := newApp(t), time.Now()
	a.Now = func() time.Time { return now }
	o, err := dispatcher(
		a,
		settings{
			region: "eu-central-1", url: "https://api.example", hook: "https://hooks.invalid/perennial",
			secret: "hook",
		},
	)
	if err != nil || o.Senders[loyalty.Webhook] == nil {
		t.Fatalf("channel is missing: %v", err)
	}
	send := func() error { return o.Senders[loyalty.Webhook].Send(t.Context(), notify.Message{ID: "msg_1"}) }
	if err := send(); !errors.Is(err, notify.ErrNotSent) || !strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
	now = now.Add(time.Minute)
	if err := send(); err == nil || strings.Contains(err.Error(), "secret") || reads.Load() < 2 {
		t.Errorf("after %d reads: %v", reads.Load(), err)
	}
}
