// Package sqsqueue is the queues of a function that sends: SQS, at the addresses that template.yaml sets.
//
// It promises that a body is sent or the error says that one was not. It is apart from boot because SQS's client
// takes half a millisecond of every cold start, and two functions alone send.
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

// A queue sends to the SQS queues that the function's template names.
type queue struct {
	urls   map[string]string // by the name that functions use
	client *sqs.Client
}

var _ app.Queue = (*queue)(nil)

// With gives a function its queues: boot.Start(sqsqueue.With(jobs.Reassess)).
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
		client: sqs.New(sqs.Options{
			Region:       os.Getenv("AWS_REGION"),
			Credentials:  aws.CredentialsProviderFunc(boot.Credentials),
			HTTPClient:   awshttp.NewBuildableClient(),
			BaseEndpoint: boot.Endpoint("AWS_ENDPOINT_URL_SQS"),
		}),
	}
}

// atOnce is how many messages SQS takes in one call.
const atOnce = 10

// Send sends every body, ten at a time. It stops at the first call in which one was refused.
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
		out, err := q.client.SendMessageBatch(ctx, in)
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
