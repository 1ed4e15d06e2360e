// Package sqsqueue implements app.Queue with SQS, for the queues that template.yaml configures.
//
// It is separate from boot because the SQS client adds half a millisecond to every cold start, and only two
// functions send messages.
package sqsqueue

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/boot"
)

// A queue sends messages to the SQS queues that the function's environment names.
type queue struct {
	urls map[string]string // the URLs of the queues, by the name that functions use
	// send is the method SendMessageBatch of an SDK client. If this field contained the
	// client itself, the binary would contain all methods of the client.
	send func(
		context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options),
	) (*sqs.SendMessageBatchOutput, error)
}

var _ app.Queue = (*queue)(nil)

// With passes the queues to a function: boot.Start(sqsqueue.With(jobs.Reassess)).
func With(function func(*app.App) lambda.Handler) func(*app.App) lambda.Handler {
	return func(a *app.App) lambda.Handler {
		sending := *a
		sending.Queue = fromEnvironment()
		return function(&sending)
	}
}

func fromEnvironment() *queue {
	return &queue{
		urls: map[string]string{
			"reassess": os.Getenv("PERENNIAL_REASSESS_QUEUE"),
			"remind":   os.Getenv("PERENNIAL_REMIND_QUEUE"),
		},
		send: sqs.New(sqs.Options{
			Region:       os.Getenv("AWS_REGION"),
			Credentials:  aws.CredentialsProviderFunc(boot.Credentials),
			HTTPClient:   awshttp.NewBuildableClient(),
			BaseEndpoint: boot.Endpoint("AWS_ENDPOINT_URL_SQS"),
		}).SendMessageBatch,
	}
}

// atOnce is the number of messages that SQS accepts in one call.
const atOnce = 10

// Send sends the bodies in batches of ten. It stops at the first batch in which a message was refused.
func (q *queue) Send(ctx context.Context, name string, bodies ...string) error {
	url := q.urls[name]
	if url == "" {
		return fmt.Errorf("sqsqueue: the environment names no queue %q", name)
	}
	for some := range slices.Chunk(bodies, atOnce) {
		in := &sqs.SendMessageBatchInput{QueueUrl: &url}
		for i, body := range some {
			in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), MessageBody: &body,
			})
		}
		out, err := q.send(ctx, in)
		if err != nil {
			return fmt.Errorf("sqsqueue: send %d messages to %s: %w", len(some), name, err)
		}
		if len(out.Failed) > 0 {
			first := out.Failed[0]
			return fmt.Errorf("sqsqueue: send to %s: %d of %d messages were refused, the first with %s: %s",
				name, len(out.Failed), len(some), aws.ToString(first.Code), aws.ToString(first.Message))
		}
	}
	return nil
}
