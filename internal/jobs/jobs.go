// Package jobs is the functions behind schedules and their queues: bring due accounts up to date, and send what
// is due: reminders, and the letters that take gift cards to friends.
//
// Each function takes two kinds of events. The schedule's event names the instant that it was meant for; the
// function answers it by sending one message for each shard of each published program that has something due. A queue's
// event brings such messages back, and the function works through their shards. So the work spreads over as
// many workers as the queue allows, a shard that fails is repeated by itself, and only what is due is touched.
// Remind takes a third kind: through EventBridge it hears what became of e-mail.
//
// It promises that nothing is done twice whatever is delivered twice, late or out of order: a message carries
// its own instant, and what was done is no longer due. One member who cannot be brought up to date never keeps
// the others from it. It deliberately decides nothing about points, and nothing depends on it: every command
// brings its own account up to date first, so a schedule that never fires makes a statement late, not wrong.
//
// What a run costs goes by who is due, not by who there is: of a million members with 10,000 due it reads 10,017 items
// and writes 20,000. A member for whom something changes costs 7 write units: 2 for the account and 2 for the entry in
// one transaction, 1 that lists the entry in the statement, 2 that move the account in the queue of what is due (6 where
// it leaves that queue); one for whom nothing does costs no write. One core brings some 10,000 members a second up to
// date over Pebble in memory.
//
// For 100 million members who fall due on one 31 December, the simulation over these units (perennial plan) says, with
// 12 ms to a transaction and the 16 shards and workers that there are: 3 h 32 min at 7,900 members a second, bound by
// the 1,000 write units a second that DynamoDB gives one key of an index, of which each shard is one; 3,648 invocations;
// 700 million write units, and about 450 dollars. The table must be warm for 32,000 write units a second, its index for
// 24,000. With 64 shards and workers it would be 2 h 50 min, bound by the 40,000 write units that a table has without
// asking for more. Whoever has fewer than about ten million need not think about it.
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

// An event is either a schedule's, as template.yaml writes it, or a queue's.
type event struct {
	Schedule string              `json:"schedule"`
	Time     time.Time           `json:"time"` // the instant that the schedule was meant for, however late it comes
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

// countLateness reports how long after its time a schedule's event is handled, also when it is in time: an alarm takes
// missing data for a schedule that does not run.
func countLateness(ctx context.Context, e event, now time.Time) {
	telemetry.Count(ctx, telemetry.ScheduleLateSeconds, int64(max(0, now.Sub(e.Time)).Seconds()))
}

// each processes the messages of a queue's event one by one and answers which of them the queue is to deliver again:
// those that failed, and those that it did not begin because its time was over. The list is never null: Lambda would
// take that for success, and other runtimes cannot read it.
func each(ctx context.Context, log *slog.Logger, messages []events.SQSMessage, work func(context.Context, string) error) ([]byte, error) {
	answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, m := range messages {
		if err := process(ctx, m.Body, work); err != nil {
			log.ErrorContext(ctx, "a message will be delivered again", "request_id", app.RequestID(ctx), "message", m.MessageId, "err", err)
			telemetry.Count(ctx, telemetry.Errors, 1)
			app.CountViolation(ctx, err)
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	return json.Marshal(answer)
}

// process processes one message. A panic is that message's failure alone.
func process(ctx context.Context, body string, work func(context.Context, string) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("jobs: panic: %v\n%s", v, debug.Stack())
		}
	}()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("jobs: the message was not begun: %w", err)
	}
	return work(ctx, body)
}

// reserve is what is left of a function's time when it begins no more work: enough to end what is under way and to
// send the messages that continue it.
const reserve = 5 * time.Second

// outOfTime reports whether a function is to begin no more work.
func outOfTime(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && time.Until(deadline) < reserve
}

// abreast is how many members of one shard are worked on at once. A member takes a few milliseconds, all of them spent
// waiting for the table.
const abreast = 8

// crew works on members abreast: each that is sent to hand goes to one worker. wait says that there are no more, and
// waits until all are done.
func crew[T any](work func(T)) (hand chan<- T, wait func()) {
	queue := make(chan T)
	var workers sync.WaitGroup
	for range abreast {
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
