package loyalty

import (
	"math/big"
	"slices"
	"time"
)

// RedemptionStatus is how far a redemption is. Reserved becomes one of the others; Committed may yet be Reversed.
type RedemptionStatus string

const (
	Reserved  RedemptionStatus = "reserved"
	Committed RedemptionStatus = "committed"
	Cancelled RedemptionStatus = "cancelled"
	Lapsed    RedemptionStatus = "lapsed"
	Reversed  RedemptionStatus = "reversed"
	Refused   RedemptionStatus = "refused"
)

// A Redemption is points spent, or about to be, on one reward.
type Redemption struct {
	ID     string
	Reward string
	Points Points
	Order  string // the order that it is for; may be empty
	Cart   string // the cart that it is for: another redemption for it takes its place; may be empty
	Total  Money  // what the order comes to, for rewards that ask and payments; may be zero
	Value  Money  // what a payment with points pays of it
	Status RedemptionStatus
	At     time.Time // when it was asked for
	Until  time.Time // reserved until, exclusive; zero if it was committed at once
	Piece  bool      // it took one of a limited number

	Lots []Lot  // once it is committed: where its points came from
	Back Points // what reversals have given back

	Code      string // what the member shows at the till; known from the beginning if it comes from a pool
	CodeFrom  time.Time
	CodeUntil time.Time // exclusive; zero: for ever
	Date      string    // the date that it is for; empty unless the reward has dates
	DateAt    time.Time // when that is
	ByHand    bool      // somebody hands it over
	Pooled    bool      // the code comes from a pool, and goes back there if nobody claims it
}

// MaxHolds is how many redemptions of one member may be open at a time: a bound on the account's size.
const MaxHolds = 20

// Redeem spends points on a reward: at once, or by reserving them until the program's hold has passed. The
// points are those that lapse first. A reservation for the same cart is cancelled by it. left is what there is of
// rewards of which there are only so many, as far as that is known (Outcome.Spends). The account must have been
// advanced to now.
func (p *Program) Redeem(acc Account, in Redemption, commit bool, left Budgets, now time.Time) (Outcome, error) {
	reward, ok := p.Reward(in.Reward)
	switch {
	case !ok && in.Reward != PayReward:
		return Outcome{}, refuse(NotFound, "/reward", "There is no such reward.")
	case acc.Status != Active:
		return Outcome{}, refuse(AccountFrozen, "/member", "The account is frozen.")
	}
	if reward.Type == Perk {
		return p.claimPerk(acc, &reward, in, left, now)
	}
	d := p.decide(acc, now)
	replaced, err := d.replace(in)
	if err != nil {
		return Outcome{}, err
	}
	if in.Reward == PayReward {
		if reward, err = p.payment(d.Account, &in); err != nil {
			return Outcome{}, err
		}
	}
	if err := reward.date(&in, now); err != nil {
		return Outcome{}, err
	}
	if in.Code == "" && replaced.Pooled && replaced.Reward == in.Reward {
		in.Code, in.Pooled = replaced.Code, true // the pool is empty but for the code that is given up for this one
	}
	if !commit && len(d.Account.Holds) >= MaxHolds {
		return Outcome{}, refuse(ValidationFailed, "", "The member has 20 open redemptions already: commit or cancel one first.")
	}
	if lacks := p.lacks(d.Account, &reward, in, now); len(lacks) > 0 {
		return Outcome{}, unavailable(lacks)
	}
	in.Points, in.At, in.Piece = reward.CostAt(acc.Tier.Level), now, reward.Limited()
	in.ByHand = reward.ByHand
	taken, n := d.take(nil, in.Points)
	if n < in.Points || acc.Debt > 0 {
		return Outcome{}, p.insufficient(d.Account, in.Points, "The reward costs")
	}
	if reward.Codes.From == UploadedCode && in.Code == "" {
		return Outcome{}, outOfStock(&reward, now)
	}
	if err := d.piece(&reward, in.Date, left, now); err != nil {
		return Outcome{}, err
	}
	e := Entry{
		Kind: KindReserve, Cause: Cause{CauseRedemption, in.ID, 1}, Effective: now, Redemption: &in,
		Because: []Because{Reason(reward.Key(), points(-in.Points), IsCost, points(in.Points))},
		Usage:   p.uses(&reward, in, 1),
	}
	if commit {
		p.claim(&in, &reward, lotsOf(taken), now)
		e.Kind = KindRedeem
		e.Postings = append(taken, Posting{Bucket: BucketRedeemed, Points: in.Points})
	} else {
		in.Status, in.Until = Reserved, now.Add(p.Hold)
		e.Postings = mirror(taken, BucketReserved)
	}
	d.active(&e, "redemption", now)
	if err := d.post(e); err != nil {
		return Outcome{}, err
	}
	return d.Outcome, nil
}

// replace cancels the reservation for the same cart, if there is another one, and says which.
func (d *decision) replace(in Redemption) (Redemption, error) {
	at := slices.IndexFunc(d.Account.Holds, func(h Hold) bool {
		return in.Cart != "" && h.Redemption.Cart == in.Cart && h.Redemption.ID != in.ID
	})
	if at < 0 {
		return Redemption{}, nil
	}
	h := d.Account.Holds[at]
	return h.Redemption, d.release(h, Cancelled, d.now)
}

// piece takes one of a limited number, and refuses if none is left.
func (d *decision) piece(reward *Reward, date string, left Budgets, now time.Time) error {
	if !reward.Limited() {
		return nil
	}
	s := reward.counter(date, now)
	if n, known := left[s.Rule]; s.Budget == 0 || known && n+d.returned(s.Rule) <= 0 {
		if date != "" {
			return reward.NoPlaces(date, left, now)
		}
		return outOfStock(reward, now)
	}
	s.Points = 1
	d.Spends = append(d.Spends, s)
	return nil
}

// returned is how many pieces this very decision gives back.
func (d *decision) returned(rule string) (n Points) {
	for _, s := range d.Spends {
		if s.Rule == rule {
			n -= s.Points
		}
	}
	return n
}

func outOfStock(reward *Reward, now time.Time) *Error {
	l := Lack{What: LacksStock, Available: "0"}
	for _, drop := range reward.Drops {
		if drop.At.After(now) && (l.From.IsZero() || drop.At.Before(l.From)) {
			l.From = drop.At
		}
	}
	return &Error{Code: RewardOutOfStock, Detail: l.Why(), Pointer: "/reward", Lacks: []Lack{l}}
}

func unavailable(lacks []Lack) *Error {
	return &Error{Code: RewardUnavailable, Detail: lacks[0].Why(), Pointer: "/reward", Lacks: lacks}
}

// claim makes the reward the member's, whose points came from these lots. A reward that the program does not have
// any more, the zero one, gives no code.
func (p *Program) claim(r *Redemption, reward *Reward, lots []Lot, now time.Time) {
	r.Status, r.Lots = Committed, lots
	if reward.Codes.From == NoCode {
		return
	}
	r.CodeFrom = reward.Codes.Wait.After(now, p.Zone)
	valid := reward.Codes.Valid
	if valid.IsZero() {
		valid = p.Redeeming.CodeValid
	}
	if !valid.IsZero() {
		r.CodeUntil = valid.After(r.CodeFrom, p.Zone)
	}
	if reward.Codes.From == SharedCode && r.Code == "" {
		r.Code = reward.Codes.Shared
	}
}

func lotsOf(taken []Posting) (lots []Lot) {
	for _, t := range taken {
		lots = append(lots, Lot{t.Lot, -t.Points})
	}
	return lots
}

// Commit spends what a redemption holds, or only so many of its points and gives the others back; zero is all of
// them. The account must have been advanced to now, so a hold that is still there has not lapsed.
func (p *Program) Commit(acc Account, r Redemption, n Points, now time.Time) (Outcome, error) {
	h, err := acc.hold(r)
	if err != nil {
		return Outcome{}, err
	}
	held := h.Points()
	switch {
	case acc.Status != Active:
		return Outcome{}, refuse(AccountFrozen, "", "The account is frozen.")
	case n == 0:
		n = held
	case n < 0 || n > held:
		return Outcome{}, refuse(AmountOutOfRange, "/points", "The redemption holds "+points(held)+" points.")
	}
	d := p.decide(acc, now)
	r = h.Redemption
	r.Value = p.worthOf(r, n)
	r.Points = n
	e := Entry{
		Kind: KindRedeem, Cause: Cause{CauseRedemption, r.ID, 2}, Effective: now, Redemption: &r,
		Because: []Because{Reason("rewards."+r.Reward, "0", WasSpent, points(n))},
	}
	var spent []Lot
	rest := n
	for _, l := range h.Lots {
		part := min(rest, l.Points)
		rest -= part
		e.Postings = append(e.Postings, Posting{Bucket: BucketReserved, Lot: l.Expires, Points: -l.Points})
		if part > 0 {
			spent = append(spent, Lot{l.Expires, part})
		}
		if back := l.Points - part; back > 0 {
			e.Postings = d.activate(e.Postings, back, d.gracious(l.Expires, now), now)
		}
	}
	e.Postings = append(e.Postings, Posting{Bucket: BucketRedeemed, Points: n})
	if back := held - n; back > 0 {
		e.Because = append(e.Because, Reason("rewards."+r.Reward, points(back), WasReturned, "unused"))
	}
	reward, _ := p.Reward(r.Reward)
	p.claim(&r, &reward, spent, now)
	if err := d.post(lostToExpiry(e)); err != nil {
		return Outcome{}, err
	}
	return d.Outcome, nil
}

// Cancel returns what a redemption holds to the lots that it came from, or to nobody where the lot has lapsed
// meanwhile: but for the program's grace a hold never lengthens the life of a point.
func (p *Program) Cancel(acc Account, r Redemption, now time.Time) (Outcome, error) {
	h, err := acc.hold(r)
	if err != nil {
		return Outcome{}, err
	}
	d := p.decide(acc, now)
	if err := d.release(h, Cancelled, now); err != nil {
		return Outcome{}, err
	}
	return d.Outcome, nil
}

// Reverse gives back points of a redemption that was committed, because its order was refunded: all of them, the
// share of the order's money that was refunded, or none, as the program says. share is of all refunds together, so
// that repeating it changes nothing and a later one gives the difference. prior is the last revision of the redemption.
func (p *Program) Reverse(acc Account, prior Entry, share *big.Rat, now time.Time) (Outcome, error) {
	r := *prior.Redemption
	switch {
	case r.Status != Committed:
		return Outcome{}, refuse(HoldAlreadyResolved, "", "Only a redemption that was committed can be reversed.")
	case share.Sign() <= 0 || share.Cmp(big.NewRat(1, 1)) > 0:
		return Outcome{}, refuse(AmountOutOfRange, "/refunded", "What was refunded is above nothing, and at most what was paid.")
	}
	if r.Points == 0 {
		return p.takeBackPerk(acc, prior, now)
	}
	target := r.Points
	switch p.Redeeming.OnRefund {
	case ShareBack:
		target, _ = exactOf(share).mul(whole(int64(r.Points))).round(Down)
	case NoneBack:
		target = 0
	}
	if target <= r.Back {
		return Outcome{}, refuse(ValidationFailed, "", "By the program's rules nothing more is given back.")
	}
	return p.restore(acc, prior, target, Reversed, now)
}

// restore gives back so many of the points of a redemption that was committed, all that is given back together.
func (p *Program) restore(acc Account, prior Entry, target Points, why RedemptionStatus, now time.Time) (Outcome, error) {
	r := *prior.Redemption
	n := target - r.Back
	d := p.decide(acc, now)
	e := Entry{
		Kind: KindRestore, Cause: Cause{CauseRedemption, r.ID, prior.Cause.Revision + 1}, Effective: now, Redemption: &r,
		Because:  []Because{Reason("rewards."+r.Reward, points(n), WasReturned, string(why))},
		Postings: []Posting{{Bucket: BucketRedeemed, Points: -n}},
	}
	r.Back = target
	r.Lots = slices.Clone(r.Lots)
	for i := len(r.Lots) - 1; i >= 0 && n > 0; i-- { // what lives longest first
		part := min(n, r.Lots[i].Points)
		e.Postings = d.activate(e.Postings, part, d.gracious(r.Lots[i].Expires, now), now)
		r.Lots[i].Points -= part
		n -= part
	}
	if r.Back == r.Points {
		r.Status = Reversed
		d.undo(&e, r)
	}
	if err := d.post(lostToExpiry(e)); err != nil {
		return Outcome{}, err
	}
	return d.Outcome, nil
}

// gracious is the day on which points lapse that come back: their own, to which activity may have moved it, or that
// of the program's grace from now.
func (d *decision) gracious(expires Date, now time.Time) Date {
	expires = d.lot(expires)
	if expires == 0 || d.p.Redeeming.Grace.IsZero() {
		return expires
	}
	least := DateOf(d.p.Redeeming.Grace.After(now, d.p.Zone), d.p.Zone)
	if expires.Day() >= least {
		return expires
	}
	return least
}

// undo gives back what a redemption used beside points: its piece, and its place in limits.
func (d *decision) undo(e *Entry, r Redemption) {
	reward, ok := d.p.Reward(r.Reward)
	if !ok {
		reward = Reward{ID: r.Reward}
	}
	e.Usage = slices.DeleteFunc(d.p.uses(&reward, r, -1), func(u Usage) bool {
		return d.Account.used(u.Rule, u.Times, u.Per, u.Ends) == 0 // the limit is younger than the redemption
	})
	if r.Piece {
		s := reward.counter(r.Date, d.now)
		s.Points = -1
		d.Spends = append(d.Spends, s)
	}
}

// hold finds the open hold of a redemption, or says why there is none.
func (a Account) hold(r Redemption) (Hold, error) {
	for _, h := range a.Holds {
		if h.Redemption.ID == r.ID {
			return h, nil
		}
	}
	return Hold{}, refuse(HoldAlreadyResolved, "", "The redemption was resolved before.")
}

func (d *decision) release(h Hold, as RedemptionStatus, at time.Time) error {
	r := h.Redemption
	r.Status = as
	e := Entry{
		Kind: KindRelease, Cause: Cause{CauseRedemption, r.ID, 2}, Effective: at, Redemption: &r,
		Because: []Because{Reason("rewards."+r.Reward, points(h.Points()), WasReturned, string(as))},
	}
	d.undo(&e, r)
	for _, l := range h.Lots {
		e.Postings = append(e.Postings, Posting{Bucket: BucketReserved, Lot: l.Expires, Points: -l.Points})
		e.Postings = d.activate(e.Postings, l.Points, d.gracious(l.Expires, at), at)
	}
	return d.post(lostToExpiry(e))
}

// insufficient says what is needed, what there is, and what will come next.
func (p *Program) insufficient(acc Account, needed Points, verb string) *Error {
	available := acc.Balance().Active
	unit := p.Unit.Other.In("en")
	if unit == "" {
		unit = "points"
	}
	detail := verb + " " + points(needed) + " " + unit + "; " + points(available) + " can be spent."
	if len(acc.Pending) > 0 && !acc.Pending[0].ActiveAt.IsZero() {
		next := acc.Pending[0]
		detail += " " + points(next.Points) + " more become active on " + next.ActiveAt.In(p.Zone).Format("2 January 2006") + "."
	}
	return &Error{Code: InsufficientPoints, Detail: detail, Needed: needed, Available: available}
}
