package loyalty

import (
	"errors"
	"fmt"
	"math/big"
	"testing"
)

func TestBoundsOfACommit(t *testing.T) {
	p := stocked(t, inMiles)
	acc := saver(t, p, ample)
	open := redeemed(t, p, acc, Redemption{ID: "rd_1"}, false, noon)
	r := *last(open).Redemption
	for _, c := range []struct {
		n    Points
		want Points
		code Code
	}{
		{0, r.Points, ""}, {r.Points, r.Points, ""}, {r.Points - 1, r.Points - 1, ""}, {r.Points + 1, 0, AmountOutOfRange}, {-1, 0, AmountOutOfRange},
	} {
		out, err := p.Commit(open.Account, r, c.n, noon)
		pointer := ""
		if c.code != "" {
			pointer = "/points"
		}
		if wantRefusal(t, fmt.Sprint("commit ", c.n), err, c.code, pointer); err != nil {
			continue
		}
		if got := last(out).Redemption.Points; got != c.want || out.Account.Balance() != (Balance{Active: ample.Points - c.want}) {
			t.Errorf("commit %d: %d points, %+v", c.n, got, out.Account.Balance())
		}
	}
}

// A reversal that gives nothing more back is rejected, and says whether the code or the program is the reason.
func TestReversalThatGivesNothingMoreBack(t *testing.T) {
	card := IssuedCode{Left: Money{100, "EUR"}, Worth: 100}
	spent := IssuedCode{Left: Money{0, "EUR"}, Worth: 100, Used: noon}
	for _, c := range []struct {
		name     string
		onRefund OnRefund
		share    *big.Rat
		back     Points
		code     IssuedCode
		want     Points
		refused  Code
	}{
		{"all", AllBack, big.NewRat(1, 2), 0, card, 10, ""},
		{"a share", ShareBack, big.NewRat(1, 2), 0, card, 5, ""},
		{"a greater share than before", ShareBack, big.NewRat(1, 2), 4, card, 5, ""},
		{"the same share again", ShareBack, big.NewRat(1, 2), 5, card, 0, ValidationFailed},
		{"none", NoneBack, big.NewRat(1, 1), 0, card, 0, ValidationFailed},
		{"of a gift card that was spent", AllBack, big.NewRat(1, 1), 0, spent, 0, CodeUsed},
		{"no share", AllBack, new(big.Rat), 0, card, 0, AmountOutOfRange},
		{"more than all", AllBack, big.NewRat(101, 100), 0, card, 0, AmountOutOfRange},
	} {
		p := stocked(t, func(p *Program, _ *Reward) { p.Redemption.OnRefund = c.onRefund })
		got, _, err := p.Returned(Redemption{Status: Committed, Points: 10, Restored: c.back}, c.share, c.code)
		if c.refused == "" && (err != nil || got != c.want) || c.refused != "" && !errors.Is(err, c.refused) {
			t.Errorf("%s: %d, %v; want %d, %s", c.name, got, err, c.want, c.refused)
		}
	}
	p := stocked(t, nil)
	if n, _, err := p.Returned(Redemption{Status: Committed}, big.NewRat(1, 1), IssuedCode{}); n != 0 || err != nil {
		t.Errorf("what cost nothing can be reversed: %d, %v", n, err)
	}
	half := IssuedCode{Left: Money{50, "EUR"}, Worth: 100}
	p.Redemption.OnRefund = ShareBack
	_, _, err := p.Returned(Redemption{Status: Committed, Points: 10, Restored: 5}, big.NewRat(1, 1), half)
	wantRefusal(t, "no more than the card has left", err, CodeUsed, "")
}

// A message that caps hold back is tried again in the morning after the first cap that leaves room.
func TestCapsHoldMessagesBackUntilTheFirstHasRoom(t *testing.T) {
	p := reminding(t, Reminder{ID: "near", On: NearReward, Within: 50, Channels: []Channel{Email, SMS}, Purpose: Marketing})
	p.Rewards = []Reward{{ID: "it", Type: "free_product", Cost: 100}, {ID: "other", Type: "free_product", Cost: 100}}
	p.Reminders.FrequencyCaps = []FrequencyCap{{Channel: Email, Times: 1, Per: PerMonth}, {Channel: SMS, Times: 1, Per: PerWeek}}
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	acc, now := whoHas(Lot{0, 80}), utc("2027-03-02T10:00") // a Tuesday
	sent := func(channels ...Channel) (s Reminded) {
		for _, c := range channels {
			s.Sent = append(s.Sent, SentCount{20270301, c, 1})
		}
		return s
	}
	for _, c := range []struct {
		sent Reminded
		want Channel
	}{{sent(), Email}, {sent(Email), SMS}, {sent(SMS), Email}} {
		plan := p.Remind(acc, anybody, c.sent, now)
		if len(plan.Send) != 1 || plan.Send[0].Channel != c.want || plan.Send[0].Reward != "it" || plan.Send[0].Missing != 20 {
			t.Errorf("%+v, want one by %s", plan.Send, c.want)
		}
	}
	v := p.visit(acc, anybody, sent(Email, SMS), now)
	v.r = &p.Reminders.Messages[0]
	v.look()
	if why, again := v.stopped(&v.offers[0]); why != Capped || !again.Equal(utc("2027-03-08T08:00")) {
		t.Errorf("%s until %s", why, again)
	}
}

func TestFriendIsRemindedOfAReferral(t *testing.T) {
	p := reminding(t, Reminder{ID: "stuck", On: AfterReferral, MinPoints: 70, Leads: []Period{{Days: 7}}, Channels: []Channel{Email}, Purpose: Marketing})
	acc := whoHas()
	acc.Traits.Referral = Referral{By: "mem_bob", At: utc("2027-03-01T07:00")}
	now := utc("2027-03-08T10:00")
	for _, c := range []struct {
		actions []Action
		order   string
		want    Points
	}{
		{[]Action{{Event: EventConverted, Friend: 70}}, "", 70},
		{[]Action{{Event: EventConverted, Friend: 69}}, "", 0},
		{[]Action{{Event: EventConverted, Friend: 40}, {Event: EventConverted, Friend: 31}, {Event: EventJoined, Friend: 5}}, "", 71},
		{[]Action{{Event: EventConverted, Friend: 70, Wallet: "miles"}}, "", 0},
		{[]Action{{Event: EventConverted, Friend: 70}}, "1", 0},
	} {
		p.Earn.Actions, acc.Traits.Referral.Order = c.actions, c.order
		plan := p.Remind(acc, anybody, Reminded{}, now)
		got := Points(0)
		if len(plan.Send) > 0 {
			got = plan.Send[0].Points
		}
		if got != c.want || len(plan.Send) > 1 {
			t.Errorf("%+v: %d points, want %d", c.actions, got, c.want)
		}
	}
}
