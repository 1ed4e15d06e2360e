package loyalty

import "slices"

// unprotect makes points expire by inactivity again if they never expired only because of a level that the member did
// not reach after all. It reports whether there is such a level. The points expire as if the level had never been
// reached, but not before the period of advance notice, or leastNotice, has passed. Points that never expire by the
// terms of their order or event stay unchanged.
func (d *decision) unprotect(e *Entry, h History, t *decision, level string) bool {
	if d.whole != nil || !d.p.Earn.Expires.Inactive || d.Account.Slides != forever {
		return false
	}
	expiry := d.p.expiry("", level)
	to := expiry.Date(d.Account.lastActivity(), d.Account.since(expiry), d.p.Zone)
	protects := func(s Standing) bool { return d.p.expiry("", s.Level).Never() }
	n, found := h.protected()
	if !to.Slides() || !found || slices.ContainsFunc(t.Account.standings(), protects) {
		return false
	}
	to = slides + max(to.Day(), d.p.leastDay(d.now))
	e.Slides = to
	if at := slices.IndexFunc(d.Account.Lots, func(l Lot) bool { return l.Expires == 0 }); at >= 0 {
		n = min(n, d.Account.Lots[at].Points)
	} else {
		n = 0
	}
	if n > 0 {
		from := Posting{Bucket: BucketActive, Points: -n}
		e.Postings = append(e.Postings, from, Posting{Bucket: BucketActive, Lot: to, Points: n})
		e.Reasons = append(e.Reasons, NewReason("expiry", "0", LostProtection, to.String()))
	}
	return true
}

// protected returns how many points a level without expiry protects that would expire by inactivity without it: the
// points of such lots when the level was reached, and those that came later. found is false if no entry records that
// the level was reached.
func (h History) protected() (n Points, found bool) {
	for i := range h.Entries {
		e := &h.Entries[i]
		switch {
		case e.Kind == KindMoveTier && e.TierGroup == "" && e.Slides != 0:
			n, found = 0, e.Slides == forever
		case !found || !e.slid():
			continue
		}
		for _, p := range e.Postings {
			if p.Bucket == BucketActive && p.Wallet == "" && p.Lot == 0 {
				n += p.Points
			}
		}
	}
	return max(0, n), found
}

// slid reports whether an entry contains points that expire by inactivity under their terms, before a level changed
// that.
func (e *Entry) slid() bool {
	var grants []Grant
	switch {
	case e.Order != nil:
		grants = e.Order.Grants
	case e.Event != nil:
		grants = e.Event.Grants
	case e.Reached != nil:
		grants = []Grant{e.Reached.Grant}
	}
	return slices.ContainsFunc(grants, func(g Grant) bool { return g.Expires.Slides() }) ||
		slices.ContainsFunc(e.Postings, func(p Posting) bool { return p.Bucket == BucketPending && p.Lot.Slides() })
}
