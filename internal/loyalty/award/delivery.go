package award

// The delivery invariant
//
// For any sequence of deliveries, an account equals the account that results from delivering the final state of every
// fact once, in the order in which the facts happened (the direct delivery). An order happens at placed_at, and a
// refund or dispute at the instant of the refund or dispute. A canceled order never happened.
//
// There are exceptions. The following list describes the actual behavior in these cases.
//
// Points:
//
//   - Points that were spent stay spent. A redemption or conversion takes the points that expire first at that time. If
//     an order becomes known later, or loses its points later, the member has spent points of other orders than in the
//     direct delivery, and other points may have paid debt. The total is the same.
//   - A conversion of points that are taken back later is partly reversed, as far as there is nothing else to take. The
//     member then has fewer points in one wallet and more in the other than after the direct delivery.
//   - Points that paid a debt stay used. When the order that caused the debt is restored, its points return to the
//     order's lot, and expire there if its day has passed.
//   - With the clawback policies pending_only and within_balance, a refund takes what is pending, or available, when it
//     is reported.
//   - The fraction of a point with which an order begins (carry) is what earlier orders had accumulated when the order
//     was first accepted. It is recorded with the order.
//
// Caps and limits:
//
//   - Room under a cap and uses of a limit go to orders by placed_at while the period is open, which is until 92 days
//     after its end. After that, an order keeps at most what it was allowed.
//   - The account remembers 20 orders whose points were reduced by caps or limits. Other orders do not receive the room
//     that a refund releases.
//   - An order whose points a budget reduced receives no more from that budget, even when room under a cap becomes
//     available.
//   - If there are too many affected orders for the transaction of the order that releases or takes their room, a
//     background task decides them later.
//
// Order numbers:
//
//   - The account remembers the first 20 orders, if rules ask for order numbers.
//   - If the condition of an action asks for the number of the member's orders (member.orders), the condition uses the
//     number of orders that counted when the event was first accepted.
//   - If there are too many affected orders for the transaction of the order that changes their numbers, a background
//     task decides them later.
//   - An order whose points increase takes what remains of a budget before other orders of the member return anything
//     to it.
//
// Referrals:
//
//   - A code is accepted or rejected by what is known when the friend provides it. An order that was placed before, but
//     is reported later, does not undo the decision.
//   - A referral gives no points if the two members are one person, or if the referrer's account is frozen or full.
//     This is decided when an order of the friend that changes the referral is reported. Withheld points are given when
//     another order of the friend is reported.
//   - Uses of a limit on referrals go to friends in the order in which their orders are reported. A friend's order that
//     was cut by a limit receives a released use when the order is reported again.
//   - If an order no longer converts the referral, but the clawback policy does not take back its points, these points
//     count as given for the next converting order.
//   - An order cannot move to another member while that would change which order converts a referral.
//
// Actions:
//
//   - Uses of the limit of an action, and its cooldown, go to events in the order in which the events are reported.
//
// Milestones:
//
//   - A milestone above MaxOrderNumber orders is dated by the instant at which it is reached, not by its order.
//   - Points of a milestone that move to an earlier lot last at least for the program's period of advance notice, and
//     at least 14 days.
//
// Levels:
//
//   - The level that multiplies an order's points and determines their expiry is the level at placed_at as known when
//     the order was first accepted. It is recorded with the order. A later withdrawal of the level does not change it.
//   - An entry bonus whose level counts from an earlier day keeps its points for the program's period of advance
//     notice, and at least 14 days, even if the lot of that day expires sooner.
//   - If an entry bonus was spent before its level was withdrawn, its points are taken from other lots or owed, as the
//     clawback policy says.
//   - Reported traits of a member (segments, the membership year) and a level set manually take effect when they are
//     recorded. Within one millisecond, these facts come first, followed by orders and events in the order of their
//     IDs.
//   - The membership year is the one known when an order is first accepted.
//   - An order dated up to five minutes ahead counts from its placed_at, but does not advance the account to that
//     instant.
//   - Notices that were sent stay sent. A level that is decided again is lost without another notice.
//   - With on_order_refund: keep, a level that was reached by an order stays until its next review if the order is
//     canceled or refunded. The amounts of the order stop counting towards levels when the cancellation or refund is
//     recorded.
//   - Points that are forfeited because a parcel did not arrive in time count towards levels until the order is
//     reported again.
//
// Budgets:
//
//   - An order may receive as much of a budget as other orders have not used when the order, or a larger state of it,
//     is reported. Points that a budget has granted once are restored after a failed refund and after a cancellation
//     that is undone, even above the budget.
//   - Points that are forfeited because a parcel did not arrive in time return to their budget when the order is
//     reported again.
//
// Advance notice:
//
//   - A member can be reached if the account had recorded a channel (Traits.Channels) when points were to expire or a
//     level was to end. A notice counts from the instant at which it was sent. An order that is reported later does not
//     change past extensions.
//
// Versions of the program:
//
//   - Every version that was live decides what became due while it was live, whether or not the account was read then.
//     A process learns of a publication at most 30 seconds late; until then, it decides with the previous version.
//   - A version that is recalled does not apply to orders accepted from then on. Orders accepted before keep their
//     points, and everything that became due while the version was live stays.
//   - Budgets are those of the version that is live when an order or event is reported. A level or wallet that this
//     version does not have gives nothing to orders and events accepted from then on.
//   - Segments, the birthday and the time zone that rules ask for are those known when an order or event is first
//     accepted. A registration for a campaign counts from its instant on.
//   - The schedule remembers the last 100 versions. Earlier versions apply only to orders and events accepted under
//     them.
//   - A late report does not change what has become due since then, except for levels. For example, a reward that an
//     earlier version redeemed automatically is not redeemed for points that arrive after that version ended.
//
// Inactivity:
//
//   - The withdrawal of an activity changes no expiry if a later activity counts, even if the points would have expired
//     before the later activity without the withdrawn one.
//   - The account remembers the latest four activities. If all four are withdrawn, earlier activities do not count any
//     more.
//   - Points that return to a day that is over expire when the withdrawal is reported, or after the period of advance
//     notice from then on. Points that were reserved, or extended because no notice was sent, do not return to an
//     earlier day.
//   - A redemption that was committed and then reversed stays an activity.
//   - Points of an order that expired before they were taken back, and were restored after a later activity, stay
//     expired, or are taken from that activity's points.
