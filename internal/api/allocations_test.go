package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// A preloaded table answers reads with the items that another table had, and accepts every write without an effect. It
// allocates no memory, so that a measurement contains only the allocations of its caller.
type preloaded struct {
	from  table.Table
	items map[table.Key]table.Item
}

func (t *preloaded) Get(ctx context.Context, key table.Key) (table.Item, error) {
	if it, ok := t.items[key]; ok {
		return it, nil
	}
	it, err := t.from.Get(ctx, key)
	t.items[key] = it
	return it, err
}

func (t *preloaded) Query(context.Context, table.Query) iter.Seq2[table.Item, error] { return noItems }

func noItems(func(table.Item, error) bool) {}

func (t *preloaded) Transact(context.Context, ...table.Op) error { return nil }

// earnOnce returns a function that earns a new order with one line item, through the whole handler.
func earnOnce(t testing.TB) func() {
	w := newWorld(t, memory(t))
	a, _ := w.send(sentRequest{method: "POST", path: "/v1/members", body: []byte("{}")})
	member := a.json.(map[string]any)["id"].(string)
	stub := &app.App{
		Table: &preloaded{w.table, map[table.Key]table.Item{}}, Now: w.clock, Stage: app.Test, Secret: w.app.Secret,
		Log: telemetry.NewLog(io.Discard, slog.LevelInfo, "test"),
	}
	if err := stub.Wire(); err != nil {
		t.Fatal(err)
	}
	earn := Earn(stub).(request.Function)
	payload, _ := json.Marshal(w.event(sentRequest{
		method: "PUT", path: "/v1/orders/1", body: fmt.Appendf(nil, `{"member":%q,"placed_at":"2026-12-01T10:00:00Z",`+
			`"currency":"EUR","channel":"web","status":"paid",`+
			`"line_items":[{"id":"1","sku":"MUG","category":"mugs","quantity":1,"amount":1490}]}`, member),
	}, "PUT /v1/orders/{order}", map[string]string{"order": "1"}))
	event, err := request.DecodeEvent(payload)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // an invocation has a deadline
	t.Cleanup(cancel)
	return func() {
		if out := earn.Serve(ctx, event); out.Status != 201 {
			t.Fatalf("%d %s", out.Status, out.Body)
		}
	}
}

func TestAllocationsOfAnEarn(t *testing.T) {
	const runs = 100
	earn := earnOnce(t)
	// Most processes take 106 allocations per order, and a few take up to 2 more.
	if n := testing.AllocsPerRun(runs, earn); n > 108 {
		t.Errorf("an order with one line item takes %v allocations", n)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		earn()
	}
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) / runs; n > 21<<10 {
		t.Errorf("an order with one line item allocates %d bytes", n)
	}
}

// BenchmarkEarnOnce measures the same handler as TestAllocationsOfAnEarn.
func BenchmarkEarnOnce(b *testing.B) {
	earn := earnOnce(b)
	b.ReportAllocs()
	for b.Loop() {
		earn()
	}
}
