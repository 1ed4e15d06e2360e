// Package dynamodbapi serves a table.Table with the protocol of Amazon DynamoDB. The functions' binaries require
// DynamoDB, and can thus use a table on one machine.
//
// It supports the operations that package dynamotable sends: GetItem, BatchGetItem, Query, PutItem, DeleteItem and
// TransactWriteItems. Conditions, updates and key conditions are parsed and evaluated on the stored items, in one
// step with the write. A canceled transaction returns the reasons, with the items if requested, and a client token
// makes a transaction idempotent for ten minutes. The conformance suite of package tabletest passes with
// dynamotable and this package. A request with an unsupported operation, parameter or expression gets a
// ValidationException; no part of a request is ignored.
//
// Deliberate limits: there is one table with the attributes of package dynamotable. Items have versions, and a
// write must increase the attribute v by one. There are no signatures, no capacity and no throttling. The index is
// always current. Tokens are lost when the process exits. dynamotable checks DynamoDB's limits on items (400 KB, 32
// levels, 38 digits) before it sends a request, so this package does not.
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

// An API is an http.Handler that serves one table. Set its exported fields before the first use. Table and Name are
// required. An API must not be copied.
type API struct {
	Table table.Table
	Name  string           // the table's name; requests contain it or an ARN that ends with it
	Now   func() time.Time // for the age of client tokens; nil for the machine's clock

	// Changed is called after each successful write, with its changes. Calls for one item are in the order of its
	// writes; calls for different items may be concurrent.
	Changed func([]Change)

	locks  locks
	tokens tokens
}

// A Change is one item before and after a write, in DynamoDB's JSON; nil if absent.
type Change struct{ Key, Old, New attributes }

// targetPrefix is the prefix of the header X-Amz-Target in every request.
const targetPrefix = "DynamoDB_20120810."

// Operation returns the operation of a request, or "" if the request is not for DynamoDB.
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
		writeError(w, fail("SerializationException", "%v", err))
		return
	}
	out, err := a.Do(r.Context(), Operation(r), body)
	if err != nil {
		writeError(w, err)
		return
	}
	respond(w, http.StatusOK, out)
}

// Do performs one operation. Pass its error to writeError.
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

// serve decodes the parameters of an operation and performs it.
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

// named returns an error unless a request names the table.
func (a *API) named(name string) error {
	if name == a.Name || strings.HasSuffix(name, ":table/"+a.Name) {
		return nil
	}
	return fail("ResourceNotFoundException", "Requested resource not found: Table: %s not found", name)
}

// writeError writes an error in DynamoDB's format. An error of another package becomes status 500.
func writeError(w http.ResponseWriter, err error) {
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
	_, _ = w.Write(body) // the client may have disconnected
}
