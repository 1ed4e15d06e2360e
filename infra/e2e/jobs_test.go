package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// lines returns the lines that a function logged with a message.
func (w *world) lines(logGroup, message string) (found []answer) {
	w.Helper()
	request, err := json.Marshal(map[string]any{"logGroupName": w.resource(logGroup), "limit": 10_000})
	if err != nil {
		w.Fatal(err)
	}
	raw := w.signed("logs", "POST", "/", http.Header{
		"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"Logs_20140328.FilterLogEvents"},
	}, string(request))
	var out struct {
		Events []struct{ Message string }
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		w.Fatal(err)
	}
	for _, e := range out.Events {
		for text := range strings.Lines(e.Message) {
			var line answer
			if json.Unmarshal([]byte(text), &line) == nil && line["msg"] == message {
				found = append(found, line)
			}
		}
	}
	return found
}

func relayed(w *world) {
	before := w.relayedEntries()
	w.putOrder("4001", w.enroll("lea", 0), "paid", time.Now(), "")
	w.eventually(
		"the relay logs the entries of an enrollment and an order",
		func() bool { return w.relayedEntries() >= before+1 },
	)
}

func (w *world) relayedEntries() (n int) {
	for _, line := range w.lines("RelayLogs", "checkpoint") {
		if line["program"] == program {
			n += int(line["entries"].(float64))
		}
	}
	return n
}

// start runs the function of a schedule once, within a few seconds, with a copy of the schedule that has the same
// target. The stack's schedules run every hour. Unlike AWS, the emulator does not replace the placeholder in the
// input.
func (w *world) start(schedule string) {
	w.Helper()
	at := time.Now().UTC().Add(time.Second).Truncate(time.Second)
	var s map[string]any
	if err := json.Unmarshal(
		w.signed("scheduler", "GET", "/schedules/"+w.resource(schedule), nil, ""), &s,
	); err != nil {
		w.Fatal(err)
	}
	target, _ := s["Target"].(map[string]any)
	input, _ := target["Input"].(string)
	target["Input"] = strings.ReplaceAll(input, "<aws.scheduler.scheduled-time>", at.Format(time.RFC3339))
	if input == target["Input"] {
		w.Fatalf("the input has no scheduled time: %s", input)
	}
	once, err := json.Marshal(map[string]any{
		"ScheduleExpression": "at(" + at.Format("2006-01-02T15:04:05") + ")", "ActionAfterCompletion": "DELETE",
		"FlexibleTimeWindow": map[string]string{"Mode": "OFF"}, "Target": target,
	})
	if err != nil {
		w.Fatal(err)
	}
	w.signed(
		"scheduler", "POST", fmt.Sprintf("/schedules/once-%d", at.UnixNano()),
		http.Header{"Content-Type": {"application/json"}}, string(once),
	)
}

func scheduled(w *world) {
	moe := w.enroll("moe", 0)
	due := time.Now().Add(5 * time.Second).Truncate(time.Second)
	w.putOrder("4002", moe, "paid", due.AddDate(0, 0, -1), "")
	w.eventually("the points of an order are due", func() bool { return time.Now().After(due) })
	w.start("ReassessFunctionHourly")
	w.eventually("the schedule's function sends the due shard to the queue", func() bool {
		return len(w.lines("ReassessLogs", "shards due")) > 0
	})
	w.eventually("a worker settles the member", func() bool {
		for _, line := range w.lines("ReassessLogs", "shard processed") {
			if line["program"] == program && line["members"].(float64) > 0 && line["entries"].(float64) > 0 {
				return true
			}
		}
		return false
	})
	w.balance(moe, 49)
}

// partialFailure sends a batch of two messages, of which one fails because its program is not published. Only that
// message may be redelivered, and finally moves to the dead-letter queue.
func partialFailure(w *world) {
	queues := sqs.NewFromConfig(w.config)
	queue := w.resource("ReassessQueue")
	// The template's timeout is six minutes, so five deliveries would take half an hour.
	if _, err := queues.SetQueueAttributes(w.Context(), &sqs.SetQueueAttributesInput{
		QueueUrl: &queue, Attributes: map[string]string{"VisibilityTimeout": "1"},
	}); err != nil {
		w.Fatal(err)
	}
	due := time.Now().UTC().Format(time.RFC3339Nano)
	good := fmt.Sprintf(`{"program": %q, "shard": 3, "due": %q}`, program, due)
	bad := fmt.Sprintf(`{"program": %q, "shard": 3, "due": %q}`, laterProgram, due)
	w.deliver(false)
	messages := []types.SendMessageBatchRequestEntry{
		{Id: aws.String("good"), MessageBody: &good}, {Id: aws.String("bad"), MessageBody: &bad},
	}
	sent, err := queues.SendMessageBatch(w.Context(), &sqs.SendMessageBatchInput{QueueUrl: &queue, Entries: messages})
	if err != nil || len(sent.Successful) != 2 {
		w.Fatal(sent, err)
	}
	w.deliver(true)
	w.eventually(
		"the failed message moves to the dead-letter queue",
		func() bool { return w.messages("ReassessDeadLetters") == 1 },
	)
	worked, again := 0, map[any]int{}
	for _, line := range w.lines("ReassessLogs", "shard processed") {
		if line["due"] == due {
			worked++
		}
	}
	for _, line := range w.lines("ReassessLogs", "message will be redelivered") {
		again[line["message"]]++
	}
	if worked != 1 || len(again) != 1 || again[*sent.Successful[1].MessageId] != 5 {
		w.Errorf(
			"the valid message was processed %d times; redelivered: %v, want only %v", worked, again,
			*sent.Successful[1].MessageId,
		)
	}
}

// deliver enables or disables delivery of the queue. Messages that are sent while it is disabled form one batch.
func (w *world) deliver(on bool) {
	w.Helper()
	w.signed("lambda", "PUT", "/2015-03-31/event-source-mappings/"+w.resource("ReassessFunctionWork"),
		http.Header{"Content-Type": {"application/json"}}, fmt.Sprintf(`{"Enabled": %t}`, on))
}

// messages returns the number of messages in the queue, including those in progress.
func (w *world) messages(queue string) (n int) {
	w.Helper()
	names := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
	}
	out, err := sqs.NewFromConfig(w.config).GetQueueAttributes(w.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: aws.String(w.resource(queue)), AttributeNames: names,
	})
	if err != nil {
		w.Fatal(err)
	}
	for _, name := range names {
		count, err := strconv.Atoi(out.Attributes[string(name)])
		if err != nil {
			w.Fatal(err)
		}
		n += count
	}
	return n
}
