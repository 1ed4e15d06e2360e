package loyalty

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// SetTraits stores a member's time zone, birthday, segments and other traits. They replace the earlier values; OptIns
// and the years that were awarded already stay. A birthday cannot be changed again within the program's BirthdayLock,
// so that a member cannot have several birthdays in a year. The account must have been advanced to now.
func (p *Program) SetTraits(acc Account, t Traits, now time.Time) (Outcome, error) {
	was := acc.Traits
	next := was
	next.Zone = t.Zone
	next.Segments = slices.Compact(slices.Sorted(slices.Values(t.Segments)))
	var changed []string
	if t.Birthday != was.Birthday {
		if free := p.BirthdayLock.After(was.Changed, p.Zone); was.Birthday != 0 &&
			!p.BirthdayLock.IsZero() && now.Before(free) {
			return Outcome{}, refuse(
				ValidationFailed, "/birthday",
				fmt.Sprintf("The birthday can be changed again on %s.", free.In(p.Zone).Format("2 January 2006")),
			)
		}
		next = p.withBirthday(next, t.Birthday, now)
		changed = append(changed, "birthday")
	}
	if next.Zone != was.Zone {
		changed = append(changed, "timezone")
	}
	if !slices.Equal(next.Segments, was.Segments) {
		changed = append(changed, "segments")
	}
	d := p.decide(acc, now)
	if next.MembershipYearStart = t.MembershipYearStart; next.MembershipYearStart != was.MembershipYearStart {
		changed = append(changed, "membership_year_start")
	}
	if !p.AdvanceNotice.Period.IsZero() && !slices.Equal(t.Channels, was.Channels) {
		next.Channels, changed = t.Channels, append(changed, changedChannels)
	}
	if len(changed) == 0 {
		return d.Outcome, nil
	}
	if err := d.tell(next, changed, now); err != nil {
		return Outcome{}, err
	}
	err := d.floored()
	return d.Outcome, err
}

// changedChannels states in a reason that the channels in which the member can be contacted changed.
const changedChannels = "channels"

// SetChannels stores the channels in which a member can be contacted, and for which purposes. Advance notice depends on
// them, if the program promises it. The account must have been advanced to now.
func (p *Program) SetChannels(acc Account, channels []ChannelUse, now time.Time) (Outcome, error) {
	d := p.decide(acc, now)
	if p.AdvanceNotice.Period.IsZero() || slices.Equal(channels, acc.Traits.Channels) {
		return d.Outcome, nil
	}
	next := acc.Traits
	next.Channels = channels
	err := d.tell(next, []string{changedChannels}, now)
	return d.Outcome, err
}

// withBirthday returns the traits with a birthday. This year's birthday earns only if it is still to come and none was
// awarded this year.
func (p *Program) withBirthday(t Traits, birthday int, now time.Time) Traits {
	t.Birthday, t.Changed = birthday, now
	if birthday == 0 {
		return t
	}
	zone := p.zoneOf(t.Zone)
	year := now.In(zone).Year()
	if !Day(birthday).in(year).start(zone).After(now) {
		t.Given = max(t.Given, year)
	} else {
		t.Given = max(t.Given, year-1)
	}
	return t
}

// OptIn registers a member for a campaign that requires registration. A repeated call changes nothing.
func (p *Program) OptIn(acc Account, campaign string, now time.Time) (Outcome, error) {
	at := slices.IndexFunc(p.Campaigns, func(r Rule) bool { return r.ID == campaign && r.OptIn })
	switch {
	case at < 0:
		return Outcome{}, refuse(NotFound, "", "The program has no such campaign with registration.")
	case acc.Status != Active:
		return Outcome{}, frozen("")
	case !p.Campaigns[at].Match.Until.IsZero() && !now.Before(p.Campaigns[at].Match.Until):
		return Outcome{}, refuse(ValidationFailed, "", "The campaign has ended.")
	}
	d := p.decide(acc, now)
	if slices.Contains(acc.Traits.Campaigns(), campaign) {
		return d.Outcome, nil
	}
	next := acc.Traits
	next.OptIns = p.roomForOptIn(next.OptIns)
	if len(next.OptIns) >= MaxOptIns {
		return Outcome{}, refuse(
			ValidationFailed, "",
			fmt.Sprintf("The member has already registered for %d campaigns, which is the limit.", MaxOptIns),
		)
	}
	next.OptIns = append(next.OptIns, OptIn{campaign, now})
	slices.SortFunc(next.OptIns, func(a, b OptIn) int { return cmp.Compare(a.Campaign, b.Campaign) })
	err := d.tell(next, []string{"campaigns." + campaign}, now)
	return d.Outcome, err
}

// MaxOptIns limits the campaigns for which a member is registered at a time. MaxSegments limits the member's segments.
const (
	MaxOptIns   = 50
	MaxSegments = 50
)

// roomForOptIn returns the registrations with room for another one. Registrations for campaigns that the program no
// longer has still count for orders that are reported late. If there are too many registrations, the oldest of these is
// removed.
func (p *Program) roomForOptIn(all []OptIn) []OptIn {
	all = slices.Clone(all)
	for len(all) >= MaxOptIns {
		oldest := -1
		for i, o := range all {
			known := slices.ContainsFunc(p.Campaigns, func(r Rule) bool { return r.ID == o.Campaign })
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

// tell posts the entry that records the member's traits.
func (d *decision) tell(t Traits, changed []string, now time.Time) error {
	t.Revision++
	return d.post(Entry{
		Kind: KindUpdateMember, Cause: Cause{CauseMember, string(d.Account.Member), t.Revision}, Effective: now,
		Traits:  &t,
		Reasons: []Reason{NewReason("member", "0", HasChanged, strings.Join(changed, ", "))},
	})
}

// occasionDue returns the next instant at which a birthday or an anniversary earns, or zero if there is none.
func (p *Program) occasionDue(acc Account) time.Time {
	if !p.compiled.occasions || acc.Joined.IsZero() {
		return time.Time{}
	}
	var due time.Time
	for _, a := range p.Earn.Actions {
		at := time.Time{}
		switch a.Event {
		case EventBirthday:
			at, _ = p.nextBirthday(acc, a)
		case EventAnniversary:
			at, _ = p.nextAnniversary(acc, a)
		}
		if !at.IsZero() && (due.IsZero() || at.Before(due)) {
			due = at
		}
	}
	return due
}

// nextBirthday returns when the next birthday begins that has not been awarded, in the member's time zone, and its
// year. It is not before the action counts or the member joined.
func (p *Program) nextBirthday(acc Account, a Action) (time.Time, int) {
	if acc.Traits.Birthday == 0 {
		return time.Time{}, 0
	}
	zone := p.zoneOf(acc.Traits.Zone)
	from := acc.Joined
	if a.Since.After(from) {
		from = a.Since
	}
	for year := max(acc.Traits.Given+1, from.In(zone).Year()); ; year++ {
		if at := Day(acc.Traits.Birthday).in(year).start(zone); !at.Before(from) {
			return at, year
		}
	}
}

func (p *Program) nextAnniversary(acc Account, a Action) (time.Time, int) {
	for n := acc.Traits.Years + 1; ; n++ {
		if at := (Period{Months: 12 * n}).After(acc.Joined, p.zoneOf(acc.Traits.Zone)); !at.Before(a.Since) {
			return at, n
		}
	}
}

// celebrate awards the birthday or the anniversary that is due at an instant.
func (d *decision) celebrate(at time.Time) error {
	if !d.p.compiled.occasions {
		return nil
	}
	for _, a := range d.p.Earn.Actions {
		t := d.Account.Traits
		ev := Event{Type: a.Event, Member: d.Account.Member, At: at}
		switch a.Event {
		case EventBirthday:
			due, year := d.p.nextBirthday(d.Account, a)
			if due.IsZero() || due.After(at) {
				continue
			}
			t.Given, ev.ID = year, fmt.Sprintf("%s:birthday:%d", ev.Member, year)
		case EventAnniversary:
			due, n := d.p.nextAnniversary(d.Account, a)
			if due.After(at) {
				continue
			}
			t.Years, ev.ID = n, fmt.Sprintf("%s:year:%d", ev.Member, n)
			ev.Data = map[string]any{"years": big.NewRat(int64(n), 1)}
		default:
			continue
		}
		s := EventState{Event: ev, Revision: 1, Program: d.p.Version, Buyer: d.p.actor(d.Account, at)}
		d.traits = &t
		was := d.Account
		if err := d.award(d.p, &s, s.facts(d.p), time.Time{}); err != nil {
			return err
		}
		if err := d.climbAll(at, was); err != nil {
			return err
		}
	}
	return nil
}
