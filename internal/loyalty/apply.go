package loyalty

import (
	"cmp"
	"slices"
	"time"
)

// Apply returns the account after the entry. Accounts change in no other way, so replaying a member's entries
// reproduces the member's account. An error means that the entry does not fit the account (its sequence number or its
// postings). It never means that a rule rejects the entry.
func (a Account) Apply(e Entry) (Account, error) {
	if e.Sequence != a.Sequence+1 {
		return a, violation("entry %d of %s cannot follow %d", e.Sequence, e.Member, a.Sequence)
	}
	a.Sequence, a.Head = e.Sequence, e.Hash
	for _, p := range e.Postings {
		a.apply(e, p)
	}
	a.Purses = slices.DeleteFunc(a.Purses, Purse.isEmpty) // the slice is a copy; see purse
	if !balanced(e.Postings) {
		return a, violation("the postings of entry %d of %s do not sum to zero", e.Sequence, e.Member)
	}
	a.note(e)
	return a, a.sound()
}

// note applies everything that an entry states apart from its postings.
func (a *Account) note(e Entry) {
	switch {
	case e.Standing != nil && e.TierGroup != "":
		a.setLadder(e.TierGroup, func(l *TierGroupStanding) { l.Past, l.Tier = e.past(l.Past, l.Tier), *e.Standing })
	case e.Standing != nil && e.Kind == KindEnroll:
		a.Tier = *e.Standing
	case e.Standing != nil:
		a.Past, a.Tier = e.past(a.Past, a.Tier), *e.Standing
	}
	a.noteOrder(e)
	a.noteReferral(e)
	a.noteCut(e)
	a.noteUndecided(e)
	if e.Metric != nil {
		a.Metrics = addMetric(a.Metrics, *e.Metric, e.Window)
	}
	for _, b := range e.Brands {
		a.Brands = addBrand(a.Brands, b, e.Window)
	}
	for _, c := range e.Counts {
		if c.TierGroup == "" { // counts that move between the windows of levels of the main tier
			a.recount(c)
			continue
		}
		a.setLadder(c.TierGroup, func(l *TierGroupStanding) {
			l.Metrics = addMetric(l.Metrics, c.Metric, c.Window)
			for _, b := range c.Brands {
				l.Brands = addBrand(l.Brands, b, c.Window)
			}
		})
	}
	if len(e.Usage) > 0 {
		a.Usage = addUsage(a.Usage, e.Usage, e.Effective)
	}
	for _, w := range e.WriteOffs {
		purse := a.purse(w.Wallet)
		purse.ExpiredLots = addLapsed(purse.ExpiredLots, Lot{w.Lot, -w.Points})
	}
	if e.Conversion != nil {
		a.Conversions = setConversion(a.Conversions, *e.Conversion)
	}
	for _, u := range e.Reversals {
		a.Conversions = reverseConversion(a.Conversions, u)
	}
	if e.Reached != nil {
		a.Reached = setReached(a.Reached, *e.Reached)
	}
	for _, r := range e.Redated {
		a.Reached = setReached(a.Reached, r)
	}
	if e.Order != nil && len(e.Usage) > 0 {
		a.Counted = later(a.Counted, e.Order.Order.PlacedAt)
	}
	if at, counts := e.counted(); counts {
		a.Counted = later(later(a.Counted, at), later(e.Effective, a.Joined))
	}
	if e.Traits != nil {
		a.Traits = *e.Traits
	}
	if e.Move != nil {
		a.Moves = append(slices.Clone(a.Moves[max(0, len(a.Moves)+1-maxMoves):]), *e.Move)
	}
	if e.Notice != nil {
		a.Notices = addNotice(a.Notices, *e.Notice)
	}
	for _, x := range e.Extended {
		a.Extended = addExtended(a.Extended, x, e.Effective)
	}
	switch o := e.Order; {
	case e.Activity != nil:
		a.changeActivity(*e.Activity)
	case o != nil && o.Counted:
		a.LastActivity = later(a.LastActivity, o.Order.PlacedAt)
	case o != nil && a.LastActivity.Equal(o.Order.PlacedAt):
		a.LastActivity = o.ActiveBefore
	}
	if e.Slides != 0 {
		a.Slides = e.Slides
	}
	if e.Slides != 0 && e.Activity == nil {
		a.Slid = nil
	}
	a.keepSlid()
	a.settle(e.Stale)
	for _, day := range e.Graced {
		a.Graced = addGraced(a.Graced, day)
	}
	if e.Carried != "" {
		a.Carried = e.Carried
		if a.Carried == "0" {
			a.Carried = ""
		}
	}
	if at := earlier(e.Effective, e.Recorded); at.After(a.Seen) {
		a.Seen, a.Past = at, trimmed(a.Past, a.Tier, at)
	}
	switch e.Kind {
	case KindEnroll:
		a.Member, a.Status, a.Joined = e.Member, Active, e.Effective
	case KindEarn, KindRedeem:
		if !e.anothers() && !e.Follows() && e.Order == nil && e.Effective.After(a.LastActivity) {
			a.LastActivity = e.Effective
		}
	}
}

// earlier returns the earlier instant. An order may be dated ahead, and the effects of time are recorded late.
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (a *Account) apply(e Entry, p Posting) {
	switch p.Bucket {
	case BucketPending:
		a.addPending(e, p)
	case BucketReserved:
		a.addHold(*e.Redemption, Lot{p.Lot, p.Points})
	case BucketActive:
		purse := a.purse(p.Wallet)
		purse.Lots = addLot(purse.Lots, Lot{p.Lot, p.Points})
		if p.From != 0 {
			a.Slid = addSlid(a.Slid, Lot{p.From, p.Points})
		}
	case BucketDebt:
		a.purse(p.Wallet).Debt -= p.Points
	case BucketIssued:
		a.purse(p.Wallet).Earned -= p.Points
	case BucketRedeemed:
		a.purse(p.Wallet).Redeemed += p.Points
	case BucketExpired:
		purse := a.purse(p.Wallet)
		purse.Expired += p.Points
		purse.ExpiredLots = addLapsed(purse.ExpiredLots, Lot{p.Lot, p.Points})
	}
}

func (a *Account) addPending(e Entry, p Posting) {
	cause := p.Cause
	if cause == (Cause{}) {
		cause = Cause{Kind: e.Cause.Kind, ID: e.Cause.ID}
	}
	at := slices.IndexFunc(a.Pending, func(x Pending) bool { return x.Cause == cause })
	if at < 0 {
		n := Pending{
			Cause: cause, ActiveAt: p.ActiveAt, GiveUp: p.GiveUp, Expires: p.Lot, Wallet: p.Wallet, Points: p.Points,
		}
		at, _ = slices.BinarySearchFunc(a.Pending, n, Pending.compare)
		a.Pending = slices.Insert(slices.Clone(a.Pending), at, n)
		return
	}
	a.Pending = slices.Clone(a.Pending)
	if a.Pending[at].Points += p.Points; a.Pending[at].Points == 0 {
		a.Pending = slices.Delete(a.Pending, at, at+1)
	}
}

func (a *Account) addHold(r Redemption, l Lot) {
	at := slices.IndexFunc(a.Holds, func(x Hold) bool { return x.Redemption.ID == r.ID })
	if at < 0 {
		n := Hold{Redemption: r, Lots: []Lot{l}}
		at, _ = slices.BinarySearchFunc(a.Holds, n, func(x, y Hold) int {
			return cmp.Or(x.Redemption.Until.Compare(y.Redemption.Until), cmp.Compare(x.Redemption.ID, y.Redemption.ID))
		})
		a.Holds = slices.Insert(slices.Clone(a.Holds), at, n)
		return
	}
	a.Holds = slices.Clone(a.Holds)
	if a.Holds[at].Lots = addLot(a.Holds[at].Lots, l); len(a.Holds[at].Lots) == 0 {
		a.Holds = slices.Delete(a.Holds, at, at+1)
	}
}

// settle makes reserved sliding lots up to a day stop sliding.
func (a *Account) settle(stale Date) {
	a.Holds = slices.Clone(a.Holds)
	for i, h := range a.Holds {
		var lots []Lot
		for _, l := range h.Lots {
			if l.Expires.Slides() && l.Expires <= stale {
				l.Expires = l.Expires.Day()
			}
			lots = addLot(lots, l)
		}
		a.Holds[i].Lots = lots
	}
}

// addLot returns lots with l added to the lot of the same day. It removes a lot whose points become zero.
func addLot(lots []Lot, l Lot) []Lot {
	at, found := slices.BinarySearchFunc(lots, l, func(x, y Lot) int {
		return x.Expires.Compare(y.Expires)
	})
	if !found {
		out := make([]Lot, 0, len(lots)+1)
		return append(append(append(out, lots[:at]...), l), lots[at:]...)
	}
	lots = slices.Clone(lots)
	if lots[at].Points += l.Points; lots[at].Points == 0 {
		return slices.Delete(lots, at, at+1)
	}
	return lots
}

// addGraced adds a day unless it is present. If there are more than maxGraced days, it drops the oldest.
func addGraced(days []Date, day Date) []Date {
	if slices.Contains(days, day) {
		return days
	}
	return append(slices.Clone(days[max(0, len(days)+1-maxGraced):]), day)
}

// recount adds counts that move between the windows of the levels of Tiers.
func (a *Account) recount(c TierGroupCount) {
	a.Metrics = addMetric(a.Metrics, c.Metric, c.Window)
	for _, b := range c.Brands {
		a.Brands = addBrand(a.Brands, b, c.Window)
	}
}

// past returns the standings that an account remembers before the standing of the entry.
func (e Entry) past(past []Standing, present Standing) []Standing {
	if e.Redecided != nil {
		return e.Redecided.apply(past, present, *e.Standing, e.Effective)
	}
	return stand(past, present, *e.Standing, e.Effective)
}

// setReached returns all milestones and levels, with r added or replaced.
func setReached(all []Reached, r Reached) []Reached {
	at, found := slices.BinarySearchFunc(all, r, func(x, y Reached) int {
		return cmp.Or(cmp.Compare(x.Grant.Rule, y.Grant.Rule), cmp.Compare(x.N, y.N))
	})
	all = slices.Clone(all)
	if found {
		all[at] = r
		return all
	}
	return forgetBonus(slices.Insert(all, at, r), r.Grant.Rule)
}

// maxBonuses bounds the bonuses of one level that an account remembers. Older bonuses are final.
const maxBonuses = 8

// forgetBonus drops the bonus of a level for the earliest promotion if there are more than maxBonuses. It keeps the
// bonus with the highest number, as the number of the next bonus follows from it.
func forgetBonus(all []Reached, rule string) []Reached {
	n, first := 0, -1
	for i, r := range all {
		if r.Grant.Rule != rule {
			continue
		}
		n++
		latest := i+1 == len(all) || all[i+1].Grant.Rule != rule
		if !latest && (first < 0 || r.At.Before(all[first].At)) {
			first = i
		}
	}
	if n <= maxBonuses {
		return all
	}
	return slices.Delete(all, first, first+1)
}

// sound returns an error if the account has a negative lot, debt, pending amount or reservation.
func (a Account) sound() error {
	bad := func(what string, n Points) error {
		return violation("%s of %s would be %d after entry %d", what, a.Member, n, a.Sequence)
	}
	for purse := range a.purses() {
		for _, l := range purse.Lots {
			if l.Points < 0 {
				return bad("lot "+l.Expires.String(), l.Points)
			}
		}
		if purse.Debt < 0 {
			return bad("debt", purse.Debt)
		}
	}
	for _, p := range a.Pending {
		if p.Points < 0 {
			return bad("pending "+p.Cause.ID, p.Points)
		}
	}
	for _, h := range a.Holds {
		for _, l := range h.Lots {
			if l.Points < 0 {
				return bad("hold "+h.Redemption.ID, l.Points)
			}
		}
	}
	return nil
}
