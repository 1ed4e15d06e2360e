package postroom

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify/eventbus"
	"github.com/perennial-loyalty/perennial/internal/notify/sesmail"
	"github.com/perennial-loyalty/perennial/internal/notify/snstext"
)

func TestSendersAreAtTheEndpointsOfTheEnvironment(t *testing.T) {
	const all, own = "http://127.0.0.1:4566", "http://127.0.0.1:9000"
	t.Setenv("AWS_ENDPOINT_URL", all)
	endpoints := func() map[loyalty.Channel]string {
		o, err := office(newApp(t), settings{region: "eu-central-1", from: "hello@example.com", senderID: "Bluebird", bus: "push"})
		if err != nil {
			t.Fatal(err)
		}
		return map[loyalty.Channel]string{
			loyalty.Email: aws.ToString(o.Senders[loyalty.Email].(*sesmail.Sender).Client.Options().BaseEndpoint),
			loyalty.SMS:   aws.ToString(o.Senders[loyalty.SMS].(*snstext.Sender).Client.Options().BaseEndpoint),
			loyalty.Push:  aws.ToString(o.Senders[loyalty.Push].(*eventbus.Sender).Client.Options().BaseEndpoint),
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
			t.Errorf("with an endpoint of its own %s goes to %q", channel, got)
		}
	}
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
		o, err := office(a, c.settings)
		if err != nil || o.Links.Base != c.settings.url {
			t.Errorf("%+v: links lead to %q, %v", c.settings, o.Links.Base, err)
		}
		if got := strings.Contains(log.String(), "PERENNIAL_URL is empty"); got != c.logged {
			t.Errorf("%+v: the log says %q", c.settings, log.String())
		}
	}
}
