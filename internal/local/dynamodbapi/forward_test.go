package dynamodbapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/local/dynamodbapi"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// A recorder collects changes as text.
type recorder struct {
	mu      sync.Mutex
	changes []string
}

// add records changes as a stream with new images would show them.
func (r *recorder) add(changes []dynamodbapi.Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range changes {
		text, err := json.Marshal([]any{c.Old == nil, c.Key, c.New})
		if err != nil {
			panic(err)
		}
		r.changes = append(r.changes, string(text))
	}
}

// forwarded returns a table that is accessed through a Forward to another endpoint. Both report changes.
func forwarded(t *testing.T) (tab *dynamotable.Table, near, far *recorder) {
	t.Helper()
	near, far = &recorder{}, &recorder{}
	api := &dynamodbapi.API{Table: memory(t), Name: "perennial", Changed: far.add}
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential=local/") ||
			!strings.Contains(r.Header.Get("Authorization"), "/us-east-1/dynamodb/") {
			t.Errorf("the endpoint got the credentials %s", r.Header.Get("Authorization"))
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(endpoint.Close)
	server := httptest.NewServer(&dynamodbapi.Forward{URL: endpoint.URL, Changed: near.add})
	t.Cleanup(server.Close)
	return &dynamotable.Table{Client: dynamotable.Local(server.URL), Name: "perennial", Timeout: patience}, near, far
}

func TestConformanceThroughForward(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) table.Table {
		tab, _, _ := forwarded(t)
		return tab
	})
}

func TestForwardReportsSameChangesAsAPI(t *testing.T) {
	tab, near, far := forwarded(t)
	item := func(sk string, version int64) table.Item {
		return table.Item{Key: table.Key{PK: "p", SK: sk}, Version: version, Doc: fmt.Appendf(nil, `{"n":%d}`, version)}
	}
	for _, ops := range [][]table.Op{
		{table.Put(item("a", 0))},
		{table.Put(item("a", 1)), table.Put(item("b", 0)), table.Add(table.Key{PK: "p", SK: "c"}, "n", 5, 0)},
		{table.Add(table.Key{PK: "p", SK: "c"}, "n", -2, 0), table.Check(item("b", 1))},
		{table.Delete(item("b", 1))},
		{table.Delete(item("a", 2)), table.Check(item("b", 0))},
	} {
		if err := tab.Transact(t.Context(), ops...); err != nil {
			t.Fatal(err)
		}
	}
	if err := tab.Transact(t.Context(), table.Put(item("a", 7))); err == nil {
		t.Error("a write with a failed condition was applied")
	}
	if diff := cmp.Diff(far.changes, near.changes); diff != "" {
		t.Errorf("changes (-API +Forward):\n%s", diff)
	}
	if len(near.changes) != 7 {
		t.Errorf("%d changes: %s", len(near.changes), near.changes)
	}
}
