package program

import "slices"

// later is the keys of the form that this release knows and cannot do yet. A * stands for every entry of a
// list. The schema's descriptions of the same keys begin with "Not supported yet.", which a test compares.
var later = []string{
	"milestones.*.reward",
	"milestones.*.when",
}

// laterValues is the same for words of an enumeration.
var laterValues = map[string][]string{
	"milestones.*.count": {"member.anniversary"},
}

// unsupported refuses what stands in the file and cannot be done yet, with one problem for a whole section
// or entry: nothing in it is looked at any further.
func unsupported(root *node) (problems Problems) {
	var walk func(n *node, pattern string)
	walk = func(n *node, pattern string) {
		for _, item := range n.list() {
			walk(item, join(pattern, "*"))
		}
		for _, f := range n.pairs() {
			if words := laterValues[join(pattern, f.key.name)]; slices.Contains(words, f.text()) {
				problems = append(problems, at(f, "%s is not supported yet", f.value))
				return
			}
		}
		for _, f := range n.pairs() {
			if name := join(pattern, f.key.name); slices.Contains(later, name) {
				problems = append(problems, atKey(f, "is not supported yet"))
			} else {
				walk(f, name)
			}
		}
	}
	walk(root, "")
	return problems
}

func join(pattern, step string) string {
	if pattern == "" {
		return step
	}
	return pattern + "." + step
}
