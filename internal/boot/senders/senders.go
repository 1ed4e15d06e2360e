// Package senders creates the senders of functions that send messages to members: SES, SNS, EventBridge and a
// webhook, as configured by template.yaml.
//
// A channel that the stack has not configured is absent. The package is separate from boot because its clients and
// templates slow down every cold start, and few functions send messages.
package senders

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

// With passes the configured senders to a function: boot.Start(senders.With(jobs.Remind)).
func With(
	function func(func(*app.App) *notify.Dispatcher) func(*app.App) lambda.Handler,
) func(*app.App) lambda.Handler {
	return function(fromEnvironment)
}

// settings contains the values of the environment variables that template.yaml sets.
type settings struct {
	region, url         string
	from, set, senderID string
	bus, hook, secret   string
}

func readSettings() settings {
	return settings{
		region: os.Getenv("AWS_REGION"), url: os.Getenv("PERENNIAL_URL"),
		from: os.Getenv("PERENNIAL_MAIL_FROM"), set: os.Getenv("PERENNIAL_MAIL_SET"),
		senderID: os.Getenv("PERENNIAL_SMS_SENDER"),
		bus:      os.Getenv("PERENNIAL_BUS"), hook: os.Getenv("PERENNIAL_WEBHOOK"),
		secret: os.Getenv("PERENNIAL_WEBHOOK_SECRET"),
	}
}

func fromEnvironment(a *app.App) *notify.Dispatcher {
	o, err := dispatcher(a, readSettings())
	if err != nil {
		a.Log.Error("channel is not available", "err", err)
	}
	return o
}

// dispatcher returns a dispatcher with the configured senders. If it also returns an error, the dispatcher is valid,
// but the webhook channel is unavailable.
func dispatcher(a *app.App, s settings) (*notify.Dispatcher, error) {
	credentials, client := aws.CredentialsProviderFunc(boot.Credentials), awshttp.NewBuildableClient()
	o := &notify.Dispatcher{
		Senders: map[loyalty.Channel]notify.Sender{}, Words: wording.Words, GiftWords: wording.GiftWords,
		Links: notify.Links{Base: s.url, Key: a.Derive("unsubscribe")},
	}
	if s.url == "" && (s.from != "" || s.senderID != "" || s.bus != "" || s.hook != "") {
		a.Log.Warn("marketing messages are not sent, and other messages have no unsubscribe link, " +
			"because PERENNIAL_URL is empty; set the parameter DomainName or PublicUrl of the stack")
	}
	if s.from != "" {
		o.Senders[loyalty.Email] = &sesmail.Sender{From: s.from, Set: s.set, SendEmail: sesv2.New(sesv2.Options{
			Region: s.region, Credentials: credentials, HTTPClient: client,
			BaseEndpoint: boot.Endpoint("AWS_ENDPOINT_URL_SESV2"),
		}).SendEmail}
	}
	if s.senderID != "" {
		o.Senders[loyalty.SMS] = &snstext.Sender{SenderID: s.senderID, Publish: sns.New(sns.Options{
			Region: s.region, Credentials: credentials, HTTPClient: client,
			BaseEndpoint: boot.Endpoint("AWS_ENDPOINT_URL_SNS"),
		}).Publish}
	}
	if s.bus != "" {
		o.Senders[loyalty.Push] = &eventbus.Sender{Bus: s.bus, PutEvents: eventbridge.New(eventbridge.Options{
			Region: s.region, Credentials: credentials, HTTPClient: client,
			BaseEndpoint: boot.Endpoint("AWS_ENDPOINT_URL_EVENTBRIDGE"),
		}).PutEvents}
	}
	if s.hook == "" {
		return o, nil
	}
	hook, err := webhook(a, s)
	if err != nil {
		return o, fmt.Errorf("senders: the webhook: %w", err)
	}
	o.Senders[loyalty.Webhook] = hook
	return o, nil
}

// webhook creates the sender of signed webhooks. The sender uses a new secret within minutes of its rotation. For a
// limited time after a rotation (see boot.Secret.ReadBoth), it signs webhooks with both the new and the previous
// secret, so that receivers have time to switch.
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
		a.Log.Error("webhook secret could not be read; no webhook is sent until a retry succeeds", "err", err)
		refreshed = app.NewUnread(a, "webhook", read)
	}
	return signedhook.New(s.hook, refreshed.Get, a.Now)
}
