// Package relay reads the table's stream. Every committed entry appears in the stream, so the table is its own
// outbox: an entry is published exactly if it was committed.
//
// The function appends the actions of API keys and operators to the audit list of their program (package audit). It
// appends the hashes of ledger entries and audit records to the transparency log (package translog) and writes each
// signed checkpoint to its log. The log lines are outside the table, so a checkpoint in them proves later
// whether an entry was changed or removed. The function does not skip an entry that it cannot
// read. It reports the record for redelivery. After several attempts, the record moves to the failure queue, where an
// operator can inspect it. Entries that belong to no account, such as parked orders, have no hash and are not logged.
//
// The function also refreshes the lists of members by level and by latest change (package listing).
//
// The function has no other subscribers, and writes only the partitions of the logs, the audit lists and the lists of
// members.
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
	"github.com/perennial-loyalty/perennial/internal/listing"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamojson"
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
	changes, first := map[string][]source.Change{}, map[string]int{}
	for i, rec := range b.Records {
		c, ok, err := read(ctx, rec)
		if err != nil {
			fail(i, err)
			break
		}
		if !ok {
			continue
		}
		if _, seen := first[c.Program]; !seen {
			first[c.Program] = i
		}
		changes[c.Program] = append(changes[c.Program], c)
	}
	for _, program := range slices.Sorted(maps.Keys(changes)) {
		if err := r.append(ctx, program, b.Shard, changes[program]); err != nil {
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

// append appends changes to the audit list and the log of a program, publishes the checkpoint, and refreshes the list
// items of members.
func (r entries) append(ctx context.Context, program, shard string, changes []source.Change) error {
	log := translog.Log{Table: r.Table, Secret: r.CheckpointSecret}
	checkpoint, err := source.Append(ctx, log, program, shard, changes)
	if err == nil && checkpoint != "" {
		r.Log.InfoContext(ctx, "checkpoint", "program", program, "entries", len(changes), "checkpoint", checkpoint)
	}
	lists := listing.List{Table: r.Table, Now: r.Now}
	return errors.Join(err, lists.RefreshEach(ctx, program, source.Members(changes)))
}

// read reads one record, unless the function's time has ended. A panic is a failure of that record.
func read(ctx context.Context, rec record) (c source.Change, ok bool, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("relay: panic: %v\n%s", v, debug.Stack())
		}
	}()
	if err := ctx.Err(); err != nil {
		return c, false, fmt.Errorf("relay: the record was not processed: %w", err)
	}
	key := table.Key{PK: rec.Change.Keys.PK.S, SK: rec.Change.Keys.SK.S}
	isNew := rec.Name == string(events.DynamoDBOperationTypeInsert)
	if _, _, ok := listing.Changed(key); ok {
		return source.ChangeOf(table.Item{Key: key})
	}
	if rec.Name == string(events.DynamoDBOperationTypeRemove) || !source.IsChange(key, isNew) {
		return c, false, nil
	}
	if _, _, err := source.Program(key); err != nil {
		return c, false, err
	}
	doc, err := rec.document()
	if err != nil {
		return c, false, err
	}
	c, ok, err = source.ChangeOf(table.Item{Key: key, Doc: doc})
	c.Entry.Position = rec.Change.Sequence
	return c, ok, err
}

// document returns the document of the new item.
func (r record) document() ([]byte, error) {
	doc, err := dynamojson.Document(r.Change.NewImage)
	if err != nil {
		return nil, fmt.Errorf("relay: read an entry; the stream must include new images: %w", err)
	}
	return doc, nil
}
