// Package failures parses messages about permanently failed work and determines how to restart the work.
//
// The stack stores failed work in queues, in the formats of AWS: a message from a worker's queue, an event that
// Scheduler or EventBridge could not deliver, an event that a function failed to process, or a range of the table's
// stream. Read recognizes the format by the content.
//
// A Failure contains no email address, so it can be shown and shared; the original remains in the queue. The
// package does no I/O: package boot/failurequeues reads the queues, and package local has its own.
package failures

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Message is a message of a failure queue, as SQS delivers it.
type Message struct {
	ID         string
	Body       string
	Sent       time.Time
	Attributes map[string]string // the message attributes that the sender set
}

// A Failure is permanently failed work.
type Failure struct {
	ID       string    `json:"id"`    // the message's ID
	Queue    string    `json:"queue"` // the queue's name in the stack's output FailureQueues
	Source   string    `json:"source"`
	SentAt   time.Time `json:"sent_at"`  // when the message was first sent
	Attempts int       `json:"attempts"` // the number of attempts; 0 if unknown
	Error    string    `json:"error"`    // the error; empty if only the function's log contains it
	Body     string    `json:"body"`     // the body, without email addresses

	Restart Restart `json:"-"`
}

// A Restart describes how to restart work: Function is invoked with Payload, or with the records of Stream. If
// Function is empty, the message returns to the queue from which it came.
type Restart struct {
	Function string // the ARN of the function, with its alias
	Payload  []byte
	Stream   *Range
}

// A Range is a range of records of a DynamoDB stream, including both ends.
type Range struct {
	Stream string `json:"streamArn"`
	Shard  string `json:"shardId"`
	First  string `json:"startSequenceNumber"`
	Last   string `json:"endSequenceNumber"`
}

// A record is Lambda's description of an event that a function failed to process:
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html and
// https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html.
type record struct {
	Context struct {
		Function  string `json:"functionArn"`
		Condition string `json:"condition"`
		Invoked   int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	Payload  json.RawMessage `json:"requestPayload"`
	Response struct {
		Message string `json:"errorMessage"`
	} `json:"responsePayload"`
	Stream *Range `json:"DDBStreamBatchInfo"`
}

// Read parses a message of a failure queue.
func Read(queue string, m Message) Failure {
	f := Failure{ID: m.ID, Queue: queue, SentAt: m.Sent.UTC(), Body: withoutAddresses(m.Body)}
	if target := m.Attributes["TARGET_ARN"]; target != "" {
		f.undelivered(target, m)
		return f
	}
	var r record
	if err := json.Unmarshal([]byte(m.Body), &r); err != nil || r.Context.Function == "" {
		f.Source = "queue " + queue
		return f
	}
	f.Attempts, f.Error = r.Context.Invoked, r.Context.Condition
	f.Restart = Restart{Function: r.Context.Function, Payload: r.Payload, Stream: r.Stream}
	if r.Stream != nil {
		f.Source = "stream of the table"
		return f
	}
	f.Source = "function " + functionName(r.Context.Function)
	if r.Response.Message != "" {
		f.Error = withoutAddresses(r.Response.Message)
	}
	f.Body = withoutAddresses(string(r.Payload))
	return f
}

// undelivered parses an event that Scheduler or EventBridge could not deliver. Its format is documented in
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html and
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html.
func (f *Failure) undelivered(target string, m Message) {
	f.Restart = Restart{Function: target, Payload: []byte(m.Body)}
	f.Error = withoutAddresses(strings.TrimSuffix(m.Attributes["ERROR_CODE"]+": "+m.Attributes["ERROR_MESSAGE"], ": "))
	if retries, err := strconv.Atoi(m.Attributes["RETRY_ATTEMPTS"]); err == nil {
		f.Attempts = retries + 1
	}
	f.Source = "event for " + functionName(target)
	if schedule := m.Attributes["SCHEDULE_ARN"]; schedule != "" {
		f.Source = "schedule " + lastPart(schedule)
	}
	if rule := m.Attributes["RULE_ARN"]; rule != "" {
		f.Source = "rule " + lastPart(rule)
	}
}

func lastPart(arn string) string { return arn[strings.LastIndexAny(arn, "/:")+1:] }

// functionName returns the name in a function's ARN, which may end in an alias.
func functionName(arn string) string {
	if parts := strings.Split(arn, ":"); len(parts) > 6 {
		return parts[6]
	}
	return arn
}

// Age returns how long ago the message was sent, such as "3d4h", "5h1m" or "12s".
func (f Failure) Age(now time.Time) string {
	age := now.Sub(f.SentAt)
	if age < time.Minute {
		return age.Truncate(time.Second).String()
	}
	if days := int(age.Hours()) / 24; days > 0 {
		return fmt.Sprintf("%dd%dh", days, int(age.Hours())%24)
	}
	return strings.TrimSuffix(age.Truncate(time.Minute).String(), "0s")
}
