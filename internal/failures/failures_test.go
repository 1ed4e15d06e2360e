package failures_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/failures"
)

const remindLive = "arn:aws:lambda:eu-central-1:123456789012:function:perennial-RemindFunction-4f5:live"

var sent = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)

func TestReadParsesEachFormat(t *testing.T) {
	const (
		job      = `{"program":"bluebird","shard":3,"due":"2026-12-01T09:05:00Z","member":"mem_1"}`
		schedule = `{"schedule":"remind","time":"2026-12-01T09:35:00Z"}`
		bounce   = `{"source":"aws.ses","detail":{"mail":{"destination":["Ada <ada@example.com>"]}}}`
		stream   = `{"requestContext":{"requestId":"r","functionArn":"` + remindLive +
			`","condition":"RetryAttemptsExhausted","approximateInvokeCount":11},` +
			`"responseContext":{"statusCode":200},"DDBStreamBatchInfo":{"shardId":"shardId-1",` +
			`"startSequenceNumber":"100","endSequenceNumber":"300",` +
			`"batchSize":3,` +
			`"streamArn":"arn:aws:dynamodb:eu-central-1:123456789012:table/perennial-Table-1/stream/2026"}}`
		failed = `{"version":"1.0","requestContext":{"functionArn":"` + remindLive +
			`","condition":"RetriesExhausted","approximateInvokeCount":3},` +
			`"requestPayload":` + bounce +
			`,"responsePayload":{"errorType":"wrapError","errorMessage":"no member has ada@example.com"}}`
	)
	for _, c := range []struct {
		name    string
		queue   string
		message failures.Message
		want    failures.Failure
	}{
		{
			"message from a worker's queue", "reassess",
			failures.Message{Body: job},
			failures.Failure{Source: "queue reassess", Body: job},
		},
		{
			"event that Scheduler could not deliver", "schedules",
			failures.Message{Body: schedule, Attributes: map[string]string{
				"TARGET_ARN":   remindLive,
				"SCHEDULE_ARN": "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/perennial-Hourly",
				"ERROR_CODE":   "AWS.Scheduler.AccessDenied", "ERROR_MESSAGE": "the role may not invoke it",
				"RETRY_ATTEMPTS": "5",
			}},
			failures.Failure{
				Source: "schedule perennial-Hourly", Attempts: 6,
				Error: "AWS.Scheduler.AccessDenied: the role may not invoke it", Body: schedule,
				Restart: failures.Restart{Function: remindLive, Payload: []byte(schedule)},
			},
		},
		{
			"event that a rule could not deliver", "feedback",
			failures.Message{Body: bounce, Attributes: map[string]string{
				"TARGET_ARN": remindLive,
				"RULE_ARN":   "arn:aws:events:eu-central-1:123456789012:rule/perennial-Feedback",
				"ERROR_CODE": "NO_PERMISSIONS",
			}},
			failures.Failure{
				Source: "rule perennial-Feedback", Error: "NO_PERMISSIONS",
				Body:    `{"source":"aws.ses","detail":{"mail":{"destination":["Ada <[email address]>"]}}}`,
				Restart: failures.Restart{Function: remindLive, Payload: []byte(bounce)},
			},
		},
		{
			"event that a function failed to process", "invocations",
			failures.Message{Body: failed},
			failures.Failure{
				Source: "function perennial-RemindFunction-4f5", Attempts: 3, Error: "no member has [email address]",
				Body:    `{"source":"aws.ses","detail":{"mail":{"destination":["Ada <[email address]>"]}}}`,
				Restart: failures.Restart{Function: remindLive, Payload: []byte(bounce)},
			},
		},
		{
			"range of the stream", "relay",
			failures.Message{Body: stream},
			failures.Failure{
				Source: "stream of the table", Attempts: 11, Error: "RetryAttemptsExhausted", Body: stream,
				Restart: failures.Restart{Function: remindLive, Stream: &failures.Range{
					Stream: "arn:aws:dynamodb:eu-central-1:123456789012:table/perennial-Table-1/stream/2026",
					Shard:  "shardId-1", First: "100", Last: "300",
				}},
			},
		},
		{
			"text of an unknown format", "reassess",
			failures.Message{Body: "to eve@example.com"},
			failures.Failure{Source: "queue reassess", Body: "to [email address]"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.message.ID, c.message.Sent = "m-1", sent
			c.want.ID, c.want.Queue, c.want.SentAt = "m-1", c.queue, sent
			if diff := cmp.Diff(c.want, failures.Read(c.queue, c.message)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAgeFormat(t *testing.T) {
	for after, want := range map[time.Duration]string{
		30 * time.Second: "30s", 90 * time.Second: "1m", 5*time.Hour + 61*time.Second: "5h1m", 76 * time.Hour: "3d4h",
	} {
		if got := (failures.Failure{SentAt: sent}).Age(sent.Add(after)); got != want {
			t.Errorf("after %s: %q, want %q", after, got, want)
		}
	}
}
