package api

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable/dynamotest"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// BenchmarkWriters measures whole functions that earn an order of three line items and redeem at once, called in
// parallel over each table: for several members, and for one. On Pebble, a call returns once its write is fsynced.
func BenchmarkWriters(b *testing.B) {
	tables := []struct {
		name    string
		open    func(b *testing.B) table.Table
		writers []int
	}{
		{"memory", func(b *testing.B) table.Table { return memory(b) }, []int{1}},
		{"pebble", onDisk, []int{1, 8, 32, 128}},
		{"dynamodb", func(b *testing.B) table.Table { return dynamotest.Open(b) }, []int{1, 8}},
	}
	for _, on := range tables {
		for _, command := range []string{"earn", "redeem"} {
			for _, members := range []int{500, 1} {
				for _, writers := range on.writers {
					b.Run(fmt.Sprintf(
						"%s/%s/members=%d/writers=%d", on.name, command, members, writers,
					), func(b *testing.B) {
						writeBy(b, on.open(b), command, members, writers)
					})
				}
			}
		}
	}
}

func onDisk(b *testing.B) table.Table {
	tab, err := pebbletable.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { tab.Close() })
	return tab
}

func writeBy(b *testing.B, tab table.Table, command string, members, writers int) {
	w := rich(b, tab, members)
	b.ReportAllocs()
	b.ResetTimer()
	var next atomic.Int64
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for i := int(next.Add(1)); i <= b.N; i = int(next.Add(1)) {
				out, err := w.handlers[command].Invoke(b.Context(), w.command(command, i, i%members))
				if err != nil || string(out[:17]) != `{"statusCode":201` {
					b.Errorf("%s: %s, %v", command, out, err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// rich returns a world whose members can redeem for the whole benchmark. Points are active at once, because thousands
// of orders of one member would otherwise accumulate as many pending lots.
func rich(b *testing.B, tab table.Table, ids int) *world {
	w := newWorld(b, tab)
	w.app.Log = telemetry.NewLog(io.Discard, slog.LevelInfo, "test")
	w.publish("bluebird", []byte(strings.Replace(plainSource(b), "pending: 14 days", "pending: 0 days", 1)), 1)
	w.app.Programs.Forget("bluebird")
	p, err := w.app.Programs.Live(b.Context(), "bluebird")
	if err != nil {
		b.Fatal(err)
	}
	for i := range ids {
		by := ledger.By{Actor: "bench", Input: "bench"}
		if _, err := w.app.Members.Enroll(b.Context(), p, members.Enrollment{Member: benchMember(i)}, by); err != nil {
			b.Fatal(err)
		}
		grant := service.Adjustment{
			ID: fmt.Sprint("adj_", i), Member: benchMember(i), Points: loyalty.MaxPoints, Reason: "to measure",
		}
		if _, err := w.app.Adjustments.Adjust(b.Context(), p, grant, by); err != nil {
			b.Fatal(err)
		}
	}
	return w
}

func benchMember(i int) loyalty.MemberID { return loyalty.MemberID(fmt.Sprintf("mem_%020d", i)) }

// command returns the event of the i-th order or redemption.
func (w *world) command(command string, i, member int) []byte {
	r := sentRequest{
		method: "PUT", path: fmt.Sprintf("/v1/orders/b%d", i),
		body: fmt.Appendf(nil, benchOrder, benchMember(member), 1200),
	}
	pattern, params := "PUT /v1/orders/{order}", map[string]string{"order": fmt.Sprint("b", i)}
	if command == "redeem" {
		r = sentRequest{
			method: "POST", path: "/v1/redemptions",
			header: map[string]string{"idempotency-key": fmt.Sprintf("bench-redeem-%08d", i)},
			body:   fmt.Appendf(nil, `{"member":%q,"reward":"five-off","commit":true}`, benchMember(member)),
		}
		pattern, params = "POST /v1/redemptions", nil
	}
	payload, err := json.Marshal(w.event(r, pattern, params))
	if err != nil {
		w.t.Fatal(err)
	}
	return payload
}
