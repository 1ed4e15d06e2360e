package failurequeues

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/perennial-loyalty/perennial/internal/failures"
)

const remindLive = "arn:aws:lambda:us-east-1:123456789012:function:perennial-RemindFunction-4f5:live"

// newQueues returns queues in moto, which infra/moto starts, with a fake of Lambda and DynamoDB Streams. Without
// moto the test is skipped, unless it is required.
func newQueues(t *testing.T, lambdaAndStreams http.Handler) *Queues {
	t.Helper()
	moto := os.Getenv("PERENNIAL_MOTO")
	if moto == "" && os.Getenv("PERENNIAL_REQUIRE_MOTO") != "" {
		t.Fatal("PERENNIAL_MOTO names no server")
	}
	if moto == "" {
		t.Skip("no moto: run infra/moto run -- go test, or make test-aws")
	}
	resp, err := http.Post(moto+"/moto-api/reset", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	server := httptest.NewServer(lambdaAndStreams)
	t.Cleanup(server.Close)
	key := credentials.NewStaticCredentialsProvider("moto", "moto", "")
	return &Queues{
		SQS:    sqs.New(sqs.Options{Region: "us-east-1", Credentials: key, BaseEndpoint: &moto}),
		Lambda: lambda.New(lambda.Options{Region: "us-east-1", Credentials: key, BaseEndpoint: &server.URL}),
		Streams: dynamodbstreams.New(
			dynamodbstreams.Options{Region: "us-east-1", Credentials: key, BaseEndpoint: &server.URL},
		),
	}
}

// create creates a queue and its failure queue.
func (q *Queues) create(t *testing.T, name string) (work string) {
	t.Helper()
	dead, err := q.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(name + "-failures")})
	if err != nil {
		t.Fatal(err)
	}
	q.URLs = append(q.URLs, Queue{name, *dead.QueueUrl})
	out, err := q.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{
		"VisibilityTimeout": "0",
		"RedrivePolicy": fmt.Sprintf(
			`{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:%s-failures","maxReceiveCount":2}`, name,
		),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return *out.QueueUrl
}

func (q *Queues) put(t *testing.T, url, body string, attributes map[string]string) {
	t.Helper()
	in := &sqs.SendMessageInput{
		QueueUrl: &url, MessageBody: &body, MessageAttributes: map[string]types.MessageAttributeValue{},
	}
	for name, value := range attributes {
		in.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	if _, err := q.SQS.SendMessage(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

// receiveBodies receives all messages of a queue.
func (q *Queues) receiveBodies(t *testing.T, url string) (bodies []string) {
	t.Helper()
	out, err := q.SQS.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range out.Messages {
		bodies = append(bodies, *m.Body)
	}
	return bodies
}

// redrive redrives everything and returns the error of each message that failed, by its source.
func (q *Queues) redrive(t *testing.T) map[string]error {
	t.Helper()
	failed := map[string]error{}
	err := q.Redrive(t.Context(), func(failures.Failure) bool { return true }, func(f failures.Failure, err error) {
		if err != nil {
			failed[f.Source] = err
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return failed
}

func (q *Queues) list(t *testing.T, want int) []failures.Failure {
	t.Helper()
	list, err := q.List(t.Context())
	if err != nil || len(list) != want {
		t.Fatalf("%d failures, want %d: %+v %v", len(list), want, list, err)
	}
	return list
}

func TestMessageReturnsToSourceQueue(t *testing.T) {
	q := newQueues(t, http.NotFoundHandler())
	work := q.create(t, "reassess")
	q.put(t, work, `{"shard":3}`, nil)
	for range 3 { // moto moves a message when it is received once more than maxReceiveCount
		q.receiveBodies(t, work)
	}
	for range 2 { // listing hides no message from the next list
		f := q.list(t, 1)[0]
		if f.Queue != "reassess" || f.Body != `{"shard":3}` || f.Attempts != 2 || f.SentAt.IsZero() {
			t.Errorf("%+v", f)
		}
	}
	if failed := q.redrive(t); len(failed) > 0 {
		t.Fatal(failed)
	}
	q.list(t, 0)
	if bodies := q.receiveBodies(t, work); len(bodies) != 1 || bodies[0] != `{"shard":3}` {
		t.Errorf("the queue holds %v", bodies)
	}
}

func TestMessageWithoutSourceRemains(t *testing.T) {
	q := newQueues(t, http.NotFoundHandler())
	out, err := q.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("schedules")})
	if err != nil {
		t.Fatal(err)
	}
	q.URLs = []Queue{{"schedules", *out.QueueUrl}}
	q.put(t, *out.QueueUrl, "text", nil)
	if failed := q.redrive(t); failed["queue schedules"] == nil {
		t.Error(failed)
	}
	q.list(t, 1)
}

// A function fakes Lambda with one function, and DynamoDB Streams.
type function struct {
	t       *testing.T
	invoked []string // payloads
	failure string   // the error of the function; empty if it succeeds
	trimmed bool     // whether the stream has deleted its records
}

func (f *function) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Error(err)
	}
	if action, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "DynamoDBStreams_20120810."); ok {
		f.stream(w, action, string(body))
		return
	}
	if r.URL.Path != "/2015-03-31/functions/"+remindLive+"/invocations" ||
		r.Header.Get("X-Amz-Invocation-Type") == "Event" {
		f.t.Errorf("%s %s %s", r.Method, r.URL.Path, r.Header)
	}
	f.invoked = append(f.invoked, string(body))
	answer := `{"batchItemFailures":[]}`
	if f.failure != "" {
		answer = f.failure
		if strings.Contains(answer, "errorMessage") {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
		}
	}
	_, _ = io.WriteString(w, answer)
}

// stream has the records 100, 200, 300 and 400 in an open shard, on two pages with an empty page between them.
func (f *function) stream(w http.ResponseWriter, action, body string) {
	record := func(n string) string {
		return `{"eventID":"e` + n +
			`","eventName":"INSERT","awsRegion":"us-east-1","eventSource":"aws:dynamodb",` +
			`"dynamodb":{"SequenceNumber":"` + n +
			`","Keys":{"pk":{"S":"P#a#O#` + n +
			`"},"sk":{"S":"000001"}},"NewImage":{"doc":{"M":{"q":{"N":"1"},"t":{"L":[{"BOOL":true},{"NULL":true}]}}}}}}`
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	switch {
	case f.trimmed:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"TrimmedDataAccessException","message":"too old"}`)
	case action == "GetShardIterator":
		if !strings.Contains(body, `"AT_SEQUENCE_NUMBER"`) || !strings.Contains(body, `"100"`) {
			f.t.Error(body)
		}
		_, _ = io.WriteString(w, `{"ShardIterator":"first"}`)
	case strings.Contains(body, "first"):
		_, _ = io.WriteString(w, `{"Records":[`+record("100")+`,`+record("200")+`],"NextShardIterator":"empty"}`)
	case strings.Contains(body, "empty"):
		_, _ = io.WriteString(w, `{"Records":[],"NextShardIterator":"last"}`)
	default:
		_, _ = io.WriteString(w, `{"Records":[`+record("300")+`,`+record("400")+`],"NextShardIterator":"open"}`)
	}
}

func TestFailedEventIsSentToFunctionAgain(t *testing.T) {
	f := &function{t: t}
	q := newQueues(t, f)
	q.create(t, "invocations")
	event := `{"schedule":"remind","time":"2026-12-01T09:35:00Z"}`
	q.put(t, q.URLs[0].URL, event, map[string]string{"TARGET_ARN": remindLive, "ERROR_CODE": "throttled"})
	for _, failure := range []string{
		`{"errorType":"x","errorMessage":"still broken"}`, `{"batchItemFailures":[{"itemIdentifier":"7"}]}`,
	} {
		f.failure = failure
		if err := q.redrive(t)["event for perennial-RemindFunction-4f5"]; err == nil ||
			!strings.Contains(err.Error(), "failed again") {
			t.Errorf("%v", err)
		}
		q.list(t, 1)
	}
	f.failure = ""
	if failed := q.redrive(t); len(failed) > 0 {
		t.Fatal(failed)
	}
	q.list(t, 0)
	if len(f.invoked) != 3 || f.invoked[2] != event {
		t.Errorf("the function got %v", f.invoked)
	}
}

func TestStreamRangeIsDeliveredAgain(t *testing.T) {
	f := &function{t: t}
	q := newQueues(t, f)
	q.create(t, "relay")
	q.put(t,
		q.URLs[0].URL, `{"requestContext":{"functionArn":"`+remindLive+
			`","condition":"RetryAttemptsExhausted","approximateInvokeCount":11},`+
			`"DDBStreamBatchInfo":{"shardId":"shardId-1","startSequenceNumber":"100","endSequenceNumber":"300",`+
			`"streamArn":"arn:s"}}`, nil)
	f.trimmed = true
	if err := q.redrive(t)["stream of the table"]; !errors.Is(err, errTrimmed) {
		t.Error(err)
	}
	f.trimmed = false
	if failed := q.redrive(t); len(failed) > 0 || len(f.invoked) != 1 {
		t.Fatal(failed, f.invoked)
	}
	q.list(t, 0)
	var event struct {
		Records []struct {
			Name   string `json:"eventName"`
			Stream string `json:"eventSourceARN"`
			Change struct {
				Sequence       string `json:"SequenceNumber"`
				Keys, NewImage map[string]any
			} `json:"dynamodb"`
		}
	}
	if err := json.Unmarshal([]byte(f.invoked[0]), &event); err != nil || len(event.Records) != 3 {
		t.Fatalf("%v %s", err, f.invoked[0])
	}
	r := event.Records[2]
	got := fmt.Sprintln(r.Name, r.Stream, r.Change.Sequence, r.Change.Keys["pk"], r.Change.NewImage["doc"])
	if want := "INSERT arn:s 300 map[S:P#a#O#300] map[M:map[q:map[N:1] t:map[L:[map[BOOL:true] " +
		"map[NULL:true]]]]]\n"; got != want {
		t.Errorf("the record is %s", got)
	}
}

func TestStackOutputIsParsed(t *testing.T) {
	queues, err := parse("reassess=https://sqs.example/1/a=b, relay=https://sqs.example/1/c")
	if err != nil || len(queues) != 2 || queues[0] != (Queue{"reassess", "https://sqs.example/1/a=b"}) ||
		queues[1].Name != "relay" {
		t.Errorf("%v %v", queues, err)
	}
	for _, bad := range []string{"", "reassess", "=https://sqs.example", "reassess="} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
