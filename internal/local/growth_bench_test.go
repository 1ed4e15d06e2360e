package local

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// BenchmarkMembers measures orders and balances in stores with few and with a million members, each with a profile, an
// account and an order: the CPU time of server and client per request, the time until a reopened store has completed
// its logs and answered the first request, and the memory of the process after the requests.
func BenchmarkMembers(b *testing.B) {
	for _, members := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) {
			dir := b.TempDir()
			key := fillMembers(b, dir, members)
			debug.FreeOSMemory()
			began := time.Now()
			tab, err := pebbletable.Open(dir)
			if err != nil {
				b.Fatal(err)
			}
			defer tab.Close()
			stack, err := New(Options{Table: tab, Clock: NewClock(time.Time{}), Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			stack.feed.catchUp()
			server := httptest.NewServer(stack)
			defer server.Close()
			first := httptest.NewRequest(http.MethodGet, "/v1/members/"+string(memberID(members/2)), nil)
			first.Header.Set("Authorization", "Bearer "+key)
			w := httptest.NewRecorder()
			if stack.ServeHTTP(w, first); w.Code != http.StatusOK {
				b.Fatal(w.Code, w.Body)
			}
			started := time.Since(began)
			spread := func(i int) int { return i * 7919 % members }
			measure := func(b *testing.B, want int, next newRequest) {
				used := processTime(b)
				drive(b, server.URL, key, want, next)
				b.ReportMetric(float64((processTime(b)-used).Nanoseconds())/float64(b.N), "cpu-ns/op")
				b.ReportMetric(float64(started.Milliseconds()), "start-ms")
				b.ReportMetric(residentMB(b), "resident-MB")
			}
			b.Run("orders", func(b *testing.B) { measure(b, http.StatusCreated, newOrders(spread)) })
			b.Run("balance", func(b *testing.B) {
				measure(b, http.StatusOK, func(i int) (method, path string, body []byte) {
					return http.MethodGet, "/v1/members/" + string(memberID(spread(i))), nil
				})
			})
		})
	}
}

// fillMembers creates a store with the demo program and members, and returns an API key. The items of all members are
// copies of those of one.
func fillMembers(b *testing.B, dir string, members int) (key string) {
	tab, err := pebbletable.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer tab.Close()
	stack, p, key := newStack(b, tab, NewClock(time.Time{}))
	enroll(b, stack, p, 0)
	defer stack.feed.close()
	order := httptest.NewRequest(http.MethodPut, "/v1/orders/fill-0", bytes.NewReader(newOrder(0, `"status":"paid",`)))
	order.Header.Set("Authorization", "Bearer "+key)
	order.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	if stack.ServeHTTP(w, order); w.Code != http.StatusCreated {
		b.Fatal(w.Code, w.Body)
	}
	var model []table.Item
	for _, partition := range []string{"P#bluebird#M#" + string(memberID(0)), "P#bluebird#O#fill-0"} {
		for it, err := range tab.Query(b.Context(), table.Query{PK: partition}) {
			if err != nil {
				b.Fatal(err)
			}
			it.Version = 0
			model = append(model, it)
		}
	}
	if len(model) < 3 {
		b.Fatalf("the member has only %d items", len(model))
	}
	tab.Journal(nil) // the logs of the store are complete
	var ops []table.Op
	for i := 1; i < members; i++ {
		names := strings.NewReplacer(string(memberID(0)), string(memberID(i)), "fill-0", fmt.Sprintf("fill-%d", i))
		for _, it := range model {
			it.Key = table.Key{PK: names.Replace(it.Key.PK), SK: it.Key.SK}
			it.Index = table.Key{PK: names.Replace(it.Index.PK), SK: names.Replace(it.Index.SK)}
			it.Doc = []byte(names.Replace(string(it.Doc)))
			ops = append(ops, table.Put(it))
		}
		if len(ops)+len(model) > 100 || i == members-1 {
			if err := tab.Transact(b.Context(), ops...); err != nil {
				b.Fatal(err)
			}
			ops = ops[:0]
		}
	}
	return key
}

// processTime returns the CPU time that the process has used.
func processTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// residentMB returns the resident memory of the process, or zero without /proc.
func residentMB(b *testing.B) float64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var total, resident int64 // pages
	if _, err := fmt.Sscan(string(statm), &total, &resident); err != nil {
		b.Fatal(err)
	}
	return float64(resident*int64(os.Getpagesize())) / (1 << 20)
}
