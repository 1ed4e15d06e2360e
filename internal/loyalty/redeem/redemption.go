package redeem

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// RedemptionCause returns the cause of the n-th revision of a redemption in a member's account.
func RedemptionCause(r loyalty.Redemption, m loyalty.MemberID, n int) loyalty.Cause {
	switch {
	case r.To == "" && r.By == "":
		return loyalty.Cause{Kind: loyalty.CauseRedemption, ID: r.ID, Revision: n}
	case r.To == "":
		return loyalty.Cause{Kind: loyalty.CauseContribution, ID: ContributionID(r.ID, m), Revision: n}
	case r.By == "":
		return loyalty.Cause{Kind: loyalty.CauseTransfer, ID: r.ID, Revision: n}
	}
	return loyalty.Cause{Kind: loyalty.CauseReceipt, ID: r.ID, Revision: n}
}

// MaxHolds is the maximum number of open redemptions of one member. It limits the size of an account.
const MaxHolds = 20

// Redeem spends points on a reward. It either commits them immediately or reserves them for the duration of
// Program.Hold. It uses the points that expire first. It cancels a reservation for the same cart. The caller passes the
// remaining stock of limited rewards, as far as it is known (Outcome.Spends). The account must have been advanced to
// the instant of the decision.
func Redeem(d *posting.Decision, in loyalty.Redemption, commit bool, left earn.Budgets) (posting.Outcome, error) {
	return Single(RedeemFrom([]*posting.Decision{d}, in, commit, left))
}

// Single returns the outcome of a decision about a single account.
func Single(outs []posting.Outcome, err error) (posting.Outcome, error) {
	if err != nil {
		return posting.Outcome{}, err
	}
	return outs[0], nil
}

// RedeemFrom is like Redeem, but other members may contribute points. The first decision is about the redeeming
// member's account. The outcomes are in the order of the decisions.
func RedeemFrom(
	ds []*posting.Decision, in loyalty.Redemption, commit bool, left earn.Budgets,
) ([]posting.Outcome, error) {
	d, others := ds[0], ds[1:]
	acc, rules := d.Account, Of(d)
	pot := rules.newPot(others)
	reward, cost, err := rules.redeemable(acc, in)
	if err == nil {
		err = acc.Traits.CheckHold("/member", d.Now)
	}
	if err != nil {
		return nil, err
	}
	if reward.Type == Perk {
		out, err := claimPerk(d, &reward, in, left)
		if err != nil {
			return nil, err
		}
		return contribute(out, others, in, commit)
	}
	replaced, err := replace(d, in)
	if err != nil {
		return nil, err
	}
	if in.Reward == PayReward {
		if reward, err = rules.payment(d.Account, pot.points, &in); err != nil {
			return nil, err
		}
		cost = reward.Cost
	}
	if in.Code == "" && replaced.Pooled && replaced.Reward == in.Reward {
		// The pool may have no other code, so the redemption uses the code of the redemption that it replaces.
		in.Code, in.Pooled = replaced.Code, true
	}
	in.Points, in.At, in.Stocked, in.Manual = cost, d.Now, reward.Limited(), reward.Manual
	if err := ready(d, &in, &reward, pot.points, commit, left); err != nil {
		return nil, err
	}
	taken, n := d.Take(nil, in.Wallet, in.Points)
	in.Contributions = pot.draw(in.Points - n)
	if err := redeemed(d, in, &reward, taken, commit); err != nil {
		return nil, err
	}
	made := *d.Entries[len(d.Entries)-1].Redemption
	out, err := freed(d, acc)
	if err != nil {
		return nil, err
	}
	return contribute(out, others, made, commit)
}

// redeemable returns the reward of a redemption and its cost to the member. A payment with points has no reward, and
// its cost is not known yet.
func (rs Rules) redeemable(
	acc loyalty.Account, in loyalty.Redemption,
) (reward loyalty.Reward, cost loyalty.Points, err error) {
	reward, ok := FindReward(rs.Rewards, in.Reward)
	switch {
	case !ok && in.Reward != PayReward:
		return reward, 0, loyalty.Refuse(loyalty.NotFound, "/reward", "The program has no such reward.")
	case acc.Status != loyalty.Active:
		return reward, 0, loyalty.RefuseFrozen("/member")
	}
	if cost, ok = costIn(&reward, in.Wallet, acc.Tier.Level); !ok {
		return reward, 0, notFrom(rs.Wallets, &reward, in.Wallet)
	}
	return reward, cost, nil
}

// freed returns the outcome of the decision. If canceling the replaced reservation increased the active points, freed
// first redeems the automatic reward. Points that were active before do not cause automatic redemption.
func freed(d *posting.Decision, was loyalty.Account) (posting.Outcome, error) {
	if d.Account.Balance().Active <= was.Balance().Active {
		return d.Outcome, nil
	}
	return Finish(d)
}

// ready rejects a redemption with unmet requirements, and takes a unit of the reward's stock. The caller passes the
// number of points that the member can use in addition to those of the account.
func ready(
	d *posting.Decision, in *loyalty.Redemption, reward *loyalty.Reward, more loyalty.Points, commit bool,
	left earn.Budgets,
) error {
	if err := RewardDate(reward, in, d.Now); err != nil {
		return err
	}
	if !commit && len(d.Account.Holds) >= MaxHolds {
		return loyalty.Refuse(
			loyalty.ValidationFailed, "", "The member already has 20 open redemptions. Commit or cancel one first.",
		)
	}
	if lacks := Of(d).UnmetRequirements(d.Account, reward, *in, d.Now); len(lacks) > 0 {
		return unavailable(lacks)
	}
	purse := d.Account.In(in.Wallet)
	if loyalty.TotalPoints(purse.Lots)+more < in.Points ||
		in.Points > 0 && InDebt(d.P.Conversions, d.P.Rewards, d.Account) {
		return Of(d).insufficientWith(d.Account, in.Wallet, more, in.Points, "The reward costs")
	}
	if reward.Codes.From == loyalty.UploadedCode && in.Code == "" {
		return OutOfStock(reward, d.Now)
	}
	return takeUnit(d, reward, in.Date, left, d.Now)
}

// redeemed posts the entry of a redemption. The parameter taken contains the postings that take points from this
// account.
func redeemed(
	d *posting.Decision, in loyalty.Redemption, reward *loyalty.Reward, taken []loyalty.Posting, commit bool,
) error {
	e := loyalty.Entry{
		Kind: loyalty.KindReserve, Cause: RedemptionCause(in, d.Account.Member, 1), Effective: d.Now,
		Detail: loyalty.Detail{
			Subject:    loyalty.Subject{Redemption: &in},
			Remembered: loyalty.Remembered{Usage: uses(&d.P.Redemption, d.P.Zone, reward, in, 1)},
		},
		Reasons: []loyalty.Reason{RedemptionReason(&in, -in.Points, loyalty.IsCost, loyalty.FormatPoints(in.Points))},
	}
	own := in.Points
	for _, x := range in.Contributions {
		own -= x.Points
	}
	if drawn := in.Points - own; drawn > 0 {
		e.Reasons = append(
			e.Reasons,
			loyalty.NewReason(
				d.P.Households.Key(), loyalty.FormatPoints(drawn), loyalty.WasContributed, loyalty.FormatPoints(drawn),
			),
		)
	}
	if commit {
		IssueCode(&d.P.Redemption, d.P.Zone, &in, reward, LotsOf(taken), d.Now)
		e.Kind, e.Postings = loyalty.KindRedeem, SpentPostings(taken, in.Wallet, own)
		e.Usage = append(e.Usage, PaymentUsage(d.P.Zone, in, 1)...)
		CreditWallet(d, &e, reward, in.Points)
		RedemptionActivity(d, &e)
	} else {
		in.Status, in.Until, in.Listed = loyalty.Reserved, d.Now.Add(d.P.Hold), in.Stocked || in.Pooled
		e.Postings = held(taken, in.Wallet)
	}
	return d.Post(e)
}

// RedemptionActivity records the committed redemption as an activity.
func RedemptionActivity(d *posting.Decision, e *loyalty.Entry) {
	if posting.IsActivity(&d.P.Earn, "redemption") {
		posting.NoteActivity(d, e, d.Now)
	}
}

// SpentPostings returns the postings with which n points are taken and redeemed.
func SpentPostings(taken []loyalty.Posting, wallet string, n loyalty.Points) []loyalty.Posting {
	if n == 0 {
		return taken
	}
	return append(taken, loyalty.Posting{Wallet: wallet, Bucket: loyalty.BucketRedeemed, Points: n})
}

// held returns the postings with which points are taken and reserved. If household members contribute all points, an
// empty posting represents the reservation.
func held(taken []loyalty.Posting, wallet string) []loyalty.Posting {
	if len(taken) == 0 {
		return []loyalty.Posting{{Wallet: wallet, Bucket: loyalty.BucketReserved}}
	}
	return posting.MirrorPostings(taken, loyalty.BucketReserved)
}

// replace cancels another reservation for the same cart and returns it. It returns the zero Redemption if there is
// none.
func replace(d *posting.Decision, in loyalty.Redemption) (loyalty.Redemption, error) {
	at := slices.IndexFunc(d.Account.Holds, func(h loyalty.Hold) bool {
		return in.Cart != "" && h.Redemption.Cart == in.Cart && h.Redemption.ID != in.ID
	})
	if at < 0 {
		return loyalty.Redemption{}, nil
	}
	h := d.Account.Holds[at]
	return h.Redemption, ReleaseHold(d, h, loyalty.Canceled, d.Now)
}

// takeUnit takes a unit of the reward's limited stock, and returns a rejection if none remains.
func takeUnit(d *posting.Decision, reward *loyalty.Reward, date string, left earn.Budgets, now time.Time) error {
	if !reward.Limited() {
		return nil
	}
	s := Counter(reward, date, now)
	if n, known := left[s.Rule]; s.Budget == 0 || known && n+returned(d, s.Rule) <= 0 {
		if date != "" {
			return NoCapacity(reward, date, left, now)
		}
		return OutOfStock(reward, now)
	}
	s.Points = 1
	d.Spends = append(d.Spends, s)
	return nil
}

// returned returns the number of units that this decision returns to a stock.
func returned(d *posting.Decision, rule string) (n loyalty.Points) {
	for _, s := range d.Spends {
		if s.Rule == rule {
			n -= s.Points
		}
	}
	return n
}

// OutOfStock returns the error for a reward without remaining stock. It states when more stock arrives, if known.
func OutOfStock(reward *loyalty.Reward, now time.Time) *loyalty.Error {
	l := loyalty.UnmetRequirement{Requirement: loyalty.RequirementStock, Available: "0"}
	for _, drop := range reward.StockBatches {
		if drop.At.After(now) && (l.From.IsZero() || drop.At.Before(l.From)) {
			l.From = drop.At
		}
	}
	return &loyalty.Error{
		Code: loyalty.RewardOutOfStock, Detail: explain(l), Pointer: "/reward", Unmet: []loyalty.UnmetRequirement{l},
	}
}

// LotsOf returns the lots from which postings took points.
func LotsOf(taken []loyalty.Posting) (lots []loyalty.Lot) {
	for _, t := range taken {
		lots = append(lots, loyalty.Lot{Expires: t.Lot, Points: -t.Points})
	}
	return lots
}

// GraceExpiry returns the day on which returned points expire. It is their expiry day, which activity may have moved,
// or the end of the program's grace period from now if that is later. A grace period that has extended an expiry once
// does not extend it again. Otherwise members could avoid expiry by reserving and canceling repeatedly.
func GraceExpiry(d *posting.Decision, expires calendar.Date, now time.Time) calendar.Date {
	expires = d.Lot(expires)
	if expires == 0 || d.P.Redemption.Grace.IsZero() {
		return expires
	}
	least := calendar.DateOf(d.P.Redemption.Grace.After(now, d.P.Zone), d.P.Zone)
	if expires.Day() >= least || slices.Contains(d.Account.Graced, expires) {
		return expires
	}
	d.Graced = posting.AddGraced(d.Graced, least)
	return least
}

// undo reverses the effects of a redemption other than on points: it returns the unit of stock and the uses of limits.
func undo(d *posting.Decision, e *loyalty.Entry, r loyalty.Redemption) {
	if r.By != "" {
		return // in the account of a contributor or receiver, the redemption uses only points
	}
	reward, ok := FindReward(d.P.Rewards, r.Reward)
	if !ok {
		reward = loyalty.Reward{ID: r.Reward}
	}
	uses := uses(&d.P.Redemption, d.P.Zone, &reward, r, -1)
	if r.Status == loyalty.Reversed { // a payment that was only reserved has no usage yet
		uses = append(uses, PaymentUsage(d.P.Zone, r, -1)...)
	}
	if r.To != "" {
		uses = CreditedWallet(&d.P.Transfers, d.P.Zone, r, -1)
	}
	e.Usage = slices.DeleteFunc(uses, func(u loyalty.Usage) bool {
		return earn.UsedAmount(
			d.Account, u.Rule, u.Times, u.Per, u.Ends,
		) < -u.N // the limit was added after the redemption
	})
	if r.Stocked {
		s := Counter(&reward, r.Date, d.Now)
		s.Points = -1
		d.Spends = append(d.Spends, s)
	}
}

// FindHold returns the open reservation of a redemption, or a rejection if it has none.
func FindHold(a loyalty.Account, r loyalty.Redemption) (loyalty.Hold, error) {
	for _, h := range a.Holds {
		if h.Redemption.ID == r.ID {
			return h, nil
		}
	}
	return loyalty.Hold{}, loyalty.Refuse(
		loyalty.AlreadyResolved, "", "The redemption was already committed or canceled.",
	)
}

// EndHold releases a reservation now and returns the outcome.
func EndHold(d *posting.Decision, h loyalty.Hold, as loyalty.RedemptionStatus) (posting.Outcome, error) {
	if err := ReleaseHold(d, h, as, d.Now); err != nil {
		return posting.Outcome{}, err
	}
	return Finish(d)
}

// ReleaseHold returns the reserved points of a redemption.
func ReleaseHold(d *posting.Decision, h loyalty.Hold, as loyalty.RedemptionStatus, at time.Time) error {
	r := h.Redemption
	r.Status = as
	e := loyalty.Entry{
		Kind: loyalty.KindRelease, Cause: RedemptionCause(r, d.Account.Member, 2), Effective: at,
		Detail:  loyalty.Detail{Subject: loyalty.Subject{Redemption: &r}},
		Reasons: []loyalty.Reason{RedemptionReason(&r, h.Points(), loyalty.WasReturned, string(as))},
	}
	undo(d, &e, r)
	for _, l := range h.Lots {
		back := d.Lot(l.Expires)
		// Offers of transfers get no grace. Otherwise members could extend their points by offering them.
		if r.To == "" {
			back = GraceExpiry(d, l.Expires, at)
		}
		e.Postings = append(e.Postings, loyalty.Posting{
			Wallet: r.Wallet, Bucket: loyalty.BucketReserved, Lot: l.Expires, Points: -l.Points,
		})
		e.Postings = d.Arrive(e.Postings, r.Wallet, l.Points, back, at)
	}
	return d.Post(posting.LostToExpiry(e))
}

// RedemptionReason returns the reason why the reward or transfer moves n points.
func RedemptionReason(r *loyalty.Redemption, n loyalty.Points, what loyalty.ReasonKind, args ...string) loyalty.Reason {
	return loyalty.ReasonIn(r.Wallet, rule(*r), n, what, args...)
}

// Insufficient returns the rejection for insufficient points. It states the required and the available points, the debt
// that the next points pay first, and when more points become active.
func (rs Rules) Insufficient(
	acc loyalty.Account, wallet string, needed loyalty.Points, verb string,
) *loyalty.Error {
	return rs.insufficientWith(acc, wallet, 0, needed, verb)
}

// insufficientWith is like Insufficient, for a member who can use more points than the account has.
func (rs Rules) insufficientWith(
	acc loyalty.Account, wallet string, more, needed loyalty.Points, verb string,
) *loyalty.Error {
	available := acc.BalanceOf(wallet).Active + more
	detail := verb + " " + loyalty.FormatPoints(needed) + " " + posting.WalletUnits(rs.Wallets, rs.Unit, wallet) +
		"; " + loyalty.FormatPoints(available) + " can be spent." + rs.OwedText(acc, wallet)
	for _, next := range acc.Pending {
		if next.Wallet == wallet && !next.ActiveAt.IsZero() {
			detail += " " + loyalty.FormatPoints(next.Points) + " more become active on " +
				next.ActiveAt.In(rs.Zone).Format("2 January 2006") + "."
			break
		}
	}
	return &loyalty.Error{Code: loyalty.InsufficientPoints, Detail: detail, Required: needed, Available: available}
}

// OwedText returns a sentence about the debt that prevents spending from a wallet, with a leading space. It is empty if
// there is no debt.
func (rs Rules) OwedText(acc loyalty.Account, wallet string) string {
	debt := acc.In(wallet).Debt
	if other, owed := Indebted(rs.Conversions, rs.Rewards, acc); debt == 0 && owed > 0 {
		return " The member owes " + loyalty.FormatPoints(owed) + " " + posting.WalletUnits(
			rs.Wallets, rs.Unit, other,
		) +
			"; nothing can be spent from any wallet until the debt is repaid."
	}
	if debt == 0 {
		return ""
	}
	return " The member owes " + loyalty.FormatPoints(debt) + " " + posting.WalletUnits(rs.Wallets, rs.Unit, wallet) +
		", which newly earned points repay first."
}
