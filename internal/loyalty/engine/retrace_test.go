package engine

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"pgregory.net/rapid"
)

// randomTierGroup draws a program whose levels use any measure.
func randomTierGroup(t *rapid.T, base *loyalty.Program) *loyalty.Program {
	p := *base
	p.Zone = time.UTC
	if zone, err := time.LoadLocation(
		rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland"}).Draw(t, "zone"),
	); err == nil {
		p.Zone = zone
	}
	p.Earn.Pending, p.Earn.Rules = calendar.Wait{}, nil
	p.Earn.Actions = []loyalty.Action{
		{ID: "visit", Event: "visit.completed", Points: 40},
		{ID: "birthday", Event: award.EventBirthday, Points: 300},
		{ID: "year", Event: award.EventAnniversary, Points: 300},
		{
			ID: "welcome", Event: award.EventJoined,
			Points: rapid.SampledFrom([]loyalty.Points{0, 120}).Draw(t, "for joining"),
		},
	}
	p.AdvanceNotice = loyalty.AdvanceNotice{
		Period: rapid.SampledFrom([]calendar.Period{{}, {}, {Days: 30}}).Draw(t, "notice"), MaxExtensions: 2,
	}
	p.Tiers = randomTiers(t)
	p.TierGroups = nil
	for _, id := range []string{"partner", "brand"}[:rapid.IntRange(0, 2).Draw(t, "ladders")] {
		p.TierGroups = append(p.TierGroups, loyalty.TierGroup{ID: id, Tiers: randomTiers(t)})
	}
	if err := Compile(&p); err != nil {
		t.Fatal(err)
	}
	return &p
}

// randomTiers draws levels that use any measure.
func randomTiers(t *rapid.T) loyalty.Tiers {
	l := loyalty.Tiers{
		Currency: "EUR", AtLeast: map[loyalty.Currency]int64{"EUR": 2500}, Visit: "visit.completed",
		Brands: []string{"east", "west"},
		Levels: []loyalty.Level{
			{ID: "bronze"}, {ID: "silver", EntryBonus: 25}, {ID: "gold", EntryBonus: 50}, {ID: "black"},
		},
		SkippedLevels: rapid.SampledFrom(
			[]loyalty.SkippedLevels{loyalty.HighestOnly, loyalty.EachLevel},
		).Draw(t, "welcome"),
		RepeatEntryBonus: rapid.Bool().Draw(t, "again"),
		KeepOnRefund:     rapid.IntRange(0, 3).Draw(t, "on order refund") == 0,
		MoveDown: rapid.SampledFrom(
			[]loyalty.MoveDown{loyalty.OneStep, loyalty.ToQualified, loyalty.ToQualified, loyalty.StayUp},
		).Draw(t, "down"),
		Grace: rapid.SampledFrom([]calendar.Period{{}, {Days: 30}, {Months: 5}}).Draw(t, "grace"),
	}
	froms := map[loyalty.Measure][]int64{
		loyalty.ByPointsEarned: {100, 300, 900}, loyalty.ByOrders: {2, 4, 8}, loyalty.BySpend: {100_00, 300_00, 900_00},
		loyalty.ByQualifyingItems: {2, 4, 8},
		loyalty.ByVisits:          {1, 3, 6}, loyalty.ByBrands: {1, 2, 2},
	}
	some := rapid.SampledFrom(
		[]loyalty.Measure{
			loyalty.ByPointsEarned, loyalty.ByOrders, loyalty.BySpend, loyalty.ByQualifyingItems, loyalty.ByVisits,
			loyalty.ByBrands,
		},
	)
	switch rapid.IntRange(0, 2).Draw(t, "ways") {
	case 0:
		l.By = rapid.SampledFrom(
			[]loyalty.Measure{
				loyalty.ByPointsEarned, loyalty.ByOrders, loyalty.BySpend, loyalty.ByQualifyingItems, loyalty.ByVisits,
			},
		).Draw(t, "by")
		for i, n := range froms[l.By] {
			l.Levels[i+1].From = n
		}
	case 1:
		l.Ways = [][]loyalty.Measure{{some.Draw(t, "one")}, {some.Draw(t, "or")}}
	case 2:
		l.Ways = [][]loyalty.Measure{{some.Draw(t, "one"), loyalty.BySpend}, {some.Draw(t, "or")}}
	}
	if len(l.Ways) > 0 {
		l.Levels[3].Needs = []loyalty.Need{{By: loyalty.BySpend, From: 900_00}}
		for i := range 3 {
			l.Levels[i+1].Needs = nil
			for _, by := range []loyalty.Measure{
				loyalty.ByPointsEarned, loyalty.ByOrders, loyalty.BySpend, loyalty.ByQualifyingItems, loyalty.ByVisits,
				loyalty.ByBrands,
			} {
				l.Levels[i+1].Needs = append(l.Levels[i+1].Needs, loyalty.Need{By: by, From: froms[by][i]})
			}
		}
	}
	cyclic := true
	switch rapid.IntRange(0, 5).Draw(t, "window") {
	case 0:
		l.Months, cyclic = rapid.SampledFrom([]int{0, 1, 3, 12}).Draw(t, "months"), false
	case 1:
		l.Calendar = true
	case 2:
		l.Window = loyalty.Window{
			Kind: loyalty.CycleWindow, Months: rapid.SampledFrom([]int{1, 3, 6, 12}).Draw(t, "every"),
			From: rapid.SampledFrom([]calendar.Day{101, 201, 229, 630, 1231}).Draw(t, "from"),
		}
	case 3:
		l.Window = loyalty.Window{Kind: loyalty.JoinWindow, Months: 12}
	case 4:
		l.Window = loyalty.Window{Kind: loyalty.OwnWindow, Months: 6}
	case 5:
		l.Window, cyclic = loyalty.Window{Kind: loyalty.LevelWindow}, false
	}
	switch rapid.IntRange(0, 2).Draw(t, "keep") {
	case 0:
		l.KeepFor = rapid.SampledFrom([]calendar.Period{{Months: 2}, {Months: 12}, {Days: 45}, {}}).Draw(t, "for")
	case 1:
		l.KeepYear = rapid.IntRange(1, 2).Draw(t, "years")
	case 2:
		if l.KeepPeriods = rapid.IntRange(1, 2).Draw(t, "periods"); !cyclic {
			l.KeepPeriods, l.KeepFor = 0, calendar.Period{Months: 3}
		}
	}
	if l.KeepFor.IsZero() {
		l.ExtendedBy = rapid.SampledFrom([]calendar.Period{{}, {Days: 31}, {Months: 2}}).Draw(t, "tail")
	}
	if cyclic && rapid.Bool().Draw(t, "next period") {
		l.MoveUp = loyalty.NextPeriod
	}
	if rapid.Bool().Draw(t, "floors") {
		l.Minimums = []loyalty.Minimum{{Level: "silver", Segment: "card"}, {Level: "gold", Segment: "vip"}}
	}
	return l
}

// A diary contains the history of a member.
type diary struct {
	t       *rapid.T
	p       *loyalty.Program
	acc     loyalty.Account
	now     time.Time
	entries []loyalty.Entry
	states  map[string]*loyalty.OrderState
}

func (d *diary) keep(out posting.Outcome, err error) {
	if err != nil {
		d.t.Fatal(err)
	}
	out = redecided(d.t, d.p, out, d.entries)
	d.acc, d.entries = out.Account, append(d.entries, out.Entries...)
}

// takeBack makes the notice bounce, in half of the cases.
func (d *diary) takeBack(t remind.SentReminder) {
	if t.ID, t.Channel, t.Failed = "msg_1", loyalty.Email, true; rapid.Bool().Draw(d.t, "came back") {
		d.keep(remind.Unnotify(
			Begin(d.p, d.acc, d.now), remind.Reminded{SentReminders: []remind.SentReminder{t}}, t.ID,
		))
	}
}

// live runs a random command, possibly much later than the previous one.
func (d *diary) live(i int) {
	d.now = d.now.Add(
		time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(60*24*time.Hour)).Draw(d.t, "later")),
	).Truncate(time.Millisecond)
	if rapid.IntRange(0, 9).Draw(d.t, "long") == 0 {
		d.now = d.now.AddDate(1, 2, 0)
	}
	d.keep(Advance(d.p, d.acc, d.now))
	switch rapid.IntRange(0, 11).Draw(d.t, "thing") {
	case 10:
		d.keep(remind.Notify(Begin(d.p, d.acc, d.now), loyalty.OfFall, posting.TierNotice(d.acc.Tier)))
		d.takeBack(
			remind.SentReminder{
				On: loyalty.BeforeTier,
				Subject: remind.Subject{
					ID: remind.TierSubject(d.acc.Tier.Level, posting.ReviewAt(&d.p.Tiers, d.p.Zone, d.acc.Tier)),
				},
			},
		)
	case 11:
		if len(d.acc.Lots) > 0 {
			d.keep(remind.Notify(Begin(d.p, d.acc, d.now), loyalty.OfExpiry, posting.LotNotice(d.acc.Lots[0].Expires)))
		}
	case 0, 1, 2, 3, 4:
		d.order(fmt.Sprint(i), nil)
	case 5:
		if len(d.states) > 0 {
			id := rapid.SampledFrom(slices.Sorted(keys(d.states))).Draw(d.t, "again")
			d.order(id, d.states[id])
		}
	case 6, 7:
		d.visit(i)
	case 8:
		t := d.acc.Traits
		t.Segments = rapid.SampledFrom([][]string{nil, {"card"}, {"vip"}, {"card", "vip"}}).Draw(d.t, "segments")
		d.keep(SetTraits(d.p, d.acc, t, d.now))
	case 9:
		in := tier.Placement{
			Level: rapid.SampledFrom([]string{"bronze", "silver", "gold"}).Draw(d.t, "placed"), Reason: "because",
		}
		if len(d.p.TierGroups) > 0 {
			in.TierGroup = rapid.SampledFrom([]string{"", d.p.TierGroups[0].ID}).Draw(d.t, "placed on")
		}
		switch rapid.IntRange(0, 3).Draw(d.t, "how") {
		case 0:
			in.Until = d.now.AddDate(0, 4, 3)
		case 1:
			in.Until, in.Locked = d.now.AddDate(0, 5, 0), true
		case 2:
			in.Permanent = true
		}
		out, err := tier.SetTier(Begin(d.p, d.acc, d.now), fmt.Sprint("tier_", i), in)
		if e := (*loyalty.Error)(nil); errors.As(err, &e) && e.Pointer == "/level" {
			return // it is below the member's floor
		}
		d.keep(out, err)
	}
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (d *diary) order(id string, prior *loyalty.OrderState) {
	o := paid(
		"EUR",
		loyalty.Line{
			Amount: rapid.Int64Range(0, 300_00).Draw(d.t, "amount"),
			Brand:  rapid.SampledFrom([]string{"east", "west", "other"}).Draw(d.t, "brand"),
		},
	)
	o.ID, o.PlacedAt = id, d.now
	if late := d.now.AddDate(
		0, 0, -rapid.SampledFrom([]int{0, 0, 3, 45, 80}).Draw(d.t, "late"),
	); late.After(d.acc.Joined) {
		o.PlacedAt = late
	}
	if prior != nil {
		o = prior.Order
		o.Refunds = append(slices.Clip(o.Refunds), back(fmt.Sprint(len(o.Refunds)), 1))
		if rapid.Bool().Draw(d.t, "canceled") {
			o.Status, o.Refunds = loyalty.OrderCanceled, nil
		} else if receipt.OrderTotal(o) < int64(len(o.Refunds)) {
			return
		}
	}
	out, err := award.PlaceOrder(Begin(d.p, d.acc, d.now), prior, EarnRules(d.p), o, nil)
	d.keep(out, err)
	d.states[id] = out.Entries[0].Order
}

func (d *diary) visit(i int) {
	out, err := award.PlaceEvent(
		Begin(d.p, d.acc, d.now), nil, EarnRules(d.p),
		loyalty.Event{Type: "visit.completed", ID: fmt.Sprint(i), Member: d.acc.Member, At: d.now},
	)
	d.keep(out, err)
}

// A level is a pure function of the facts that count and of the program: the level that is computed from the entries
// alone equals the account's level. One long step through time has the same result as many short steps.
func TestTheLevelIsWhatTheEntriesSay(t *testing.T) {
	base := lively(t, "UTC")
	check := func(t *rapid.T) {
		p := randomTierGroup(t, base)
		d := &diary{
			t: t, p: p,
			now: instantOf("2026-02-28T22:30:00Z").Add(
				time.Duration(rapid.IntRange(0, 700*24).Draw(t, "joins")) * time.Hour,
			),
			states: map[string]*loyalty.OrderState{},
		}
		d.keep(
			Join(
				p, "mem_ada",
				loyalty.Traits{
					Birthday: 615, Segments: rapid.SampledFrom([][]string{nil, {"card"}}).Draw(t, "joins as"),
					MembershipYearStart: rapid.SampledFrom([]int{0, 229, 1101}).Draw(t, "own year"),
				},
				d.now,
			),
		)
		for i := range rapid.IntRange(1, 25).Draw(t, "things") {
			d.live(i)
		}
		end := d.now.AddDate(2, 1, 3)
		steps, stepped := d.acc, []loyalty.Entry(nil)
		for at := d.now; at.Before(end); at = at.AddDate(0, 0, 11) {
			out := advanced(t, p, steps, at)
			steps, stepped = out.Account, append(stepped, out.Entries...)
		}
		out := advanced(t, p, steps, end)
		steps, stepped = out.Account, append(stepped, out.Entries...)
		jump := advanced(t, p, d.acc, end)
		for i := range stepped {
			stepped[i].Recorded = end
		}
		if !reflect.DeepEqual(steps, jump.Account) || !reflect.DeepEqual(stepped, jump.Entries) {
			t.Fatalf(
				"by steps %+v\nat once %+v\n%s\n%s\nthen\n%s", steps, jump.Account, dump(d.entries), dump(stepped),
				dump(jump.Entries),
			)
		}
		ids := map[string]bool{}
		for _, e := range append(slices.Clip(d.entries), jump.Entries...) {
			if e.Kind == loyalty.KindMoveTier && ids[e.ID()] {
				t.Fatalf("two entries are %s", e.ID())
			}
			ids[e.ID()] = true
		}
		for _, want := range []struct {
			acc     loyalty.Account
			entries []loyalty.Entry
			now     time.Time
		}{{d.acc, d.entries, d.now}, {jump.Account, append(slices.Clip(d.entries), jump.Entries...), end}} {
			got, err := Retrace(p, want.acc, want.entries, want.now)
			if err != nil {
				t.Fatal(err)
			}
			if got != want.acc.Tier {
				t.Fatalf(
					"by the entries it is %+v\nthe account has      %+v\ntiers %+v\n%s", got, want.acc.Tier, p.Tiers,
					dump(want.entries),
				)
			}
			for _, l := range p.TierGroups {
				v, on, _ := tier.TierGroupStanding(p, want.acc, l.ID)
				got, err := Retrace(v, on, want.entries, want.now)
				if err != nil || got != on.Tier {
					t.Fatalf(
						"on %s by the entries it is %+v, %v\nthe account has      %+v\ntiers %+v\n%s", l.ID, got, err,
						on.Tier, l.Tiers, dump(want.entries),
					)
				}
			}
		}
	}
	if os.Getenv("PERENNIAL_LONG") == "" {
		rapid.Check(t, check)
		return
	}
	for range 200 { // of a hundred each
		rapid.Check(t, check)
	}
}

// Points for birthdays and anniversaries count in a tier group too, and move the member there immediately.
func TestAnOccasionCountsOnATierGroup(t *testing.T) {
	p := twoTierGroups(t, func(l *loyalty.TierGroup) {
		l.Tiers = loyalty.Tiers{
			By: loyalty.ByPointsEarned, Calendar: true, KeepFor: calendar.Period{Months: 2},
			Levels: []loyalty.Level{{ID: "bronze"}, {ID: "gold", From: 300}},
		}
	})
	p.Earn.Actions = []loyalty.Action{{ID: "year", Event: award.EventAnniversary, Points: 300}}
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	var acc loyalty.Account
	var entries []loyalty.Entry
	keep := func(out posting.Outcome, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		acc, entries = out.Account, append(entries, out.Entries...)
	}
	now := noon.AddDate(1, 0, 2)
	keep(Join(p, "mem_ada", loyalty.Traits{}, noon))
	keep(Advance(p, acc, now))
	for _, want := range []string{"gold", "gold"} {
		_, on, _ := tier.TierGroupStanding(p, acc, "partner")
		v, _, _ := tier.TierGroupStanding(p, acc, "partner")
		got, err := Retrace(v, on, entries, now)
		if on.Tier.Level != want || got != on.Tier || err != nil {
			t.Errorf("the account is %s, by the entries it is %+v, %v; want %s", on.Tier.Level, got, err, want)
		}
		o := paid("EUR", loyalty.Line{Amount: 0})
		o.PlacedAt = now
		keep(award.PlaceOrder(Begin(p, acc, now), nil, EarnRules(p), o, nil))
	}
}

func instantOf(s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return at
}

// The least that TestTheLevelIsWhatTheEntriesSay once found: a month in which more was reached ended while the level
// was locked. Once the same level is given again, without a lock, that month is over and has no effect.
func TestPeriodsBeforeAManualLevelDoNotMoveIt(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Tiers = loyalty.Tiers{
			By:     loyalty.ByOrders,
			Levels: []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: 2}, {ID: "gold", From: 4}},
			Window: loyalty.Window{Kind: loyalty.CycleWindow, Months: 1, From: 101}, MoveUp: loyalty.NextPeriod,
			KeepFor:  calendar.Period{Months: 2},
			Minimums: []loyalty.Minimum{{Level: "silver", Segment: "card"}},
		}
	})
	s := newShop(t, p)
	s.acc.Traits.Segments = []string{"card"}
	place := func(id string, in tier.Placement, now time.Time) {
		t.Helper()
		s.pass(now)
		out, err := tier.SetTier(Begin(p, s.acc, now), id, in)
		if err != nil {
			t.Fatal(err)
		}
		s.took(out)
	}
	for i := range 4 {
		o := paid("EUR", loyalty.Line{Amount: 100})
		o.ID = fmt.Sprint("o", i)
		s.submit(o, noon)
	}
	place(
		"tier_1", tier.Placement{Level: "silver", Reason: "a match", Until: noon.AddDate(0, 5, 0), Locked: true}, noon,
	)
	since := s.acc.Tier.Since
	again := noon.AddDate(0, 7, 0)
	place("tier_2", tier.Placement{Level: s.acc.Tier.Level, Reason: "once more", Until: again.AddDate(0, 4, 0)}, again)
	before := s.acc
	s.pass(again.AddDate(0, 1, 0))
	if s.acc.Tier != before.Tier || s.acc.Sequence != before.Sequence || s.acc.Tier.Level != "silver" ||
		!s.acc.Tier.Since.Equal(since) {
		t.Errorf("silver since %s became %+v", since, s.acc.Tier)
	}
}

// The same applies to orders that are reported after the end of the level that they would have reached. Their effect is
// recorded immediately, not with the next change.
func TestLateReportsLeaveNothingDue(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Tiers = loyalty.Tiers{
			By: loyalty.ByOrders, Levels: []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: 2}},
			Window: loyalty.Window{Kind: loyalty.CycleWindow, Months: 1, From: 101}, MoveUp: loyalty.NextPeriod,
			KeepFor: calendar.Period{Months: 1},
		}
	})
	s := newShop(t, p)
	now := noon.AddDate(0, 0, 89)
	for i := range 2 {
		o := paid("EUR", loyalty.Line{Amount: 100})
		o.ID, o.PlacedAt = fmt.Sprint("o", i), noon
		s.submit(o, now)
	}
	if due := Due(p, s.acc); !due.IsZero() && !due.After(now) {
		t.Errorf("%s is due still, at %s", due, now)
	}
	if tier := s.acc.Tier; tier.Level != "bronze" || calendar.DateOf(tier.Since, p.Zone) != 20270201 {
		t.Errorf("the level is %+v, want bronze again, since silver of January was over", tier)
	}
}

// Retrace computes a member's standing from the entries alone: from the amounts that they count towards levels, the
// traits that they record, and the levels that were set manually. It does not use the standings that they record.
// entries are all entries of the member, in order.
func Retrace(
	p *loyalty.Program, acc loyalty.Account, entries []loyalty.Entry, now time.Time,
) (loyalty.Standing, error) {
	d := posting.Decide(p, acc, now)
	h := tier.History{Entries: entries, All: true}
	facts := h.Facts(tier.Of(p), acc.Joined)
	t := tier.Baseline(d, h, facts, acc.Joined)
	t.Trial = &posting.Trial{Whole: d}
	err := tier.Replay(d, t, h, facts, acc.Joined)
	return t.Account.Tier, err
}
