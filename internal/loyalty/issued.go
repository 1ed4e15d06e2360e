package loyalty

import (
	"fmt"
	"math/big"
	"time"
)

// An IssuedCode is what a member can do with a code.
type IssuedCode struct {
	From  time.Time
	Until time.Time // exclusive; zero: for ever
	Left  Money     // gift cards
	Worth int64     // gift cards: what there was on it at first, minor units
	Taken int64     // gift cards: what reversals have taken off it, minor units
	Used  time.Time // when it was used up; zero if it is not
	Void  bool      // its redemption was reversed, and nothing is left of it

	Returned bool // other codes: the points of its redemption were given back after it was used
}

// CodeState is whether a code can be used.
type CodeState string

const (
	CodeIsValid     CodeState = "valid"
	CodeNotYetValid CodeState = "not_yet_valid"
	CodeIsExpired   CodeState = "expired"
	CodeIsUsed      CodeState = "used"
	CodeIsVoid      CodeState = "void"
)

// State is whether the code can be used at an instant.
func (c IssuedCode) State(at time.Time) CodeState {
	switch {
	case c.Void:
		return CodeIsVoid
	case !c.Used.IsZero():
		return CodeIsUsed
	case at.Before(c.From):
		return CodeNotYetValid
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
	if c.State(now) == CodeNotYetValid {
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
	case Reserved, Canceled, Expired:
		return refuse(AlreadyResolved, "", "Only what was committed can be sent; the redemption is "+string(r.Status)+".")
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
	case CodeNotYetValid:
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

// Unuse returns the code as it is after a use of it was reversed. The amount returns to a gift card, which is valid again
// even if the rest of it was given back in the meantime. Any other code can be used again, unless the points of its
// redemption were given back in the meantime: then it becomes void.
func (c IssuedCode) Unuse(amount Money) IssuedCode {
	c.Used = time.Time{}
	if c.Left.Currency == "" {
		c.Void = c.Returned
		return c
	}
	c.Left.Amount += amount.Amount
	c.Void = false
	return c
}

// Unspent is what of a gift card nobody has used, minor units: what is left, and what reversals have taken off.
func (c IssuedCode) Unspent() int64 { return c.Left.Amount + c.Taken }

// Back takes back a code of whose redemption so many of the points are to come back in all, those of earlier reversals
// among them. A gift card falls by the same share, and points come back for no more of it than is unspent; it is
// worthless once nothing is left. Any other code is worthless at once, unless it was used: then the order that is
// refunded is the one that it was used on. It returns the code as it becomes and how many points come back.
func (c IssuedCode) Back(back, of Points) (IssuedCode, Points) {
	if c.Left.Currency == "" {
		c.Void, c.Returned = c.Void || c.Used.IsZero(), true
		return c, back
	}
	switch worth, unspent := big.NewInt(c.Worth), c.Unspent(); {
	case unspent == 0: // nor may anybody know what there was on it
		return c, 0
	case of == 0:
		c.Left.Amount, c.Taken = 0, unspent
	default:
		most := new(big.Int).Mul(big.NewInt(int64(of)), big.NewInt(unspent))
		back = min(back, Points(most.Quo(most, worth).Int64()))
		share := new(big.Int).Mul(worth, big.NewInt(int64(back)))
		up := big.NewInt(int64(of) - 1) // rounded up: no part of a cent is both on the card and given back
		c.Taken = share.Quo(share.Add(share, up), big.NewInt(int64(of))).Int64()
		c.Left.Amount = unspent - c.Taken
	}
	c.Void = c.Left.Amount == 0 && c.Used.IsZero()
	return c, back
}
