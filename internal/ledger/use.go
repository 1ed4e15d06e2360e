package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	From       time.Time
	Until      time.Time     // exclusive; zero: for ever
	Left       loyalty.Money // gift cards
	Used       time.Time     // when it was used up; zero if it is not
	Void       bool          // its redemption was reversed
	Replayed   bool
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
	d, err := readCode(it)
	return d.result(loyalty.PlainCode(code)), err
}

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
	record := table.Item{Key: table.Key{PK: "P#" + program + "#USE#" + in.ID, SK: "000001"}}
	for range attempts {
		it, err := l.codeItem(ctx, program, in.Code)
		if err != nil {
			return CodeResult{}, err
		}
		d, err := readCode(it)
		if err != nil {
			return CodeResult{}, err
		}
		refused := d.use(in.Amount, l.now())
		if refused != nil {
			if was, err := l.Table.Get(ctx, record.Key); err != nil || was.Version > 0 {
				return usedBefore(was, by, err)
			}
			return CodeResult{}, refused
		}
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

// use takes an amount off a gift card, or uses up any other code; the refusal says why it cannot.
func (d *codeDoc) use(amount loyalty.Money, now time.Time) *loyalty.Error {
	refuse := func(code loyalty.Code, detail string) *loyalty.Error {
		return &loyalty.Error{Code: code, Detail: detail}
	}
	switch {
	case d.Void:
		return refuse(loyalty.CodeVoid, "The code is worthless: what it was for was given back.")
	case d.Used != 0:
		return refuse(loyalty.CodeUsed, "The code was used on "+instant(d.Used).Format("2 January 2006 15:04 MST")+".")
	case now.Before(instant(d.From)):
		return refuse(loyalty.CodeNotValid, "The code can be used from "+instant(d.From).Format("2 January 2006 15:04 MST")+" on.")
	case d.Until != 0 && !now.Before(instant(d.Until)):
		return refuse(loyalty.CodeNotValid, "The code could be used until "+instant(d.Until).Format("2 January 2006 15:04 MST")+".")
	case d.Currency == "" && amount != (loyalty.Money{}):
		return &loyalty.Error{Code: loyalty.ValidationFailed, Pointer: "/amount", Detail: "The code is not of a gift card, and is used up as a whole."}
	case d.Currency == "":
		d.Used = millis(now)
		return nil
	case string(amount.Currency) != d.Currency:
		return &loyalty.Error{Code: loyalty.CurrencyMismatch, Pointer: "/currency", Detail: "The gift card is in " + d.Currency + "."}
	case amount.Amount < 1 || amount.Amount > d.Left:
		return &loyalty.Error{Code: loyalty.AmountOutOfRange, Pointer: "/amount", Detail: "The gift card has " + loyalty.Money{Amount: d.Left, Currency: loyalty.Currency(d.Currency)}.String() + " left."}
	}
	if d.Left -= amount.Amount; d.Left == 0 {
		d.Used = millis(now)
	}
	return nil
}

func (d codeDoc) result(code string) CodeResult {
	return CodeResult{
		Code: code, Member: loyalty.MemberID(d.Member), Redemption: d.Redemption, Reward: d.Reward,
		From: instant(d.From), Until: instant(d.Until), Left: loyalty.Money{Amount: d.Left, Currency: loyalty.Currency(d.Currency)},
		Used: instant(d.Used), Void: d.Void,
	}
}
