package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// SendCode puts the gift card of a redemption that was committed into a letter to a friend. Repeated under the same id
// and By.Input it answers as the first time; with another input, idempotency_key_reused. not_found if there is no such
// redemption; code_used, code_void, code_not_valid or validation_failed if there is nothing to send.
func (l *Ledger) SendCode(ctx context.Context, program string, in Letter, by By) (RedemptionResult, Letter, error) {
	was, err := l.Redemption(ctx, program, in.Redemption)
	if err == nil && was.Redemption.Status == loyalty.Refused {
		err = notFound("redemption")
	}
	if err != nil {
		return was, in, err
	}
	for range attempts {
		letters, err := l.letters(ctx, program, was.Member, in.Redemption)
		if err != nil {
			return was, in, err
		}
		for _, d := range letters {
			switch {
			case d.ID == in.ID && d.Input != by.Input:
				return was, in, keyReused()
			case d.ID == in.ID:
				in = d.letter()
				in.Replayed = true
				return was, in, nil
			}
		}
		if err := l.maySend(ctx, program, was.Redemption, len(letters)); err != nil {
			return was, in, err
		}
		in.At = l.now()
		in.Status = LetterWaiting
		err = l.Table.Transact(ctx, table.Put(table.Item{
			Key:   memberKey(program, was.Member, letterPrefix(in.Redemption)+padded(int64(len(letters)+1), 2)),
			Index: letterIndex(program, in.ID, in.At),
			Doc: encode(letterDoc{
				Kind: "gift_card", ID: in.ID, Redemption: in.Redemption, Email: in.Email, Name: in.Name, Message: in.Message,
				At: millis(in.At), By: by.Actor, Input: by.Input,
			}),
		}))
		if !outrun(err) {
			return was, in, retryable(err)
		}
	}
	return was, in, ErrTryAgain
}

// maySend refuses where there is no gift card that a friend could use.
func (l *Ledger) maySend(ctx context.Context, program string, r loyalty.Redemption, sent int) error {
	switch {
	case r.Status == loyalty.Reserved || r.Status == loyalty.Cancelled || r.Status == loyalty.Lapsed:
		return &loyalty.Error{Code: loyalty.HoldAlreadyResolved, Detail: "Only what was committed can be sent; the redemption is " + string(r.Status) + "."}
	case r.Code == "":
		return loyalty.IssuedCode{}.MaySend(l.now())
	}
	if _, err := l.giftCode(ctx, program, r); err != nil {
		return err
	}
	if sent >= MaxLetters {
		return &loyalty.Error{Code: loyalty.ValidationFailed, Detail: fmt.Sprintf("A gift card can be sent %d times at most.", MaxLetters)}
	}
	return nil
}

// giftCode is the gift card of a redemption that a friend can use, now or from some day on.
func (l *Ledger) giftCode(ctx context.Context, program string, r loyalty.Redemption) (CodeResult, error) {
	code, err := l.Code(ctx, program, r.Code)
	switch {
	case errors.Is(err, loyalty.NotFound): // one for all
		return code, loyalty.IssuedCode{}.MaySend(l.now())
	case err != nil:
		return code, err
	}
	return code, code.MaySend(l.now())
}
