package ledger

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
)

// A transfer is a cause with revisions in the sender's account. The first revision offers the transfer or makes it
// immediately. The second, of which there is only one, ends an offer. The receipt is a separate cause in the
// recipient's account, written in the same transaction.

// A TransferRequest requests a transfer of points from one member to another, under an ID that the caller derived.
type TransferRequest struct {
	ID       string
	From, To loyalty.MemberID
	Points   loyalty.Points
	Note     string
}

// A TransferResult is a transfer as of one revision. With a recorded rejection it is returned together with the error,
// so that Replayed is available.
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

// Transfer transfers points to another member, or offers them. It handles repeated requests as Redeem does. It returns
// not_found if the member does not exist.
func (l *Ledger) Transfer(ctx context.Context, p *loyalty.Program, in TransferRequest, by By) (TransferResult, error) {
	r := loyalty.Redemption{ID: in.ID, To: in.To, Points: in.Points, Note: in.Note}
	like := loyalty.Entry{
		Member: in.From, Redemption: &r, Cause: loyalty.Cause{Kind: loyalty.CauseTransfer, ID: in.ID, Revision: 1},
	}
	c := Command{p: p, member: in.From, others: []loyalty.MemberID{in.To}, by: by, once: &like}
	c.decide = func(x inputs) ([]posting.Outcome, error) { return share.Transfer(p, x.accs[0], x.accs[1], r, x.now) }
	done, err := l.Execute(ctx, c)
	if err != nil {
		return TransferResult{From: in.From, Replayed: done.Replayed}, err
	}
	return transferResult(done.entry(), done.Replayed), nil
}

// FindTransfer returns the current state of a transfer. An offer whose time has passed has the status expired, even if
// the expiry was not recorded yet. It returns not_found if the transfer does not exist.
func (l *Ledger) FindTransfer(ctx context.Context, program, id string) (TransferResult, error) {
	e, err := l.transfer(ctx, program, id)
	if err != nil {
		return TransferResult{}, err
	}
	r := transferResult(e, false)
	if r.Transfer.Status == loyalty.Offered && !l.now().Before(r.Transfer.Until) {
		r.Transfer.Status = loyalty.Expired
	}
	return r, nil
}

// transfer returns the latest entry of a transfer. It returns not_found if the transfer does not exist.
func (l *Ledger) transfer(ctx context.Context, program, id string) (loyalty.Entry, error) {
	e, err := l.latest(ctx, program, loyalty.CauseTransfer, id)
	if err == nil && (e.Cause.Revision == 0 || e.Refusal != nil) {
		err = notFound("transfer")
	}
	return e, err
}

// AcceptTransfer moves the reserved points of an offer to its recipient. It returns expired if the offer has expired,
// and already_resolved if another request accepted, declined or canceled it.
func (l *Ledger) AcceptTransfer(ctx context.Context, p *loyalty.Program, id string, by By) (TransferResult, error) {
	return l.endTransfer(ctx, p, id, by, loyalty.Accepted)
}

// DeclineTransfer returns the reserved points of an offer to the sender because the recipient declines it. It returns
// already_resolved if the offer has ended.
func (l *Ledger) DeclineTransfer(ctx context.Context, p *loyalty.Program, id string, by By) (TransferResult, error) {
	return l.endTransfer(ctx, p, id, by, loyalty.Declined)
}

// CancelTransfer returns the reserved points of an offer because the sender cancels it. It returns already_resolved if
// the offer has ended.
func (l *Ledger) CancelTransfer(ctx context.Context, p *loyalty.Program, id string, by By) (TransferResult, error) {
	return l.endTransfer(ctx, p, id, by, loyalty.Canceled)
}

// endTransfer ends an offer by writing its second revision: exactly one of accept, decline, cancel and expire succeeds.
func (l *Ledger) endTransfer(
	ctx context.Context, p *loyalty.Program, id string, by By, as loyalty.RedemptionStatus,
) (TransferResult, error) {
	r, err := l.executePrepared(ctx, func(ctx context.Context) (Command, *Result, error) {
		was, err := l.FindTransfer(ctx, p.ID, id)
		if err != nil {
			return Command{}, nil, err
		}
		replay, err := was.ended(by, as)
		if err != nil {
			return Command{}, nil, err
		}
		if replay {
			return Command{}, &Result{[]loyalty.Entry{was.Entry}, true}, nil
		}
		return endOf(p, was, as, by), nil, nil
	})
	if err != nil {
		return TransferResult{}, err
	}
	return transferResult(r.entry(), r.Replayed), nil
}

// endOf returns the command that ends an offer. Only an acceptance changes the recipient's account.
func endOf(p *loyalty.Program, was TransferResult, as loyalty.RedemptionStatus, by By) Command {
	c := Command{p: p, member: was.From, by: by, ends: true}
	if as == loyalty.Accepted {
		c.others = []loyalty.MemberID{was.Transfer.To}
		c.decide = func(x inputs) ([]posting.Outcome, error) {
			return share.AcceptTransfer(p, x.accs[0], x.accs[1], was.Transfer, x.now)
		}
		return c
	}
	c.decide = single(func(acc loyalty.Account, x inputs) (posting.Outcome, error) {
		return share.ReturnTransfer(p, acc, was.Transfer, as, x.now)
	})
	return c
}

// ended reports whether the transfer was ended by the same request. It rejects the request if another one ended the
// transfer.
func (was TransferResult) ended(by By, as loyalty.RedemptionStatus) (replay bool, err error) {
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
