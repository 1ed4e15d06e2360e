package main

import (
	"bufio"
	"encoding/json"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// TestPublicNamesUseReviewedWords splits every public name into words: fields, values, parameters, operations, schemas
// and routes of the API, error codes, keys and values of program files, commands and flags. Each word must be in
// testdata/words.txt. Review a new word there before you add it: it must be the term of the field for its concept.
func TestPublicNamesUseReviewedWords(t *testing.T) {
	reviewed := map[string]bool{}
	for _, word := range reviewedWords(t) {
		reviewed[word] = true
	}
	used := map[string]bool{}
	for name := range publicNames(t) {
		for _, word := range wordsOf(name) {
			used[word] = true
			if !reviewed[word] {
				t.Errorf("the word %q of the public name %s is not in testdata/words.txt", word, name)
			}
		}
	}
	for _, word := range slices.Sorted(maps.Keys(reviewed)) {
		if !used[word] {
			t.Errorf("no public name contains the word %q of testdata/words.txt", word)
		}
	}
	if len(used) < 500 {
		t.Errorf("only %d words were found", len(used))
	}
}

// TestReplacedNamesDoNotReturn rejects names that were replaced by a term of the field.
func TestReplacedNamesDoNotReturn(t *testing.T) {
	names := publicNames(t)
	for _, name := range []string{
		"because", "lacks", "lapsed", "lapse", "ladders", "ladder", "given", "given_back", "undone", "undo_until",
		"pieces",
		"places", "waits", "first_call_until", "drawn", "head", "looked_at", "acted", "held", "held_acted", "excluded",
		"kept", "not_sent", "have", "needed", "gives", "about", "fulfil", "fulfilment", "by_hand", "members_would_earn",
		"year_from", "cancelled", "refuse", "join", "try_again", "redeeming", "take_back", "debt_at_most",
		"back_within", "no_surprise", "answer_within", "unanswered", "beyond", "say", "shown", "drops",
		"birthday_locked_for", "join_wait", "elements", "reaches", "tail", "welcome", "welcome_again", "floors",
		"guard",
		"waiting_list", "hold_expired", "hold_already_resolved", "catch-up", "reassess", "plan",
	} {
		if from, ok := names[name]; ok {
			t.Errorf("%s is a public name again (%s)", name, from)
		}
	}
}

// wordsOf splits a name at underscores, hyphens, dots and capital letters.
func wordsOf(name string) (words []string) {
	name = regexp.MustCompile(`([a-z0-9])([A-Z])`).ReplaceAllString(name, "$1 $2")
	name = regexp.MustCompile(`([A-Z]+)([A-Z][a-z])`).ReplaceAllString(name, "$1 $2")
	for _, word := range regexp.MustCompile(`[A-Za-z]+`).FindAllString(name, -1) {
		words = append(words, strings.ToLower(word))
	}
	return words
}

func reviewedWords(t *testing.T) (words []string) {
	t.Helper()
	text, err := os.ReadFile("testdata/words.txt")
	if err != nil {
		t.Fatal(err)
	}
	for in := bufio.NewScanner(strings.NewReader(string(text))); in.Scan(); {
		if line := in.Text(); !strings.HasPrefix(line, "#") {
			words = append(words, strings.Fields(line)...)
		}
	}
	if !slices.IsSorted(words) {
		t.Error("the words of testdata/words.txt are not sorted")
	}
	return words
}

// publicNames returns each public name and where it is defined.
func publicNames(t *testing.T) map[string]string {
	t.Helper()
	names := map[string]string{}
	add := func(name, from string) { names[name] = from }
	apiNames(t, add)
	schemaNames(t, add)
	model, err := kong.New(&commands{}, helpTexts)
	if err != nil {
		t.Fatal(err)
	}
	commandNames(model.Model.Node, add)
	return names
}

func apiNames(t *testing.T, add func(name, from string)) {
	t.Helper()
	text, err := os.ReadFile("../../internal/api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	components, _ := doc["components"].(map[string]any)
	delete(components, "examples")
	for name := range components["schemas"].(map[string]any) {
		add(name, "schema of the API")
	}
	for path, item := range doc["paths"].(map[string]any) {
		add(path, "route of the API")
		for _, op := range item.(map[string]any) {
			if op, ok := op.(map[string]any); ok && op["operationId"] != nil {
				add(op["operationId"].(string), "operation of the API")
			}
		}
	}
	fieldsAndValues(doc, "API", add)
	for _, code := range regexp.MustCompile("`([a-z]+(_[a-z]+)+)`").FindAllStringSubmatch(string(text), -1) {
		add(code[1], "name in a description of the API, such as an error code")
	}
}

func schemaNames(t *testing.T, add func(name, from string)) {
	t.Helper()
	text, err := os.ReadFile("../../internal/program/document/program-v1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	fieldsAndValues(doc, "program file", add)
}

// fieldsAndValues adds the properties, enumerated values and parameters of a schema and all schemas in it.
func fieldsAndValues(v any, of string, add func(name, from string)) {
	switch v := v.(type) {
	case map[string]any:
		if properties, ok := v["properties"].(map[string]any); ok {
			for name := range properties {
				add(name, "field of the "+of)
			}
		}
		values, _ := v["enum"].([]any)
		for _, value := range append(values, v["const"]) {
			if value, ok := value.(string); ok {
				add(value, "value of the "+of)
			}
		}
		if name, ok := v["name"].(string); ok && v["in"] != nil {
			add(name, "parameter of the "+of)
		}
		for key, child := range v {
			if key != "example" && key != "examples" {
				fieldsAndValues(child, of, add)
			}
		}
	case []any:
		for _, child := range v {
			fieldsAndValues(child, of, add)
		}
	}
}

func commandNames(n *kong.Node, add func(name, from string)) {
	if n.Type == kong.CommandNode {
		add(n.Name, "command")
	}
	for _, flag := range n.Flags {
		add(flag.Name, "flag")
		for _, value := range strings.Split(flag.Enum, ",") {
			add(value, "value of a flag")
		}
	}
	for _, child := range n.Children {
		commandNames(child, add)
	}
}

// TestGlossaryEntriesAreComplete checks that every entry of the glossary in the package comment of loyalty has a
// definition and names a system that uses the term, and that no term has two entries.
func TestGlossaryEntriesAreComplete(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../internal/loyalty/glossary.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	_, list, ok := strings.Cut(file.Doc.Text(), "# Glossary")
	if !ok {
		t.Fatal("the package comment has no glossary")
	}
	entry := regexp.MustCompile(`(?s)^([a-z][a-z -]*): ([A-Z].*\.) \[([^\]]+)\]$`)
	seen, last := map[string]bool{}, ""
	for _, item := range strings.Split(list, "\n  - ")[1:] {
		m := entry.FindStringSubmatch(strings.Join(strings.Fields(item), " "))
		if m == nil {
			t.Errorf("not an entry of the form \"term: Definition. [System]\": %s", item)
			continue
		}
		if seen[m[1]] || m[1] < last {
			t.Errorf("%q has two entries or is not in alphabetical order", m[1])
		}
		seen[m[1]], last = true, m[1]
	}
	if len(seen) < 60 {
		t.Errorf("the glossary has %d entries, fewer than 60", len(seen))
	}
}

// TestPublicNamesContainCommands checks that publicNames still finds names of each kind, such as commands, if kong's
// model changes.
func TestPublicNamesContainCommands(t *testing.T) {
	names := publicNames(t)
	for _, name := range []string{
		"dev", "validate", "backfill", "tier-changes", "line_items", "createMember", "frequency_caps", "not_found",
	} {
		if names[name] == "" {
			t.Errorf("%s is not found among the public names", name)
		}
	}
}
