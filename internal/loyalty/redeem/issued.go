package redeem

import (
	"fmt"
	"math/big"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// An IssuedCode is the state of a code that a redemption issued, such as a gift card.
type IssuedCode struct {
	From  time.Time
	Until time.Time     // the end of the validity, exclusive; zero if the code never expires
	Left  loyalty.Money // for gift cards: the remaining value
	Worth int64         // for gift cards: the initial value in minor units
	Taken int64         // for gift cards: the value removed by reversals, in minor units
	Used  time.Time     // when the code was used up; zero if it was not
	Void  bool          // the redemption was reversed, and the code has no value any more

	Returned bool // for other codes: the points of the redemption were returned after the code was used
}

// CodeState states whether a code can be used, and if not, why.
type CodeState string

const (
	CodeIsValid     CodeState = "valid"
	CodeNotYetValid CodeState = "not_yet_valid"
	CodeIsExpired   CodeState = "expired"
	CodeIsUsed      CodeState = "used"
	CodeIsVoid      CodeState = "void"
)

// State returns the state of the code at an instant.
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

// MaySend rejects sending a code to a friend if it is not a gift card or cannot be used any more.
func (c IssuedCode) MaySend(now time.Time) error {
	if c.Left.Currency == "" {
		return loyalty.Refuse(loyalty.ValidationFailed, "", "Only gift cards can be sent to a recipient.")
	}
	if c.State(now) == CodeNotYetValid {
		return nil
	}
	_, err := c.Use(c.Left, now)
	return err
}

// MaxGiftMessages is how often one gift card can be sent. A correction may be necessary if the first address was wrong.
const MaxGiftMessages = 5

// MaySend rejects sending the gift card of a redemption to a friend if the redemption was not committed, if the gift
// card cannot be used, or if it was sent MaxGiftMessages times already. The parameter code is the present state of the
// code that the redemption issued, or zero if it issued none.
func MaySend(r loyalty.Redemption, code IssuedCode, sent int, now time.Time) error {
	switch r.Status {
	case loyalty.Reserved, loyalty.Canceled, loyalty.Expired:
		return loyalty.Refuse(
			loyalty.AlreadyResolved, "",
			"Only a committed redemption can be sent. The status is "+string(r.Status)+".",
		)
	}
	if err := code.MaySend(now); err != nil {
		return err
	}
	if sent >= MaxGiftMessages {
		return loyalty.Refuse(
			loyalty.ValidationFailed, "", fmt.Sprintf("A gift card can be sent at most %d times.", MaxGiftMessages),
		)
	}
	return nil
}

// Use deducts an amount from a gift card, or uses up any other code. It returns CodeVoid, CodeUsed or CodeNotValid if
// the code cannot be used, and an error about the amount if the code cannot be used for that amount.
func (c IssuedCode) Use(amount loyalty.Money, now time.Time) (IssuedCode, error) {
	switch c.State(now) {
	case CodeIsVoid:
		return c, loyalty.Refuse(loyalty.CodeVoid, "", "The code is void because its redemption was reversed.")
	case CodeIsUsed:
		return c, loyalty.Refuse(loyalty.CodeUsed, "", "The code was used on "+calendar.FormatInstant(c.Used)+".")
	case CodeNotYetValid:
		return c, loyalty.Refuse(
			loyalty.CodeNotValid, "", "The code is not valid before "+calendar.FormatInstant(c.From)+".",
		)
	case CodeIsExpired:
		return c, loyalty.Refuse(
			loyalty.CodeNotValid, "", "The code was valid until "+calendar.FormatInstant(c.Until)+".",
		)
	}
	switch {
	case c.Left.Currency == "" && amount != (loyalty.Money{}):
		return c, loyalty.Refuse(
			loyalty.ValidationFailed, "/amount", "Only gift cards have an amount. Omit amount to use the code.",
		)
	case c.Left.Currency == "":
		c.Used = now
		return c, nil
	case amount.Currency != c.Left.Currency:
		return c, loyalty.Refuse(
			loyalty.CurrencyMismatch, "/currency", "The currency of the gift card is "+string(c.Left.Currency)+".",
		)
	case amount.Amount < 1 || amount.Amount > c.Left.Amount:
		return c, loyalty.Refuse(
			loyalty.AmountOutOfRange, "/amount",
			"The amount must be above 0 and at most the gift card's remaining value of "+c.Left.String()+".",
		)
	}
	if c.Left.Amount -= amount.Amount; c.Left.Amount == 0 {
		c.Used = now
	}
	return c, nil
}

// Unuse returns the code after a use of it was reversed. A gift card gets the amount back and is valid again, even if
// the rest of its value was removed in the meantime. Any other code can be used again, unless the points of its
// redemption were returned in the meantime. In that case, it becomes void.
func (c IssuedCode) Unuse(amount loyalty.Money) IssuedCode {
	c.Used = time.Time{}
	if c.Left.Currency == "" {
		c.Void = c.Returned
		return c
	}
	c.Left.Amount += amount.Amount
	c.Void = false
	return c
}

// unspent returns the gift card's unused value in minor units, including value removed by reversals.
func (c IssuedCode) unspent() int64 { return c.Left.Amount + c.Taken }

// Back removes value from a code because its redemption is reversed. The first number is the total of the redemption's
// points to return, including earlier reversals. The second number is the cost of the redemption in points. A gift card
// loses the same share of its initial value. No points are returned for value that was spent. The card becomes void
// when no value remains. Any other code becomes void at once, unless it was used, because then the refunded order is
// the one for which it was used. Back returns the new code and the number of points to return.
func (c IssuedCode) Back(back, of loyalty.Points) (IssuedCode, loyalty.Points) {
	if c.Left.Currency == "" {
		c.Void, c.Returned = c.Void || c.Used.IsZero(), true
		return c, back
	}
	switch worth, unspent := big.NewInt(c.Worth), c.unspent(); {
	case unspent == 0: // Worth may be 0 too, and must not be a divisor below
		return c, 0
	case of == 0:
		c.Left.Amount, c.Taken = 0, unspent
	default:
		most := new(big.Int).Mul(big.NewInt(int64(of)), big.NewInt(unspent))
		back = min(back, loyalty.Points(most.Quo(most, worth).Int64()))
		share := new(big.Int).Mul(worth, big.NewInt(int64(back)))
		up := big.NewInt(int64(of) - 1) // it is rounded up, so that no part of a cent is both on the card and returned
		c.Taken = share.Quo(share.Add(share, up), big.NewInt(int64(of))).Int64()
		c.Left.Amount = unspent - c.Taken
	}
	c.Void = c.Left.Amount == 0 && c.Used.IsZero()
	return c, back
}
