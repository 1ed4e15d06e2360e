package program

import (
	"encoding/json"
	"strconv"
	"strings"
)

// nodeKind is what a node is. The names are those that a problem uses.
type nodeKind string

const (
	mapping nodeKind = "a group of keys"
	list    nodeKind = "a list"
	text    nodeKind = "text"
	number  nodeKind = "a number"
	boolean nodeKind = "true or false"
	null    nodeKind = "nothing"
)

// A node is a value of the file with its place. Scalars keep the characters that were written, so that 0.1
// stays one tenth. Every method may be called on nil, which is a value that is not there.
type node struct {
	kind         nodeKind
	value        string // of a scalar, unquoted
	items        []*node
	fields       []*node // of a mapping, each with its key
	key          *key    // if it stands in a mapping
	path         string
	line, column int
	width        int
}

// A key is the name of a field with its place.
type key struct {
	name                string
	line, column, width int
}

// get is the value of a key.
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

// at is the value at a path of keys and indices, as JSON pointers have them.
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

// list is the items, none if the node is no list.
func (n *node) list() []*node {
	if n == nil {
		return nil
	}
	return n.items
}

// several is the items, or the node itself where a text stands for a list of one.
func (n *node) several() []*node {
	if n.is(text) {
		return []*node{n}
	}
	return n.list()
}

// pairs is the fields, none if the node is no mapping.
func (n *node) pairs() []*node {
	if n == nil {
		return nil
	}
	return n.fields
}

// text is what a text says, "" if the node is none.
func (n *node) text() string {
	if !n.is(text) {
		return ""
	}
	return n.value
}

// child is the path of a field or item of n.
func (n *node) child(step string) string {
	if n.path == "" || strings.HasPrefix(step, "[") {
		return n.path + step
	}
	return n.path + "." + step
}

// json is the node as the validator wants it.
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
