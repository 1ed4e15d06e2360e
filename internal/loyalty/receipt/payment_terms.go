package receipt

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func awardsWhenPaid(t loyalty.PaymentTerms) bool {
	return t.Award == loyalty.AwardOrdersWhenPaid || t.Award == loyalty.AwardPayments
}

// FindsBy reports whether the terms allow finding the member of a payment in the given way.
func FindsBy(t loyalty.PaymentTerms, by loyalty.MemberBy) bool { return slices.Contains(t.Finds(), by) }

// Attributable reports whether an order can be attributed to a member although an unknown customer placed it, or
// although it was placed before the member joined. Two conditions must hold. The order is not older than
// loyalty.MaxOrderAge. It was placed after the member joined or at most loyalty.JoinGrace before, or it is recent
// enough for PaymentTerms.Claims.
func Attributable(terms *loyalty.PaymentTerms, zone *time.Location, placed, joined, now time.Time) bool {
	if placed.Before(now.Add(-loyalty.MaxOrderAge)) {
		return false
	}
	return !placed.Before(joined.Add(-loyalty.JoinGrace)) || !now.After(terms.Claims().After(placed, zone))
}
