package ledger

import (
	"context"
	"errors"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
)

// Notify records that the member was notified of a future change. If a notice of it is already recorded, Notify changes
// nothing. It returns not_found if the member does not exist.
func (l *Ledger) Notify(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, what loyalty.NoticeOf, subject string, by By,
) error {
	return l.note(ctx, p, m, by, func(acc loyalty.Account, x inputs) (posting.Outcome, error) {
		return remind.Notify(p, acc, what, subject, x.now)
	})
}

// Unnotify withdraws the notices that a message carried, because Delivery reported that the message bounced. Repeating
// the call changes nothing.
func (l *Ledger) Unnotify(ctx context.Context, p *loyalty.Program, m loyalty.MemberID, message string, by By) error {
	s, err := l.Reminded(ctx, p.ID, m)
	if err != nil {
		return err
	}
	return l.note(ctx, p, m, by, func(acc loyalty.Account, x inputs) (posting.Outcome, error) {
		return remind.Unnotify(p, acc, s, message, x.now)
	})
}

// note changes the notices that the account records.
func (l *Ledger) note(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, by By,
	decide func(loyalty.Account, inputs) (posting.Outcome, error),
) error {
	c := Command{p: p, member: m, by: by, decide: single(decide).enrolled()}
	_, err := l.Execute(ctx, c)
	if errors.As(err, new(taken)) {
		return nil // the change is so old that the account no longer records it
	}
	return err
}
