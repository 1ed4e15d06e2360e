// Package earn computes the points of an order. It matches rules and campaigns, stacks them, applies caps, limits and
// budgets, rounds once, and returns the points of each rule with the reasons. It also gives the reasons why rules and
// campaigns did not apply.
//
// It does not change accounts: package award posts the difference between the new value and what was given before.
package earn
