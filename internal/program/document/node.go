package document

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A Compiler converts the tree to a program and collects problems. It treats missing values and values of the wrong
// kind as absent, because the schema reports them.
type Compiler struct {
	P                  *loyalty.Program // the program as far as it has been read
	Problems, Warnings Problems
	Languages          []string // languages of the program's name, in which other texts should also exist
	Entries            []Entry  // every rule and campaign
	Source             []string // the lines of the file, to find the position of a condition
}

func (c *Compiler) Add(p Problem)  { c.Problems = append(c.Problems, p) }
func (c *Compiler) Warn(p Problem) { c.Warnings = append(c.Warnings, p) }

// A nodeKind is the kind of a node, in the words of problem messages.
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
	Value        string // for a scalar, unquoted
	Items        []*Node
	Fields       []*Node // for a mapping, each with its key
	Key          *key    // set if the Node is in a mapping
	Path         string
	Line, Column int
	Width        int
}

// A key is the name of a field with its position.
type key struct {
	Name                string
	Line, column, width int
}

// Get returns the value of a key.
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

// At returns the value at a path of keys and indices, as in a JSON pointer.
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

// Is reports whether the node exists and has kind k.
func (n *Node) Is(k nodeKind) bool { return n != nil && n.Kind == k }

// List returns the items, or none if the node is not a list.
func (n *Node) List() []*Node {
	if n == nil {
		return nil
	}
	return n.Items
}

// Several returns the items of a list. A text counts as a list with one item.
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

// Child returns the path of a field or item of n.
func (n *Node) Child(step string) string {
	if n.Path == "" || strings.HasPrefix(step, "[") {
		return n.Path + step
	}
	return n.Path + "." + step
}

// JSON returns the node as the plain value that the schema validator checks.
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

// An Entry is a rule or a campaign with its position.
type Entry struct {
	Item *Node
	Rule loyalty.Rule
}
