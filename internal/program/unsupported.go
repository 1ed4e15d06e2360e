package program

import "slices"

// later lists the known keys that are not supported yet. A * stands for every entry of a list. The schema's
// descriptions of these keys begin with "Not supported yet.", and a test compares the two.
var later = []string{
	"milestones.*.reward",
	"milestones.*.when",
}

// laterValues lists the unsupported values of enumerations by key.
var laterValues = map[string][]string{
	"milestones.*.count": {"member.anniversary"},
}

// unsupported rejects the parts of the file that are not supported yet. It reports one problem for a section or entry
// and does not check its contents.
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
