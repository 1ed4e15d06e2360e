// Package service contains the use cases that combine stores: orders, events, redemptions, transfers, conversions,
// adjustments, and the reports of payment processors.
//
// Each type, such as Orders, is a ledger with the operations on one resource. An operation builds a ledger.Command from
// the items that it reads and from a rule of package loyalty, and Ledger.Execute commits it once. Other writes, such as
// the code that a redemption takes, are part of the same transaction (Command.With).
//
// The external tests of the stores (ledger, catalog, members, inventory, messages and this package) use all stores
// together. Their fixture is servicetest.Bench. The tests of this package run random commands against all stores
// (history_test.go).
package service
