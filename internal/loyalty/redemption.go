package loyalty

import (
	"cmp"
	"slices"
	"time"
)

// RedemptionStatus is how far a redemption is, or a transfer. Reserved becomes one of the others; Committed may yet be
// Reversed.
type RedemptionStatus string

const (
	Reserved  RedemptionStatus = "reserved"
	Committed RedemptionStatus = "committed"
	Canceled  RedemptionStatus = "canceled"
	Expired   RedemptionStatus = "expired"
	Reversed  RedemptionStatus = "reversed"
	Rejected  RedemptionStatus = "rejected"

	Offered  RedemptionStatus = "offered" // a transfer that waits for the other's yes; it may expire or be canceled too
	Accepted RedemptionStatus = "accepted"
	Declined RedemptionStatus = "declined"
)

// A Redemption is points spent, or about to be, on one reward, or given to another member.
type Redemption struct {
	ID     string
	Reward string
	Wallet string // from which its points come
	Points Points
	Order  string // the order that it is for; may be empty
	Cart   string // the cart that it is for: another redemption for it takes its place; may be empty
	Total  Money  // what the order comes to, for rewards that ask and payments; may be zero
	Value  Money  // what a payment with points pays of it

	Requested Points // of a payment: how many at most, as was asked; zero: as many as can pay
	Status    RedemptionStatus
	At        time.Time // when it was asked for
	Until     time.Time // reserved until, exclusive; zero if it was committed at once
	Piece     bool      // it took one of a limited number
	Listed    bool      // while it is reserved it is listed by when it expires, as others wait for what it holds

	Lots     []Lot  // once it is committed: where its points came from
	Restored Points // what reversals have given back

	Code      string // what the member shows at the till; known from the beginning if it comes from a pool
	CodeFrom  time.Time
	CodeUntil time.Time // exclusive; zero: for ever
	Date      string    // the date that it is for; empty unless the reward has dates
	DateAt    time.Time // when that is
	Manual    bool      // somebody hands it over
	Pooled    bool      // the code comes from a pool, and goes back there if nobody claims it

	Credit *Grant // wallet_points: what it gave in another wallet, once it is committed

	By            MemberID       // in the account of another member who is part of it: whose it is
	Contributions []Contribution // what others of the household contribute to Points

	// Of a transfer, which has no reward.
	To   MemberID // who is given the points
	Fee  Points   // what the giver pays besides
	Note string   // what the giver says to it; may be empty
}

// cause is the cause of a redemption's n-th revision in a member's account.
func (r Redemption) cause(m MemberID, n int) Cause {
	switch {
	case r.To == "" && r.By == "":
		return Cause{CauseRedemption, r.ID, n}
	case r.To == "":
		return Cause{CauseContribution, ContributionID(r.ID, m), n}
	case r.By == "":
		return Cause{CauseTransfer, r.ID, n}
	}
	return Cause{CauseReceipt, r.ID, n}
}

// rule names what a redemption is for among the rules.
func (r Redemption) rule() string {
	if r.To != "" {
		return Transfers{}.Key()
	}
	return "rewards." + r.Reward
}

// MaxHolds is how many redemptions of one member may be open at a time: a bound on the account's size.
const MaxHolds = 20

// Redeem spends points on a reward: at once, or by reserving them until the program's hold has passed. The
// points are those that expire first. A reservation for the same cart is canceled by it. left is what there is of
// rewards of which there are only so many, as far as that is known (Outcome.Spends). The account must have been
// advanced to now.
func (p *Program) Redeem(acc Account, in Redemption, commit bool, left Budgets, now time.Time) (Outcome, error) {
	return alone(p.redeem([]Account{acc}, in, commit, left, now))
}

// alone is the outcome of who is concerned alone.
func alone(outs []Outcome, err error) (Outcome, error) {
	if err != nil {
		return Outcome{}, err
	}
	return outs[0], nil
}

// redeem is Redeem for the first of the accounts, which may draw on the others. Their outcomes come in the same order.
func (p *Program) redeem(accs []Account, in Redemption, commit bool, left Budgets, now time.Time) ([]Outcome, error) {
	acc, pot := accs[0], p.pot(accs[1:])
	reward, ok := p.Reward(in.Reward)
	switch {
	case !ok && in.Reward != PayReward:
		return nil, refuse(NotFound, "/reward", "There is no such reward.")
	case acc.Status != Active:
		return nil, frozen("/member")
	}
	cost, ok := reward.CostIn(in.Wallet, acc.Tier.Level)
	if !ok {
		return nil, p.notFrom(&reward, in.Wallet)
	}
	if reward.Type == Perk {
		out, err := p.claimPerk(acc, &reward, in, left, now)
		if err != nil {
			return nil, err
		}
		return p.contribute(out, accs[1:], in, commit, now)
	}
	d := p.decide(acc, now)
	replaced, err := d.replace(in)
	if err != nil {
		return nil, err
	}
	if in.Reward == PayReward {
		if reward, err = p.payment(d.Account, pot.points, &in); err != nil {
			return nil, err
		}
		cost = reward.Cost
	}
	if in.Code == "" && replaced.Pooled && replaced.Reward == in.Reward {
		in.Code, in.Pooled = replaced.Code, true // the pool is empty but for the code that is given up for this one
	}
	in.Points, in.At, in.Piece, in.Manual = cost, now, reward.Limited(), reward.Manual
	if err := d.ready(&in, &reward, pot.points, commit, left); err != nil {
		return nil, err
	}
	taken, n := d.take(nil, in.Wallet, in.Points)
	in.Contributions = pot.draw(in.Points - n)
	if err := d.redeemed(in, &reward, taken, commit); err != nil {
		return nil, err
	}
	made := *d.Entries[len(d.Entries)-1].Redemption
	out, err := d.freed(acc)
	if err != nil {
		return nil, err
	}
	return p.contribute(out, accs[1:], made, commit, now)
}

// freed is done where the hold that was replaced has left more active points than there were: those that were there
// already redeem nothing by themselves.
func (d *decision) freed(was Account) (Outcome, error) {
	if d.Account.Balance().Active <= was.Balance().Active {
		return d.Outcome, nil
	}
	return d.done()
}

// ready refuses a redemption for whatever it lacks, of who can draw on more points than are there, and takes its piece.
func (d *decision) ready(in *Redemption, reward *Reward, more Points, commit bool, left Budgets) error {
	if err := reward.date(in, d.now); err != nil {
		return err
	}
	if !commit && len(d.Account.Holds) >= MaxHolds {
		return refuse(ValidationFailed, "", "The member has 20 open redemptions already: commit or cancel one first.")
	}
	if lacks := d.p.lacks(d.Account, reward, *in, d.now); len(lacks) > 0 {
		return unavailable(lacks)
	}
	purse := d.Account.In(in.Wallet)
	if total(purse.Lots)+more < in.Points || in.Points > 0 && d.p.inDebt(d.Account) {
		return d.p.insufficientWith(d.Account, in.Wallet, more, in.Points, "The reward costs")
	}
	if reward.Codes.From == UploadedCode && in.Code == "" {
		return outOfStock(reward, d.now)
	}
	return d.piece(reward, in.Date, left, d.now)
}

// redeemed posts the entry of a redemption for which so much was taken from the account itself.
func (d *decision) redeemed(in Redemption, reward *Reward, taken []Posting, commit bool) error {
	e := Entry{
		Kind: KindReserve, Cause: in.cause(d.Account.Member, 1), Effective: d.now, Redemption: &in,
		Reasons: []Reason{in.reason(-in.Points, IsCost, points(in.Points))},
		Usage:   d.p.uses(reward, in, 1),
	}
	own := in.Points
	for _, x := range in.Contributions {
		own -= x.Points
	}
	if drawn := in.Points - own; drawn > 0 {
		e.Reasons = append(e.Reasons, NewReason(d.p.Households.Key(), points(drawn), WasContributed, points(drawn)))
	}
	if commit {
		d.p.claim(&in, reward, lotsOf(taken), d.now)
		e.Kind, e.Postings = KindRedeem, spent(taken, in.Wallet, own)
		e.Usage = append(e.Usage, d.p.pays(in, 1)...)
		d.fill(&e, reward, in.Points)
		d.redemptionActivity(&e)
	} else {
		in.Status, in.Until, in.Listed = Reserved, d.now.Add(d.p.Hold), in.Piece || in.Pooled
		e.Postings = held(taken, in.Wallet)
	}
	return d.post(e)
}

// redemptionActivity makes a redemption that is committed an activity.
func (d *decision) redemptionActivity(e *Entry) {
	if d.p.isActivity("redemption") {
		d.active(e, d.now)
	}
}

// spent is what was taken, n points in all, as it is redeemed.
func spent(taken []Posting, wallet string, n Points) []Posting {
	if n == 0 {
		return taken
	}
	return append(taken, Posting{Wallet: wallet, Bucket: BucketRedeemed, Points: n})
}

// held is what was taken as it is reserved. Where others contribute all, a hold of nothing stands for the redemption.
func held(taken []Posting, wallet string) []Posting {
	if len(taken) == 0 {
		return []Posting{{Wallet: wallet, Bucket: BucketReserved}}
	}
	return mirror(taken, BucketReserved)
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
	return h.Redemption, d.release(h, Canceled, d.now)
}

// piece takes one of a limited number, and refuses if none is left.
func (d *decision) piece(reward *Reward, date string, left Budgets, now time.Time) error {
	if !reward.Limited() {
		return nil
	}
	s := reward.counter(date, now)
	if n, known := left[s.Rule]; s.Budget == 0 || known && n+d.returned(s.Rule) <= 0 {
		if date != "" {
			return reward.NoCapacity(date, left, now)
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
	l := UnmetRequirement{Requirement: RequirementStock, Available: "0"}
	for _, drop := range reward.StockBatches {
		if drop.At.After(now) && (l.From.IsZero() || drop.At.Before(l.From)) {
			l.From = drop.At
		}
	}
	return &Error{Code: RewardOutOfStock, Detail: l.Why(), Pointer: "/reward", Unmet: []UnmetRequirement{l}}
}

func unavailable(lacks []UnmetRequirement) *Error {
	return &Error{Code: RewardUnavailable, Detail: lacks[0].Why(), Pointer: "/reward", Unmet: lacks}
}

// claim makes the reward the member's, whose points came from these lots. The zero reward gives no code.
func (p *Program) claim(r *Redemption, reward *Reward, lots []Lot, now time.Time) {
	r.Status, r.Lots = Committed, lots
	if reward.Codes.From == NoCode {
		return
	}
	r.CodeFrom = reward.Codes.Wait.After(now, p.Zone)
	if lasts := p.CodeLasts(reward); !lasts.IsZero() {
		r.CodeUntil = lasts.After(r.CodeFrom, p.Zone)
	}
	if reward.Codes.From == SharedCode && r.Code == "" {
		r.Code = reward.Codes.Shared
	}
}

// CodeLasts is for how long a reward's codes can be used; zero: for ever.
func (p *Program) CodeLasts(r *Reward) Period { return cmp.Or(r.Codes.Valid, p.Redemption.CodeValid) }

func lotsOf(taken []Posting) (lots []Lot) {
	for _, t := range taken {
		lots = append(lots, Lot{t.Lot, -t.Points})
	}
	return lots
}

// gracious is the day on which points expire that come back: their own, to which activity may have moved it, or that
// of the program's grace from now. What grace has put off to a day it does not put off again, or whoever reserves and
// cancels often enough would have points that never expire.
func (d *decision) gracious(expires Date, now time.Time) Date {
	expires = d.lot(expires)
	if expires == 0 || d.p.Redemption.Grace.IsZero() {
		return expires
	}
	least := DateOf(d.p.Redemption.Grace.After(now, d.p.Zone), d.p.Zone)
	if expires.Day() >= least || slices.Contains(d.Account.Graced, expires) {
		return expires
	}
	d.graced = addGraced(d.graced, least)
	return least
}

// undo gives back what a redemption used beside points: its piece, and its place in limits.
func (d *decision) undo(e *Entry, r Redemption) {
	if r.By != "" {
		return // of what belongs to another there is nothing but points
	}
	reward, ok := d.p.Reward(r.Reward)
	if !ok {
		reward = Reward{ID: r.Reward}
	}
	uses := d.p.uses(&reward, r, -1)
	if r.Status == Reversed { // or a payment that was only reserved, which its hold stands for
		uses = append(uses, d.p.pays(r, -1)...)
	}
	if r.To != "" {
		uses = d.p.gives(r, -1)
	}
	e.Usage = slices.DeleteFunc(uses, func(u Usage) bool {
		return d.Account.used(u.Rule, u.Times, u.Per, u.Ends) < -u.N // the limit is younger than the redemption
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
	return Hold{}, refuse(AlreadyResolved, "", "The redemption was resolved before.")
}

// end is what becomes of a hold that is given back now.
func (d *decision) end(h Hold, as RedemptionStatus) (Outcome, error) {
	if err := d.release(h, as, d.now); err != nil {
		return Outcome{}, err
	}
	return d.done()
}

// release gives back what a redemption holds.
func (d *decision) release(h Hold, as RedemptionStatus, at time.Time) error {
	r := h.Redemption
	r.Status = as
	e := Entry{
		Kind: KindRelease, Cause: r.cause(d.Account.Member, 2), Effective: at, Redemption: &r,
		Reasons: []Reason{r.reason(h.Points(), WasReturned, string(as))},
	}
	d.undo(&e, r)
	for _, l := range h.Lots {
		back := d.lot(l.Expires)
		if r.To == "" { // or whoever offers points to nobody would have them live longer
			back = d.gracious(l.Expires, at)
		}
		e.Postings = append(e.Postings, Posting{Wallet: r.Wallet, Bucket: BucketReserved, Lot: l.Expires, Points: -l.Points})
		e.Postings = d.arrive(e.Postings, r.Wallet, l.Points, back, at)
	}
	return d.post(lostToExpiry(e))
}

// reason is why n points moved, for the reward or transfer.
func (r *Redemption) reason(n Points, what ReasonKind, args ...string) Reason {
	return reasonIn(r.Wallet, r.rule(), n, what, args...)
}

// insufficient says what is needed, what there is, what is owed, which the next points pay first, and what will come next.
func (p *Program) insufficient(acc Account, wallet string, needed Points, verb string) *Error {
	return p.insufficientWith(acc, wallet, 0, needed, verb)
}

// insufficientWith is insufficient for who can draw on more than is there.
func (p *Program) insufficientWith(acc Account, wallet string, more, needed Points, verb string) *Error {
	available := acc.BalanceOf(wallet).Active + more
	detail := verb + " " + points(needed) + " " + p.units(wallet) + "; " + points(available) + " can be spent." + p.owes(acc, wallet)
	for _, next := range acc.Pending {
		if next.Wallet == wallet && !next.ActiveAt.IsZero() {
			detail += " " + points(next.Points) + " more become active on " + next.ActiveAt.In(p.Zone).Format("2 January 2006") + "."
			break
		}
	}
	return &Error{Code: InsufficientPoints, Detail: detail, Required: needed, Available: available}
}

// owes says of a wallet what is owed there, as a sentence behind another one; empty if nothing is.
func (p *Program) owes(acc Account, wallet string) string {
	debt := acc.In(wallet).Debt
	if other, owed := p.indebted(acc); debt == 0 && owed > 0 {
		return " The member owes " + points(owed) + " " + p.units(other) + "; nothing can be spent from any wallet until that is settled."
	}
	if debt == 0 {
		return ""
	}
	return " The member owes " + points(debt) + " " + p.units(wallet) + ", which the next ones pay first."
}
