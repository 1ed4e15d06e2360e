package posting

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// The points of a referral depend on one order, which converts it. This is the first of the friend's orders, by
// placed_at and ID, that counts and meets the condition of a referral action. The friend's account stores the first few
// of these orders (Converting). If an order arrives late, stops counting or is restored, the account therefore
// determines the new converting order without other data.
//
// Each order that ever converted a referral has two events: the friend's in the friend's account, and the referrer's in
// the referrer's account. An event stores the rules of its order, and the member's traits and level when the order
// first converted the referral. When another order becomes the converting order, the events of the former one become
// worth nothing, and the events of the next one give the points of its actions. If the former order is restored, its
// events are worth the same as before. Points that the clawback policy leaves with a member count as given for the next
// order, so that canceling and ordering again gains nothing.

// maxConverting is the number of the friend's orders that an account stores as candidates to convert the referral. If
// all of them stop counting and there are more, the member's entries are read.
const maxConverting = 4

// AddConverting adds order o to the orders that could convert the referral if the parameter converts is set, and
// removes it otherwise. The result known is false if the account does not store the first of these orders.
func AddConverting(c loyalty.Converting, o loyalty.PlacedOrder, converts bool) (next loyalty.Converting, known bool) {
	at, found := slices.BinarySearchFunc(c.Orders, o, loyalty.PlacedOrder.Compare)
	next = loyalty.Converting{Orders: slices.Clone(c.Orders), More: c.More}
	switch {
	case found && !converts:
		next.Orders = slices.Delete(next.Orders, at, at+1)
	case !found && converts && (!c.More || at < len(c.Orders)):
		next.Orders = slices.Insert(next.Orders, at, o)
	}
	next = TrimConverting(next)
	return next, len(next.Orders) > 0 || !next.More
}

// TrimConverting keeps only the first maxConverting orders, and sets More if there were others.
func TrimConverting(c loyalty.Converting) loyalty.Converting {
	if len(c.Orders) > maxConverting {
		return loyalty.Converting{Orders: slices.Clip(c.Orders[:maxConverting]), More: true}
	}
	if len(c.Orders) == 0 {
		c.Orders = nil
	}
	return c
}

// noteReferral updates the account's orders that could convert the referral.
func noteReferral(a *loyalty.Account, e loyalty.Entry) {
	switch {
	case e.Converting != nil:
		a.Converting = *e.Converting
	case e.Order != nil && a.Traits.Referral.By != "":
		a.Converting, _ = AddConverting(a.Converting, e.Order.Order.Placed(), len(e.Order.Converts) > 0)
	}
}

// Types of events that award referrals. Merchants cannot send them.
const (
	EventConverted = "referral.converted" // a referred friend placed an order that converts the referral
	EventReversed  = "referral.reversed"  // the order that converted the referral no longer counts
)

// ReferralStatus is the status of a referral.
type ReferralStatus string

const (
	ReferralRegistered ReferralStatus = "registered" // the friend has an account, but no converting order
	ReferralConverted  ReferralStatus = "converted"  // the friend has ordered, and the points are pending
	ReferralRewarded   ReferralStatus = "rewarded"   // the points are active
)

// ReferralStatusAt returns the status of the referral at an instant; empty if there is none.
func ReferralStatusAt(r loyalty.Referral, now time.Time) ReferralStatus {
	switch {
	case r.By == "":
		return ""
	case r.Order == "":
		return ReferralRegistered
	case r.ActiveAt.After(now):
		return ReferralConverted
	}
	return ReferralRewarded
}

// Refers reports whether the action awards referrals.
func Refers(a loyalty.Action) bool { return a.Event == EventConverted }
