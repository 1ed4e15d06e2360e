// Package tier decides levels: how members qualify, for which windows and how long, reviews, moves up and down, manual
// levels, locks, minimums and entry bonuses. When facts change or arrive late, Redecide repeats the decisions that
// depend on them and posts the difference.
//
// The levels of a tier group are decided by the same functions, on copies of the program and the account in which the
// tier group takes the place of Tiers (GroupProgram and posting.GroupView).
package tier
