package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

const (
	// lettersAtOnce is how many letters one message of the queue is about.
	lettersAtOnce = 25

	// lettersARun bounds how many one run of the schedule hands out; the next one goes on.
	lettersARun = 10_000
)

// A bag is a message: deliver these letters.
type bag struct {
	Program string               `json:"program"`
	Letters []ledger.LetterPlace `json:"letters"`
}

// bags are the letters of a program that are due. A stack without a sender for e-mail keeps them waiting.
func (r remind) bags(ctx context.Context, program string, at time.Time) (bodies []string, err error) {
	if !r.office.Delivers(loyalty.Email) {
		return nil, nil
	}
	b, n := bag{Program: program}, 0
	seal := func() error {
		body, err := json.Marshal(b)
		if err != nil {
			return fmt.Errorf("write a message: %w", err)
		}
		bodies, b.Letters = append(bodies, string(body)), nil
		return nil
	}
	for place, err := range r.Ledger.DueLetters(ctx, program, at) {
		if err != nil {
			return bodies, fmt.Errorf("list the letters of %s: %w", program, err)
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

// deliver sends the letters of a bag. One that fails keeps no other from being sent.
func (r remind) deliver(ctx context.Context, b bag) error {
	p, err := r.Programs.Live(ctx, b.Program)
	if err != nil {
		return fmt.Errorf("jobs: letters of %s: %w", b.Program, err)
	}
	var failures []error
	for _, place := range b.Letters {
		if outOfTime(ctx) {
			failures = append(failures, errors.New("its time was over"))
			break
		}
		if err := r.letter(ctx, p, place); err != nil && !errors.Is(err, ledger.ErrClaimed) { // else somebody else is there
			failures = append(failures, fmt.Errorf("%s of %s: %w", place.Item, place.Member, err))
		}
	}
	if err := errors.Join(failures...); err != nil {
		return fmt.Errorf("jobs: letters of %s: %w", b.Program, err)
	}
	return nil
}

// letter claims, sends and settles one letter.
func (r remind) letter(ctx context.Context, p *loyalty.Program, place ledger.LetterPlace) error {
	c, err := r.Ledger.ClaimLetter(ctx, p.ID, place)
	if err != nil {
		return err
	}
	if c.Status != ledger.LetterWaiting {
		r.Log.WarnContext(ctx, "a gift card is not sent", "member", place.Member, "letter", c.ID, "status", c.Status)
		return nil
	}
	m, err := r.office.WriteGift(p, giftOf(c, r.Now()), c.ID, r.Now())
	if err != nil {
		return err
	}
	switch err := r.office.Send(ctx, m); {
	case err == nil:
		r.Log.InfoContext(ctx, "a gift card was sent", "member", place.Member, "letter", c.ID)
		return r.settle(ctx, c, ledger.LetterSent)
	case errors.Is(err, notify.ErrRejected):
		r.Log.WarnContext(ctx, "a gift card could not be sent to its address", "member", place.Member, "letter", c.ID, "err", err)
		return r.settle(ctx, c, ledger.LetterFailed)
	case errors.Is(err, notify.ErrNotSent):
		r.Log.WarnContext(ctx, "a gift card was not sent and will be tried again", "member", place.Member, "letter", c.ID, "err", err)
		return r.Ledger.PostponeLetter(ctx, c, r.Now().Add(again))
	default:
		// Nobody knows. The claim stays, and when it is over the letter is sent again.
		return err
	}
}

func (r remind) settle(ctx context.Context, c *ledger.ClaimedLetter, as ledger.LetterStatus) error {
	return patiently(func() error { return r.Ledger.SettleLetter(ctx, c, as) })
}

// giftOf is what a letter says.
func giftOf(c *ledger.ClaimedLetter, now time.Time) notify.Gift {
	g := notify.Gift{
		Sender: notify.Person{Member: c.Member, Name: c.Sender.Name, Locale: c.Sender.Locale},
		To:     c.Email, Name: c.Name, Message: c.Message, Code: c.Code, Worth: c.Left, Until: c.Until,
	}
	if now.Before(c.CodeResult.From) {
		g.From = c.CodeResult.From
	}
	return g
}
