package program

import (
	"bytes"
	"math/big"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/program/change"
)

// A Change is one value that differs between two program files.
type Change = change.Change

// Diff lists the differences between two program files, in the order of the newer one. Removed values follow the
// remaining values of their group. Comments, formatting and the order of keys are ignored. Entries with an ID are
// compared with the entries of the same ID, and their order is ignored; the order of a list without IDs is not. An
// added or removed group is one change.
//
// The files need only be Readable. Parse reports whether they can be published.
func Diff(older, newer []byte) ([]Change, Problems) {
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

// Readable returns the problems that prevent a program file from being read at all. Parse reports other problems.
func Readable(source []byte) Problems {
	_, problems := tree(source)
	return problems
}

func tree(source []byte) (*node, Problems) {
	source = bytes.TrimPrefix(source, []byte("\ufeff"))
	root, problems := read(source)
	return root, problems.Finish(source)
}

type differ struct{ changes []Change }

// changed records a change. One of the nodes may be nil.
func (d *differ) changed(from, to *node) {
	there := to
	if to == nil {
		there = from
	}
	c := Change{Path: there.path, Line: there.line}
	if there.key != nil {
		c.Line = there.key.line
	}
	if from != nil {
		c.From = from.shown()
	}
	if to != nil {
		c.To = to.shown()
	}
	d.changes = append(d.changes, c)
}

func (d *differ) values(from, to *node) {
	switch {
	case from.is(mapping) && to.is(mapping):
		d.fields(from, to)
	case from.is(list) && to.is(list) && !(plain(from) && plain(to)):
		d.items(from, to)
	case !from.means(to):
		d.changed(from, to)
	}
}

func (d *differ) fields(from, to *node) {
	for _, f := range to.fields {
		if was := from.get(f.key.name); was != nil {
			d.values(was, f)
			continue
		}
		d.changed(nil, f)
	}
	for _, was := range from.fields {
		if to.get(was.key.name) == nil {
			d.changed(was, nil)
		}
	}
}

// items compares entries by their IDs. Other entries are compared by position, after the common start and end of the
// lists are removed.
func (d *differ) items(from, to *node) {
	before, after := byID(from), byID(to)
	for _, item := range to.items {
		if id := id(item); id != "" && after[id] == item {
			if was := before[id]; was != nil {
				d.values(was, item)
				continue
			}
			d.changed(nil, item)
		}
	}
	for _, was := range from.items {
		if id := id(was); id != "" && before[id] == was && after[id] == nil {
			d.changed(was, nil)
		}
	}
	d.places(nameless(from), nameless(to))
}

func (d *differ) places(from, to []*node) {
	for len(from) > 0 && len(to) > 0 && from[0].means(to[0]) {
		from, to = from[1:], to[1:]
	}
	for len(from) > 0 && len(to) > 0 && from[len(from)-1].means(to[len(to)-1]) {
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

// id returns the ID of an entry, by which its path identifies it.
func id(n *node) string {
	if s := n.get("id").text(); plainID.MatchString(s) {
		return s
	}
	return ""
}

// byID returns the entries that have an ID. If several have the same ID, it returns the first, because such a file
// cannot be published.
func byID(n *node) map[string]*node {
	out := map[string]*node{}
	for _, item := range n.items {
		if id := id(item); id != "" && out[id] == nil {
			out[id] = item
		}
	}
	return out
}

func nameless(n *node) []*node {
	return slices.DeleteFunc(slices.Clone(n.items), func(item *node) bool { return id(item) != "" })
}

// plain reports whether a list contains only scalars. Such a list is short and compared as one value.
func plain(n *node) bool {
	return !slices.ContainsFunc(n.items, func(item *node) bool { return item.is(mapping) || item.is(list) })
}

// means reports whether two values have the same meaning.
func (n *node) means(m *node) bool {
	switch {
	case n.kind != m.kind, len(n.fields) != len(m.fields), len(n.items) != len(m.items):
		return false
	case n.is(mapping):
		return !slices.ContainsFunc(n.fields, func(f *node) bool {
			g := m.get(f.key.name)
			return g == nil || !f.means(g)
		})
	case n.is(list):
		named := byID(m)
		for id, item := range byID(n) {
			if g := named[id]; g == nil || !item.means(g) {
				return false
			}
		}
		return slices.EqualFunc(nameless(n), nameless(m), (*node).means)
	case n.is(number):
		x, _ := new(big.Rat).SetString(n.value)
		y, _ := new(big.Rat).SetString(m.value)
		return x.Cmp(y) == 0
	}
	return n.value == m.value
}
