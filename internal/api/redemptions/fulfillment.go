package redemptions

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// An AddressBody is a postal address.
type AddressBody struct {
	Name       string   `json:"name"`
	Lines      []string `json:"lines"`
	City       string   `json:"city"`
	Region     *string  `json:"region"`
	PostalCode *string  `json:"postal_code"`
	Country    string   `json:"country"`
	Phone      *string  `json:"phone"`
}

var countryForm = lazyregexp.New(`^[A-Z]{2}$`)

// addressDoc is stored. Fields may only be added. It is stored encrypted.
type addressDoc struct {
	Name       string   `json:"name"`
	Lines      []string `json:"lines"`
	City       string   `json:"city"`
	Region     string   `json:"region,omitzero"`
	PostalCode string   `json:"postal_code,omitzero"`
	Country    string   `json:"country"`
	Phone      string   `json:"phone,omitzero"`
}

// address checks the body and returns the stored form of the address, which is not encrypted yet. It returns an empty
// string if the body has no address.
func (b *AddressBody) address(c *request.Check) string {
	if b == nil {
		return ""
	}
	line := func(p request.Place, s string, most int) string {
		s = strings.TrimSpace(s)
		c.Text(p, s, 1, most)
		return s
	}
	maybe := func(p request.Place, s *string, most int) string {
		if s == nil {
			return ""
		}
		return line(p, *s, most)
	}
	a := addressDoc{Name: line(request.At("address/name"), b.Name, 200)}
	if len(b.Lines) < 1 || len(b.Lines) > 5 {
		c.Fault(request.At("address/lines"), loyalty.ValidationFailed, "lines must have 1 to 5 entries.")
	}
	for i, s := range b.Lines[:min(5, len(b.Lines))] {
		a.Lines = append(a.Lines, strings.TrimSpace(s))
		c.Text(request.Place{List: "address/lines", I: i}, a.Lines[i], 1, 200)
	}
	a.City = line(request.At("address/city"), b.City, 200)
	a.Region = maybe(request.At("address/region"), b.Region, 200)
	a.PostalCode = maybe(request.At("address/postal_code"), b.PostalCode, 20)
	if a.Country = b.Country; !countryForm.MatchString(b.Country) {
		c.Fault(request.At("address/country"), loyalty.ValidationFailed,
			"This must be an ISO 3166-1 country code in two capital letters, like DE.")
	}
	a.Phone = maybe(request.At("address/phone"), b.Phone, 40)
	return string(stored.Encode(a))
}

// A FulfillmentBody reports the progress of a fulfillment.
type FulfillmentBody struct {
	Status   string  `json:"status"`
	Tracking *string `json:"tracking"`
}

var fulfilmentStatuses = []redeem.FulfillmentStatus{
	redeem.Ordered, redeem.Shipped, redeem.Delivered, redeem.FulfillmentCanceled,
}

func updateFulfillment(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b FulfillmentBody
	var to redeem.FulfillmentStatus
	tracking := ""
	err := c.Take(&b, func(faults *request.Check) {
		to = redeem.FulfillmentStatus(b.Status)
		if faults.Required(request.At("status"), b.Status != "") && !slices.Contains(fulfilmentStatuses, to) {
			faults.Fault(
				request.At("status"), loyalty.ValidationFailed, "This must be ordered, shipped, delivered or canceled.",
			)
		}
		if b.Tracking != nil {
			tracking = strings.TrimSpace(*b.Tracking)
			faults.Text(request.At("tracking"), tracking, 1, 200)
		}
	})
	if err != nil {
		return request.Answer{}, err
	}
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	if tracking != "" {
		was, err := c.App.Redemptions.Get(ctx, p.ID, c.Path("redemption"))
		if err == nil {
			tracking, err = c.App.Members.SealText(ctx, p.ID, was.Member, tracking)
		}
		if err != nil {
			return request.Answer{}, err
		}
	}
	// A repeated status change has no effect, so this request needs no Idempotency-Key.
	r, err := c.App.Fulfillments.Fulfill(ctx, p, c.Path("redemption"), to, tracking, ledger.By{
		Actor: c.Who.Actor(), Switch: c.Route.Switch,
	})
	if err != nil {
		return request.Answer{}, err
	}
	return redemptionAnswer(ctx, c, r, http.StatusOK)
}

// redemptionAnswer returns the answer for a redemption. It contains the fulfillment, and the messages that sent the
// gift card.
func redemptionAnswer(
	ctx context.Context, c *request.Call, r service.RedemptionResult, status int,
) (request.Answer, error) {
	out := wireRedemption(r)
	if r.Redemption.Manual {
		h, err := c.App.Fulfillments.Get(ctx, c.Who.Program, r.Member, r.Redemption.ID)
		if err != nil {
			return request.Answer{Replayed: r.Replayed}, err
		}
		if out.Fulfillment, err = wireFulfillment(ctx, c, h); err != nil {
			return request.Answer{Replayed: r.Replayed}, err
		}
	}
	var err error
	if out.Sent, err = sent(ctx, c, r); err != nil {
		return request.Answer{Replayed: r.Replayed}, err
	}
	return request.Answer{Status: status, Body: out, Replayed: r.Replayed}, nil
}

// wireFulfillment returns the fulfillment, or nil if there is none. It includes the address only if the API key may
// read members.
func wireFulfillment(ctx context.Context, c *request.Call, h service.Handover) (*wire.Fulfillment, error) {
	if h.Status == "" {
		return nil, nil
	}
	texts := c.Texts()
	tracking, err := texts.Text(ctx, h.Member, h.Tracking)
	if err != nil {
		return nil, err
	}
	out := &wire.Fulfillment{
		Status: wire.FulfillmentStatus(h.Status), Tracking: tracking, History: []wire.FulfillmentStep{},
	}
	for _, s := range h.Steps {
		out.History = append(
			out.History, wire.FulfillmentStep{Status: wire.FulfillmentStepStatus(s.Status), At: s.At.UTC()},
		)
	}
	if !c.ReadsMembers() {
		return out, nil
	}
	out.Address, err = wireAddress(ctx, texts, h)
	return out, err
}

// wireAddress returns the decrypted address of a fulfillment. It returns nil if none was given, or if the key of the
// member was destroyed.
func wireAddress(ctx context.Context, texts *members.TextReader, h service.Handover) (*wire.Address, error) {
	doc, err := texts.Text(ctx, h.Member, h.Address)
	if err != nil || doc == "" {
		return nil, err
	}
	var a addressDoc
	if err := json.Unmarshal([]byte(doc), &a); err != nil {
		return nil, fmt.Errorf("api: read the address of %s: %w", h.Redemption, err)
	}
	return &wire.Address{
		Name: a.Name, Lines: a.Lines, City: a.City, Region: a.Region, PostalCode: a.PostalCode, Country: a.Country,
		Phone: a.Phone,
	}, nil
}

// listFulfillments lists the fulfillments that are not finished: those with status ordered or shipped.
func listFulfillments(ctx context.Context, c *request.Call) (request.Answer, error) {
	size, err := c.PageSize()
	if err != nil {
		return request.Answer{}, err
	}
	status := redeem.Ordered
	if s, given := c.Event.Query["status"]; given {
		if status = redeem.FulfillmentStatus(s); status != redeem.Ordered && status != redeem.Shipped {
			return request.Answer{}, request.RefuseAt(request.InvalidParameter, "status",
				"status must be ordered or shipped. Delivered and canceled fulfillments are not listed.")
		}
	}
	cursor, err := c.Cursor(string(status))
	if err != nil {
		return request.Answer{}, err
	}
	handovers, more, err := request.FirstPage(
		c.App.Fulfillments.List(ctx, c.Who.Program, status, cursor.Text(), size+1), size,
	)
	if err != nil {
		return request.Answer{}, err
	}
	list := wire.FulfillmentList{Data: []wire.OpenFulfillment{}}
	for _, h := range handovers {
		one, err := wireFulfillment(ctx, c, h)
		if err != nil {
			return request.Answer{}, err
		}
		list.Data = append(list.Data, wire.OpenFulfillment{
			Redemption: h.Redemption, Member: string(h.Member), Reward: h.Reward, Fulfillment: *one,
		})
	}
	if more {
		list.NextCursor = cursor.AtText(handovers[size-1].Place())
	}
	return request.Answer{Body: list}, nil
}
