package loyalty

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestPostponedPointsOfALot(t *testing.T) {
	lot := Date(20270131)
	x := func(lot, from Date, n Points, times int) Extended {
		return Extended{Lot: lot, From: from, Points: n, Times: times}
	}
	for _, c := range []struct {
		name     string
		extended []Extended
		lot      Lot
		want     []Extended
		passed   []Extended // to another member
	}{
		{"none", nil, Lot{lot, 10}, []Extended{x(lot, lot, 10, 0)}, nil},
		{"none of an empty lot", nil, Lot{lot, 0}, nil, nil},
		{
			"some", []Extended{x(lot, 20261231, 4, 1)}, Lot{lot, 10},
			[]Extended{x(lot, 20261231, 4, 1), x(lot, lot, 6, 0)}, []Extended{x(lot, 20261231, 4, 1)},
		},
		{
			"all", []Extended{x(lot, 20261231, 10, 1)}, Lot{lot, 10},
			[]Extended{x(lot, 20261231, 10, 1)}, []Extended{x(lot, 20261231, 10, 1)},
		},
		{
			"those of another lot", []Extended{x(20270228, 20261231, 4, 1)}, Lot{lot, 10}, []Extended{x(lot, lot, 10, 0)}, nil,
		},
		{
			"more than the lot has", []Extended{x(lot, 20261130, 7, 2), x(lot, 20261231, 7, 1)}, Lot{lot, 10},
			[]Extended{x(lot, 20261130, 3, 2), x(lot, 20261231, 7, 1)},
			[]Extended{x(lot, 20261231, 7, 1), x(lot, 20261130, 3, 2)},
		},
		{
			"none is left for the first", []Extended{x(lot, 20261130, 7, 2), x(lot, 20261231, 10, 1)}, Lot{lot, 10},
			[]Extended{x(lot, 20261231, 10, 1)}, []Extended{x(lot, 20261231, 10, 1)},
		},
	} {
		acc := Account{Extended: c.extended}
		if got := acc.extensionsOf(c.lot); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if got := acc.passedOn(c.lot); !slices.Equal(got, c.passed) {
			t.Errorf("%s: passed on %+v, want %+v", c.name, got, c.passed)
		}
	}
}

func TestPostponedPointsThatAnAccountRemembers(t *testing.T) {
	x := func(lot, from Date, n Points, times int) Extended {
		return Extended{Lot: lot, From: from, Points: n, Times: times}
	}
	all := []Extended{x(20261129, 20261101, 1, 1), x(20261130, 20261101, 2, 1), x(20270131, 20261231, 3, 1)}
	for _, c := range []struct {
		name string
		add  Extended
		want []Extended
	}{
		{"of another lot", x(20270228, 20270131, 4, 1), append(slices.Clip(all[1:]), x(20270228, 20270131, 4, 1))},
		{"of the same lot", x(20270131, 20270101, 4, 1), []Extended{all[1], x(20270131, 20261231, 7, 1)}},
		{"of the first lot", x(20261130, 20261001, 4, 1), []Extended{x(20261130, 20261001, 6, 1), all[2]}},
		{"postponed another time", x(20270131, 20270101, 4, 2), append(slices.Clip(all[1:]), x(20270131, 20270101, 4, 2))},
	} {
		if got := addExtended(all, c.add, noon); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	var full []Extended
	for i := range maxExtended + 1 {
		full = addExtended(full, x(20270131, 20261231, 1, i+1), noon)
	}
	if len(full) != maxExtended || full[0].Times != 2 {
		t.Errorf("it remembers %d, from %+v on", len(full), full[0])
	}
}

// The first postponement needs no channel. Later ones require that a notice can be sent and was not returned.
func TestWhetherAFallIsPostponed(t *testing.T) {
	ended := noon.AddDate(0, -1, 0)
	for _, c := range []struct {
		name    string
		times   int
		notices []Notice
		channel bool
		period  Period
		want    bool
	}{
		{"without a notice", 0, nil, true, Period{Days: 30}, true},
		{"without a notice and without a channel", 0, nil, false, Period{Days: 30}, true},
		{"without the promise", 0, nil, true, Period{}, false},
		{"again", 1, nil, true, Period{Days: 30}, true},
		{"again without a channel", 1, nil, false, Period{Days: 30}, false},
		{"more often than the program allows", 2, nil, true, Period{Days: 30}, false},
		{"with a notice", 0, []Notice{{OfFall, "", noon.AddDate(0, 0, -40), false}}, true, Period{Days: 30}, false},
		{"with a notice on the last day", 0, []Notice{{OfFall, "", noon.AddDate(0, 0, -30), false}}, true, Period{Days: 30}, false},
		{"with a notice a day late", 0, []Notice{{OfFall, "", noon.AddDate(0, 0, -29), false}}, true, Period{Days: 30}, true},
		{"with a notice that was returned", 0, []Notice{{OfFall, "", noon.AddDate(0, 0, -40), true}}, true, Period{Days: 30}, true},
		{"again with a notice that was returned", 1, []Notice{{OfFall, "", noon.AddDate(0, 0, -40), true}}, true, Period{Days: 30}, false},
		{"again after a notice of the first end was returned", 1, []Notice{{OfFall, "ended", noon.AddDate(0, 0, -70), true}}, true, Period{Days: 30}, false},
	} {
		p := bySpend(t, func(t *Tiers) { t.Calendar, t.KeepYear = true, 2 })
		p.AdvanceNotice = AdvanceNotice{c.period, 2}
		p.Reminders = Reminders{Messages: []Reminder{{
			On: BeforeTier, Leads: []Period{{Days: 30}}, Channels: []Channel{Email}, Purpose: Transactional,
		}}}
		acc := joined(t, p, noon.AddDate(-1, 0, 0))
		acc.Tier = Standing{Level: "silver", Since: noon.AddDate(-1, 0, 0), Until: noon, Ended: ended, Extensions: c.times}
		if c.channel {
			acc.Traits.Channels = []ChannelUse{{Email, Transactional}}
		}
		for _, n := range c.notices {
			subject := acc.Tier
			if n.Subject == "ended" {
				subject = Standing{Level: "silver", Until: ended}
			}
			n.Subject = TierNotice(subject)
			acc.Notices = append(acc.Notices, n)
		}
		if got := p.postponesFall(acc, noon); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// The points that a level protects are those of lots without an expiry since it was reached, if they would expire by
// inactivity by their own terms.
func TestPointsThatALevelProtects(t *testing.T) {
	reached := func(to Date, n Points) Entry {
		return Entry{Kind: KindMoveTier, Slides: to, Postings: []Posting{{Bucket: BucketActive, Points: n}}}
	}
	earned := func(expires Date, postings ...Posting) Entry {
		return Entry{Kind: KindEarn, Postings: postings, Order: &OrderState{Grants: []Grant{{Expires: expires}}}}
	}
	active := func(lot Date, n Points) Posting { return Posting{Bucket: BucketActive, Lot: lot, Points: n} }
	wallet := Posting{Wallet: "miles", Bucket: BucketActive, Points: 1000}
	sliding := slides + Date(20270131)
	event := earned(sliding, active(0, 7))
	event.Order, event.Event = nil, &EventState{Grants: event.Order.Grants}
	bonus := Entry{Postings: []Posting{active(0, 5)}, Reached: &Reached{Grant: Grant{Expires: sliding}}}
	pending := Entry{Postings: []Posting{active(0, 3), {Bucket: BucketPending, Lot: sliding, Points: -3}}}
	group := reached(20270131, 9)
	group.TierGroup = "partner"
	for _, c := range []struct {
		name    string
		entries []Entry
		n       Points
		found   bool
	}{
		{"nothing", []Entry{earned(sliding, active(0, 10))}, 0, false},
		{"the points of that instant", []Entry{reached(forever, 50)}, 50, true},
		{"points that came later", []Entry{reached(forever, 50), earned(sliding, active(0, 10), active(20270131, 99), wallet), event, bonus, pending}, 75, true},
		{"points that never expire", []Entry{reached(forever, 50), earned(0, active(0, 10)), {Postings: []Posting{active(0, 9)}}}, 50, true},
		{"points that were spent", []Entry{reached(forever, 50), earned(sliding, active(0, -60))}, 0, true},
		{"a level without that protection", []Entry{reached(forever, 50), reached(sliding, 0)}, 0, false},
		{"a level reached again", []Entry{reached(forever, 50), reached(sliding, 0), earned(sliding, active(0, 10)), reached(forever, 20)}, 20, true},
		{"a level of a tier group", []Entry{reached(forever, 50), group}, 50, true},
		{"a level that moves nothing", []Entry{reached(forever, 50), reached(0, 9)}, 50, true},
	} {
		if n, found := (History{Entries: c.entries}).protected(); n != c.n || found != c.found {
			t.Errorf("%s: %d, found %t; want %d, %t", c.name, n, found, c.n, c.found)
		}
	}
}

// What refunds state is for a part of the order counts for it. The rest is for the other parts, in proportion.
func TestPartsThatWereRefunded(t *testing.T) {
	refund := func(amount int64, edit func(*Refund)) Refund {
		r := back(fmt.Sprint(amount), amount)
		edit(&r)
		return r
	}
	all := func(*Refund) {}
	line := func(r *Refund) { r.Lines = []RefundLine{{"1", 1, 40_00}} }
	for _, c := range []struct {
		name                 string
		refunds              []Refund
		disputes             []Dispute
		goods, shipping, tax string
	}{
		{"nothing", nil, nil, "0", "0", "0"},
		{"a tenth of everything", []Refund{refund(13_00, all)}, nil, "1000", "100", "200"},
		{"everything", []Refund{refund(130_00, all)}, nil, "10000", "1000", "2000"},
		{"a dispute", nil, []Dispute{{ID: "d", Status: DisputeLost, Amount: 13_00}}, "1000", "100", "200"},
		{"a dispute that was won", nil, []Dispute{{ID: "d", Status: DisputeWon, Amount: 13_00}}, "0", "0", "0"},
		{"shipping", []Refund{refund(10_00, func(r *Refund) { r.Shipping = 10_00 })}, nil, "0", "1000", "0"},
		{"shipping and more", []Refund{refund(15_00, func(r *Refund) { r.Shipping = 10_00 })}, nil, "500", "1000", "0"},
		{"goods", []Refund{refund(15_00, func(r *Refund) { r.Goods = 15_00 })}, nil, "1500", "0", "0"},
		{"more goods than there are", []Refund{refund(115_00, func(r *Refund) { r.Goods = 115_00 })}, nil, "10000", "500", "1000"},
		{"a line", []Refund{refund(40_00, line)}, nil, "0", "0", "0"},
		{"a line and more", []Refund{refund(43_00, line)}, nil, "0", "100", "200"},
		{"a line and much more", []Refund{refund(80_00, line)}, nil, "1000", "1000", "2000"},
		{"a line and everything", []Refund{refund(130_00, line)}, nil, "6000", "1000", "2000"},
		{"a line, then a tenth of the rest", []Refund{refund(40_00, line), refund(9_00, all)}, nil, "600", "100", "200"},
	} {
		o := bought("EUR", Line{Amount: 40_00}, Line{Amount: 60_00})
		o.Shipping, o.Tax, o.Refunds, o.Disputes = 10_00, 20_00, c.refunds, c.disputes
		r := o.refunded()
		if r.goods.String() != c.goods || r.shipping.String() != c.shipping || r.tax.String() != c.tax {
			t.Errorf("%s: %s goods, %s shipping, %s tax; want %s, %s, %s", c.name, r.goods, r.shipping, r.tax, c.goods, c.shipping, c.tax)
		}
	}
}

// Points of a rule that waits for the delivery are forfeited if the delivery is late. Those of the base rate are not.
func TestRuleWhosePointsAreForfeited(t *testing.T) {
	wait := Wait{Until: WhenDelivered, Within: Period{Days: 10}}
	limit := noon.AddDate(0, 0, 10)
	for _, c := range []struct {
		delivered, now time.Time
		want           Points
	}{
		{time.Time{}, limit.Add(-1), 15},
		{time.Time{}, limit, 10},
		{limit, limit.Add(time.Hour), 15},
		{limit.Add(time.Millisecond), limit.Add(time.Hour), 10},
	} {
		p := made(t, func(p *Program) {
			p.Earn.Pending = Wait{}
			p.Earn.Rules = []Rule{{ID: "r", Give: Fixed{5}, Life: Life{Pending: &wait}}}
		})
		o := paid("EUR", Line{Amount: 10_00})
		o.Delivered = c.delivered
		out, err := p.PlaceOrder(joined(t, p, noon), nil, p, o, nil, c.now)
		if err != nil || out.Entries[0].Order.Worth != c.want {
			t.Errorf("delivered at %s, reported at %s: %+v, %v; want %d points", c.delivered, c.now, out.Entries, err, c.want)
		}
	}
}
