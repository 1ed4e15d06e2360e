package api

import (
	"strings"
	"testing"
)

// TestExportPageIsEscaped renders the export of a member whose data contains markup, in German.
func TestExportPageIsEscaped(t *testing.T) {
	w := newWorld(t, memory(t))
	ada := w.must("POST", "/v1/members", `{"name": "<script>alert(1)</script> & Ada", "locale": "de-AT"}`)
	w.must("POST", "/v1/members/"+ada+"/adjustments", `{"points": 5, "reason": "<img src=x>"}`)
	page := string(w.do(sentRequest{method: "GET", path: "/v1/members/" + ada + "/export/page"}).body)
	for _, want := range []string{
		`<html lang="de">`, "<h1>Ihre Daten</h1>", "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Ada",
		"&lt;img src=x&gt;", ada,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	for _, not := range []string{"<script", "<img"} {
		if strings.Contains(page, not) {
			t.Errorf("the page contains %q:\n%s", not, page)
		}
	}
}

// TestExportHasPages exports a member with more entries than one page contains.
func TestExportHasPages(t *testing.T) {
	w := newWorld(t, memory(t))
	ada := w.must("POST", "/v1/members", `{"name": "Ada"}`)
	for range exportedEntries {
		w.must("POST", "/v1/members/"+ada+"/adjustments", `{"points": 5, "reason": "many"}`)
	}
	page := string(w.do(sentRequest{method: "GET", path: "/v1/members/" + ada + "/export/page"}).body)
	if !strings.Contains(page, "Older entries are on the next page.") {
		t.Errorf("the page does not mention the next one:\n%s", page)
	}
	seen := map[any]bool{}
	query := ""
	for n := 0; n == 0 || query != ""; n++ {
		a := w.do(sentRequest{method: "GET", path: "/v1/members/" + ada + "/export" + query})
		export := a.json.(map[string]any)
		for _, e := range export["entries"].([]any) {
			seen[e.(map[string]any)["id"]] = true
		}
		query = ""
		if next, ok := export["next_cursor"].(string); ok {
			query = "?cursor=" + next
		}
		if n > 1 {
			t.Fatal("more than two pages")
		}
	}
	if len(seen) != exportedEntries+1 {
		t.Errorf("exported %d entries", len(seen))
	}
}
