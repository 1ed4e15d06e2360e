package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

const benchOrder = `{"member":%q,"placed_at":"2026-12-01T10:00:00Z","currency":"EUR","channel":"web","status":"paid",` +
	`"line_items": [{"id":"1","sku":"BEAN-1","category":"coffee-beans","quantity":2,"amount":2999},` +
	`{"id":"2","sku":"MUG-1","category":"mugs","quantity":1,"amount":%d},{"id":"3","sku":"TEA-1","quantity":1,` +
	`"amount":799}],` +
	`"discount":100,"shipping":490,"tax":0,"tenders":[{"kind":"card","amount":4489}]}`

// BenchmarkPutOrder measures a new order with three line items through the whole function, including the log line, over
// an in-memory table.
func BenchmarkPutOrder(b *testing.B) {
	w, events := benchWorld(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		out, err := w.handlers["earn"].Invoke(b.Context(), events(i))
		if err != nil || string(out[:17]) != `{"statusCode":201` {
			b.Fatal(string(out), err)
		}
	}
}

// BenchmarkRefuseOrder measures an order that is decoded in full and rejected for one fault, so that the ledger does
// nothing.
func BenchmarkRefuseOrder(b *testing.B) {
	w, _ := benchWorld(b)
	r := sentRequest{
		method: "PUT", path: "/v1/orders/1", body: fmt.Appendf(nil, benchOrder, "mem_00000000000000000000", -1),
	}
	payload, _ := json.Marshal(w.event(r, "PUT /v1/orders/{order}", map[string]string{"order": "1"}))
	b.ReportAllocs()
	for b.Loop() {
		if out, _ := w.handlers["earn"].Invoke(b.Context(), payload); string(out[:17]) != `{"statusCode":422` {
			b.Fatal(string(out))
		}
	}
}

func benchWorld(b *testing.B) (*world, func(i int) []byte) {
	w := newWorld(b, memory(b))
	w.app.Log = telemetry.NewLog(io.Discard, slog.LevelInfo, "test")
	var members []string
	for range 5000 { // so that no member has more orders than a realistic one
		a, _ := w.send(sentRequest{method: "POST", path: "/v1/members", body: []byte("{}")})
		members = append(members, a.json.(map[string]any)["id"].(string))
	}
	r := sentRequest{method: "PUT", path: "/v1/orders/o", body: fmt.Appendf(nil, benchOrder, "MEMBER", 1200)}
	payload, _ := json.Marshal(w.event(r, "PUT /v1/orders/{order}", map[string]string{"order": "ORDER"}))
	parts := bytes.Split(payload, []byte("MEMBER"))
	before, after, _ := bytes.Cut(parts[1], []byte("ORDER"))
	return w, func(i int) []byte {
		out := append([]byte(nil), parts[0]...)
		out = append(out, members[i%len(members)]...)
		out = append(out, before...)
		return append(strconv.AppendInt(out, int64(i), 10), after...)
	}
}
