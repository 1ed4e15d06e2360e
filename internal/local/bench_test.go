package local

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/local/gateway"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// BenchmarkHTTP measures the cost of whole requests over HTTP: the same clients call a server with a constant response,
// and the stack with a table that syncs each order before it responds.
func BenchmarkHTTP(b *testing.B) {
	b.Run("constant", func(b *testing.B) {
		constant := bytes.Repeat([]byte("x"), 900)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(constant)
		}))
		defer server.Close()
		drive(b, server.URL, "", http.StatusOK, newOrders(benchMember))
	})
	tab, err := pebbletable.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer tab.Close()
	stack, p, key := newStack(b, tab, NewClock(time.Time{}))
	var enrolling sync.WaitGroup
	for first := range benchClients {
		enrolling.Go(func() {
			for i := first; i < benchMembers; i += benchClients {
				enroll(b, stack, p, i)
			}
		})
	}
	enrolling.Wait()
	server := httptest.NewServer(stack)
	defer server.Close()
	b.Run("orders", func(b *testing.B) { drive(b, server.URL, key, http.StatusCreated, newOrders(benchMember)) })
	b.Run("quotes", func(b *testing.B) { drive(b, server.URL, key, http.StatusOK, newQuote) })
	b.Run("members", func(b *testing.B) {
		drive(b, server.URL, key, http.StatusOK, func(i int) (method, path string, body []byte) {
			return http.MethodGet, "/v1/members/" + string(memberID(i%benchMembers)), nil
		})
	})
}

const benchClients = 32

// benchMembers is large enough that an account has only a few pending orders at a time, as in practice.
const benchMembers = 20000

func memberID(i int) loyalty.MemberID { return loyalty.MemberID(fmt.Sprintf("mem_%020d", i)) }

func enroll(tb testing.TB, s *Stack, p *loyalty.Program, i int) {
	tb.Helper()
	if _, err := s.App.Members.Enroll(tb.Context(), p, members.Enrollment{Member: memberID(i)}, by); err != nil {
		tb.Error(err)
	}
}

// newStack returns a stack with the demo program published, and a key with all scopes.
func newStack(
	tb testing.TB, tab table.Table, clock *Clock, changes ...func(*Options),
) (s *Stack, p *loyalty.Program, key string) {
	tb.Helper()
	o := Options{Table: tab, Clock: clock, Log: slog.New(slog.DiscardHandler)}
	for _, change := range changes {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	p, problems := program.Compile(program.Demo())
	if err := problems.Err(); err != nil {
		tb.Fatal(err)
	}
	in := catalog.Published{Program: "bluebird", Source: program.Demo(), Snapshot: snapshot.Encode(p), By: "test"}
	if err := s.App.Catalog.Publish(tb.Context(), in, 0); err != nil {
		tb.Fatal(err)
	}
	if p, err = s.App.Programs.Live(tb.Context(), "bluebird"); err != nil {
		tb.Fatal(err)
	}
	if key, _, err = s.App.Keys.Create(tb.Context(), "bluebird", auth.Admin); err != nil {
		tb.Fatal(err)
	}
	return s, p, key
}

// A newRequest returns the request with a number.
type newRequest func(i int) (method, path string, body []byte)

// newOrders returns orders with IDs that no earlier run used. The function member selects the member of an order.
func newOrders(member func(i int) int) newRequest {
	run := gateway.RequestID()
	return func(i int) (method, path string, body []byte) {
		return http.MethodPut, fmt.Sprintf("/v1/orders/%s-%d", run, i), newOrder(member(i), `"status":"paid",`)
	}
}

// benchMember selects the members of BenchmarkHTTP.
func benchMember(i int) int { return i % benchMembers }

func newQuote(i int) (method, path string, body []byte) {
	return http.MethodPost, "/v1/quotes", newOrder(benchMember(i), "")
}

func newOrder(member int, status string) []byte {
	return fmt.Appendf(nil, `{"member":"%s","placed_at":"%s","currency":"EUR","channel":"web",%s`+
		`"line_items": [{"id":"1","sku":"BEAN-1","category":"coffee-beans","quantity":2,"amount":2999},`+
		`{"id":"2","sku":"MUG-01","category":"mugs","quantity":1,"amount":1490},`+
		`{"id":"3","sku":"FILTER","category":"brewing","quantity":1,"amount":590}],`+
		`"shipping":490,"tenders":[{"kind":"card","amount":5569}]}`,
		memberID(member), time.Now().UTC().Format(time.RFC3339), status)
}

// drive sends b.N requests from benchClients clients, each with a persistent connection.
func drive(b *testing.B, url, key string, want int, next newRequest) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchClients}}
	var sent atomic.Int64
	took := make([]time.Duration, b.N)
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	for range benchClients {
		all.Go(func() {
			for i := sent.Add(1) - 1; i < int64(b.N); i = sent.Add(1) - 1 {
				method, path, body := next(int(i))
				start := time.Now()
				send(b, client, method, url+path, key, body, want)
				took[i] = time.Since(start)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapInuse)/(1<<20), "heap-MB")
}

func send(b *testing.B, client *http.Client, method, url, key string, body []byte, want int) {
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		b.Error(err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := client.Do(req)
	if err != nil {
		b.Error(err)
		return
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		b.Errorf("%d %s %v", resp.StatusCode, answer, err)
	}
}
