// Package posting applies entries to accounts and builds them. Apply is the only function that changes an account, so
// that an account is the sum of its entries. A Decision collects the entries of one command: each is posted to the
// account that results from the previous one. The package also contains the parts that all commands share: crediting,
// clawing back, activating, extending and expiring lots, converted points, and the limits of what an account
// remembers.
//
// It decides no rule. Every other rule package uses it, and it imports only package loyalty.
package posting
