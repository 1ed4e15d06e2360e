package reference

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// A node is a value of the document, with the root for references. The zero node is an absent value.
type node struct {
	root  yaml.MapSlice
	value any
	ref   string // the name of the component that the value is, if the document refers to it
}

func parse(document []byte) (node, error) {
	var root yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(document, &root, yaml.UseOrderedMap()); err != nil {
		return node{}, fmt.Errorf("reference: %w", err)
	}
	return node{root: root, value: root}, nil
}

// at returns the value at a path of names. It follows references.
func (n node) at(path ...string) node {
	for _, name := range path {
		n = n.field(name).resolved()
	}
	return n
}

// field returns a field of a mapping, without following references.
func (n node) field(name string) node {
	fields, _ := n.value.(yaml.MapSlice)
	for _, f := range fields {
		if key(f.Key) == name {
			return node{root: n.root, value: f.Value}
		}
	}
	return node{root: n.root}
}

// key returns the name of a field. YAML reads some names, such as 201, as numbers.
func key(name any) string { return fmt.Sprint(name) }

// resolved follows the references from n to a component.
func (n node) resolved() node {
	for ref := n.field("$ref").text(); ref != ""; ref = n.field("$ref").text() {
		path := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
		n = node{root: n.root, value: n.root}
		for _, name := range path {
			n = n.field(name)
		}
		n.ref = path[len(path)-1]
	}
	return n
}

// text returns a scalar as text, or "".
func (n node) text() string {
	switch n.value.(type) {
	case nil, yaml.MapSlice, []any:
		return ""
	}
	return fmt.Sprint(n.value)
}

// A named node is a field of a mapping.
type named struct {
	name string
	node
}

// fields returns the fields of a mapping in the order of the document, with references followed.
func (n node) fields() []named {
	fields, _ := n.value.(yaml.MapSlice)
	out := make([]named, 0, len(fields))
	for _, f := range fields {
		out = append(out, named{key(f.Key), node{root: n.root, value: f.Value}.resolved()})
	}
	return out
}

// items returns the elements of a sequence, with references followed.
func (n node) items() []node {
	items, _ := n.value.([]any)
	out := make([]node, 0, len(items))
	for _, v := range items {
		out = append(out, node{root: n.root, value: v}.resolved())
	}
	return out
}

// texts returns the elements of a sequence of scalars.
func (n node) texts() []string {
	var out []string
	for _, v := range n.items() {
		out = append(out, v.text())
	}
	return out
}
