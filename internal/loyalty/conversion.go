package loyalty

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"
)

// A Conversion is a way to convert points of one wallet into points of another. There is no conversion in the opposite
// direction, but a conversion can be reversed for a time.
type Conversion struct {
	ID               string
	From, To         string   // wallets; empty for the main wallet
	Rate             *big.Rat // what one point becomes, above zero
	Min              Points   // the minimum points per conversion
	Step             Points   // points must be a multiple of this; zero for 1
	ReversibleWithin Period   // how long a conversion can be reversed; zero: not at all
	Limits           []Limit
}

// A Converted is a completed conversion of points from one wallet to another.
type Converted struct {
	ID              string
	Rule            string // ID of the Conversion
	From, To        string
	Points          Points // points taken from the source wallet
	Received        Points // points added to the target wallet
	Taken           []Lot  // the lots that the points came from, less what was returned to them
	Lot             Date   // the lot that received the points; decision.left returns where they are now
	At              time.Time
	ReversibleUntil time.Time // exclusive end of the time for reversal; zero: it cannot be reversed
	Reversed        Points    // how many points of Received were reversed
	Returned        Points    // how many points of Points were returned by reversals
}

// Key returns the name of the conversion among the rules, for limits and reasons.
func (c *Conversion) Key() string { return "conversions." + c.ID }

// Conversion returns the conversion from one wallet to another, if there is one.
func (p *Program) Conversion(from, to string) (Conversion, bool) {
	at := slices.IndexFunc(p.Conversions, func(c Conversion) bool { return c.From == from && c.To == to })
	if at < 0 {
		return Conversion{}, false
	}
	return p.Conversions[at], true
}

// Convert converts n points of one wallet to another, rounded down. It takes the points that expire first. The received
// points expire like all points that are added to the target wallet. A member who owes points can convert only to
// settle the debt, even against the direction of a conversion. The account must have been advanced to now.
func (p *Program) Convert(acc Account, id, from, to string, n Points, now time.Time) (Outcome, error) {
	owing, debt := p.indebted(acc)
	settles := debt > 0 && owing == to && acc.In(from).Debt == 0
	c, received, err := Conversion{}, Points(0), error(nil)
	if settles {
		c, received, err = p.settlement(acc, from, to, n)
	} else {
		c, received, err = p.convertible(acc, from, to, n, now)
	}
	if err != nil {
		return Outcome{}, err
	}
	d := p.decide(acc, now)
	taken, have := d.take(nil, from, n)
	if have < n || debt > 0 && !settles {
		return Outcome{}, p.insufficient(acc, from, n, "The conversion requires")
	}
	expiry := p.expiry(to, acc.Tier.Level)
	x := Converted{
		ID: id, Rule: c.ID, From: from, To: to, Points: n, Received: received, Taken: lotsOf(taken), At: now,
		Lot: d.lot(expiry.Date(now, acc.since(expiry), p.Zone)),
	}
	if !c.ReversibleWithin.IsZero() {
		x.ReversibleUntil = c.ReversibleWithin.After(now, p.Zone)
	}
	e := Entry{
		Kind: KindConvert, Cause: Cause{CauseConversion, id, 1}, Effective: now, Conversion: &x,
		Postings: append(
			taken, Posting{Wallet: from, Bucket: BucketConverted, Points: n},
			Posting{Wallet: to, Bucket: BucketConverted, Points: -received},
		),
		Reasons: x.reasons(n, received, WasConverted),
	}
	for _, l := range c.Limits {
		e.Usage = append(e.Usage, l.usage(c.Key(), DateOf(now, p.Zone), 1))
	}
	e.Postings = d.activate(e.Postings, to, received, x.Lot, now)
	if err := d.post(lostToExpiry(e)); err != nil {
		return Outcome{}, err
	}
	return d.done()
}

// convertible returns the conversion for n points from one wallet to another, and the points received. It returns an
// error if the conversion is not possible for a reason other than insufficient points.
func (p *Program) convertible(
	acc Account, from, to string, n Points, now time.Time,
) (c Conversion, received Points, err error) {
	c, ok := p.Conversion(from, to)
	switch {
	case acc.Status != Active:
		return c, 0, frozen("")
	case !ok:
		return c, 0, p.noWay(from, to)
	case n < c.Min:
		return c, 0, refuse(AmountOutOfRange, "/points", fmt.Sprintf(
			"The minimum of a conversion is %d %s.", c.Min, p.units(from),
		))
	case n > MaxPoints:
		return c, 0, refuse(AmountOutOfRange, "/points", "The maximum of a conversion is 1000000000 points.")
	case c.Step > 0 && n%c.Step != 0:
		return c, 0, refuse(AmountOutOfRange, "/points", fmt.Sprintf(
			"points must be a multiple of %d %s.", c.Step, p.units(from),
		))
	}
	received, fits := exactOf(c.Rate).mul(whole(int64(n))).round(Down)
	if !fits || received == 0 {
		return c, 0, refuse(
			AmountOutOfRange, "/points", "The converted amount would be 0 or exceed 1000000000 points. Convert another number of points.",
		)
	}
	if l, full := acc.exhausted(c.Key(), c.Limits, DateOf(now, p.Zone)); full {
		return c, 0, refuse(ValidationFailed, "", fmt.Sprintf("The member has reached the limit of this conversion: %s.", l.often()))
	}
	return c, received, nil
}

// noWay returns the error for a conversion that the program does not have.
func (p *Program) noWay(from, to string) error {
	for _, end := range []struct{ pointer, wallet string }{{"/from", from}, {"/to", to}} {
		if _, ok := p.Wallet(end.wallet); !ok && end.wallet != "" {
			return p.noWallet(end.pointer)
		}
	}
	return refuse(ValidationFailed, "/to", "The program has no conversion between these wallets.")
}

// reasons returns the reasons in both wallets: n points of the source wallet equal there points of the target wallet.
func (x *Converted) reasons(n, there Points, what ReasonKind) []Reason {
	from, to := -n, there
	if what == WasConvertedBack {
		from, to = n, -there
	}
	args := []string{points(n), x.From, points(there), x.To}
	return []Reason{
		reasonIn(x.From, "conversions."+x.Rule, from, what, args...),
		reasonIn(x.To, "conversions."+x.Rule, to, what, args...),
	}
}

// ConvertBack reverses a conversion, or n of the points that it gave; zero reverses all that are available. The points
// must still be available. They return to the lots that they came from, latest expiry first, and expire at once where a
// lot has expired meanwhile. Rounding never increases the points, and a number of points that would return as none is
// rejected. prior is the last revision of the conversion. The account must have been advanced to now.
func (p *Program) ConvertBack(acc Account, prior Entry, n Points, now time.Time) (Outcome, error) {
	x, d := acc.conversion(*prior.Conversion), p.decide(acc, now)
	lot, left := d.left(x)
	if n == 0 {
		n = left
	}
	if err := p.undoable(acc, x, n, left, now); err != nil {
		return Outcome{}, err
	}
	back := x.worth(n)
	x.Reversed += n
	x.Returned += back
	e := Entry{
		Kind: KindConvert, Cause: Cause{CauseConversion, x.ID, prior.Cause.Revision + 1}, Effective: now,
		Conversion: &x,
		Postings: []Posting{
			{Wallet: x.To, Bucket: BucketActive, Lot: lot, Points: -n},
			{Wallet: x.To, Bucket: BucketConverted, Points: n},
		},
		Reasons: x.reasons(back, n, WasConvertedBack),
	}
	e.Postings = append(e.Postings, Posting{Wallet: x.From, Bucket: BucketConverted, Points: -back})
	x.Taken = slices.Clone(x.Taken)
	for i := len(x.Taken) - 1; i >= 0 && back > 0; i-- {
		part := min(back, x.Taken[i].Points)
		e.Postings = d.arrive(e.Postings, x.From, part, x.Taken[i].Expires, now)
		x.Taken[i].Points -= part
		back -= part
	}
	if err := d.post(lostToExpiry(e)); err != nil {
		return Outcome{}, err
	}
	return d.done()
}

// left returns the lot of the points that a conversion gave, and how many of them are available there. An activity or a
// manual extension may have moved the lot. Points of one lot are interchangeable; points of other lots are not used.
func (d *decision) left(x Converted) (Date, Points) { return d.leftIn(d.Account, x) }

// leftIn is left for an account that the decision has not posted yet.
func (d *decision) leftIn(acc Account, x Converted) (Date, Points) {
	lot := d.where(Grant{Wallet: x.To, ActiveAt: x.At, Expires: x.Lot})
	for _, l := range acc.In(x.To).Lots {
		if l.Expires == lot {
			return lot, min(l.Points, x.Received-x.Reversed)
		}
	}
	return lot, 0
}

// worth returns what n more of the received points return to the source wallet, rounded down together with earlier
// reversals.
func (x *Converted) worth(n Points) Points {
	all, _ := share(int64(x.Reversed+n), int64(x.Received)).mul(whole(int64(x.Points))).round(Down)
	return all - x.Returned
}

// least returns how many more of the received points must be reversed to return at least one point.
func (x *Converted) least() Points {
	all, _ := share(int64(x.Returned+1), int64(x.Points)).mul(whole(int64(x.Received))).round(Up)
	return all - x.Reversed
}

// undoable returns why n of the received points, of which left are available, cannot be reversed; nil if they can.
func (p *Program) undoable(acc Account, x Converted, n, left Points, now time.Time) error {
	switch {
	case acc.Status != Active:
		return frozen("")
	case x.ReversibleUntil.IsZero() || !now.Before(x.ReversibleUntil):
		return refuse(AlreadyExpired, "", "The period in which the conversion could be reversed has ended.")
	case x.Reversed == x.Received:
		return refuse(AlreadyResolved, "", "The conversion was already reversed in full.")
	case n < 0:
		return refuse(AmountNotPositive, "/points", "points must be above 0.")
	case n > x.Received-x.Reversed:
		return refuse(
			AmountOutOfRange, "/points",
			"At most "+points(x.Received-x.Reversed)+" points of the conversion can be reversed.",
		)
	case n > left || n == 0 || acc.In(x.To).Debt > 0:
		return &Error{
			Code: InsufficientPoints,
			Detail: "Only " + points(left) + " " + p.units(x.To) + " of the conversion remain." +
				p.owes(acc, x.To),
			Required: max(1, n), Available: left,
		}
	case x.worth(n) == 0:
		return refuse(
			AmountOutOfRange, "/points",
			"Too few "+p.units(x.To)+" to reverse: at least "+points(x.least())+" are required, and "+
				points(left)+" remain.",
		)
	}
	return nil
}

// compileConversions checks conversions, and rewards that give points of another wallet.
func (p *Program) compileConversions() error {
	for i, c := range p.Conversions {
		_, from := p.Wallet(c.From)
		_, to := p.Wallet(c.To)
		second := slices.ContainsFunc(p.Conversions[:i], func(x Conversion) bool {
			return x.From == c.From && x.To == c.To
		})
		switch {
		case !from && c.From != "" || !to && c.To != "" || c.From == c.To || second:
			return fmt.Errorf("conversion %s has an unknown wallet or is a duplicate", c.ID)
		case c.Rate == nil || c.Rate.Sign() <= 0 || c.Min < 0 || c.Step < 0:
			return fmt.Errorf("conversion %s must have a positive rate, minimum and step", c.ID)
		}
		if err := checkBounds(nil, c.Limits, 0, Life{}); err != nil {
			return fmt.Errorf("conversion %s: %w", c.ID, err)
		}
	}
	for _, r := range p.Rewards {
		if _, ok := p.Wallet(r.Wallet); r.Wallet != "" && (!ok || r.Points < 1 || r.Points > MaxPoints) {
			return fmt.Errorf("reward %s must name a known wallet and 1 to 1000000000 points", r.ID)
		}
	}
	if rule := p.Circle(); rule != "" {
		return fmt.Errorf("%s closes a circle of conversions", rule)
	}
	return nil
}

// leads reports whether points can move from one wallet to another by any number of conversions and rewards.
func (p *Program) leads(from, to string) bool {
	reached := map[string]bool{from: true}
	for range MaxWallets + 1 {
		for _, c := range p.Conversions {
			reached[c.To] = reached[c.To] || reached[c.From]
		}
		for i := range p.Rewards {
			for _, paid := range p.Rewards[i].paidFrom() {
				if into := p.Rewards[i].Wallet; into != "" {
					reached[into] = reached[into] || reached[paid]
				}
			}
		}
	}
	return reached[to]
}

// paidFrom returns the wallets in which a reward has a price.
func (r *Reward) paidFrom() []string {
	return append([]string{""}, slices.Collect(maps.Keys(r.Wallets))...)
}

// Circle returns the key of a conversion, or of a reward that gives points, by which points can return to the wallet
// that they left. It returns an empty string if there is none. In a circle, points could grow or be renewed forever.
func (p *Program) Circle() string {
	for i := range p.Conversions {
		if c := &p.Conversions[i]; c.From != c.To && p.leads(c.To, c.From) {
			return c.Key()
		}
	}
	for i := range p.Rewards {
		r := &p.Rewards[i]
		if r.Wallet != "" &&
			slices.ContainsFunc(r.paidFrom(), func(paid string) bool { return p.leads(r.Wallet, paid) }) {
			return r.Key()
		}
	}
	return ""
}
