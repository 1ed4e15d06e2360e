package inventory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A CodeUse requests the use of a code. The caller derives the ID.
type CodeUse struct {
	ID     string
	Code   string        // the code as it was entered
	Amount loyalty.Money // for gift cards: the amount to use; zero for other codes
	Order  string        // the order for which the code was used; may be empty
}

// A UseReversal requests the reversal of one use of a code.
type UseReversal struct {
	Code   string // the code as it was entered
	Use    string // the ID of the use
	Reason string
}

// A CodeResult is the state of a code, either now or right after a use or the reversal of a use.
type CodeResult struct {
	Code       string
	Member     loyalty.MemberID
	Redemption string
	Reward     string
	redeem.IssuedCode
	Uses     []UsedCode // the latest uses, oldest first; at most maxCodeUses
	Replayed bool
}

// A UsedCode is one use of a code.
type UsedCode struct {
	ID       string
	At       time.Time
	Amount   loyalty.Money // the amount used of a gift card; zero for other codes
	Order    string        // the order for which the code was used; may be empty
	Reversed time.Time     // when the use was reversed; zero if it was not
	Reason   string        // the reason of the reversal
}

// maxCodeUses is the maximum number of uses that a code lists. A gift card can be used more often; the oldest uses are
// then no longer listed. They can still be reversed, because each use has a separate item.
const maxCodeUses = 50

// useDoc is stored. Fields may only be added.
type useDoc struct {
	Code   ledger.CodeDoc `json:"code"`
	Plain  string         `json:"c"`
	Input  string         `json:"in"`
	At     int64          `json:"at"`
	By     string         `json:"by"`
	Amount int64          `json:"a,omitzero"`
	Order  string         `json:"o,omitzero"`

	Reversal *useReversalDoc `json:"rev,omitzero"`
}

// useReversalDoc is stored. Fields may only be added.
type useReversalDoc struct {
	Code   ledger.CodeDoc `json:"code"`
	Input  string         `json:"in"`
	At     int64          `json:"at"`
	By     string         `json:"by"`
	Reason string         `json:"why"`
}

func useKey(program, id string) table.Key {
	return table.Key{PK: "P#" + program + "#USE#" + id, SK: "USE"}
}

// Get returns the state of a code. It returns not_found if no member received the code.
func (c Codes) Get(ctx context.Context, program, code string) (CodeResult, error) {
	it, err := c.codeItem(ctx, program, code)
	if err != nil {
		return CodeResult{}, err
	}
	d, err := claimedCode(it)
	return result(d, redeem.PlainCode(code)), err
}

// claimedCode decodes a code. It returns not_found if no member received the code.
func claimedCode(it table.Item) (ledger.CodeDoc, error) {
	d, err := ReadCode(it)
	if err == nil && d.Member == "" {
		err = ledger.NotFound("code")
	}
	return d, err
}

// codeItem reads the item of a code. It also reads codes with a wrong check character, because an uploaded code may
// have the form of a generated one.
func (c Codes) codeItem(ctx context.Context, program, code string) (table.Item, error) {
	it, err := c.Table.Get(ctx, ledger.CodeKey(program, redeem.PlainCode(code)))
	if err != nil {
		return it, ledger.Retryable(err)
	}
	if it.Version == 0 {
		return it, ledger.NotFound("code")
	}
	return it, nil
}

// Use uses a code, or a part of a gift card. If the call is repeated with the same ID and By.Input, it returns the
// first result, so that a POS terminal can retry. With a different By.Input, it returns idempotency_key_reused. It
// returns not_found if no member received the code, and code_used, code_void, code_not_valid or amount_out_of_range if
// the code cannot be used.
func (c Codes) Use(ctx context.Context, program string, in CodeUse, by ledger.By) (CodeResult, error) {
	record := table.Item{Key: useKey(program, in.ID)}
	for range ledger.Attempts {
		it, err := c.codeItem(ctx, program, in.Code)
		if err != nil {
			return CodeResult{}, err
		}
		d, err := claimedCode(it)
		if err != nil {
			return CodeResult{}, err
		}
		now := c.Time()
		used, refused := Issued(&d).Use(in.Amount, now)
		if refused != nil {
			if was, err := c.Table.Get(ctx, record.Key); err != nil || was.Version > 0 {
				return usedBefore(was, by, err)
			}
			return CodeResult{}, refused
		}
		Set(&d, used)
		list(&d, ledger.CodeUseDoc{ID: in.ID, At: stored.Millis(now), Amount: in.Amount.Amount, Order: in.Order})
		it.Doc = stored.Encode(d)
		record.Doc = stored.Encode(useDoc{
			Code: d, Plain: redeem.PlainCode(in.Code), Input: by.Input, At: stored.Millis(now), By: by.Actor,
			Amount: in.Amount.Amount, Order: in.Order,
		})
		err = c.Table.Transact(ctx, table.Put(record), table.Put(it))
		var conflict *table.ConflictError
		switch {
		case err == nil:
			return result(d, redeem.PlainCode(in.Code)), nil
		case !errors.As(err, &conflict):
			return CodeResult{}, ledger.Retryable(err)
		case conflict.Key == record.Key:
			return usedBefore(conflict.Current, by, nil)
		}
	}
	return CodeResult{}, ledger.ErrTryAgain
}

// usedBefore returns the result that the first use stored.
func usedBefore(it table.Item, by ledger.By, err error) (CodeResult, error) {
	if err != nil {
		return CodeResult{}, ledger.Retryable(err)
	}
	d, err := readUse(it)
	if err != nil {
		return CodeResult{}, err
	}
	if d.Input != by.Input {
		return CodeResult{}, ledger.KeyReused()
	}
	r := result(d.Code, d.Plain)
	r.Replayed = true
	return r, nil
}

// ReverseUse reverses one use of a code (redeem.IssuedCode.Unuse). If the call is repeated with the same By.Input, it
// returns the first result. It returns not_found if the code has no such use, and already_resolved if another request
// reversed it. A By.Input may end with a dot and a fingerprint of the reason. A request with the same key and a
// different reason returns idempotency_key_reused.
func (c Codes) ReverseUse(ctx context.Context, program string, in UseReversal, by ledger.By) (CodeResult, error) {
	plain := redeem.PlainCode(in.Code)
	for range ledger.Attempts {
		items, err := ledger.GetAll(ctx, c.Table, ledger.CodeKey(program, plain), useKey(program, in.Use))
		if err != nil {
			return CodeResult{}, err
		}
		code, use := items[0], items[1]
		if code.Version == 0 || use.Version == 0 {
			return CodeResult{}, ledger.NotFound("use of the code")
		}
		d, err := ReadCode(code)
		if err != nil {
			return CodeResult{}, err
		}
		u, err := readUse(use)
		switch {
		case err != nil:
			return CodeResult{}, err
		case u.Plain != plain:
			return CodeResult{}, ledger.NotFound("use of the code")
		case u.Reversal != nil:
			return u.reversedBefore(by)
		}
		now := c.Time()
		Set(&d, Issued(&d).Unuse(loyalty.Money{Amount: u.Amount, Currency: loyalty.Currency(d.Currency)}))
		unlist(&d, in.Use, stored.Millis(now), in.Reason)
		u.Reversal = &useReversalDoc{Code: d, Input: by.Input, At: stored.Millis(now), By: by.Actor, Reason: in.Reason}
		code.Doc, use.Doc = stored.Encode(d), stored.Encode(u)
		err = c.Table.Transact(ctx, table.Put(use), table.Put(code))
		if err == nil {
			return result(d, plain), nil
		}
		if !errors.As(err, new(*table.ConflictError)) {
			return CodeResult{}, ledger.Retryable(err)
		}
	}
	return CodeResult{}, ledger.ErrTryAgain
}

// reversedBefore returns the result that the first reversal stored, and rejects a second reversal.
func (d *useDoc) reversedBefore(by ledger.By) (CodeResult, error) {
	switch key, _, _ := strings.Cut(by.Input, "."); {
	case by.Input != "" && d.Reversal.Input == by.Input:
		r := result(d.Reversal.Code, d.Plain)
		r.Replayed = true
		return r, nil
	case by.Input != "" && strings.HasPrefix(d.Reversal.Input, key+"."):
		return CodeResult{}, ledger.KeyReused()
	}
	return CodeResult{}, &loyalty.Error{
		Code: loyalty.AlreadyResolved,
		Detail: "The use was reversed on " + stored.Instant(d.Reversal.At).Format(
			"2 January 2006 15:04 MST",
		) + " already.",
	}
}

func readUse(it table.Item) (d useDoc, err error) {
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return d, fmt.Errorf("inventory: read use of a code: %w", err)
	}
	return d, nil
}

// list adds a use to the uses that the code lists, and removes the oldest one beyond maxCodeUses.
func list(d *ledger.CodeDoc, u ledger.CodeUseDoc) {
	d.Uses = append(d.Uses, u)
	d.Uses = d.Uses[max(0, len(d.Uses)-maxCodeUses):]
}

// unlist marks a listed use as reversed.
func unlist(d *ledger.CodeDoc, id string, at int64, reason string) {
	for i := range d.Uses {
		if u := &d.Uses[i]; u.ID == id {
			u.Reversed, u.Reason = at, reason
		}
	}
}

// Issued returns the code's validity and remaining value.
func Issued(d *ledger.CodeDoc) redeem.IssuedCode {
	return redeem.IssuedCode{
		From: stored.Instant(d.From), Until: stored.Instant(d.Until),
		Left:  loyalty.Money{Amount: d.Left, Currency: loyalty.Currency(d.Currency)},
		Worth: d.Worth, Taken: d.Taken, Used: stored.Instant(d.Used), Void: d.Void, Returned: d.Returned,
	}
}

// Set stores the fields of a code that uses and reversals change.
func Set(d *ledger.CodeDoc, c redeem.IssuedCode) {
	d.Left, d.Taken, d.Used, d.Void, d.Returned = c.Left.Amount, c.Taken, stored.Millis(c.Used), c.Void, c.Returned
}

func result(d ledger.CodeDoc, code string) CodeResult {
	r := CodeResult{
		Code: code, Member: loyalty.MemberID(d.Member), Redemption: d.Redemption, Reward: d.Reward,
		IssuedCode: Issued(&d),
	}
	for _, u := range d.Uses {
		r.Uses = append(r.Uses, UsedCode{
			ID: u.ID, At: stored.Instant(u.At), Order: u.Order, Reversed: stored.Instant(u.Reversed), Reason: u.Reason,
			Amount: loyalty.Money{Amount: u.Amount, Currency: loyalty.Currency(d.Currency)},
		})
	}
	return r
}
