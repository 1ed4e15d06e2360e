// Package award posts the points that orders, events, referrals and milestones give. It compares their present worth
// with the points that earlier revisions gave, and posts the difference. An order may depend on other orders by its
// number, caps, limits or a referral. If these change, the package decides the order again.
//
// It uses package earn for the value of an order and package tier for the levels that follow.
package award
