package share

import (
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// conversion returns the conversion from one wallet to another, if there is one.
func conversion(conversions []loyalty.Conversion, from, to string) (loyalty.Conversion, bool) {
	at := slices.IndexFunc(conversions, func(c loyalty.Conversion) bool { return c.From == from && c.To == to })
	if at < 0 {
		return loyalty.Conversion{}, false
	}
	return conversions[at], true
}

// Convert converts n points of one wallet to another and rounds the result down. It takes the points that expire first.
// The received points expire like all points that are added to the target wallet. A member who owes points can convert
// only to settle the debt. This is possible even against the direction of a conversion. The account must have been
// advanced to the instant of the decision.
func Convert(d *posting.Decision, id, from, to string, n loyalty.Points) (posting.Outcome, error) {
	acc, now, zone, rules := d.Account, d.Now, d.P.Zone, redeem.Of(d)
	owing, debt := redeem.Indebted(rules.Conversions, rules.Rewards, acc)
	settles := debt > 0 && owing == to && acc.In(from).Debt == 0
	c, received, err := loyalty.Conversion{}, loyalty.Points(0), error(nil)
	if settles {
		c, received, err = settlement(rules, acc, from, to, n)
	} else {
		c, received, err = convertible(rules, acc, from, to, n, now)
	}
	if err != nil {
		return posting.Outcome{}, err
	}
	taken, have := d.Take(nil, from, n)
	if have < n || debt > 0 && !settles {
		return posting.Outcome{}, rules.Insufficient(acc, from, n, "The conversion requires")
	}
	expiry := posting.WalletExpiry(&d.P.Earn, rules.Tiers, rules.Wallets, to, acc.Tier.Level)
	x := loyalty.Converted{
		ID: id, Rule: c.ID, From: from, To: to, Points: n, Received: received, Taken: redeem.LotsOf(taken), At: now,
		Lot: d.Lot(expiry.Date(now, posting.AnniversaryStart(acc, expiry), zone)),
	}
	if !c.ReversibleWithin.IsZero() {
		x.ReversibleUntil = c.ReversibleWithin.After(now, zone)
	}
	e := loyalty.Entry{
		Kind:      loyalty.KindConvert,
		Cause:     loyalty.Cause{Kind: loyalty.CauseConversion, ID: id, Revision: 1},
		Effective: now,
		Detail:    loyalty.Detail{Subject: loyalty.Subject{Conversion: &x}},
		Postings: append(
			taken, loyalty.Posting{Wallet: from, Bucket: loyalty.BucketConverted, Points: n},
			loyalty.Posting{Wallet: to, Bucket: loyalty.BucketConverted, Points: -received},
		),
		Reasons: posting.ConversionReasons(&x, n, received, loyalty.WasConverted),
	}
	for _, l := range c.Limits {
		e.Usage = append(e.Usage, earn.LimitUsage(l, c.Key(), calendar.DateOf(now, zone), 1))
	}
	e.Postings = d.Activate(e.Postings, to, received, x.Lot, now)
	if err := d.Post(posting.LostToExpiry(e)); err != nil {
		return posting.Outcome{}, err
	}
	return redeem.Finish(d)
}

// convertible returns the conversion for n points from one wallet to another, and the points received. It returns an
// error if the conversion is not possible for a reason other than insufficient points.
func convertible(
	r redeem.Rules, acc loyalty.Account, from, to string, n loyalty.Points, now time.Time,
) (c loyalty.Conversion, received loyalty.Points, err error) {
	c, ok := conversion(r.Conversions, from, to)
	switch {
	case acc.Status != loyalty.Active:
		return c, 0, loyalty.RefuseFrozen("")
	case now.Before(acc.Traits.HeldUntil):
		return c, 0, acc.Traits.CheckHold("", now)
	case !ok:
		return c, 0, noWay(r.Wallets, from, to)
	case n < c.Min:
		return c, 0, loyalty.Refuse(loyalty.AmountOutOfRange, "/points", fmt.Sprintf(
			"The minimum of a conversion is %d %s.", c.Min, posting.WalletUnits(r.Wallets, r.Unit, from),
		))
	case n > loyalty.MaxPoints:
		return c, 0, loyalty.Refuse(
			loyalty.AmountOutOfRange, "/points", "The maximum of a conversion is 1000000000 points.",
		)
	case c.Step > 0 && n%c.Step != 0:
		return c, 0, loyalty.Refuse(loyalty.AmountOutOfRange, "/points", fmt.Sprintf(
			"points must be a multiple of %d %s.", c.Step, posting.WalletUnits(r.Wallets, r.Unit, from),
		))
	}
	received, fits := loyalty.RoundPoints(exact.Of(c.Rate).Mul(exact.Whole(int64(n))), loyalty.Down)
	if !fits || received == 0 {
		return c, 0, loyalty.Refuse(
			loyalty.AmountOutOfRange, "/points",
			"The converted amount would be 0 or exceed 1000000000 points. Convert another number of points.",
		)
	}
	if l, full := earn.Exhausted(acc, c.Key(), c.Limits, calendar.DateOf(now, r.Zone)); full {
		return c, 0, loyalty.Refuse(
			loyalty.ValidationFailed, "",
			fmt.Sprintf("The member has reached the limit of this conversion: %s.", earn.LimitText(l)),
		)
	}
	return c, received, nil
}

// noWay returns the error for a conversion that the program does not have.
func noWay(wallets []loyalty.Wallet, from, to string) error {
	for _, end := range []struct{ pointer, wallet string }{{"/from", from}, {"/to", to}} {
		if _, ok := posting.Wallet(wallets, end.wallet); !ok && end.wallet != "" {
			return posting.NoWallet(wallets, end.pointer)
		}
	}
	return loyalty.Refuse(loyalty.ValidationFailed, "/to", "The program has no conversion between these wallets.")
}

// ConvertBack reverses a conversion, or n of the points that it gave. Zero reverses all that remain. The points must
// still be in the lot that received them. They return to the lots from which they came, latest expiry first, and expire
// at once if their lot has expired meanwhile. Rounding never increases the points. If n is so small that no point would
// return, it is rejected. The parameter prior is the last revision of the conversion. The account must have been
// advanced to the instant of the decision.
func ConvertBack(d *posting.Decision, prior loyalty.Entry, n loyalty.Points) (posting.Outcome, error) {
	acc, now := d.Account, d.Now
	x := posting.FindConversion(acc, *prior.Conversion)
	lot, left := posting.RemainingIn(d, acc, x)
	if n == 0 {
		n = left
	}
	if err := Undoable(redeem.Of(d), acc, x, n, left, now); err != nil {
		return posting.Outcome{}, err
	}
	back := worth(&x, n)
	x.Reversed += n
	x.Returned += back
	e := loyalty.Entry{
		Kind:      loyalty.KindConvert,
		Cause:     loyalty.Cause{Kind: loyalty.CauseConversion, ID: x.ID, Revision: prior.Cause.Revision + 1},
		Effective: now,
		Detail:    loyalty.Detail{Subject: loyalty.Subject{Conversion: &x}},
		Postings: []loyalty.Posting{
			{Wallet: x.To, Bucket: loyalty.BucketActive, Lot: lot, Points: -n},
			{Wallet: x.To, Bucket: loyalty.BucketConverted, Points: n},
		},
		Reasons: posting.ConversionReasons(&x, back, n, loyalty.WasConvertedBack),
	}
	e.Postings = append(e.Postings, loyalty.Posting{Wallet: x.From, Bucket: loyalty.BucketConverted, Points: -back})
	x.Taken = slices.Clone(x.Taken)
	for i := len(x.Taken) - 1; i >= 0 && back > 0; i-- {
		part := min(back, x.Taken[i].Points)
		e.Postings = d.Arrive(e.Postings, x.From, part, x.Taken[i].Expires, now)
		x.Taken[i].Points -= part
		back -= part
	}
	if err := d.Post(posting.LostToExpiry(e)); err != nil {
		return posting.Outcome{}, err
	}
	return redeem.Finish(d)
}

// worth returns how many points return to the source wallet if n more of the received points are reversed. The total of
// all reversals is rounded down.
func worth(x *loyalty.Converted, n loyalty.Points) loyalty.Points {
	all, _ := loyalty.RoundPoints(exact.Fraction(
		int64(x.Reversed+n), int64(x.Received),
	).Mul(exact.Whole(int64(x.Points))), loyalty.Down)
	return all - x.Returned
}

// least returns the smallest number of received points that must be reversed so that at least one point returns to the
// source wallet.
func least(x *loyalty.Converted) loyalty.Points {
	all, _ := loyalty.RoundPoints(exact.Fraction(
		int64(x.Returned+1), int64(x.Points),
	).Mul(exact.Whole(int64(x.Received))), loyalty.Up)
	return all - x.Reversed
}

// Undoable returns an error if n of the received points cannot be reversed. The caller passes the number of received
// points that are still available.
func Undoable(
	r redeem.Rules, acc loyalty.Account, x loyalty.Converted, n, left loyalty.Points, now time.Time,
) error {
	switch {
	case acc.Status != loyalty.Active:
		return loyalty.RefuseFrozen("")
	case !now.Before(x.ReversibleUntil): // this includes a conversion that was never reversible
		return loyalty.Refuse(
			loyalty.AlreadyExpired, "", "The period in which the conversion could be reversed has ended.",
		)
	case x.Reversed == x.Received:
		return loyalty.Refuse(loyalty.AlreadyResolved, "", "The conversion was already reversed in full.")
	case n < 0:
		return loyalty.Refuse(loyalty.AmountNotPositive, "/points", "points must be above 0.")
	case n > x.Received-x.Reversed:
		return loyalty.Refuse(
			loyalty.AmountOutOfRange, "/points",
			"At most "+loyalty.FormatPoints(x.Received-x.Reversed)+" points of the conversion can be reversed.",
		)
	case n > left || n == 0 || acc.In(x.To).Debt > 0:
		return &loyalty.Error{
			Code: loyalty.InsufficientPoints,
			Detail: "Only " + loyalty.FormatPoints(left) + " " + posting.WalletUnits(r.Wallets, r.Unit, x.To) +
				" of the conversion remain." +
				r.OwedText(acc, x.To),
			Required: max(1, n), Available: left,
		}
	case worth(&x, n) == 0:
		return loyalty.Refuse(
			loyalty.AmountOutOfRange, "/points",
			"Too few "+posting.WalletUnits(r.Wallets, r.Unit, x.To)+" to reverse: at least "+
				loyalty.FormatPoints(least(&x))+
				" are required, and "+
				loyalty.FormatPoints(left)+" remain.",
		)
	}
	return nil
}

// CompileConversions checks conversions, and rewards that give points of another wallet.
func CompileConversions(sharing *loyalty.Sharing, rewards []loyalty.Reward) error {
	for i, c := range sharing.Conversions {
		if err := checkConversion(sharing.Wallets, c, sharing.Conversions[:i]); err != nil {
			return fmt.Errorf("conversion %s: %w", c.ID, err)
		}
	}
	for _, r := range rewards {
		if r.Wallet == "" {
			continue
		}
		if _, ok := posting.Wallet(sharing.Wallets, r.Wallet); !ok || r.Points < 1 || r.Points > loyalty.MaxPoints {
			return fmt.Errorf("reward %s must name a known wallet and 1 to 1000000000 points", r.ID)
		}
	}
	if rule := ConversionCycle(sharing.Conversions, rewards); rule != "" {
		return fmt.Errorf("%s closes a circle of conversions", rule)
	}
	return nil
}

// checkConversion checks a conversion. The parameter earlier contains the conversions before it in the program.
func checkConversion(wallets []loyalty.Wallet, c loyalty.Conversion, earlier []loyalty.Conversion) error {
	if c.From == c.To || !isWallet(wallets, c.From) || !isWallet(wallets, c.To) {
		return errors.New("the wallets must be known and different")
	}
	if slices.ContainsFunc(earlier, func(x loyalty.Conversion) bool { return x.From == c.From && x.To == c.To }) {
		return errors.New("an earlier conversion has the same wallets")
	}
	if c.Rate == nil || c.Rate.Sign() <= 0 || c.Min < 0 || c.Step < 0 {
		return errors.New("the rate must be positive, and the minimum and the step must not be negative")
	}
	return CheckBounds(nil, c.Limits, 0, loyalty.Life{})
}

// isWallet reports whether the program has a wallet. The main wallet is "".
func isWallet(wallets []loyalty.Wallet, id string) bool {
	_, ok := posting.Wallet(wallets, id)
	return ok || id == ""
}

// leads reports whether points can move from one wallet to another by any number of conversions and rewards.
func leads(conversions []loyalty.Conversion, rewards []loyalty.Reward, from, to string) bool {
	reached := map[string]bool{from: true}
	for range posting.MaxWallets + 1 {
		for _, c := range conversions {
			reached[c.To] = reached[c.To] || reached[c.From]
		}
		for i := range rewards {
			for _, paid := range paidFrom(&rewards[i]) {
				if into := rewards[i].Wallet; into != "" {
					reached[into] = reached[into] || reached[paid]
				}
			}
		}
	}
	return reached[to]
}

// paidFrom returns the wallets in which a reward has a price.
func paidFrom(r *loyalty.Reward) []string {
	return append([]string{""}, slices.Collect(maps.Keys(r.Wallets))...)
}

// ConversionCycle returns the key of a conversion, or of a reward that gives points, through which points can return to
// the wallet from which they came. It returns an empty string if there is none. With such a cycle, members could
// increase their points, or postpone expiry without end.
func ConversionCycle(conversions []loyalty.Conversion, rewards []loyalty.Reward) string {
	for i := range conversions {
		if c := &conversions[i]; c.From != c.To && leads(conversions, rewards, c.To, c.From) {
			return c.Key()
		}
	}
	for i := range rewards {
		r := &rewards[i]
		if r.Wallet != "" &&
			slices.ContainsFunc(
				paidFrom(r), func(paid string) bool { return leads(conversions, rewards, r.Wallet, paid) },
			) {
			return r.Key()
		}
	}
	return ""
}

// settles returns the conversion that lets points of one wallet pay a debt in another. It is the program's conversion,
// or the opposite one at the inverse rate. The result ok is false if the program has neither.
func settles(conversions []loyalty.Conversion, from, to string) (c loyalty.Conversion, ok bool) {
	if c, ok = conversion(conversions, from, to); ok {
		return loyalty.Conversion{ID: c.ID, From: from, To: to, Rate: c.Rate}, true
	}
	back, ok := conversion(conversions, to, from)
	if !ok {
		return c, false
	}
	return loyalty.Conversion{ID: back.ID, From: from, To: to, Rate: new(big.Rat).Inv(back.Rate)}, true
}

// settlement returns the conversion with which n points of a wallet pay a debt in another, and how much of the debt
// they pay, rounded in the member's favor. It returns AmountOutOfRange if n is more than the debt requires. Limits,
// steps and minimums of the conversion do not apply.
func settlement(
	r redeem.Rules, acc loyalty.Account, from, to string, n loyalty.Points,
) (c loyalty.Conversion, received loyalty.Points, err error) {
	c, ok := settles(r.Conversions, from, to)
	debt := acc.In(to).Debt
	switch {
	case acc.Status != loyalty.Active:
		return c, 0, loyalty.RefuseFrozen("")
	case !ok:
		return c, 0, noWay(r.Wallets, from, to)
	}
	most, fits := loyalty.RoundPoints(exact.Whole(int64(debt)).Quo(exact.Of(c.Rate)), loyalty.Up)
	if n > most || !fits {
		return c, 0, loyalty.Refuse(loyalty.AmountOutOfRange,
			"/points", "The member owes "+loyalty.FormatPoints(debt)+" "+posting.WalletUnits(r.Wallets, r.Unit, to)+
				": "+
				loyalty.FormatPoints(most)+" "+posting.WalletUnits(r.Wallets, r.Unit, from)+
				" repay that. Do not convert more until the debt is repaid.")
	}
	received, _ = loyalty.RoundPoints(exact.Of(c.Rate).Mul(exact.Whole(int64(n))), loyalty.Up)
	return c, min(received, debt), nil
}
