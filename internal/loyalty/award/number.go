package award

import (
	"fmt"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// moved returns the orders whose numbers change because order o starts or stops counting. It considers only numbers
// that rules use. The parameters f and next are the first orders before and after the change.
func moved(f loyalty.FirstOrders, next loyalty.FirstOrders, o loyalty.PlacedOrder) (moved []loyalty.PlacedOrder) {
	for _, x := range slices.Concat(f.Orders, next.Orders) {
		was, is := earn.OrderNumber(f, x), earn.OrderNumber(next, x)
		if was != is && min(was, is) <= next.Most && x != o && !slices.Contains(moved, x) {
			moved = append(moved, x)
		}
	}
	slices.SortFunc(moved, loyalty.PlacedOrder.Compare)
	return moved
}

// EarlierOrders returns placeholders for the first orders of a member who placed n orders before an instant. The
// placeholders have invented instants and no IDs.
func EarlierOrders(n int64, before time.Time) (f loyalty.FirstOrders) {
	f.Most = posting.MaxOrderNumber
	for i := range min(n, posting.MaxOrderNumber) {
		f.Orders = append(
			f.Orders, loyalty.PlacedOrder{At: before.Add(time.Duration(i-n) * time.Millisecond).UTC(), ID: ""},
		)
	}
	return f
}

// FirstOrders returns the member's first orders after an order starts or stops counting. It returns false if the
// account does not store enough of them, so that the member's entries are needed. The parameters was and counts state
// whether the order counted before and counts now.
func FirstOrders(
	live *loyalty.Compiled, acc loyalty.Account, rules *loyalty.Compiled, o *loyalty.Order, was, counts bool,
) (loyalty.FirstOrders, bool) {
	f := acc.First
	f.Most = max(f.Most, live.Numbers, rules.Numbers)
	f.Target = live.Target
	if posting.LeastRemembered(f) == 0 {
		return f, true
	}
	next, orders := posting.AddFirst(f, o.Placed(), counts, posting.HasAllOrders(&acc)), posting.OrderCount(acc)
	switch {
	case counts && !was:
		orders++
	case was && !counts:
		orders--
	}
	return next, len(next.Orders) >= posting.LeastRemembered(f) || int64(len(next.Orders)) >= orders
}

// WithFirstOrders returns the account with the first orders read from the parameter entries, which must contain all of
// the member's entries.
func WithFirstOrders(acc loyalty.Account, entries []loyalty.Entry) loyalty.Account {
	latest := map[string]*loyalty.OrderState{}
	for i := range entries {
		if s := entries[i].Order; s != nil {
			latest[s.Order.ID] = s
		}
	}
	acc.First = loyalty.FirstOrders{Most: acc.First.Most, Loaded: true}
	acc.Converting = loyalty.Converting{}
	for _, s := range latest {
		if s.Counted {
			acc.First.Orders = append(acc.First.Orders, s.Order.Placed())
		}
		if len(s.Converts) > 0 {
			acc.Converting.Orders = append(acc.Converting.Orders, s.Order.Placed())
		}
	}
	slices.SortFunc(acc.First.Orders, loyalty.PlacedOrder.Compare)
	slices.SortFunc(acc.Converting.Orders, loyalty.PlacedOrder.Compare)
	acc.Converting = posting.TrimConverting(acc.Converting)
	return acc
}

// AskNumbers records in the compiled rules the greatest order number that a condition uses.
func AskNumbers(compiled *loyalty.Compiled, when loyalty.Condition) error {
	n := earn.OrderNumbers(when)
	if n > posting.MaxOrderNumber {
		return fmt.Errorf("%s uses an order number above %d", when, posting.MaxOrderNumber)
	}
	compiled.Numbers = max(compiled.Numbers, n)
	return nil
}

// Excludes reports whether a rule excludes the line items of a category from earning.
func Excludes(terms *loyalty.Earn, category string) bool {
	return slices.ContainsFunc(terms.Categories, func(c loyalty.CategoryRule) bool {
		return c.Category == category && c.Multiply.Sign() == 0
	})
}
