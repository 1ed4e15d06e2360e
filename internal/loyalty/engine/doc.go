// Package engine contains the commands that combine the other rule packages: joining, changes of traits, the passing
// of time (Advance), quotes, adjustments, manual extensions and activations, and the resolution of redemptions.
// Compile prepares a program for all of them.
//
// Advance lists all changes over time as a sequence of steps. The package also contains the tests of the rules as a
// whole.
package engine
