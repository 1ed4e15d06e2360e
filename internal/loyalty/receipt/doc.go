// Package receipt reads the reports of payment processors and merchants about the money of an order: captures, refunds,
// disputes, tenders, tax and shipping. It returns the order in the form from which rules compute points, in which each
// amount of money counts once.
//
// Its functions are independent of the order in which reports arrive.
package receipt
