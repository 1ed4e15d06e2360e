package api

import (
	"errors"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A rejected names a kind of rejection: a route's pattern and an error code.
type rejected struct{ pattern, code string }

// problemExamples returns examples of the error responses in the document, by operationId. The examples of responses
// that operations share are under the empty string. Each example is a recorded rejection with the first possible code.
func problemExamples(t *testing.T, s *spec) map[string]yaml.MapSlice {
	t.Helper()
	recorded := recordedProblems(t)
	out, done := map[string]yaml.MapSlice{}, map[string]bool{}
	for _, r := range request.Routes() {
		_, op := s.operation(r.Pattern)
		listed := codes(op)
		for _, status := range slices.Sorted(maps.Keys(listed)) {
			owner, name := op.OperationID, op.OperationID+strconv.Itoa(status)
			if ref := op.Responses.Status(status).Ref; ref != "" {
				owner, name = "", path.Base(ref)+"Problem"
			}
			i := slices.IndexFunc(
				listed[status], func(code string) bool { return recorded[rejected{r.Pattern, code}] != nil },
			)
			if status < 400 || done[name] || i < 0 {
				continue
			}
			out[owner] = append(out[owner], exampleOf(t, name, recorded[rejected{r.Pattern, listed[status][i]}]))
			done[name] = true
		}
	}
	return out
}

// transcriptLine matches a rejected request in a golden file.
var transcriptLine = regexp.MustCompile(`(?m)^([A-Z]+) (\S+) => [45]\d\d (\{.*\})$`)

// recordedProblems returns the first problem document of each kind: those in the golden files, and those of requests
// that are too large or fail.
func recordedProblems(t *testing.T) map[rejected][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[rejected][]byte{}
	add := func(method, target string, body []byte) {
		target, _, _ = strings.Cut(target, "?")
		code := regexp.MustCompile(`"code":"(\w+)","request_id"`).FindSubmatch(body)
		for _, r := range request.Routes() {
			of, pattern, _ := strings.Cut(r.Pattern, " ")
			if code == nil || of != method || !request.Matches(pattern, target) {
				continue
			}
			if kind := (rejected{r.Pattern, string(code[1])}); out[kind] == nil {
				out[kind] = body
			}
		}
	}
	for _, file := range files {
		transcript, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range transcriptLine.FindAllSubmatch(transcript, -1) {
			add(string(m[1]), string(m[2]), m[3])
		}
	}
	w := openWorld(t, memory(t), nil, nil)
	large := sentRequest{method: "POST", path: "/v1/members", body: []byte(strings.Repeat(" ", 256<<10) + "{}")}
	add(large.method, large.path, w.do(large).body)
	guest := sentRequest{method: "GET", path: "/v1/programs/bluebird/rewards", key: "none"}
	for range 60 {
		w.do(guest)
	}
	add(guest.method, guest.path, w.do(guest).body)
	for _, failure := range []error{table.ErrBusy, errors.New("the table is unavailable")} {
		tab := &failing{Table: memory(t), err: failure}
		w, read := openWorld(t, tab, nil, nil), sentRequest{method: "GET", path: "/v1/members/mem_ada"}
		tab.arm(1)
		add(read.method, read.path, w.do(read).body)
	}
	return out
}
