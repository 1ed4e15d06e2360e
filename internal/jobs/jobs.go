// Package jobs contains the functions that schedules and their queues start. They settle accounts, which means that
// they write the changes that are due. They also send due reminders and gift messages (the messages with gift cards).
//
// Each function handles two kinds of events. The event of a schedule contains its scheduled instant. For this event,
// the function sends one queue message for each shard of each published program that has due members. The event of a
// queue delivers these messages, and the function processes their shards. The work is therefore spread over as many
// workers as the queue allows, a failed shard is retried alone, and only due members are processed. The function Remind
// handles a third kind: email feedback through EventBridge.
//
// No effect occurs twice if messages are delivered twice, late or out of order: a message contains its instant, and a
// processed member is no longer due. A member whose account cannot be settled does not affect other members. The
// package deliberately contains no rules about points, and no other function depends on it. Every command settles its
// account first, so a schedule that does not run delays statements but does not make them wrong.
//
// A message is claimed before it is sent. If the function crashes between the claim and the record that the message was
// sent, at most one marketing message is lost, or at most one transactional message is sent twice. A gift message is
// sent at most three times, with the same ID. After that, the redemption shows that it failed.
//
// The cost of a run depends on the number of due members, not on the number of members: for a million members with
// 10,000 due, a run reads 10,017 items and writes 20,000. A member with changes costs 7 write units: 2 for the account
// and 2 for the entry in one transaction, 1 for the entry in the statement's index, and 2 for moving the account in the
// due index (6 in total if the account leaves that index). A member without changes costs no write. One core settles
// about 10,000 members per second with Pebble in memory.
//
// The command "perennial estimate night" simulates the night of a 31 December on which 100 million members are due.
// With these costs, 12 ms per transaction, and the current 16 shards and workers, the run takes 3 h 32 min at 7,900
// members per second. The limiting factor is the 1,000 write units per second of one index key in DynamoDB, because
// each shard is one key. The run takes 3,648 invocations and 700 million write units, and costs about 450 dollars. The
// table must be warmed up to 32,000 write units per second, and its index to 24,000. With 64 shards and workers, the
// run would take 2 h 50 min, limited by the default quota of 40,000 write units of a table. Programs with fewer than
// about ten million members need no preparation.
package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// An event is the event of a schedule, in the format that template.yaml defines, or the event of a queue.
type event struct {
	Schedule string              `json:"schedule"`
	Time     time.Time           `json:"time"` // the scheduled instant, even if the event is late
	Records  []events.SQSMessage `json:"Records"`
}

func readEvent(payload []byte, schedule string) (event, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return e, fmt.Errorf("jobs: %s: read the event: %w", schedule, err)
	}
	if e.Records == nil && (e.Schedule != schedule || e.Time.IsZero()) {
		return e, fmt.Errorf("jobs: %s: neither its schedule's event nor a queue's", schedule)
	}
	return e, nil
}

// countLateness reports the delay of a schedule's event. It reports zero too, because an alarm treats missing data as a
// schedule that does not run.
func countLateness(ctx context.Context, e event, now time.Time) {
	telemetry.Count(ctx, telemetry.ScheduleLateSeconds, int64(max(0, now.Sub(e.Time)).Seconds()))
}

// each processes the messages of a queue's event one after the other. It returns the messages that the queue must
// redeliver: those that failed, and those that were not started before the deadline. The returned list is never null in
// JSON, which Lambda would treat as success and other runtimes cannot parse.
func each(
	ctx context.Context, log *slog.Logger, messages []events.SQSMessage, work func(context.Context, string) error,
) ([]byte, error) {
	answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, m := range messages {
		if err := process(ctx, m.Body, work); err != nil {
			log.ErrorContext(ctx, "message will be redelivered", "request_id", app.RequestID(ctx), "message",
				m.MessageId,
				"err", err)
			telemetry.Count(ctx, telemetry.Errors, 1)
			app.CountViolation(ctx, err)
			answer.BatchItemFailures = append(
				answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId},
			)
		}
	}
	return json.Marshal(answer)
}

// process processes one message. A panic counts as a failure of this message only.
func process(ctx context.Context, body string, work func(context.Context, string) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("jobs: panic: %v\n%s", v, debug.Stack())
		}
	}()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("jobs: the message was not processed: %w", err)
	}
	return work(ctx, body)
}

// reserve is the last part of a function's time. In this part, the function starts no new work, but has enough time to
// finish the current work and to send the messages that continue it.
const reserve = 5 * time.Second

// outOfTime reports whether too little time remains for a function to start more work.
func outOfTime(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && time.Until(deadline) < reserve
}

// concurrency is the number of members of one shard that are processed at the same time. A member takes a few
// milliseconds, and most of this time is spent waiting for the table.
const concurrency = 8

// workerPool starts workers that process values concurrently. Each value that is sent to tasks goes to one worker. The
// function wait closes tasks and waits for the workers.
func workerPool[T any](work func(T)) (tasks chan<- T, wait func()) {
	queue := make(chan T)
	var workers sync.WaitGroup
	for range concurrency {
		workers.Go(func() {
			for x := range queue {
				work(x)
			}
		})
	}
	return queue, func() {
		close(queue)
		workers.Wait()
	}
}
