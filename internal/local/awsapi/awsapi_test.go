package awsapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/local/awsapi"
	"github.com/perennial-loyalty/perennial/internal/local/dynamodbapi"
	"github.com/perennial-loyalty/perennial/internal/stack"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

const (
	region    = "eu-west-1"
	tableARN  = "arn:aws:dynamodb:eu-west-1:123456789012:table/perennial"
	queueURL  = "https://sqs.eu-west-1.amazonaws.com/123456789012/remind"
	queueARN  = "arn:aws:sqs:eu-west-1:123456789012:remind"
	secretARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:master-a1b2c3"
	badNumber = "+4912345"
)

// A services is a server with the requests that functions sent to it.
type services struct {
	url   string
	table table.Table
	sent  []string
}

// open serves a function called "sender" with the given permissions.
func open(t *testing.T, statements ...stack.Statement) *services {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	s := &services{table: tab}
	record := func(what string, v any) error {
		text, err := json.Marshal(v)
		s.sent = append(s.sent, what+" "+string(text))
		return err
	}
	server := httptest.NewServer(&awsapi.Server{
		Guard:  &access.Guard{Policies: map[string]access.Policy{"sender": statements}, TableARN: tableARN},
		Region: region, Account: "123456789012", Log: slog.New(slog.DiscardHandler), Now: time.Now,
		DynamoDB: &dynamodbapi.API{Table: tab, Name: "perennial"},
		Secrets:  map[string]string{secretARN: "the-secret"},
		Queues: map[string]awsapi.Queue{queueURL: {ARN: queueARN, Send: func(
			_ context.Context, bodies ...string,
		) error {
			return record("sqs", bodies)
		}}},
		Email: func(_ context.Context, e awsapi.Email) error { e.MessageID = ""; return record("ses", e) },
		Text: func(_ context.Context, m awsapi.TextMessage) error {
			if m.To == badNumber {
				return fmt.Errorf("%w: no such number", awsapi.ErrRejected)
			}
			m.MessageID = ""
			return record("sns", m)
		},
		Put: func(_ context.Context, e awsapi.BusEvent) error { e.ID = ""; return record("events", e) },
	})
	s.url = server.URL
	t.Cleanup(func() {
		server.Close()
		if err := tab.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func allow(action, resource string) stack.Statement {
	return stack.Statement{Effect: "Allow", Action: []string{action}, Resource: []string{resource}}
}

func as(function string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: awsapi.AccessKeyID(function), SecretAccessKey: "not verified"}, nil
	})
}

// calls contains one call of each service with the real clients, as the functions make them.
var calls = map[string]func(ctx context.Context, url string, who aws.CredentialsProvider) error{
	"dynamodb": func(ctx context.Context, url string, who aws.CredentialsProvider) error {
		t := &dynamotable.Table{
			Name: "perennial",
			Client: dynamotable.NewClient(
				dynamodb.New(dynamodb.Options{BaseEndpoint: &url, Region: region, Credentials: who}),
			),
		}
		return t.Transact(ctx, table.Put(table.Item{Key: table.Key{PK: "P#p", SK: "a"}, Doc: []byte(`{}`)}))
	},
	"sqs batch": func(ctx context.Context, url string, who aws.CredentialsProvider) error {
		out, err := sqs.New(
			sqs.Options{BaseEndpoint: &url, Region: region, Credentials: who},
		).SendMessageBatch(ctx, &sqs.SendMessageBatchInput{
			QueueUrl: aws.String(queueURL), Entries: []sqstypes.SendMessageBatchRequestEntry{
				{Id: aws.String("0"), MessageBody: aws.String("one")},
				{Id: aws.String("1"), MessageBody: aws.String("two é")},
			},
		})
		if err == nil && len(out.Successful) != 2 {
			return fmt.Errorf("%d messages were sent", len(out.Successful))
		}
		return err
	},
	"sqs": func(ctx context.Context, url string, who aws.CredentialsProvider) error {
		out, err := sqs.New(
			sqs.Options{BaseEndpoint: &url, Region: region, Credentials: who},
		).SendMessage(ctx, &sqs.SendMessageInput{
			QueueUrl: aws.String(queueURL), MessageBody: aws.String("three"),
		})
		if err == nil && aws.ToString(out.MessageId) == "" {
			return errors.New("no message ID")
		}
		return err
	},
	"secrets": func(ctx context.Context, url string, who aws.CredentialsProvider) error {
		client := secretsmanager.New(secretsmanager.Options{BaseEndpoint: &url, Region: region, Credentials: who})
		out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(secretARN)})
		if err == nil && aws.ToString(out.SecretString) != "the-secret" {
			return fmt.Errorf("the secret is %s", aws.ToString(out.SecretString))
		}
		return err
	},
	"ses": func(ctx context.Context, url string, who aws.CredentialsProvider) error {
		content := func(s string) *sestypes.Content { return &sestypes.Content{Data: &s, Charset: aws.String("UTF-8")} }
		out, err := sesv2.New(
			sesv2.Options{BaseEndpoint: &url, Region: region, Credentials: who},
		).SendEmail(ctx, &sesv2.SendEmailInput{
			FromEmailAddress: aws.String("Bluebird <hello@bluebird.test>"), ConfigurationSetName: aws.String("set"),
			Destination: &sestypes.Destination{ToAddresses: []string{"ada@example.com"}},
			EmailTags:   []sestypes.MessageTag{{Name: aws.String("member"), Value: aws.String("mem_ada")}},
			Content: &sestypes.EmailContent{Simple: &sestypes.Message{
				Subject: content("Hello"), Body: &sestypes.Body{Text: content("T"), Html: content("<p>H</p>")},
				Headers: []sestypes.MessageHeader{
					{Name: aws.String("List-Unsubscribe"), Value: aws.String("<https://x>")},
				},
			}},
		})
		if err == nil && aws.ToString(out.MessageId) == "" {
			return errors.New("no message ID")
		}
		return err
	},
	"sns": func(ctx context.Context, url string, who aws.CredentialsProvider) error {
		return publish(ctx, url, who, "+491701234567")
	},
	"events": func(ctx context.Context, url string, who aws.CredentialsProvider) error {
		at := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
		client := eventbridge.New(eventbridge.Options{BaseEndpoint: &url, Region: region, Credentials: who})
		out, err := client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{
			{
				EventBusName: aws.String("push"), Source: aws.String("perennial"),
				DetailType: aws.String("Reminder Due"), Detail: aws.String(`{"id":"msg_1"}`), Time: &at,
			},
			{
				EventBusName: aws.String("push"), Source: aws.String("perennial"),
				DetailType: aws.String("Reminder Due"), Detail: aws.String(`[]`), Time: &at,
			},
		}})
		if err == nil && (out.FailedEntryCount != 1 || aws.ToString(out.Entries[1].ErrorCode) != "MalformedDetail") {
			return fmt.Errorf("%d entries failed", out.FailedEntryCount)
		}
		return err
	},
}

func publish(ctx context.Context, url string, who aws.CredentialsProvider, to string) error {
	text := func(s string) snstypes.MessageAttributeValue {
		return snstypes.MessageAttributeValue{DataType: aws.String("String"), StringValue: &s}
	}
	out, err := sns.New(
		sns.Options{BaseEndpoint: &url, Region: region, Credentials: who},
	).Publish(ctx, &sns.PublishInput{
		PhoneNumber: &to, Message: aws.String("200 beans & more"),
		MessageAttributes: map[string]snstypes.MessageAttributeValue{
			"AWS.SNS.SMS.SMSType": text("Promotional"), "AWS.SNS.SMS.SenderID": text("Bluebird"),
		},
	})
	if err == nil && aws.ToString(out.MessageId) == "" {
		return errors.New("no message ID")
	}
	return err
}

func TestRequestsAreDelivered(t *testing.T) {
	s := open(t,
		allow("dynamodb:PutItem", tableARN), allow("sqs:SendMessage", queueARN),
		allow("secretsmanager:GetSecretValue", secretARN),
		allow("ses:SendEmail", "arn:aws:ses:*"), allow("sns:Publish", "+*"),
		allow("events:PutEvents", "arn:aws:events:*:event-bus/push"),
	)
	for name, call := range calls {
		if err := call(t.Context(), s.url, as("sender")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	slices.Sort(s.sent)
	want := []string{
		`events {"ID":"","Bus":"push","Source":"perennial","DetailType":"Reminder Due",` +
			`"Detail":{"id":"msg_1"},"Time":"2026-12-01T10:00:00Z"}`,
		`ses {"MessageID":"","From":"Bluebird \u003chello@bluebird.test\u003e",` +
			`"To":["ada@example.com"],"Subject":"Hello","Text":"T","HTML":"\u003cp\u003eH\u003c/p\u003e",` +
			`"Headers":{"List-Unsubscribe":"\u003chttps://x\u003e"},"Tags":{"member":"mem_ada"},` +
			`"ConfigurationSet":"arn:aws:ses:eu-west-1:123456789012:configuration-set/set"}`,
		`sns {"MessageID":"","To":"+491701234567","Text":"200 beans \u0026 more",` +
			`"Attributes":{"AWS.SNS.SMS.SMSType":"Promotional","AWS.SNS.SMS.SenderID":"Bluebird"}}`,
		`sqs ["one","two é"]`, `sqs ["three"]`,
	}
	if diff := cmp.Diff(want, s.sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if it, err := s.table.Get(t.Context(), table.Key{PK: "P#p", SK: "a"}); err != nil || it.Version != 1 {
		t.Errorf("the table contains %+v %v", it, err)
	}
}

func TestDeniedCallsHaveNoEffect(t *testing.T) {
	s := open(t,
		stack.Statement{
			Effect: "Allow", Action: []string{"dynamodb:PutItem"}, Resource: []string{tableARN},
			Condition: []stack.Condition{
				{Operator: "ForAllValues:StringLike", Key: "dynamodb:LeadingKeys", Values: []string{"P#other"}},
			},
		},
		allow("sqs:ReceiveMessage", queueARN), allow("secretsmanager:GetSecretValue", secretARN+"x"),
		allow("ses:SendEmail", "arn:aws:ses:*:identity/*"), // not with the configuration set
		allow("sns:Publish", "arn:aws:sns:*"), allow("events:PutEvents", "arn:aws:events:*:event-bus/default"),
	)
	for name, call := range calls {
		for _, who := range []string{"sender", "stranger"} {
			err := call(t.Context(), s.url, as(who))
			var e smithy.APIError
			if !errors.As(err, &e) ||
				e.ErrorCode() != "AccessDeniedException" && e.ErrorCode() != "AuthorizationError" {
				t.Errorf("%s by %s: %v", name, who, err)
			}
		}
	}
	if len(s.sent) > 0 {
		t.Errorf("sent %q", s.sent)
	}
	if it, err := s.table.Get(t.Context(), table.Key{PK: "P#p", SK: "a"}); err != nil || it.Version != 0 {
		t.Errorf("the table contains %+v %v", it, err)
	}
}

func TestRejectedNumberIsInvalidParameter(t *testing.T) {
	s := open(t, allow("sns:Publish", "*"))
	for _, to := range []string{badNumber, "0170-1234567", "arn:aws:sns:x"} {
		err := publish(t.Context(), s.url, as("sender"), to)
		if !errors.As(err, new(*snstypes.InvalidParameterException)) {
			t.Errorf("%s: %v", to, err)
		}
	}
}

func TestUnsupportedRequestsAreErrors(t *testing.T) {
	s := open(t, allow("*", "*"))
	ctx, who := t.Context(), as("sender")
	queues := sqs.New(sqs.Options{BaseEndpoint: &s.url, Region: region, Credentials: who})
	secrets := secretsmanager.New(secretsmanager.Options{BaseEndpoint: &s.url, Region: region, Credentials: who})
	emails := sesv2.New(sesv2.Options{BaseEndpoint: &s.url, Region: region, Credentials: who})
	events := eventbridge.New(eventbridge.Options{BaseEndpoint: &s.url, Region: region, Credentials: who})
	texts := sns.New(sns.Options{BaseEndpoint: &s.url, Region: region, Credentials: who})
	tables := dynamodb.New(dynamodb.Options{BaseEndpoint: &s.url, Region: region, Credentials: who})
	for name, call := range map[string]func() error{
		"UnknownOperationException sqs": func() error {
			_, err := queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String(queueURL)})
			return err
		},
		"ValidationException sqs": func() error {
			_, err := queues.SendMessage(
				ctx,
				&sqs.SendMessageInput{QueueUrl: aws.String(queueURL), MessageBody: aws.String("x"), DelaySeconds: 5},
			)
			return err
		},
		"QueueDoesNotExist": func() error {
			_, err := queues.SendMessage(
				ctx, &sqs.SendMessageInput{QueueUrl: aws.String(queueURL + "x"), MessageBody: aws.String("x")},
			)
			return err
		},
		"UnknownOperationException secrets": func() error {
			_, err := secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(secretARN)})
			return err
		},
		"ResourceNotFoundException": func() error {
			_, err := secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("other")})
			return err
		},
		"UnknownOperationException ses": func() error {
			_, err := emails.GetAccount(ctx, &sesv2.GetAccountInput{})
			return err
		},
		"ValidationException ses": func() error {
			_, err := emails.SendEmail(
				ctx,
				&sesv2.SendEmailInput{Content: &sestypes.EmailContent{Raw: &sestypes.RawMessage{Data: []byte("x")}}},
			)
			return err
		},
		"UnknownOperationException events": func() error {
			_, err := events.ListRules(ctx, &eventbridge.ListRulesInput{})
			return err
		},
		"UnknownOperationException sns": func() error {
			_, err := texts.ListTopics(ctx, &sns.ListTopicsInput{})
			return err
		},
		"ValidationException dynamodb": func() error {
			_, err := tables.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String("perennial")})
			return err
		},
	} {
		want, _, _ := strings.Cut(name, " ")
		err := call()
		var e smithy.APIError
		if !errors.As(err, &e) || !strings.Contains(e.ErrorCode(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(s.sent) > 0 {
		t.Errorf("sent %q", s.sent)
	}
}
