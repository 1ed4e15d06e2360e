package posting

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// note applies everything that an entry states apart from its postings.
func note(a *loyalty.Account, e loyalty.Entry) {
	noteStanding(a, e)
	noteOrder(a, e)
	noteReferral(a, e)
	noteCut(a, e)
	NoteUndecided(a, e)
	noteMetrics(a, e)
	noteUsage(a, e)
	noteWriteOffs(a, e)
	noteConversions(a, e)
	noteReached(a, e)
	noteExtensions(a, e)
	if e.Traits != nil {
		a.Traits = *e.Traits
	}
	noteActivity(a, e)
	noteSlides(a, e)
	for _, day := range e.Graced {
		a.Graced = AddGraced(a.Graced, day)
	}
	switch e.Carried {
	case "":
	case "0":
		a.Carried = ""
	default:
		a.Carried = e.Carried
	}
	if at := calendar.Earlier(e.Effective, e.Recorded); at.After(a.Seen) {
		a.Seen, a.Past = at, TrimStandings(a.Past, a.Tier, at)
	}
	if e.Kind == loyalty.KindEnroll {
		a.Member, a.Status, a.Joined = e.Member, loyalty.Active, e.Effective
	}
	if e.Status != "" {
		a.Status = e.Status
	}
}

// noteStanding applies the new standing in Tiers or in a tier group.
func noteStanding(a *loyalty.Account, e loyalty.Entry) {
	switch {
	case e.Standing == nil:
	case e.TierGroup != "":
		setGroupStanding(a, e.TierGroup, func(g *loyalty.TierGroupStanding) {
			g.Past, g.Tier = PastStandings(e, g.Past, g.Tier), *e.Standing
		})
	case e.Kind == loyalty.KindEnroll:
		a.Tier = *e.Standing
	default:
		a.Past, a.Tier = PastStandings(e, a.Past, a.Tier), *e.Standing
	}
}

// noteMetrics adds the amounts that count towards levels.
func noteMetrics(a *loyalty.Account, e loyalty.Entry) {
	if e.Metric != nil {
		a.Metrics = AddMetric(a.Metrics, *e.Metric, e.Window)
	}
	for _, b := range e.Brands {
		a.Brands = AddBrand(a.Brands, b, e.Window)
	}
	for _, c := range e.Counts {
		if c.TierGroup == "" { // these amounts move between the windows of two levels of Tiers
			a.Metrics, a.Brands = addCount(a.Metrics, a.Brands, c)
			continue
		}
		setGroupStanding(a, c.TierGroup, func(g *loyalty.TierGroupStanding) {
			g.Metrics, g.Brands = addCount(g.Metrics, g.Brands, c)
		})
	}
}

func addCount(
	metrics []loyalty.Metric, brands []loyalty.Bought, c loyalty.TierGroupCount,
) ([]loyalty.Metric, []loyalty.Bought) {
	for _, b := range c.Brands {
		brands = AddBrand(brands, b, c.Window)
	}
	return AddMetric(metrics, c.Metric, c.Window), brands
}

// noteUsage adds the uses of caps and limits to the account, and updates Account.Counted.
func noteUsage(a *loyalty.Account, e loyalty.Entry) {
	if len(e.Usage) > 0 {
		a.Usage = AddUsage(a.Usage, e.Usage, e.Effective)
		if e.Order != nil {
			a.Counted = calendar.Later(a.Counted, e.Order.Order.PlacedAt)
		}
	}
	if at, counts := CountedAt(&e); counts {
		a.Counted = calendar.Later(calendar.Later(a.Counted, at), calendar.Later(e.Effective, a.Joined))
	}
}

func noteWriteOffs(a *loyalty.Account, e loyalty.Entry) {
	for _, w := range e.WriteOffs {
		purse := purseOf(a, w.Wallet)
		purse.ExpiredLots = addExpiredLot(purse.ExpiredLots, loyalty.Lot{Expires: w.Lot, Points: -w.Points})
	}
}

func noteConversions(a *loyalty.Account, e loyalty.Entry) {
	if e.Conversion != nil {
		a.Conversions = setConversion(a.Conversions, *e.Conversion)
	}
	for _, u := range e.Reversals {
		a.Conversions = reverseConversion(a.Conversions, u)
	}
}

// noteReached applies the milestones and levels that the member has reached.
func noteReached(a *loyalty.Account, e loyalty.Entry) {
	if e.Reached != nil {
		a.Reached = setReached(a.Reached, *e.Reached)
	}
	for _, r := range e.Redated {
		a.Reached = setReached(a.Reached, r)
	}
}

// noteExtensions applies manual moves of lots, notices that were sent, and expiries that were postponed without notice.
func noteExtensions(a *loyalty.Account, e loyalty.Entry) {
	if e.Move != nil {
		a.Moves = append(slices.Clone(a.Moves[max(0, len(a.Moves)+1-loyalty.MaxMoves):]), *e.Move)
	}
	if e.Notice != nil {
		a.Notices = addNotice(a.Notices, *e.Notice)
	}
	for _, x := range e.Extended {
		a.Extended = addExtended(a.Extended, x, e.Effective)
	}
}

// noteActivity applies the member's latest activity. An entry states whether it adds or withdraws an activity. If an
// order no longer counts, the previous activity becomes the latest one again.
func noteActivity(a *loyalty.Account, e loyalty.Entry) {
	switch o := e.Order; {
	case e.Activity != nil:
		changeActivity(a, *e.Activity)
	case o != nil && o.Counted:
		a.LastActivity = calendar.Later(a.LastActivity, o.Order.PlacedAt)
	case o != nil && a.LastActivity.Equal(o.Order.PlacedAt):
		a.LastActivity = o.ActiveBefore
	}
	if e.Order == nil && isOwnActivity(&e) {
		a.LastActivity = calendar.Later(a.LastActivity, e.Effective)
	}
}

// isOwnActivity reports whether the entry earns or redeems points because of an action of this member. It returns false
// if another member acted, or if an order was decided again.
func isOwnActivity(e *loyalty.Entry) bool {
	return (e.Kind == loyalty.KindEarn || e.Kind == loyalty.KindRedeem) && !e.Anothers() && !e.Follows()
}

// noteSlides applies the postponement of lots that expire by inactivity. It also fixes the expiry of reserved lots that
// are no longer postponed.
func noteSlides(a *loyalty.Account, e loyalty.Entry) {
	if e.Slides != 0 {
		a.Slides = e.Slides
		if e.Activity == nil {
			a.Slid = nil
		}
	}
	keepSlid(a)
	settle(a, e.Stale)
}
