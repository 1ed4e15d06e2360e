package compare

import "fmt"

// A Change is one value in which two files differ.
type Change struct {
	Path string // the path of the key, such as earn.categories.beans-x2.multiply
	From string // the old value on one line, truncated if it is long; empty if the key is new
	To   string // the new value in the same form; empty if the key was removed
	Line int    // the line number, from 1: in the new file or, if the key was removed, in the old file
}

// String returns a description of the change on one line.
func (c Change) String() string {
	switch {
	case c.From == "":
		return fmt.Sprintf("line %d: %s: %s is new", c.Line, c.Path, c.To)
	case c.To == "":
		return fmt.Sprintf("line %d before: %s: %s is gone", c.Line, c.Path, c.From)
	}
	return fmt.Sprintf("line %d: %s: %s becomes %s", c.Line, c.Path, c.From, c.To)
}
