package loyalty

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// AdvanceNotice is how long before points expire and levels end a member must have been sent notice. The zero
// AdvanceNotice requires no notice.
//
// If no notice was sent in time, the expiry or the end of the level is postponed by the period, and the member's
// account shows the notice from then on (AccountNotices). For a member without a consented channel, or to whom sending
// failed, it is postponed once. For any other member it is postponed again until a notice is sent, at most
// MaxExtensions times. A member who refuses consent therefore gains at most one period.
type AdvanceNotice struct {
	Period        Period
	MaxExtensions int // at least 1
}

// Bounds of AdvanceNotice.MaxExtensions: the default of the program file, and the maximum in any program.
const (
	DefaultMaxExtensions = 2
	MaxExtensions        = 10
)

func (p *Program) compileNotice() error {
	if a := p.AdvanceNotice; !a.Period.IsZero() && (a.MaxExtensions < 1 || a.MaxExtensions > MaxExtensions) {
		return fmt.Errorf("max_extensions is %d; it must be between 1 and %d", a.MaxExtensions, MaxExtensions)
	}
	return nil
}

// An Extended is points whose expiry was postponed because no notice of it was sent in time.
type Extended struct {
	Lot    Date // the day on which they expire now
	From   Date // the day on which they were to expire originally
	Times  int  // the number of postponements
	Points Points
}

// maxExtended bounds the lots with such points that an account remembers.
const maxExtended = 128

// ChannelUse is a channel through which a member can be reached for a purpose: the member has given consent, and has an
// address that has not failed.
type ChannelUse struct {
	Channel Channel
	Purpose Purpose
}

// reachable reports whether a reminder that points expire or a level ends can be sent to the member.
func (p *Program) reachable(acc Account, what NoticeOf) bool {
	on := map[NoticeOf]Trigger{OfExpiry: BeforeExpiry, OfFall: BeforeTier}[what]
	return slices.ContainsFunc(p.Reminders.Messages, func(r Reminder) bool {
		purpose := cmp.Or(r.Purpose, r.On.Purpose())
		return r.On == on && slices.ContainsFunc(r.Channels, func(c Channel) bool {
			return slices.Contains(acc.Traits.Channels, ChannelUse{c, purpose})
		})
	})
}

// unnoticed reports whether no notice of something was sent early enough before an instant. A notice counts from the
// start of the day on which it was sent. Otherwise the notice of something postponed at midnight, which is sent in the
// morning, would always be too late.
func (p *Program) unnoticed(acc Account, what NoticeOf, subject string, at time.Time) bool {
	n, ok := acc.noticed(what, subject)
	return !ok || n.Withdrawn || p.AdvanceNotice.Period.After(DateOf(n.At, p.Zone).start(p.Zone), p.Zone).After(at)
}

// again reports whether something is postponed once more after the given number of postponements. failed says that the
// notice could not be sent.
func (p *Program) again(acc Account, what NoticeOf, times int, failed bool) bool {
	return times < p.AdvanceNotice.MaxExtensions && (times == 0 || p.reachable(acc, what) && !failed)
}

// failed reports whether the notice of something could not be delivered.
func (a Account) failed(what NoticeOf, subject string) bool {
	n, ok := a.noticed(what, subject)
	return ok && n.Withdrawn
}

// postpone extends the points of a lot for whose expiry no notice was sent in time, and returns the others.
func (d *decision) postpone(l Lot, at time.Time) (Lot, error) {
	subject := LotNotice(l.Expires)
	if d.p.AdvanceNotice.Period.IsZero() || !d.p.unnoticed(d.Account, OfExpiry, subject, at) {
		return l, nil
	}
	rest := l
	for _, x := range d.Account.extensionsOf(l) {
		failed := d.Account.failed(OfExpiry, subject) || d.Account.failed(OfExpiry, LotNotice(x.From))
		if !d.p.again(d.Account, OfExpiry, x.Times, failed) {
			continue
		}
		if err := d.postponeLot(x, at); err != nil {
			return rest, err
		}
		rest.Points -= x.Points
	}
	return rest, nil
}

// extensionsOf returns the points of a lot by the number of postponements, most often first. Points that were spent
// from the lot count as points that were not postponed, as far as there were any, so that spending postpones nothing.
func (a Account) extensionsOf(l Lot) (out []Extended) {
	rest := l.Points
	for _, x := range slices.Backward(a.Extended) {
		if n := min(x.Points, rest); x.Lot == l.Expires && n > 0 {
			x.Points = n
			out, rest = append(out, x), rest-n
		}
	}
	slices.SortStableFunc(out, func(x, y Extended) int { return cmp.Compare(y.Times, x.Times) })
	if rest > 0 {
		out = append(out, Extended{Lot: l.Expires, From: l.Expires.Day(), Points: rest})
	}
	return out
}

// passedOn returns which points of a lot that is transferred to another member had been postponed. They keep their
// number of postponements. Otherwise two members could transfer points back and forth to have them postponed each time.
func (a Account) passedOn(l Lot) (out []Extended) {
	for _, x := range slices.Backward(a.Extended) {
		if n := min(x.Points, l.Points); x.Lot.Day() == l.Expires && n > 0 {
			x.Lot, x.Points, l.Points = l.Expires, n, l.Points-n
			out = append(out, x)
		}
	}
	return out
}

// postponeLot postpones the expiry of points of a lot.
func (d *decision) postponeLot(x Extended, at time.Time) error {
	to := DateOf(d.p.AdvanceNotice.Period.After(at.Add(-1), d.p.Zone), d.p.Zone)
	from, day, id := x.Lot, x.Lot.Day(), x.Lot.String()+":"+at.UTC().Format(stamp)
	x.Times++
	e := Entry{
		Kind: KindExtend, Effective: at,
		Move:    &Move{At: at, First: day, Last: day, To: to, Times: x.Times},
		Reasons: []Reason{NewReason("advance_notice", "0", WasPostponed, to.String())},
	}
	if x.Times > 1 {
		id += ":" + strconv.Itoa(x.Times)
	}
	if from.Slides() {
		id += ":inactive"
		to += slides
		e.Slides, e.Move = max(to, d.Account.Slides), nil // a grant finds sliding points by Slides instead of Move
	}
	x.Lot, e.Cause = to, d.ownCause(CauseExtension, id)
	e.Extended = []Extended{x}
	e.Postings = []Posting{
		{Bucket: BucketActive, Lot: from, Points: -x.Points},
		{Bucket: BucketActive, Lot: to, Points: x.Points},
	}
	return d.post(e)
}

// addExtended adds points whose expiry was postponed. It forgets points of past days and, above maxExtended, the
// oldest.
func addExtended(all []Extended, x Extended, at time.Time) []Extended {
	yesterday := DateOf(at.AddDate(0, 0, -1), time.UTC) // the account knows no time zone
	all = slices.DeleteFunc(slices.Clone(all), func(o Extended) bool { return o.Lot.Day() < yesterday })
	i := slices.IndexFunc(all, func(o Extended) bool { return o.Lot == x.Lot && o.Times == x.Times })
	if i < 0 {
		return append(all[max(0, len(all)+1-maxExtended):], x)
	}
	all[i].Points, all[i].From = all[i].Points+x.Points, min(all[i].From, x.From)
	return all
}

// postponesFall reports whether the end of a level is postponed because no notice of it was sent in time.
func (p *Program) postponesFall(acc Account, at time.Time) bool {
	s := acc.Tier
	subject := TierNotice(s)
	if p.AdvanceNotice.Period.IsZero() || !p.unnoticed(acc, OfFall, subject, at) {
		return false
	}
	failed := acc.failed(OfFall, subject) || acc.failed(OfFall, TierNotice(Standing{Level: s.Level, Until: s.Ended}))
	return p.again(acc, OfFall, s.Extensions, failed)
}

// postponeFall extends a standing for whose end no notice was sent. The period begins with the next day, as the notice
// is sent on that morning at the latest.
func (d *decision) postponeFall(at time.Time) error {
	s := d.Account.Tier
	if s.Extensions++; s.Extensions == 1 {
		s.Ended = s.Until
	}
	s.Until = d.p.AdvanceNotice.Period.After(DateOf(at.Add(-1), d.p.Zone).End(d.p.Zone), d.p.Zone)
	until := DateOf(s.Until, d.p.Zone).String()
	return d.standing(s, at, NewReason("advance_notice", "0", WasPostponed, until))
}

// An AccountNotice is a notice shown in the member's account for something that was postponed because no notice was
// sent in time.
type AccountNotice struct {
	What      NoticeOf
	NoticedAt time.Time // when it is shown from: the instant at which the points were to expire or the level was to end
	Expires   time.Time // the instant at which that happens now
	Points    Points    // OfExpiry: the number of points
	Level     string    // OfFall: the level that ends
}

// AccountNotices returns the notices that the member's account shows: first those of points, by expiry, then that of
// the level.
func (p *Program) AccountNotices(acc Account) (out []AccountNotice) {
	for _, l := range acc.Lots {
		for _, x := range acc.extensionsOf(l) {
			if x.Times > 0 {
				out = append(out, AccountNotice{
					What: OfExpiry, NoticedAt: x.From.End(p.Zone), Expires: x.Lot.End(p.Zone), Points: x.Points,
				})
			}
		}
	}
	if s := acc.Tier; s.Extensions > 0 {
		from := p.Tiers.Grace.After(s.Ended, p.Zone)
		out = append(out, AccountNotice{What: OfFall, NoticedAt: from, Expires: p.reviewAt(s), Level: s.Level})
	}
	return out
}
