// Package receipt reads what payment processors and merchants report about the money of an order: captures, refunds,
// disputes, tenders, tax and shipping. It returns the order in the form that rules value, in which each amount of
// money counts once.
//
// Its functions are independent of the order in which reports arrive.
package receipt
