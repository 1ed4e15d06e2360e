package loyalty

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"
)

// A Conversion is a way from one wallet into another, and never back but for a change of mind.
type Conversion struct {
	ID               string
	From, To         string   // wallets; empty for that of points
	Rate             *big.Rat // what one point becomes, above zero
	Min              Points   // at least so many at a time
	Step             Points   // in multiples of this; zero for 1
	ReversibleWithin Period   // how long it can be undone; zero: not at all
	Limits           []Limit
}

// A Converted is points that went from one wallet to another.
type Converted struct {
	ID              string
	Rule            string // the Conversion
	From, To        string
	Points          Points // how many went
	Received        Points // what they became
	Taken           []Lot  // where they came from, less what went back there
	Lot             Date   // where they went; where they are by now, decision.left knows
	At              time.Time
	ReversibleUntil time.Time // until when they can go back, exclusive; zero: they cannot
	Reversed        Points    // of Received: how many went back
	Returned        Points    // of Points: what these became again
}

// Key names the conversion among the rules: its limits and reasons.
func (c *Conversion) Key() string { return "conversions." + c.ID }

// Conversion finds the way from one wallet into another.
func (p *Program) Conversion(from, to string) (Conversion, bool) {
	at := slices.IndexFunc(p.Conversions, func(c Conversion) bool { return c.From == from && c.To == to })
	if at < 0 {
		return Conversion{}, false
	}
	return p.Conversions[at], true
}

// Convert turns n points of one wallet into what they are in another, rounded down: those that expire first go, and
// what they become lives as long as all that comes into that wallet. A member who owes points converts only to settle the
// debt, also against the direction of a conversion. The account must have been advanced to now.
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
		return Outcome{}, p.insufficient(acc, from, n, "The conversion takes")
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
		Postings: append(taken, Posting{Wallet: from, Bucket: BucketConverted, Points: n}, Posting{Wallet: to, Bucket: BucketConverted, Points: -received}),
		Reasons:  x.reasons(n, received, WasConverted),
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

// convertible is by which conversion n points go from one wallet to another and what they become there, or why they
// cannot, apart from those that are missing.
func (p *Program) convertible(acc Account, from, to string, n Points, now time.Time) (c Conversion, received Points, err error) {
	c, ok := p.Conversion(from, to)
	switch {
	case acc.Status != Active:
		return c, 0, frozen("")
	case !ok:
		return c, 0, p.noWay(from, to)
	case n < c.Min:
		return c, 0, refuse(AmountOutOfRange, "/points", fmt.Sprintf("At least %d %s are converted at a time.", c.Min, p.units(from)))
	case n > MaxPoints:
		return c, 0, refuse(AmountOutOfRange, "/points", "One conversion moves at most 1000000000 points.")
	case c.Step > 0 && n%c.Step != 0:
		return c, 0, refuse(AmountOutOfRange, "/points", fmt.Sprintf("Only multiples of %d %s are converted.", c.Step, p.units(from)))
	}
	received, fits := exactOf(c.Rate).mul(whole(int64(n))).round(Down)
	if !fits || received == 0 {
		return c, 0, refuse(AmountOutOfRange, "/points", "So many points become none, or more than one operation may move.")
	}
	if l, full := acc.exhausted(c.Key(), c.Limits, DateOf(now, p.Zone)); full {
		return c, 0, refuse(ValidationFailed, "", fmt.Sprintf("A member can convert so %s.", l.often()))
	}
	return c, received, nil
}

// noWay refuses to convert where there is no such conversion.
func (p *Program) noWay(from, to string) error {
	for _, end := range []struct{ pointer, wallet string }{{"/from", from}, {"/to", to}} {
		if _, ok := p.Wallet(end.wallet); !ok && end.wallet != "" {
			return p.noWallet(end.pointer)
		}
	}
	return refuse(ValidationFailed, "/to", "The program has no conversion between these wallets.")
}

// reasons says in both wallets what became of what: n points where they came from are so many where they went.
func (x *Converted) reasons(n, there Points, what ReasonKind) []Reason {
	from, to := -n, there
	if what == WasConvertedBack {
		from, to = n, -there
	}
	args := []string{points(n), x.From, points(there), x.To}
	return []Reason{
		reasonIn(x.From, "conversions."+x.Rule, from, what, args...), reasonIn(x.To, "conversions."+x.Rule, to, what, args...),
	}
}

// ConvertBack undoes a conversion, or so many of the points that it gave (zero: all that are left of it): they must be
// there still, and go back to the lots that they came from, the one that lives longest first, or to nobody where a lot
// has expired meanwhile. Rounding never makes them more, and so few that it makes them none do not go back. prior is the
// last revision of the conversion; the account must have been advanced to now.
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
		Kind: KindConvert, Cause: Cause{CauseConversion, x.ID, prior.Cause.Revision + 1}, Effective: now, Conversion: &x,
		Postings: []Posting{
			{Wallet: x.To, Bucket: BucketActive, Lot: lot, Points: -n}, {Wallet: x.To, Bucket: BucketConverted, Points: n},
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

// left is how many of the points that a conversion gave are still there, and in which lot: activity may have moved it on,
// or somebody by hand. Those of one lot are alike, and none of another one is taken for them.
func (d *decision) left(x Converted) (Date, Points) { return d.leftIn(d.Account, x) }

// leftIn is left in an account that the decision has not posted yet.
func (d *decision) leftIn(acc Account, x Converted) (Date, Points) {
	lot := d.where(Grant{Wallet: x.To, ActiveAt: x.At, Expires: x.Lot})
	for _, l := range acc.In(x.To).Lots {
		if l.Expires == lot {
			return lot, min(l.Points, x.Received-x.Reversed)
		}
	}
	return lot, 0
}

// worth is what n more of the points that a conversion gave become again, rounded down with those that went back before.
func (x *Converted) worth(n Points) Points {
	all, _ := share(int64(x.Reversed+n), int64(x.Received)).mul(whole(int64(x.Points))).round(Down)
	return all - x.Returned
}

// least is how many more of the points that a conversion gave have to go back for one to come of it.
func (x *Converted) least() Points {
	all, _ := share(int64(x.Returned+1), int64(x.Points)).mul(whole(int64(x.Received))).round(Up)
	return all - x.Reversed
}

// undoable is why n of the points that a conversion gave, of which so many are left, cannot go back.
func (p *Program) undoable(acc Account, x Converted, n, left Points, now time.Time) error {
	switch {
	case acc.Status != Active:
		return frozen("")
	case x.ReversibleUntil.IsZero() || !now.Before(x.ReversibleUntil):
		return refuse(AlreadyExpired, "", "The conversion cannot be undone any more.")
	case x.Reversed == x.Received:
		return refuse(AlreadyResolved, "", "The conversion was undone before.")
	case n < 0:
		return refuse(AmountNotPositive, "/points", "How many points go back is above zero.")
	case n > x.Received-x.Reversed:
		return refuse(AmountOutOfRange, "/points", "The conversion gave "+points(x.Received-x.Reversed)+" points that have not gone back.")
	case n > left || n == 0 || acc.In(x.To).Debt > 0:
		return &Error{Code: InsufficientPoints, Detail: "Of what the conversion gave " + points(left) + " " + p.units(x.To) + " are left." + p.owes(acc, x.To), Required: max(1, n), Available: left}
	case x.worth(n) == 0:
		return refuse(AmountOutOfRange, "/points", "So few "+p.units(x.To)+" become nothing again: at least "+points(x.least())+" have to go back, and "+points(left)+" are left.")
	}
	return nil
}

// compileConversions checks conversions, and rewards that are points in another wallet.
func (p *Program) compileConversions() error {
	for i, c := range p.Conversions {
		_, from := p.Wallet(c.From)
		_, to := p.Wallet(c.To)
		second := slices.ContainsFunc(p.Conversions[:i], func(x Conversion) bool { return x.From == c.From && x.To == c.To })
		switch {
		case !from && c.From != "" || !to && c.To != "" || c.From == c.To || second:
			return fmt.Errorf("conversion %s leads nowhere, or where another one does", c.ID)
		case c.Rate == nil || c.Rate.Sign() <= 0 || c.Min < 0 || c.Step < 0:
			return fmt.Errorf("conversion %s gives nothing", c.ID)
		}
		if err := checkBounds(nil, c.Limits, 0, Life{}); err != nil {
			return fmt.Errorf("conversion %s: %w", c.ID, err)
		}
	}
	for _, r := range p.Rewards {
		if _, ok := p.Wallet(r.Wallet); r.Wallet != "" && (!ok || r.Points < 1 || r.Points > MaxPoints) {
			return fmt.Errorf("reward %s gives points to no wallet, or none", r.ID)
		}
	}
	if rule := p.Circle(); rule != "" {
		return fmt.Errorf("%s leads round in a circle", rule)
	}
	return nil
}

// leads reports whether points can come from one wallet to another by any number of conversions and rewards.
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

// paidFrom is the wallets that a reward has a price in.
func (r *Reward) paidFrom() []string {
	return append([]string{""}, slices.Collect(maps.Keys(r.Wallets))...)
}

// Circle is a conversion, or a reward of points, by which points can come back to the wallet that they left, by its key;
// empty if there is none. They would live for ever there, or grow.
func (p *Program) Circle() string {
	for i := range p.Conversions {
		if c := &p.Conversions[i]; c.From != c.To && p.leads(c.To, c.From) {
			return c.Key()
		}
	}
	for i := range p.Rewards {
		r := &p.Rewards[i]
		if r.Wallet != "" && slices.ContainsFunc(r.paidFrom(), func(paid string) bool { return p.leads(r.Wallet, paid) }) {
			return r.Key()
		}
	}
	return ""
}
