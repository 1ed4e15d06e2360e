package posting

import (
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// Postpone extends the points of a lot if no notice of their expiry was sent in time. It returns the lot with only the
// points that it did not extend.
func Postpone(d *Decision, l loyalty.Lot, at time.Time) (loyalty.Lot, error) {
	subject := LotNotice(l.Expires)
	if d.P.AdvanceNotice.Period.IsZero() ||
		!unnoticed(&d.P.AdvanceNotice, d.P.Zone, d.Account, loyalty.OfExpiry, subject, at) {
		return l, nil
	}
	rest := l
	for _, x := range extensionsOf(d.Account, l) {
		failed := failed(d.Account, loyalty.OfExpiry, subject) || failed(d.Account, loyalty.OfExpiry, LotNotice(x.From))
		if !again(&d.P.Messaging, d.Account, loyalty.OfExpiry, x.Times, failed) {
			continue
		}
		if err := postponeLot(d, x, at); err != nil {
			return rest, err
		}
		rest.Points -= x.Points
	}
	return rest, nil
}

// postponeLot postpones the expiry of points of a lot.
func postponeLot(d *Decision, x loyalty.Extended, at time.Time) error {
	to := calendar.DateOf(d.P.AdvanceNotice.Period.After(at.Add(-1), d.P.Zone), d.P.Zone)
	from, day, id := x.Lot, x.Lot.Day(), x.Lot.String()+":"+at.UTC().Format(CauseTimeLayout)
	x.Times++
	e := loyalty.Entry{
		Kind: loyalty.KindExtend, Effective: at,
		Detail: loyalty.Detail{
			LotEffects: loyalty.LotEffects{Move: &loyalty.Move{At: at, First: day, Last: day, To: to, Times: x.Times}},
		},
		Reasons: []loyalty.Reason{loyalty.NewReason("advance_notice", "0", loyalty.WasPostponed, to.String())},
	}
	if x.Times > 1 {
		id += ":" + strconv.Itoa(x.Times)
	}
	if from.Slides() {
		id += ":inactive"
		to += calendar.Slides
		e.Slides, e.Move = max(to, d.Account.Slides), nil // points that expire by inactivity need no Move
	}
	x.Lot, e.Cause = to, d.OwnCause(loyalty.CauseExtension, id)
	e.Extended = []loyalty.Extended{x}
	e.Postings = []loyalty.Posting{
		{Bucket: loyalty.BucketActive, Lot: from, Points: -x.Points},
		{Bucket: loyalty.BucketActive, Lot: to, Points: x.Points},
	}
	return d.Post(e)
}
