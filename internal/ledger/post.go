package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

const (
	// maxClaims is how often a letter is claimed without anybody knowing what became of it: each time it may have
	// arrived, and a friend is not to get it for ever.
	maxClaims = 3

	// letterWaits is how long a letter is tried that certainly was not sent.
	letterWaits = 3 * 24 * time.Hour
)

// A ClaimedLetter is a letter that its claimant alone may send now, with everything that it says.
type ClaimedLetter struct {
	Letter
	CodeResult
	Sender Profile // the member

	program string
	item    table.Item
	doc     giftCardMessageDoc
}

// ClaimLetter keeps everybody else from a letter that is about to be sent. ErrClaimed if somebody else was there, it is
// not due yet or it is settled. A letter that is not to be sent any more, because nobody could use the gift card or
// because it was tried too often, is settled, and the answer has the status.
//
// Whoever claimed calls SettleLetter or PostponeLetter after the send. Where that never happens, because the machine is
// gone, it is sent again under the same id once the lease is over: a crash may double a letter, unless the provider
// knows the id, and loses none.
func (l *Ledger) ClaimLetter(ctx context.Context, program string, at LetterPlace) (*ClaimedLetter, error) {
	it, err := l.Table.Get(ctx, memberKey(program, at.Member, at.Item))
	if err != nil {
		return nil, retryable(err)
	}
	if it.Version == 0 || it.Index == (table.Key{}) || it.Index.SK > stamped(l.now())+"~" {
		return nil, ErrClaimed
	}
	c := &ClaimedLetter{program: program, item: it}
	if c.doc, err = readLetter(it); err != nil {
		return nil, err
	}
	c.Letter = c.doc.letter()
	was, err := l.Redemption(ctx, program, c.doc.Redemption)
	if err != nil {
		return nil, fmt.Errorf("ledger: claim %s: %w", c.doc.ID, err)
	}
	if c.CodeResult, err = l.codeOf(ctx, program, was.Redemption); err != nil {
		return nil, err
	}
	switch {
	case c.MaySend(l.now()) != nil:
		return c, l.SettleLetter(ctx, c, LetterWithdrawn)
	case c.doc.Claims >= maxClaims:
		return c, l.SettleLetter(ctx, c, LetterFailed)
	}
	c.Code = was.Redemption.Code // as it is written
	if c.Sender, err = l.Profile(ctx, program, at.Member); err != nil {
		return nil, err
	}
	c.doc.Claims++
	return c, l.keepLetter(ctx, c, letterIndex(program, c.doc.ID, l.now().Add(lease)))
}

// SettleLetter ends a letter: it was sent, or never will be.
func (l *Ledger) SettleLetter(ctx context.Context, c *ClaimedLetter, as LetterStatus) error {
	c.Status, c.doc.Status, c.doc.Settled = as, string(as), millis(l.now())
	return l.keepLetter(ctx, c, table.Key{})
}

// PostponeLetter ends a claim: the letter certainly did not go out, and is to be tried again from an instant on, unless
// it has waited too long.
func (l *Ledger) PostponeLetter(ctx context.Context, c *ClaimedLetter, again time.Time) error {
	if l.now().Sub(c.At) > letterWaits {
		return l.SettleLetter(ctx, c, LetterFailed)
	}
	c.doc.Claims--
	return l.keepLetter(ctx, c, letterIndex(c.program, c.doc.ID, again))
}

// keepLetter writes the letter as the next version of what was claimed.
func (l *Ledger) keepLetter(ctx context.Context, c *ClaimedLetter, index table.Key) error {
	it := c.item
	it.Doc, it.Index = encode(c.doc), index
	if err := l.replace(ctx, &it); err != nil {
		return err
	}
	c.item = it
	return nil
}

// LetterCameBack takes note that a letter of a member came back after it was sent. One that is not known changes nothing.
func (l *Ledger) LetterCameBack(ctx context.Context, program string, m loyalty.MemberID, id string) error {
	q := table.Query{PK: memberPartition(program, m), From: "OUTBOX#", To: "OUTBOX#~"}
	for it, err := range l.Table.Query(ctx, q) {
		if err != nil {
			return retryable(err)
		}
		d, err := readLetter(it)
		if err != nil {
			return err
		}
		if d.ID != id || d.Status == string(LetterFailed) {
			continue
		}
		err = l.SettleLetter(ctx, &ClaimedLetter{program: program, item: it, doc: d}, LetterFailed)
		if errors.Is(err, ErrClaimed) {
			err = ErrTryAgain // the report and the record came at once
		}
		return err
	}
	return nil
}
