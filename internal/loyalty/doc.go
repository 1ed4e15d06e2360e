// Package loyalty contains the vocabulary of a loyalty program: the sections of a program, accounts, entries, orders,
// events, rewards, redemptions, points, money and dates. The packages below it implement the rules as pure functions of
// these types. Given a program, an account, a command and the present instant, a function returns the new account with
// the entries that explain the change, or an error that rejects the command. Quotes, awards, explanations and tests all
// call the same functions.
//
// Package calendar contains dates and periods, and package exact the rational numbers. Each rule package imports them,
// package loyalty, and those above it in this list:
//
//	posting  accounts as sums of entries, and the parts that all commands share
//	receipt  what payments report about the money of an order
//	earn     the value of an order
//	redeem   redemptions, codes, stock and the waitlist
//	tier     levels
//	award    what orders, events, referrals and milestones give
//	share    transfers, conversions and households
//	remind   messages that are due, and notices
//	engine   commands that combine the others, and the passing of time
//
// A function that uses a few sections of a program takes these sections, with the time zone if it needs it. Types such
// as earn.Rules, redeem.Rules and tier.Rules contain the sections that their packages use together. Commands and
// functions that combine more sections take the Program.
//
// The package guarantees that every movement of points is an Entry whose postings balance, that an account is exactly
// the sum of its entries (only posting.Apply changes one), and that amounts are exact. Points and money are whole
// numbers, rates are rational numbers, and rounding happens once per order.
//
// The points of an order are a function of the line items and money that remain after refunds, under the rules and the
// facts of its first revision; earn.WorthOf defines that function. Refunds may therefore arrive in any order, in parts
// or twice, or fail after they were reported. For the same reason, caps, limits and budgets are applied to the whole
// order. Points that expire by inactivity are in lots with a sliding expiry day (Date.Slides), which each activity
// postpones.
//
// An order may depend on orders that were placed before it: they determine its number among the member's orders, and
// the room that remains under caps and limits. When such an order changes, is canceled or arrives late, the decision
// requests the later orders that it may affect (posting.Needs), and award.Redecide decides them again. The account
// remembers the member's first orders and the orders that caps or limits reduced, so that most orders require no
// others.
//
// Levels are also a function of facts: of the orders and events that count, of the traits that were reported about the
// member, of levels set manually, and of time. The facts are decided in the order in which they happened. When a fact
// changes or arrives late and an earlier decision may depend on it, award.Redecide repeats the decisions from that
// instant on and posts the difference. For this purpose, an account remembers its standings of the last 91 days, and
// the member's entries contain the facts. Repeating all decisions of a member for each order would be simpler, but
// would read every entry. An order that is reported in time requires no earlier entry.
//
// An account has a main wallet of points and may have others (Wallet). Postings balance and reasons add up in each of
// them. Only points of the main wallet count towards a level, expire by inactivity, can be extended or reinstated
// manually, and can be transferred to other members. Operations on several members (share.Transfer,
// share.RedeemTogether, award.AwardReferral) are decided on all of their accounts at once. A household has no account.
// Each member's points stay in that member's lots until they are spent, so joining or leaving a household neither adds
// nor removes points.
//
// The package does no I/O, reads no clock and draws no random values: the caller passes the present instant. It imports
// only the standard library and the packages calendar and exact, and does not depend on how data is stored or sent.
package loyalty
