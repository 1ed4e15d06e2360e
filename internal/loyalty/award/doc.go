// Package award posts what orders, events, referrals and milestones give. It compares the present worth with what
// earlier revisions gave, and posts the difference. It decides orders again when other orders that they depend on
// change: by order numbers, caps, limits and referrals.
//
// It uses package earn for the value of an order and package tier for the levels that follow.
package award
