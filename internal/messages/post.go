package messages

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
)

const (
	// maxClaims is the maximum number of attempts with an unknown result to send one message. Each such attempt may
	// have delivered the message, so the limit protects the recipient from repeated messages.
	maxClaims = 3

	// retryFor is how long sending is retried if the message was certainly not sent.
	retryFor = 3 * 24 * time.Hour
)

// A ClaimedGiftMessage is a gift card message with its full content. Only the process that claimed it may send it.
type ClaimedGiftMessage struct {
	GiftMessage
	inventory.CodeResult
	Sender members.Profile // the profile of the member who sends the gift card

	program string
	item    table.Item
	doc     giftCardMessageDoc
}

// Claim claims a message for sending, so that no other process sends it. It returns ErrClaimed if another
// process claimed it, it is not due yet, or it is settled. If the message must no longer be sent, because the gift card
// cannot be used or there were too many attempts, Claim settles it and returns it with that status.
//
// After the attempt, the caller calls Settle or Postpone. If it never does, for example because
// the process crashed, the message is sent again under the same ID after the lease ends. A crash may thus send a
// message twice, unless the provider deduplicates by ID, but never loses one.
func (g GiftMessages) Claim(
	ctx context.Context, program string, at GiftMessagePlace,
) (*ClaimedGiftMessage, error) {
	it, err := g.Table.Get(ctx, stored.MemberKey(program, at.Member, at.Item))
	if err != nil {
		return nil, ledger.Retryable(err)
	}
	if it.Version == 0 || it.Index == (table.Key{}) || it.Index.SK > stored.Stamped(g.Time())+"~" {
		return nil, ErrClaimed
	}
	c := &ClaimedGiftMessage{program: program, item: it}
	if c.doc, err = readGiftMessage(it); err != nil {
		return nil, err
	}
	key, err := members.Members{Ledger: g.Ledger}.Key(ctx, program, at.Member)
	if err != nil {
		return nil, fmt.Errorf("messages: claim %s: %w", c.doc.ID, err)
	}
	if err := c.doc.open(key); err != nil {
		return nil, err
	}
	c.GiftMessage = c.doc.message()
	was, err := service.Redemptions{Ledger: g.Ledger}.Get(ctx, program, c.doc.Redemption)
	if err != nil {
		return nil, fmt.Errorf("messages: claim %s: %w", c.doc.ID, err)
	}
	if c.CodeResult, err = g.codeOf(ctx, program, was.Redemption); err != nil {
		return nil, err
	}
	switch {
	case c.MaySend(g.Time()) != nil:
		return c, g.Settle(ctx, c, GiftMessageWithdrawn)
	case c.doc.Claims >= maxClaims:
		return c, g.Settle(ctx, c, GiftMessageFailed)
	}
	c.Code = was.Redemption.Code // the code as it is displayed, with hyphens
	if c.Sender, err = (members.Members{Ledger: g.Ledger}).Profile(ctx, program, at.Member); err != nil {
		return nil, err
	}
	c.doc.Claims++
	return c, g.update(ctx, c, outboxIndex(program, c.doc.ID, g.Time().Add(lease)))
}

// Settle records the final status of a message: sent, failed or withdrawn.
func (g GiftMessages) Settle(ctx context.Context, c *ClaimedGiftMessage, as GiftMessageStatus) error {
	c.Status, c.doc.Status, c.doc.Settled = as, string(as), stored.Millis(g.Time())
	return g.update(ctx, c, table.Key{})
}

// Postpone releases a claim after the message was certainly not sent, and schedules the next attempt. If the
// message is older than retryFor, Postpone settles it as failed instead.
func (g GiftMessages) Postpone(ctx context.Context, c *ClaimedGiftMessage, again time.Time) error {
	if g.Time().Sub(c.At) > retryFor {
		return g.Settle(ctx, c, GiftMessageFailed)
	}
	c.doc.Claims--
	return g.update(ctx, c, outboxIndex(c.program, c.doc.ID, again))
}

// update writes the message as the next version of the claimed item.
func (g GiftMessages) update(ctx context.Context, c *ClaimedGiftMessage, index table.Key) error {
	it := c.item
	it.Doc, it.Index = stored.Encode(c.doc), index
	if err := Messages(g).replace(ctx, &it); err != nil {
		return err
	}
	c.item = it
	return nil
}

// MarkBounced records that a message of a member bounced after it was sent. It ignores an unknown message.
func (g GiftMessages) MarkBounced(ctx context.Context, program string, m loyalty.MemberID, id string) error {
	q := table.Query{PK: stored.MemberPartition(program, m), From: "OUTBOX#", To: "OUTBOX#~"}
	for it, err := range g.Table.Query(ctx, q) {
		if err != nil {
			return ledger.Retryable(err)
		}
		d, err := readGiftMessage(it)
		if err != nil {
			return err
		}
		if d.ID != id || d.Status == string(GiftMessageFailed) {
			continue
		}
		err = g.Settle(ctx, &ClaimedGiftMessage{program: program, item: it, doc: d}, GiftMessageFailed)
		if errors.Is(err, ErrClaimed) {
			err = ledger.ErrTryAgain // the bounce report and the send result were written at the same time
		}
		return err
	}
	return nil
}
