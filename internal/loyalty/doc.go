// Package loyalty is the rules, pure: functions from values to values. Given a program, an account, a command
// and the present instant it answers with the account as it becomes and the entries that say why, or with a
// refusal. Quotes, awards, explanations and tests all call the same functions.
//
// It promises that every movement of points is an Entry whose postings balance, that an account is nothing
// but the sum of its entries (Account.Apply is the only thing that changes one), and that amounts are exact:
// points and money are whole numbers, rates are rationals, and rounding happens once per order.
//
// What an order gives is a function of what remains of it, by the rules and the facts of its first revision
// (Program.worth says which): so its refunds may come in any order, in parts, twice, or fail after all. What caps,
// limits and budgets allow is decided on the whole order, for the same reason. Points that expire by inactivity are
// in lots with a sliding expiry day (Date.Slides), which each activity postpones.
//
// An order may depend on orders that were placed before it: by its number, and by the room that they leave under caps and
// limits. When such an order changes, is canceled or arrives late, the decision asks for the orders behind it that it
// may concern (Needs), and Redecide decides them again. The account remembers the first orders and those that were cut, so
// that most orders need no others.
//
// Levels are a function of facts too: of what orders and events count, of what was reported about the member, of
// levels set manually, and of time. The facts are decided in the order in which they happened. When a fact changes or
// arrives late and an earlier decision may depend on it, Redecide runs the same decisions again from that instant on
// and posts the difference. An account remembers its standings of the last 91 days for that, and the member's entries
// hold the facts. Deciding all of a member's life again for each order would be simpler, but would read every entry;
// an order that is reported in time needs none.
//
// An account has a wallet of points and perhaps others (Wallet): postings balance, and reasons sum up, in each of
// them. Only points of the main wallet count towards a level, expire by inactivity, can be extended or reinstated
// manually, and can be transferred to other members. What concerns several members (Transfer, RedeemTogether, AwardReferral) is decided over all of their
// accounts at once. A household has no account: each member's points stay in that member's lots until they are
// spent, so that joining or leaving a household neither adds nor removes points.
//
// It does no I/O, reads no clock and draws no random values: the caller passes the present instant. It imports the
// standard library alone and knows nothing of how anything is stored or sent.
package loyalty
