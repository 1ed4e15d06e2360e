// Package dynamodbapi serves a table.Table over the protocol of Amazon DynamoDB, so that the functions' binaries, which
// speak to DynamoDB only, run on the table of one machine.
//
// It serves the operations that package dynamotable sends: GetItem, BatchGetItem, Query, PutItem, DeleteItem and
// TransactWriteItems. It guarantees that conditions, updates and key conditions are parsed and evaluated on the stored
// items, in one instant with the write; that a canceled transaction says why, with the items if the request asks for
// them; and that a client token makes a transaction idempotent for ten minutes. The conformance suite of package
// tabletest passes over dynamotable and this package. A request with an operation, parameter or expression that is not
// supported gets a ValidationException; nothing is ignored.
//
// Deliberate limits: there is one table with the attributes of package dynamotable. Items have versions, so that a write
// must raise the attribute v by one. Signatures, capacity and throttling do not exist. The index is never late. Tokens
// are forgotten when the process ends. DynamoDB's limits on items (400 KB, 32 levels, 38 digits) are left to
// dynamotable, which checks them before it sends.
package dynamodbapi

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// An API is an http.Handler that serves one table. Its exported fields are set before first use; Table and Name are
// required. Make no copy of it.
type API struct {
	Table table.Table
	Name  string           // the table's name, which requests state as it is or as the end of an ARN
	Now   func() time.Time // the age of client tokens; nil is the machine's clock

	// Changed is called after each successful write, with its changes. Calls about one item follow the order of its
	// writes; calls about different items may come from several goroutines at once.
	Changed func([]Change)

	locks  locks
	tokens tokens
}

// A Change is one item before and after a write, in DynamoDB's JSON form; nil is absent.
type Change struct{ Key, Old, New attributes }

// targetPrefix begins the header X-Amz-Target of every request.
const targetPrefix = "DynamoDB_20120810."

// Operation returns the operation of a request; empty if the request is not for DynamoDB.
func Operation(r *http.Request) string {
	operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	if !ok {
		return ""
	}
	return operation
}

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16<<20))
	if err != nil {
		WriteError(w, fail("SerializationException", "%v", err))
		return
	}
	out, err := a.Do(r.Context(), Operation(r), body)
	if err != nil {
		WriteError(w, err)
		return
	}
	respond(w, http.StatusOK, out)
}

// Do performs one operation. The error, if any, is for WriteError.
func (a *API) Do(ctx context.Context, operation string, body []byte) (any, error) {
	switch operation {
	case "GetItem":
		return serve(ctx, body, a.getItem)
	case "BatchGetItem":
		return serve(ctx, body, a.batchGetItem)
	case "Query":
		return serve(ctx, body, a.query)
	case "PutItem":
		return serve(ctx, body, a.putItem)
	case "DeleteItem":
		return serve(ctx, body, a.deleteItem)
	case "TransactWriteItems":
		return serve(ctx, body, a.transactWriteItems)
	}
	return nil, fail("UnknownOperationException", "the operation %q is not supported", operation)
}

// serve reads the parameters of an operation and performs it.
func serve[Input any](ctx context.Context, body []byte, do func(context.Context, *Input) (any, error)) (any, error) {
	in := new(Input)
	if err := decode(body, in); err != nil {
		return nil, err
	}
	return do(ctx, in)
}

func (a *API) now() time.Time {
	if a.Now == nil {
		return time.Now()
	}
	return a.Now()
}

func (a *API) changed(changes []Change) {
	if a.Changed != nil && len(changes) > 0 {
		a.Changed(changes)
	}
}

// named returns an error unless a request is for the table.
func (a *API) named(name string) error {
	if name == a.Name || strings.HasSuffix(name, ":table/"+a.Name) {
		return nil
	}
	return fail("ResourceNotFoundException", "Requested resource not found: Table: %s not found", name)
}

// WriteError reports an error as DynamoDB does. An error that is not one of this package becomes a 500.
func WriteError(w http.ResponseWriter, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = internal(err)
	}
	body := struct {
		Type    string     `json:"__type"`
		Lower   string     `json:"message,omitzero"`
		Upper   string     `json:"Message,omitzero"`
		Reasons []reason   `json:"CancellationReasons,omitzero"`
		Item    attributes `json:"Item,omitzero"`
	}{Type: "com.amazonaws.dynamodb.v20120810#" + e.Code, Lower: e.Message, Reasons: e.Reasons, Item: e.Item}
	if e.Reasons != nil {
		body.Lower, body.Upper = "", e.Message
	}
	respond(w, e.Status, body)
}

func respond(w http.ResponseWriter, status int, out any) {
	body, err := json.Marshal(out, json.Deterministic(true))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	w.WriteHeader(status)
	_, _ = w.Write(body) // there is nothing to do for a client that is no longer there
}
