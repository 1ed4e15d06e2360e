package reference

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
)

// newField describes a property or a parameter. The description of the field takes precedence over that of its type.
func newField(name string, typ, described node) (field, error) {
	out := field{Name: name, Type: typeOf(typ), Limits: limitsOf(typ.resolved())}
	description := described.at("description").text()
	if description == "" {
		description = typ.resolved().at("description").text()
	}
	var err error
	out.Description, err = markdown(description)
	return out, err
}

// propertiesOf returns the properties of an object without following references, so that typeOf can name the schemas.
func propertiesOf(object node) []named {
	fields, _ := object.field("properties").value.(yaml.MapSlice)
	out := make([]named, 0, len(fields))
	for _, f := range fields {
		out = append(out, named{key(f.Key), node{root: object.root, value: f.Value}})
	}
	return out
}

// typeOf describes a type, such as integer, array of Entry, or one of a, b. A reference to a schema becomes a link.
func typeOf(s node) kind {
	s = s.resolved()
	if s.ref != "" {
		return kind{Schema: s.ref}
	}
	var alternatives []kind
	for _, a := range alternativesOf(s) {
		if k := typeOf(a); k != (kind{Before: "null"}) {
			alternatives = append(alternatives, k)
		}
	}
	switch {
	case len(alternatives) == 1:
		alternatives[0].After += " or null"
		return alternatives[0]
	case len(alternatives) > 1:
		return kind{Before: "one of several types"}
	}
	if values := s.at("enum").texts(); len(values) > 0 {
		return kind{Before: "one of " + strings.Join(values, ", ")}
	}
	types := s.at("type").texts()
	if t := s.at("type").text(); t != "" {
		types = []string{t}
	}
	name := strings.Join(types, " or ")
	switch format := s.at("format").text(); {
	case name == "array":
		of := typeOf(s.field("items"))
		of.Before = strings.TrimSpace("array of " + of.Before)
		return of
	case name == "object" && s.field("additionalProperties").field("type").value != nil:
		return kind{Before: "object, with values of the type " + s.at("additionalProperties", "type").text()}
	case format != "" && format != "int64":
		return kind{Before: name + " (" + format + ")"}
	}
	return kind{Before: name}
}

// alternativesOf returns the types of oneOf, anyOf or allOf.
func alternativesOf(s node) []node {
	for _, name := range []string{"oneOf", "anyOf", "allOf"} {
		if list, ok := s.field(name).value.([]any); ok {
			out := make([]node, 0, len(list))
			for _, v := range list {
				out = append(out, node{root: s.root, value: v})
			}
			return out
		}
	}
	return nil
}

// limits are the keywords of JSON Schema that the pages show, each with the text that states it.
var limits = []struct{ keyword, format string }{
	{"minimum", "at least %s"},
	{"maximum", "at most %s"},
	{"minLength", "at least %s characters"},
	{"maxLength", "at most %s characters"},
	{"minItems", "at least %s items"},
	{"maxItems", "at most %s items"},
	{"pattern", "matches %s"},
	{"default", "by default %s"},
}

func limitsOf(s node) []string {
	var out []string
	for _, l := range limits {
		if v := s.at(l.keyword).text(); v != "" {
			out = append(out, fmt.Sprintf(l.format, v))
		}
	}
	return out
}

// code matches an error code in the description of a response.
var code = regexp.MustCompile("`([a-z]+(?:_[a-z]+)*)`")

// codesIn returns the error codes that the description of an error response names.
func codesIn(status, description string) []string {
	if status < "400" {
		return nil
	}
	var out []string
	for _, m := range code.FindAllStringSubmatch(description, -1) {
		if _, ok := find(m[1]); ok {
			out = append(out, m[1])
		}
	}
	return out
}
