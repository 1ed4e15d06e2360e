// Package describe describes a compiled program in plain English sentences. Merchants use them to check their
// configuration.
//
// It describes only the settings that the program contains, in the order of the file.
package describe
