// Package loyalty is the rules, pure: functions from values to values. Given a program, an account, a command
// and the present instant it answers with the account as it becomes and the entries that say why, or with a
// refusal. Quotes, awards, explanations and tests all call the same functions.
//
// It promises that every movement of points is an Entry whose postings balance, that an account is nothing
// but the sum of its entries (Account.Apply is the only thing that changes one), and that amounts are exact:
// points and money are whole numbers, rates are rationals, and rounding happens once per order.
//
// It deliberately does no I/O, reads no clock and draws no chance: whoever calls passes now. It imports the
// standard library alone and knows nothing of how anything is stored or sent.
package loyalty
