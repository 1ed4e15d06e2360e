// Package change is what differs between two program files, and how to tell.
//
// It promises one readable line for each change. It deliberately finds none (package program does), so that whoever
// only passes changes on links neither the parser nor the schema.
package change

import "fmt"

// A Change is one value that two files do not have in common.
type Change struct {
	Path string // the key, like earn.categories.beans-x2.multiply
	From string // what it was, on one line and cut where it is very long; "" if it was not there
	To   string // what it is; "" if it is gone
	Line int    // from 1: in the newer file, and in the older where it is gone
}

// String is the change on one line.
func (c Change) String() string {
	switch {
	case c.From == "":
		return fmt.Sprintf("line %d: %s: %s is new", c.Line, c.Path, c.To)
	case c.To == "":
		return fmt.Sprintf("line %d before: %s: %s is gone", c.Line, c.Path, c.From)
	}
	return fmt.Sprintf("line %d: %s: %s becomes %s", c.Line, c.Path, c.From, c.To)
}
