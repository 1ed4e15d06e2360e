package api

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

type statusBody struct {
	Status string `json:"status"`
	Reason string `json:"reason"`
}

// updateMemberStatus freezes a member or makes the member active again. Repeating the request changes nothing, so it
// needs no Idempotency-Key.
func updateMemberStatus(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b statusBody
	status := loyalty.Status("")
	err := c.Take(&b, func(faults *request.Check) {
		status = loyalty.Status(b.Status)
		known := status == loyalty.Active || status == loyalty.Frozen
		if faults.Required(request.At("status"), b.Status != "") && !known {
			faults.Fault(request.At("status"), loyalty.ValidationFailed, "This must be active or frozen.")
		}
		faults.Text(request.At("reason"), b.Reason, 3, 200)
	})
	if err != nil {
		return request.Answer{}, err
	}
	p, id, err := c.ProgramAndMember(ctx, c.Path("member"))
	if err != nil {
		return request.Answer{}, err
	}
	reason, err := c.App.Members.SealText(ctx, p.ID, id, b.Reason)
	if err != nil {
		return request.Answer{}, err
	}
	err = c.App.Adjustments.SetStatus(ctx, p, id, status, reason, ledger.By{
		Actor: c.Who.Actor(), Switch: c.Route.Switch,
	})
	if err != nil {
		return request.Answer{}, err
	}
	m, err := c.App.Members.Current(ctx, p, id)
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wireMember(c, p, m)}, nil
}
