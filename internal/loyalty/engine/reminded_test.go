package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
)

// A message that bounces for a temporary reason, such as a full mailbox or an automatic reply, is not sent again at the
// same step.
func TestTemporaryBounceIsNotRepeatedAtTheSameStep(t *testing.T) {
	p, acc, now := reminding(t, lapseSteps), whoHas(
		loyalty.Lot{Expires: 20270331, Points: 200},
	), utc("2027-03-02T10:00")
	s := remind.Reminded{}.RecordSent(
		&p.Compiled, p.Zone, acc, remind.Remind(
			RemindRules(p), acc, anybody, remind.Reminded{}, now,
		).Send[0], "msg", now,
	)
	s, _, _ = s.Hear("msg", "failed", true, true)
	s, _, _ = s.Hear("msg", "opened", false, true)
	for d := range 22 {
		if plan := remind.Remind(RemindRules(p), acc, anybody, s, now.AddDate(0, 0, d)); len(plan.Send) > 0 {
			t.Errorf("%d days later: %+v", d, plan.Send)
		}
	}
	if at := s.Noticed(20270331); !at.IsZero() {
		t.Errorf("noticed at %s", at)
	}
	if plan := remind.Remind(RemindRules(p), acc, anybody, s, utc("2027-03-25T10:00")); len(plan.Send) != 1 ||
		plan.Send[0].Step != 1 {
		t.Errorf("the next step: %+v", plan.Send)
	}
}

func TestAnOrderCountsOnceItIsPaidAndForAsLongAsSomethingOfItRemains(t *testing.T) {
	p := reminding(t,
		loyalty.Reminder{
			ID: "survey", On: loyalty.AfterOrder, Leads: []calendar.Period{{Days: 3}},
			Channels: []loyalty.Channel{loyalty.Email}, Purpose: loyalty.Marketing,
		},
		loyalty.Reminder{
			ID: "held", On: loyalty.BeforeHold, Leads: []calendar.Period{{Days: 2}},
			Channels: []loyalty.Channel{loyalty.Email}, Purpose: loyalty.Transactional,
		})
	first := utc("2027-03-01T10:00")
	line := []loyalty.Line{{ID: "1", Quantity: 1, Amount: 5000}}
	placed, paid := loyalty.Order{
		ID: "1", Status: loyalty.OrderPlaced, Lines: line, Shipping: 490,
	}, loyalty.Order{ID: "1", Status: loyalty.OrderPaid, Lines: line, Shipping: 490}
	cancelled, back, contested := paid, paid, paid
	cancelled.Status = loyalty.OrderCanceled
	back.Refunds = []loyalty.Refund{{ID: "r", Status: loyalty.RefundSucceeded, Amount: 5000}}
	contested.Disputes = []loyalty.Dispute{{ID: "d", Amount: 5490}}
	part := paid
	part.Refunds = []loyalty.Refund{{ID: "r", Status: loyalty.RefundSucceeded, Amount: 4999}}
	for name, c := range map[string]struct {
		orders []loyalty.Order
		want   bool
	}{
		"paid at once":           {[]loyalty.Order{paid}, true},
		"paid later":             {[]loyalty.Order{placed, paid}, true},
		"paid and sent again":    {[]loyalty.Order{placed, paid, part}, true},
		"placed":                 {[]loyalty.Order{placed}, false},
		"placed and canceled":    {[]loyalty.Order{placed, cancelled}, false},
		"canceled":               {[]loyalty.Order{paid, cancelled}, false},
		"refunded, but shipping": {[]loyalty.Order{paid, back}, false},
		"refunded in part":       {[]loyalty.Order{paid, part}, true},
		"contested":              {[]loyalty.Order{placed, paid, contested}, false},
	} {
		var entries []loyalty.Entry
		for i, o := range c.orders {
			o.PlacedAt = first
			entries = append(entries, loyalty.Entry{
				Sequence: int64(i + 1), Kind: loyalty.KindEarn,
				Cause:     loyalty.Cause{Kind: loyalty.CauseOrder, ID: "1", Revision: i + 1},
				Effective: first.Add(time.Duration(i) * time.Minute),
				Detail:    loyalty.Detail{Subject: loyalty.Subject{Order: &loyalty.OrderState{Order: o}}},
			})
		}
		s := remind.Reminded{Ignored: 2}.Digest(
			&p.Compiled, &p.Reminders, p.Zone, whoHas(loyalty.Lot{Expires: 0, Points: 5}), entries,
			first.Add(time.Hour),
		)
		surveys := remind.Remind(
			RemindRules(p), whoHas(loyalty.Lot{Expires: 0, Points: 5}), anybody, s, utc("2027-03-05T12:00"),
		).Send
		if (len(surveys) == 1) != c.want {
			t.Errorf("%s: %+v", name, surveys)
		}
		if bought := c.orders[0].Status == loyalty.OrderPaid ||
			len(c.orders) > 1 && c.orders[1].Status == loyalty.OrderPaid; (s.Ignored == 0) != bought {
			t.Errorf("%s: %d are ignored", name, s.Ignored)
		}
	}
	reserved := loyalty.Entry{
		Sequence: 1, Kind: loyalty.KindReserve, Effective: first,
		Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &loyalty.Redemption{ID: "rd_1"}}},
	}
	if s := (remind.Reminded{Ignored: 2}).Digest(
		&p.Compiled, &p.Reminders, p.Zone, whoHas(), []loyalty.Entry{reserved}, first,
	); s.Ignored != 2 ||
		!s.Redeemed.IsZero() {
		t.Errorf("what is only reserved counts as redeemed: %+v", s)
	}
}

func TestWhatIsAnsweredIsSettledOnceAndEndsTheRow(t *testing.T) {
	p, acc := reminding(t, lapseSteps), whoHas()
	n := remind.News{
		Reminder: "x", Purpose: loyalty.Marketing, Channel: loyalty.Email, Subjects: []remind.Subject{{ID: "s"}},
	}
	at := utc("2027-03-01T10:00")
	s := remind.Reminded{Ignored: 3, Seen: 1}.RecordSent(&p.Compiled, p.Zone, acc, n, "a", at).RecordSent(
		&p.Compiled, p.Zone, acc, n, "b", at.AddDate(0, 0, 10),
	)
	entry := loyalty.Entry{
		Sequence: 2, Kind: loyalty.KindRedeem, Effective: at.AddDate(0, 0, 3),
		Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &loyalty.Redemption{ID: "rd"}}},
	}
	s = s.Digest(&p.Compiled, &p.Reminders, p.Zone, acc, []loyalty.Entry{entry, {Sequence: 4}}, at.AddDate(0, 0, 20))
	if s.Seen != 2 || s.Ignored != 0 {
		t.Errorf("seen %d, ignored %d", s.Seen, s.Ignored)
	}
	s, ended := s.Settle(&p.Compiled, &p.Reminders, p.Zone, acc, at.AddDate(0, 0, 20))
	if !slices.Equal(
		ended, []remind.Settled{{Reminder: "x", Held: false, Acted: true}, {Reminder: "x", Held: false, Acted: false}},
	) || s.Ignored != 1 || len(s.Open) != 0 {
		t.Errorf("%v, ignored %d, open %v", ended, s.Ignored, s.Open)
	}
}

func TestAReminderOfAnUnspentBalanceCountsFromWhenThereWasEnough(t *testing.T) {
	r := loyalty.Reminder{
		ID: "idle", On: loyalty.AfterIdle, Leads: []calendar.Period{{Days: 60}, {Days: 90}}, MinPoints: 100,
		Channels: []loyalty.Channel{loyalty.Email}, Purpose: loyalty.Marketing,
	}
	p, acc := reminding(t, r), whoHas(loyalty.Lot{Expires: 0, Points: 120})
	at := func(day int) time.Time { return utc("2026-03-01T12:00").AddDate(0, 0, day) }
	entries := []loyalty.Entry{
		{
			Sequence: 1, Kind: loyalty.KindEarn, Effective: at(0),
			Totals: loyalty.Totals{Balance: loyalty.Balance{Active: 150}},
		},
		{
			Sequence: 2, Kind: loyalty.KindRedeem, Effective: at(10),
			Totals: loyalty.Totals{Balance: loyalty.Balance{Active: 20}},
			Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &loyalty.Redemption{}}},
		},
		{
			Sequence: 3, Kind: loyalty.KindEarn, Effective: at(30),
			Totals: loyalty.Totals{Balance: loyalty.Balance{Active: 120}},
		},
	}
	s := remind.Reminded{}.Digest(&p.Compiled, &p.Reminders, p.Zone, acc, entries, at(30))
	for day, want := range map[int]int{70: -1, 89: -1, 91: 0, 100: 0, 121: 1} {
		plan, got := remind.Remind(RemindRules(p), acc, anybody, s, at(day)), -1
		if len(plan.Send) == 1 {
			got = plan.Send[0].Step
		}
		if got != want {
			t.Errorf("day %d: step %d, not %d", day, got, want)
		}
	}
	orders := s.RecordSent(&p.Compiled, p.Zone, acc, remind.Remind(
		RemindRules(p), acc, anybody, s, at(91),
	).Send[0], "m", at(91))
	if plan := remind.Remind(RemindRules(p), acc, anybody, orders, at(95)); len(plan.Send) > 0 {
		t.Errorf("sent twice: %+v", plan.Send)
	}
	// For a reminder that was added after the entries, only the last activity is known.
	acc.LastActivity = at(10)
	late := remind.Reminded{Seen: 3}.Digest(&p.Compiled, &p.Reminders, p.Zone, acc, nil, at(80))
	if plan := remind.Remind(RemindRules(p), acc, anybody, late, at(80)); len(plan.Send) != 1 {
		t.Errorf("%+v", plan)
	}
}

// Reminders ignore points of other wallets. A contribution to a household's redemption is not a redemption by the
// member.
func TestRemindersAreAboutPointsAndTheMembersOwn(t *testing.T) {
	p := reminding(t,
		loyalty.Reminder{
			ID: "active", On: loyalty.AfterActive, Channels: []loyalty.Channel{loyalty.Email},
			Purpose: loyalty.Transactional,
		},
		loyalty.Reminder{
			ID: "idle", On: loyalty.AfterIdle, Leads: []calendar.Period{{Days: 60}},
			Channels: []loyalty.Channel{loyalty.Email}, Purpose: loyalty.Marketing,
		},
		loyalty.Reminder{
			ID: "held", On: loyalty.BeforeHold, Leads: []calendar.Period{{Days: 2}},
			Channels: []loyalty.Channel{loyalty.Email}, Purpose: loyalty.Transactional,
		})
	now := utc("2027-03-02T10:00")
	acc := whoHas(loyalty.Lot{Expires: 0, Points: 520})
	pending := func(wallet string, n loyalty.Points) loyalty.Posting {
		return loyalty.Posting{Wallet: wallet, Bucket: loyalty.BucketPending, Points: -n}
	}
	entries := []loyalty.Entry{
		{
			Sequence: 1, Kind: loyalty.KindActivate, Effective: now.AddDate(0, 0, -1),
			Postings: []loyalty.Posting{pending("", 10), pending("miles", 500)},
			Totals:   loyalty.Totals{Balance: loyalty.Balance{Active: 520}},
		},
		{
			Sequence: 2, Kind: loyalty.KindActivate, Effective: now.AddDate(0, 0, -1),
			Postings: []loyalty.Posting{pending("miles", 7)},
			Totals:   loyalty.Totals{Balance: loyalty.Balance{Active: 520}},
		},
		{
			Sequence: 3, Kind: loyalty.KindRedeem, Effective: now,
			Detail: loyalty.Detail{
				Subject: loyalty.Subject{Redemption: &loyalty.Redemption{ID: "rd_1", By: "mem_bob"}},
			},
			Totals: loyalty.Totals{Balance: loyalty.Balance{Active: 520}},
		},
	}
	s := remind.Reminded{Ignored: 3}.Digest(&p.Compiled, &p.Reminders, p.Zone, acc, entries, now)
	if !slices.Equal(s.Active, []remind.Activation{{At: now.AddDate(0, 0, -1), Points: 10}}) {
		t.Errorf("%+v became active, want 10 points", s.Active)
	}
	if s.Ignored != 3 || !s.Redeemed.IsZero() || !s.Rich["idle"].Equal(now.AddDate(0, 0, -1)) {
		t.Errorf(
			"the household's redemption counts as the member's: %d ignored, redeemed at %s, rich since %v", s.Ignored,
			s.Redeemed, s.Rich,
		)
	}
	until := now.AddDate(0, 0, 1)
	acc.Holds = []loyalty.Hold{
		{
			Redemption: loyalty.Redemption{ID: "tr_1", To: "mem_bob", Until: until},
			Lots:       []loyalty.Lot{{Expires: 0, Points: 30}},
		},
		{
			Redemption: loyalty.Redemption{ID: "rd_2", Reward: "lounge", Wallet: "miles", Until: until},
			Lots:       []loyalty.Lot{{Expires: 0, Points: 40}},
		},
		{
			Redemption: loyalty.Redemption{ID: "rd_1", By: "mem_bob", Reward: "mug", Until: until},
			Lots:       []loyalty.Lot{{Expires: 0, Points: 60}},
		},
		{
			Redemption: loyalty.Redemption{ID: "rd_3", Reward: "mug", Until: until},
			Lots:       []loyalty.Lot{{Expires: 0, Points: 50}},
		},
	}
	var held []remind.News
	for _, n := range remind.Remind(RemindRules(p), acc, anybody, s, now).Send {
		if n.On == loyalty.BeforeHold {
			held = append(held, n)
		}
	}
	if len(held) != 1 || held[0].Reward != "mug" || held[0].Points != 50 {
		t.Errorf("the member is notified of held points: %+v", held)
	}
}
