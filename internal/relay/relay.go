// Package relay follows the table's stream: what is committed appears there, so the table is its own outbox and
// nothing can be announced that did not happen, nor happen unannounced.
//
// In this release nobody can subscribe. The function reads the ledger entries among the records and counts them
// in its log, which shows that the stream flows. It promises to pass over nothing that looks like an entry and
// is none: such a record is reported for redelivery, and ends in the queue of failures for a person to see. It
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

// Entries serves the table's stream.
func Entries(a *app.App) lambda.Handler { return entries{a} }

type entries struct{ *app.App }

// A record is what is read of a stream record. The rest is left as it is.
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
			// A stream is in order: Lambda delivers again from the first failure on, whatever else is listed.
			r.Log.ErrorContext(ctx, "a record will be delivered again", "request_id", app.RequestID(ctx), "sequence", rec.Change.Sequence, "err", err)
			telemetry.Count(ctx, telemetry.Errors, 1)
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: rec.Change.Sequence})
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

// read reads one record, unless the function's time is over. A panic is that record's failure.
func read(ctx context.Context, rec record) (e entry, ok bool, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("relay: panic: %v\n%s", v, debug.Stack())
		}
	}()
	if err := ctx.Err(); err != nil {
		return entry{}, false, fmt.Errorf("relay: the record was not begun: %w", err)
	}
	return entryOf(rec)
}

// An entry is where a ledger entry stands: its program, the kind and id of its cause, and the revision.
type entry struct {
	program, kind, id string
	revision          int
}

// entryOf reads the keys of a record as the ledger makes them, P#<program>#E#<kind>#<id> and a revision of six
// digits. It is false for a record that is no new entry, and an error for one that has the keys of an entry
// without being whole.
func entryOf(rec record) (e entry, ok bool, err error) {
	revision, isRevision := revisionOf(rec.Change.Keys.SK.S)
	if rec.Name != string(events.DynamoDBOperationTypeInsert) || !isRevision {
		return entry{}, false, nil
	}
	parts := strings.SplitN(rec.Change.Keys.PK.S, "#", 5)
	if len(parts) != 5 || parts[0] != "P" || parts[2] != "E" || parts[1] == "" || parts[3] == "" || parts[4] == "" {
		return entry{}, false, fmt.Errorf("relay: %s is no cause", rec.Change.Keys.PK.S)
	}
	if rec.Change.NewImage["doc"] == nil {
		return entry{}, false, errors.New("relay: an entry came without its document; the stream must carry new images")
	}
	return entry{parts[1], parts[3], parts[4], revision}, true, nil
}

func revisionOf(sk string) (int, bool) {
	n, err := strconv.Atoi(sk)
	return n, err == nil && len(sk) == 6 && n > 0
}
