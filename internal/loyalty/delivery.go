package loyalty

// The delivery invariant
//
// For any sequence of deliveries, an account equals the one that results from delivering the final state of every fact
// once, in the order in which the facts happened: an order at placed_at, a refund or dispute at its own instant; a
// canceled order never happened.
//
// These are the exceptions, each with the actual behavior.
//
// Points:
//
//   - Points that were spent stay spent. A redemption or conversion takes the points that expire first of those that the
//     member has then. If an order becomes known later, or loses its points later, points of other orders were spent than
//     by the direct delivery, and debt may be paid with others; the sum is the same.
//   - A conversion of points that are taken back later is reversed in part, as far as nothing else is left to take. The
//     member then has fewer points in one wallet and more in the other than by the direct delivery.
//   - Points that have paid a debt stay used. When the order that caused the debt is restored, its points return to its own
//     lot, and expire there if its day has passed.
//   - With the clawback policies pending_only and within_balance, a refund takes what is pending, or left, when it is
//     reported.
//   - The fraction of a point with which an order begins (carry) is what earlier orders had left when the order was first
//     accepted. It is recorded with the order.
//
// Caps and limits:
//
//   - Room under a cap, and the times of a limit, go to the orders in the order of their placing as long as the period is
//     open: until 92 days after its end. After that an order keeps at most what it was allowed.
//   - The account remembers 20 orders that were cut. Others do not get the room that a refund frees.
//   - An order that a budget had cut gets no more of it, also when room under a cap becomes free.
//   - If orders do not fit into the transaction of the order that frees or takes their room, the due queue decides them.
//
// Order numbers:
//
//   - The account remembers the first 20 orders, as far as rules ask for their numbers.
//   - What a condition of an action asks about the member's orders (member.orders) is the number of orders that counted
//     when the event was first accepted.
//   - If orders do not fit into the transaction of the order that changes their numbers, the due queue decides them.
//   - An order that becomes worth more takes of a budget what is left of it before the member's other orders give
//     anything back.
//
// Referrals:
//
//   - A code is accepted or rejected by what is known when it is given: an order that was placed before, and is reported
//     later, does not undo it.
//   - Whether the two members are one person, and whether the referrer's account is frozen or full, is decided when an
//     order of the friend that changes the referral is reported. What is withheld then is given when another order of the
//     friend is reported.
//   - The times of a limit on referrals go to the friends in the order in which their orders are reported. A friend's
//     order that a limit cut gets a time that becomes free when it is reported again.
//   - Points of a former converting order that the clawback policy leaves with a member count as given for the next one.
//   - An order cannot move to another member while that would change which order converts a referral.
//
// Actions:
//
//   - The times of a limit of an action, and its cooldown, go to events in the order in which they are reported.
//
// Milestones:
//
//   - A milestone above MaxOrderNumber orders is dated by when it is reached, not by its order.
//   - Points of a milestone that move to an earlier lot keep the program's period of notice, or at least 14 days.
//
// Levels:
//
//   - The level that multiplied an order's points, and that says how long they live, is the one at placed_at as known
//     when the order was first accepted. It is recorded with the order; a later withdrawal of the level does not
//     change it.
//   - A bonus whose level counts from an earlier day keeps its points for the program's period of notice, or at least
//     14 days, even if the lot of that day expires sooner.
//   - A bonus that was spent before its level was withdrawn is taken from other lots or owed, as clawback says.
//   - What is reported of a member (segments, the member's own year) and a level set manually hold from the instant
//     at which they are recorded. Of what happens in the same millisecond they come first, then orders and events by
//     their IDs.
//   - The member's own year is the one known when an order is first accepted.
//   - An order dated up to five minutes ahead counts from its placed_at, but time does not run ahead with it.
//   - Notices that were sent stay sent: a level that is decided again falls without another notice.
//   - With on_order_refund: keep, a level that was reached by an order stays when the order is canceled or refunded,
//     until its next review. What the order counted then counts no longer from when that was recorded on.
//   - Points that are given up because a parcel did not come in time count towards levels until the order is reported
//     again.
//
// Budgets:
//
//   - What an order may receive under a budget depends on what others have used when the order, or a larger state of it,
//     is reported. What a budget has granted once is restored after a refund that fails and after a cancellation that is
//     taken back, also beyond the budget.
//   - Points that are given up because a parcel did not come in time return to their budget when the order is reported
//     again.
//
// Advance notice:
//
//   - Whether a member can be reached is what the account had recorded (Traits.Channels) when points were to expire or a
//     level was to end, and a notice counts from the instant at which it was sent. An order that is reported later does
//     not change which extensions there were.
//
// Versions of the program:
//
//   - Every version that was live decides what became due in its time, whether or not anybody read the account then. A
//     process learns of a publication at most 30 seconds late; what it decides until then, the version before decides.
//   - A version that is recalled prices nothing from then on. What was accepted before keeps it, and what became due in
//     its time stays.
//   - Budgets are those of the version that is live when an order or event is reported. A level or wallet that this
//     version does not have gives nothing for what is accepted from then on.
//   - Segments, the birthday and the time zone that rules ask about are those known when an order or event is first
//     accepted. A registration for a campaign counts from its instant on.
//   - The schedule remembers the last 100 versions. Earlier ones price nothing any more, but for what they had accepted.
//   - What is reported late does not change what time did since then by other rules than levels: a reward that an
//     earlier version redeemed automatically is not redeemed for points that arrive after that version ended.
//
// Inactivity:
//
//   - An activity that counts no longer moves nothing if a later one counts: also if, without it, points had expired
//     before the later one.
//   - The activities before the latest four count no more once all four were withdrawn.
//   - Points that return to a day that is over expire when the withdrawal is reported, or have the period of advance
//     notice from then on. What was reserved, or extended because no notice was sent, does not return to an earlier day.
//   - A redemption that was committed and then reversed stays an activity.
//   - Points of an order that expired before they were taken back, and were restored after a later activity, stay
//     expired, or are taken from that activity's points.
