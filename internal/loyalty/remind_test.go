package loyalty

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"
)

// reminding is a program with one reminder, quiet from eight to nine in Berlin.
func reminding(t testing.TB, r ...Reminder) *Program {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	p := &Program{
		ID: "p", Zone: zone, Earn: Earn{Expires: Expiry{After: Period{Months: 12}}},
		Reminders: Reminders{QuietFrom: 20 * 60, QuietUntil: 9 * 60, Send: r},
	}
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	return p
}

// anybody agreed to everything, and can be reached by everything.
var anybody = func() Recipient {
	r := Recipient{Reach: Channels()}
	for _, c := range Channels() {
		for _, p := range Purposes() {
			r.Consents = r.Consents.With(Consent{Channel: c, Purpose: p, Given: true})
		}
	}
	return r
}()

func utc(s string) time.Time {
	t, err := time.Parse("2006-01-02T15:04", s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

var lapseSteps = Reminder{ID: "lapse", On: BeforeLapse, Leads: []Period{{Days: 30}, {Days: 7}, {Days: 1}}, Channels: []Channel{Email, SMS}, Purpose: Transactional}

func whoHas(lots ...Lot) Account {
	return Account{Member: "mem_ada", Status: Active, Joined: utc("2026-01-01T12:00"), Purse: Purse{Lots: lots}}
}

func TestALotIsToldWithItsDayAtTheLatestStepThatIsDue(t *testing.T) {
	p, acc := reminding(t, lapseSteps), whoHas(Lot{20270331, 200})
	for now, want := range map[string]string{
		"2027-02-28T12:00": "", "2027-03-02T07:59": "", "2027-03-02T08:00": "0", "2027-03-20T12:00": "0", "2027-03-25T07:00": "",
		"2027-03-25T08:00": "1", "2027-03-29T12:00": "1", "2027-03-31T07:00": "2", "2027-04-01T08:00": "",
	} {
		plan := p.Remind(acc, anybody, Reminded{}, utc(now))
		got := ""
		for _, n := range plan.Send {
			got += fmt.Sprint(n.Step)
			if n.Day != 20270331 || n.Points != 200 {
				t.Errorf("%s: %+v", now, n)
			}
		}
		if got != want {
			t.Errorf("%s: step %q, not %q; next %s", now, got, want, plan.Next)
		}
		if !plan.Next.After(utc(now)) {
			t.Errorf("%s: the next visit is %s", now, plan.Next)
		}
	}
}

func TestDaysAreToldWhereTheMemberLives(t *testing.T) {
	p, acc, now := reminding(t, lapseSteps), whoHas(Lot{20270331, 200}), utc("2027-03-30T20:00")
	acc.Traits.Zone = "America/Los_Angeles"
	plan := p.Remind(acc, anybody, Reminded{}, now)
	if len(plan.Send) != 1 || plan.Send[0].Zone.String() != acc.Traits.Zone || !plan.Send[0].At.Equal(now) {
		t.Fatalf("%+v", plan.Send)
	}
	ends := plan.Send[0].Until // 31 March, 15:00 there
	for now, want := range map[string]Date{"2027-03-30T20:00": 20270330, "2027-03-31T06:59": 20270330, "2027-03-31T07:00": 0, "2027-03-31T21:59": 0} {
		day, ok := LastDay(ends, utc(now), plan.Send[0].Zone)
		if ok != (want != 0) || ok && day != want {
			t.Errorf("%s: %s, %t", now, day, ok)
		}
	}
	if day, ok := LastDay(ends, utc("2027-03-31T21:59"), p.Zone); !ok || day != 20270331 {
		t.Errorf("%s, %t", day, ok)
	}
}

// Neither who never ordered nor who cancelled the only order has a last one.
func TestAnAbsenceSaysWhetherThereWasAnOrder(t *testing.T) {
	p := reminding(t, Reminder{ID: "away", On: AfterAbsence, Leads: []Period{{Days: 60}}, Channels: []Channel{Email}})
	for _, c := range []struct {
		what    string
		metrics []Metric
		ordered bool
	}{
		{"no order", nil, false},
		{"one", []Metric{{Month: 202601, Orders: 1}}, true},
		{"one, long ago", []Metric{{Orders: 1}}, true},
		{"one that was cancelled", []Metric{{Month: 202601, Orders: 1}, {Month: 202602, Orders: -1}}, false},
	} {
		acc := whoHas()
		acc.Metrics = c.metrics
		plan := p.Remind(acc, anybody, Reminded{}, utc("2026-06-01T10:00"))
		if len(plan.Send) != 1 || plan.Send[0].Ordered != c.ordered {
			t.Errorf("%s: %+v", c.what, plan.Send)
		}
	}
}

func TestLotsThatLapseCloseToEachOtherAreOneMessage(t *testing.T) {
	p := reminding(t, lapseSteps)
	acc, now := whoHas(Lot{20270331, 100}, Lot{20270403, 50}, Lot{20270430, 70}), utc("2027-03-02T10:00")
	plan := p.Remind(acc, anybody, Reminded{}, now)
	if len(plan.Send) != 1 || plan.Send[0].Points != 150 || len(plan.Send[0].Lots) != 2 {
		t.Fatalf("%+v", plan.Send)
	}
	s := Reminded{}.Tell(p, acc, plan.Send[0], "msg", now)
	for d := range 22 { // the second is not told again at the step at which it was told, and both are at the next
		now := now.AddDate(0, 0, d)
		if plan := p.Remind(acc, anybody, s, now); len(plan.Send) > 0 {
			t.Errorf("%s: %+v", now, plan.Send)
		}
	}
	limited := *p
	limited.Reminders.Send = []Reminder{lapseSteps}
	limited.Reminders.Send[0].Limits = []Limit{{1, PerYear}}
	if plan := limited.Remind(acc, anybody, s, utc("2027-03-25T10:00")); len(plan.Send) != 1 {
		t.Errorf("a limit lets points lapse in silence: %+v", plan)
	}
	if at := s.Noticed(20270403); !at.Equal(now) {
		t.Errorf("noticed at %s", at)
	}
	if plan := p.Remind(acc, anybody, s, utc("2027-03-25T10:00")); len(plan.Send) != 1 || plan.Send[0].Step != 1 {
		t.Errorf("%+v", plan.Send)
	}
	if at := s.Noticed(20270430); !at.IsZero() {
		t.Errorf("noticed at %s", at)
	}
}

// The gates, one by one, in their order: each case passes those before.
func TestTheFirstGateThatIsShutIsTheReason(t *testing.T) {
	marketing := Reminder{ID: "near", On: NearReward, Within: 50, Channels: []Channel{Email}, Purpose: Marketing, Limits: []Limit{{1, PerMonth}}}
	day := utc("2027-03-02T10:00")
	cases := []struct {
		what string
		bend func(p *Program, acc *Account, who *Recipient, s *Reminded, now *time.Time)
		why  Why
		next string
	}{
		{"nothing", func(*Program, *Account, *Recipient, *Reminded, *time.Time) {}, "", ""},
		{"no consent", func(_ *Program, a *Account, w *Recipient, _ *Reminded, _ *time.Time) {
			a.Status, w.Consents = Frozen, Consents{{Channel: Email, Purpose: Transactional, Given: true}}
		}, NoConsent, ""},
		{"a consent that was taken back", func(_ *Program, _ *Account, w *Recipient, _ *Reminded, _ *time.Time) {
			w.Consents = w.Consents.With(Consent{Channel: Email, Purpose: Marketing, At: day})
		}, NoConsent, ""},
		{"no address", func(_ *Program, a *Account, w *Recipient, _ *Reminded, _ *time.Time) {
			a.Status, w.Reach = Frozen, []Channel{SMS}
		}, Unreachable, ""},
		{"frozen at night", func(_ *Program, a *Account, _ *Recipient, _ *Reminded, now *time.Time) {
			a.Status, *now = Frozen, utc("2027-03-02T22:00")
		}, NotActive, ""},
		{"night in Berlin", func(p *Program, _ *Account, _ *Recipient, s *Reminded, now *time.Time) {
			p.Reminders.AtMost, *now = []SendCap{{Email, 0, PerDay}}, utc("2027-03-02T22:00")
		}, Quiet, "2027-03-03T08:00"},
		{"night in Tokyo, noon here", func(_ *Program, a *Account, _ *Recipient, _ *Reminded, now *time.Time) {
			a.Traits.Zone, *now = "Asia/Tokyo", utc("2027-03-02T12:00")
		}, Quiet, "2027-03-03T00:00"},
		{"a zone that nobody knows is the program's", func(_ *Program, a *Account, _ *Recipient, _ *Reminded, now *time.Time) {
			a.Traits.Zone, *now = "Mars/Olympus", utc("2027-03-02T22:00")
		}, Quiet, "2027-03-03T08:00"},
		{"a cap of the day", func(p *Program, _ *Account, _ *Recipient, s *Reminded, _ *time.Time) {
			p.Reminders.AtMost = []SendCap{{Email, 1, PerDay}}
			s.Sent, s.Ignored, s.Last = []SentCount{{20270302, Email, 1}}, 9, day
			p.Reminders.Ignored.Stop = 1
		}, Capped, "2027-03-03T08:00"},
		{"a cap of the week, in all", func(p *Program, _ *Account, _ *Recipient, s *Reminded, _ *time.Time) {
			p.Reminders.AtMost, s.Sent = []SendCap{{"", 2, PerWeek}}, []SentCount{{20270301, SMS, 1}, {20270302, Push, 1}}
		}, Capped, "2027-03-03T08:00"}, // visited daily, as something may end the need
		{"last week's do not count", func(p *Program, _ *Account, _ *Recipient, s *Reminded, _ *time.Time) {
			p.Reminders.AtMost, s.Sent = []SendCap{{"", 2, PerWeek}}, []SentCount{{20270227, SMS, 1}, {20270228, Push, 1}}
		}, "", ""},
		{"others' channels do not count", func(p *Program, _ *Account, _ *Recipient, s *Reminded, _ *time.Time) {
			p.Reminders.AtMost, s.Sent = []SendCap{{Email, 1, PerWeek}}, []SentCount{{20270301, SMS, 5}}
		}, "", ""},
		{"one that was ignored", func(p *Program, _ *Account, _ *Recipient, s *Reminded, _ *time.Time) {
			p.Reminders.Ignored, s.Ignored, s.Last = IgnoredRule{Wait: Period{Days: 7}}, 2, day.AddDate(0, 0, -13)
		}, Tired, "2027-03-03T08:00"},
		{"one that was ignored long enough ago", func(p *Program, _ *Account, _ *Recipient, s *Reminded, _ *time.Time) {
			p.Reminders.Ignored, s.Ignored, s.Last = IgnoredRule{Wait: Period{Days: 7}}, 2, day.AddDate(0, 0, -14)
		}, "", ""},
		{"too many ignored", func(p *Program, _ *Account, _ *Recipient, s *Reminded, _ *time.Time) {
			p.Reminders.Ignored, s.Ignored = IgnoredRule{Stop: 3}, 3
		}, Tired, ""},
		{"its own limit", func(p *Program, _ *Account, _ *Recipient, s *Reminded, _ *time.Time) {
			s.Told = []Told{{Reminder: "near", On: NearReward, Subject: Subject{ID: "other"}, At: day.AddDate(0, 0, -1), Channel: Email}}
		}, Limited, ""},
		{"the holdout", func(p *Program, _ *Account, _ *Recipient, _ *Reminded, _ *time.Time) {
			p.Reminders.Holdout = big.NewRat(1, 1)
		}, HeldOut, ""},
	}
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			p := reminding(t, marketing)
			p.Rewards = []Reward{{ID: "mug", Cost: 130}}
			acc, who, s, now := whoHas(Lot{0, 100}), anybody, Reminded{}, day
			c.bend(p, &acc, &who, &s, &now)
			plan := p.Remind(acc, who, s, now)
			var why Why
			if len(plan.Kept) == 1 {
				why = plan.Kept[0].Why
			} else if len(plan.Held) == 1 {
				why = HeldOut
			}
			if why != c.why || (why == "") != (len(plan.Send) == 1) {
				t.Errorf("%q, sent %v", why, plan.Send)
			}
			if c.next != "" && !plan.Next.Equal(utc(c.next)) {
				t.Errorf("next is %s", plan.Next)
			}
		})
	}
}

func TestNoCapAndNoHoldoutSwallowsANotice(t *testing.T) {
	p := reminding(t, lapseSteps)
	p.Reminders.AtMost, p.Reminders.Holdout = []SendCap{{"", 1, PerMonth}}, big.NewRat(1, 1)
	p.Reminders.Ignored = IgnoredRule{Wait: Period{Months: 12}, Stop: 1}
	now := utc("2027-03-31T10:00")
	s := Reminded{Sent: []SentCount{{20270331, Email, 99}}, Ignored: 50, Last: now}
	if plan := p.Remind(whoHas(Lot{20270331, 1}), anybody, s, now); len(plan.Send) != 1 {
		t.Errorf("%+v", plan)
	}
}

func TestTheNextChannelTakesOverWhereTheFirstCannot(t *testing.T) {
	p, now := reminding(t, lapseSteps), utc("2027-03-31T10:00")
	who := anybody
	who.Reach = []Channel{SMS}
	acc := whoHas(Lot{20270331, 1})
	plan := p.Remind(acc, who, Reminded{}, now)
	if len(plan.Send) != 1 || plan.Send[0].Channel != SMS {
		t.Fatalf("%+v", plan)
	}
	s := Reminded{}.Tell(p, acc, plan.Send[0], "msg", now)
	if plan := p.Remind(acc, who, s, now); len(plan.Send) != 0 {
		t.Errorf("told twice: %+v", plan.Send)
	}
	s, _, _ = s.Hear("msg", "failed", true, false)
	if plan := p.Remind(acc, who, s, now); len(plan.Send) != 1 {
		t.Error("what came back is not told again")
	}
}

// A full mailbox, or an answering machine.
func TestWhatCameBackForAReasonThatPassesIsNotToldAgainAtThatStep(t *testing.T) {
	p, acc, now := reminding(t, lapseSteps), whoHas(Lot{20270331, 200}), utc("2027-03-02T10:00")
	s := Reminded{}.Tell(p, acc, p.Remind(acc, anybody, Reminded{}, now).Send[0], "msg", now)
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
	cancelled.Status = OrderCancelled
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
		"placed and cancelled":   {[]Order{placed, cancelled}, false},
		"cancelled":              {[]Order{paid, cancelled}, false},
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

func TestABirthdayIsWishedOnTheDayAndOnNoOther(t *testing.T) {
	p := reminding(t, Reminder{ID: "b", On: OnBirthday, Channels: []Channel{Email}, Purpose: Marketing})
	acc := whoHas(Lot{0, 5})
	acc.Traits = Traits{Birthday: 229, Zone: "America/New_York"}
	for now, want := range map[string]bool{
		"2027-02-28T13:59": false, "2027-02-28T14:00": true, "2027-02-28T23:00": true, "2027-03-01T15:00": false, "2027-02-27T15:00": false,
		"2028-02-28T15:00": false, "2028-02-29T15:00": true,
	} {
		if plan := p.Remind(acc, anybody, Reminded{}, utc(now)); (len(plan.Send) == 1) != want {
			t.Errorf("%s: %+v", now, plan.Send)
		}
	}
}

// In the holdout is who the hash says, about so many as the share says, and all of them of a smaller share too.
func TestTheHoldoutIsAShareThatGrowsAndStays(t *testing.T) {
	p, few, many := reminding(t, lapseSteps), 0, 0
	for i := range 20_000 {
		m := MemberID(fmt.Sprintf("mem_%d", i))
		p.Reminders.Holdout = big.NewRat(5, 100)
		small := p.heldOut(m)
		p.Reminders.Holdout = big.NewRat(10, 100)
		large := p.heldOut(m)
		if small && !large {
			t.Fatalf("%s leaves a holdout that grows", m)
		}
		if small {
			few++
		}
		if large {
			many++
		}
	}
	if few < 900 || few > 1100 || many < 1850 || many > 2150 {
		t.Errorf("5%% are %d of 20,000, 10%% are %d", few, many)
	}
}

func TestWhatIsAnsweredIsSettledOnceAndEndsTheRow(t *testing.T) {
	p, acc := reminding(t, lapseSteps), whoHas()
	n := News{Reminder: "x", Purpose: Marketing, Channel: Email, Subjects: []Subject{{ID: "s"}}}
	at := utc("2027-03-01T10:00")
	s := Reminded{Ignored: 3, Seen: 1}.Tell(p, acc, n, "a", at).Tell(p, acc, n, "b", at.AddDate(0, 0, 10))
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
	told := s.Tell(p, acc, p.Remind(acc, anybody, s, at(91)).Send[0], "m", at(91))
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

func TestLiftIsTheDifferenceWithItsInterval(t *testing.T) {
	// The first is example (a) of Newcombe 1998, table II, method 10: 0.2000 (0.0524, 0.3339).
	got, ok := LiftOf(56, 70, 48, 80)
	if !ok || got != (Lift{20, 5.24, 33.39}) {
		t.Errorf("%+v", got)
	}
	if got, _ := LiftOf(0, 10, 0, 10); got.Points != 0 || got.Low >= 0 || got.High <= 0 {
		t.Errorf("%+v", got)
	}
	if _, ok := LiftOf(1, 2, 0, 0); ok {
		t.Error("nobody is compared with")
	}
}

func TestAGiftCardThatIsUsedInPartIsNotCalledUnusedAndStillEnds(t *testing.T) {
	unused := Reminder{ID: "unused", On: AfterClaim, Leads: []Period{{Days: 7}}, Channels: []Channel{Email}, Purpose: Marketing}
	ending := Reminder{ID: "ending", On: BeforeCode, Leads: []Period{{Days: 20}}, Channels: []Channel{Email}, Purpose: Transactional}
	p, now := reminding(t, unused, ending), utc("2027-03-15T10:00")
	for begun, want := range map[bool]string{false: "ending unused ", true: "ending "} {
		who, got := anybody, ""
		who.Codes = []UnusedCode{{Redemption: "rd", Code: "C", At: now.AddDate(0, 0, -10), Until: now.AddDate(0, 0, 18)}}
		if begun {
			who.Begun = []string{"rd"}
		}
		for _, n := range p.Remind(whoHas(), who, Reminded{}, now).Send {
			got += n.Reminder + " "
		}
		if got != want {
			t.Errorf("begun %v: %q", begun, got)
		}
	}
}

// Half of the members order after every week, written to or not, and half never do, so that reminders change nothing. Who
// ignores them is thinned out among those held out too, as by caps and limits, else who acts would be over-represented.
func TestRemindersThatChangeNothingHaveNoLift(t *testing.T) {
	weekly := func(id string) Reminder {
		r := Reminder{ID: id, On: Scheduled, Channels: []Channel{Email}, Purpose: Marketing, Limits: []Limit{{2, PerMonth}}}
		for week := range 20 {
			r.At = append(r.At, utc("2027-03-01T10:00").AddDate(0, 0, 7*week))
		}
		return r
	}
	rules := map[string]func(r *Reminders){
		"none":           func(*Reminders) {},
		"stop":           func(r *Reminders) { r.Ignored.Stop = 2 },
		"decay":          func(r *Reminders) { r.Ignored.Wait = Period{Days: 10} },
		"a cap":          func(r *Reminders) { r.AtMost = []SendCap{{Email, 3, PerMonth}} },
		"all":            func(r *Reminders) { r.Ignored, r.AtMost = IgnoredRule{Period{Days: 2}, 3}, []SendCap{{"", 1, PerDay}} },
		"no consent, so": func(r *Reminders) { r.Send[0].Channels, r.Ignored.Stop = []Channel{SMS}, 2 },
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			p := reminding(t, weekly("a"), weekly("b"))
			p.Reminders.Holdout = big.NewRat(1, 2)
			rule(&p.Reminders)
			who := anybody
			who.Consents = Consents{{Channel: Email, Purpose: Marketing, Given: true}, {Channel: SMS, Purpose: Transactional, Given: true}}
			for _, reminder := range []string{"a", "b"} {
				var ended, acted [2]int64 // of those sent to, and of those held out
				for _, m := range sameOfEachKind(p) {
					for _, e := range liveWithReminders(p, m, who) {
						group := 0
						if e.Held {
							group = 1
						}
						if e.Reminder == reminder {
							ended[group]++
						}
						if e.Reminder == reminder && e.Acted {
							acted[group]++
						}
					}
				}
				if ended[0] != ended[1] || acted[0] != acted[1] {
					t.Errorf("%s: %d of %d acted, and %d of %d who were held out", reminder, acted[0], ended[0], acted[1], ended[1])
				}
				if l, ok := LiftOf(acted[0], ended[0], acted[1], ended[1]); ok && l.Points != 0 || !ok && name != "no consent, so" {
					t.Errorf("%s: %+v", reminder, l)
				}
			}
		})
	}
}

// aMember is one who orders after every week, or never does.
type aMember struct {
	id     MemberID
	orders bool
}

// sameOfEachKind is members of whom as many of each kind are held out as not.
func sameOfEachKind(p *Program) (members []aMember) {
	n := map[bool]int{}
	for i := 0; len(members) < 80; i++ {
		m := MemberID(fmt.Sprint("mem_", i))
		if held := p.heldOut(m); n[held] < 40 {
			members = append(members, aMember{m, n[held]%2 == 0})
			n[held]++
		}
	}
	return members
}

// liveWithReminders is how every message of half a year ended.
func liveWithReminders(p *Program, m aMember, who Recipient) (ended []Settled) {
	acc, s := whoHas(Lot{0, 100}), Reminded{}
	acc.Member = m.id
	for day := range 180 {
		now, some := utc("2027-03-01T11:00").AddDate(0, 0, day), []Settled(nil)
		if m.orders && day%7 == 3 {
			redeemed := Entry{Sequence: s.Seen + 1, Kind: KindRedeem, Effective: now, Redemption: &Redemption{ID: "rd"}}
			s = s.Digest(p, acc, []Entry{redeemed}, now)
		}
		s, some = s.Settle(p, acc, now)
		ended = append(ended, some...)
		for n, held, ok := p.Remind(acc, who, s, now).First(); ok; n, held, ok = p.Remind(acc, who, s, now).First() {
			if held {
				s = s.HoldOut(p, acc, n, now)
				continue
			}
			s = s.Tell(p, acc, n, "msg", now)
		}
	}
	return ended
}

// A reminder with a condition is for whom it holds; where it cannot be answered it is for nobody.
func TestAReminderIsForWhomItsConditionHolds(t *testing.T) {
	now := utc("2027-03-02T10:00")
	for what, c := range map[string]struct {
		when condition
		said bool
	}{
		"holds":    {func(f *Facts) (bool, error) { return f.Buyer.Orders == 3 && f.Buyer.Segments[0] == "vip", nil }, true},
		"does not": {func(f *Facts) (bool, error) { return f.Buyer.Orders > 3, nil }, false},
		"fails":    {func(*Facts) (bool, error) { return true, errors.New("too much work") }, false},
	} {
		p := reminding(t, Reminder{ID: "joined", On: AfterJoining, Channels: []Channel{Email}, Purpose: Marketing, When: c.when})
		acc := whoHas()
		acc.Joined = now.AddDate(0, 0, -1)
		acc.Metrics, acc.Traits.Segments = []Metric{{Month: 202703, Orders: 3}}, []string{"vip"}
		if plan := p.Remind(acc, anybody, Reminded{}, now); (len(plan.Send) == 1) != c.said {
			t.Errorf("%s: %+v", what, plan.Send)
		}
	}
}

// The next reward is one that can be had: a tasting with a date ahead and places left is, one that is full or past is not.
func TestTheNextRewardIsOneThatCanBeHad(t *testing.T) {
	now := utc("2027-03-02T10:00")
	tasting := func(days int) Reward {
		return Reward{ID: "tasting", Cost: 130, Dates: []Occasion{{ID: "d", At: now.AddDate(0, 0, days), Places: 2}}}
	}
	for what, c := range map[string]struct {
		reward Reward
		left   Budgets
		near   bool
	}{
		"a date ahead":             {tasting(3), nil, true},
		"a date with places":       {tasting(3), Budgets{"rewards.tasting@d": 1}, true},
		"a date without":           {tasting(3), Budgets{"rewards.tasting@d": 0}, false},
		"a date that is past":      {tasting(-3), nil, false},
		"pieces left":              {Reward{ID: "mug", Cost: 130, Drops: []Drop{{Pieces: 5}}}, Budgets{"rewards.mug": 1}, true},
		"none left":                {Reward{ID: "mug", Cost: 130, Drops: []Drop{{Pieces: 5}}}, Budgets{"rewards.mug": 0}, false},
		"none released so far":     {Reward{ID: "mug", Cost: 130, Drops: []Drop{{At: now.Add(time.Hour), Pieces: 5}}}, nil, false},
		"as many as anybody wants": {Reward{ID: "mug", Cost: 130}, nil, true},
	} {
		p := reminding(t, Reminder{ID: "near", On: NearReward, Within: 50, Channels: []Channel{Email}, Purpose: Marketing})
		p.Rewards = []Reward{c.reward}
		who := anybody
		who.Left = c.left
		if plan := p.Remind(whoHas(Lot{0, 100}), who, Reminded{}, now); (len(plan.Send) == 1) != c.near {
			t.Errorf("%s: %+v", what, plan.Send)
		}
	}
}

// What is asked for is 100,000 a minute of one core.
func BenchmarkRemind(b *testing.B) {
	p := reminding(b, lapseSteps,
		Reminder{ID: "near", On: NearReward, Within: 50, Channels: []Channel{Email}, Purpose: Marketing},
		Reminder{ID: "idle", On: AfterIdle, Leads: []Period{{Days: 60}}, Channels: []Channel{Email}, Purpose: Marketing},
		Reminder{ID: "away", On: AfterAbsence, Leads: []Period{{Days: 90}}, Channels: []Channel{Email}, Purpose: Marketing},
		Reminder{ID: "birthday", On: OnBirthday, Channels: []Channel{Email}, Purpose: Marketing})
	p.Rewards = []Reward{{ID: "mug", Cost: 130}, {ID: "gift", Cost: 900}}
	p.Reminders.AtMost = []SendCap{{Email, 2, PerWeek}, {"", 3, PerWeek}}
	acc := whoHas(Lot{20270331, 50}, Lot{20270430, 30}, Lot{20270531, 20})
	acc.Traits = Traits{Birthday: 302, Zone: "America/New_York"}
	now := utc("2027-03-02T16:00")
	b.ReportAllocs()
	for b.Loop() {
		plan := p.Remind(acc, anybody, Reminded{}, now)
		if len(plan.Send) < 2 {
			b.Fatal(plan)
		}
		if then := p.Remind(acc, anybody, Reminded{}.Tell(p, acc, plan.Send[0], "m", now), now); len(then.Send) != len(plan.Send)-1 {
			b.Fatal(then)
		}
	}
	b.ReportMetric(60/(b.Elapsed().Seconds()/float64(b.N)), "members/min")
}
