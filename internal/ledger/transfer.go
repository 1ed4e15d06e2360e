package ledger

import (
	"context"
	"errors"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A transfer is a cause with revisions in the giver's account: the first, in which it was offered or made at once, and
// the second, which ends an offer and of which there is one. What arrives is a cause of its own in the other's account,
// written in the same transaction.

// A TransferRequest asks that points of one member go to another, under an id that the caller derived.
type TransferRequest struct {
	ID       string
	From, To loyalty.MemberID
	Points   loyalty.Points
	Note     string
}

// A TransferResult is a transfer as of one revision. With a recorded refusal it comes beside the error, for the sake of
// Replayed.
type TransferResult struct {
	From     loyalty.MemberID
	Transfer loyalty.Redemption
	Entry    loyalty.Entry
	Balance  loyalty.Balance // the giver's
	Replayed bool
}

func transferResult(e loyalty.Entry, replayed bool) TransferResult {
	return TransferResult{From: e.Member, Transfer: *e.Redemption, Entry: e, Balance: e.Balance, Replayed: replayed}
}

// Transfer gives points to another member, or offers them. It repeats like Redeem. not_found if there is no such member.
func (l *Ledger) Transfer(ctx context.Context, p *loyalty.Program, in TransferRequest, by By) (TransferResult, error) {
	r := loyalty.Redemption{ID: in.ID, To: in.To, Points: in.Points, Note: in.Note}
	like := loyalty.Entry{
		Member: in.From, Redemption: &r, Cause: loyalty.Cause{Kind: loyalty.CauseTransfer, ID: in.ID, Revision: 1},
	}
	c := command{p: p, member: in.From, others: []loyalty.MemberID{in.To}, by: by, together: func(accs []loyalty.Account, _ loyalty.Budgets) ([]loyalty.Outcome, error) {
		return p.Transfer(accs[0], accs[1], r, l.now())
	}}
	e, replayed, err := l.onceWith(ctx, c, like)
	if err != nil {
		return TransferResult{From: in.From, Replayed: replayed}, err
	}
	return transferResult(e, replayed), nil
}

// FindTransfer reads a transfer as it is now: an offer whose time has passed has expired, whether or not that was written
// down yet. not_found if there is none.
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

// transfer reads the latest entry of a transfer. not_found if there is none.
func (l *Ledger) transfer(ctx context.Context, program, id string) (loyalty.Entry, error) {
	e, err := l.latest(ctx, program, loyalty.CauseTransfer, id)
	if err == nil && (e.Cause.Revision == 0 || e.Refusal != nil) {
		err = notFound("transfer")
	}
	return e, err
}

// AcceptTransfer moves what an offer holds to whom it was made. expired once its time has passed,
// already_resolved if it was accepted, declined or canceled by another request.
func (l *Ledger) AcceptTransfer(ctx context.Context, p *loyalty.Program, id string, by By) (TransferResult, error) {
	return l.endTransfer(ctx, p, id, by, loyalty.Accepted)
}

// DeclineTransfer returns what an offer holds, because the other does not want it. already_resolved if it ended
// before.
func (l *Ledger) DeclineTransfer(ctx context.Context, p *loyalty.Program, id string, by By) (TransferResult, error) {
	return l.endTransfer(ctx, p, id, by, loyalty.Declined)
}

// CancelTransfer is DeclineTransfer by who made the offer.
func (l *Ledger) CancelTransfer(ctx context.Context, p *loyalty.Program, id string, by By) (TransferResult, error) {
	return l.endTransfer(ctx, p, id, by, loyalty.Canceled)
}

// endTransfer ends an offer by writing its second revision: exactly one of accept, decline, cancel and expire wins.
func (l *Ledger) endTransfer(ctx context.Context, p *loyalty.Program, id string, by By, as loyalty.RedemptionStatus) (TransferResult, error) {
	for range 2 {
		was, err := l.FindTransfer(ctx, p.ID, id)
		if err != nil {
			return TransferResult{}, err
		}
		if r, err := was.ended(by, as); r.Replayed || err != nil {
			return r, err
		}
		entries, err := l.do(ctx, l.endOf(p, was, as, by))
		if err == nil {
			return transferResult(entries[0], false), nil
		}
		// Somebody ended it between the reading and the deciding: what is there now answers.
		if !errors.As(err, new(taken)) && !errors.Is(err, loyalty.AlreadyResolved) {
			return TransferResult{}, err
		}
	}
	return TransferResult{}, ErrTryAgain
}

// endOf is the command that ends an offer. To give it back is nobody's business but the giver's.
func (l *Ledger) endOf(p *loyalty.Program, was TransferResult, as loyalty.RedemptionStatus, by By) command {
	c := command{p: p, member: was.From, by: by}
	if as == loyalty.Accepted {
		c.others = []loyalty.MemberID{was.Transfer.To}
		c.together = func(accs []loyalty.Account, _ loyalty.Budgets) ([]loyalty.Outcome, error) {
			return p.Accept(accs[0], accs[1], was.Transfer, l.now())
		}
		return c
	}
	c.decide = func(acc loyalty.Account, _ loyalty.Budgets) (loyalty.Outcome, error) {
		return p.Return(acc, was.Transfer, as, l.now())
	}
	return c
}

// ended answers from what is there already: a replay, or the refusal of whoever comes second. Neither: the offer is open.
func (was TransferResult) ended(by By, as loyalty.RedemptionStatus) (TransferResult, error) {
	switch status := was.Transfer.Status; {
	case status == loyalty.Offered:
		return TransferResult{}, nil
	case status == loyalty.Expired && as == loyalty.Accepted:
		return TransferResult{}, &loyalty.Error{Code: loyalty.AlreadyExpired, Detail: "The offer expired before it was accepted."}
	case status == as && was.Entry.Cause.Revision == 2 && was.Entry.Input == by.Input && by.Input != "":
		was.Replayed = true
		return was, nil
	}
	return TransferResult{}, &loyalty.Error{
		Code:   loyalty.AlreadyResolved,
		Detail: "The transfer is " + string(was.Transfer.Status) + " already.",
	}
}
