package request

import (
	"context"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// A BasketBody contains the fields that orders and quotes share.
type BasketBody struct {
	Member   *string      `json:"member"`
	PlacedAt time.Time    `json:"placed_at"`
	Currency string       `json:"currency"`
	Channel  *string      `json:"channel"`
	Store    *string      `json:"store"`
	Zone     *string      `json:"store_timezone"`
	Lines    []LineBody   `json:"line_items"`
	Discount Whole        `json:"discount"`
	Shipping Whole        `json:"shipping"`
	Tax      Whole        `json:"tax"`
	Tenders  []TenderBody `json:"tenders"`
}

// An OrderBody is the body of an order.
type OrderBody struct {
	BasketBody  `json:",inline"`
	Status      string        `json:"status"`
	Refunds     []RefundBody  `json:"refunds"`
	Disputes    []DisputeBody `json:"disputes"`
	UpdatedAt   *time.Time    `json:"updated_at"`
	ShippedAt   *time.Time    `json:"shipped_at"`
	DeliveredAt *time.Time    `json:"delivered_at"`
}

// A LineBody is a line item of an order or a quote.
type LineBody struct {
	ID       string  `json:"id"`
	SKU      *string `json:"sku"`
	Category *string `json:"category"`
	Brand    *string `json:"brand"`
	Quantity Whole   `json:"quantity"`
	Amount   Whole   `json:"amount"`
}

// A TenderBody is a tender of an order or a quote.
type TenderBody struct {
	Kind   string  `json:"kind"`
	Name   *string `json:"name"`
	Amount Whole   `json:"amount"`
}

const maxTenders = 100

// Order checks the body and returns the order.
func (b OrderBody) Order(c *Check, now time.Time) loyalty.Order {
	c.Required(At("placed_at"), !b.PlacedAt.IsZero())
	switch loyalty.OrderStatus(b.Status) {
	case loyalty.OrderPlaced, loyalty.OrderPaid, loyalty.OrderCanceled:
	default:
		c.Fault(At("status"), loyalty.ValidationFailed, "status must be placed, paid or canceled.")
	}
	o := b.Basket(c)
	o.Status = loyalty.OrderStatus(b.Status)
	if len(b.Refunds) > award.MaxRefunds {
		c.Fault(At("refunds"), loyalty.ValidationFailed, "An order has at most %d refunds.", award.MaxRefunds)
	}
	for i, r := range b.Refunds {
		o.Refunds = append(o.Refunds, r.refund(c, i))
	}
	if len(b.Disputes) > award.MaxRefunds {
		c.Fault(At("disputes"), loyalty.ValidationFailed, "An order has at most %d disputes.", award.MaxRefunds)
	}
	for i, d := range b.Disputes {
		o.Disputes = append(o.Disputes, d.dispute(c, i))
	}
	if b.UpdatedAt != nil {
		o.UpdatedAt = b.UpdatedAt.UTC()
		if o.UpdatedAt.After(now.Add(loyalty.MaxOrderAhead)) {
			c.Fault(At("updated_at"), loyalty.ValidationFailed,
				"This is more than 5 minutes in the future. "+
					"Send the time at which the order was last changed, or correct the clock.")
		}
	}
	o.Shipped = b.happened(c, At("shipped_at"), b.ShippedAt, now)
	o.Delivered = b.happened(c, At("delivered_at"), b.DeliveredAt, now)
	return o
}

// happened checks the instant of a change to the order, such as its shipping, and returns it. The instant must be
// neither before the order was placed nor in the future, because points can become active at this instant. It returns
// the zero time if the change has not happened.
func (b OrderBody) happened(c *Check, p Place, when *time.Time, now time.Time) time.Time {
	switch {
	case when == nil:
		return time.Time{}
	case when.Before(b.PlacedAt):
		c.Fault(p, loyalty.ValidationFailed, "This must not be before placed_at.")
	case when.After(now.Add(loyalty.MaxOrderAhead)):
		c.Fault(p, loyalty.ValidationFailed, "This must not be in the future. Omit it until it has happened.")
	}
	return when.UTC()
}

// Basket checks the shared fields of orders and quotes and returns an order that contains them.
func (b BasketBody) Basket(c *Check) loyalty.Order {
	if b.Member != nil && !ValidID(*b.Member) {
		c.Fault(At("member"), loyalty.ValidationFailed, IDForm)
	}
	c.Currency(At("currency"), b.Currency)
	if c.Required(At("line_items"), b.Lines != nil) && len(b.Lines) > loyalty.MaxLines {
		c.Fault(At("line_items"), loyalty.ValidationFailed, "An order has at most %d line items.", loyalty.MaxLines)
	}
	if len(b.Tenders) > maxTenders {
		c.Fault(At("tenders"), loyalty.ValidationFailed, "An order has at most %d tenders.", maxTenders)
	}
	o := loyalty.Order{
		PlacedAt: b.PlacedAt.UTC(), Currency: loyalty.Currency(b.Currency),
		Channel:  optional(c, At("channel"), b.Channel, 64),
		Store:    optional(c, At("store"), b.Store, 64),
		Clock:    c.clock(At("store_timezone"), b.Zone),
		Lines:    make([]loyalty.Line, 0, len(b.Lines)),
		Discount: c.Amount(At("discount"), b.Discount),
		Shipping: c.Amount(At("shipping"), b.Shipping),
		Tax:      c.Amount(At("tax"), b.Tax),
	}
	for i, l := range b.Lines {
		o.Lines = append(o.Lines, l.line(c, i))
	}
	for i, t := range b.Tenders {
		o.Tenders = append(o.Tenders, t.tender(c, i))
	}
	return o
}

func (b LineBody) line(c *Check, i int) loyalty.Line {
	in := func(name string) Place { return Place{name, "line_items", i} }
	c.RequiredID(in("id"), b.ID)
	if c.Required(in("quantity"), b.Quantity.Given) && (b.Quantity.N < 1 || b.Quantity.N > int64(loyalty.MaxPoints)) {
		c.Fault(
			in("quantity"), loyalty.ValidationFailed, "quantity must be a whole number from 1 to %d.",
			loyalty.MaxPoints,
		)
	}
	c.Required(in("amount"), b.Amount.Given)
	return loyalty.Line{
		ID: b.ID, SKU: optional(c, in("sku"), b.SKU, 128), Category: optional(c, in("category"), b.Category, 128),
		Brand: optional(c, in("brand"), b.Brand, 128), Quantity: b.Quantity.N, Amount: c.Amount(in("amount"), b.Amount),
	}
}

func (b TenderBody) tender(c *Check, i int) loyalty.Tender {
	in := func(name string) Place { return Place{name, "tenders", i} }
	switch loyalty.TenderKind(b.Kind) {
	case loyalty.TenderCard, loyalty.TenderCash, loyalty.TenderOther, loyalty.TenderPoints,
		loyalty.TenderGiftCard, loyalty.TenderStoreCredit:
	default:
		c.Fault(
			in("kind"), loyalty.ValidationFailed, "type must be card, cash, points, gift_card, store_credit or other.",
		)
	}
	c.Required(in("amount"), b.Amount.Given)
	return loyalty.Tender{
		Kind: loyalty.TenderKind(b.Kind), Name: optional(c, in("name"), b.Name, 64),
		Amount: c.Amount(in("amount"), b.Amount),
	}
}

// optional checks a text that may be omitted, but must not be empty, and returns it.
func optional(c *Check, p Place, s *string, most int) string {
	if s == nil {
		return ""
	}
	c.Text(p, *s, 1, most)
	return *s
}

// Buyer returns the member who placed the order. It returns the empty ID for a guest.
func (c *Call) Buyer(ctx context.Context, b BasketBody) (loyalty.MemberID, error) {
	if b.Member == nil {
		return "", nil
	}
	if c.Who.Kind == auth.Guest {
		return "", RefuseAt(loyalty.ValidationFailed, "/member", "A quote without an API key names no member.")
	}
	return c.Member(ctx, *b.Member)
}

// WireOrder returns the result of an order as the API presents it now.
func WireOrder(p *loyalty.Program, r service.OrderResult, now time.Time) wire.Order {
	out := wire.Order{
		Order: r.State.Order.ID, Member: string(r.State.Order.Member), Status: wire.OrderStatus(r.State.Order.Status),
		Revision: r.Revision, Points: int64(r.State.Worth), UpdatedAt: r.State.Order.UpdatedAt,
		Superseded: r.Superseded,
		Entries:    make([]wire.Entry, len(r.Entries)),
	}
	if out.Member != "" {
		balance := WireBalance(r.Balance)
		out.Balance = &balance
	} else {
		out.Reasons = []wire.Reason{
			{
				Rule: "member", Points: "0",
				Effect: "the order names no member; send it again with a member to award its points",
			},
		}
	}
	for i, e := range r.Entries {
		out.Entries[i] = WireEntry(p, e, now)
	}
	if n := len(r.Entries); n > 0 {
		out.Shadow = wireShadow(r.Entries[n-1].Reasons)
	}
	return out
}

// wireShadow returns the points that shadow rules would have awarded, for the merchant's information.
func wireShadow(because []loyalty.Reason) (out []wire.ShadowResult) {
	for _, b := range because {
		if b.Kind == loyalty.IsShadow {
			out = append(out, wire.ShadowResult{Rule: b.Rule, Points: b.Args[0]})
		}
	}
	return out
}
