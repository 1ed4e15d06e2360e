package request

import (
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A RefundBody is a refund of an order.
type RefundBody struct {
	ID       string           `json:"id"`
	At       time.Time        `json:"at"`
	Status   *string          `json:"status"`
	Amount   Whole            `json:"amount"`
	Shipping Whole            `json:"shipping"`
	Tax      Whole            `json:"tax"`
	Tender   *string          `json:"tender"`
	Lines    []RefundLineBody `json:"line_items"`
}

// A RefundLineBody is the refunded part of a line item.
type RefundLineBody struct {
	ID       string `json:"id"`
	Quantity Whole  `json:"quantity"`
	Amount   Whole  `json:"amount"`
}

func (b RefundBody) refund(c *Check, i int) loyalty.Refund {
	in := func(name string) Place { return Place{name, "refunds", i} }
	c.RequiredID(in("id"), b.ID)
	c.Required(in("at"), !b.At.IsZero())
	c.Required(in("amount"), b.Amount.Given)
	r := loyalty.Refund{
		ID: b.ID, At: b.At.UTC().Truncate(time.Millisecond), Status: loyalty.RefundSucceeded,
		Amount: c.Amount(in("amount"), b.Amount), Shipping: c.Amount(in("shipping"), b.Shipping),
		Tax:    c.Amount(in("tax"), b.Tax),
		Tender: optional(c, in("tender"), b.Tender, 64),
	}
	if b.Status != nil {
		r.Status = loyalty.RefundStatus(*b.Status)
		switch r.Status {
		case loyalty.RefundSucceeded, loyalty.RefundPending, loyalty.RefundFailed:
		default:
			c.Fault(in("status"), loyalty.ValidationFailed, "status must be succeeded, pending or failed.")
		}
	}
	for n, l := range b.Lines {
		r.Lines = append(r.Lines, l.line(c, "refunds/"+strconv.Itoa(i)+"/line_items", n))
	}
	return r
}

// A DisputeBody is a dispute of an order.
type DisputeBody struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Status string    `json:"status"`
	Amount Whole     `json:"amount"`
}

func (b DisputeBody) dispute(c *Check, i int) loyalty.Dispute {
	in := func(name string) Place { return Place{name, "disputes", i} }
	c.RequiredID(in("id"), b.ID)
	c.Required(in("at"), !b.At.IsZero())
	c.Required(in("amount"), b.Amount.Given)
	d := loyalty.Dispute{
		ID: b.ID, At: b.At.UTC().Truncate(time.Millisecond), Status: loyalty.DisputeStatus(b.Status),
		Amount: c.Amount(in("amount"), b.Amount),
	}
	switch d.Status {
	case loyalty.DisputeOpen, loyalty.DisputeWon, loyalty.DisputeLost:
	default:
		c.Fault(in("status"), loyalty.ValidationFailed, "status must be open, won or lost.")
	}
	return d
}

func (b RefundLineBody) line(c *Check, list string, i int) loyalty.RefundLine {
	in := func(name string) Place { return Place{name, list, i} }
	c.RequiredID(in("id"), b.ID)
	if b.Quantity.Given && (b.Quantity.N < 1 || b.Quantity.N > int64(loyalty.MaxPoints)) {
		c.Fault(
			in("quantity"), loyalty.ValidationFailed, "quantity must be a whole number from 1 to %d.",
			loyalty.MaxPoints,
		)
	}
	c.Required(in("amount"), b.Amount.Given)
	return loyalty.RefundLine{ID: b.ID, Quantity: b.Quantity.N, Amount: c.Amount(in("amount"), b.Amount)}
}
