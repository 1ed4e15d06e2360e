// Package relay reads the table's stream. Every committed entry appears in the stream, so the table is its own
// outbox: an entry is published exactly if it was committed.
//
// The function appends the hashes of ledger entries to the transparency log of their program (package translog) and
// writes each signed checkpoint to its log. The log lines are outside the table, so a checkpoint in them proves later
// whether an entry was changed or removed. The function never skips a record with the keys of an entry that cannot be
// read: such a record is reported for redelivery and finally moves to the failure queue, where an operator can inspect
// it. Entries that belong to no account, such as parked orders, have no hash and are not logged.
//
// The function has no other subscribers, and writes only the partitions of the logs.
package relay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/translog/source"
)

// Entries returns the handler of the table's stream.
func Entries(a *app.App) lambda.Handler { return app.Function(entries{a}.Invoke) }

type entries struct{ *app.App }

// A batch contains the fields that are read from an event. Lambda names the shard because the event source has a
// tumbling window. An event that an operator sends again from the failure queue names no shard.
type batch struct {
	Shard   string   `json:"shardId"`
	Records []record `json:"Records"`
}

// A record contains the fields that are read from a stream record.
type record struct {
	Name   string `json:"eventName"`
	Change struct {
		Sequence string `json:"SequenceNumber"`
		Keys     struct {
			PK text `json:"pk"`
			SK text `json:"sk"`
		} `json:"Keys"`
		NewImage map[string]any `json:"NewImage"`
	} `json:"dynamodb"`
}

// text is a string attribute in DynamoDB's JSON.
type text struct {
	S string `json:"S"`
}

func (r entries) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return r.Run(ctx, "relay", func(ctx context.Context) ([]byte, error) { return r.read(ctx, payload) })
}

func (r entries) read(ctx context.Context, payload []byte) ([]byte, error) {
	var b batch
	if err := json.Unmarshal(payload, &b); err != nil {
		return nil, fmt.Errorf("relay: read the event: %w", err)
	}
	failed := len(b.Records) // the index of the first record that must be delivered again
	fail := func(i int, err error) {
		sequence := b.Records[i].Change.Sequence
		r.Log.ErrorContext(
			ctx, "record will be redelivered", "request_id", app.RequestID(ctx), "sequence", sequence, "err", err,
		)
		telemetry.Count(ctx, telemetry.Errors, 1)
		failed = min(failed, i)
	}
	logs, first := map[string]translog.Batch{}, map[string]int{}
	for i, rec := range b.Records {
		program, entry, ok, err := read(ctx, rec)
		if err != nil {
			fail(i, err)
			break
		}
		if !ok {
			continue
		}
		log, seen := logs[program]
		if !seen {
			first[program] = i
		}
		log.Shard, log.Records = b.Shard, append(log.Records, entry)
		logs[program] = log
	}
	for _, program := range slices.Sorted(maps.Keys(logs)) {
		if err := r.append(ctx, program, logs[program]); err != nil {
			fail(first[program], err)
		}
	}
	// Lambda redelivers a stream from the first failure, whatever other failures are listed.
	answer := events.DynamoDBTimeWindowEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
	if failed < len(b.Records) {
		answer.BatchItemFailures = append(answer.BatchItemFailures,
			events.DynamoDBBatchItemFailure{ItemIdentifier: b.Records[failed].Change.Sequence})
	}
	return json.Marshal(answer)
}

// append appends entries to the log of a program and publishes the checkpoint.
func (r entries) append(ctx context.Context, program string, b translog.Batch) error {
	checkpoint, err := translog.Log{Table: r.Table, Secret: r.CheckpointSecret}.Append(ctx, program, b)
	if err != nil || checkpoint == "" {
		return err
	}
	r.Log.InfoContext(ctx, "checkpoint", "program", program, "entries", len(b.Records), "checkpoint", checkpoint)
	return nil
}

// read reads one record, unless the function's time has ended. A panic is a failure of that record.
func read(ctx context.Context, rec record) (program string, entry translog.Record, ok bool, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("relay: panic: %v\n%s", v, debug.Stack())
		}
	}()
	if err := ctx.Err(); err != nil {
		return "", entry, false, fmt.Errorf("relay: the record was not processed: %w", err)
	}
	key := table.Key{PK: rec.Change.Keys.PK.S, SK: rec.Change.Keys.SK.S}
	if rec.Name != string(events.DynamoDBOperationTypeInsert) {
		return "", entry, false, nil
	}
	if _, ok, err := source.Program(key); err != nil || !ok {
		return "", entry, false, err
	}
	doc, err := rec.document()
	if err != nil {
		return "", entry, false, err
	}
	program, entry, ok, err = source.Record(table.Item{Key: key, Doc: doc})
	entry.Position = rec.Change.Sequence
	return program, entry, ok, err
}

// document returns the document of the new item.
func (r record) document() ([]byte, error) {
	image, ok := r.Change.NewImage["doc"]
	if !ok {
		return nil, errors.New("relay: an entry has no document; the stream must include new images")
	}
	plain, err := plainOf(image)
	if err != nil {
		return nil, err
	}
	return json.Marshal(plain)
}
