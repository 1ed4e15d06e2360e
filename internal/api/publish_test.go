package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

func TestPublishingChangesWhatOrdersEarn(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w := newWorld(t, tab)
		dearer := strings.Replace(plainSource(t), "cost: 500", "cost: 450", 1)
		body, _ := json.Marshal(map[string]string{"source": dearer})
		w.must("POST", "/v1/program/validate", string(body))
		w.must("PUT", "/v1/program/draft", string(body))
		if a := w.post("POST", "/v1/program/publish", `{"after": 7}`); a.code() != string(request.VersionConflict) {
			t.Errorf("publishing behind a version that is not live: %d %s", a.status, a.body)
		}
		for range 2 { // the second request changes nothing
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
		a := w.do(sentRequest{method: "GET", path: "/v1/program/versions?page_size=2"})
		next, _ := lookup(a.json, "next_cursor")
		if status, _ := lookup(a.json, "data.0.status"); status != "live" || next == nil {
			t.Errorf("versions: %s", a.body)
		}
		foreign := sentRequest{method: "GET", path: "/v1/program/versions?cursor=" + next.(string), key: "other"}
		if got := summary(w.do(foreign)); got != "400 invalid_cursor" {
			t.Errorf("another program's cursor: %s", got)
		}
		a = w.do(sentRequest{method: "GET", path: "/v1/program/versions?cursor=" + next.(string)})
		if v, _ := lookup(a.json, "data.0.version"); v != 1.0 {
			t.Errorf("the last page of versions: %s", a.body)
		}
	})
}

func TestAKeyCannotPublishAnotherProgramsFile(t *testing.T) {
	w := newWorld(t, memory(t))
	body, _ := json.Marshal(map[string]string{"source": plainSource(t)})
	put := sentRequest{method: "PUT", path: "/v1/program/draft", key: "other", body: body}
	if a := w.do(put); a.status != 200 {
		t.Fatalf("a draft may be anything: %d %s", a.status, a.body)
	}
	before := w.dump()
	a := w.do(sentRequest{method: "POST", path: "/v1/program/publish", key: "other", body: []byte("{}")})
	if a.status != 422 || w.dump() != before {
		t.Errorf("publishing another program's file: %d %s", a.status, a.body)
	}
}

// A program file may have 5,000 campaigns. The draft, the version and its snapshot are then stored in parts.
func TestPublishFiveThousandCampaigns(t *testing.T) {
	w := newWorld(t, memory(t))
	member := w.must("POST", "/v1/members", `{}`)
	source := func(campaigns int) string {
		var s strings.Builder
		s.WriteString(plainSource(t) + "campaigns:\n")
		for i := range campaigns {
			fmt.Fprintf(&s, "  - { id: campaign-%d, from: 2026-01-01T00:00, until: 2027-12-01T00:00, fixed: 7,"+
				" categories: [category-%[1]d], name: { en: Seven points for category %[1]d } }\n", i)
		}
		return s.String()
	}
	save := func(source string) {
		t.Helper()
		body, _ := json.Marshal(map[string]string{"source": source})
		w.must("PUT", "/v1/program/draft", string(body))
	}
	save(source(5001))
	before := w.dump()
	a := w.post("POST", "/v1/program/publish", `{}`)
	pointer, _ := lookup(a.json, "errors.0.pointer")
	detail, _ := lookup(a.json, "errors.0.detail")
	if a.status != 422 || a.code() != string(loyalty.ValidationFailed) || pointer != "campaigns" ||
		!strings.Contains(
			fmt.Sprint(detail), "has 5001 entries; at most 5000 are allowed: remove 1",
		) || w.dump() != before {
		t.Errorf("5,001 campaigns: %d %.500s", a.status, a.body)
	}
	save(source(5000))
	if a := w.post("POST", "/v1/program/publish", `{}`); a.status != 200 {
		t.Fatalf("5,000 campaigns: %d %.500s", a.status, a.body)
	}
	w.must("POST", "/v1/program/validate", `{}`) // compares the draft with the version
	if got := w.get("/v1/program")["source"]; got != source(5000) {
		t.Error("the published source differs from the draft")
	}
	a = w.post("PUT", "/v1/orders/1", jsonOf(map[string]any{
		"member": member, "placed_at": w.clock(), "currency": "EUR", "status": "paid",
		"line_items": []any{map[string]any{"id": "1", "category": "category-4999", "quantity": 1, "amount": 1000}},
	}))
	if points, _ := lookup(a.json, "points"); points != 17.0 {
		t.Errorf("an order that matches the last campaign gives %v points, want 10 + 7: %s", points, a.body)
	}
	save(strings.Repeat("#", 2_000_000))
	body, _ := json.Marshal(map[string]string{"source": strings.Repeat("#", 2_000_001)})
	a = w.post("PUT", "/v1/program/draft", string(body))
	if pointer, _ := lookup(a.json, "errors.0.pointer"); a.status != 422 || pointer != "/source" {
		t.Errorf("a file that is too long: %d %.500s", a.status, a.body)
	}
}

// A recalled version must not price orders that were not accepted before.
func TestVersionIsRecalledByTheAPI(t *testing.T) {
	w := newWorld(t, memory(t))
	m := w.must("POST", "/v1/members", `{}`)
	publish := func(rate, body string) answered {
		t.Helper()
		source, _ := json.Marshal(
			map[string]string{"source": strings.Replace(plainSource(t), "EUR: 1 per 1.00", rate, 1)},
		)
		w.must("PUT", "/v1/program/draft", string(source))
		return w.post("POST", "/v1/program/publish", body)
	}
	order := func(id string, ago time.Duration) any {
		t.Helper()
		a := w.post("PUT", "/v1/orders/"+id, jsonOf(map[string]any{
			"member": m, "placed_at": w.clock().Add(-ago), "currency": "EUR", "status": "paid",
			"line_items": []any{map[string]any{"id": "1", "quantity": 1, "amount": 1000}},
		}))
		n, _ := lookup(a.json, "points")
		return n
	}
	w.advance(time.Hour)
	publish("EUR: 40 per 1.00", `{}`)
	w.advance(time.Hour)
	if got := order("accepted", time.Minute); got != 400.0 {
		t.Errorf("before it is recalled the version gives %v", got)
	}
	if a := publish("EUR: 3 per 1.00", `{"recall": true, "effective_at": "2026-12-09T00:00:00Z"}`); a.status != 422 {
		t.Errorf("a recall at a later instant: %d %s", a.status, a.body)
	}
	if a := publish("EUR: 3 per 1.00", `{"recall": true}`); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	w.advance(time.Hour)
	if got := order("late", 90*time.Minute); got != 10.0 {
		t.Errorf("an order of the recalled version's time gives %v", got)
	}
	if got := order("present", 0); got != 30.0 {
		t.Errorf("a new order gives %v", got)
	}
	if a := w.post("POST", "/v1/program/rollback", `{"version": 1, "recall": true}`); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	w.advance(time.Hour)
	if got := order("later", 90*time.Minute); got != 10.0 {
		t.Errorf("an order of another recalled version's time gives %v", got)
	}
	versions := w.get("/v1/program/versions")["data"].([]any)
	for i, want := range []string{"live", "recalled", "recalled", "past"} {
		if got := versions[i].(map[string]any)["status"]; got != want {
			t.Errorf("version %d is %v, want %s", len(versions)-i, got, want)
		}
	}
}
