// Package failurequeues lists the failed work of a deployed stack and restarts it, for the operator's command line.
//
// No work is lost: a message is deleted only after its work was accepted. For a message that returns to a worker's
// queue, this means that SQS has stored it. For the invocation of a function, it means that the function returned
// without an error. If the process exits after the work was accepted but before the message is deleted, the work runs
// twice, which has the same effect as once.
//
// SQS shows a message only by delivering it. Other readers therefore cannot see the messages while a command runs, or
// for five minutes after a command was killed.
package failurequeues

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/perennial-loyalty/perennial/internal/failures"
)

// Output is the name of the stack output that lists the stack's failure queues.
const Output = "FailureQueues"

// hidden is the time for which a received message is hidden from other readers. enough is the time for which Redrive
// starts work. It is shorter than hidden, because the last invocation of a function takes up to a minute.
const (
	hidden = 5 * time.Minute
	enough = 3 * time.Minute
)

// Queues provides access to the failure queues of a stack.
type Queues struct {
	SQS     *sqs.Client
	Lambda  *lambda.Client
	Streams *dynamodbstreams.Client
	URLs    []Queue
}

// A Queue is a failure queue.
type Queue struct{ Name, URL string }

// Open opens the failure queues that the parameter output lists. If it is empty, Open reads the list from the stack's
// output (see Output). It uses the credentials and region of the environment and the AWS configuration files.
func Open(ctx context.Context, stack, output string) (*Queues, error) {
	conf, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("failurequeues: find credentials and region: %w", err)
	}
	if conf.Region == "" {
		return nil, errors.New("failurequeues: no region; set AWS_REGION or a profile")
	}
	q := &Queues{
		SQS: sqs.NewFromConfig(conf), Lambda: lambda.NewFromConfig(conf), Streams: dynamodbstreams.NewFromConfig(conf),
	}
	if output == "" {
		if output, err = readOutput(ctx, cloudformation.NewFromConfig(conf), stack); err != nil {
			return nil, err
		}
	}
	q.URLs, err = parse(output)
	return q, err
}

func readOutput(ctx context.Context, client *cloudformation.Client, stack string) (string, error) {
	out, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if err != nil {
		return "", fmt.Errorf("failurequeues: read the outputs of stack %s: %w", stack, err)
	}
	for _, s := range out.Stacks {
		for _, o := range s.Outputs {
			if aws.ToString(o.OutputKey) == Output {
				return aws.ToString(o.OutputValue), nil
			}
		}
	}
	return "", fmt.Errorf("failurequeues: stack %s has no output %s", stack, Output)
}

// parse parses a list of queues such as "reassess=https://…,remind=https://…".
func parse(output string) (queues []Queue, err error) {
	for part := range strings.SplitSeq(output, ",") {
		name, url, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok || name == "" || url == "" {
			return nil, fmt.Errorf("failurequeues: %q is not of the form name=URL", part)
		}
		queues = append(queues, Queue{name, url})
	}
	return queues, nil
}

// A received message is hidden from other readers until it is deleted or released.
type received struct {
	failures.Failure
	queue   Queue
	source  string // the ARN of the queue from which SQS moved the message; empty if SQS did not move it
	body    string
	receipt string
	own     map[string]types.MessageAttributeValue
}

// List returns the failures of all queues, oldest first.
func (q *Queues) List(ctx context.Context) ([]failures.Failure, error) {
	all, err := q.receive(ctx)
	defer q.release(ctx, all)
	if err != nil {
		return nil, err
	}
	var list []failures.Failure
	for _, m := range all {
		list = append(list, m.Failure)
	}
	return list, nil
}

// receive receives every message of every queue, from all queues in parallel. If it returns an error, it also returns
// the messages received so far.
func (q *Queues) receive(ctx context.Context) (all []received, err error) {
	messages, errs := make([][]received, len(q.URLs)), make([]error, len(q.URLs))
	var readers sync.WaitGroup
	for i, queue := range q.URLs {
		readers.Go(func() { messages[i], errs[i] = q.receiveFrom(ctx, queue) })
	}
	readers.Wait()
	all = slices.Concat(messages...)
	slices.SortStableFunc(all, func(a, b received) int { return a.SentAt.Compare(b.SentAt) })
	return all, errors.Join(errs...)
}

func (q *Queues) receiveFrom(ctx context.Context, queue Queue) (all []received, err error) {
	for {
		out, err := q.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &queue.URL, MaxNumberOfMessages: 10, VisibilityTimeout: int32(hidden / time.Second),
			WaitTimeSeconds:       1,
			MessageAttributeNames: []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{
				types.MessageSystemAttributeNameSentTimestamp, types.MessageSystemAttributeNameDeadLetterQueueSourceArn,
			},
		})
		if err != nil {
			return all, fmt.Errorf("failurequeues: read the queue %s: %w", queue.Name, err)
		}
		if len(out.Messages) == 0 {
			break
		}
		for _, m := range out.Messages {
			all = append(all, read(queue, m))
		}
	}
	return all, q.countAttempts(ctx, all)
}

func read(queue Queue, m types.Message) received {
	in := failures.Message{ID: aws.ToString(m.MessageId), Body: aws.ToString(m.Body), Attributes: map[string]string{}}
	if ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64); err == nil {
		in.Sent = time.UnixMilli(ms)
	}
	for name, value := range m.MessageAttributes {
		in.Attributes[name] = aws.ToString(value.StringValue)
	}
	return received{
		failures.Read(queue.Name, in), queue, m.Attributes["DeadLetterQueueSourceArn"], in.Body,
		aws.ToString(m.ReceiptHandle), m.MessageAttributes,
	}
}

// countAttempts sets the number of attempts of each message that came from a worker's queue.
func (q *Queues) countAttempts(ctx context.Context, all []received) error {
	counts := map[string]int{}
	for i, m := range all {
		if m.Restart.Function != "" {
			continue
		}
		n, known := counts[m.source]
		if !known {
			url, err := q.source(ctx, m)
			if err != nil {
				return err
			}
			if n, err = q.deliveries(ctx, url); err != nil {
				return err
			}
			counts[m.source] = n
		}
		all[i].Attempts = n
	}
	return nil
}

// source returns the URL of the queue from which a message came, or "" if there is none. If SQS moved the message, the
// message contains the ARN of that queue. For other messages, such as those moved by an operator, source asks SQS for
// the queue that uses the queue of the message as its dead-letter queue.
func (q *Queues) source(ctx context.Context, m received) (url string, err error) {
	if m.source != "" {
		named, err := arn.Parse(m.source)
		if err != nil {
			return "", fmt.Errorf("failurequeues: message %s: %w", m.ID, err)
		}
		out, err := q.SQS.GetQueueUrl(
			ctx, &sqs.GetQueueUrlInput{QueueName: &named.Resource, QueueOwnerAWSAccountId: &named.AccountID},
		)
		if err != nil {
			return "", fmt.Errorf("failurequeues: find the queue %s: %w", named.Resource, err)
		}
		return aws.ToString(out.QueueUrl), nil
	}
	out, err := q.SQS.ListDeadLetterSourceQueues(ctx, &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: &m.queue.URL})
	if err != nil {
		return "", fmt.Errorf("failurequeues: find the source of the queue %s: %w", m.queue.Name, err)
	}
	if len(out.QueueUrls) != 1 {
		return "", nil
	}
	return out.QueueUrls[0], nil
}

// deliveries returns how often a queue delivers a message before SQS moves the message to the dead-letter queue.
func (q *Queues) deliveries(ctx context.Context, url string) (int, error) {
	if url == "" {
		return 0, nil
	}
	out, err := q.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameRedrivePolicy},
	})
	if err != nil {
		return 0, fmt.Errorf("failurequeues: read the attributes of %s: %w", url, err)
	}
	return maxReceives(out.Attributes[string(types.QueueAttributeNameRedrivePolicy)]), nil
}

// release makes messages visible to other readers again. A message that cannot be released becomes visible after the
// visibility timeout.
func (q *Queues) release(ctx context.Context, all []received) {
	for _, m := range all {
		_, _ = q.SQS.ChangeMessageVisibility(context.WithoutCancel(ctx), &sqs.ChangeMessageVisibilityInput{
			QueueUrl: &m.queue.URL, ReceiptHandle: &m.receipt, VisibilityTimeout: 0,
		})
	}
}
