package local_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/local"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

const (
	benchClients = 32
	benchMembers = 5_000
)

// BenchmarkHTTP compares a whole PUT /v1/orders through the local stack, fsynced, with a bare server that
// answers a constant: same client, same run. Read the ratio of their req/s.
//
//	go test -run '^$' -bench HTTP -benchtime 100000x ./internal/local
func BenchmarkHTTP(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		answer := make([]byte, 900)
		for i := range answer {
			answer[i] = 'x'
		}
		bare := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(answer)
		})
		hammer(b, bare, "sk_test_none", 0)
	})
	b.Run("orders", func(b *testing.B) {
		stack, key := benchStack(b)
		hammer(b, stack, key, benchMembers)
	})
	b.Run("orders of one member", func(b *testing.B) {
		stack, key := benchStack(b)
		hammer(b, stack, key, 1)
	})
}

// benchStack is the local stack on disk with members and a key.
func benchStack(b *testing.B) (http.Handler, string) {
	t, err := pebbletable.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { t.Close() })
	stack, err := local.New(local.Options{
		Table: t, Clock: local.NewClock(time.Time{}), Programs: []string{"bluebird"},
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, a := b.Context(), stack.App
	if err := a.Ledger.Publish(ctx, ledger.Published{Program: "bluebird", Source: program.Demo()}, 0); err != nil {
		b.Fatal(err)
	}
	p, err := a.Programs.Live(ctx, "bluebird")
	if err != nil {
		b.Fatal(err)
	}
	each(benchClients, benchMembers, func(i int) error {
		_, err := a.Ledger.Enrol(ctx, p, ledger.Enrolment{Member: benchMember(i)}, ledger.By{Input: "bench"})
		return err
	}, b)
	key, _, err := a.Keys.Create(ctx, "bluebird", auth.Admin)
	if err != nil {
		b.Fatal(err)
	}
	return stack, key
}

// hammer sends b.N orders from the clients, each over a connection of its own that stays open, and reports the
// rate, the 99th percentile and what the heap grew by.
func hammer(b *testing.B, h http.Handler, key string, members int) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: h}
	go server.Serve(listener)
	defer server.Shutdown(context.Background())

	clients := make(chan *client, benchClients)
	for range benchClients {
		clients <- dial(b, listener.Addr().String(), key)
	}
	placed := time.Now().UTC().Format(time.RFC3339)
	took := make([]time.Duration, b.N)
	heap := heapInUse()
	b.ResetTimer()
	start := time.Now()
	each(benchClients, b.N, func(i int) error {
		c := <-clients
		defer func() { clients <- c }()
		began := time.Now()
		err := c.put(i, benchMember(i%max(members, 1)), placed)
		took[i] = time.Since(began)
		return err
	}, b)
	elapsed := time.Since(start)
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/elapsed.Seconds(), "req/s")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(heapInUse()-heap)/(1<<20), "heap-growth-MB")
}

// each does n things, by so many at a time.
func each(workers, n int, do func(i int) error, b *testing.B) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

// A client speaks just enough HTTP to cost little beside the server.
type client struct {
	conn     net.Conn
	in       *bufio.Reader
	key      string
	out, ask []byte
}

func dial(b *testing.B, addr, key string) *client {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return &client{conn: conn, in: bufio.NewReader(conn), key: key}
}

func (c *client) put(i int, member loyalty.MemberID, placed string) error {
	c.ask = fmt.Appendf(c.ask[:0], `{"member":"%s","placed_at":"%s","currency":"EUR","channel":"web","status":"paid",`+
		`"lines":[{"id":"1","sku":"BEAN-1","category":"coffee-beans","quantity":2,"amount":2999},`+
		`{"id":"2","sku":"MUG-01","category":"mugs","quantity":1,"amount":1450},{"id":"3","sku":"FILTER-2","quantity":1,"amount":799}],`+
		`"shipping":490,"tenders":[{"kind":"card","amount":5738}]}`, member, placed)
	c.out = fmt.Appendf(c.out[:0], "PUT /v1/orders/b%d HTTP/1.1\r\nHost: local\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", i, c.key, len(c.ask), c.ask)
	if _, err := c.conn.Write(c.out); err != nil {
		return err
	}
	return c.readAnswer()
}

func (c *client) readAnswer() error {
	status, length := "", 0
	for {
		line, err := c.in.ReadSlice('\n')
		switch {
		case err != nil:
			return err
		case status == "":
			status = string(line[9:12])
		case len(line) == 2:
			if body, err := c.in.Peek(length); err != nil || status[0] != '2' {
				return fmt.Errorf("answer %s: %s, %v", status, body, err)
			}
			_, err := c.in.Discard(length)
			return err
		case len(line) > 16 && string(line[:16]) == "Content-Length: ":
			if length, err = strconv.Atoi(string(line[16 : len(line)-2])); err != nil {
				return err
			}
		}
	}
}

func benchMember(i int) loyalty.MemberID { return loyalty.MemberID(fmt.Sprintf("mem_%020d", i)) }
