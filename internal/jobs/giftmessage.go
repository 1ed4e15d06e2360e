package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/messages"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

const (
	// lettersAtOnce is the number of gift messages in one queue message.
	lettersAtOnce = 25

	// lettersARun limits the number of gift messages per run of the schedule; the next run continues.
	lettersARun = 10_000
)

// A giftBatch is a queue message that lists gift messages to send.
type giftBatch struct {
	Program string                      `json:"program"`
	Letters []messages.GiftMessagePlace `json:"letters"`
}

// giftBatches returns queue messages for the due gift messages of a program. If the stack has no email sender, it
// returns none, and the gift messages wait.
func (r remindHandler) giftBatches(ctx context.Context, program string, at time.Time) (bodies []string, err error) {
	if !r.dispatcher.Delivers(loyalty.Email) {
		return nil, nil
	}
	b, n := giftBatch{Program: program}, 0
	seal := func() error {
		body, err := json.Marshal(b)
		if err != nil {
			return fmt.Errorf("encode a message: %w", err)
		}
		bodies, b.Letters = append(bodies, string(body)), nil
		return nil
	}
	for place, err := range r.GiftMessages.Due(ctx, program, at) {
		if err != nil {
			return bodies, fmt.Errorf("list the gift messages of %s: %w", program, err)
		}
		if b.Letters = append(b.Letters, place); len(b.Letters) == lettersAtOnce {
			if err := seal(); err != nil {
				return bodies, err
			}
		}
		if n++; n == lettersARun {
			break
		}
	}
	if len(b.Letters) > 0 {
		err = seal()
	}
	return bodies, err
}

// deliver sends the gift messages of a batch. If one message cannot be sent, it still sends the others.
func (r remindHandler) deliver(ctx context.Context, b giftBatch) error {
	if stopped, err := readOnly(ctx, r.App, b.Program); err != nil {
		return err
	} else if stopped {
		return postponed(ctx, r.App, b.Program, false)
	}
	p, err := r.Programs.Live(ctx, b.Program)
	if err != nil {
		return fmt.Errorf("jobs: gift messages of %s: %w", b.Program, err)
	}
	var failures []error
	for _, place := range b.Letters {
		if outOfTime(ctx) {
			failures = append(failures, errors.New("the time limit was reached"))
			break
		}
		if err := r.sendGiftMessage(ctx, p, place); err != nil &&
			!errors.Is(err, messages.ErrClaimed) { // with ErrClaimed, another worker sends the message
			failures = append(failures, fmt.Errorf("%s of %s: %w", place.Item, place.Member, err))
		}
	}
	if err := errors.Join(failures...); err != nil {
		return fmt.Errorf("jobs: gift messages of %s: %w", b.Program, err)
	}
	return nil
}

// sendGiftMessage claims and sends one gift message, and records the outcome.
func (r remindHandler) sendGiftMessage(ctx context.Context, p *loyalty.Program, place messages.GiftMessagePlace) error {
	c, err := r.GiftMessages.Claim(ctx, p.ID, place)
	if err != nil {
		return err
	}
	if c.Status != messages.GiftMessageWaiting {
		r.Log.WarnContext(
			ctx, "gift card will not be sent", "member", place.Member, "message", c.ID, "status", c.Status,
		)
		return nil
	}
	m, err := r.dispatcher.WriteGift(p, giftOf(c, r.Now()), c.ID, r.Now())
	if err != nil {
		return err
	}
	switch err := r.dispatcher.Send(ctx, m); {
	case err == nil:
		r.Log.InfoContext(ctx, "gift card sent", "member", place.Member, "message", c.ID)
		return r.settle(ctx, c, messages.GiftMessageSent)
	case errors.Is(err, notify.ErrRejected):
		r.Log.WarnContext(ctx, "gift card could not be sent to its address", "member", place.Member, "message", c.ID,
			"err",
			err)
		return r.settle(ctx, c, messages.GiftMessageFailed)
	case errors.Is(err, notify.ErrNotSent):
		r.Log.WarnContext(ctx, "gift card was not sent and will be retried", "member", place.Member, "message", c.ID,
			"err",
			err)
		return r.GiftMessages.Postpone(ctx, c, r.Now().Add(again))
	default:
		// It is unknown whether the message was sent. The claim remains, and the message is sent again after the claim
		// expires.
		return err
	}
}

func (r remindHandler) settle(
	ctx context.Context, c *messages.ClaimedGiftMessage, as messages.GiftMessageStatus,
) error {
	return withRetries(func() error { return r.GiftMessages.Settle(ctx, c, as) })
}

// giftOf converts a claimed gift message to the contents of an email.
func giftOf(c *messages.ClaimedGiftMessage, now time.Time) notify.Gift {
	g := notify.Gift{
		Sender: notify.Person{Member: c.Member, Name: c.Sender.Name, Locale: c.Sender.Locale},
		To:     c.Email, Name: c.Name, Message: c.Message, Code: c.Code, Worth: c.Left, Until: c.Until,
	}
	if now.Before(c.CodeResult.From) {
		g.From = c.CodeResult.From
	}
	return g
}
