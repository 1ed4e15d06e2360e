// Package deliverytest draws random programs and random histories of one member, delivers each history in a random way,
// and compares the result with the direct delivery. It tests the delivery invariant that package loyalty states.
//
// A history is a list of facts with their final states. The random delivery reports them late, in parts, repeatedly,
// edited, canceled and restored, and out of order where updated_at allows that. The direct delivery reports the final
// state of each fact once, in the order in which the facts happened.
//
// A history may have several versions of the program, and a member who was referred: then the referrer's account is
// compared as well. There are no households. A household has no account of its own: it only decides which members' lots
// a redemption takes, and a redemption that has happened stays (see the exceptions in package loyalty). So nothing that
// is delivered later could change what a household did, and the sums of each member are those of a member who spends
// alone. The limits and cooldowns of actions are not drawn either, because events use them in the order in which they
// are reported.
//
// Effects counts how often each feature took effect, so that a test fails that avoids a feature.
//
// It is for tests alone: the pure engine is tested in this package, the ledger and the API in internal/api.
package deliverytest
