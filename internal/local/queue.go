package local

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/local/gateway"
)

// These constants are settings that every queue in template.yaml has.
const (
	batchSize     = 10
	maxReceives   = 5
	workerTimeout = 60 * time.Second
)

// queues emulates SQS with event source mappings and dead-letter queues. A function receives up to ten messages in a
// batch. Failed messages are delivered again, and move to the dead-letter queue after five deliveries. Messages are
// stored in memory. If the process exits, they are lost, and the next schedule sends them again, because the same
// members are still due.
type queues struct {
	now func() time.Time
	log *slog.Logger

	mu     sync.Mutex
	byName map[string]*queue
	next   int
}

type queue struct {
	name    string
	handler lambda.Handler
	waiting []message
	dead    []message
	work    sync.Mutex // held by the only goroutine that delivers messages
}

type message struct {
	id, body string
	sent     time.Time
	received int
}

var _ app.Queue = (*queues)(nil)

func newQueues(log *slog.Logger) *queues {
	return &queues{now: time.Now, log: log, byName: map[string]*queue{}}
}

// handle sets the function that processes the messages of a queue.
func (q *queues) handle(name string, h lambda.Handler) {
	q.byName[name] = &queue{name: name, handler: h}
}

// Send implements app.Queue. Messages wait until drain delivers them.
func (q *queues) Send(_ context.Context, name string, bodies ...string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	to := q.byName[name]
	if to == nil {
		return fmt.Errorf("local: unknown queue %q", name)
	}
	for _, body := range bodies {
		q.next++
		to.waiting = append(to.waiting, message{id: strconv.Itoa(q.next), body: body, sent: q.now()})
	}
	return nil
}

// dead returns, for each queue, the number of messages that failed in all attempts.
func (q *queues) dead() map[string]int {
	q.mu.Lock()
	defer q.mu.Unlock()
	counts := map[string]int{}
	for name, one := range q.byName {
		counts[name] = len(one.dead)
	}
	return counts
}

// waiting reports whether any queue has a message.
func (q *queues) waiting() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, one := range q.byName {
		if len(one.waiting) > 0 {
			return true
		}
	}
	return false
}

// drain delivers messages until every message was processed or moved to the dead-letter queue.
func (q *queues) drain() {
	for _, one := range q.byName {
		one.work.Lock()
		for batch := q.take(one); len(batch) > 0; batch = q.take(one) {
			q.deliver(one, batch)
		}
		one.work.Unlock()
	}
}

func (q *queues) take(from *queue) []message {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(batchSize, len(from.waiting))
	batch := from.waiting[:n:n]
	from.waiting = from.waiting[n:]
	return batch
}

func (q *queues) deliver(one *queue, batch []message) {
	failed, err := invokeBatch(one, batch)
	if err != nil {
		q.log.Error("function of queue failed", "queue", one.name, "messages", len(batch), "err", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range batch {
		if err == nil && !failed[m.id] {
			continue
		}
		if m.received++; m.received < maxReceives {
			one.waiting = append(one.waiting, m)
			continue
		}
		one.dead = append(one.dead, m)
		q.log.Error("message moved to dead-letter queue", "queue", one.name, "message", m.id, "body", m.body)
	}
}

// invokeBatch passes a batch of messages to the function, like an event source mapping of Lambda. It returns the
// messages that failed.
func invokeBatch(one *queue, batch []message) (failed map[string]bool, err error) {
	var event events.SQSEvent
	for _, m := range batch {
		event.Records = append(event.Records, record(one.name, m))
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("local: encode an event: %w", err)
	}
	raw, err := gateway.Invoke(one.handler, payload, gateway.RequestID(), workerTimeout)
	if err != nil {
		return nil, err
	}
	var answer events.SQSEventResponse
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("local: the function's response: %w", err)
	}
	failed = map[string]bool{}
	for _, f := range answer.BatchItemFailures {
		if f.ItemIdentifier == "" {
			return nil, errors.New("local: the function reported a failure without a message")
		}
		failed[f.ItemIdentifier] = true
	}
	return failed, nil
}

// record converts a message to the format of Lambda (https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html).
func record(queue string, m message) events.SQSMessage {
	sum, sent := md5.Sum([]byte(m.body)), strconv.FormatInt(m.sent.UnixMilli(), 10)
	return events.SQSMessage{
		MessageId: m.id, ReceiptHandle: m.id, Body: m.body, Md5OfBody: hex.EncodeToString(sum[:]),
		EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:local:000000000000:" + queue, AWSRegion: "local",
		Attributes: map[string]string{
			"ApproximateReceiveCount": strconv.Itoa(m.received + 1), "SenderId": "local",
			"SentTimestamp": sent, "ApproximateFirstReceiveTimestamp": sent,
		},
		MessageAttributes: map[string]events.SQSMessageAttribute{},
	}
}
