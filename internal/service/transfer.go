package service

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/limits"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
)

// Transfers moves points from one member to another.
type Transfers struct{ *ledger.Ledger }

// Current does the same as Redemptions.Current for a transfer. It returns the current balance of the sender.
func (t Transfers) Current(ctx context.Context, p *loyalty.Program, id string) (TransferResult, error) {
	e, err := t.read(ctx, p.ID, id)
	if err != nil {
		return TransferResult{}, err
	}
	e, acc, err := t.CurrentState(ctx, p, e, transferResult(e, false).From, nil)
	if err != nil {
		return TransferResult{}, err
	}
	r := transferResult(e, false)
	r.Balance = acc.Balance()
	return r, nil
}

// A transfer is a cause with revisions in the sender's account. The first revision offers the transfer or makes it
// immediately. The second revision ends an offer, and there is never a third. The receipt is a separate cause in the
// recipient's account, written in the same transaction.

// A TransferRequest requests a transfer of points from one member to another. The caller derives the ID.
type TransferRequest struct {
	ID       string
	From, To loyalty.MemberID
	Points   loyalty.Points
	Note     string
	Limit    limits.Counter `json:"-"` // counts the transfers of the sender
}

// A TransferResult is a transfer as of one revision. For a recorded rejection, it is returned together with the error,
// so that the caller can read Replayed.
type TransferResult struct {
	From     loyalty.MemberID
	Transfer loyalty.Redemption
	Entry    loyalty.Entry
	Balance  loyalty.Balance // the sender's balance
	Replayed bool
}

func transferResult(e loyalty.Entry, replayed bool) TransferResult {
	return TransferResult{From: e.Member, Transfer: *e.Redemption, Entry: e, Balance: e.Balance, Replayed: replayed}
}

// Create transfers points to another member, or offers them. It handles repeated requests as Redeem does. It returns
// not_found if the member does not exist, and *limits.ExceededError if in.Limit does not allow the transfer.
func (t Transfers) Create(
	ctx context.Context, p *loyalty.Program, in TransferRequest, by ledger.By,
) (TransferResult, error) {
	r := loyalty.Redemption{ID: in.ID, To: in.To, Points: in.Points, Note: in.Note}
	like := loyalty.Entry{
		Member: in.From, Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &r}},
		Cause: loyalty.Cause{Kind: loyalty.CauseTransfer, ID: in.ID, Revision: 1},
	}
	c := ledger.Command{Program: p, Member: in.From, Others: []loyalty.MemberID{in.To}, By: by, Once: &like}
	c.Decide = func(x ledger.Inputs) ([]posting.Outcome, error) {
		return share.Transfer(engine.Begin(p, x.Accounts[0], x.Now), engine.Begin(p, x.Accounts[1], x.Now), r)
	}
	done, err := limits.Store(t).Execute(ctx, c, in.Limit, 1)
	if err != nil {
		return TransferResult{From: in.From, Replayed: done.Replayed}, err
	}
	return transferResult(done.Entry(), done.Replayed), nil
}

// Get returns the current state of a transfer. An offer whose time has passed has the status expired, even if
// the expiry was not recorded yet. It returns not_found if the transfer does not exist.
func (t Transfers) Get(ctx context.Context, program, id string) (TransferResult, error) {
	e, err := t.read(ctx, program, id)
	if err != nil {
		return TransferResult{}, err
	}
	r := transferResult(e, false)
	if r.Transfer.Status == loyalty.Offered && !t.Time().Before(r.Transfer.Until) {
		r.Transfer.Status = loyalty.Expired
	}
	return r, nil
}

// read returns the latest entry of a transfer. It returns not_found if the transfer does not exist.
func (t Transfers) read(ctx context.Context, program, id string) (loyalty.Entry, error) {
	e, err := t.Latest(ctx, program, loyalty.CauseTransfer, id)
	if err == nil && (e.Cause.Revision == 0 || e.Refusal != nil) {
		err = ledger.NotFound("transfer")
	}
	return e, err
}

// Accept moves the reserved points of an offer to its recipient. It returns expired if the offer has expired,
// and already_resolved if another request accepted, declined or canceled it.
func (t Transfers) Accept(ctx context.Context, p *loyalty.Program, id string, by ledger.By) (TransferResult, error) {
	return t.end(ctx, p, id, by, loyalty.Accepted)
}

// Decline returns the reserved points of an offer to the sender because the recipient declines it. It returns
// already_resolved if the offer has ended.
func (t Transfers) Decline(ctx context.Context, p *loyalty.Program, id string, by ledger.By) (TransferResult, error) {
	return t.end(ctx, p, id, by, loyalty.Declined)
}

// Cancel returns the reserved points of an offer because the sender cancels it. It returns already_resolved if
// the offer has ended.
func (t Transfers) Cancel(ctx context.Context, p *loyalty.Program, id string, by ledger.By) (TransferResult, error) {
	return t.end(ctx, p, id, by, loyalty.Canceled)
}

// end ends an offer by writing its second revision: exactly one of accept, decline, cancel and expire succeeds.
func (t Transfers) end(
	ctx context.Context, p *loyalty.Program, id string, by ledger.By, as loyalty.RedemptionStatus,
) (TransferResult, error) {
	r, err := t.ExecutePrepared(ctx, func(ctx context.Context) (ledger.Command, *ledger.Result, error) {
		was, err := t.Get(ctx, p.ID, id)
		if err != nil {
			return ledger.Command{}, nil, err
		}
		replay, err := was.ended(by, as)
		if err != nil {
			return ledger.Command{}, nil, err
		}
		if replay {
			return ledger.Command{}, &ledger.Result{Entries: []loyalty.Entry{was.Entry}, Replayed: true}, nil
		}
		return endOf(p, was, as, by), nil, nil
	})
	if err != nil {
		return TransferResult{}, err
	}
	return transferResult(r.Entry(), r.Replayed), nil
}

// endOf returns the command that ends an offer. Only an acceptance changes the recipient's account.
func endOf(p *loyalty.Program, was TransferResult, as loyalty.RedemptionStatus, by ledger.By) ledger.Command {
	c := ledger.Command{Program: p, Member: was.From, By: by, Ends: true}
	if as == loyalty.Accepted {
		c.Others = []loyalty.MemberID{was.Transfer.To}
		c.Decide = func(x ledger.Inputs) ([]posting.Outcome, error) {
			return share.AcceptTransfer(
				engine.Begin(p, x.Accounts[0], x.Now), engine.Begin(p, x.Accounts[1], x.Now), was.Transfer,
			)
		}
		return c
	}
	c.Decide = ledger.Single(func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
		return share.ReturnTransfer(engine.Begin(p, acc, x.Now), was.Transfer, as)
	})
	return c
}

// ended reports whether the transfer was ended by the same request. It rejects the request if another one ended the
// transfer.
func (was TransferResult) ended(by ledger.By, as loyalty.RedemptionStatus) (replay bool, err error) {
	switch status := was.Transfer.Status; {
	case status == loyalty.Offered:
		return false, nil
	case status == loyalty.Expired && as == loyalty.Accepted:
		return false, &loyalty.Error{
			Code: loyalty.AlreadyExpired, Detail: "The offer expired before it was accepted.",
		}
	case status == as && was.Entry.Cause.Revision == 2 && was.Entry.Input == by.Input && by.Input != "":
		return true, nil
	}
	return false, &loyalty.Error{
		Code:   loyalty.AlreadyResolved,
		Detail: "The transfer is " + string(was.Transfer.Status) + " already.",
	}
}
