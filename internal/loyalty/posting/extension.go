package posting

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// The default of AdvanceNotice.MaxExtensions in a program file, and its maximum.
const (
	DefaultMaxExtensions = 2
	MaxExtensions        = 10
)

// CompileNotice checks the terms of the advance notice.
func CompileNotice(a *loyalty.AdvanceNotice) error {
	if !a.Period.IsZero() && (a.MaxExtensions < 1 || a.MaxExtensions > MaxExtensions) {
		return fmt.Errorf("max_extensions is %d; it must be between 1 and %d", a.MaxExtensions, MaxExtensions)
	}
	return nil
}

// maxExtended is the maximum number of items in Account.Extended.
const maxExtended = 128

// reachable reports whether a reminder that points expire or a level ends can be sent to the member.
func reachable(terms *loyalty.Reminders, acc loyalty.Account, what loyalty.NoticeOf) bool {
	on := map[loyalty.NoticeOf]loyalty.Trigger{
		loyalty.OfExpiry: loyalty.BeforeExpiry, loyalty.OfFall: loyalty.BeforeTier,
	}[what]
	return slices.ContainsFunc(terms.Messages, func(r loyalty.Reminder) bool {
		purpose := cmp.Or(r.Purpose, PurposeOf(r.On))
		return r.On == on && slices.ContainsFunc(r.Channels, func(c loyalty.Channel) bool {
			return slices.Contains(acc.Traits.Channels, loyalty.ChannelUse{Channel: c, Purpose: purpose})
		})
	})
}

// unnoticed reports whether no notice of a subject was sent early enough before an instant. A notice counts from the
// start of the day on which it was sent. If it counted from the instant itself, the notice of an expiry that is
// postponed at midnight would always be too late, because it is sent in the morning.
func unnoticed(
	terms *loyalty.AdvanceNotice, zone *time.Location, acc loyalty.Account, what loyalty.NoticeOf, subject string,
	at time.Time,
) bool {
	n, ok := IsNoticed(acc, what, subject)
	return !ok || n.Withdrawn ||
		terms.Period.After(calendar.DateOf(n.At, zone).Start(zone), zone).After(at)
}

// again reports whether an expiry or the end of a level is postponed once more. The parameter times is the number of
// earlier postponements, and failed states that a notice could not be delivered.
func again(messaging *loyalty.Messaging, acc loyalty.Account, what loyalty.NoticeOf, times int, failed bool) bool {
	return times < messaging.AdvanceNotice.MaxExtensions && (times == 0 ||
		reachable(&messaging.Reminders, acc, what) && !failed)
}

// failed reports whether the notice of a subject could not be delivered.
func failed(a loyalty.Account, what loyalty.NoticeOf, subject string) bool {
	n, _ := IsNoticed(a, what, subject)
	return n.Withdrawn
}

// extensionsOf groups the points of a lot by the number of their postponements, the most often postponed first. Points
// that were never postponed are spent first, so spending them does not cause further postponements.
func extensionsOf(a loyalty.Account, l loyalty.Lot) (out []loyalty.Extended) {
	rest := l.Points
	for _, x := range slices.Backward(a.Extended) {
		if n := min(x.Points, rest); x.Lot == l.Expires && n > 0 {
			x.Points = n
			out, rest = append(out, x), rest-n
		}
	}
	slices.SortStableFunc(out, func(x, y loyalty.Extended) int { return cmp.Compare(y.Times, x.Times) })
	if rest > 0 {
		out = append(out, loyalty.Extended{Lot: l.Expires, From: l.Expires.Day(), Points: rest})
	}
	return out
}

// PassedOn returns the points of a transferred lot whose expiry had been postponed. They keep their number of
// postponements in the recipient's account. Otherwise two members could transfer points back and forth, and each
// transfer would allow new postponements.
func PassedOn(a loyalty.Account, l loyalty.Lot) (out []loyalty.Extended) {
	for _, x := range slices.Backward(a.Extended) {
		if n := min(x.Points, l.Points); x.Lot.Day() == l.Expires && n > 0 {
			x.Lot, x.Points, l.Points = l.Expires, n, l.Points-n
			out = append(out, x)
		}
	}
	return out
}

// addExtended adds points whose expiry was postponed. It forgets points of past days and, above maxExtended, the
// oldest.
func addExtended(all []loyalty.Extended, x loyalty.Extended, at time.Time) []loyalty.Extended {
	yesterday := calendar.DateOf(at.AddDate(0, 0, -1), time.UTC) // the account knows no time zone
	all = slices.DeleteFunc(slices.Clone(all), func(o loyalty.Extended) bool { return o.Lot.Day() < yesterday })
	i := slices.IndexFunc(all, func(o loyalty.Extended) bool { return o.Lot == x.Lot && o.Times == x.Times })
	if i < 0 {
		return append(all[max(0, len(all)+1-maxExtended):], x)
	}
	all[i].Points, all[i].From = all[i].Points+x.Points, min(all[i].From, x.From)
	return all
}

// PostponesFall reports whether the end of a level is postponed because no notice of it was sent in time.
func PostponesFall(messaging *loyalty.Messaging, zone *time.Location, acc loyalty.Account, at time.Time) bool {
	s := acc.Tier
	subject := TierNotice(s)
	if messaging.AdvanceNotice.Period.IsZero() ||
		!unnoticed(&messaging.AdvanceNotice, zone, acc, loyalty.OfFall, subject, at) {
		return false
	}
	failed := failed(acc, loyalty.OfFall, subject) || failed(
		acc, loyalty.OfFall, TierNotice(loyalty.Standing{Level: s.Level, Until: s.Ended}),
	)
	return again(messaging, acc, loyalty.OfFall, s.Extensions, failed)
}

// An AccountNotice is a notice shown in the member's account for something that was postponed because no notice was
// sent in time.
type AccountNotice struct {
	What      loyalty.NoticeOf
	NoticedAt time.Time      // the instant at which the points were to expire or the level was to end
	Expires   time.Time      // the instant to which the expiry or the end is postponed
	Points    loyalty.Points // for OfExpiry: the number of points
	Level     string         // for OfFall: the level that ends
}

// AccountNotices returns the notices that the member's account shows: first the notices about points, sorted by expiry,
// then the notice about the level.
func AccountNotices(tiers *loyalty.Tiers, zone *time.Location, acc loyalty.Account) (out []AccountNotice) {
	for _, l := range acc.Lots {
		for _, x := range extensionsOf(acc, l) {
			if x.Times > 0 {
				out = append(out, AccountNotice{
					What: loyalty.OfExpiry, NoticedAt: x.From.End(zone), Expires: x.Lot.End(zone), Points: x.Points,
				})
			}
		}
	}
	if s := acc.Tier; s.Extensions > 0 {
		from := tiers.Grace.After(s.Ended, zone)
		out = append(
			out,
			AccountNotice{What: loyalty.OfFall, NoticedAt: from, Expires: ReviewAt(tiers, zone, s), Level: s.Level},
		)
	}
	return out
}
