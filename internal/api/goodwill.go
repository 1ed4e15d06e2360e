package api

import (
	"context"
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/service"
)

type extensionBody struct {
	Until  string `json:"until"`
	Reason string `json:"reason"`
}

type reinstatementBody struct {
	Entry  string `json:"entry"`
	Until  string `json:"until"`
	Reason string `json:"reason"`
}

// day checks a required date and returns it.
func day(c *request.Check, p request.Place, s string) calendar.Date {
	if !c.Required(p, s != "") {
		return 0
	}
	d, err := calendar.ParseDate(s)
	if err != nil {
		c.Fault(p, loyalty.ValidationFailed, "This must be a day like 2027-03-31.")
	}
	return d
}

func extendPoints(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b extensionBody
	var until calendar.Date
	p, m, err := request.AskedMember(ctx, c, &b, func(faults *request.Check) {
		until = day(faults, request.At("until"), b.Until)
		faults.Text(request.At("reason"), b.Reason, 3, 200)
	})
	if err != nil {
		return request.Answer{}, err
	}
	in := service.Extension{ID: request.DerivedID(c, "ext_", m), Member: m, Until: until, Reason: b.Reason}
	by, err := request.By(c, in)
	if err != nil {
		return request.Answer{}, err
	}
	if in.Reason, err = c.App.Members.SealText(ctx, p.ID, m, in.Reason); err != nil {
		return request.Answer{}, err
	}
	r, err := c.App.Adjustments.Extend(ctx, p, in, by)
	return adjusted(ctx, c, p, r, http.StatusCreated, err)
}

func reinstatePoints(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b reinstatementBody
	var until calendar.Date
	p, m, err := request.AskedMember(ctx, c, &b, func(faults *request.Check) {
		if faults.Required(request.At("entry"), b.Entry != "") && !request.ValidEntryID(b.Entry) {
			faults.Fault(request.At("entry"), loyalty.ValidationFailed, "This must be the ID of an entry, like ent_…")
		}
		until = day(faults, request.At("until"), b.Until)
		faults.Text(request.At("reason"), b.Reason, 3, 200)
	})
	if err != nil {
		return request.Answer{}, err
	}
	in := service.Reinstatement{Member: m, Entry: b.Entry, Until: until}
	if in.Reason, err = c.App.Members.SealText(ctx, p.ID, m, b.Reason); err != nil {
		return request.Answer{}, err
	}
	// The entry ID identifies the reinstatement, so this request needs no Idempotency-Key.
	r, err := c.App.Adjustments.Reinstate(ctx, p, in, ledger.By{Actor: c.Who.Actor(), Switch: c.Route.Switch})
	return adjusted(ctx, c, p, r, request.CreatedIf(!r.Replayed), err)
}
