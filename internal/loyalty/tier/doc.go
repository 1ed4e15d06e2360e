// Package tier decides levels: how members qualify, for which windows and how long, reviews, moves up and down, manual
// levels, locks, minimums and entry bonuses. When facts change or arrive late, Redecide repeats the decisions that
// depend on them and posts the difference.
//
// A tier group is decided like the tiers, on a view of the account and the program (posting.GroupView).
package tier
