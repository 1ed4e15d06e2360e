package request

import (
	"iter"
	"strconv"
)

// PageSize returns the length of a page: 1 to 100, by default 20.
func (c *Call) PageSize() (int, error) {
	s, ok := c.Event.Query["page_size"]
	if !ok {
		return 20, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 100 || strconv.Itoa(n) != s {
		return 0, RefuseAt(InvalidParameter, "page_size", "page_size must be a whole number from 1 to 100.")
	}
	return n, nil
}

// FirstPage collects the first rows of a list, up to size, and reports whether there are more. The list should request
// size+1 rows from the table, so that it reads no unnecessary rows.
func FirstPage[T any](list iter.Seq2[T, error], size int) (rows []T, more bool, err error) {
	for row, err := range list {
		if err != nil {
			return nil, false, err
		}
		if len(rows) == size {
			return rows, true, nil
		}
		rows = append(rows, row)
	}
	return rows, false, nil
}
