// Package award posts the points that orders, events, referrals and milestones earn. It computes the points again for
// each revision, and posts the difference from the earlier revisions. The points of an order may depend on other
// orders, because of its number among the member's orders, caps, limits or a referral. If one of those orders changes,
// the package decides the dependent order again.
//
// Package earn computes the value of an order, and package tier the resulting level changes.
package award
