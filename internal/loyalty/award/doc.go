// Package award posts the points that orders, events, referrals and milestones give. It compares their present worth
// with the points that earlier revisions gave, and posts the difference. It decides orders again when other orders that
// they depend on change: by order numbers, caps, limits and referrals.
//
// It uses package earn for the value of an order and package tier for the levels that follow.
package award
