// Package deliverytest draws random programs and random histories of one member, delivers each history in a random way,
// and compares the result with the direct delivery. It tests the delivery invariant that package award states.
//
// A history is a list of facts with their final states. The random delivery reports them late, in parts, repeatedly,
// edited, canceled and restored, and out of order where updated_at allows that. The direct delivery reports the final
// state of each fact once, in the order in which the facts happened.
//
// A history may have several versions of the program. Its member may have been referred; then the referrer's account is
// compared too. There are no households: a household only determines the members from whose lots a redemption takes
// points, and a redemption stays (see the exceptions in package loyalty), so later reports change nothing about it.
// Actions have no limits or cooldowns, because events use these in the order in which they are reported.
//
// Effects counts how often each feature took effect, so that a test fails if its random histories do not exercise a
// feature.
//
// Only tests use the package: this package tests the pure engine, and internal/api tests the ledger and the API.
package deliverytest
