package program

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// schemaSource is the JSON Schema (draft-07) of the whole form.
//
//go:embed program-v1.schema.json
var schemaSource []byte

// A form is the compiled schema, and the same schema as plain values, from which problems look up the expected
// values.
type form struct {
	schema *jsonschema.Schema
	plain  any
}

const schemaName = "file:///program-v1.schema.json"

var theForm = sync.OnceValues(func() (form, error) {
	plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaSource))
	if err != nil {
		return form{}, fmt.Errorf("program: read the schema: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(schemaName, plain); err != nil {
		return form{}, fmt.Errorf("program: add the schema: %w", err)
	}
	schema, err := compiler.Compile(schemaName)
	if err != nil {
		return form{}, fmt.Errorf("program: compile the schema: %w", err)
	}
	return form{schema, plain}, nil
})

// structure validates the tree against the schema.
func structure(root *node) Problems {
	f, err := theForm()
	if err != nil {
		panic(err) // cannot happen: the schema is part of the binary
	}
	err = f.schema.Validate(root.json())
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	return f.leaves(root, invalid)
}

// leaves converts the innermost errors to problems. The outer errors only report that inner ones exist.
func (f form) leaves(root *node, e *jsonschema.ValidationError) (problems Problems) {
	for _, cause := range e.Causes {
		problems = append(problems, f.leaves(root, cause)...)
	}
	if len(e.Causes) > 0 {
		return problems
	}
	n := root.at(e.InstanceLocation)
	if n == nil {
		n = root
	}
	return f.words(n, e)
}

// words describes a schema error in n in plain language.
func (f form) words(n *node, e *jsonschema.ValidationError) Problems {
	want := f.at(e.SchemaURL)
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		return unknownKeys(n, k.Properties, want)
	case *kind.Required:
		var problems Problems
		for _, name := range k.Missing {
			p := atKey(n, "is missing")
			p.Path = n.child(name)
			problems = append(problems, p)
		}
		return problems
	case *kind.Enum:
		return Problems{notOne(n, k.Want)}
	case *kind.Type:
		return Problems{wrongKind(n, titleOf(want), k.Want)}
	case *kind.MaxItems:
		return Problems{atKey(n, "has %d entries; at most %d are allowed", k.Got, k.Want)}
	case *kind.MinItems:
		return Problems{atKey(n, "is an empty list; at least one entry is needed")}
	case *kind.MaxProperties:
		return Problems{atKey(n, "has %d keys; at most %d are allowed", k.Got, k.Want)}
	case *kind.MinProperties:
		return Problems{atKey(n, "is empty; at least one key is needed")}
	case *kind.UniqueItems:
		return Problems{at(n.items[k.Duplicates[1]], "is a duplicate in the list")}
	}
	if title := titleOf(want); title != "" {
		return Problems{notA(n, title)}
	}
	return Problems{at(n, "%s is not allowed here", shown(n))}
}

// unknownKeys rejects keys that the form does not define.
func unknownKeys(n *node, names []string, want map[string]any) (problems Problems) {
	known := keysOf(want, "properties")
	slices.Sort(known)
	for _, name := range names {
		f := n.get(name)
		if f == nil {
			continue
		}
		if title := titleOf(asMap(want["propertyNames"])); title != "" {
			problems = append(problems, atKey(f, "%q is not %s", clip(name), title).Suggest(nearest.Word(name, known)))
			continue
		}
		p := atKey(f, "is not a known key here").Suggest(nearest.Word(name, known))
		if p.Suggestion == "" {
			p.Message += "; use one of " + strings.Join(known, ", ")
		}
		problems = append(problems, p)
	}
	return problems
}

// notOne rejects a word that is not one of the allowed words.
func notOne(n *node, want []any) Problem {
	var words []string
	for _, w := range want {
		words = append(words, fmt.Sprint(w))
	}
	if len(words) == 1 {
		return at(n, "%s is not %s, the only allowed value", shown(n), words[0])
	}
	return at(n, "%s is not one of %s", shown(n), strings.Join(words, ", ")).Suggest(nearest.Word(n.value, words))
}

// wrongKind rejects a value of the wrong kind, such as text instead of a number.
func wrongKind(n *node, title string, types []string) Problem {
	switch {
	case n.is(null):
		return at(n, "has no value")
	case n.is(text) && plainNumber.MatchString(n.value) && !slices.Contains(types, "string"):
		return at(n, "%q is text; write a number without quotes", n.value)
	case n.is(number) && slices.Contains(types, "string"):
		if title != "" && strings.Contains(title, " like ") {
			return notA(n, title)
		}
		return at(n, "%s is a number; write it as text in quotes, \"%[1]s\"", n.value)
	case slices.Contains(types, "boolean") && truths[strings.ToLower(n.value)] != "":
		return at(n, "%s is text; write true or false without quotes",
			shown(n)).Suggest(truths[strings.ToLower(n.value)])
	case title != "":
		return notA(n, title)
	}
	kinds := map[string]nodeKind{"object": mapping, "array": list, "string": text, "number": number, "integer": "a whole number", "boolean": boolean}
	var want []string
	for _, t := range types {
		want = append(want, string(kinds[t]))
	}
	return at(n, "%s is not %s", shown(n), strings.Join(want, " or "))
}

// truths maps words for true and false that are quoted or that YAML reads as text.
var truths = map[string]string{"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}

// notA rejects a value that does not match the title of its schema.
func notA(n *node, title string) Problem {
	if n.is(null) {
		return at(n, "has no value")
	}
	return at(n, "%s is not %s", shown(n), title)
}

// shown returns a value as problem messages quote it.
func shown(n *node) string {
	switch {
	case n.is(text):
		return fmt.Sprintf("%q", clip(n.value))
	case n.is(number), n.is(boolean):
		return clip(n.value)
	}
	return string(n.kind)
}

// title returns the description of a schema definition for problem messages. For "duration" it is "a duration like
// …".
func title(definition string) string {
	f, err := theForm()
	if err != nil {
		panic(err) // cannot happen: the schema is part of the binary
	}
	return titleOf(f.at(schemaName + "#/definitions/" + definition))
}

// at returns the part of the schema at a URL, or an empty map if there is none.
func (f form) at(address string) map[string]any {
	_, pointer, _ := strings.Cut(address, "#")
	if decoded, err := url.PathUnescape(pointer); err == nil {
		pointer = decoded
	}
	here := f.plain
	for _, step := range strings.Split(pointer, "/")[1:] {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		here = asMap(here)[step]
	}
	return asMap(here)
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func titleOf(schema map[string]any) string {
	s, _ := schema["title"].(string)
	return s
}

func keysOf(schema map[string]any, name string) (keys []string) {
	for k := range asMap(schema[name]) {
		keys = append(keys, k)
	}
	return keys
}
