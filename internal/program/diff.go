package program

import (
	"bytes"
	"math/big"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/program/change"
)

// A Change is one value that two program files do not have in common.
type Change = change.Change

// Diff lists what differs between two program files, in the order of the newer one, what is gone behind what remains
// of its group. Comments and the way in which something is written make no difference, nor does the order of keys, nor
// that of entries with an id, which are compared with their namesakes; the order of a list without ids does. Where a
// whole group came or went it is one change.
//
// The files need only be Readable; Parse says whether they can be published.
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

// Readable says why a program file cannot be read at all; Parse says what else is wrong with it.
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

// changed keeps a change; one of the nodes may be nil.
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

// items compares entries by their ids, and the others by their places between what the lists begin and end with in
// common.
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

// id is the id of an entry, by which its path names it.
func id(n *node) string {
	if s := n.get("id").text(); plainID.MatchString(s) {
		return s
	}
	return ""
}

// byID is the entries that have an id; of those with the same the first, as a file with two cannot be published.
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

// plain reports whether a list holds nothing but scalars: it is short, and read as one value.
func plain(n *node) bool {
	return !slices.ContainsFunc(n.items, func(item *node) bool { return item.is(mapping) || item.is(list) })
}

// means reports whether two values mean the same.
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
