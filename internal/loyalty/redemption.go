package loyalty

import (
	"cmp"
	"slices"
	"time"
)

// RedemptionStatus is the status of a redemption or a transfer. A Reserved redemption changes to one of the other
// statuses. A Committed one can still be Reversed.
type RedemptionStatus string

const (
	Reserved  RedemptionStatus = "reserved"
	Committed RedemptionStatus = "committed"
	Canceled  RedemptionStatus = "canceled"
	Expired   RedemptionStatus = "expired"
	Reversed  RedemptionStatus = "reversed"
	Rejected  RedemptionStatus = "rejected"

	// Offered is the status of a transfer that the receiver has not answered. It can also expire or be canceled.
	Offered  RedemptionStatus = "offered"
	Accepted RedemptionStatus = "accepted"
	Declined RedemptionStatus = "declined"
)

// A Redemption is points that a member spends or reserves for one reward, or transfers to another member.
type Redemption struct {
	ID     string
	Reward string
	Wallet string // the wallet of the points
	Points Points
	Order  string // the order of the redemption; may be empty
	// Cart is the cart of the redemption; may be empty. Another redemption for the same cart replaces this one.
	Cart  string
	Total Money // the order's total, for rewards that depend on it and for payments; may be zero
	Value Money // the amount that a payment with points pays

	// Requested is the requested maximum of points of a payment. Zero means as many as can pay.
	Requested Points
	Status    RedemptionStatus
	At        time.Time // when it was requested
	Until     time.Time // end of the reservation, exclusive; zero if it was committed immediately
	Piece     bool      // it uses a unit of limited stock
	// Listed is set if the redemption is listed by its expiry while it is reserved, because others wait for what it
	// reserves.
	Listed bool

	Lots     []Lot  // lots from which the points came; set when it is committed
	Restored Points // points that reversals have restored

	Code      string // the code that the member presents; set from the start if it comes from a pool
	CodeFrom  time.Time
	CodeUntil time.Time // exclusive; zero: never expires
	Date      string    // the chosen date; empty unless the reward has dates
	DateAt    time.Time // the instant of Date
	Manual    bool      // the fulfillment is manual
	Pooled    bool      // the code comes from a pool, and returns there unless the redemption is committed

	Credit *Grant // wallet_points: the points credited to another wallet, before reversals; set when it is committed

	// By is the member whose redemption or transfer this is, in the account of another member who takes part in it.
	By            MemberID
	Contributions []Contribution // the parts of Points that household members contribute

	// These fields apply to transfers, which have no reward.
	To   MemberID // the receiver of the points
	Fee  Points   // the points that the giver pays in addition
	Note string   // the giver's message; may be empty
}

// cause returns the cause of the n-th revision of a redemption in a member's account.
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

// rule returns the key of the reward or of transfers, under which the redemption appears in reasons.
func (r Redemption) rule() string {
	if r.To != "" {
		return Transfers{}.Key()
	}
	return "rewards." + r.Reward
}

// MaxHolds is the maximum number of open redemptions of one member. It limits the size of an account.
const MaxHolds = 20

// Redeem spends points on a reward. It either commits them immediately or reserves them for the duration of
// Program.Hold. It uses the points that expire first. It cancels a reservation for the same cart. left contains the
// remaining stock of limited rewards, as far as it is known (Outcome.Spends). The account must have been advanced to
// now.
func (p *Program) Redeem(acc Account, in Redemption, commit bool, left Budgets, now time.Time) (Outcome, error) {
	return alone(p.redeem([]Account{acc}, in, commit, left, now))
}

// alone returns the outcome of a decision about a single account.
func alone(outs []Outcome, err error) (Outcome, error) {
	if err != nil {
		return Outcome{}, err
	}
	return outs[0], nil
}

// redeem is like Redeem for the first of the accounts, to which the others may contribute. It returns their outcomes in
// the same order.
func (p *Program) redeem(accs []Account, in Redemption, commit bool, left Budgets, now time.Time) ([]Outcome, error) {
	acc, pot := accs[0], p.pot(accs[1:])
	reward, ok := p.Reward(in.Reward)
	switch {
	case !ok && in.Reward != PayReward:
		return nil, refuse(NotFound, "/reward", "The program has no such reward.")
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
		// The pool may contain no code except the one that this redemption replaces.
		in.Code, in.Pooled = replaced.Code, true
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

// freed finishes the decision. If canceling the replaced reservation left more active points than before, it also
// starts automatic redemption. Points that were active before do not start it.
func (d *decision) freed(was Account) (Outcome, error) {
	if d.Account.Balance().Active <= was.Balance().Active {
		return d.Outcome, nil
	}
	return d.done()
}

// ready rejects a redemption with unmet requirements, and takes a unit of the reward's stock. more is the number of
// points that the member can use beyond the account's.
func (d *decision) ready(in *Redemption, reward *Reward, more Points, commit bool, left Budgets) error {
	if err := reward.date(in, d.now); err != nil {
		return err
	}
	if !commit && len(d.Account.Holds) >= MaxHolds {
		return refuse(ValidationFailed, "", "The member already has 20 open redemptions. Commit or cancel one first.")
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

// redeemed posts the entry of a redemption. taken are the postings of the points from the account itself.
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

// redemptionActivity records the committed redemption as an activity.
func (d *decision) redemptionActivity(e *Entry) {
	if d.p.isActivity("redemption") {
		d.active(e, d.now)
	}
}

// spent returns the postings of n points taken and redeemed.
func spent(taken []Posting, wallet string, n Points) []Posting {
	if n == 0 {
		return taken
	}
	return append(taken, Posting{Wallet: wallet, Bucket: BucketRedeemed, Points: n})
}

// held returns the postings of points taken and reserved. If household members contribute all points, an empty posting
// represents the reservation.
func held(taken []Posting, wallet string) []Posting {
	if len(taken) == 0 {
		return []Posting{{Wallet: wallet, Bucket: BucketReserved}}
	}
	return mirror(taken, BucketReserved)
}

// replace cancels another reservation for the same cart and returns it; it returns the zero Redemption if there is
// none.
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

// piece takes a unit of the reward's limited stock, and returns a rejection if none remains.
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

// returned returns how many units of stock this decision gives back.
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

// claim commits the redemption and sets its code. lots are those of its points. The zero reward has no code.
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

// CodeLasts returns how long a reward's codes can be used; zero means without end.
func (p *Program) CodeLasts(r *Reward) Period { return cmp.Or(r.Codes.Valid, p.Redemption.CodeValid) }

func lotsOf(taken []Posting) (lots []Lot) {
	for _, t := range taken {
		lots = append(lots, Lot{t.Lot, -t.Points})
	}
	return lots
}

// gracious returns the day on which returned points expire: their expiry day, to which activity may have moved it, or
// the end of the program's grace period from now if that is later. An expiry that grace has extended once is not
// extended again. Otherwise members could keep points forever by reserving and canceling repeatedly.
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

// undo returns what a redemption used in addition to points: its unit of stock and its usage of limits.
func (d *decision) undo(e *Entry, r Redemption) {
	if r.By != "" {
		return // the account of a contributor or receiver contains only points
	}
	reward, ok := d.p.Reward(r.Reward)
	if !ok {
		reward = Reward{ID: r.Reward}
	}
	uses := d.p.uses(&reward, r, -1)
	if r.Status == Reversed { // a payment that was only reserved has no usage yet
		uses = append(uses, d.p.pays(r, -1)...)
	}
	if r.To != "" {
		uses = d.p.gives(r, -1)
	}
	e.Usage = slices.DeleteFunc(uses, func(u Usage) bool {
		return d.Account.used(u.Rule, u.Times, u.Per, u.Ends) < -u.N // the limit was added after the redemption
	})
	if r.Piece {
		s := reward.counter(r.Date, d.now)
		s.Points = -1
		d.Spends = append(d.Spends, s)
	}
}

// hold returns the open reservation of a redemption, or a rejection if it has none.
func (a Account) hold(r Redemption) (Hold, error) {
	for _, h := range a.Holds {
		if h.Redemption.ID == r.ID {
			return h, nil
		}
	}
	return Hold{}, refuse(AlreadyResolved, "", "The redemption was already committed or canceled.")
}

// end releases a reservation now and returns the outcome.
func (d *decision) end(h Hold, as RedemptionStatus) (Outcome, error) {
	if err := d.release(h, as, d.now); err != nil {
		return Outcome{}, err
	}
	return d.done()
}

// release returns the reserved points of a redemption.
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
		// Offers of transfers get no grace. Otherwise members could extend their points by offering them.
		if r.To == "" {
			back = d.gracious(l.Expires, at)
		}
		e.Postings = append(e.Postings, Posting{
			Wallet: r.Wallet, Bucket: BucketReserved, Lot: l.Expires, Points: -l.Points,
		})
		e.Postings = d.arrive(e.Postings, r.Wallet, l.Points, back, at)
	}
	return d.post(lostToExpiry(e))
}

// reason returns the reason for the movement of n points for the reward or transfer.
func (r *Redemption) reason(n Points, what ReasonKind, args ...string) Reason {
	return reasonIn(r.Wallet, r.rule(), n, what, args...)
}

// insufficient returns the rejection for insufficient points. It states the required and the available points, the debt
// that the next points pay first, and when more points become active.
func (p *Program) insufficient(acc Account, wallet string, needed Points, verb string) *Error {
	return p.insufficientWith(acc, wallet, 0, needed, verb)
}

// insufficientWith is like insufficient, for a member who can use more points than the account has.
func (p *Program) insufficientWith(acc Account, wallet string, more, needed Points, verb string) *Error {
	available := acc.BalanceOf(wallet).Active + more
	detail := verb + " " + points(needed) + " " + p.units(wallet) +
		"; " + points(available) + " can be spent." + p.owes(acc, wallet)
	for _, next := range acc.Pending {
		if next.Wallet == wallet && !next.ActiveAt.IsZero() {
			detail += " " + points(next.Points) + " more become active on " +
				next.ActiveAt.In(p.Zone).Format("2 January 2006") + "."
			break
		}
	}
	return &Error{Code: InsufficientPoints, Detail: detail, Required: needed, Available: available}
}

// owes returns a sentence about the debt that prevents spending from a wallet, with a leading space; empty if there is
// none.
func (p *Program) owes(acc Account, wallet string) string {
	debt := acc.In(wallet).Debt
	if other, owed := p.indebted(acc); debt == 0 && owed > 0 {
		return " The member owes " + points(owed) + " " + p.units(other) +
			"; nothing can be spent from any wallet until the debt is repaid."
	}
	if debt == 0 {
		return ""
	}
	return " The member owes " + points(debt) + " " + p.units(wallet) + ", which newly earned points repay first."
}
