// Package compare lists the differences between two program files as changes of keys, regardless of the order of lists
// of items with IDs and of how values are written.
package compare
