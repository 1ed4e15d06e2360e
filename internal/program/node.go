package program

import (
	"encoding/json"
	"strconv"
	"strings"
)

// A nodeKind is the kind of a node, in the words of problem messages.
type nodeKind string

const (
	mapping nodeKind = "a group of keys"
	list    nodeKind = "a list"
	text    nodeKind = "text"
	number  nodeKind = "a number"
	boolean nodeKind = "true or false"
	null    nodeKind = "nothing"
)

// A node is a value of the file with its position. Scalars keep their characters as written, so that 0.1 stays
// exactly one tenth. All methods accept nil, which stands for a missing value.
type node struct {
	kind         nodeKind
	value        string // for a scalar, unquoted
	items        []*node
	fields       []*node // for a mapping, each with its key
	key          *key    // set if the node is in a mapping
	path         string
	line, column int
	width        int
}

// A key is the name of a field with its position.
type key struct {
	name                string
	line, column, width int
}

// get returns the value of a key.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for _, f := range n.fields {
		if f.key.name == name {
			return f
		}
	}
	return nil
}

// at returns the value at a path of keys and indices, as in a JSON pointer.
func (n *node) at(path []string) *node {
	for _, step := range path {
		if n.is(list) {
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(n.items) {
				return nil
			}
			n = n.items[i]
			continue
		}
		n = n.get(step)
	}
	return n
}

func (n *node) is(k nodeKind) bool { return n != nil && n.kind == k }

// list returns the items, or none if the node is not a list.
func (n *node) list() []*node {
	if n == nil {
		return nil
	}
	return n.items
}

// several returns the items. A text counts as a list with one item.
func (n *node) several() []*node {
	if n.is(text) {
		return []*node{n}
	}
	return n.list()
}

// pairs returns the fields, or none if the node is not a mapping.
func (n *node) pairs() []*node {
	if n == nil {
		return nil
	}
	return n.fields
}

// text returns the value of a text, or "" if the node is not a text.
func (n *node) text() string {
	if !n.is(text) {
		return ""
	}
	return n.value
}

// child returns the path of a field or item of n.
func (n *node) child(step string) string {
	if n.path == "" || strings.HasPrefix(step, "[") {
		return n.path + step
	}
	return n.path + "." + step
}

// json returns the node in the form for the schema validator.
func (n *node) json() any {
	switch n.kind {
	case mapping:
		m := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			m[f.key.name] = f.json()
		}
		return m
	case list:
		l := make([]any, len(n.items))
		for i, item := range n.items {
			l[i] = item.json()
		}
		return l
	case number:
		return json.Number(n.value)
	case boolean:
		return n.value == "true"
	case null:
		return nil
	}
	return n.value
}
