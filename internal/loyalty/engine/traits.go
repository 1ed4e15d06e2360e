package engine

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// SetTraits stores a member's time zone, birthday, segments and other traits. They replace the earlier values. The
// registrations (OptIns) and the records of awarded birthdays and anniversaries do not change. A birthday cannot be
// changed again within the program's BirthdayLock, so that a member cannot have several birthdays in a year. HeldUntil
// replaces an earlier instant only. The account must have been advanced to now.
func SetTraits(p *loyalty.Program, acc loyalty.Account, t loyalty.Traits, now time.Time) (posting.Outcome, error) {
	was := acc.Traits
	next := was
	next.Zone = t.Zone
	next.Segments = slices.Compact(slices.Sorted(slices.Values(t.Segments)))
	var changed []string
	if t.Birthday != was.Birthday {
		if free := p.BirthdayLock.After(was.Changed, p.Zone); was.Birthday != 0 &&
			!p.BirthdayLock.IsZero() && now.Before(free) {
			return posting.Outcome{}, loyalty.Refuse(
				loyalty.ValidationFailed, "/birthday",
				fmt.Sprintf("The birthday can be changed again on %s.", free.In(p.Zone).Format("2 January 2006")),
			)
		}
		next = withBirthday(p, next, t.Birthday, now)
		changed = append(changed, "birthday")
	}
	if next.Zone != was.Zone {
		changed = append(changed, "timezone")
	}
	if !slices.Equal(next.Segments, was.Segments) {
		changed = append(changed, "segments")
	}
	d := posting.Decide(p, acc, now)
	if next.MembershipYearStart = t.MembershipYearStart; next.MembershipYearStart != was.MembershipYearStart {
		changed = append(changed, "membership_year_start")
	}
	if !p.AdvanceNotice.Period.IsZero() && !slices.Equal(t.Channels, was.Channels) {
		next.Channels, changed = t.Channels, append(changed, tier.ChangedChannels)
	}
	if t.HeldUntil.After(was.HeldUntil) {
		next.HeldUntil, changed = t.HeldUntil, append(changed, "email")
	}
	if len(changed) == 0 {
		return d.Outcome, nil
	}
	if err := award.RecordTraits(d, next, changed, now); err != nil {
		return posting.Outcome{}, err
	}
	err := tier.Floored(d)
	return d.Outcome, err
}

// SetChannels stores the channels through which a member can be reached, and for which purposes. Advance notice depends
// on them, so nothing is stored if the program promises none. The account must have been advanced to now.
func SetChannels(
	p *loyalty.Program, acc loyalty.Account, channels []loyalty.ChannelUse, now time.Time,
) (posting.Outcome, error) {
	d := posting.Decide(p, acc, now)
	if p.AdvanceNotice.Period.IsZero() || slices.Equal(channels, acc.Traits.Channels) {
		return d.Outcome, nil
	}
	next := acc.Traits
	next.Channels = channels
	err := award.RecordTraits(d, next, []string{tier.ChangedChannels}, now)
	return d.Outcome, err
}

// withBirthday returns the traits with a birthday. This year's birthday earns points only if it is in the future and
// none was awarded this year.
func withBirthday(p *loyalty.Program, t loyalty.Traits, birthday int, now time.Time) loyalty.Traits {
	t.Birthday, t.Changed = birthday, now
	if birthday == 0 {
		return t
	}
	zone := earn.ZoneOf(&p.Compiled, p.Zone, t.Zone)
	year := now.In(zone).Year()
	if !calendar.Day(birthday).In(year).Start(zone).After(now) {
		t.Given = max(t.Given, year)
	} else {
		t.Given = max(t.Given, year-1)
	}
	return t
}

// OptIn registers a member for a campaign that requires registration. A repeated call changes nothing.
func OptIn(p *loyalty.Program, acc loyalty.Account, campaign string, now time.Time) (posting.Outcome, error) {
	at := slices.IndexFunc(p.Campaigns, func(r loyalty.Rule) bool { return r.ID == campaign && r.OptIn })
	switch {
	case at < 0:
		return posting.Outcome{}, loyalty.Refuse(
			loyalty.NotFound, "", "The program has no such campaign with registration.",
		)
	case acc.Status != loyalty.Active:
		return posting.Outcome{}, loyalty.RefuseFrozen("")
	case !p.Campaigns[at].Match.Until.IsZero() && !now.Before(p.Campaigns[at].Match.Until):
		return posting.Outcome{}, loyalty.Refuse(loyalty.ValidationFailed, "", "The campaign has ended.")
	}
	d := posting.Decide(p, acc, now)
	if slices.Contains(award.Campaigns(acc.Traits), campaign) {
		return d.Outcome, nil
	}
	next := acc.Traits
	next.OptIns = roomForOptIn(p, next.OptIns)
	if len(next.OptIns) >= maxOptIns {
		return posting.Outcome{}, loyalty.Refuse(
			loyalty.ValidationFailed, "",
			fmt.Sprintf("The member has already registered for %d campaigns, which is the limit.", maxOptIns),
		)
	}
	next.OptIns = append(next.OptIns, loyalty.OptIn{Campaign: campaign, At: now})
	slices.SortFunc(next.OptIns, func(a, b loyalty.OptIn) int { return cmp.Compare(a.Campaign, b.Campaign) })
	err := award.RecordTraits(d, next, []string{"campaigns." + campaign}, now)
	return d.Outcome, err
}

// maxOptIns limits the campaigns for which a member is registered at a time. MaxSegments limits the member's segments.
const (
	maxOptIns   = 50
	MaxSegments = 50
)

// roomForOptIn returns the registrations with space for another one. Registrations for campaigns that the program no
// longer has still count for orders that are reported late. If there are too many registrations, roomForOptIn removes
// the oldest one for such a campaign.
func roomForOptIn(p *loyalty.Program, all []loyalty.OptIn) []loyalty.OptIn {
	all = slices.Clone(all)
	for len(all) >= maxOptIns {
		oldest := -1
		for i, o := range all {
			known := slices.ContainsFunc(p.Campaigns, func(r loyalty.Rule) bool { return r.ID == o.Campaign })
			if !known && (oldest < 0 || o.At.Before(all[oldest].At)) {
				oldest = i
			}
		}
		if oldest < 0 {
			break
		}
		all = slices.Delete(all, oldest, oldest+1)
	}
	return all
}

// occasionDue returns the next instant at which a birthday or an anniversary earns, or zero if there is none.
func occasionDue(p *loyalty.Program, acc loyalty.Account) time.Time {
	if !p.Compiled.Occasions || acc.Joined.IsZero() {
		return time.Time{}
	}
	var due time.Time
	for _, a := range p.Earn.Actions {
		at := time.Time{}
		switch a.Event {
		case award.EventBirthday:
			at, _ = nextBirthday(p, acc, a)
		case award.EventAnniversary:
			at, _ = nextAnniversary(p, acc, a)
		}
		due = calendar.Soonest(due, at)
	}
	return due
}

// nextBirthday returns the beginning of the next birthday that was not awarded yet, in the member's time zone, and its
// year. The result is not before the action's Since or the member's enrollment.
func nextBirthday(p *loyalty.Program, acc loyalty.Account, a loyalty.Action) (time.Time, int) {
	if acc.Traits.Birthday == 0 {
		return time.Time{}, 0
	}
	zone := earn.ZoneOf(&p.Compiled, p.Zone, acc.Traits.Zone)
	from := calendar.Later(acc.Joined, a.Since)
	for year := max(acc.Traits.Given+1, from.In(zone).Year()); ; year++ {
		if at := calendar.Day(acc.Traits.Birthday).In(year).Start(zone); !at.Before(from) {
			return at, year
		}
	}
}

func nextAnniversary(p *loyalty.Program, acc loyalty.Account, a loyalty.Action) (time.Time, int) {
	for n := acc.Traits.Years + 1; ; n++ {
		if at := (calendar.Period{Months: 12 * n}).After(
			acc.Joined, earn.ZoneOf(&p.Compiled, p.Zone, acc.Traits.Zone),
		); !at.Before(a.Since) {
			return at, n
		}
	}
}

// celebrate awards points for the birthday or the anniversary that is due at an instant.
func celebrate(d *posting.Decision, at time.Time) error {
	if !d.P.Compiled.Occasions {
		return nil
	}
	for _, a := range d.P.Earn.Actions {
		t := d.Account.Traits
		ev := loyalty.Event{Type: a.Event, Member: d.Account.Member, At: at}
		switch a.Event {
		case award.EventBirthday:
			due, year := nextBirthday(d.P, d.Account, a)
			if due.IsZero() || due.After(at) {
				continue
			}
			t.Given, ev.ID = year, fmt.Sprintf("%s:birthday:%d", ev.Member, year)
		case award.EventAnniversary:
			due, n := nextAnniversary(d.P, d.Account, a)
			if due.After(at) {
				continue
			}
			t.Years, ev.ID = n, fmt.Sprintf("%s:year:%d", ev.Member, n)
			ev.Data = map[string]any{"years": big.NewRat(int64(n), 1)}
		default:
			continue
		}
		s := loyalty.EventState{
			Event: ev, Revision: 1, Program: d.P.Version, Buyer: posting.Actor(&d.P.Tiers, d.Account, at),
		}
		d.Traits = &t
		was := d.Account
		if err := award.AwardEvent(d, EarnRules(d.P), &s, award.EventFacts(&s, d.P.Zone), time.Time{}); err != nil {
			return err
		}
		if err := tier.ClimbAll(d, at, was); err != nil {
			return err
		}
	}
	return nil
}
