// Package redeem decides redemptions: which rewards a member can redeem, reservations, commits, reversals, payment
// with points, household contributions, perks, codes, stock, the waitlist, fulfillment and automatic redemption.
//
// It decides on the accounts and counters that the caller passes. The caller stores codes, stock and the waitlist.
package redeem
