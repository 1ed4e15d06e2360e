package api

import (
	"context"
	"iter"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/limits"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A slowTable is a table whose reads of one program wait while hold is not nil.
type slowTable struct {
	table.Table
	prefix  string
	hold    chan struct{}
	waiting atomic.Int64
}

func (s *slowTable) Query(ctx context.Context, q table.Query) iter.Seq2[table.Item, error] {
	if s.hold != nil && strings.HasPrefix(q.PK, s.prefix) {
		s.waiting.Add(1)
		<-s.hold
	}
	return s.Table.Query(ctx, q)
}

// TestBusyProgramDoesNotStarveOthers lets one program have as many requests as it may have. Its next request is
// rejected, and a request of another program succeeds.
func TestBusyProgramDoesNotStarveOthers(t *testing.T) {
	slow := &slowTable{Table: memory(t), prefix: "P#bluebird#E#"}
	w := openWorld(t, slow, nil, nil)
	get := func(key string) string {
		return summary(w.do(sentRequest{method: "GET", path: "/v1/orders/unknown", key: key}))
	}
	if got := get("admin") + ", " + get("other"); got != "404 not_found, 404 not_found" {
		t.Fatal(got)
	}
	slow.hold = make(chan struct{})
	answers := make(chan string, limits.MaxInFlight)
	for range limits.MaxInFlight {
		go func() { answers <- get("admin") }()
	}
	for slow.waiting.Load() < limits.MaxInFlight && len(answers) == 0 {
		runtime.Gosched()
	}
	a := w.do(sentRequest{method: "GET", path: "/v1/orders/unknown"})
	if got := summary(a); got != "503 temporarily_unavailable" || a.header["retry-after"] != "1" {
		t.Errorf("the request above the limit: %s, %v", got, a.header)
	}
	if got := get("other"); got != "404 not_found" {
		t.Errorf("a request of another program: %s", got)
	}
	close(slow.hold)
	for range limits.MaxInFlight {
		if got := <-answers; got != "404 not_found" {
			t.Errorf("a request within the limit: %s", got)
		}
	}
	if got := get("admin"); got != "404 not_found" {
		t.Errorf("after the requests ended: %s", got)
	}
}
