package posting

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestPostponedPointsOfALot(t *testing.T) {
	lot := calendar.Date(20270131)
	x := func(lot, from calendar.Date, n loyalty.Points, times int) loyalty.Extended {
		return loyalty.Extended{Lot: lot, From: from, Points: n, Times: times}
	}
	for _, c := range []struct {
		name     string
		extended []loyalty.Extended
		lot      loyalty.Lot
		want     []loyalty.Extended
		passed   []loyalty.Extended // to another member
	}{
		{"none", nil, loyalty.Lot{Expires: lot, Points: 10}, []loyalty.Extended{x(lot, lot, 10, 0)}, nil},
		{"none of an empty lot", nil, loyalty.Lot{Expires: lot, Points: 0}, nil, nil},
		{
			"some",
			[]loyalty.Extended{x(lot, 20261231, 4, 1)},
			loyalty.Lot{Expires: lot, Points: 10},
			[]loyalty.Extended{x(lot, 20261231, 4, 1), x(lot, lot, 6, 0)},
			[]loyalty.Extended{x(lot, 20261231, 4, 1)},
		},
		{
			"all",
			[]loyalty.Extended{x(lot, 20261231, 10, 1)},
			loyalty.Lot{Expires: lot, Points: 10},
			[]loyalty.Extended{x(lot, 20261231, 10, 1)},
			[]loyalty.Extended{x(lot, 20261231, 10, 1)},
		},
		{
			"those of another lot",
			[]loyalty.Extended{x(20270228, 20261231, 4, 1)},
			loyalty.Lot{Expires: lot, Points: 10},
			[]loyalty.Extended{x(lot, lot, 10, 0)},
			nil,
		},
		{
			"more than the lot has",
			[]loyalty.Extended{x(lot, 20261130, 7, 2), x(lot, 20261231, 7, 1)},
			loyalty.Lot{Expires: lot, Points: 10},
			[]loyalty.Extended{x(lot, 20261130, 3, 2), x(lot, 20261231, 7, 1)},
			[]loyalty.Extended{x(lot, 20261231, 7, 1), x(lot, 20261130, 3, 2)},
		},
		{
			"none is left for the first",
			[]loyalty.Extended{x(lot, 20261130, 7, 2), x(lot, 20261231, 10, 1)},
			loyalty.Lot{Expires: lot, Points: 10},
			[]loyalty.Extended{x(lot, 20261231, 10, 1)},
			[]loyalty.Extended{x(lot, 20261231, 10, 1)},
		},
	} {
		acc := loyalty.Account{Extended: c.extended}
		if got := extensionsOf(acc, c.lot); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if got := PassedOn(acc, c.lot); !slices.Equal(got, c.passed) {
			t.Errorf("%s: passed on %+v, want %+v", c.name, got, c.passed)
		}
	}
}

func TestPostponedPointsThatAnAccountRemembers(t *testing.T) {
	x := func(lot, from calendar.Date, n loyalty.Points, times int) loyalty.Extended {
		return loyalty.Extended{Lot: lot, From: from, Points: n, Times: times}
	}
	all := []loyalty.Extended{x(20261129, 20261101, 1, 1), x(20261130, 20261101, 2, 1), x(20270131, 20261231, 3, 1)}
	for _, c := range []struct {
		name string
		add  loyalty.Extended
		want []loyalty.Extended
	}{
		{"of another lot", x(20270228, 20270131, 4, 1), append(slices.Clip(all[1:]), x(20270228, 20270131, 4, 1))},
		{"of the same lot", x(20270131, 20270101, 4, 1), []loyalty.Extended{all[1], x(20270131, 20261231, 7, 1)}},
		{"of the first lot", x(20261130, 20261001, 4, 1), []loyalty.Extended{x(20261130, 20261001, 6, 1), all[2]}},
		{
			"postponed another time", x(20270131, 20270101, 4, 2),
			append(slices.Clip(all[1:]), x(20270131, 20270101, 4, 2)),
		},
	} {
		if got := addExtended(all, c.add, loyaltytest.Noon); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	var full []loyalty.Extended
	for i := range maxExtended + 1 {
		full = addExtended(full, x(20270131, 20261231, 1, i+1), loyaltytest.Noon)
	}
	if len(full) != maxExtended || full[0].Times != 2 {
		t.Errorf("it remembers %d, from %+v on", len(full), full[0])
	}
}

func TestNoticesThatAProgramPromises(t *testing.T) {
	for _, c := range []struct {
		a  loyalty.AdvanceNotice
		ok bool
	}{
		{loyalty.AdvanceNotice{}, true},
		{loyalty.AdvanceNotice{Period: calendar.Period{Days: 1}}, false},
		{loyalty.AdvanceNotice{Period: calendar.Period{Days: 1}, MaxExtensions: 1}, true},
		{loyalty.AdvanceNotice{Period: calendar.Period{Days: 1}, MaxExtensions: MaxExtensions}, true},
		{loyalty.AdvanceNotice{Period: calendar.Period{Days: 1}, MaxExtensions: MaxExtensions + 1}, false},
	} {
		p := utc()
		if p.AdvanceNotice = c.a; (CompileNotice(&p.AdvanceNotice) == nil) != c.ok {
			t.Errorf("%+v: %v", c.a, CompileNotice(&p.AdvanceNotice))
		}
	}
}

// promising returns a program that promises a notice 30 days before points expire, with at most two postponements, and
// an account with points that expire on 31 January. The member can be reached by email.
func promising() (*loyalty.Program, loyalty.Account) {
	p := utc()
	p.AdvanceNotice = loyalty.AdvanceNotice{Period: calendar.Period{Days: 30}, MaxExtensions: 2}
	p.Reminders.Messages = []loyalty.Reminder{
		{On: loyalty.BeforeExpiry, Channels: []loyalty.Channel{"push", "email"}},
		{On: loyalty.BeforeTier, Channels: []loyalty.Channel{"email"}, Purpose: loyalty.Transactional},
	}
	acc := loyalty.Account{Member: "mem_a", Purse: loyalty.Purse{Lots: []loyalty.Lot{lotOf(jan31, 10)}}}
	acc.Traits.Channels = []loyalty.ChannelUse{{Channel: "email", Purpose: loyalty.Transactional}}
	return p, acc
}

func TestMembersWhoCanBeNotified(t *testing.T) {
	p, acc := promising()
	if !reachable(&p.Reminders, acc, loyalty.OfExpiry) || !reachable(&p.Reminders, acc, loyalty.OfFall) {
		t.Error("the member cannot be notified")
	}
	marketing := acc
	marketing.Traits.Channels = []loyalty.ChannelUse{
		{Channel: "email", Purpose: loyalty.Marketing}, {Channel: "sms", Purpose: loyalty.Transactional},
	}
	if reachable(&p.Reminders, marketing, loyalty.OfExpiry) {
		t.Error("a member without a channel for this purpose can be notified")
	}
	p.Reminders.Messages = p.Reminders.Messages[:1]
	if !reachable(&p.Reminders, acc, loyalty.OfExpiry) || reachable(&p.Reminders, acc, loyalty.OfFall) {
		t.Error("only the expiry has a reminder")
	}
}

// Points expire only if a notice was sent in time. Otherwise their expiry is postponed: once without a channel, and at
// most MaxExtensions times with one.
func TestPostponedExpiries(t *testing.T) {
	end := jan31.End(time.UTC) // 1 February
	sent := func(day calendar.Date, subject calendar.Date, withdrawn bool) loyalty.Notice {
		return loyalty.Notice{
			What: loyalty.OfExpiry, Subject: LotNotice(subject), At: day.Start(time.UTC).Add(23 * time.Hour),
			Withdrawn: withdrawn,
		}
	}
	for _, c := range []struct {
		name      string
		notices   []loyalty.Notice
		times     int // the number of earlier postponements of six of the points
		unreached bool
		left      loyalty.Points
	}{
		{"without a notice", nil, 0, false, 0},
		{"without a channel", nil, 0, true, 0},
		{"with a notice 30 days before", []loyalty.Notice{sent(2027_01_02, jan31, false)}, 0, false, 10},
		{"with a notice 29 days before", []loyalty.Notice{sent(2027_01_03, jan31, false)}, 0, false, 0},
		{"with a notice that was not delivered", []loyalty.Notice{sent(2027_01_02, jan31, true)}, 0, false, 0},
		{"with a notice of another day", []loyalty.Notice{sent(2027_01_02, feb28, false)}, 0, false, 0},
		{"a second time", nil, 1, false, 0},
		{"a second time without a channel", nil, 1, true, 6},
		{"a second time after a failed notice", []loyalty.Notice{sent(2027_01_02, jan31, true)}, 1, false, 6},
		{
			"a second time after a failed notice of the original day",
			[]loyalty.Notice{sent(2026_12_01, 2026_12_31, true)},
			1, false, 6,
		},
		{"a second time after a late notice", []loyalty.Notice{sent(2027_01_03, jan31, false)}, 1, false, 0},
		{"a third time", nil, 2, false, 6},
	} {
		p, acc := promising()
		acc.Notices = c.notices
		if c.times > 0 {
			acc.Extended = []loyalty.Extended{{Lot: jan31, From: 2026_12_31, Times: c.times, Points: 6}}
		}
		if c.unreached {
			acc.Traits.Channels = nil
		}
		d := Decide(p, acc, end)
		left, err := Postpone(d, acc.Lots[0], end)
		if err != nil || left.Points != c.left || left.Expires != jan31 {
			t.Errorf("%s: %+v remain, %v", c.name, left, err)
		}
		to := loyalty.TotalPoints(d.Account.Lots) - c.left
		if c.left == 0 && (len(d.Account.Lots) != 1 || d.Account.Lots[0] != lotOf(2027_03_02, 10)) || to != 10-c.left {
			t.Errorf("%s: the lots are %+v", c.name, d.Account.Lots)
		}
	}
	p, acc := promising()
	p.AdvanceNotice.Period = calendar.Period{}
	if left, err := Postpone(Decide(p, acc, end), acc.Lots[0], end); err != nil || left.Points != 10 {
		t.Errorf("without a promise: %+v, %v", left, err)
	}
}

func TestEntriesOfPostponements(t *testing.T) {
	end, to := jan31.End(time.UTC), calendar.Date(2027_03_02)
	for _, c := range []struct {
		name   string
		x      loyalty.Extended
		slides calendar.Date
		id     string
		to     calendar.Date
		move   *loyalty.Move
		wantTo calendar.Date // of the sliding points
	}{
		{
			"the first",
			loyalty.Extended{Lot: jan31, From: jan31, Points: 4},
			0, "mem_a:2027-01-31:20270201T000000Z", to,
			&loyalty.Move{At: end, First: jan31, Last: jan31, To: to, Times: 1}, 0,
		},
		{
			"the second",
			loyalty.Extended{Lot: jan31, From: jan31, Points: 4, Times: 1},
			0, "mem_a:2027-01-31:20270201T000000Z:2",
			to, &loyalty.Move{At: end, First: jan31, Last: jan31, To: to, Times: 2}, 0,
		},
		{
			"of sliding points",
			loyalty.Extended{Lot: sliding(jan31), From: jan31, Points: 4},
			sliding(jan31),
			"mem_a:2027-01-31:20270201T000000Z:inactive", sliding(to), nil, sliding(to),
		},
		{
			"of sliding points that were left behind",
			loyalty.Extended{Lot: sliding(jan31), From: jan31, Points: 4},
			sliding(mar31),
			"mem_a:2027-01-31:20270201T000000Z:inactive", sliding(to), nil, sliding(mar31),
		},
	} {
		p, acc := promising()
		acc.Slides, acc.Lots = c.slides, []loyalty.Lot{lotOf(c.x.Lot, 10)}
		d := Decide(p, acc, end)
		if err := postponeLot(d, c.x, end); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		e, want := d.Entries[0], c.x
		want.Lot, want.Times = c.to, c.x.Times+1
		if e.Cause.ID != c.id || !slices.Equal(e.Extended, []loyalty.Extended{want}) || e.Slides != c.wantTo ||
			!slices.Equal(e.Postings, []loyalty.Posting{active("", c.x.Lot, -4), active("", c.to, 4)}) {
			t.Errorf("%s: %+v", c.name, e)
		}
		if (e.Move == nil) != (c.move == nil) || e.Move != nil && *e.Move != *c.move {
			t.Errorf("%s: the move is %+v", c.name, e.Move)
		}
	}
}

func TestPostponedEndsOfLevels(t *testing.T) {
	end := jan31.End(time.UTC)
	sent := func(day calendar.Date, until time.Time, withdrawn bool) loyalty.Notice {
		return loyalty.Notice{
			What: loyalty.OfFall, Subject: TierNotice(loyalty.Standing{Level: "gold", Until: until}),
			At: day.Start(time.UTC), Withdrawn: withdrawn,
		}
	}
	before := end.AddDate(0, 0, -30)
	for _, c := range []struct {
		name    string
		notices []loyalty.Notice
		times   int
		want    bool
	}{
		{"without a notice", nil, 0, true},
		{"with a notice", []loyalty.Notice{sent(2027_01_02, end, false)}, 0, false},
		{"with a late notice", []loyalty.Notice{sent(2027_01_03, end, false)}, 0, true},
		{"a second time", nil, 1, true},
		{"a second time after a failed notice", []loyalty.Notice{sent(2027_01_02, end, true)}, 1, false},
		{
			"a second time after a failed notice of the original end",
			[]loyalty.Notice{sent(2026_12_01, before, true)},
			1, false,
		},
		{"a third time", nil, 2, false},
	} {
		p, acc := promising()
		acc.Notices = c.notices
		acc.Tier = loyalty.Standing{Level: "gold", Until: end, Ended: before, Extensions: c.times}
		if got := PostponesFall(&p.Messaging, p.Zone, acc, end); got != c.want {
			t.Errorf("%s: postponed %t", c.name, got)
		}
		p.AdvanceNotice.Period = calendar.Period{}
		if PostponesFall(&p.Messaging, p.Zone, acc, end) {
			t.Errorf("%s: postponed without a promise", c.name)
		}
	}
}

func TestNoticesThatAnAccountShows(t *testing.T) {
	p, acc := promising()
	p.Tiers.Grace = calendar.Period{Days: 1}
	if got := AccountNotices(&p.Tiers, p.Zone, acc); len(got) != 0 {
		t.Errorf("without postponements it shows %+v", got)
	}
	ended, until := loyaltytest.Noon, loyaltytest.Noon.AddDate(0, 1, 0)
	acc.Extended = []loyalty.Extended{{Lot: jan31, From: 2026_12_31, Times: 1, Points: 4}}
	acc.Tier = loyalty.Standing{Level: "gold", Until: until, Ended: ended, Extensions: 1}
	want := []AccountNotice{
		{
			What: loyalty.OfExpiry, NoticedAt: calendar.Date(2026_12_31).End(time.UTC), Expires: jan31.End(time.UTC),
			Points: 4,
		},
		{What: loyalty.OfFall, NoticedAt: ended.AddDate(0, 0, 1), Expires: until.AddDate(0, 0, 1), Level: "gold"},
	}
	if got := AccountNotices(&p.Tiers, p.Zone, acc); !slices.Equal(got, want) {
		t.Errorf("it shows %+v", got)
	}
}
