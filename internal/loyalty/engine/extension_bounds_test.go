package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// The first postponement needs no channel. Later ones require that a notice can be sent and was not returned.
func TestWhetherAFallIsPostponed(t *testing.T) {
	ended := noon.AddDate(0, -1, 0)
	for _, c := range []struct {
		name    string
		times   int
		notices []loyalty.Notice
		channel bool
		period  calendar.Period
		want    bool
	}{
		{"without a notice", 0, nil, true, calendar.Period{Days: 30}, true},
		{"without a notice and without a channel", 0, nil, false, calendar.Period{Days: 30}, true},
		{"without the promise", 0, nil, true, calendar.Period{}, false},
		{"again", 1, nil, true, calendar.Period{Days: 30}, true},
		{"again without a channel", 1, nil, false, calendar.Period{Days: 30}, false},
		{"more often than the program allows", 2, nil, true, calendar.Period{Days: 30}, false},
		{
			"with a notice", 0,
			[]loyalty.Notice{{What: loyalty.OfFall, Subject: "", At: noon.AddDate(0, 0, -40), Withdrawn: false}},
			true,
			calendar.Period{Days: 30},
			false,
		},
		{
			"with a notice on the last day", 0,
			[]loyalty.Notice{{What: loyalty.OfFall, Subject: "", At: noon.AddDate(0, 0, -30), Withdrawn: false}},
			true,
			calendar.Period{Days: 30},
			false,
		},
		{
			"with a notice a day late", 0,
			[]loyalty.Notice{{What: loyalty.OfFall, Subject: "", At: noon.AddDate(0, 0, -29), Withdrawn: false}},
			true,
			calendar.Period{Days: 30},
			true,
		},
		{
			"with a notice that was returned", 0,
			[]loyalty.Notice{{What: loyalty.OfFall, Subject: "", At: noon.AddDate(0, 0, -40), Withdrawn: true}},
			true,
			calendar.Period{Days: 30},
			true,
		},
		{
			"again with a notice that was returned", 1,
			[]loyalty.Notice{{What: loyalty.OfFall, Subject: "", At: noon.AddDate(0, 0, -40), Withdrawn: true}},
			true,
			calendar.Period{Days: 30},
			false,
		},
		{
			"again after a notice of the first end was returned", 1,
			[]loyalty.Notice{{What: loyalty.OfFall, Subject: "ended", At: noon.AddDate(0, 0, -70), Withdrawn: true}},
			true,
			calendar.Period{Days: 30},
			false,
		},
	} {
		p := bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear = true, 2 })
		p.AdvanceNotice = loyalty.AdvanceNotice{Period: c.period, MaxExtensions: 2}
		p.Reminders = loyalty.Reminders{Messages: []loyalty.Reminder{{
			On: loyalty.BeforeTier, Leads: []calendar.Period{{Days: 30}}, Channels: []loyalty.Channel{loyalty.Email},
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
		if got := posting.PostponesFall(&p.Messaging, p.Zone, acc, noon); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// An amount that a refund states for a part of the order counts for that part. The rest is for the other parts, in
// proportion.
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
	wait := calendar.Wait{Until: calendar.WhenDelivered, Within: calendar.Period{Days: 10}}
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
			p.Earn.Pending = calendar.Wait{}
			p.Earn.Rules = []loyalty.Rule{{ID: "r", Give: loyalty.Fixed{Points: 5}, Life: loyalty.Life{Pending: &wait}}}
		})
		o := paid("EUR", loyalty.Line{Amount: 10_00})
		o.Delivered = c.delivered
		out, err := award.PlaceOrder(Begin(p, joined(t, p, noon), c.now), nil, EarnRules(p), o, nil)
		if err != nil || out.Entries[0].Order.Worth != c.want {
			t.Errorf(
				"delivered at %s, reported at %s: %+v, %v; want %d points", c.delivered, c.now, out.Entries, err,
				c.want,
			)
		}
	}
}
