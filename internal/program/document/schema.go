package document

import (
	"bytes"
	_ "embed"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemaSource contains the JSON Schema (draft-07) of program files.
//
//go:embed program-v1.schema.json
var schemaSource []byte

// A Form contains the compiled schema. It also contains the schema as plain maps and lists, because problem messages
// state the expected values.
type Form struct {
	Schema *jsonschema.Schema
	Plain  any
}

const schemaName = "file:///program-v1.schema.json"

// TheForm returns the Form of the embedded schema. Only the first call compiles it.
var TheForm = sync.OnceValues(func() (Form, error) {
	plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaSource))
	if err != nil {
		return Form{}, fmt.Errorf("program: read the schema: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(schemaName, plain); err != nil {
		return Form{}, fmt.Errorf("program: add the schema: %w", err)
	}
	schema, err := compiler.Compile(schemaName)
	if err != nil {
		return Form{}, fmt.Errorf("program: compile the schema: %w", err)
	}
	return Form{schema, plain}, nil
})

// WrongKind returns the problem of a value of the wrong kind, such as text instead of a number.
func WrongKind(n *Node, title string, types []string) Problem {
	switch {
	case n.Is(Null):
		return At(n, "has no value")
	case n.Is(Text) && PlainNumber.MatchString(n.Value) && !slices.Contains(types, "string"):
		return At(n, "%q is text; write a number without quotes", n.Value)
	case n.Is(Number) && slices.Contains(types, "string"):
		if title != "" && strings.Contains(title, " like ") {
			return NotA(n, title)
		}
		return At(n, "%s is a number; write it as text in quotes, \"%[1]s\"", n.Value)
	case slices.Contains(types, "boolean") && truths[strings.ToLower(n.Value)] != "":
		return At(n, "%s is text; write true or false without quotes",
			Shown(n)).Suggest(truths[strings.ToLower(n.Value)])
	case title != "":
		return NotA(n, title)
	}
	kinds := map[string]nodeKind{
		"object": Mapping, "array": List, "string": Text, "number": Number, "integer": "a whole number",
		"boolean": Boolean,
	}
	var want []string
	for _, t := range types {
		want = append(want, string(kinds[t]))
	}
	return At(n, "%s is not %s", Shown(n), strings.Join(want, " or "))
}

// truths maps words for true and false to the boolean values that were probably meant. It is used for words in quotes
// and for words that YAML reads as text.
var truths = map[string]string{
	"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false",
}

// NotA returns a problem for a value that does not have the form that the title of its schema describes.
func NotA(n *Node, title string) Problem {
	if n.Is(Null) {
		return At(n, "has no value")
	}
	return At(n, "%s is not %s", Shown(n), title)
}

// Shown returns a value as problem messages quote it.
func Shown(n *Node) string {
	switch {
	case n.Is(Text):
		return fmt.Sprintf("%q", Clip(n.Value))
	case n.Is(Number), n.Is(Boolean):
		return Clip(n.Value)
	}
	return string(n.Kind)
}

// Title returns the title of a schema definition for problem messages, such as "a duration like …" for "duration".
func Title(definition string) string {
	f, err := TheForm()
	if err != nil {
		panic(err) // cannot happen, because the schema is part of the binary
	}
	return titleOf(f.At(schemaName + "#/definitions/" + definition))
}

// At returns the part of the schema that a URL refers to, or an empty map if there is none.
func (f Form) At(address string) map[string]any {
	_, pointer, _ := strings.Cut(address, "#")
	if decoded, err := url.PathUnescape(pointer); err == nil {
		pointer = decoded
	}
	here := f.Plain
	for _, step := range strings.Split(pointer, "/")[1:] {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		here = AsMap(here)[step]
	}
	return AsMap(here)
}

// AsMap returns v if it is a map, and otherwise an empty map.
func AsMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// titleOf returns the title of a schema, or "" if it has none.
func titleOf(schema map[string]any) string {
	s, _ := schema["title"].(string)
	return s
}
