package api

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

type addressBody struct {
	Name       string   `json:"name"`
	Lines      []string `json:"lines"`
	City       string   `json:"city"`
	Region     *string  `json:"region"`
	PostalCode *string  `json:"postal_code"`
	Country    string   `json:"country"`
	Phone      *string  `json:"phone"`
}

var countryForm = regexp.MustCompile(`^[A-Z]{2}$`)

// address checks the body and returns the address in the form that the ledger stores.
func (b *addressBody) address(c *check) *ledger.Address {
	if b == nil {
		return nil
	}
	line := func(p place, s string, most int) string {
		s = strings.TrimSpace(s)
		c.text(p, s, 1, most)
		return s
	}
	maybe := func(p place, s *string, most int) string {
		if s == nil {
			return ""
		}
		return line(p, *s, most)
	}
	a := ledger.Address{Name: line(at("address/name"), b.Name, 200)}
	if len(b.Lines) < 1 || len(b.Lines) > 5 {
		c.fault(at("address/lines"), loyalty.ValidationFailed, "lines must have 1 to 5 entries.")
	}
	for i, s := range b.Lines[:min(5, len(b.Lines))] {
		a.Lines = append(a.Lines, strings.TrimSpace(s))
		c.text(place{list: "address/lines", i: i}, a.Lines[i], 1, 200)
	}
	a.City = line(at("address/city"), b.City, 200)
	a.Region = maybe(at("address/region"), b.Region, 200)
	a.PostalCode = maybe(at("address/postal_code"), b.PostalCode, 20)
	if a.Country = b.Country; !countryForm.MatchString(b.Country) {
		c.fault(at("address/country"), loyalty.ValidationFailed,
			"This must be an ISO 3166-1 country code in two capital letters, like DE.")
	}
	a.Phone = maybe(at("address/phone"), b.Phone, 40)
	return &a
}

type fulfilmentBody struct {
	Status   string  `json:"status"`
	Tracking *string `json:"tracking"`
}

var fulfilmentStatuses = []redeem.FulfillmentStatus{
	redeem.Ordered, redeem.Shipped, redeem.Delivered, redeem.FulfillmentCanceled,
}

func updateFulfillment(ctx context.Context, c *call) (answer, error) {
	var b fulfilmentBody
	var to redeem.FulfillmentStatus
	tracking := ""
	err := c.take(&b, func(faults *check) {
		to = redeem.FulfillmentStatus(b.Status)
		if faults.required(at("status"), b.Status != "") && !slices.Contains(fulfilmentStatuses, to) {
			faults.fault(
				at("status"), loyalty.ValidationFailed, "This must be ordered, shipped, delivered or canceled.",
			)
		}
		if b.Tracking != nil {
			tracking = strings.TrimSpace(*b.Tracking)
			faults.text(at("tracking"), tracking, 1, 200)
		}
	})
	if err != nil {
		return answer{}, err
	}
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	// The status identifies the command.
	r, err := c.app.Ledger.Fulfill(ctx, p, c.path("redemption"), to, tracking, ledger.By{Actor: c.who.ID})
	if err != nil {
		return answer{}, err
	}
	return c.toldRedemption(ctx, r, http.StatusOK)
}

// toldRedemption answers with a redemption, its fulfillment and the messages that sent its gift card.
func (c *call) toldRedemption(ctx context.Context, r ledger.RedemptionResult, status int) (answer, error) {
	out := wireRedemption(r)
	if r.Redemption.Manual {
		h, err := c.app.Ledger.Handover(ctx, c.who.Program, r.Member, r.Redemption.ID)
		if err != nil {
			return answer{replayed: r.Replayed}, err
		}
		out.Fulfillment = c.wireFulfillment(h)
	}
	var err error
	if out.Sent, err = c.sent(ctx, r); err != nil {
		return answer{replayed: r.Replayed}, err
	}
	return answer{status: status, body: out, replayed: r.Replayed}, nil
}

// wireFulfillment returns the fulfillment, or nil if there is none. It includes the address only if the API key may
// read members.
func (c *call) wireFulfillment(h ledger.Handover) *wire.Fulfillment {
	if h.Status == "" {
		return nil
	}
	out := &wire.Fulfillment{
		Status: wire.FulfillmentStatus(h.Status), Tracking: h.Tracking, History: []wire.FulfillmentStep{},
	}
	for _, s := range h.Steps {
		out.History = append(
			out.History, wire.FulfillmentStep{Status: wire.FulfillmentStepStatus(s.Status), At: s.At.UTC()},
		)
	}
	if a := h.Address; a != nil && c.who.May(auth.MembersRead) {
		out.Address = &wire.Address{
			Name: a.Name, Lines: a.Lines, City: a.City, Region: a.Region, PostalCode: a.PostalCode, Country: a.Country,
			Phone: a.Phone,
		}
	}
	return out
}

// listFulfillments lists the fulfillments that are not finished: those with status ordered or shipped.
func listFulfillments(ctx context.Context, c *call) (answer, error) {
	size, err := c.pageSize()
	if err != nil {
		return answer{}, err
	}
	status := redeem.Ordered
	if s, given := c.event.Query["status"]; given {
		if status = redeem.FulfillmentStatus(s); status != redeem.Ordered && status != redeem.Shipped {
			return answer{}, refuseAt(invalidParameter, "status",
				"status must be ordered or shipped. Delivered and canceled fulfillments are not listed.")
		}
	}
	after, err := c.openTextCursor(string(status))
	if err != nil {
		return answer{}, err
	}
	handovers, more, err := firstPage(c.app.Ledger.Handovers(ctx, c.who.Program, status, after, size+1), size)
	if err != nil {
		return answer{}, err
	}
	list := wire.FulfillmentList{Data: []wire.OpenFulfillment{}}
	for _, h := range handovers {
		list.Data = append(list.Data, wire.OpenFulfillment{
			Redemption: h.Redemption, Member: string(h.Member), Reward: h.Reward, Fulfillment: *c.wireFulfillment(h),
		})
	}
	if more {
		list.NextCursor = c.textCursor(string(status), handovers[size-1].Place())
	}
	return answer{body: list}, nil
}
