package engine

import (
	"errors"
	"fmt"
	"math/big"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"pgregory.net/rapid"
)

// milesProgram has a wallet of miles with conversions at 3 points for 2 miles, and rewards in both wallets.
func milesProgram(tb testing.TB) *loyalty.Program {
	return made(tb, func(p *loyalty.Program) {
		p.Earn.Pending = calendar.Wait{}
		p.Wallets = []loyalty.Wallet{{ID: "miles", Unit: loyalty.Units{Other: loyalty.Text{"en": "miles"}}}}
		p.Conversions = []loyalty.Conversion{{ID: "to-miles", To: "miles", Rate: big.NewRat(2, 3)}}
		p.Rewards = []loyalty.Reward{
			{ID: "mug", Type: "free_shipping", Cost: 100, Wallets: map[string]loyalty.Points{"miles": 50}},
		}
	})
}

// send delivers an order and returns its entry.
func (s *shop) send(t interface{ Fatal(...any) }, o loyalty.Order) loyalty.Entry {
	out, err := award.PlaceOrder(Begin(s.p, s.acc, noon), s.states[o.ID], EarnRules(s.p), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.acc, s.states[o.ID] = out.Account, out.Entries[0].Order
	return out.Entries[0]
}

func euroOrder(id string, euros int64) loyalty.Order {
	o := bought("EUR", loyalty.Line{ID: "1", Quantity: 1, Amount: 100 * euros})
	o.ID = id
	return o
}

// A refund takes back the miles that came from the order's points before it causes a debt, regardless of the points
// that were converted and spent. The member never loses more than the refund takes, and a refund that fails restores
// the account.
func TestRefundFollowsConvertedPoints(t *testing.T) {
	p := milesProgram(t)
	followed := 0
	rapid.Check(t, func(t *rapid.T) {
		s := newShop(t, p)
		o := euroOrder("1", rapid.Int64Range(50, 500).Draw(t, "euros"))
		s.send(t, o)
		s.send(t, euroOrder("2", rapid.Int64Range(0, 100).Draw(t, "other")))
		for i := range rapid.IntRange(0, 3).Draw(t, "conversions") {
			n := loyalty.Points(rapid.Int64Range(2, 200).Draw(t, "converted"))
			out, err := share.Convert(Begin(p, s.acc, noon), fmt.Sprint("c", i), "", "miles", n)
			if errors.Is(err, loyalty.InsufficientPoints) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			s.acc = out.Account
		}
		if out, err := redeem.Redeem(
			Begin(p, s.acc, noon), loyalty.Redemption{ID: "rd_1", Reward: "mug", Wallet: "miles"}, true, nil,
		); err == nil && rapid.Bool().Draw(t, "redeem") {
			s.acc = out.Account
		}
		before := s.acc
		back := rapid.Int64Range(1, receipt.ItemTotal(o)).Draw(t, "refunded")
		reported := o
		reported.Refunds = []loyalty.Refund{{ID: "r", At: noon, Status: loyalty.RefundSucceeded, Amount: back}}
		e := s.send(t, reported)
		took := receipt.ItemTotal(o)/100 - int64(e.Order.Worth)
		points, miles := before.BalanceOf(""), before.BalanceOf("miles")
		left, leftMiles := s.acc.BalanceOf(""), s.acc.BalanceOf("miles")
		lost := int64(points.Active-left.Active) + int64(left.Debt) + int64(miles.Active-leftMiles.Active)*3/2
		if left.Debt > 0 && leftMiles.Active > 0 && left.Active > 0 {
			t.Fatalf("points are owed while some are left: %+v %+v", left, leftMiles)
		}
		if left.Debt > 0 && leftMiles.Active > 0 {
			t.Fatalf("%d points are owed while %d miles are left of conversions", left.Debt, leftMiles.Active)
		}
		if lost > took+int64(len(s.acc.Conversions)) || lost < took-int64(2*len(s.acc.Conversions))-1 {
			t.Fatalf("a refund of %d points took %d", took, lost)
		}
		if miles.Active != leftMiles.Active {
			followed++
		}
		reported.Refunds[0].Status = loyalty.RefundFailed
		s.send(t, reported)
		if got, want := fmt.Sprint(s.acc.Lots, s.acc.Debt, s.acc.In("miles").Lots, s.acc.Conversions), fmt.Sprint(
			before.Lots, before.Debt, before.In("miles").Lots, before.Conversions,
		); got != want {
			t.Fatalf("after the refund failed: %s\nbefore it: %s", got, want)
		}
	})
	if followed == 0 {
		t.Error("no refund took back miles")
	}
}

func TestDebtorSpendsFromNoWallet(t *testing.T) {
	p := milesProgram(t)
	s := newShop(t, p)
	o := euroOrder("1", 200)
	s.send(t, o)
	out, err := share.Convert(Begin(p, s.acc, noon), "c1", "", "miles", 30)
	if err != nil {
		t.Fatal(err)
	}
	s.acc = out.Account
	s.acc.Conversions = nil // an old conversion, which clawbacks do not follow
	held, err := redeem.Redeem(Begin(p, s.acc, noon), loyalty.Redemption{ID: "rd_0", Reward: "mug"}, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.acc = held.Account
	s.acc.Purses[0].Lots[0].Points = 120
	o.Refunds = []loyalty.Refund{{ID: "r", At: noon, Status: loyalty.RefundSucceeded, Amount: receipt.ItemTotal(o)}}
	s.send(t, o)
	if s.acc.Debt != 130 {
		t.Fatalf("the member owes %d", s.acc.Debt)
	}

	for _, wallet := range []string{"", "miles"} {
		_, err := redeem.Redeem(
			Begin(p, s.acc, noon), loyalty.Redemption{ID: "rd_1", Reward: "mug", Wallet: wallet}, true, nil,
		)
		if !errors.Is(err, loyalty.InsufficientPoints) {
			t.Errorf("redeem from %q: %v", wallet, err)
		}
	}
	q := Available(p, s.acc, p.Rewards[0], loyalty.Redemption{}, nil, noon)
	if len(q.Unmet) == 0 {
		t.Error("the reward is said to be available")
	}
	if n := redeem.Shares(&p.Sharing, p.Rewards, s.acc); n != 0 {
		t.Errorf("the household may draw %d points", n)
	}
	// A reservation from before the debt commits.
	if _, err := Commit(p, s.acc, *held.Entries[0].Redemption, 0, noon); err != nil {
		t.Errorf("commit: %v", err)
	}

	// 120 miles are worth 180 points: 87 settle the debt of 130, and more are rejected.
	_, err = share.Convert(Begin(p, s.acc, noon), "c2", "miles", "", 88)
	if !errors.Is(err, loyalty.AmountOutOfRange) {
		t.Errorf("more than the debt: %v", err)
	}
	settled, err := share.Convert(Begin(p, s.acc, noon), "c2", "miles", "", 87)
	if err != nil || settled.Account.Debt != 0 || settled.Account.BalanceOf("miles").Active != 33 ||
		settled.Account.BalanceOf("").Active != 0 {
		t.Fatalf("%+v %v", settled.Account, err)
	}
	if _, err := redeem.Redeem(
		Begin(p, settled.Account, noon), loyalty.Redemption{ID: "rd_2", Reward: "mug", Wallet: "miles"}, true, nil,
	); !errors.Is(err, loyalty.InsufficientPoints) {
		t.Errorf("33 miles do not suffice: %v", err)
	}
	if _, err := share.Convert(
		Begin(p, settled.Account, noon), "c3", "miles", "", 1,
	); !errors.Is(err, loyalty.ValidationFailed) {
		t.Errorf("without a debt there is no way back: %v", err)
	}
}

// Expired points of refunded orders are written off, and spent points are owed, in any order in which the refunds are
// reported.
func TestSpentPointsAreOwedAfterTheirDay(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Earn.Pending, p.Earn.Expires = calendar.Wait{}, calendar.Expiry{After: calendar.Period{Days: 14}}
		p.Rewards = []loyalty.Reward{{ID: "one", Type: "free_shipping", Cost: 1}}
	})
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "orders")
		s := newShop(t, p)
		var orders []loyalty.Order
		all := loyalty.Points(0)
		for i := range n {
			o := euroOrder(fmt.Sprint(i), rapid.Int64Range(1, 100).Draw(t, "euros"))
			orders = append(orders, o)
			s.send(t, o)
			all += s.states[o.ID].Worth
		}
		spent := loyalty.Points(rapid.Int64Range(0, int64(all)).Draw(t, "spent"))
		p.Rewards[0].Cost = max(1, spent)
		if spent > 0 {
			out, err := redeem.Redeem(Begin(p, s.acc, noon), loyalty.Redemption{ID: "rd_1", Reward: "one"}, true, nil)
			if err != nil {
				t.Fatal(err)
			}
			s.acc = out.Account
		}
		later := noon.AddDate(0, 1, 0)
		out, err := Advance(p, s.acc, later)
		if err != nil {
			t.Fatal(err)
		}
		refunded := loyalty.Points(0)
		acc := out.Account
		for _, i := range rapid.Permutation([]int{0, 1, 2, 3}[:n]).Draw(t, "refunds") {
			o := orders[i]
			o.Refunds = []loyalty.Refund{
				{ID: "r", At: later, Status: loyalty.RefundSucceeded, Amount: receipt.ItemTotal(o)},
			}
			refunded += s.states[o.ID].Worth
			out, err := award.PlaceOrder(Begin(p, acc, later), s.states[o.ID], EarnRules(p), o, nil)
			if err != nil {
				t.Fatal(err)
			}
			acc = out.Account
			if want := max(0, refunded-(all-spent)); acc.Debt != want {
				t.Fatalf(
					"of %d points %d were spent; after refunds of %d the debt is %d, want %d", all, spent, refunded,
					acc.Debt, want,
				)
			}
		}
	})
}
