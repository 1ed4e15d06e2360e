package receipt

import (
	"fmt"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// ShareOf returns the order's usage of the caps, limits and budget of a rule. The caller must not change it. It is zero
// if the order uses none.
func ShareOf(s *loyalty.OrderState, rule string) *loyalty.Share {
	for i := range s.Shares {
		if s.Shares[i].Rule == rule {
			return &s.Shares[i]
		}
	}
	return &loyalty.Share{Rule: rule}
}

// ConversionRate returns the rate at which the order's currency is converted, or false if it is not converted.
func ConversionRate(s *loyalty.OrderState) (exact.Number, bool) {
	if s.Rate == "" {
		return exact.Number{}, false
	}
	return exact.Parse(s.Rate), true
}

// ItemTotal returns the sum of the amounts of the line items.
func ItemTotal(o loyalty.Order) (sum int64) {
	for _, l := range o.Lines {
		sum += l.Amount
	}
	return sum
}

// Supersedes reports whether a new delivery of an order replaces the stored one. It returns false only if the time of
// change of the new delivery, by the merchant's system, is before that of the stored one. A delivery without a time of
// change replaces the stored one.
func Supersedes(o loyalty.Order, was loyalty.Order) bool {
	return o.UpdatedAt.IsZero() || !o.UpdatedAt.Before(was.UpdatedAt)
}

// HappenedAt returns when an event happened to the order, or zero if the event has not happened.
func HappenedAt(o loyalty.Order, e calendar.OrderEvent) time.Time {
	switch e {
	case calendar.WhenShipped:
		return o.Shipped
	case calendar.WhenDelivered:
		return o.Delivered
	}
	return time.Time{}
}

// OrderTotal returns the amount that the customer pays, before refunds.
func OrderTotal(o loyalty.Order) int64 { return ItemTotal(o) - o.Discount + o.Shipping + o.Tax }

// Unearning returns how much was paid with tenders that earn nothing. If the merchant and a processor both report
// payments by gift card or store credit, the same money counts once. If no processor has reported yet whether some
// money was paid by gift card, this money earns nothing either, unless the merchant states the tenders.
func Unearning(o loyalty.Order) int64 {
	points, cards := int64(0), int64(0)
	for _, t := range o.Tenders {
		switch {
		case t.Kind == loyalty.TenderPoints:
			points += t.Amount
		case !t.Kind.Earns():
			cards += t.Amount
		}
	}
	reported, unknown := OrderGiftCards(&o)
	return min(OrderTotal(o), points+max(cards, reported+unknown))
}

// CheckLines rejects line items with invalid amounts, quantities or repeated IDs.
func CheckLines(o loyalty.Order) error {
	if len(o.Lines) > loyalty.MaxLines {
		return loyalty.Refuse(
			loyalty.ValidationFailed, "/line_items",
			fmt.Sprintf("An order has at most %d line items.", loyalty.MaxLines),
		)
	}
	sum := int64(0)
	for i, l := range o.Lines {
		if l.Quantity < 1 || l.Quantity > int64(loyalty.MaxPoints) {
			return loyalty.Refuse(
				loyalty.ValidationFailed, pointer("/line_items", i, "quantity"),
				"quantity must be a whole number of at least 1. Send returned items in refunds.",
			)
		}
		if CheckAmount("", l.Amount) != nil {
			return CheckAmount(pointer("/line_items", i, "amount"), l.Amount)
		}
		if sum += l.Amount; sum > loyalty.MaxAmount {
			return loyalty.Refuse(
				loyalty.AmountOutOfRange, "/line_items", "The sum of the line items exceeds the maximum of an order.",
			)
		}
	}
	if id, ok := repeatedLine(o.Lines); ok {
		return loyalty.Refuse(
			loyalty.ValidationFailed, "/line_items", fmt.Sprintf("Two line items have the id %q.", id),
		)
	}
	return nil
}

// pointer returns the JSON pointer to a field of an entry of a list. Checks call it only for invalid values, because it
// allocates.
func pointer(list string, i int, field string) string {
	return list + "/" + strconv.Itoa(i) + "/" + field
}

func repeatedLine(lines []loyalty.Line) (string, bool) {
	if len(lines) < 32 {
		for i, l := range lines {
			for _, x := range lines[:i] {
				if x.ID == l.ID {
					return l.ID, true
				}
			}
		}
		return "", false
	}
	seen := make(map[string]bool, len(lines))
	for _, l := range lines {
		if seen[l.ID] {
			return l.ID, true
		}
		seen[l.ID] = true
	}
	return "", false
}

// CheckTenders rejects tenders of an unknown kind, and tenders that exceed the total of the order.
func CheckTenders(o loyalty.Order) error {
	sum := int64(0)
	for i, t := range o.Tenders {
		switch t.Kind {
		case loyalty.TenderCard, loyalty.TenderCash, loyalty.TenderOther, loyalty.TenderPoints,
			loyalty.TenderGiftCard, loyalty.TenderStoreCredit:
		default:
			return loyalty.Refuse(
				loyalty.ValidationFailed, pointer("/tenders", i, "kind"),
				"type must be card, cash, points, gift_card, store_credit or other.",
			)
		}
		if CheckAmount("", t.Amount) != nil {
			return CheckAmount(pointer("/tenders", i, "amount"), t.Amount)
		}
		if sum += t.Amount; sum > OrderTotal(o) {
			return loyalty.Refuse(
				loyalty.ValidationFailed, "/tenders",
				fmt.Sprintf(
					"The sum of the tenders must not exceed the order's total of %s.",
					loyalty.Money{Amount: OrderTotal(o), Currency: o.Currency},
				),
			)
		}
	}
	return nil
}

// CheckAmount rejects an amount of money that is negative or too large.
func CheckAmount(pointer string, n int64) error {
	if n < 0 || n > loyalty.MaxAmount {
		return loyalty.Refuse(
			loyalty.AmountOutOfRange, pointer,
			fmt.Sprintf("The amount must be between 0 and %d minor units.", loyalty.MaxAmount),
		)
	}
	return nil
}
