package loyalty

import (
	"fmt"
	"time"
)

// An IssuedCode is what a member can do with a code.
type IssuedCode struct {
	From  time.Time
	Until time.Time // exclusive; zero: for ever
	Left  Money     // gift cards
	Used  time.Time // when it was used up; zero if it is not
	Void  bool      // its redemption was reversed
}

// CodeState is whether a code can be used.
type CodeState string

const (
	CodeIsValid   CodeState = "valid"
	CodeIsEarly   CodeState = "early"
	CodeIsExpired CodeState = "expired"
	CodeIsUsed    CodeState = "used"
	CodeIsVoid    CodeState = "void"
)

// State is whether the code can be used at an instant.
func (c IssuedCode) State(at time.Time) CodeState {
	switch {
	case c.Void:
		return CodeIsVoid
	case !c.Used.IsZero():
		return CodeIsUsed
	case at.Before(c.From):
		return CodeIsEarly
	case !c.Until.IsZero() && !at.Before(c.Until):
		return CodeIsExpired
	}
	return CodeIsValid
}

// MaySend refuses to send to a friend what is no gift card, or none that the friend could use.
func (c IssuedCode) MaySend(now time.Time) error {
	if c.Left.Currency == "" {
		return refuse(ValidationFailed, "", "Only gift cards can be sent to somebody.")
	}
	if c.State(now) == CodeIsEarly {
		return nil
	}
	_, err := c.Use(c.Left, now)
	return err
}

// MaxLetters is how often one gift card can be sent: the address may be wrong the first time.
const MaxLetters = 5

// MaySend refuses to send the gift card of a redemption to a friend: where it was not committed, is none that the friend
// could use, or was sent as often as it can be. code is what the redemption gave, as it is now; zero if that is no code of
// its own.
func (r Redemption) MaySend(code IssuedCode, sent int, now time.Time) error {
	switch r.Status {
	case Reserved, Cancelled, Lapsed:
		return refuse(HoldAlreadyResolved, "", "Only what was committed can be sent; the redemption is "+string(r.Status)+".")
	}
	if err := code.MaySend(now); err != nil {
		return err
	}
	if sent >= MaxLetters {
		return refuse(ValidationFailed, "", fmt.Sprintf("A gift card can be sent %d times at most.", MaxLetters))
	}
	return nil
}

// Use takes an amount off a gift card, or uses up any other code; the refusal says why it cannot: code_void,
// code_used, code_not_valid, or that the amount is none for it.
func (c IssuedCode) Use(amount Money, now time.Time) (IssuedCode, error) {
	switch c.State(now) {
	case CodeIsVoid:
		return c, refuse(CodeVoid, "", "The code is worthless: what it was for was given back.")
	case CodeIsUsed:
		return c, refuse(CodeUsed, "", "The code was used on "+written(c.Used)+".")
	case CodeIsEarly:
		return c, refuse(CodeNotValid, "", "The code can be used from "+written(c.From)+" on.")
	case CodeIsExpired:
		return c, refuse(CodeNotValid, "", "The code could be used until "+written(c.Until)+".")
	}
	switch {
	case c.Left.Currency == "" && amount != (Money{}):
		return c, refuse(ValidationFailed, "/amount", "The code is not of a gift card, and is used up as a whole.")
	case c.Left.Currency == "":
		c.Used = now
		return c, nil
	case amount.Currency != c.Left.Currency:
		return c, refuse(CurrencyMismatch, "/currency", "The gift card is in "+string(c.Left.Currency)+".")
	case amount.Amount < 1 || amount.Amount > c.Left.Amount:
		return c, refuse(AmountOutOfRange, "/amount", "The gift card has "+c.Left.String()+" left.")
	}
	if c.Left.Amount -= amount.Amount; c.Left.Amount == 0 {
		c.Used = now
	}
	return c, nil
}
