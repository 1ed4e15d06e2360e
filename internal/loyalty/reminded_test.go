package loyalty

import (
	"slices"
	"testing"
	"time"
)

// A full mailbox, or an answering machine.
func TestWhatCameBackForAReasonThatPassesIsNotToldAgainAtThatStep(t *testing.T) {
	p, acc, now := reminding(t, lapseSteps), whoHas(Lot{20270331, 200}), utc("2027-03-02T10:00")
	s := Reminded{}.RecordSent(p, acc, p.Remind(acc, anybody, Reminded{}, now).Send[0], "msg", now)
	s, _, _ = s.Hear("msg", "failed", true, true)
	s, _, _ = s.Hear("msg", "opened", false, true)
	for d := range 22 {
		if plan := p.Remind(acc, anybody, s, now.AddDate(0, 0, d)); len(plan.Send) > 0 {
			t.Errorf("%d days later: %+v", d, plan.Send)
		}
	}
	if at := s.Noticed(20270331); !at.IsZero() {
		t.Errorf("noticed at %s", at)
	}
	if plan := p.Remind(acc, anybody, s, utc("2027-03-25T10:00")); len(plan.Send) != 1 || plan.Send[0].Step != 1 {
		t.Errorf("the next step: %+v", plan.Send)
	}
}

func TestAnOrderCountsOnceItIsPaidAndForAsLongAsSomethingOfItRemains(t *testing.T) {
	p := reminding(t,
		Reminder{ID: "survey", On: AfterOrder, Leads: []Period{{Days: 3}}, Channels: []Channel{Email}, Purpose: Marketing},
		Reminder{ID: "held", On: BeforeHold, Leads: []Period{{Days: 2}}, Channels: []Channel{Email}, Purpose: Transactional})
	first := utc("2027-03-01T10:00")
	line := []Line{{ID: "1", Quantity: 1, Amount: 5000}}
	placed, paid := Order{ID: "1", Status: OrderPlaced, Lines: line, Shipping: 490}, Order{ID: "1", Status: OrderPaid, Lines: line, Shipping: 490}
	cancelled, back, contested := paid, paid, paid
	cancelled.Status = OrderCanceled
	back.Refunds = []Refund{{ID: "r", Status: RefundSucceeded, Amount: 5000}}
	contested.Disputes = []Dispute{{ID: "d", Amount: 5490}}
	part := paid
	part.Refunds = []Refund{{ID: "r", Status: RefundSucceeded, Amount: 4999}}
	for name, c := range map[string]struct {
		told []Order
		want bool
	}{
		"paid at once":           {[]Order{paid}, true},
		"paid later":             {[]Order{placed, paid}, true},
		"paid and told again":    {[]Order{placed, paid, part}, true},
		"placed":                 {[]Order{placed}, false},
		"placed and canceled":    {[]Order{placed, cancelled}, false},
		"canceled":               {[]Order{paid, cancelled}, false},
		"refunded, but shipping": {[]Order{paid, back}, false},
		"refunded in part":       {[]Order{paid, part}, true},
		"contested":              {[]Order{placed, paid, contested}, false},
	} {
		var entries []Entry
		for i, o := range c.told {
			o.PlacedAt = first
			entries = append(entries, Entry{
				Sequence: int64(i + 1), Kind: KindEarn, Cause: Cause{CauseOrder, "1", i + 1}, Effective: first.Add(time.Duration(i) * time.Minute),
				Order: &OrderState{Order: o},
			})
		}
		s := Reminded{Ignored: 2}.Digest(p, whoHas(Lot{0, 5}), entries, first.Add(time.Hour))
		surveys := p.Remind(whoHas(Lot{0, 5}), anybody, s, utc("2027-03-05T12:00")).Send
		if (len(surveys) == 1) != c.want {
			t.Errorf("%s: %+v", name, surveys)
		}
		if bought := c.told[0].Status == OrderPaid || len(c.told) > 1 && c.told[1].Status == OrderPaid; (s.Ignored == 0) != bought {
			t.Errorf("%s: %d are ignored", name, s.Ignored)
		}
	}
	reserved := Entry{Sequence: 1, Kind: KindReserve, Effective: first, Redemption: &Redemption{ID: "rd_1"}}
	if s := (Reminded{Ignored: 2}).Digest(p, whoHas(), []Entry{reserved}, first); s.Ignored != 2 || !s.Redeemed.IsZero() {
		t.Errorf("what is only reserved counts as redeemed: %+v", s)
	}
}

func TestWhatIsAnsweredIsSettledOnceAndEndsTheRow(t *testing.T) {
	p, acc := reminding(t, lapseSteps), whoHas()
	n := News{Reminder: "x", Purpose: Marketing, Channel: Email, Subjects: []Subject{{ID: "s"}}}
	at := utc("2027-03-01T10:00")
	s := Reminded{Ignored: 3, Seen: 1}.RecordSent(p, acc, n, "a", at).RecordSent(p, acc, n, "b", at.AddDate(0, 0, 10))
	entry := Entry{Sequence: 2, Kind: KindRedeem, Effective: at.AddDate(0, 0, 3), Redemption: &Redemption{ID: "rd"}}
	s = s.Digest(p, acc, []Entry{entry, {Sequence: 4}}, at.AddDate(0, 0, 20))
	if s.Seen != 2 || s.Ignored != 0 {
		t.Errorf("seen %d, ignored %d", s.Seen, s.Ignored)
	}
	s, ended := s.Settle(p, acc, at.AddDate(0, 0, 20))
	if !slices.Equal(ended, []Settled{{"x", false, true}, {"x", false, false}}) || s.Ignored != 1 || len(s.Open) != 0 {
		t.Errorf("%v, ignored %d, open %v", ended, s.Ignored, s.Open)
	}
}

func TestAReminderOfAnUnspentBalanceCountsFromWhenThereWasEnough(t *testing.T) {
	r := Reminder{ID: "idle", On: AfterIdle, Leads: []Period{{Days: 60}, {Days: 90}}, MinPoints: 100, Channels: []Channel{Email}, Purpose: Marketing}
	p, acc := reminding(t, r), whoHas(Lot{0, 120})
	at := func(day int) time.Time { return utc("2026-03-01T12:00").AddDate(0, 0, day) }
	entries := []Entry{
		{Sequence: 1, Kind: KindEarn, Effective: at(0), Balance: Balance{Active: 150}},
		{Sequence: 2, Kind: KindRedeem, Effective: at(10), Balance: Balance{Active: 20}, Redemption: &Redemption{}},
		{Sequence: 3, Kind: KindEarn, Effective: at(30), Balance: Balance{Active: 120}},
	}
	s := Reminded{}.Digest(p, acc, entries, at(30))
	for day, want := range map[int]int{70: -1, 89: -1, 91: 0, 100: 0, 121: 1} {
		plan, got := p.Remind(acc, anybody, s, at(day)), -1
		if len(plan.Send) == 1 {
			got = plan.Send[0].Step
		}
		if got != want {
			t.Errorf("day %d: step %d, not %d", day, got, want)
		}
	}
	told := s.RecordSent(p, acc, p.Remind(acc, anybody, s, at(91)).Send[0], "m", at(91))
	if plan := p.Remind(acc, anybody, told, at(95)); len(plan.Send) > 0 {
		t.Errorf("told twice: %+v", plan.Send)
	}
	// Of a reminder that came later than the entries, the last activity is what is known.
	acc.LastActivity = at(10)
	late := Reminded{Seen: 3}.Digest(p, acc, nil, at(80))
	if plan := p.Remind(acc, anybody, late, at(80)); len(plan.Send) != 1 {
		t.Errorf("%+v", plan)
	}
}

// Points in other wallets are not points, and what a household draws is not what its member redeems.
func TestRemindersAreAboutPointsAndTheMembersOwn(t *testing.T) {
	p := reminding(t,
		Reminder{ID: "active", On: AfterActive, Channels: []Channel{Email}, Purpose: Transactional},
		Reminder{ID: "idle", On: AfterIdle, Leads: []Period{{Days: 60}}, Channels: []Channel{Email}, Purpose: Marketing},
		Reminder{ID: "held", On: BeforeHold, Leads: []Period{{Days: 2}}, Channels: []Channel{Email}, Purpose: Transactional})
	now := utc("2027-03-02T10:00")
	acc := whoHas(Lot{0, 520})
	pending := func(wallet string, n Points) Posting {
		return Posting{Wallet: wallet, Bucket: BucketPending, Points: -n}
	}
	entries := []Entry{
		{Sequence: 1, Kind: KindActivate, Effective: now.AddDate(0, 0, -1), Postings: []Posting{pending("", 10), pending("miles", 500)}, Balance: Balance{Active: 520}},
		{Sequence: 2, Kind: KindActivate, Effective: now.AddDate(0, 0, -1), Postings: []Posting{pending("miles", 7)}, Balance: Balance{Active: 520}},
		{Sequence: 3, Kind: KindRedeem, Effective: now, Redemption: &Redemption{ID: "rd_1", By: "mem_bob"}, Balance: Balance{Active: 520}},
	}
	s := Reminded{Ignored: 3}.Digest(p, acc, entries, now)
	if !slices.Equal(s.Active, []Activation{{now.AddDate(0, 0, -1), 10}}) {
		t.Errorf("%+v became active, want 10 points", s.Active)
	}
	if s.Ignored != 3 || !s.Redeemed.IsZero() || !s.Rich["idle"].Equal(now.AddDate(0, 0, -1)) {
		t.Errorf("the household's redemption counts as the member's: %d ignored, redeemed at %s, rich since %v", s.Ignored, s.Redeemed, s.Rich)
	}
	until := now.AddDate(0, 0, 1)
	acc.Holds = []Hold{
		{Redemption: Redemption{ID: "tr_1", To: "mem_bob", Until: until}, Lots: []Lot{{0, 30}}},
		{Redemption: Redemption{ID: "rd_2", Reward: "lounge", Wallet: "miles", Until: until}, Lots: []Lot{{0, 40}}},
		{Redemption: Redemption{ID: "rd_1", By: "mem_bob", Reward: "mug", Until: until}, Lots: []Lot{{0, 60}}},
		{Redemption: Redemption{ID: "rd_3", Reward: "mug", Until: until}, Lots: []Lot{{0, 50}}},
	}
	var held []News
	for _, n := range p.Remind(acc, anybody, s, now).Send {
		if n.On == BeforeHold {
			held = append(held, n)
		}
	}
	if len(held) != 1 || held[0].Reward != "mug" || held[0].Points != 50 {
		t.Errorf("of what is held the member is told %+v", held)
	}
}
