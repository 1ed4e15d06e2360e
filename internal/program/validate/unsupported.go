package validate

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/program/document"
)

// Later lists the known keys that are not supported yet. In a key, * stands for any entry of a list. A test checks that
// the descriptions of these keys in the schema begin with "Not supported yet."
var Later = []string{
	"milestones.*.reward",
	"milestones.*.when",
}

// LaterValues lists the values of enumerations that are not supported yet, by key.
var LaterValues = map[string][]string{
	"milestones.*.count": {"member.anniversary"},
}

// Unsupported rejects the parts of the file that are not supported yet. It reports one problem for an unsupported
// section or entry, and does not check its contents.
func Unsupported(root *document.Node) (problems document.Problems) {
	var walk func(n *document.Node, pattern string)
	walk = func(n *document.Node, pattern string) {
		for _, item := range n.List() {
			walk(item, Join(pattern, "*"))
		}
		for _, f := range n.Pairs() {
			if words := LaterValues[Join(pattern, f.Key.Name)]; slices.Contains(words, f.Text()) {
				problems = append(problems, document.At(f, "%s is not supported yet", f.Value))
				return
			}
		}
		for _, f := range n.Pairs() {
			if name := Join(pattern, f.Key.Name); slices.Contains(Later, name) {
				problems = append(problems, document.AtKey(f, "is not supported yet"))
			} else {
				walk(f, name)
			}
		}
	}
	walk(root, "")
	return problems
}

// Join appends a step to a key pattern of Later.
func Join(pattern, step string) string {
	if pattern == "" {
		return step
	}
	return pattern + "." + step
}
