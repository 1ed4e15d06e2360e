package tier

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// unprotect handles points whose expiry by inactivity only a level prevented, if the repeated decision finds that the
// member did not reach that level. It makes the points expire by inactivity again, and reports whether there is such a
// level. The points expire as if the level had never been reached, but not before the period of advance notice, or
// leastNotice, has passed. Points that never expire by the terms of their order or event stay unchanged.
func unprotect(d *posting.Decision, e *loyalty.Entry, h History, t *posting.Decision, level string) bool {
	if d.Whole != nil || !d.P.Earn.Expires.Inactive || d.Account.Slides != posting.Forever {
		return false
	}
	expiry := posting.WalletExpiry(&d.P.Earn, &d.P.Tiers, d.P.Wallets, "", level)
	to := expiry.Date(posting.LastActivity(d.Account), posting.AnniversaryStart(d.Account, expiry), d.P.Zone)
	protects := func(s loyalty.Standing) bool {
		return posting.WalletExpiry(&d.P.Earn, &d.P.Tiers, d.P.Wallets, "", s.Level).Never()
	}
	n, found := h.protected()
	if !to.Slides() || !found || slices.ContainsFunc(Standings(&t.Account), protects) {
		return false
	}
	to = calendar.Slides + max(to.Day(), Of(d.P).leastDay(d.Now))
	e.Slides = to
	if at := slices.IndexFunc(d.Account.Lots, func(l loyalty.Lot) bool { return l.Expires == 0 }); at >= 0 {
		n = min(n, d.Account.Lots[at].Points)
	} else {
		n = 0
	}
	if n > 0 {
		from := loyalty.Posting{Bucket: loyalty.BucketActive, Points: -n}
		e.Postings = append(e.Postings, from, loyalty.Posting{Bucket: loyalty.BucketActive, Lot: to, Points: n})
		e.Reasons = append(e.Reasons, loyalty.NewReason("expiry", "0", loyalty.LostProtection, to.String()))
	}
	return true
}

// protected returns how many points do not expire only because of a level whose points never expire. These are the
// points that expired by inactivity until the level was reached, and similar points that were added later. The result
// found is false if no entry records that the level was reached.
func (h History) protected() (n loyalty.Points, found bool) {
	for i := range h.Entries {
		e := &h.Entries[i]
		switch {
		case e.Kind == loyalty.KindMoveTier && e.TierGroup == "" && e.Slides != 0:
			n, found = 0, e.Slides == posting.Forever
		case !found || !slid(e):
			continue
		}
		for _, p := range e.Postings {
			if p.Bucket == loyalty.BucketActive && p.Wallet == "" && p.Lot == 0 {
				n += p.Points
			}
		}
	}
	return max(0, n), found
}

// slid reports whether an entry contains points that would expire by inactivity if the member's level did not prevent
// it.
func slid(e *loyalty.Entry) bool {
	var grants []loyalty.Grant
	switch {
	case e.Order != nil:
		grants = e.Order.Grants
	case e.Event != nil:
		grants = e.Event.Grants
	case e.Reached != nil:
		grants = []loyalty.Grant{e.Reached.Grant}
	}
	return slices.ContainsFunc(grants, func(g loyalty.Grant) bool { return g.Expires.Slides() }) ||
		slices.ContainsFunc(
			e.Postings, func(p loyalty.Posting) bool { return p.Bucket == loyalty.BucketPending && p.Lot.Slides() },
		)
}
