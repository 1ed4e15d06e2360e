package dynamotable_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
)

// A script plays DynamoDB: it responds to one request after the other in the format of AWS, and records the
// requests.
type script struct {
	t       testing.TB
	answers []answer

	mu     sync.Mutex
	seen   []request
	pauses []time.Duration
}

type answer func(s *script, w http.ResponseWriter, r *http.Request)

type request struct {
	name string // PutItem, …
	body struct {
		ClientRequestToken string
		Item               map[string]any
		TransactItems      []map[string]map[string]any
		RequestItems       map[string]struct{ ConsistentRead bool }
		ExclusiveStartKey  map[string]any
		ConsistentRead     bool
	}
}

// play starts the script and opens a table on it that does not wait between attempts.
func play(t testing.TB, answers ...answer) (*dynamotable.Table, *script) {
	s := &script{t: t, answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	tab := &dynamotable.Table{Client: dynamotable.Local(server.URL), Name: "perennial"}
	tab.Sleep = func(ctx context.Context, d time.Duration) error {
		s.pauses = append(s.pauses, d)
		return ctx.Err()
	}
	return tab, s
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	got := request{name: name}
	if err := json.NewDecoder(r.Body).Decode(&got.body); err != nil {
		s.t.Errorf("request: %v", err)
	}
	s.mu.Lock()
	s.seen = append(s.seen, got)
	n := len(s.seen)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if n > len(s.answers) {
		s.t.Errorf("request %d, a %s, has no answer in the script", n, name)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	s.answers[n-1](s, w, r)
}

// requests returns the requests so far.
func (s *script) requests() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// names returns the names of the requests.
func (s *script) names() string {
	var names []string
	for _, r := range s.requests() {
		names = append(names, r.name)
	}
	return strings.Join(names, " ")
}

// tokens returns the distinct client tokens of the transactions, in order.
func (s *script) tokens() []string {
	var tokens []string
	for _, r := range s.requests() {
		if r.name == "TransactWriteItems" && (len(tokens) == 0 || tokens[len(tokens)-1] != r.body.ClientRequestToken) {
			tokens = append(tokens, r.body.ClientRequestToken)
		}
	}
	return tokens
}

func says(status int, body string) answer {
	return func(_ *script, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// fault responds with an error in DynamoDB's format.
func fault(status int, code string) answer {
	return says(status, `{"__type":"com.amazonaws.dynamodb.v20120810#`+code+`","message":"scripted"}`)
}

var (
	ok            = says(200, `{}`)
	internalError = fault(500, "InternalServerError")
	conflictAlone = fault(400, "TransactionConflictException")
	inProgress    = fault(400, "TransactionInProgressException")
	cutOff        = says(200, `{"Attri`)
)

// reset breaks the connection instead of responding.
func reset(s *script, w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		s.t.Errorf("hijack: %v", err)
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// silent does not respond until the client has given up.
func silent(_ *script, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// canceled responds that a transaction was canceled for these reasons, in the order of its items. A reason may be
// followed by the current item, as in `ConditionalCheckFailed {"pk":…}`.
func canceled(reasons ...string) answer {
	var all []string
	for _, reason := range reasons {
		code, item, has := strings.Cut(reason, " ")
		if has {
			item = `,"Message":"The conditional request failed","Item":` + item
		}
		all = append(all, `{"Code":"`+code+`"`+item+`}`)
	}
	return says(400, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",`+
		`"Message":"Transaction canceled, please refer cancellation reasons for specific reasons",`+
		`"CancellationReasons":[`+strings.Join(all, ",")+`]}`)
}

// checkFailed responds that the condition of a plain write failed on the item, which may be "".
func checkFailed(item string) answer {
	if item != "" {
		item = `,"Item":` + item
	}
	return says(400, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",`+
		`"message":"The conditional request failed"`+item+`}`)
}

// stored responds to a GetItem with an item, or none if it is "".
func stored(item string) answer {
	if item == "" {
		return ok
	}
	return says(200, `{"Item":`+item+`}`)
}

// written responds to a BatchGetItem with the items that the first request would have put.
func written(s *script, w http.ResponseWriter, r *http.Request) {
	first := s.requests()[0].body
	items := []any{}
	if first.Item != nil {
		items = append(items, first.Item)
	}
	for _, part := range first.TransactItems {
		if put := part["Put"]; put != nil {
			items = append(items, put["Item"])
		}
	}
	body, err := json.Marshal(map[string]any{"Responses": map[string]any{"perennial": items}})
	if err != nil {
		s.t.Errorf("written: %v", err)
	}
	says(200, string(body))(s, w, r)
}

// found responds to a BatchGetItem with items.
func found(items ...string) answer { return batch(items, nil) }

// image returns an item of partition p in DynamoDB's format.
func image(sk string, version, n string) string {
	return `{"pk":{"S":"p"},"sk":{"S":"` + sk + `"},"v":{"N":"` + version + `"},"doc":{"M":{"n":{"N":"` + n + `"}}}}`
}

// item returns an item of the tests for Put.
func item(sk string, version int64) table.Item {
	return table.Item{Key: table.Key{PK: "p", SK: sk}, Version: version, Doc: json.RawMessage(`{"n":7.0}`)}
}
