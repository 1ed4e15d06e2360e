package messages

import (
	"context"
	"errors"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// SendCode queues a message that sends the gift card of a committed redemption to a friend. If the call is repeated
// with the same ID and By.Input, it returns the first result. With a different By.Input, it returns
// idempotency_key_reused. It returns not_found if the redemption does not exist, and code_used, code_void,
// code_not_valid or validation_failed if there is nothing to send.
func (g GiftMessages) SendCode(
	ctx context.Context, program string, in GiftMessage, by ledger.By,
) (service.RedemptionResult, GiftMessage, error) {
	was, err := service.Redemptions{Ledger: g.Ledger}.Get(ctx, program, in.Redemption)
	if err == nil && was.Redemption.Status == loyalty.Rejected {
		err = ledger.NotFound("redemption")
	}
	if err != nil {
		return was, in, err
	}
	key, err := members.Members{Ledger: g.Ledger}.Key(ctx, program, was.Member)
	if err != nil {
		return was, in, err
	}
	for range ledger.Attempts {
		sent, err := g.list(ctx, program, was.Member, in.Redemption)
		if err != nil {
			return was, in, err
		}
		for _, d := range sent {
			switch {
			case d.ID == in.ID && d.Input != by.Input:
				return was, in, ledger.KeyReused()
			case d.ID == in.ID:
				err := d.open(key)
				in = d.message()
				in.Replayed = true
				return was, in, err
			}
		}
		code, err := g.codeOf(ctx, program, was.Redemption)
		if err == nil {
			err = redeem.MaySend(was.Redemption, code.IssuedCode, len(sent), g.Time())
		}
		if err != nil {
			return was, in, err
		}
		in.At = g.Time()
		in.Status = GiftMessageWaiting
		d := giftCardMessageDoc{
			Kind: "gift_card", ID: in.ID, Redemption: in.Redemption, At: stored.Millis(in.At), By: by.Actor,
			Input: by.Input,
		}
		d.seal(key, friendDoc{in.Email, in.Name, in.Message})
		err = g.Table.Transact(ctx, table.Put(table.Item{
			Key: stored.MemberKey(
				program, was.Member, outboxPrefix(in.Redemption)+stored.Padded(int64(len(sent)+1), 2),
			),
			Index: outboxIndex(program, in.ID, in.At),
			Doc:   stored.Encode(d),
		}))
		if !ledger.IsConflict(err) {
			return was, in, ledger.Retryable(err)
		}
	}
	return was, in, ledger.ErrTryAgain
}

// codeOf returns the current state of a redemption's code, or zero if the redemption has no individual code.
func (g GiftMessages) codeOf(ctx context.Context, program string, r loyalty.Redemption) (inventory.CodeResult, error) {
	if r.Code == "" {
		return inventory.CodeResult{}, nil
	}
	code, err := inventory.Codes{Ledger: g.Ledger}.Get(ctx, program, r.Code)
	if errors.Is(err, loyalty.NotFound) { // all members share the code, so it has no item
		return inventory.CodeResult{}, nil
	}
	return code, err
}
