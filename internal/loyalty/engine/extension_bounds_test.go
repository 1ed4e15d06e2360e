package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

func TestPostponedPointsOfALot(t *testing.T) {
	lot := loyalty.Date(20270131)
	x := func(lot, from loyalty.Date, n loyalty.Points, times int) loyalty.Extended {
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
		if got := posting.ExtensionsOf(acc, c.lot); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if got := posting.PassedOn(acc, c.lot); !slices.Equal(got, c.passed) {
			t.Errorf("%s: passed on %+v, want %+v", c.name, got, c.passed)
		}
	}
}

func TestPostponedPointsThatAnAccountRemembers(t *testing.T) {
	x := func(lot, from loyalty.Date, n loyalty.Points, times int) loyalty.Extended {
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
		if got := posting.AddExtended(all, c.add, noon); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	var full []loyalty.Extended
	for i := range posting.MaxExtended + 1 {
		full = posting.AddExtended(full, x(20270131, 20261231, 1, i+1), noon)
	}
	if len(full) != posting.MaxExtended || full[0].Times != 2 {
		t.Errorf("it remembers %d, from %+v on", len(full), full[0])
	}
}

// The first postponement needs no channel. Later ones require that a notice can be sent and was not returned.
func TestWhetherAFallIsPostponed(t *testing.T) {
	ended := noon.AddDate(0, -1, 0)
	for _, c := range []struct {
		name    string
		times   int
		notices []loyalty.Notice
		channel bool
		period  loyalty.Period
		want    bool
	}{
		{"without a notice", 0, nil, true, loyalty.Period{Days: 30}, true},
		{"without a notice and without a channel", 0, nil, false, loyalty.Period{Days: 30}, true},
		{"without the promise", 0, nil, true, loyalty.Period{}, false},
		{"again", 1, nil, true, loyalty.Period{Days: 30}, true},
		{"again without a channel", 1, nil, false, loyalty.Period{Days: 30}, false},
		{"more often than the program allows", 2, nil, true, loyalty.Period{Days: 30}, false},
		{
			"with a notice", 0,
			[]loyalty.Notice{{What: loyalty.OfFall, Subject: "", At: noon.AddDate(0, 0, -40), Withdrawn: false}},
			true,
			loyalty.Period{Days: 30},
			false,
		},
		{
			"with a notice on the last day", 0,
			[]loyalty.Notice{{What: loyalty.OfFall, Subject: "", At: noon.AddDate(0, 0, -30), Withdrawn: false}},
			true,
			loyalty.Period{Days: 30},
			false,
		},
		{
			"with a notice a day late", 0,
			[]loyalty.Notice{{What: loyalty.OfFall, Subject: "", At: noon.AddDate(0, 0, -29), Withdrawn: false}},
			true,
			loyalty.Period{Days: 30},
			true,
		},
		{
			"with a notice that was returned", 0,
			[]loyalty.Notice{{What: loyalty.OfFall, Subject: "", At: noon.AddDate(0, 0, -40), Withdrawn: true}},
			true,
			loyalty.Period{Days: 30},
			true,
		},
		{
			"again with a notice that was returned", 1,
			[]loyalty.Notice{{What: loyalty.OfFall, Subject: "", At: noon.AddDate(0, 0, -40), Withdrawn: true}},
			true,
			loyalty.Period{Days: 30},
			false,
		},
		{
			"again after a notice of the first end was returned", 1,
			[]loyalty.Notice{{What: loyalty.OfFall, Subject: "ended", At: noon.AddDate(0, 0, -70), Withdrawn: true}},
			true,
			loyalty.Period{Days: 30},
			false,
		},
	} {
		p := bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear = true, 2 })
		p.AdvanceNotice = loyalty.AdvanceNotice{Period: c.period, MaxExtensions: 2}
		p.Reminders = loyalty.Reminders{Messages: []loyalty.Reminder{{
			On: loyalty.BeforeTier, Leads: []loyalty.Period{{Days: 30}}, Channels: []loyalty.Channel{loyalty.Email},
			Purpose: loyalty.Transactional,
		}}}
		acc := joined(t, p, noon.AddDate(-1, 0, 0))
		acc.Tier = loyalty.Standing{
			Level: "silver", Since: noon.AddDate(-1, 0, 0), Until: noon, Ended: ended, Extensions: c.times,
		}
		if c.channel {
			acc.Traits.Channels = []loyalty.ChannelUse{{Channel: loyalty.Email, Purpose: loyalty.Transactional}}
		}
		for _, n := range c.notices {
			subject := acc.Tier
			if n.Subject == "ended" {
				subject = loyalty.Standing{Level: "silver", Until: ended}
			}
			n.Subject = posting.TierNotice(subject)
			acc.Notices = append(acc.Notices, n)
		}
		if got := posting.PostponesFall(p, acc, noon); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// The points that a level protects are those of lots without an expiry since it was reached, if they would expire by
// inactivity by their own terms.
func TestPointsThatALevelProtects(t *testing.T) {
	reached := func(to loyalty.Date, n loyalty.Points) loyalty.Entry {
		return loyalty.Entry{
			Kind: loyalty.KindMoveTier, Slides: to,
			Postings: []loyalty.Posting{{Bucket: loyalty.BucketActive, Points: n}},
		}
	}
	earned := func(expires loyalty.Date, postings ...loyalty.Posting) loyalty.Entry {
		return loyalty.Entry{
			Kind: loyalty.KindEarn, Postings: postings,
			Order: &loyalty.OrderState{Grants: []loyalty.Grant{{Expires: expires}}},
		}
	}
	active := func(lot loyalty.Date, n loyalty.Points) loyalty.Posting {
		return loyalty.Posting{Bucket: loyalty.BucketActive, Lot: lot, Points: n}
	}
	wallet := loyalty.Posting{Wallet: "miles", Bucket: loyalty.BucketActive, Points: 1000}
	sliding := loyalty.Slides + loyalty.Date(20270131)
	event := earned(sliding, active(0, 7))
	event.Order, event.Event = nil, &loyalty.EventState{Grants: event.Order.Grants}
	bonus := loyalty.Entry{
		Postings: []loyalty.Posting{active(0, 5)}, Reached: &loyalty.Reached{Grant: loyalty.Grant{Expires: sliding}},
	}
	pending := loyalty.Entry{
		Postings: []loyalty.Posting{active(0, 3), {Bucket: loyalty.BucketPending, Lot: sliding, Points: -3}},
	}
	group := reached(20270131, 9)
	group.TierGroup = "partner"
	for _, c := range []struct {
		name    string
		entries []loyalty.Entry
		n       loyalty.Points
		found   bool
	}{
		{"nothing", []loyalty.Entry{earned(sliding, active(0, 10))}, 0, false},
		{"the points of that instant", []loyalty.Entry{reached(posting.Forever, 50)}, 50, true},
		{
			"points that came later",
			[]loyalty.Entry{
				reached(posting.Forever, 50), earned(sliding, active(0, 10), active(20270131, 99), wallet), event,
				bonus, pending,
			},
			75, true,
		},
		{
			"points that never expire",
			[]loyalty.Entry{
				reached(posting.Forever, 50), earned(0, active(0, 10)), {Postings: []loyalty.Posting{active(0, 9)}},
			},
			50, true,
		},
		{
			"points that were spent",
			[]loyalty.Entry{reached(posting.Forever, 50), earned(sliding, active(0, -60))},
			0, true,
		},
		{
			"a level without that protection",
			[]loyalty.Entry{reached(posting.Forever, 50), reached(sliding, 0)},
			0,
			false,
		},
		{
			"a level reached again",
			[]loyalty.Entry{
				reached(posting.Forever, 50), reached(sliding, 0), earned(sliding, active(0, 10)),
				reached(posting.Forever, 20),
			},
			20, true,
		},
		{"a level of a tier group", []loyalty.Entry{reached(posting.Forever, 50), group}, 50, true},
		{"a level that moves nothing", []loyalty.Entry{reached(posting.Forever, 50), reached(0, 9)}, 50, true},
	} {
		if n, found := (tier.History{Entries: c.entries}).Protected(); n != c.n || found != c.found {
			t.Errorf("%s: %d, found %t; want %d, %t", c.name, n, found, c.n, c.found)
		}
	}
}

// What refunds state is for a part of the order counts for it. The rest is for the other parts, in proportion.
func TestPartsThatWereRefunded(t *testing.T) {
	refund := func(amount int64, edit func(*loyalty.Refund)) loyalty.Refund {
		r := back(fmt.Sprint(amount), amount)
		edit(&r)
		return r
	}
	all := func(*loyalty.Refund) {}
	line := func(r *loyalty.Refund) { r.Lines = []loyalty.RefundLine{{ID: "1", Quantity: 1, Amount: 40_00}} }
	for _, c := range []struct {
		name                 string
		refunds              []loyalty.Refund
		disputes             []loyalty.Dispute
		goods, shipping, tax string
	}{
		{"nothing", nil, nil, "0", "0", "0"},
		{"a tenth of everything", []loyalty.Refund{refund(13_00, all)}, nil, "1000", "100", "200"},
		{"everything", []loyalty.Refund{refund(130_00, all)}, nil, "10000", "1000", "2000"},
		{
			"a dispute", nil,
			[]loyalty.Dispute{{ID: "d", Status: loyalty.DisputeLost, Amount: 13_00}},
			"1000", "100",
			"200",
		},
		{
			"a dispute that was won", nil,
			[]loyalty.Dispute{{ID: "d", Status: loyalty.DisputeWon, Amount: 13_00}},
			"0", "0", "0",
		},
		{
			"shipping",
			[]loyalty.Refund{refund(10_00, func(r *loyalty.Refund) { r.Shipping = 10_00 })},
			nil, "0",
			"1000", "0",
		},
		{
			"shipping and more",
			[]loyalty.Refund{refund(15_00, func(r *loyalty.Refund) { r.Shipping = 10_00 })},
			nil,
			"500", "1000", "0",
		},
		{"goods", []loyalty.Refund{refund(15_00, func(r *loyalty.Refund) { r.Goods = 15_00 })}, nil, "1500", "0", "0"},
		{
			"more goods than there are",
			[]loyalty.Refund{refund(115_00, func(r *loyalty.Refund) { r.Goods = 115_00 })},
			nil, "10000", "500",
			"1000",
		},
		{"a line", []loyalty.Refund{refund(40_00, line)}, nil, "0", "0", "0"},
		{"a line and more", []loyalty.Refund{refund(43_00, line)}, nil, "0", "100", "200"},
		{"a line and much more", []loyalty.Refund{refund(80_00, line)}, nil, "1000", "1000", "2000"},
		{"a line and everything", []loyalty.Refund{refund(130_00, line)}, nil, "6000", "1000", "2000"},
		{
			"a line, then a tenth of the rest",
			[]loyalty.Refund{refund(40_00, line), refund(9_00, all)},
			nil, "600",
			"100", "200",
		},
	} {
		o := bought("EUR", loyalty.Line{Amount: 40_00}, loyalty.Line{Amount: 60_00})
		o.Shipping, o.Tax, o.Refunds, o.Disputes = 10_00, 20_00, c.refunds, c.disputes
		r := earn.RefundedAmounts(o)
		if r.Goods.String() != c.goods || r.Shipping.String() != c.shipping || r.Tax.String() != c.tax {
			t.Errorf(
				"%s: %s goods, %s shipping, %s tax; want %s, %s, %s", c.name, r.Goods, r.Shipping, r.Tax, c.goods,
				c.shipping, c.tax,
			)
		}
	}
}

// Points of a rule that waits for the delivery are forfeited if the delivery is late. Those of the base rate are not.
func TestRuleWhosePointsAreForfeited(t *testing.T) {
	wait := loyalty.Wait{Until: loyalty.WhenDelivered, Within: loyalty.Period{Days: 10}}
	limit := noon.AddDate(0, 0, 10)
	for _, c := range []struct {
		delivered, now time.Time
		want           loyalty.Points
	}{
		{time.Time{}, limit.Add(-1), 15},
		{time.Time{}, limit, 10},
		{limit, limit.Add(time.Hour), 15},
		{limit.Add(time.Millisecond), limit.Add(time.Hour), 10},
	} {
		p := made(t, func(p *loyalty.Program) {
			p.Earn.Pending = loyalty.Wait{}
			p.Earn.Rules = []loyalty.Rule{{ID: "r", Give: loyalty.Fixed{Points: 5}, Life: loyalty.Life{Pending: &wait}}}
		})
		o := paid("EUR", loyalty.Line{Amount: 10_00})
		o.Delivered = c.delivered
		out, err := award.PlaceOrder(p, joined(t, p, noon), nil, p, o, nil, c.now)
		if err != nil || out.Entries[0].Order.Worth != c.want {
			t.Errorf(
				"delivered at %s, reported at %s: %+v, %v; want %d points", c.delivered, c.now, out.Entries, err,
				c.want,
			)
		}
	}
}
