// Package document reads a program file into nodes with positions, and checks the file against the JSON Schema. It also
// decodes the values of keys: amounts, rates, periods, dates and texts. A Compiler collects the problems, each with the
// line, the key and a suggested fix.
//
// The package knows the form of a program file, but not its meaning. Package program compiles the nodes.
package document
