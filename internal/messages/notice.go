package messages

import (
	"context"
	"errors"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/members"
)

// Notices records the notices of expiring points and lower levels.
type Notices struct{ *ledger.Ledger }

// Notify records that the member was notified of a future change. If a notice of this change is already recorded,
// Notify changes nothing. It returns not_found if the member does not exist.
func (n Notices) Notify(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, what loyalty.NoticeOf, subject string, by ledger.By,
) error {
	return n.note(ctx, p, m, by, func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
		return remind.Notify(engine.Begin(p, acc, x.Now), what, subject)
	})
}

// Unnotify withdraws the notices that a message contained, because Delivery reported that the message bounced.
// Repeating the call changes nothing.
func (n Notices) Unnotify(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, message string, by ledger.By,
) error {
	s, err := members.ReminderQueue{Ledger: n.Ledger}.Reminded(ctx, p.ID, m)
	if err != nil {
		return err
	}
	return n.note(ctx, p, m, by, func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
		return remind.Unnotify(engine.Begin(p, acc, x.Now), s, message)
	})
}

// note changes the notices that the account records.
func (n Notices) note(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, by ledger.By,
	decide func(loyalty.Account, ledger.Inputs) (posting.Outcome, error),
) error {
	c := ledger.Command{Program: p, Member: m, By: by, Decide: ledger.Single(decide).Enrolled()}
	_, err := n.Execute(ctx, c)
	if errors.As(err, new(ledger.RevisionExists)) {
		return nil // the change is so old that the account no longer records it
	}
	return err
}
