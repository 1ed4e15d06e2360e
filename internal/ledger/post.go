package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

const (
	// maxClaims is the maximum number of attempts to send a message if their results are unknown. Each attempt may have
	// delivered the message, so the limit protects the recipient from repeated messages.
	maxClaims = 3

	// letterWaits is how long sending is retried if the message was certainly not sent.
	letterWaits = 3 * 24 * time.Hour
)

// A ClaimedGiftMessage is a gift card message that only its claimant may send now, with its full content.
type ClaimedGiftMessage struct {
	GiftMessage
	CodeResult
	Sender Profile // the member

	program string
	item    table.Item
	doc     giftCardMessageDoc
}

// ClaimGiftMessage claims a message for sending, so that no other process sends it. It returns ErrClaimed if another
// process claimed it, it is not due yet, or it is settled. If the message must no longer be sent, because the gift card
// cannot be used or there were too many attempts, ClaimGiftMessage settles it and returns it with that status.
//
// After the attempt, the caller calls SettleGiftMessage or PostponeGiftMessage. If it never does, for example because
// the process crashed, the message is sent again under the same ID after the lease ends. A crash may thus send a
// message twice, unless the provider deduplicates by ID, but never loses one.
func (l *Ledger) ClaimGiftMessage(
	ctx context.Context, program string, at GiftMessagePlace,
) (*ClaimedGiftMessage, error) {
	it, err := l.Table.Get(ctx, stored.MemberKey(program, at.Member, at.Item))
	if err != nil {
		return nil, retryable(err)
	}
	if it.Version == 0 || it.Index == (table.Key{}) || it.Index.SK > stored.Stamped(l.now())+"~" {
		return nil, ErrClaimed
	}
	c := &ClaimedGiftMessage{program: program, item: it}
	if c.doc, err = readGiftMessage(it); err != nil {
		return nil, err
	}
	c.GiftMessage = c.doc.message()
	was, err := l.Redemption(ctx, program, c.doc.Redemption)
	if err != nil {
		return nil, fmt.Errorf("ledger: claim %s: %w", c.doc.ID, err)
	}
	if c.CodeResult, err = l.codeOf(ctx, program, was.Redemption); err != nil {
		return nil, err
	}
	switch {
	case c.MaySend(l.now()) != nil:
		return c, l.SettleGiftMessage(ctx, c, LetterWithdrawn)
	case c.doc.Claims >= maxClaims:
		return c, l.SettleGiftMessage(ctx, c, LetterFailed)
	}
	c.Code = was.Redemption.Code // formatted for display
	if c.Sender, err = l.Profile(ctx, program, at.Member); err != nil {
		return nil, err
	}
	c.doc.Claims++
	return c, l.updateGiftMessage(ctx, c, letterIndex(program, c.doc.ID, l.now().Add(lease)))
}

// SettleGiftMessage records the final status of a message: sent, failed or withdrawn.
func (l *Ledger) SettleGiftMessage(ctx context.Context, c *ClaimedGiftMessage, as GiftMessageStatus) error {
	c.Status, c.doc.Status, c.doc.Settled = as, string(as), stored.Millis(l.now())
	return l.updateGiftMessage(ctx, c, table.Key{})
}

// PostponeGiftMessage releases a claim after the message was certainly not sent, and schedules the next attempt. If the
// message is older than letterWaits, PostponeGiftMessage settles it as failed instead.
func (l *Ledger) PostponeGiftMessage(ctx context.Context, c *ClaimedGiftMessage, again time.Time) error {
	if l.now().Sub(c.At) > letterWaits {
		return l.SettleGiftMessage(ctx, c, LetterFailed)
	}
	c.doc.Claims--
	return l.updateGiftMessage(ctx, c, letterIndex(c.program, c.doc.ID, again))
}

// updateGiftMessage writes the message as the next version of the claimed item.
func (l *Ledger) updateGiftMessage(ctx context.Context, c *ClaimedGiftMessage, index table.Key) error {
	it := c.item
	it.Doc, it.Index = stored.Encode(c.doc), index
	if err := l.replace(ctx, &it); err != nil {
		return err
	}
	c.item = it
	return nil
}

// MarkGiftMessageBounced records that a message of a member bounced after it was sent. It ignores an unknown message.
func (l *Ledger) MarkGiftMessageBounced(ctx context.Context, program string, m loyalty.MemberID, id string) error {
	q := table.Query{PK: stored.MemberPartition(program, m), From: "OUTBOX#", To: "OUTBOX#~"}
	for it, err := range l.Table.Query(ctx, q) {
		if err != nil {
			return retryable(err)
		}
		d, err := readGiftMessage(it)
		if err != nil {
			return err
		}
		if d.ID != id || d.Status == string(LetterFailed) {
			continue
		}
		err = l.SettleGiftMessage(ctx, &ClaimedGiftMessage{program: program, item: it, doc: d}, LetterFailed)
		if errors.Is(err, ErrClaimed) {
			err = ErrTryAgain // the bounce report and the send result were written at the same time
		}
		return err
	}
	return nil
}
