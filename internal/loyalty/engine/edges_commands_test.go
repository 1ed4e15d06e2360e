package engine

import (
	"errors"
	"fmt"
	"math/big"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
)

func TestBoundsOfACommit(t *testing.T) {
	p := stocked(t, inMiles)
	acc := saver(t, p, ample)
	open := redeemed(t, p, acc, loyalty.Redemption{ID: "rd_1"}, false, noon)
	r := *last(open).Redemption
	for _, c := range []struct {
		n    loyalty.Points
		want loyalty.Points
		code loyalty.Code
	}{
		{0, r.Points, ""},
		{r.Points, r.Points, ""},
		{r.Points - 1, r.Points - 1, ""},
		{r.Points + 1, 0, loyalty.AmountOutOfRange},
		{-1, 0, loyalty.AmountOutOfRange},
	} {
		out, err := Commit(p, open.Account, r, c.n, noon)
		pointer := ""
		if c.code != "" {
			pointer = "/points"
		}
		if wantRefusal(t, fmt.Sprint("commit ", c.n), err, c.code, pointer); err != nil {
			continue
		}
		if got := last(out).Redemption.Points; got != c.want ||
			out.Account.Balance() != (loyalty.Balance{Active: ample.Points - c.want}) {
			t.Errorf("commit %d: %d points, %+v", c.n, got, out.Account.Balance())
		}
	}
}

// A reversal that restores no more points is rejected. The error states whether the code or the program is the reason.
func TestReversalThatGivesNothingMoreBack(t *testing.T) {
	card := redeem.IssuedCode{Left: loyalty.Money{Amount: 100, Currency: "EUR"}, Worth: 100}
	spent := redeem.IssuedCode{Left: loyalty.Money{Amount: 0, Currency: "EUR"}, Worth: 100, Used: noon}
	for _, c := range []struct {
		name     string
		onRefund loyalty.OnRefund
		share    *big.Rat
		back     loyalty.Points
		code     redeem.IssuedCode
		want     loyalty.Points
		refused  loyalty.Code
	}{
		{"all", loyalty.AllBack, big.NewRat(1, 2), 0, card, 10, ""},
		{"a share", loyalty.ShareBack, big.NewRat(1, 2), 0, card, 5, ""},
		{"a greater share than before", loyalty.ShareBack, big.NewRat(1, 2), 4, card, 5, ""},
		{"the same share again", loyalty.ShareBack, big.NewRat(1, 2), 5, card, 0, loyalty.ValidationFailed},
		{"none", loyalty.NoneBack, big.NewRat(1, 1), 0, card, 0, loyalty.ValidationFailed},
		{"of a gift card that was spent", loyalty.AllBack, big.NewRat(1, 1), 0, spent, 0, loyalty.CodeUsed},
		{"no share", loyalty.AllBack, new(big.Rat), 0, card, 0, loyalty.AmountOutOfRange},
		{"more than all", loyalty.AllBack, big.NewRat(101, 100), 0, card, 0, loyalty.AmountOutOfRange},
	} {
		p := stocked(t, func(p *loyalty.Program, _ *loyalty.Reward) { p.Redemption.OnRefund = c.onRefund })
		got, _, err := redeem.Returned(
			&p.Redemption, loyalty.Redemption{Status: loyalty.Committed, Points: 10, Restored: c.back}, c.share, c.code,
		)
		if c.refused == "" && (err != nil || got != c.want) || c.refused != "" && !errors.Is(err, c.refused) {
			t.Errorf("%s: %d, %v; want %d, %s", c.name, got, err, c.want, c.refused)
		}
	}
	p := stocked(t, nil)
	if n, _, err := redeem.Returned(
		&p.Redemption, loyalty.Redemption{Status: loyalty.Committed}, big.NewRat(1, 1), redeem.IssuedCode{},
	); n != 0 || err != nil {
		t.Errorf("what cost nothing can be reversed: %d, %v", n, err)
	}
	half := redeem.IssuedCode{Left: loyalty.Money{Amount: 50, Currency: "EUR"}, Worth: 100}
	p.Redemption.OnRefund = loyalty.ShareBack
	_, _, err := redeem.Returned(
		&p.Redemption, loyalty.Redemption{Status: loyalty.Committed, Points: 10, Restored: 5}, big.NewRat(1, 1), half,
	)
	wantRefusal(t, "no more than the card has left", err, loyalty.CodeUsed, "")
}

func TestFriendIsRemindedOfAReferral(t *testing.T) {
	p := reminding(
		t,
		loyalty.Reminder{
			ID: "stuck", On: loyalty.AfterReferral, MinPoints: 70, Leads: []calendar.Period{{Days: 7}},
			Channels: []loyalty.Channel{loyalty.Email}, Purpose: loyalty.Marketing,
		},
	)
	acc := whoHas()
	acc.Traits.Referral = loyalty.Referral{By: "mem_bob", At: utc("2027-03-01T07:00")}
	now := utc("2027-03-08T10:00")
	for _, c := range []struct {
		actions []loyalty.Action
		order   string
		want    loyalty.Points
	}{
		{[]loyalty.Action{{Event: posting.EventConverted, Friend: 70}}, "", 70},
		{[]loyalty.Action{{Event: posting.EventConverted, Friend: 69}}, "", 0},
		{
			[]loyalty.Action{
				{Event: posting.EventConverted, Friend: 40},
				{Event: posting.EventConverted, Friend: 31},
				{Event: award.EventJoined, Friend: 5},
			},
			"", 71,
		},
		{[]loyalty.Action{{Event: posting.EventConverted, Friend: 70, Wallet: "miles"}}, "", 0},
		{[]loyalty.Action{{Event: posting.EventConverted, Friend: 70}}, "1", 0},
	} {
		p.Earn.Actions, acc.Traits.Referral.Order = c.actions, c.order
		plan := remind.Remind(RemindRules(p), acc, anybody, remind.Reminded{}, now)
		got := loyalty.Points(0)
		if len(plan.Send) > 0 {
			got = plan.Send[0].Points
		}
		if got != c.want || len(plan.Send) > 1 {
			t.Errorf("%+v: %d points, want %d", c.actions, got, c.want)
		}
	}
}
