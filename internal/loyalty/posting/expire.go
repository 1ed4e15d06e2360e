package posting

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// ExpireLot returns the entry with which the points of a lot expire at an instant.
func ExpireLot(d *Decision, wallet string, l loyalty.Lot, at time.Time) loyalty.Entry {
	day := l.Expires.String()
	if l.Expires.Slides() {
		day += ":inactive"
	}
	if wallet != "" {
		day += ":" + wallet
	}
	taken := loyalty.Posting{Wallet: wallet, Bucket: loyalty.BucketActive, Lot: l.Expires, Points: -l.Points}
	return loyalty.Entry{
		Kind: loyalty.KindExpire, Cause: d.OwnCause(loyalty.CauseExpiry, day), Effective: at,
		Postings: MirrorPostings([]loyalty.Posting{taken}, loyalty.BucketExpired),
		Reasons: []loyalty.Reason{
			loyalty.ReasonIn(wallet, "expiry", -l.Points, loyalty.HasExpired, l.Expires.String()),
		},
	}
}

// ExpireInactive expires points that were moved back to a day that is over.
func ExpireInactive(d *Decision) error {
	for _, l := range d.Account.Lots {
		if !IsExpired(d.P.Zone, l.Expires, d.Now) {
			break
		}
		l, err := Postpone(d, l, d.Now)
		if err != nil {
			return err
		}
		if l.Points == 0 {
			continue
		}
		e := ExpireLot(d, "", l, d.Now)
		// Points of the same day may expire again.
		e.Cause.ID += ":" + loyalty.FormatPoints(loyalty.Points(d.Account.Sequence+1))
		if err := d.Post(e); err != nil {
			return err
		}
	}
	return nil
}

// LostToExpiry adds a reason for each posting of points that were credited after their lot had expired.
func LostToExpiry(e loyalty.Entry) loyalty.Entry {
	for _, p := range e.Postings {
		if p.Bucket == loyalty.BucketExpired && p.Points > 0 {
			e.Reasons = append(
				e.Reasons, loyalty.ReasonIn(p.Wallet, "expiry", -p.Points, loyalty.CameLate, p.Lot.String()),
			)
		}
	}
	return e
}
