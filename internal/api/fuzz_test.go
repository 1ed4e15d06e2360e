package api

import (
	"slices"
	"strings"
	"testing"
)

// FuzzPutOrder sends arbitrary bytes as an order. The answer must be one that openapi.yaml lists, and never a 500. A
// rejected order must change nothing.
func FuzzPutOrder(f *testing.F) {
	w := newWorld(f, memory(f))
	ada := w.must("POST", "/v1/members", `{"external_id": "cust"}`)
	for _, seed := range orderSeeds(ada) {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w.t = t
		before := w.dump()
		a, _ := w.send(sentRequest{method: "PUT", path: "/v1/orders/fuzz", body: append([]byte{}, body...)})
		if !slices.Contains([]int{200, 201, 400, 404, 413, 422}, a.status) {
			t.Errorf("%q answers %d %s", body, a.status, a.body)
		}
		if a.status >= 400 && w.dump() != before {
			t.Errorf("%q was refused, but left a trace", body)
		}
	})
}

// orderSeeds returns bodies of orders of a member with the external ID cust. Most of them are invalid.
func orderSeeds(ada string) []string {
	good := `{"member":"external:cust","placed_at":"2026-12-01T10:00:00Z","currency":"EUR","status":"paid",` +
		`"line_items": [{"id":"1","quantity":1,"amount":100}]}`
	return []string{
		good, `{`, ``, `null`, "\x00", "\xff\xfe", `{"line_items": [{"amount":1e999}]}`,
		strings.Replace(good, "100", "-0", 1),
		strings.Replace(good, "external:cust", ada, 1), strings.Replace(good, "1}]", "1},null]", 1),
		strings.Replace(good, "2026-12-01T10", "2026-12-01T24", 1), strings.Replace(good, `"EUR"`, `"\ud83d\ude00"`, 1),
		strings.Replace(good,
			`"line_items"`, `"store":"tokyo","store_timezone":"Asia/Tokyo","shipped_at":"2026-12-01T10:00:00Z",
			"delivered_at":"2026-12-01T10:00:01Z",
			"tenders":[{"kind":"card","name":"Visa","amount":1}],
			"disputes":[{"id":"d","at":"2026-12-01T10:00:00Z","status":"open","amount":50}],"line_items"`, 1),
	}
}

// FuzzPutEvent sends arbitrary bytes as an event, whose data contains numbers that must stay exact.
func FuzzPutEvent(f *testing.F) {
	w := newWorld(f, memory(f))
	w.publish("bluebird", []byte(programSource(f, "generous")), 1)
	ada := w.must("POST", "/v1/members", `{"external_id": "cust"}`)
	for _, seed := range eventSeeds(ada) {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w.t = t
		before := w.dump()
		a, _ := w.send(sentRequest{method: "POST", path: "/v1/events", body: append([]byte{}, body...)})
		if !slices.Contains([]int{200, 201, 400, 404, 413, 422}, a.status) {
			t.Errorf("%q answers %d %s", body, a.status, a.body)
		}
		if a.status >= 400 && w.dump() != before {
			t.Errorf("%q was refused, but left a trace", body)
		}
	})
}

// eventSeeds returns bodies of events of a member with the external ID cust. Most of them are invalid.
func eventSeeds(ada string) []string {
	good := `{"member":"external:cust","type":"quiz.played","id":"fuzz","at":"2026-12-01T10:00:00Z",` +
		`"data":{"score":7.5,"perfect":true,"team":"a"}}`
	return []string{
		good, `{`, ``, `null`, "\x00", "\xff\xfe", strings.Replace(good, "7.5", "1e999", 1),
		strings.Replace(good, "7.5", "-0.000001", 1),
		strings.Replace(good, "7.5", "999999999999999.999999", 1), strings.Replace(good, `"a"`, `"\ud83d\ude00\n"`, 1),
		strings.Replace(good, "external:cust", ada, 1), strings.Replace(good, "quiz.played", "review.approved", 1),
		strings.Replace(good, "quiz.played", "member.joined", 1), strings.Replace(good, `"score"`, `"a/b~c"`, 1),
		strings.Replace(good, `{"score"`, `{"x":{"y":[]},"score"`, 1), strings.Replace(good, "true", "null", 1),
	}
}
