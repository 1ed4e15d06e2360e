// Package postroom is the senders of a function that writes to members: SES, SNS, EventBridge and a webhook, as far as
// template.yaml names a sender, a bus and an address for them.
//
// It promises that a channel which the stack has not set up is not there, so that nobody counts on it. It is apart from
// boot because its clients and templates take time of every cold start, and few functions send.
package postroom

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/notify/eventbus"
	"github.com/perennial-loyalty/perennial/internal/notify/sesmail"
	"github.com/perennial-loyalty/perennial/internal/notify/signedhook"
	"github.com/perennial-loyalty/perennial/internal/notify/snstext"
	"github.com/perennial-loyalty/perennial/internal/notify/wording"
)

// With gives a function its office: boot.Start(postroom.With(jobs.Remind)).
func With(function func(func(*app.App) *notify.Office) func(*app.App) lambda.Handler) func(*app.App) lambda.Handler {
	return function(fromEnvironment)
}

// settings are what template.yaml says.
type settings struct {
	region, url         string
	from, set, senderID string
	bus, hook, secret   string
}

func readSettings() settings {
	return settings{
		region: os.Getenv("AWS_REGION"), url: os.Getenv("PERENNIAL_URL"),
		from: os.Getenv("PERENNIAL_MAIL_FROM"), set: os.Getenv("PERENNIAL_MAIL_SET"), senderID: os.Getenv("PERENNIAL_SMS_SENDER"),
		bus: os.Getenv("PERENNIAL_BUS"), hook: os.Getenv("PERENNIAL_WEBHOOK"), secret: os.Getenv("PERENNIAL_WEBHOOK_SECRET"),
	}
}

func fromEnvironment(a *app.App) *notify.Office {
	o, err := office(a, readSettings())
	if err != nil {
		a.Log.Error("a channel cannot be used", "err", err)
	}
	return o
}

// office makes what is set up. The error is about the webhook, and leaves the other channels as they are.
func office(a *app.App, s settings) (*notify.Office, error) {
	credentials, client := aws.CredentialsProviderFunc(boot.Credentials), awshttp.NewBuildableClient()
	o := &notify.Office{
		Senders: map[loyalty.Channel]notify.Sender{}, Words: wording.Words, Letter: wording.Letter,
		Links: notify.Links{Base: s.url, Key: a.Derive("unsubscribe")},
	}
	if s.url == "" && (s.from != "" || s.senderID != "" || s.bus != "" || s.hook != "") {
		a.Log.Warn("marketing messages are not sent and others have no link to unsubscribe: PERENNIAL_URL is empty; " +
			"set the parameter DomainName or PublicUrl of the stack")
	}
	if s.from != "" {
		o.Senders[loyalty.Email] = &sesmail.Sender{From: s.from, Set: s.set, Client: sesv2.New(sesv2.Options{
			Region: s.region, Credentials: credentials, HTTPClient: client, BaseEndpoint: boot.Endpoint("AWS_ENDPOINT_URL_SESV2"),
		})}
	}
	if s.senderID != "" {
		o.Senders[loyalty.SMS] = &snstext.Sender{SenderID: s.senderID, Client: sns.New(sns.Options{
			Region: s.region, Credentials: credentials, HTTPClient: client, BaseEndpoint: boot.Endpoint("AWS_ENDPOINT_URL_SNS"),
		})}
	}
	if s.bus != "" {
		o.Senders[loyalty.Push] = &eventbus.Sender{Bus: s.bus, Client: eventbridge.New(eventbridge.Options{
			Region: s.region, Credentials: credentials, HTTPClient: client, BaseEndpoint: boot.Endpoint("AWS_ENDPOINT_URL_EVENTBRIDGE"),
		})}
	}
	if s.hook == "" {
		return o, nil
	}
	hook, err := webhook(a, s)
	if err != nil {
		return o, fmt.Errorf("postroom: the webhook: %w", err)
	}
	o.Senders[loyalty.Webhook] = hook
	return o, nil
}

// webhook makes the sender of signed webhooks. A rotated secret is used within minutes. Webhooks are signed with both
// the secret and the one from before for boot.Overlap, so that receivers can change theirs in that time.
func webhook(a *app.App, s settings) (*signedhook.Sender, error) {
	secret := boot.Secret{Client: boot.Secrets(s.region, awshttp.NewBuildableClient()), ID: s.secret, Now: a.Now}
	read := func(ctx context.Context) ([][]byte, error) {
		current, previous, err := secret.ReadBoth(ctx)
		if err != nil {
			return nil, err
		}
		return signedhook.Secrets(current, previous)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	secrets, err := read(ctx)
	refreshed := app.NewRefreshed(a, "webhook", secrets, read)
	if err != nil {
		a.Log.Error("the secret of webhooks could not be read and is tried again; until then no webhook is sent", "err", err)
		refreshed = app.NewUnread(a, "webhook", read)
	}
	return signedhook.New(s.hook, refreshed.Get, a.Now)
}
