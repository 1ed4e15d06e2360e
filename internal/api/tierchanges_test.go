package api

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"
)

// The list of tier changes must include the changes of a draft even if time passes during the request.
func TestLevelChangesOfDraftWhileTimePasses(t *testing.T) {
	w := newWorld(t, memory(t))
	source, err := os.ReadFile("../program/bluebird.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w.publish("bluebird", source, 1)
	w.must("POST", "/v1/members", `{"external_id": "ada"}`)
	w.must("PUT",
		"/v1/orders/1", `{"member": "external:ada", "placed_at": "2026-12-01T10:00:00Z", "currency": "EUR",
		"status": "paid", "line_items": [{"id": "1", "quantity": 1, "amount": 20000}]}`)
	draft := bytes.Replace(source, []byte("from: 500,"), []byte("from: 100,"), 1)
	body, err := json.Marshal(map[string]string{"source": string(draft)})
	if err != nil {
		t.Fatal(err)
	}
	w.must("PUT", "/v1/program/draft", string(body))
	for _, tick := range []time.Duration{0, time.Millisecond, time.Second} {
		w.tick = tick
		for query, want := range map[string]string{"": "[]", "?draft=full": "silver", "?draft=upgrade_only": "silver"} {
			a := w.do(sentRequest{method: "GET", path: "/v1/program/tier-changes" + query})
			if a.status != 200 || !bytes.Contains(a.body, []byte(want)) ||
				!bytes.Contains(a.body, []byte(`"evaluated":1`)) {
				t.Errorf("%s, %s a look: %d %s", query, tick, a.status, a.body)
			}
		}
	}
}
