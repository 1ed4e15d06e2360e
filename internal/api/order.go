package api

import (
	"context"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// A basketBody contains the fields that orders and quotes share.
type basketBody struct {
	Member   *string      `json:"member"`
	PlacedAt time.Time    `json:"placed_at"`
	Currency string       `json:"currency"`
	Channel  *string      `json:"channel"`
	Store    *string      `json:"store"`
	Zone     *string      `json:"store_timezone"`
	Lines    []lineBody   `json:"line_items"`
	Discount whole        `json:"discount"`
	Shipping whole        `json:"shipping"`
	Tax      whole        `json:"tax"`
	Tenders  []tenderBody `json:"tenders"`
}

type orderBody struct {
	basketBody  `json:",inline"`
	Status      string        `json:"status"`
	Refunds     []refundBody  `json:"refunds"`
	Disputes    []disputeBody `json:"disputes"`
	UpdatedAt   *time.Time    `json:"updated_at"`
	ShippedAt   *time.Time    `json:"shipped_at"`
	DeliveredAt *time.Time    `json:"delivered_at"`
}

type lineBody struct {
	ID       string  `json:"id"`
	SKU      *string `json:"sku"`
	Category *string `json:"category"`
	Brand    *string `json:"brand"`
	Quantity whole   `json:"quantity"`
	Amount   whole   `json:"amount"`
}

type tenderBody struct {
	Kind   string  `json:"kind"`
	Name   *string `json:"name"`
	Amount whole   `json:"amount"`
}

const maxTenders = 100

// order checks the body and returns the order.
func (b orderBody) order(c *check, now time.Time) loyalty.Order {
	c.required(at("placed_at"), !b.PlacedAt.IsZero())
	switch loyalty.OrderStatus(b.Status) {
	case loyalty.OrderPlaced, loyalty.OrderPaid, loyalty.OrderCanceled:
	default:
		c.fault(at("status"), loyalty.ValidationFailed, "status must be placed, paid or canceled.")
	}
	o := b.basket(c)
	o.Status = loyalty.OrderStatus(b.Status)
	if len(b.Refunds) > award.MaxRefunds {
		c.fault(at("refunds"), loyalty.ValidationFailed, "An order has at most %d refunds.", award.MaxRefunds)
	}
	for i, r := range b.Refunds {
		o.Refunds = append(o.Refunds, r.refund(c, i))
	}
	if len(b.Disputes) > award.MaxRefunds {
		c.fault(at("disputes"), loyalty.ValidationFailed, "An order has at most %d disputes.", award.MaxRefunds)
	}
	for i, d := range b.Disputes {
		o.Disputes = append(o.Disputes, d.dispute(c, i))
	}
	if b.UpdatedAt != nil {
		o.UpdatedAt = b.UpdatedAt.UTC()
		if o.UpdatedAt.After(now.Add(posting.MaxOrderAhead)) {
			c.fault(at("updated_at"), loyalty.ValidationFailed,
				"This is more than 5 minutes in the future. Send the time at which the order was last changed, or correct the clock.")
		}
	}
	o.Shipped = b.happened(c, at("shipped_at"), b.ShippedAt, now)
	o.Delivered = b.happened(c, at("delivered_at"), b.DeliveredAt, now)
	return o
}

// happened checks and returns the instant of a change to the order, such as its shipping. The instant must not be
// before the order was placed, nor in the future, because points can become active at this instant. It returns the
// zero time if the change has not happened.
func (b orderBody) happened(c *check, p place, when *time.Time, now time.Time) time.Time {
	switch {
	case when == nil:
		return time.Time{}
	case when.Before(b.PlacedAt):
		c.fault(p, loyalty.ValidationFailed, "This must not be before placed_at.")
	case when.After(now.Add(posting.MaxOrderAhead)):
		c.fault(p, loyalty.ValidationFailed, "This must not be in the future. Omit it until it has happened.")
	}
	return when.UTC()
}

func (b basketBody) basket(c *check) loyalty.Order {
	if b.Member != nil && !validID(*b.Member) {
		c.fault(at("member"), loyalty.ValidationFailed, idForm)
	}
	c.currency(at("currency"), b.Currency)
	if c.required(at("line_items"), b.Lines != nil) && len(b.Lines) > posting.MaxLines {
		c.fault(at("line_items"), loyalty.ValidationFailed, "An order has at most %d line items.", posting.MaxLines)
	}
	if len(b.Tenders) > maxTenders {
		c.fault(at("tenders"), loyalty.ValidationFailed, "An order has at most %d tenders.", maxTenders)
	}
	o := loyalty.Order{
		PlacedAt: b.PlacedAt.UTC(), Currency: loyalty.Currency(b.Currency),
		Channel:  optional(c, at("channel"), b.Channel, 64),
		Store:    optional(c, at("store"), b.Store, 64),
		Clock:    c.clock(at("store_timezone"), b.Zone),
		Lines:    make([]loyalty.Line, 0, len(b.Lines)),
		Discount: c.amount(at("discount"), b.Discount),
		Shipping: c.amount(at("shipping"), b.Shipping),
		Tax:      c.amount(at("tax"), b.Tax),
	}
	for i, l := range b.Lines {
		o.Lines = append(o.Lines, l.line(c, i))
	}
	for i, t := range b.Tenders {
		o.Tenders = append(o.Tenders, t.tender(c, i))
	}
	return o
}

func (b lineBody) line(c *check, i int) loyalty.Line {
	in := func(name string) place { return place{name, "line_items", i} }
	c.requiredID(in("id"), b.ID)
	if c.required(in("quantity"), b.Quantity.given) && (b.Quantity.n < 1 || b.Quantity.n > int64(loyalty.MaxPoints)) {
		c.fault(
			in("quantity"), loyalty.ValidationFailed, "quantity must be a whole number from 1 to %d.",
			loyalty.MaxPoints,
		)
	}
	c.required(in("amount"), b.Amount.given)
	return loyalty.Line{
		ID: b.ID, SKU: optional(c, in("sku"), b.SKU, 128), Category: optional(c, in("category"), b.Category, 128),
		Brand: optional(c, in("brand"), b.Brand, 128), Quantity: b.Quantity.n, Amount: c.amount(in("amount"), b.Amount),
	}
}

func (b tenderBody) tender(c *check, i int) loyalty.Tender {
	in := func(name string) place { return place{name, "tenders", i} }
	switch loyalty.TenderKind(b.Kind) {
	case loyalty.TenderCard, loyalty.TenderCash, loyalty.TenderOther, loyalty.TenderPoints, loyalty.TenderGiftCard, loyalty.TenderStoreCredit:
	default:
		c.fault(
			in("kind"), loyalty.ValidationFailed, "type must be card, cash, points, gift_card, store_credit or other.",
		)
	}
	c.required(in("amount"), b.Amount.given)
	return loyalty.Tender{
		Kind: loyalty.TenderKind(b.Kind), Name: optional(c, in("name"), b.Name, 64),
		Amount: c.amount(in("amount"), b.Amount),
	}
}

// optional checks a text that may be omitted but not empty.
func optional(c *check, p place, s *string, most int) string {
	if s == nil {
		return ""
	}
	c.text(p, *s, 1, most)
	return *s
}

func putOrder(ctx context.Context, c *call) (answer, error) {
	var b orderBody
	var o loyalty.Order
	if err := c.take(&b, func(faults *check) { o = b.order(faults, c.app.Now()) }); err != nil {
		return answer{}, err
	}
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	o.ID = c.path("order")
	if o.Member, err = c.buyer(ctx, b.basketBody); err != nil {
		return answer{}, err
	}
	r, err := c.app.Ledger.PutOrder(ctx, p, o, ledger.By{Actor: c.who.ID})
	if err != nil {
		return answer{}, err
	}
	return answer{status: createdIf(r.Revision == 1 && !r.Replayed &&
		!r.Superseded), body: c.wireOrder(p, r), replayed: r.Replayed}, nil
}

// activateOrder activates the pending points of an order manually.
func activateOrder(ctx context.Context, c *call) (answer, error) {
	p, err := c.nothingBut(ctx)
	if err != nil {
		return answer{}, err
	}
	r, err := c.app.Ledger.ActivateOrder(ctx, p, c.path("order"), ledger.By{Actor: c.who.ID})
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.wireOrder(p, r)}, nil
}

// buyer returns the member who placed the order. It returns the empty ID for a guest.
func (c *call) buyer(ctx context.Context, b basketBody) (loyalty.MemberID, error) {
	if b.Member == nil {
		return "", nil
	}
	return c.member(ctx, *b.Member)
}

func getOrder(ctx context.Context, c *call) (answer, error) {
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	r, err := c.app.Ledger.Order(ctx, p.ID, c.path("order"))
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.wireOrder(p, r)}, nil
}

func (c *call) wireOrder(p *loyalty.Program, r ledger.OrderResult) wire.Order {
	out := wire.Order{
		Order: r.State.Order.ID, Member: string(r.State.Order.Member), Status: wire.OrderStatus(r.State.Order.Status),
		Revision: r.Revision, Points: int64(r.State.Worth), UpdatedAt: r.State.Order.UpdatedAt,
		Superseded: r.Superseded,
		Entries:    make([]wire.Entry, len(r.Entries)),
	}
	if out.Member != "" {
		balance := wireBalance(r.Balance)
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
		out.Entries[i] = c.wireEntry(p, e)
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
