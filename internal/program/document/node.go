package document

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A Compiler converts the tree of nodes to a program and collects problems. It treats a value of the wrong kind like a
// missing value, because the schema reports both.
type Compiler struct {
	P                  *loyalty.Program // the program; some of its sections may not have been read yet
	Problems, Warnings Problems
	Languages          []string // the languages of the program's name; other texts should have the same languages
	Entries            []Entry  // all rules and campaigns, in the order of the file
	Source             []string // the lines of the file, which are searched for the position of a condition
}

func (c *Compiler) Add(p Problem)  { c.Problems = append(c.Problems, p) }
func (c *Compiler) Warn(p Problem) { c.Warnings = append(c.Warnings, p) }

// A nodeKind is the kind of a node, in the wording of problem messages.
type nodeKind string

const (
	Mapping nodeKind = "a group of keys"
	List    nodeKind = "a list"
	Text    nodeKind = "text"
	Number  nodeKind = "a number"
	Boolean nodeKind = "true or false"
	Null    nodeKind = "nothing"
)

// A Node is a value of the file with its position. Scalars keep their characters as written, so that 0.1 stays
// exactly one tenth. All methods accept nil, which stands for a missing value.
type Node struct {
	Kind         nodeKind
	Value        string // the unquoted value of a scalar
	Items        []*Node
	Fields       []*Node // the values of a mapping, each with its key
	Key          *key    // the key of the node, if the node is a value of a mapping
	Path         string
	Line, Column int
	Width        int
}

// A key is the name of a field with its position.
type key struct {
	Name                string
	Line, column, width int
}

// Get returns the value of the key with the given name, or nil if there is none.
func (n *Node) Get(name string) *Node {
	if n == nil {
		return nil
	}
	for _, f := range n.Fields {
		if f.Key.Name == name {
			return f
		}
	}
	return nil
}

// At returns the value at a path. The steps of the path are keys and indices, as in a JSON pointer.
func (n *Node) At(path []string) *Node {
	for _, step := range path {
		if n.Is(List) {
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(n.Items) {
				return nil
			}
			n = n.Items[i]
			continue
		}
		n = n.Get(step)
	}
	return n
}

// Is reports whether the node exists and has the kind k.
func (n *Node) Is(k nodeKind) bool { return n != nil && n.Kind == k }

// List returns the items, or none if the node is not a list.
func (n *Node) List() []*Node {
	if n == nil {
		return nil
	}
	return n.Items
}

// Several returns the items of a list. It treats a text as a list with one item.
func (n *Node) Several() []*Node {
	if n.Is(Text) {
		return []*Node{n}
	}
	return n.List()
}

// Pairs returns the fields of a mapping, or none if the node is not a mapping.
func (n *Node) Pairs() []*Node {
	if n == nil {
		return nil
	}
	return n.Fields
}

// Text returns the value of a text, or "" if the node is not a text.
func (n *Node) Text() string {
	if !n.Is(Text) {
		return ""
	}
	return n.Value
}

// Child returns the path of a field or item of n. The step is the key of the field, or the index of the item such as
// "[2]".
func (n *Node) Child(step string) string {
	if n.Path == "" || strings.HasPrefix(step, "[") {
		return n.Path + step
	}
	return n.Path + "." + step
}

// JSON returns the node as plain Go values, which the schema validator checks.
func (n *Node) JSON() any {
	switch n.Kind {
	case Mapping:
		m := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			m[f.Key.Name] = f.JSON()
		}
		return m
	case List:
		l := make([]any, len(n.Items))
		for i, item := range n.Items {
			l[i] = item.JSON()
		}
		return l
	case Number:
		return json.Number(n.Value)
	case Boolean:
		return n.Value == "true"
	case Null:
		return nil
	}
	return n.Value
}

// An Entry is a rule or a campaign, with its node in the file.
type Entry struct {
	Item *Node
	Rule loyalty.Rule
}
