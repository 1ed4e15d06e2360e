// Package importtest holds the dependency rules of the tree, as a test: which package may import which, who may
// know Amazon's SDK or the database engine, and that every package says what it is for.
//
// It promises to look at the sources as they are, in process: a child `go list` would be cached by the test
// runner and pass wrongly. It deliberately lists every package by name. A new one has to be placed in the
// list, so that the question where it belongs is asked once, when it is easy.
package importtest
