// Package deliverytest draws random programs and random histories of one member, delivers each history in a random way,
// and compares the result with the direct delivery. It tests the delivery invariant that package loyalty states.
//
// A history is a list of facts with their final states. The random delivery reports them late, in parts, repeatedly,
// edited, canceled and restored, and out of order where updated_at allows that. The direct delivery reports the final
// state of each fact once, in the order in which the facts happened.
//
// Effects counts how often each feature took effect, so that a test fails that avoids a feature.
//
// It is for tests alone: the pure engine is tested in this package, the ledger and the API in internal/api.
package deliverytest
