package api

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A damaged account, here with a negative lot, must not be written again, and must raise the alarm.
func TestViolatedInvariantIsCountedAndWritesNothing(t *testing.T) {
	w := newWorld(t, memory(t))
	ada := w.must("POST", "/v1/members", `{}`)
	w.must("POST", "/v1/members/"+ada+"/adjustments", `{"points": 100, "reason": "goodwill"}`)
	it, err := w.app.Table.Get(t.Context(), table.Key{PK: "P#bluebird#M#" + ada, SK: "ACCOUNT"})
	if err != nil {
		t.Fatal(err)
	}
	was := it.Doc
	it.Doc = regexp.MustCompile(`("lots":\[[0-9]*,)100\b`).ReplaceAll(it.Doc, []byte("${1}-100"))
	if bytes.Equal(it.Doc, was) {
		t.Fatalf("the account has no lot of 100 points: %s", was)
	}
	if err := w.app.Table.Transact(t.Context(), table.Put(it)); err != nil {
		t.Fatal(err)
	}
	before := w.dump()
	w.log.Reset()
	a := w.post("POST", "/v1/members/"+ada+"/adjustments", `{"points": 5, "reason": "goodwill"}`)
	if summary(a) != "500 internal_error" || strings.Contains(string(a.body), "lot") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if w.dump() != before {
		t.Error("something was written")
	}
	for _, want := range []string{`"InvariantViolations":1`, `"Errors":1`, "would be -95 after entry"} {
		if !strings.Contains(w.log.String(), want) {
			t.Errorf("the log has no %s: %s", want, w.log.String())
		}
	}
}
