package compare

import (
	"bytes"
	"math/big"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/program/document"
)

// Diff lists the differences between two program files, in the order of the newer file. Within a group, removed values
// come after all others. Comments, formatting and the order of keys are ignored. A list entry with an ID is compared
// with the entry that has the same ID, and its position is ignored. In a list without IDs, the positions are compared.
// If a complete group was added or removed, this is one change.
//
// Both files must be Readable, but need not be valid programs. Use program.Parse to find out whether a file can be
// published.
func Diff(older, newer []byte) ([]Change, document.Problems) {
	to, problems := tree(newer)
	if len(problems) > 0 {
		return nil, problems
	}
	from, problems := tree(older)
	if len(problems) > 0 {
		return nil, problems
	}
	d := differ{}
	d.fields(from, to)
	return d.changes, nil
}

// Readable returns the problems that prevent a program file from being read at all. Use program.Parse to find other
// problems.
func Readable(source []byte) document.Problems {
	_, problems := tree(source)
	return problems
}

func tree(source []byte) (*document.Node, document.Problems) {
	source = bytes.TrimPrefix(source, []byte("\ufeff"))
	root, problems := document.Read(source)
	return root, problems.Finish(source)
}

type differ struct{ changes []Change }

// changed records the change of a value. The argument from is nil for an added value, and to is nil for a removed one.
func (d *differ) changed(from, to *document.Node) {
	there := to
	if to == nil {
		there = from
	}
	c := Change{Path: there.Path, Line: there.Line}
	if there.Key != nil {
		c.Line = there.Key.Line
	}
	if from != nil {
		c.From = shown(from)
	}
	if to != nil {
		c.To = shown(to)
	}
	d.changes = append(d.changes, c)
}

func (d *differ) values(from, to *document.Node) {
	switch {
	case from.Is(document.Mapping) && to.Is(document.Mapping):
		d.fields(from, to)
	case from.Is(document.List) && to.Is(document.List) && !(plain(from) && plain(to)):
		d.items(from, to)
	case !means(from, to):
		d.changed(from, to)
	}
}

func (d *differ) fields(from, to *document.Node) {
	for _, f := range to.Fields {
		if was := from.Get(f.Key.Name); was != nil {
			d.values(was, f)
			continue
		}
		d.changed(nil, f)
	}
	for _, was := range from.Fields {
		if to.Get(was.Key.Name) == nil {
			d.changed(was, nil)
		}
	}
}

// items compares the entries of two lists. It matches entries with an ID by their IDs. It matches other entries by
// position, after it has removed the common start and end of both lists.
func (d *differ) items(from, to *document.Node) {
	before, after := byID(from), byID(to)
	for _, item := range to.Items {
		if id := id(item); id != "" && after[id] == item {
			if was := before[id]; was != nil {
				d.values(was, item)
				continue
			}
			d.changed(nil, item)
		}
	}
	for _, was := range from.Items {
		if id := id(was); id != "" && before[id] == was && after[id] == nil {
			d.changed(was, nil)
		}
	}
	d.places(nameless(from), nameless(to))
}

func (d *differ) places(from, to []*document.Node) {
	for len(from) > 0 && len(to) > 0 && means(from[0], to[0]) {
		from, to = from[1:], to[1:]
	}
	for len(from) > 0 && len(to) > 0 && means(from[len(from)-1], to[len(to)-1]) {
		from, to = from[:len(from)-1], to[:len(to)-1]
	}
	for len(from) > 0 && len(to) > 0 {
		d.values(from[0], to[0])
		from, to = from[1:], to[1:]
	}
	for _, item := range to {
		d.changed(nil, item)
	}
	for _, was := range from {
		d.changed(was, nil)
	}
}

// id returns the ID of a list entry, which is part of the paths of the entry's keys. It returns an empty string if the
// entry has no ID.
func id(n *document.Node) string {
	if s := n.Get("id").Text(); document.PlainID.MatchString(s) {
		return s
	}
	return ""
}

// byID returns the entries that have an ID, keyed by ID. If several entries have the same ID, it returns the first one;
// such a file cannot be published.
func byID(n *document.Node) map[string]*document.Node {
	out := map[string]*document.Node{}
	for _, item := range n.Items {
		if id := id(item); id != "" && out[id] == nil {
			out[id] = item
		}
	}
	return out
}

func nameless(n *document.Node) []*document.Node {
	return slices.DeleteFunc(slices.Clone(n.Items), func(item *document.Node) bool { return id(item) != "" })
}

// plain reports whether a list contains only scalars. Such a list is short, so it is compared as one value.
func plain(n *document.Node) bool {
	return !slices.ContainsFunc(n.Items, func(item *document.Node) bool {
		return item.Is(document.Mapping) ||
			item.Is(document.List)
	})
}

// means reports whether two values have the same meaning, even if they are written differently.
func means(n *document.Node, m *document.Node) bool {
	switch {
	case n.Kind != m.Kind, len(n.Fields) != len(m.Fields), len(n.Items) != len(m.Items):
		return false
	case n.Is(document.Mapping):
		return !slices.ContainsFunc(n.Fields, func(f *document.Node) bool {
			g := m.Get(f.Key.Name)
			return g == nil || !means(f, g)
		})
	case n.Is(document.List):
		named := byID(m)
		for id, item := range byID(n) {
			if g := named[id]; g == nil || !means(item, g) {
				return false
			}
		}
		return slices.EqualFunc(nameless(n), nameless(m), means)
	case n.Is(document.Number):
		x, _ := new(big.Rat).SetString(n.Value)
		y, _ := new(big.Rat).SetString(m.Value)
		return x.Cmp(y) == 0
	}
	return n.Value == m.Value
}
