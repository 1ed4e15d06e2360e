// Package dynamodbapi serves a table.Table with the protocol of Amazon DynamoDB. The functions' binaries can then use a
// table on one machine, although they support only DynamoDB.
//
// It supports the operations that package dynamotable sends: GetItem, BatchGetItem, Query, PutItem, DeleteItem,
// TransactWriteItems and, if the table lists its items, Scan of a segment. Conditions, updates and key conditions are
// parsed and evaluated on the stored items, atomically with the write. The response to a canceled transaction contains
// the reasons and, if requested, the items. A client token makes a transaction idempotent for ten minutes. The
// conformance suite of package tabletest passes with dynamotable and this package. If a request has an unsupported
// operation, parameter or expression, the response is a ValidationException. No part of a request is ignored.
//
// Deliberate limits: there is one table with the attributes of package dynamotable. Items have versions, and a write
// must increase the attribute v by one. There are no signatures and no throttling, and only a Scan returns its
// capacity. The index is always up to date. Tokens are lost when the process exits. This package does not check
// DynamoDB's limits on items (400 KB, 32 levels, 38 digits), because dynamotable checks them before it sends a request.
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
	Name  string           // the name of the table; requests contain this name or an ARN that ends with it
	Now   func() time.Time // determines the age of client tokens; nil selects the machine's clock

	// Changed is called with the changes of each successful write. The changes of one item are reported in the order of
	// the writes. Calls for different items may be concurrent.
	Changed func([]Change)

	locks  locks
	tokens tokens
}

// A Change contains an item before and after a write, in DynamoDB's JSON. Old or New is nil if the item did not exist
// before or does not exist afterwards.
type Change struct{ Key, Old, New attributes }

// targetPrefix is the start of the header X-Amz-Target in every request to DynamoDB.
const targetPrefix = "DynamoDB_20120810."

// Operation returns the name of the operation in a request, or "" if the request is not for DynamoDB.
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

// Do performs one operation. The caller passes an error to writeError.
func (a *API) Do(ctx context.Context, operation string, body []byte) (any, error) {
	switch operation {
	case "GetItem":
		return serve(ctx, body, a.getItem)
	case "BatchGetItem":
		return serve(ctx, body, a.batchGetItem)
	case "Query":
		return serve(ctx, body, a.query)
	case "Scan":
		return serve(ctx, body, a.scan)
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

// named returns an error unless it gets the name or an ARN of the table.
func (a *API) named(name string) error {
	if name == a.Name || strings.HasSuffix(name, ":table/"+a.Name) {
		return nil
	}
	return fail("ResourceNotFoundException", "Requested resource not found: Table: %s not found", name)
}

// writeError writes an error in DynamoDB's format. If the error comes from another package, the status is 500.
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
	_, _ = w.Write(body) // fails only if the client has disconnected
}
