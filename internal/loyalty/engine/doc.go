// Package engine contains the commands that combine the other rule packages: joining, changes of traits, the passing
// of time (Advance), quotes, adjustments, manual extensions and activations, and the resolution of redemptions.
// Compile prepares a program for all of them.
//
// The passing of time is one visible list of steps in Advance. The package also contains the tests of the rules as a
// whole.
package engine
