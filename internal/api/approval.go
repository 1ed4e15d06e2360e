package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/approvals"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// requestApproval stores an adjustment until another operator decides it. The reason in the adjustment is encrypted.
func requestApproval(
	ctx context.Context, c *request.Call, p *loyalty.Program, in service.Adjustment, by ledger.By,
) (request.Answer, error) {
	a, replayed, err := c.App.Approvals.Request(ctx, p, approvals.Approval{
		ID: in.ID, Member: in.Member, Wallet: in.Wallet, Points: in.Points, Reason: in.Reason, Requester: by,
	})
	return approvalAnswer(ctx, c, a, http.StatusAccepted, replayed, err)
}

func approveAdjustment(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, id, err := decidedApproval(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	a, replayed, err := c.App.Approvals.Approve(ctx, p, id, c.Who.Actor(), limitOfAdjustments(c))
	countLimited(ctx, err)
	return approvalAnswer(ctx, c, a, http.StatusOK, replayed, err)
}

func rejectAdjustment(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, id, err := decidedApproval(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	a, replayed, err := c.App.Approvals.Reject(ctx, p.ID, id, c.Who.Actor())
	return approvalAnswer(ctx, c, a, http.StatusOK, replayed, err)
}

// decidedApproval returns the live program and the ID of the approval in the path. It returns forbidden if the operator
// may not decide the approval: the operator requested it, or it changes the operator's own member account.
func decidedApproval(ctx context.Context, c *request.Call) (*loyalty.Program, string, error) {
	p, err := c.ProgramWithoutBody(ctx)
	if err != nil {
		return nil, "", err
	}
	a, err := c.App.Approvals.Get(ctx, p.ID, c.Path("approval"))
	if err != nil {
		return nil, "", err
	}
	if a.Requester.Actor == c.Who.Actor() {
		return nil, "", request.Refuse(loyalty.Code(auth.Forbidden),
			"Operators cannot decide their own requests. Ask another owner, admin or finance operator.")
	}
	return p, a.ID, c.NotOwnAccount(ctx, a.Member)
}

// listApprovals lists the approvals with one status, by default the pending ones.
func listApprovals(ctx context.Context, c *request.Call) (request.Answer, error) {
	size, err := c.PageSize()
	if err != nil {
		return request.Answer{}, err
	}
	status := approvals.Pending
	if s, given := c.Event.Query["status"]; given {
		if status = approvals.Status(s); !slices.Contains(approvals.Statuses(), status) {
			return request.Answer{}, request.RefuseAt(
				request.InvalidParameter, "status", "status must be pending, approved, rejected or expired.",
			)
		}
	}
	cursor, err := c.Cursor(string(status))
	if err != nil {
		return request.Answer{}, err
	}
	found, more, err := request.FirstPage(
		c.App.Approvals.List(ctx, c.Who.Program, status, cursor.Text(), size+1), size,
	)
	if err != nil {
		return request.Answer{}, err
	}
	list, texts := wire.ApprovalList{Data: []wire.Approval{}}, c.Texts()
	for _, a := range found {
		out, err := wireApproval(ctx, texts, a)
		if err != nil {
			return request.Answer{}, err
		}
		list.Data = append(list.Data, out)
	}
	if more {
		list.NextCursor = cursor.AtText(found[size-1].Place())
	}
	return request.Answer{Body: list}, nil
}

func approvalAnswer(
	ctx context.Context, c *request.Call, a approvals.Approval, status int, replayed bool, err error,
) (request.Answer, error) {
	if err != nil {
		return request.Answer{}, err
	}
	out, err := wireApproval(ctx, c.Texts(), a)
	return request.Answer{Status: status, Body: out, Replayed: replayed}, err
}

func wireApproval(ctx context.Context, texts *members.TextReader, a approvals.Approval) (wire.Approval, error) {
	reason, err := texts.Text(ctx, a.Member, a.Reason)
	_, operator := auth.ParseActor(a.Requester.Actor)
	_, decider := auth.ParseActor(a.Decider)
	return wire.Approval{
		ID: a.ID, Status: wire.ApprovalStatus(a.Status), Operator: operator, Member: string(a.Member),
		Points: int64(a.Points), Reason: reason, Wallet: a.Wallet, CreatedAt: a.Created.UTC(),
		ExpiresAt: a.Expires().UTC(), DecidedBy: decider, Entry: a.Entry(),
	}, err
}
