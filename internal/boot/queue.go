package boot

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/perennial-loyalty/perennial/internal/app"
)

// A queue sends to the SQS queues that the function's template names.
type queue struct {
	urls   map[string]string // by the name that functions use
	client *sqs.Client
}

var _ app.Queue = (*queue)(nil)

// atOnce is how many messages SQS takes in one call.
const atOnce = 10

// Send sends every body, ten at a time. It stops at the first call in which one was refused.
func (q *queue) Send(ctx context.Context, name string, bodies ...string) error {
	url := q.urls[name]
	if url == "" {
		return fmt.Errorf("boot: the environment names no queue %q", name)
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
			return fmt.Errorf("boot: send %d messages to %s: %w", len(some), name, err)
		}
		if len(out.Failed) > 0 {
			first := out.Failed[0]
			return fmt.Errorf("boot: send to %s: %d of %d messages were refused, the first with %s: %s",
				name, len(out.Failed), len(some), aws.ToString(first.Code), aws.ToString(first.Message))
		}
	}
	return nil
}
