package api

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/perennial-loyalty/perennial/internal/goldentest"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
)

// examplesMarker is the line of openapi.yaml below which all lines are written by TestGoldenExamples.
const examplesMarker = "  # The examples are actual exchanges. " +
	"Write them with: go test ./internal/api -run TestGolden -update\n"

// TestGoldenExamples runs testdata/examples/examples.txt and compares the examples in openapi.yaml with the first
// successful exchange of each operation, and with recorded rejections. All identifiers are the same in each run,
// because the clock and the source of randomness are. The examples of webhooks are compared in package payments.
// It runs after the tests of golden files, from which it reads the rejections.
func TestGoldenExamples(t *testing.T) {
	document, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	spec := parseSpec(t, withoutExamples(document))
	examples := openWorld(t, memory(t), seedtest.Random(14), spec).examples("testdata/examples/examples.txt")
	for operation, problems := range problemExamples(t, spec) {
		examples[operation] = append(examples[operation], problems...)
	}
	want := withExamples(t, string(document), examples)
	if *goldentest.Update {
		if err := os.WriteFile("openapi.yaml", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := goldentest.Difference(string(document), want); diff != "" {
		t.Errorf("the examples in openapi.yaml are not the actual exchanges; run this test with -update: %s", diff)
	}
}

// examples runs a script and returns the first successful exchange of each operation by operationId.
func (w *world) examples(file string) map[string]yaml.MapSlice {
	w.t.Helper()
	examples := map[string]yaml.MapSlice{}
	w.exchanged = func(r sentRequest, a answered, pattern string) {
		_, op := w.spec.operation(pattern)
		if a.status >= 300 || op == nil || examples[op.OperationID] != nil {
			return
		}
		var of yaml.MapSlice
		if len(r.body) > 0 {
			of = append(of, exampleOf(w.t, op.OperationID+"Request", r.body))
		}
		examples[op.OperationID] = append(of, exampleOf(w.t, op.OperationID+"Response", a.body))
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	s := &script{world: w, file: file, vars: map[string]string{}, replayed: map[string]bool{}}
	s.run(strings.Split(string(raw), "\n"))
	w.unsubscribe(loyalty.MemberID(s.vars["ada"]))
	w.operator("operator:owner2")
	token, state := w.signIn("bluebird", map[string]any{
		"sub": "o-1", "email": "owner2@shop.test", "email_verified": true,
	})
	w.complete(token, state, issuerCode)
	return examples
}

// unsubscribe opens the link of a message to the member and presses its button.
func (w *world) unsubscribe(member loyalty.MemberID) {
	link := w.office(w.app).Links.Unsubscribe(notify.Subscription{
		Program: "bluebird", Member: member, Channel: loyalty.Email, Purpose: loyalty.Transactional,
	})
	for _, method := range []string{"GET", "POST"} {
		w.do(
			sentRequest{
				method: method, path: strings.TrimPrefix(link, "https://api.test"),
				header: map[string]string{"Authorization": ""},
			},
		)
	}
}

func exampleOf(t testing.TB, name string, body []byte) yaml.MapItem {
	t.Helper()
	var value any = string(body)
	if json.Valid(body) {
		if err := yaml.UnmarshalWithOptions(body, &value, yaml.UseOrderedMap()); err != nil {
			t.Fatal(err)
		}
	}
	return yaml.MapItem{Key: name, Value: yaml.MapSlice{{Key: "value", Value: value}}}
}

var (
	operationLine = regexp.MustCompile(`^      operationId: (\w+)$`)
	exampleName   = regexp.MustCompile(`#/components/examples/\w+(Request|Response|\d{3})\b`)
)

// withoutExamples returns the document without examples, whose references may be broken before they are written.
func withoutExamples(document []byte) []byte {
	head, _, _ := strings.Cut(string(document), examplesMarker)
	return regexp.MustCompile(`(?m)^ +examples: \{ example: .*\n`).ReplaceAll([]byte(head), nil)
}

// withExamples returns the document with the examples, in the order of its operations, and with their names in the
// operations.
func withExamples(t *testing.T, document string, examples map[string]yaml.MapSlice) string {
	t.Helper()
	head, _, found := strings.Cut(document, examplesMarker)
	if !found {
		t.Fatalf("openapi.yaml does not have the line %q", examplesMarker)
	}
	var all yaml.MapSlice
	lines := strings.Split(head, "\n")
	operation := ""
	for i, line := range lines {
		if m := operationLine.FindStringSubmatch(line); m != nil {
			operation = m[1]
			all = append(all, examples[operation]...)
		}
		lines[i] = exampleName.ReplaceAllString(line, "#/components/examples/"+operation+"$1")
	}
	all = append(all, examples[""]...)
	text, err := yaml.MarshalWithOptions(
		yaml.MapSlice{{Key: "examples", Value: all}}, yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true),
	)
	if err != nil {
		t.Fatal(err)
	}
	indented := regexp.MustCompile(`(?m)^.`).ReplaceAllString(string(text), "  $0")
	indented = regexp.MustCompile(`(?m)^ +$`).ReplaceAllString(indented, "")
	return strings.Join(lines, "\n") + examplesMarker + indented
}
