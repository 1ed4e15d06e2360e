package ledger

import (
	"context"
	"errors"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// SendCode queues a message that sends the gift card of a committed redemption to a friend. If it is repeated with the
// same ID and By.Input, it returns the first result; with a different input, it returns idempotency_key_reused. It
// returns not_found if the redemption does not exist, and code_used, code_void, code_not_valid or validation_failed if
// there is nothing to send.
func (l *Ledger) SendCode(
	ctx context.Context, program string, in GiftMessage, by By,
) (RedemptionResult, GiftMessage, error) {
	was, err := l.Redemption(ctx, program, in.Redemption)
	if err == nil && was.Redemption.Status == loyalty.Rejected {
		err = notFound("redemption")
	}
	if err != nil {
		return was, in, err
	}
	for range attempts {
		letters, err := l.giftMessages(ctx, program, was.Member, in.Redemption)
		if err != nil {
			return was, in, err
		}
		for _, d := range letters {
			switch {
			case d.ID == in.ID && d.Input != by.Input:
				return was, in, keyReused()
			case d.ID == in.ID:
				in = d.message()
				in.Replayed = true
				return was, in, nil
			}
		}
		code, err := l.codeOf(ctx, program, was.Redemption)
		if err == nil {
			err = redeem.MaySend(was.Redemption, code.IssuedCode, len(letters), l.now())
		}
		if err != nil {
			return was, in, err
		}
		in.At = l.now()
		in.Status = LetterWaiting
		err = l.Table.Transact(ctx, table.Put(table.Item{
			Key: stored.MemberKey(
				program, was.Member, letterPrefix(in.Redemption)+stored.Padded(int64(len(letters)+1), 2),
			),
			Index: letterIndex(program, in.ID, in.At),
			Doc: stored.Encode(giftCardMessageDoc{
				Kind: "gift_card", ID: in.ID, Redemption: in.Redemption, Email: in.Email, Name: in.Name,
				Message: in.Message,
				At:      stored.Millis(in.At), By: by.Actor, Input: by.Input,
			}),
		}))
		if !outrun(err) {
			return was, in, retryable(err)
		}
	}
	return was, in, ErrTryAgain
}

// codeOf returns the current state of a redemption's code, or zero if the redemption has no individual code.
func (l *Ledger) codeOf(ctx context.Context, program string, r loyalty.Redemption) (CodeResult, error) {
	if r.Code == "" {
		return CodeResult{}, nil
	}
	code, err := l.Code(ctx, program, r.Code)
	if errors.Is(err, loyalty.NotFound) { // all members share the code
		return CodeResult{}, nil
	}
	return code, err
}
