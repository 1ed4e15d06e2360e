// Package describe describes a compiled program in plain English sentences, for merchants who check what they
// configured.
//
// It describes only the settings that the program contains, in the order of the file.
package describe
