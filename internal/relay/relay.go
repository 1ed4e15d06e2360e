// Package relay reads the table's stream. Every committed entry appears in the stream, so the table is its own
// outbox: an entry is published exactly if it was committed.
//
// In this release there are no subscribers. The function counts the ledger entries in its log, which shows that the
// stream works. It never skips a record with the keys of an entry that cannot be read: such a record is reported
// for redelivery and finally moves to the failure queue, where an operator can inspect it. The function
// deliberately writes nothing.
package relay

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// Entries returns the handler of the table's stream.
func Entries(a *app.App) lambda.Handler { return app.Function(entries{a}.Invoke) }

type entries struct{ *app.App }

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
	var batch struct {
		Records []record `json:"Records"`
	}
	if err := json.Unmarshal(payload, &batch); err != nil {
		return nil, fmt.Errorf("relay: read the event: %w", err)
	}
	answer := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
	counts := map[string]int{}
	for _, rec := range batch.Records {
		e, ok, err := read(ctx, rec)
		if err != nil {
			// Lambda redelivers a stream from the first failure, whatever other failures are listed.
			r.Log.ErrorContext(
				ctx, "record will be redelivered", "request_id", app.RequestID(ctx), "sequence", rec.Change.Sequence,
				"err", err,
			)
			telemetry.Count(ctx, telemetry.Errors, 1)
			answer.BatchItemFailures = append(
				answer.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: rec.Change.Sequence},
			)
			break
		}
		if ok {
			counts[e.program]++
		}
	}
	for program, n := range counts {
		r.Log.InfoContext(ctx, "entries were committed", "program", program, "entries", n)
	}
	return json.Marshal(answer)
}

// read reads one record, unless the function's time has ended. A panic is a failure of that record.
func read(ctx context.Context, rec record) (e entry, ok bool, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("relay: panic: %v\n%s", v, debug.Stack())
		}
	}()
	if err := ctx.Err(); err != nil {
		return entry{}, false, fmt.Errorf("relay: the record was not processed: %w", err)
	}
	return entryOf(rec)
}

// An entry identifies a ledger entry: its program, the kind and ID of its cause, and the revision.
type entry struct {
	program, kind, id string
	revision          int
}

// entryOf parses the keys of a record, P#<program>#E#<kind>#<id> and a revision of six digits. It reports false for a
// record that is not a new entry. A record with the keys of an entry but without its document is an error.
func entryOf(rec record) (e entry, ok bool, err error) {
	revision, isRevision := revisionOf(rec.Change.Keys.SK.S)
	if rec.Name != string(events.DynamoDBOperationTypeInsert) || !isRevision {
		return entry{}, false, nil
	}
	parts := strings.SplitN(rec.Change.Keys.PK.S, "#", 5)
	if len(parts) != 5 || parts[0] != "P" || parts[2] != "E" || parts[1] == "" || parts[3] == "" || parts[4] == "" {
		return entry{}, false, fmt.Errorf("relay: %s is not the key of a cause", rec.Change.Keys.PK.S)
	}
	if rec.Change.NewImage["doc"] == nil {
		return entry{}, false, errors.New("relay: an entry has no document; the stream must include new images")
	}
	return entry{parts[1], parts[3], parts[4], revision}, true, nil
}

func revisionOf(sk string) (int, bool) {
	n, err := strconv.Atoi(sk)
	return n, err == nil && len(sk) == 6 && n > 0
}
