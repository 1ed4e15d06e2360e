package boot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/api/programs"
	"github.com/perennial-loyalty/perennial/internal/api/redemptions"
	"github.com/perennial-loyalty/perennial/internal/api/reminders"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/boot/senders"
	"github.com/perennial-loyalty/perennial/internal/boot/sqsqueue"
	"github.com/perennial-loyalty/perennial/internal/jobs"
	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/local/awsapi"
	"github.com/perennial-loyalty/perennial/internal/local/dynamodbapi"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/payments"
	"github.com/perennial-loyalty/perennial/internal/relay"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/stack"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/stack/stacktest"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// functions contains the functions of functions/*/main.go.
var functions = map[string]func(*app.App) lambda.Handler{
	"members":   api.Members,
	"earn":      api.Earn,
	"redeem":    redemptions.Handler,
	"programs":  programs.Handler,
	"reminders": senders.With(reminders.Handler),
	"webhooks":  payments.Webhooks,
	"reassess":  sqsqueue.With(jobs.Reassess),
	"remind":    sqsqueue.With(senders.With(jobs.Remind)),
	"relay":     relay.Entries,
}

// TestPoliciesOfOtherServicesAreExact starts each function with its environment in template.yaml and the real
// clients of the AWS SDK, and makes the sending functions send. Every call to Secrets Manager, SQS, SES, SNS,
// EventBridge, DynamoDB, and to KMS on behalf of a function, is checked against the function's policies. The test
// fails for a denied call and for a permission that no call needs.
func TestPoliciesOfOtherServicesAreExact(t *testing.T) {
	c := newCloud(t)
	if defined := slices.Sorted(maps.Keys(c.guard.Policies)); !slices.Equal(
		defined, slices.Sorted(maps.Keys(functions)),
	) {
		t.Fatalf("the template has the functions %v", defined)
	}
	c.prepare()
	for _, f := range c.template.FunctionIDs() {
		name := c.template.Functions[f].Name
		t.Run(name, func(t *testing.T) {
			h := c.start(t, name)
			c.fail(t, name)
			c.useKey(t, name)
			switch name {
			case "reassess":
				c.reassess(t, h)
			case "remind":
				c.remind(t, h)
			case "reminders":
				c.testReminder(t, h)
			}
			stacktest.Prove(t, c.guard, name, stacktest.Rest, &c.calls)
		})
	}
}

// useKey uses the root key as the function does. A function that needs no personal data must not be able to use it.
func (c *cloud) useKey(t *testing.T, function string) {
	t.Helper()
	unwraps := []string{"members", "earn", "redeem", "reminders", "reassess", "remind", "webhooks"}
	root, err := boot.FunctionRoot()
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := c.app.Root.Wrap(t.Context(), "bluebird", []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(unwraps, function) {
		if key, err := root.Unwrap(t.Context(), "bluebird", wrapped); err != nil || string(key) != "key" {
			t.Errorf("unwrapped %q, %v", key, err)
		}
		if _, err := root.Unwrap(t.Context(), "redbird", wrapped); err == nil {
			t.Error("the key of another program was unwrapped")
		}
	} else if c.mayCall(function, "kms:Decrypt") {
		t.Error("the function may use the root key")
	}
	if function != "members" {
		if c.mayCall(function, "kms:Encrypt") {
			t.Error("the function may wrap keys")
		}
	} else if _, err := root.Wrap(t.Context(), "bluebird", []byte("key")); err != nil {
		t.Error(err)
	}
}

// mayCall reports whether a function may use the key DataKey for an operation.
func (c *cloud) mayCall(function, operation string) bool {
	policy := c.guard.Policies[function]
	return policy.Check(function, access.Call{Operation: operation, Resource: c.value("DataKey.Arn")}) == nil
}

// fail sends a failed invocation to the function's failure queue, as Lambda does with the function's role, and
// reads the stream for the relay. SAM adds the permissions.
func (c *cloud) fail(t *testing.T, function string) {
	t.Helper()
	queue := map[string]string{
		"reassess": "InvocationFailures", "remind": "InvocationFailures", "relay": "RelayFailures",
	}[function]
	if queue == "" {
		return
	}
	arn := c.value(queue + ".Arn")
	c.guard.Policies[function] = append(c.guard.Policies[function], stack.Statement{
		Sid: "Failures", Effect: "Allow", Action: []string{"sqs:SendMessage"}, Resource: []string{arn},
	})
	if err := c.guard.Check(function, access.Call{Operation: "sqs:SendMessage", Resource: arn}); err != nil {
		t.Error(err)
	}
	if function != "relay" {
		return
	}
	stream := c.value("Table.StreamArn")
	c.guard.Policies[function] = append(c.guard.Policies[function], stack.Statement{
		Sid: "Stream", Effect: "Allow", Action: []string{"dynamodb:GetRecords"}, Resource: []string{stream},
	})
	if err := c.guard.Check(function, access.Call{Operation: "dynamodb:GetRecords", Resource: stream}); err != nil {
		t.Error(err)
	}
}

// sendAsAddress requires that a function may send email with the identity of its address. SES uses this identity
// instead of the domain's if the address itself is verified.
func sendAsAddress(t *testing.T, c *cloud, function string) {
	t.Helper()
	identity := access.Call{
		Operation: "ses:SendEmail", Resource: "arn:aws:ses:eu-west-1:123456789012:identity/hello@bluebird.test",
	}
	if err := c.guard.Check(function, identity); err != nil {
		t.Error(err)
	}
}

// A cloud is a fake of the AWS services that the functions call, with a stack of template.yaml. Its clock is
// frozen.
type cloud struct {
	*testing.T
	template *stack.Template
	values   stack.Values
	guard    *access.Guard
	calls    access.Recorder
	app      *app.App // the operator's App
	now      time.Time
	key      string // an API key
	url      string
	queued   []string // bodies of queued messages
	sent     []string // recipients of messages to members
}

const secret = "q8v4Zr1TnXw7Lk2Pm9Yc5Hs3Bd6Fg0Ja"

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{
		T: t, template: stacktest.Template(t), guard: stacktest.Guard(t),
		now: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC),
	}
	c.values = stacktest.Values(c.template)
	c.guard.Observe = c.calls.Record
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tab.Close() })
	root, err := keyring.LocalRoot([]byte(secret), nil)
	c.check(err)
	server := httptest.NewServer(&awsapi.Server{
		Guard: c.guard, Region: stacktest.Deployment.Region, Account: stacktest.Deployment.Account,
		Log:      slog.New(slog.DiscardHandler),
		DynamoDB: &dynamodbapi.API{Table: tab, Name: c.value("Table")},
		Secrets: map[string]string{
			c.value("Secret"): secret, c.value("WebhookSecret"): secret, c.value("WebhooksSecret"): "{}",
			c.value("CheckpointSecret"): secret,
		},
		Keys: map[string]awsapi.Key{c.value("DataKey.Arn"): awsapi.Key(root)},
		Queues: map[string]awsapi.Queue{
			c.value("ReassessQueue"): {ARN: c.value("ReassessQueue.Arn"), Send: c.queue},
			c.value("RemindQueue"):   {ARN: c.value("RemindQueue.Arn"), Send: c.queue},
		},
		Email: func(_ context.Context, e awsapi.Email) error { return c.deliver(e.To[0]) },
		Text:  func(_ context.Context, m awsapi.TextMessage) error { return c.deliver(m.To) },
		Put:   func(_ context.Context, e awsapi.BusEvent) error { return c.deliver(e.Bus) },
		Now:   func() time.Time { return c.now },
	})
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	c.url = server.URL
	c.app = &app.App{
		Table: tab, Now: func() time.Time { return c.now }, Log: slog.New(slog.DiscardHandler), Stage: app.Test,
		Secret: []byte(secret), Root: root,
	}
	if err := c.app.Wire(); err != nil {
		t.Fatal(err)
	}
	return c
}

// value returns the value of a reference of the template.
func (c *cloud) value(name string) string {
	v, _ := c.values[name].(string)
	return v
}

func (c *cloud) queue(_ context.Context, bodies ...string) error {
	c.queued = append(c.queued, bodies...)
	return nil
}

func (c *cloud) deliver(to string) error {
	c.sent = append(c.sent, to)
	return nil
}

// prepare creates members who claimed a reward two weeks ago, one for each channel, and one member for whom every
// scheduled task has work.
func (c *cloud) prepare() {
	late := stacktest.Overdue{T: c, Stores: c.app.Stores, Advance: func(d time.Duration) { c.now = c.now.Add(d) }}
	p := late.Publish("bluebird", 0)
	ctx, by := c.Context(), ledger.By{Actor: "test"}
	for channel, profile := range map[loyalty.Channel]members.Profile{
		loyalty.Email: {Email: "ada@example.com"}, loyalty.SMS: {Phone: "+491701234567"}, loyalty.Push: {},
	} {
		m := loyalty.MemberID("mem_" + channel)
		var consents []remind.Consent
		for _, purpose := range remind.Purposes() {
			consents = append(
				consents,
				remind.Consent{
					Channel: channel, Purpose: purpose, Granted: true, At: c.now, Wording: "v1", Source: "test",
				},
			)
		}
		_, err := c.app.Members.Enroll(ctx, p, members.Enrollment{Member: m, Profile: profile, Consents: consents}, by)
		c.check(err)
		_, err = c.app.Adjustments.Adjust(
			ctx, p, service.Adjustment{ID: "adj_" + string(m), Member: m, Points: 550, Reason: "test"}, by,
		)
		c.check(err)
		_, err = c.app.Redemptions.Redeem(
			ctx, p, service.RedemptionRequest{ID: "rd_" + string(m), Member: m, Reward: "five-off", Commit: true}, by,
		)
		c.check(err)
	}
	late.Enroll("mem_late")
	late.Members("mem_late")
	key, _, err := c.app.Keys.Create(ctx, "bluebird", auth.Admin)
	c.check(err)
	c.key = key
}

func (c *cloud) check(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// start starts a function with its environment.
func (c *cloud) start(t *testing.T, name string) lambda.Handler {
	t.Helper()
	f, err := c.template.Function(name)
	if err != nil {
		t.Fatal(err)
	}
	env, err := c.template.Environment(f, c.values)
	if err != nil {
		t.Fatal(err)
	}
	for variable, value := range env {
		t.Setenv(variable, value)
	}
	t.Setenv("PERENNIAL_TEST_CLOCK", "event")
	t.Setenv("AWS_REGION", stacktest.Deployment.Region)
	// The environment may contain an emulator of DynamoDB for other tests.
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", c.url)
	t.Setenv("AWS_ENDPOINT_URL", c.url)
	t.Setenv("AWS_ACCESS_KEY_ID", awsapi.AccessKeyID(name))
	t.Setenv("AWS_SECRET_ACCESS_KEY", "local")
	h, err := boot.Handler(t.Context(), slog.New(slog.DiscardHandler), functions[name], name != "relay")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (c *cloud) invoke(t *testing.T, h lambda.Handler, event any) []byte {
	t.Helper()
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	lc := &lambdacontext.LambdaContext{AwsRequestID: "req-1"}
	if err := json.Unmarshal([]byte(app.ClockContext(c.now, true)), &lc.ClientContext); err != nil {
		t.Fatal(err)
	}
	out, err := h.Invoke(lambdacontext.NewContext(t.Context(), lc), payload)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// schedule runs a schedule and returns the messages that it sends to its queue.
func (c *cloud) schedule(t *testing.T, h lambda.Handler, name string) []string {
	t.Helper()
	c.queued = nil
	c.invoke(t, h, map[string]string{"schedule": name, "time": c.now.Format(time.RFC3339)})
	return c.queued
}

func (c *cloud) reassess(t *testing.T, h lambda.Handler) {
	t.Helper()
	if len(c.schedule(t, h, "reassess")) == 0 {
		t.Error("no member was due")
	}
}

// remind runs the schedule for a day and processes its messages.
func (c *cloud) remind(t *testing.T, h lambda.Handler) {
	t.Helper()
	for range 24 {
		var event events.SQSEvent
		for i, body := range c.schedule(t, h, "remind") {
			event.Records = append(event.Records, events.SQSMessage{MessageId: fmt.Sprint(i), Body: body})
		}
		if len(event.Records) > 0 {
			c.invoke(t, h, event)
		}
		c.now = c.now.Add(time.Hour)
	}
	slices.Sort(c.sent)
	if want := []string{
		"+491701234567", "ada@example.com", "perennial-push",
	}; !slices.Equal(slices.Compact(c.sent), want) {
		t.Errorf("sent to %q, want %q", c.sent, want)
	}
	sendAsAddress(t, c, "remind")
}

func (c *cloud) testReminder(t *testing.T, h lambda.Handler) {
	t.Helper()
	body := fmt.Sprintf(`{"member": "mem_email", "reminder": "unused", "at": %q, `+
		`"to": ["eve@example.com", "+491701234568"]}`,
		c.now.Add(time.Hour).Format(time.RFC3339))
	out := c.invoke(t, h, events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "POST /v1/reminders/test", RawPath: "/v1/reminders/test", Body: body,
		Headers: map[string]string{
			"authorization": "Bearer " + c.key, "content-type": "application/json",
			"idempotency-key": "0123456789abcdef", "host": "api.bluebird.test",
		},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: "req-1", DomainName: "api.bluebird.test",
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST", Path: "/v1/reminders/test"},
		},
	})
	var answer events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(out, &answer); err != nil || answer.StatusCode != 200 {
		t.Errorf("the response to the test is %s, %v", out, err)
	}
	sendAsAddress(t, c, "reminders")
}
