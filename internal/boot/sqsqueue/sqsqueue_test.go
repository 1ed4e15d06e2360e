package sqsqueue

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/perennial-loyalty/perennial/internal/app"
)

// sqsAround fakes SQS. It accepts every body except those that ask to be refused.
type sqsAround struct{ sent []string }

func (s *sqsAround) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Entries []struct{ Id, MessageBody string }
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	var out struct {
		Successful []map[string]string
		Failed     []map[string]any
	}
	for _, e := range in.Entries {
		if strings.HasPrefix(e.MessageBody, "refuse") {
			out.Failed = append(
				out.Failed,
				map[string]any{"Id": e.Id, "Code": "InternalError", "Message": "later", "SenderFault": false},
			)
			continue
		}
		s.sent = append(s.sent, e.MessageBody)
		out.Successful = append(out.Successful, map[string]string{"Id": e.Id, "MessageId": e.Id})
	}
	_ = json.NewEncoder(w).Encode(out)
}

// nothing is a function that does nothing.
type nothing struct{}

func (nothing) Invoke(context.Context, []byte) ([]byte, error) { return nil, nil }

func TestSendBatchesMessagesAndReportsRefusal(t *testing.T) {
	around := &sqsAround{}
	server := httptest.NewServer(around)
	defer server.Close()
	for name, value := range map[string]string{
		"PERENNIAL_REASSESS_QUEUE": server.URL + "/queue/reassess", "AWS_ENDPOINT_URL_SQS": server.URL,
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
	} {
		t.Setenv(name, value)
	}
	shared := &app.App{}
	var queue app.Queue
	With(func(a *app.App) lambda.Handler {
		queue = a.Queue
		return nothing{}
	})(shared)
	if queue == nil || shared.Queue != nil {
		t.Fatal("only the function may have the queue")
	}
	var bodies []string
	for i := range 25 {
		bodies = append(bodies, fmt.Sprint("body ", i))
	}
	if err := queue.Send(t.Context(), "reassess", bodies...); err != nil {
		t.Fatal(err)
	}
	if len(around.sent) != 25 || around.sent[24] != "body 24" {
		t.Errorf("sent %q", around.sent)
	}
	if err := queue.Send(t.Context(), "reassess", "good", "refuse this"); err == nil ||
		!strings.Contains(err.Error(), "1 of 2") {
		t.Errorf("after a refused message, the error is %v", err)
	}
	if err := queue.Send(t.Context(), "elsewhere", "x"); err == nil {
		t.Error("a queue that is not in the environment accepted a message")
	}
}

func TestQueuesUseEndpointOfEnvironment(t *testing.T) {
	for _, c := range []struct{ all, own, want string }{
		{"http://127.0.0.1:4566", "", "http://127.0.0.1:4566"},
		{"http://127.0.0.1:4566", "http://127.0.0.1:9000", "http://127.0.0.1:9000"},
	} {
		t.Setenv("AWS_ENDPOINT_URL", c.all)
		t.Setenv("AWS_ENDPOINT_URL_SQS", c.own)
		var got string
		_, err := fromEnvironment().send(t.Context(), &sqs.SendMessageBatchInput{}, func(o *sqs.Options) {
			got = aws.ToString(o.BaseEndpoint)
		})
		if got != c.want || err == nil { // the client refuses to send no messages
			t.Errorf("%+v: SQS is at %q", c, got)
		}
	}
}
