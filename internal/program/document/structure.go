package document

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/program/nearest"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Structure validates the tree against the schema.
func Structure(root *Node) Problems {
	f, err := TheForm()
	if err != nil {
		panic(err) // cannot happen, because the schema is part of the binary
	}
	err = f.Schema.Validate(root.JSON())
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	return leaves(f, root, invalid)
}

// leaves converts the innermost schema errors to problems. The outer errors only report that there are inner ones.
func leaves(f Form, root *Node, e *jsonschema.ValidationError) (problems Problems) {
	for _, cause := range e.Causes {
		problems = append(problems, leaves(f, root, cause)...)
	}
	if len(e.Causes) > 0 {
		return problems
	}
	n := root.At(e.InstanceLocation)
	if n == nil {
		n = root
	}
	return words(f, n, e)
}

// words converts a schema error in n to problems in plain language.
func words(f Form, n *Node, e *jsonschema.ValidationError) Problems {
	want := f.At(e.SchemaURL)
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		return unknownKeys(n, k.Properties, want)
	case *kind.Required:
		var problems Problems
		for _, name := range k.Missing {
			p := AtKey(n, "is missing")
			p.Path = n.Child(name)
			problems = append(problems, p)
		}
		return problems
	case *kind.Enum:
		return Problems{notOne(n, k.Want)}
	case *kind.Type:
		return Problems{WrongKind(n, titleOf(want), k.Want)}
	case *kind.MaxItems:
		return Problems{AtKey(n, "has %d entries; at most %d are allowed: remove %d", k.Got, k.Want, k.Got-k.Want)}
	case *kind.MinItems:
		return Problems{AtKey(n, "is an empty list; at least one entry is needed")}
	case *kind.MaxProperties:
		return Problems{AtKey(n, "has %d keys; at most %d are allowed", k.Got, k.Want)}
	case *kind.MinProperties:
		return Problems{AtKey(n, "is empty; at least one key is needed")}
	case *kind.UniqueItems:
		return Problems{At(n.Items[k.Duplicates[1]], "is a duplicate in the list")}
	}
	if title := titleOf(want); title != "" {
		return Problems{NotA(n, title)}
	}
	return Problems{At(n, "%s is not allowed here", Shown(n))}
}

// unknownKeys rejects keys that the schema does not define.
func unknownKeys(n *Node, names []string, want map[string]any) (problems Problems) {
	known := keysOf(want, "properties")
	slices.Sort(known)
	for _, name := range names {
		f := n.Get(name)
		if f == nil {
			continue
		}
		if title := titleOf(AsMap(want["propertyNames"])); title != "" {
			problems = append(
				problems,
				AtKey(f, "%q is not %s", Clip(name), title).Suggest(nearest.Word(name, known)),
			)
			continue
		}
		p := AtKey(f, "is not a known key here").Suggest(nearest.Word(name, known))
		if p.Suggestion == "" {
			p.Message += "; use one of " + strings.Join(known, ", ")
		}
		problems = append(problems, p)
	}
	return problems
}

// notOne rejects a word that is not one of the allowed words.
func notOne(n *Node, want []any) Problem {
	var words []string
	for _, w := range want {
		words = append(words, fmt.Sprint(w))
	}
	if len(words) == 1 {
		return At(n, "%s is not %s, the only allowed value", Shown(n), words[0])
	}
	return At(
		n, "%s is not one of %s", Shown(n), strings.Join(words, ", "),
	).Suggest(nearest.Word(n.Value, words))
}

func keysOf(schema map[string]any, name string) (keys []string) {
	for k := range AsMap(schema[name]) {
		keys = append(keys, k)
	}
	return keys
}
