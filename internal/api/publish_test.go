package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
)

func TestPublishingChangesWhatOrdersEarn(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w := newWorld(t, tab)
		dearer := strings.Replace(plainSource(t), "cost: 500", "cost: 450", 1)
		body, _ := json.Marshal(map[string]string{"source": dearer})
		w.must("POST", "/v1/program/check", string(body))
		w.must("PUT", "/v1/program/draft", string(body))
		if a := w.post("POST", "/v1/program/publish", `{"after": 7}`); a.code() != string(versionConflict) {
			t.Errorf("publishing behind a version that is not live: %d %s", a.status, a.body)
		}
		for range 2 { // the second changes nothing
			a := w.post("POST", "/v1/program/publish", `{"after": 1}`)
			if v, _ := lookup(a.json, "version"); v != 2.0 {
				t.Fatalf("published %s", a.body)
			}
		}
		if v, _ := lookup(w.post("GET", "/v1/rewards", "").json, "data.0.points"); v != 450.0 {
			t.Errorf("the reward costs %v at once after publishing", v)
		}
		if v, _ := lookup(w.post("POST", "/v1/program/rollback", `{"version": 1}`).json, "version"); v != 3.0 {
			t.Errorf("going back made version %v", v)
		}
		if v, _ := lookup(w.post("GET", "/v1/rewards", "").json, "data.0.points"); v != 500.0 {
			t.Errorf("the reward costs %v after going back", v)
		}
		a := w.do(request{method: "GET", path: "/v1/program/versions?page_size=2"})
		next, _ := lookup(a.json, "next_cursor")
		if status, _ := lookup(a.json, "data.0.status"); status != "live" || next == nil {
			t.Errorf("versions: %s", a.body)
		}
		foreign := request{method: "GET", path: "/v1/program/versions?cursor=" + next.(string), key: "other"}
		if got := summary(w.do(foreign)); got != "400 invalid_cursor" {
			t.Errorf("another program's cursor: %s", got)
		}
		a = w.do(request{method: "GET", path: "/v1/program/versions?cursor=" + next.(string)})
		if v, _ := lookup(a.json, "data.0.version"); v != 1.0 {
			t.Errorf("the last page of versions: %s", a.body)
		}
	})
}

func TestAKeyCannotPublishAnotherProgramsFile(t *testing.T) {
	w := newWorld(t, memory(t))
	body, _ := json.Marshal(map[string]string{"source": plainSource(t)})
	put := request{method: "PUT", path: "/v1/program/draft", key: "other", body: body}
	if a := w.do(put); a.status != 200 {
		t.Fatalf("a draft may be anything: %d %s", a.status, a.body)
	}
	before := w.dump()
	a := w.do(request{method: "POST", path: "/v1/program/publish", key: "other", body: []byte("{}")})
	if a.status != 422 || w.dump() != before {
		t.Errorf("publishing another program's file: %d %s", a.status, a.body)
	}
}
