package earn

import (
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// ShareIn returns the share of one rule, and adds it if there is none yet.
func ShareIn(shares *[]loyalty.Share, rule string) *loyalty.Share {
	at := slices.IndexFunc(*shares, func(s loyalty.Share) bool { return s.Rule == rule })
	if at < 0 {
		at = len(*shares)
		*shares = append(*shares, loyalty.Share{Rule: rule})
	}
	return &(*shares)[at]
}

// OrderNumber returns the number that an order has among the first orders, if the order counts.
func OrderNumber(f loyalty.FirstOrders, o loyalty.PlacedOrder) int {
	at, _ := slices.BinarySearchFunc(f.Orders, o, loyalty.PlacedOrder.Compare)
	return at + 1
}

// counts reports whether the order counts as one of the member's orders: that is, whether any earning item remains
// after refunds. The result must not depend on the order's number.
func (v *Valuation) counts() bool {
	if v.Earn.CountPlaced {
		return true
	}
	defer func() { v.facts = nil }() // remove the facts, which were computed without the order's number
	return v.share.Sign() > 0 && slices.ContainsFunc(v.order.Lines, func(l loyalty.Line) bool {
		if !v.earning(l) || v.remainingOf(l).Sign() == 0 {
			return false
		}
		m, ok := v.category(l.Category)
		return !ok || m.By.Sign() > 0
	})
}

// number determines the order's number among the member's orders that count.
func (v *Valuation) number() {
	v.Counted = v.counts()
	most := v.Compiled.Numbers
	switch {
	case most == 0:
	case v.Counted:
		v.S.Buyer.Orders = int64(min(OrderNumber(v.Acc.First, v.order.Placed()), most+1) - 1)
	default:
		v.S.Buyer.Orders = -1
	}
}

// share returns the order's usage of one rule's caps, limits and budgets. The state must not share the slice Shares
// with another state, because the caller may change the result.
func share(s *loyalty.OrderState, rule string) *loyalty.Share { return ShareIn(&s.Shares, rule) }

// MissingLevel adds the reason for a level of the member that the program no longer has.
func (w *Worth) MissingLevel(s *loyalty.OrderState) {
	for _, key := range s.Missing {
		if !strings.HasPrefix(key, posting.WalletsPrefix) {
			w.Reasons = append(w.Reasons, MissingReason(key, key))
		}
	}
}

// MissingReason returns the reason that a rule gives nothing because its level or wallet no longer exists.
func MissingReason(rule, key string) loyalty.Reason {
	if wallet, ok := strings.CutPrefix(key, posting.WalletsPrefix); ok {
		return loyalty.NewReason(rule, "0", loyalty.IsMissing, "wallet", wallet)
	}
	return loyalty.NewReason(rule, "0", loyalty.IsMissing, "level", key[strings.LastIndexByte(key, '.')+1:])
}
