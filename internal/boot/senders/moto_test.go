package senders

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/boot/sqsqueue"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// moto returns the address of the moto server, which infra/moto starts. Without one, the test is skipped, unless it
// is required.
func moto(t *testing.T) string {
	t.Helper()
	url := os.Getenv("PERENNIAL_MOTO")
	if url == "" && os.Getenv("PERENNIAL_REQUIRE_MOTO") != "" {
		t.Fatal("PERENNIAL_MOTO names no server")
	}
	if url == "" {
		t.Skip("no moto: run infra/moto run -- go test, or make test-aws")
	}
	for _, service := range []string{"SESV2", "SNS", "EVENTBRIDGE", "SQS", "SECRETS_MANAGER"} {
		t.Setenv("AWS_ENDPOINT_URL_"+service, url)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "moto")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "moto")
	resp, err := http.Post(url+"/moto-api/reset", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return url
}

func newApp(t *testing.T) *app.App {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tab.Close() })
	a := &app.App{
		Table: tab, Now: time.Now, Log: slog.New(slog.DiscardHandler), Stage: app.Test,
		Secret: []byte("q8v4Zr1TnXw7Lk2Pm9Yc5Hs3Bd6Fg0Ja"),
	}
	if err := a.Wire(); err != nil {
		t.Fatal(err)
	}
	return a
}

func message(c loyalty.Channel, to string) notify.Message {
	return notify.Message{
		ID: "msg_" + string(c), Program: "bluebird", Member: "mem_ada", Reminder: "points-30d",
		On:      loyalty.BeforeExpiry,
		Purpose: loyalty.Transactional, Channel: c, To: to, Language: "de", Subject: "Bohnen ä",
		Text: "200 Bohnen verfallen.",
		HTML: "<p>200 Bohnen verfallen.</p>", Unsubscribe: "https://api.example/v1/unsubscribe/x", At: time.Now().UTC(),
	}
}

const region = "us-east-1"

var credentials = aws.CredentialsProviderFunc(boot.Credentials)

func TestEachChannelUsesRealClients(t *testing.T) {
	url, a := moto(t), newApp(t)
	ctx := t.Context()
	secrets := secretsmanager.New(secretsmanager.Options{Region: region, Credentials: credentials, BaseEndpoint: &url})
	if _, err := secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: aws.String("hooks"), SecretString: aws.String("0123456789abcdefghijklmnopqrstuvwxyzABCDEF"),
	}); err != nil {
		t.Fatal(err)
	}
	ses := sesv2.New(sesv2.Options{Region: region, Credentials: credentials, BaseEndpoint: &url})
	if _, err := ses.CreateEmailIdentity(
		ctx, &sesv2.CreateEmailIdentityInput{EmailIdentity: aws.String("hello@example.com")},
	); err != nil {
		t.Fatal(err)
	}
	queue := listen(t, url)
	o, err := dispatcher(a, settings{
		region: region, url: "https://api.example", from: "hello@example.com", senderID: "Bluebird", bus: "push",
		hook: "https://merchant.example/hook", secret: "hooks",
	})
	if err != nil {
		t.Fatal(err)
	}
	for c, to := range map[loyalty.Channel]string{
		loyalty.Email: "ada@example.com", loyalty.SMS: "+491701234567", loyalty.Push: "",
	} {
		if err := o.Send(ctx, message(c, to)); err != nil {
			t.Errorf("%s: %v", c, err)
		}
	}
	if !o.Delivers(loyalty.Webhook) {
		t.Error("the webhook is missing although it has a secret")
	}
	stored := read(t, url)
	for _, want := range []string{"ada@example.com", "Bohnen ä", "hello@example.com"} {
		if !strings.Contains(stored["ses"], want) {
			t.Errorf("the store of SES has no %q: %.600s", want, stored["ses"])
		}
	}
	if !strings.Contains(stored["sns"], "+491701234567") || !strings.Contains(stored["sns"], "200 Bohnen") {
		t.Errorf("the store of SNS: %.600s", stored["sns"])
	}
	var event struct {
		Source string         `json:"source"`
		Type   string         `json:"detail-type"`
		Detail notify.Message `json:"detail"`
	}
	if err := json.Unmarshal([]byte(receive(t, url, queue)), &event); err != nil || event.Source != "perennial" ||
		event.Detail.ID != "msg_push" {
		t.Errorf("%+v %v", event, err)
	}
}

func TestUnverifiedSenderSendsNothing(t *testing.T) {
	_, a := moto(t), newApp(t)
	o, err := dispatcher(a, settings{region: region, from: "nobody@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Send(t.Context(), message(loyalty.Email, "ada@example.com")); err == nil ||
		!strings.Contains(err.Error(), notify.ErrNotSent.Error()) {
		t.Errorf("%v", err)
	}
	if o.Delivers(loyalty.SMS) || o.Delivers(loyalty.Push) || o.Delivers(loyalty.Webhook) {
		t.Error("there are channels that were not configured")
	}
}

func TestMissingSecretStopsOnlyWebhook(t *testing.T) {
	_, a := moto(t), newApp(t)
	o, err := dispatcher(
		a, settings{region: region, from: "hello@example.com", hook: "https://merchant.example/hook", secret: "none"},
	)
	if err != nil || !o.Delivers(loyalty.Email) {
		t.Fatalf("email is off: %v", err)
	}
	if err := o.Senders[loyalty.Webhook].Send(
		t.Context(), notify.Message{ID: "msg_1"},
	); !errors.Is(err, notify.ErrNotSent) {
		t.Error(err)
	}
}

// listen creates a bus with a rule that sends its events to a queue.
func listen(t *testing.T, url string) (queue string) {
	t.Helper()
	ctx := t.Context()
	queues := sqs.New(sqs.Options{Region: region, Credentials: credentials, BaseEndpoint: &url})
	q, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("pushed")})
	if err != nil {
		t.Fatal(err)
	}
	bus := eventbridge.New(eventbridge.Options{Region: region, Credentials: credentials, BaseEndpoint: &url})
	if _, err := bus.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("push")}); err != nil {
		t.Fatal(err)
	}
	if _, err := bus.PutRule(ctx, &eventbridge.PutRuleInput{
		Name: aws.String("all"), EventBusName: aws.String("push"), EventPattern: aws.String(`{"source":["perennial"]}`),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := bus.PutTargets(ctx, &eventbridge.PutTargetsInput{
		Rule:         aws.String("all"),
		EventBusName: aws.String("push"), Targets: []ebtypes.Target{
			{Id: aws.String("queue"), Arn: aws.String("arn:aws:sqs:us-east-1:123456789012:pushed")},
		},
	}); err != nil {
		t.Fatal(err)
	}
	return aws.ToString(q.QueueUrl)
}

func receive(t *testing.T, url, queue string) string {
	t.Helper()
	queues := sqs.New(sqs.Options{Region: region, Credentials: credentials, BaseEndpoint: &url})
	out, err := queues.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: &queue})
	if err != nil || len(out.Messages) != 1 {
		t.Fatalf("%d messages, %v", len(out.Messages), err)
	}
	return aws.ToString(out.Messages[0].Body)
}

// read returns the data stored in moto by service, as text.
func read(t *testing.T, url string) map[string]string {
	t.Helper()
	resp, err := http.Get(url + "/moto-api/data.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var services map[string]json.RawMessage
	if err := json.Unmarshal(body, &services); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for name, data := range services {
		var plain any
		if err := json.Unmarshal(data, &plain); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(plain); err != nil {
			t.Fatal(err)
		}
		out[name] = b.String()
	}
	if len(out) == 0 {
		t.Fatal(fmt.Errorf("moto has stored nothing: %.300s", body))
	}
	return out
}

func TestReminderQueueUsesRealClient(t *testing.T) {
	url, a := moto(t), newApp(t)
	queues := sqs.New(sqs.Options{Region: region, Credentials: credentials, BaseEndpoint: &url})
	q, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("remind")})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PERENNIAL_REMIND_QUEUE", aws.ToString(q.QueueUrl))
	t.Setenv("AWS_REGION", region)
	var sending *app.App
	sqsqueue.With(func(a *app.App) lambda.Handler { sending = a; return nil })(a)
	if err := sending.Queue.Send(t.Context(), "remind", `{"shard":3}`); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, url, aws.ToString(q.QueueUrl)); got != `{"shard":3}` {
		t.Error(got)
	}
}
