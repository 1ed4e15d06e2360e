package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A CodeUse asks for a code to be used, under an id that the caller derived.
type CodeUse struct {
	ID     string
	Code   string        // as it was typed
	Amount loyalty.Money // gift cards: how much of it; zero for other codes
	Order  string        // what it was used on; may be empty
}

// A CodeResult is a code as it is, or as a use has left it.
type CodeResult struct {
	Code       string
	Member     loyalty.MemberID
	Redemption string
	Reward     string
	loyalty.IssuedCode
	Replayed bool
}

// useDoc is a stored form: changed only by addition.
type useDoc struct {
	Code   codeDoc `json:"code"`
	Plain  string  `json:"c"`
	Input  string  `json:"in"`
	At     int64   `json:"at"`
	By     string  `json:"by"`
	Amount int64   `json:"a,omitzero"`
	Order  string  `json:"o,omitzero"`
}

// Code reads a code; not_found if nobody was given it.
func (l *Ledger) Code(ctx context.Context, program, code string) (CodeResult, error) {
	it, err := l.codeItem(ctx, program, code)
	if err != nil {
		return CodeResult{}, err
	}
	d, err := claimedCode(it)
	return d.result(loyalty.PlainCode(code)), err
}

// claimedCode reads a code that somebody was given.
func claimedCode(it table.Item) (codeDoc, error) {
	d, err := readCode(it)
	if err == nil && d.Member == "" {
		err = notFound("code")
	}
	return d, err
}

// codeItem finds a code. That it looks mistyped is no reason not to look: a merchant's own may have our form.
func (l *Ledger) codeItem(ctx context.Context, program, code string) (table.Item, error) {
	it, err := l.Table.Get(ctx, codeKey(program, loyalty.PlainCode(code)))
	if err != nil {
		return it, retryable(err)
	}
	if it.Version == 0 {
		return it, notFound("code")
	}
	return it, nil
}

// UseCode uses a code up, or a part of a gift card. Repeated under the same id and By.Input it answers as the first
// time, so that a till that was cut off can ask again; with another input, idempotency_key_reused. not_found if nobody
// was given the code; code_used, code_void, code_not_valid or amount_out_of_range if it cannot be used so.
func (l *Ledger) UseCode(ctx context.Context, program string, in CodeUse, by By) (CodeResult, error) {
	record := table.Item{Key: table.Key{PK: "P#" + program + "#USE#" + in.ID, SK: "USE"}}
	for range attempts {
		it, err := l.codeItem(ctx, program, in.Code)
		if err != nil {
			return CodeResult{}, err
		}
		d, err := claimedCode(it)
		if err != nil {
			return CodeResult{}, err
		}
		used, refused := d.issued().Use(in.Amount, l.now())
		if refused != nil {
			if was, err := l.Table.Get(ctx, record.Key); err != nil || was.Version > 0 {
				return usedBefore(was, by, err)
			}
			return CodeResult{}, refused
		}
		d.Left, d.Used = used.Left.Amount, millis(used.Used)
		it.Doc = encode(d)
		record.Doc = encode(useDoc{d, loyalty.PlainCode(in.Code), by.Input, millis(l.now()), by.Actor, in.Amount.Amount, in.Order})
		err = l.Table.Transact(ctx, table.Put(record), table.Put(it))
		var conflict *table.ConflictError
		switch {
		case err == nil:
			return d.result(loyalty.PlainCode(in.Code)), nil
		case !errors.As(err, &conflict):
			return CodeResult{}, retryable(err)
		case conflict.Key == record.Key:
			return usedBefore(conflict.Current, by, nil)
		}
	}
	return CodeResult{}, ErrTryAgain
}

// usedBefore answers a repetition from what the first use wrote.
func usedBefore(it table.Item, by By, err error) (CodeResult, error) {
	if err != nil {
		return CodeResult{}, retryable(err)
	}
	var d useDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return CodeResult{}, fmt.Errorf("ledger: read use of a code: %w", err)
	}
	if d.Input != by.Input {
		return CodeResult{}, keyReused()
	}
	r := d.Code.result(d.Plain)
	r.Replayed = true
	return r, nil
}

// issued is what the member can do with the code.
func (d *codeDoc) issued() loyalty.IssuedCode {
	return loyalty.IssuedCode{
		From: instant(d.From), Until: instant(d.Until), Left: loyalty.Money{Amount: d.Left, Currency: loyalty.Currency(d.Currency)},
		Worth: d.Worth, Taken: d.Taken, Used: instant(d.Used), Void: d.Void,
	}
}

func (d codeDoc) result(code string) CodeResult {
	return CodeResult{Code: code, Member: loyalty.MemberID(d.Member), Redemption: d.Redemption, Reward: d.Reward, IssuedCode: d.issued()}
}
