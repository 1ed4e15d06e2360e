// Package service contains the use cases that combine stores: orders, events, redemptions, transfers, conversions,
// adjustments, and the reports of payment processors.
//
// Each type, such as Orders, is a ledger with the operations on one resource. An operation builds a ledger.Command from
// the items that it reads and from a rule of package loyalty, and Ledger.Execute commits it once. Other writes, such as
// the code that a redemption takes, are part of the same transaction (Command.With).
//
// The external tests use all stores together, including those of ledger, catalog, members, inventory and messages.
// Their fixture is bench (ledger_test.go), and history_test.go runs random commands against all of them.
package service
