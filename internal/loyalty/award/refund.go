package award

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

func equalRefunds(r loyalty.Refund, x loyalty.Refund) bool {
	return r.ID == x.ID && r.At.Equal(x.At) && r.Status == x.Status && r.Amount == x.Amount &&
		r.Shipping == x.Shipping &&
		r.Tax == x.Tax && r.Goods == x.Goods && r.Included == x.Included && r.Tender == x.Tender &&
		r.Tendered == x.Tendered && r.ToGiftCards == x.ToGiftCards && slices.Equal(r.Lines, x.Lines)
}

// refundedLines returns the number of lines of all refunds together.
func refundedLines(refunds []loyalty.Refund) (n int) {
	for _, r := range refunds {
		n += len(r.Lines)
	}
	return n
}

// MaxRefunds is the maximum number of refunds of an order, and of disputes.
const MaxRefunds = 100

func checkRefunds(o loyalty.Order) error {
	if len(o.Refunds) > MaxRefunds {
		return loyalty.Refuse(
			loyalty.ValidationFailed, "/refunds", fmt.Sprintf("An order has at most %d refunds.", MaxRefunds),
		)
	}
	seen := map[string]bool{}
	total := int64(0)
	has := lineIDs(o)
	for i, r := range o.Refunds {
		at := "/refunds/" + strconv.Itoa(i)
		if seen[r.ID] {
			return loyalty.Refuse(loyalty.ValidationFailed, at+"/id", fmt.Sprintf("Two refunds have the id %q.", r.ID))
		}
		seen[r.ID] = true
		if err := checkRefund(at, r, has); err != nil {
			return err
		}
		if r.Status == loyalty.RefundSucceeded {
			total += r.Amount
		}
	}
	if total > receipt.OrderTotal(o) {
		return loyalty.Refuse(loyalty.RefundExceedsPayment, "/refunds",
			fmt.Sprintf(
				"The sum of the refunds must not exceed the order's total of %s.",
				loyalty.Money{Amount: receipt.OrderTotal(o), Currency: o.Currency},
			))
	}
	if err := checkDisputes(o); err != nil {
		return err
	}
	if err := receipt.CheckRefundTenders(&o); err != nil {
		return err
	}
	return checkRefundedParts(o)
}

func checkDisputes(o loyalty.Order) error {
	if len(o.Disputes) > MaxRefunds {
		return loyalty.Refuse(
			loyalty.ValidationFailed, "/disputes", fmt.Sprintf("An order has at most %d disputes.", MaxRefunds),
		)
	}
	seen := map[string]bool{}
	for i, d := range o.Disputes {
		at := "/disputes/" + strconv.Itoa(i)
		switch d.Status {
		case loyalty.DisputeOpen, loyalty.DisputeWon, loyalty.DisputeLost:
		default:
			return loyalty.Refuse(loyalty.ValidationFailed, at+"/status", "status must be open, won or lost.")
		}
		if seen[d.ID] {
			return loyalty.Refuse(loyalty.ValidationFailed, at+"/id", fmt.Sprintf("Two disputes have the id %q.", d.ID))
		}
		seen[d.ID] = true
		if err := receipt.CheckAmount(at+"/amount", d.Amount); err != nil {
			return err
		}
		if d.Amount > receipt.OrderTotal(o) {
			return loyalty.Refuse(loyalty.ValidationFailed, at+"/amount",
				fmt.Sprintf(
					"The disputed amount must not exceed the order's total of %s.",
					loyalty.Money{Amount: receipt.OrderTotal(o), Currency: o.Currency},
				))
		}
	}
	return nil
}

func checkRefund(at string, r loyalty.Refund, has map[string]bool) error {
	switch r.Status {
	case loyalty.RefundSucceeded, loyalty.RefundPending, loyalty.RefundFailed:
	default:
		return loyalty.Refuse(loyalty.ValidationFailed, at+"/status", "status must be succeeded, pending or failed.")
	}
	rest := r.Amount - r.Shipping - r.Tax - r.Goods
	for _, part := range []struct {
		name   string
		amount int64
	}{{"amount", r.Amount}, {"shipping", r.Shipping}, {"tax", r.Tax}, {"tax", r.Included}} {
		if err := receipt.CheckAmount(at+"/"+part.name, part.amount); err != nil {
			return err
		}
	}
	for i, l := range r.Lines {
		at := at + "/line_items/" + strconv.Itoa(i)
		if !has[l.ID] {
			return loyalty.Refuse(
				loyalty.ValidationFailed, at+"/id", fmt.Sprintf("The order has no line item %q.", l.ID),
			)
		}
		if err := receipt.CheckAmount(at+"/amount", l.Amount); err != nil {
			return err
		}
		rest -= l.Amount
	}
	if r.Included > r.Amount {
		return loyalty.Refuse(
			loyalty.ValidationFailed, at+"/tax", "The included tax must not exceed the refund's amount.",
		)
	}
	if rest < 0 {
		return loyalty.Refuse(loyalty.ValidationFailed, at+"/amount",
			"The line items, shipping and tax of the refund must not exceed its amount.")
	}
	return nil
}

// lineIDs returns the IDs of the order's line items. It returns nil if no refund names a line.
func lineIDs(o loyalty.Order) map[string]bool {
	if refundedLines(o.Refunds) == 0 {
		return nil
	}
	has := make(map[string]bool, len(o.Lines))
	for _, l := range o.Lines {
		has[l.ID] = true
	}
	return has
}

// checkRefundedParts rejects refunds of more than was paid for a part of the order. A line's share of the discount may
// have been rounded either way, so one minor unit more is accepted.
func checkRefundedParts(o loyalty.Order) error {
	r := receipt.StatedRefunds(o)
	for i, l := range o.Lines {
		if got := r.Lines[l.ID]; got > 0 {
			paid, _ := loyalty.RoundPoints(exact.Whole(l.Amount).Mul(receipt.Undiscounted(o)), loyalty.Up)
			if got > int64(paid)+1 || got > l.Amount {
				return loyalty.Refuse(loyalty.RefundExceedsPayment, "/refunds",
					fmt.Sprintf("The refunds of line item %d are %s, more than its price of %s.",
						i, loyalty.Money{Amount: got, Currency: o.Currency},
						loyalty.Money{Amount: int64(paid), Currency: o.Currency}))
			}
		}
	}
	if r.Shipping > o.Shipping || r.Tax > o.Tax {
		return loyalty.Refuse(
			loyalty.RefundExceedsPayment, "/refunds", "The refunds of shipping or tax exceed the paid amount.",
		)
	}
	return nil
}
