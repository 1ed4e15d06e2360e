package failurequeues

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/perennial-loyalty/perennial/internal/failures"
)

// Redrive restarts the failed work that the function want selects. After each message, it calls the function done. If
// the work was not accepted, it passes the error to this function, and the message stays in the queue.
func (q *Queues) Redrive(
	ctx context.Context, want func(failures.Failure) bool, done func(failures.Failure, error),
) error {
	began := time.Now()
	all, err := q.receive(ctx)
	left := all
	defer func() { q.release(ctx, left) }()
	if err != nil {
		return err
	}
	left = nil
	for i, m := range all {
		if !want(m.Failure) {
			left = append(left, m)
			continue
		}
		if time.Since(began) > enough {
			left = append(left, all[i:]...)
			return errors.New(
				"failurequeues: the time limit was reached before all work was started; repeat the command",
			)
		}
		err := q.restart(ctx, m)
		if err != nil {
			left = append(left, m)
		}
		done(m.Failure, err)
	}
	return nil
}

// restart starts the work of one message and deletes the message.
func (q *Queues) restart(ctx context.Context, m received) (err error) {
	switch {
	case m.Restart.Stream != nil:
		err = q.replay(ctx, m.Restart.Function, *m.Restart.Stream)
	case m.Restart.Function != "":
		err = q.invoke(ctx, m.Restart.Function, m.Restart.Payload)
	default:
		err = q.send(ctx, m)
	}
	if err != nil {
		return err
	}
	_, err = q.SQS.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &m.queue.URL, ReceiptHandle: &m.receipt})
	if err != nil {
		return fmt.Errorf("failurequeues: the work was restarted, but its message was not deleted: %w", err)
	}
	return nil
}

// send returns a message to the queue from which it was moved to the failure queue.
func (q *Queues) send(ctx context.Context, m received) error {
	source, err := q.source(ctx, m)
	if err != nil {
		return err
	}
	if source == "" {
		return fmt.Errorf(
			"failurequeues: no queue has the dead-letter queue %s, and the message names no function", m.queue.Name,
		)
	}
	_, err = q.SQS.SendMessage(
		ctx, &sqs.SendMessageInput{QueueUrl: &source, MessageBody: &m.body, MessageAttributes: m.own},
	)
	if err != nil {
		return fmt.Errorf("failurequeues: send to %s: %w", source, err)
	}
	return nil
}

// invoke invokes a function and waits for its response.
func (q *Queues) invoke(ctx context.Context, function string, payload []byte) error {
	out, err := q.Lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: payload})
	if err != nil {
		return fmt.Errorf("failurequeues: invoke %s: %w", function, err)
	}
	if out.FunctionError != nil {
		var failed struct {
			Message string `json:"errorMessage"`
		}
		_ = json.Unmarshal(out.Payload, &failed)
		return fmt.Errorf(
			"failurequeues: the function failed again (%s): %s", aws.ToString(out.FunctionError), failed.Message,
		)
	}
	var answer struct {
		Failures []struct {
			ID string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if json.Unmarshal(out.Payload, &answer) == nil && len(answer.Failures) > 0 {
		return fmt.Errorf("failurequeues: the function failed again, at %s", answer.Failures[0].ID)
	}
	return nil
}

// maxReceives returns the maximum number of deliveries from the redrive policy of a queue. SQS encodes it as a JSON
// string or number.
func maxReceives(policy string) int {
	var p struct {
		Max json.RawMessage `json:"maxReceiveCount"`
	}
	if json.Unmarshal([]byte(policy), &p) != nil {
		return 0
	}
	var n int
	var text string
	if json.Unmarshal(p.Max, &text) == nil {
		_, _ = fmt.Sscan(text, &n)
		return n
	}
	_ = json.Unmarshal(p.Max, &n)
	return n
}
