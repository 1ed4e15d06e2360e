package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/perennial-loyalty/perennial/internal/jobs"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

// queues holds the messages that functions have sent to the queues of schedules.
type queues struct {
	mu     sync.Mutex
	bodies map[string][]string
}

// Send implements app.Queue.
func (q *queues) Send(_ context.Context, queue string, bodies ...string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bodies[queue] = append(q.bodies[queue], bodies...)
	return nil
}

// nights moves the clock by a number of days. At the end of each day it runs the schedules that settle the accounts and
// send reminders. It records the messages.
func (w *world) nights(n int) {
	w.t.Helper()
	if w.failing != nil {
		w.failing.arm(0)
		w.drawn.begin(0)
	}
	run := map[string]access.Invoker{
		jobs.ReassessQueue: access.Handler("reassess", jobs.Reassess(w.app)),
		jobs.RemindQueue:   access.Handler("remind", jobs.Remind(w.office)(w.app)),
	}
	for range n {
		w.advance(24 * time.Hour)
		for _, name := range slices.Sorted(maps.Keys(run)) {
			w.schedule(name, run[name])
		}
		w.recordMessages()
	}
}

// schedule runs a schedule and processes the messages of its queue.
func (w *world) schedule(name string, function access.Invoker) {
	w.t.Helper()
	invoke := func(event any) []byte {
		payload, err := json.Marshal(event)
		if err != nil {
			w.t.Fatal(err)
		}
		out, err := function.Invoke(context.Background(), payload)
		if err != nil {
			w.t.Fatal(err)
		}
		return out
	}
	invoke(map[string]any{"schedule": name, "time": w.clock()})
	for len(w.queued.bodies[name]) > 0 {
		var e events.SQSEvent
		for i, body := range w.queued.bodies[name] {
			e.Records = append(e.Records, events.SQSMessage{MessageId: fmt.Sprint(i), Body: body})
		}
		w.queued.bodies[name] = nil
		if out := invoke(e); string(out) != `{"batchItemFailures":[]}` {
			w.t.Fatalf("%s: %s\n%s", name, out, w.log.String())
		}
	}
}

// recordMessages writes the messages since the last call to the transcript.
func (w *world) recordMessages() {
	var lines []string
	all := w.outbox.Messages()
	for _, m := range all[w.recorded:] {
		lines = append(
			lines,
			fmt.Sprintf(
				"message %s %s %s to %s: %s\n", w.clock().Format(time.DateOnly), m.ID, m.Channel, m.To, m.Subject,
			),
		)
	}
	w.recorded = len(all)
	slices.Sort(lines)
	if w.transcript != nil {
		fmt.Fprint(w.transcript, strings.Join(lines, ""))
	}
}
