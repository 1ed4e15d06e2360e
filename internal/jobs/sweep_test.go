package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/perennial-loyalty/perennial/internal/program"
)

func TestSweepContinuesAfterTimeLimit(t *testing.T) {
	synctest.Test(t, sweepInRounds)
}

func sweepInRounds(t *testing.T) {
	b, p := newBench(t, 0), &provider{}
	b.now = noon
	const members = 300
	for i := range members {
		b.remember(t, i)
	}
	b.remindAll(t, p)
	b.publishAgain(t, strings.Replace(string(program.Demo()), "by: 30 days", "by: 29 days", 1), 1)
	h := b.remind(p)
	event := fmt.Sprintf(`{"schedule":"remind","time":%q}`, b.now.Format(time.RFC3339))
	if _, err := h.Invoke(t.Context(), []byte(event)); err != nil {
		t.Fatal(err)
	}
	if len(b.sent) == 0 {
		t.Fatal("changed reminders replan no member")
	}
	b.before = func(string) { time.Sleep(2 * time.Second) }
	rounds := 0
	for ; len(b.sent) > 0; rounds++ {
		bodies := b.sent
		if b.sent = nil; rounds > members {
			t.Fatalf("after %d rounds the sweep goes on", rounds)
		}
		for _, body := range bodies {
			payload, err := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{{MessageId: "0", Body: body}}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), reserve+2*time.Second)
			if _, err := h.Invoke(ctx, payload); err != nil {
				t.Fatal(err)
			}
			cancel()
		}
	}
	if rounds < 2 {
		t.Error("no sweep reached its time limit")
	}
	for i := range members {
		if v, err := b.Reminders.Visit(t.Context(), b.program, memberID(i), nil); err != nil ||
			!v.PlannedBy(remindersOf(b.program)) {
			t.Errorf("%d was not visited: %v", i, err)
		}
	}
}
