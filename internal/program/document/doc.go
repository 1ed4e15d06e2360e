// Package document reads a program file into nodes with positions, checks it against the JSON Schema, and decodes the
// values of keys: amounts, rates, periods, dates and texts. A Compiler collects the problems, each with the line, the
// key and a suggested fix.
//
// It knows the form of a program file, but not its meaning: package program compiles it.
package document
