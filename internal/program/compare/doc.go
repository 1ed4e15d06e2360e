// Package compare lists the differences between two program files as changes of keys. It ignores the order of list
// entries that have IDs, and different notations of the same value.
package compare
