package api

import (
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

type refundBody struct {
	ID       string           `json:"id"`
	At       time.Time        `json:"at"`
	Status   *string          `json:"status"`
	Amount   whole            `json:"amount"`
	Shipping whole            `json:"shipping"`
	Tax      whole            `json:"tax"`
	Tender   *string          `json:"tender"`
	Lines    []refundLineBody `json:"line_items"`
}

type refundLineBody struct {
	ID       string `json:"id"`
	Quantity whole  `json:"quantity"`
	Amount   whole  `json:"amount"`
}

func (b refundBody) refund(c *check, i int) loyalty.Refund {
	in := func(name string) place { return place{name, "refunds", i} }
	c.requiredID(in("id"), b.ID)
	c.required(in("at"), !b.At.IsZero())
	c.required(in("amount"), b.Amount.given)
	r := loyalty.Refund{
		ID: b.ID, At: b.At.UTC().Truncate(time.Millisecond), Status: loyalty.RefundSucceeded,
		Amount: c.amount(in("amount"), b.Amount), Shipping: c.amount(in("shipping"), b.Shipping),
		Tax:    c.amount(in("tax"), b.Tax),
		Tender: optional(c, in("tender"), b.Tender, 64),
	}
	if b.Status != nil {
		r.Status = loyalty.RefundStatus(*b.Status)
		switch r.Status {
		case loyalty.RefundSucceeded, loyalty.RefundPending, loyalty.RefundFailed:
		default:
			c.fault(in("status"), loyalty.ValidationFailed, "status must be succeeded, pending or failed.")
		}
	}
	for n, l := range b.Lines {
		r.Lines = append(r.Lines, l.line(c, "refunds/"+strconv.Itoa(i)+"/line_items", n))
	}
	return r
}

type disputeBody struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Status string    `json:"status"`
	Amount whole     `json:"amount"`
}

func (b disputeBody) dispute(c *check, i int) loyalty.Dispute {
	in := func(name string) place { return place{name, "disputes", i} }
	c.requiredID(in("id"), b.ID)
	c.required(in("at"), !b.At.IsZero())
	c.required(in("amount"), b.Amount.given)
	d := loyalty.Dispute{
		ID: b.ID, At: b.At.UTC().Truncate(time.Millisecond), Status: loyalty.DisputeStatus(b.Status),
		Amount: c.amount(in("amount"), b.Amount),
	}
	switch d.Status {
	case loyalty.DisputeOpen, loyalty.DisputeWon, loyalty.DisputeLost:
	default:
		c.fault(in("status"), loyalty.ValidationFailed, "status must be open, won or lost.")
	}
	return d
}

func (b refundLineBody) line(c *check, list string, i int) loyalty.RefundLine {
	in := func(name string) place { return place{name, list, i} }
	c.requiredID(in("id"), b.ID)
	if b.Quantity.given && (b.Quantity.n < 1 || b.Quantity.n > int64(loyalty.MaxPoints)) {
		c.fault(
			in("quantity"), loyalty.ValidationFailed, "quantity must be a whole number from 1 to %d.",
			loyalty.MaxPoints,
		)
	}
	c.required(in("amount"), b.Amount.given)
	return loyalty.RefundLine{ID: b.ID, Quantity: b.Quantity.n, Amount: c.amount(in("amount"), b.Amount)}
}
