package compare

import "fmt"

// A Change is one value in which two files differ.
type Change struct {
	Path string // the key, like earn.categories.beans-x2.multiply
	From string // the old value on one line, truncated if it is long; "" if the key is new
	To   string // the new value; "" if the key was removed
	Line int    // from 1, in the new file; in the old file if the key was removed
}

// String returns the change on one line.
func (c Change) String() string {
	switch {
	case c.From == "":
		return fmt.Sprintf("line %d: %s: %s is new", c.Line, c.Path, c.To)
	case c.To == "":
		return fmt.Sprintf("line %d before: %s: %s is gone", c.Line, c.Path, c.From)
	}
	return fmt.Sprintf("line %d: %s: %s becomes %s", c.Line, c.Path, c.From, c.To)
}
