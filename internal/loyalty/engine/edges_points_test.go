package engine

import (
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
)

func TestWithdrawnActivity(t *testing.T) {
	at := func(days ...int) (all []time.Time) {
		for _, n := range days {
			all = append(all, noon.AddDate(0, 0, n))
		}
		return all
	}
	for _, c := range []struct {
		name       string
		activities []time.Time
		last       time.Time
		change     loyalty.ActivityChange
		want       []time.Time
		wantLast   time.Time
	}{
		{"the first one", nil, time.Time{}, loyalty.ActivityChange{At: at(1)[0]}, at(1), at(1)[0]},
		{"a later one", at(1), at(1)[0], loyalty.ActivityChange{At: at(2)[0]}, at(1, 2), at(2)[0]},
		{"an earlier one", at(2), at(2)[0], loyalty.ActivityChange{At: at(1)[0]}, at(1, 2), at(2)[0]},
		{"one too many", at(1, 2, 3, 4), at(4)[0], loyalty.ActivityChange{At: at(5)[0]}, at(2, 3, 4, 5), at(5)[0]},
		{
			"an earlier one too many", at(2, 3, 4, 5), at(5)[0],
			loyalty.ActivityChange{At: at(1)[0]},
			at(2, 3, 4, 5),
			at(5)[0],
		},
		{
			"the latest is withdrawn", at(1, 2), at(2)[0],
			loyalty.ActivityChange{At: at(2)[0], Withdrawn: true},
			at(1), at(1)[0],
		},
		{
			"an earlier one is withdrawn", at(1, 2), at(3)[0],
			loyalty.ActivityChange{At: at(1)[0], Withdrawn: true},
			at(2), at(3)[0],
		},
		{
			"the only one is withdrawn", at(1), at(1)[0],
			loyalty.ActivityChange{At: at(1)[0], Withdrawn: true},
			[]time.Time{},
			time.Time{},
		},
		{
			"one of two of an instant is withdrawn", at(1, 1), at(1)[0],
			loyalty.ActivityChange{At: at(1)[0], Withdrawn: true},
			at(1), at(1)[0],
		},
		{
			"an unknown one is withdrawn", at(1), at(1)[0],
			loyalty.ActivityChange{At: at(2)[0], Withdrawn: true},
			at(1), at(1)[0],
		},
	} {
		a := loyalty.Account{Activities: c.activities, LastActivity: c.last}
		posting.ChangeActivity(&a, c.change)
		if !slices.Equal(a.Activities, c.want) || !a.LastActivity.Equal(c.wantLast) {
			t.Errorf("%s: %v, last %s; want %v, %s", c.name, a.Activities, a.LastActivity, c.want, c.wantLast)
		}
	}
}

func TestPointsThatActivitiesMovedAreForgottenWhenSpent(t *testing.T) {
	to := loyalty.Slides + 20270301
	slid := []loyalty.Lot{
		{Expires: loyalty.Slides + 20270101, Points: 10}, {Expires: loyalty.Slides + 20270201, Points: 20},
	}
	for _, c := range []struct {
		lots []loyalty.Lot
		want []loyalty.Lot
	}{
		{[]loyalty.Lot{{Expires: to, Points: 40}}, slid},
		{[]loyalty.Lot{{Expires: to, Points: 30}}, slid},
		{
			[]loyalty.Lot{{Expires: to, Points: 25}},
			[]loyalty.Lot{
				{Expires: loyalty.Slides + 20270101, Points: 5}, {Expires: loyalty.Slides + 20270201, Points: 20},
			},
		},
		{[]loyalty.Lot{{Expires: to, Points: 20}}, []loyalty.Lot{{Expires: loyalty.Slides + 20270201, Points: 20}}},
		{[]loyalty.Lot{{Expires: to, Points: 1}}, []loyalty.Lot{{Expires: loyalty.Slides + 20270201, Points: 1}}},
		{[]loyalty.Lot{{Expires: to + 1, Points: 40}}, nil},
		{nil, nil},
	} {
		a := loyalty.Account{Slides: to, Slid: slid, Purse: loyalty.Purse{Lots: c.lots}}
		if posting.KeepSlid(&a); !slices.Equal(a.Slid, c.want) {
			t.Errorf("of %v remain %v, want %v", c.lots, a.Slid, c.want)
		}
	}
	var all []loyalty.Lot
	for i := range posting.MaxSlid + 2 {
		all = posting.AddSlid(all, loyalty.Lot{Expires: loyalty.Slides + loyalty.Date(20270101+i), Points: 1})
	}
	if len(all) != posting.MaxSlid || all[0] != (loyalty.Lot{Expires: loyalty.Slides + 20270103, Points: 3}) {
		t.Errorf("points of earlier days count as of the earliest one: %v", all)
	}
	if got := posting.AddSlid(
		[]loyalty.Lot{{Expires: loyalty.Slides + 20270101, Points: 5}},
		loyalty.Lot{Expires: loyalty.Slides + 20270101, Points: -5},
	); len(got) != 0 {
		t.Errorf("a day without points remains: %v", got)
	}
}

func TestSecondActivityOfADayMovesNothing(t *testing.T) {
	s := member2026(t, slidingProgram(t))
	s.buy("1", 100, instant(t, "2026-02-01T12:00:00Z"))
	s.buy("2", 10, instant(t, "2026-02-01T13:00:00Z"))
	for _, p := range s.entries[len(s.entries)-1].Postings {
		if p.Bucket == loyalty.BucketActive && p.Points != 10 {
			t.Errorf("the second order moves %+v", p)
		}
	}
	for _, b := range s.entries[len(s.entries)-1].Reasons {
		if b.Kind == loyalty.WasMoved {
			t.Errorf("because %+v", b)
		}
	}
}

// A debt is written off only beyond its bound, and exactly the rest.
func TestBoundOfADebt(t *testing.T) {
	for _, c := range []struct {
		take      loyalty.ClawbackPolicy
		most      loyalty.Points
		spent     loyalty.Points
		debt      loyalty.Points
		writesOff loyalty.Points
	}{
		{loyalty.ClawbackDebt, 30, 30, 30, 0},
		{loyalty.ClawbackDebt, 30, 31, 30, 1},
		{loyalty.ClawbackDebt, 30, 29, 29, 0},
		{loyalty.ClawbackDebt, 0, 90, 90, 0},
		{loyalty.ClawbackUnlimited, 30, 90, 90, 0},
		{loyalty.ClawbackWithinBalance, 0, 30, 0, 30},
		{loyalty.ClawbackWithinBalance, 0, 0, 0, 0},
		{loyalty.ClawbackPendingOnly, 0, 30, 0, 100},
	} {
		s := newShop(
			t,
			made(
				t, func(p *loyalty.Program) { p.Earn.Pending, p.Clawback, p.MaxDebt = loyalty.Wait{}, c.take, c.most },
			),
		)
		o := s.buy("1", 100, noon)
		if c.spent > 0 {
			s.spend(c.spent, noon)
		}
		o.Refunds = []loyalty.Refund{back("r", receipt.OrderTotal(o))}
		e, off, reasons := s.submit(o, noon), loyalty.Points(0), 0
		for _, b := range e.Reasons {
			if b.Kind == loyalty.IsKept {
				n := loyalty.Points(0)
				fmt.Sscan(b.Points, &n)
				off, reasons = off+n, reasons+1
			}
		}
		if s.acc.Debt != c.debt || off != c.writesOff || (reasons > 0) != (off > 0) {
			t.Errorf(
				"%v up to %d with %d spent: %d owed, %d written off for %d reasons; want %d, %d",
				c.take,
				c.most,
				c.spent,
				s.acc.Debt,
				off,
				reasons,
				c.debt,
				c.writesOff,
			)
		}
	}
}

func TestDebtorInBothWalletsSettlesNothing(t *testing.T) {
	p := miles(t, big.NewRat(1, 1))
	acc := holding(loyalty.Lot{Expires: 20290131, Points: 100})
	acc.Debt, acc.Purses = 5, []loyalty.Purse{{Wallet: "pay", Lots: []loyalty.Lot{{Expires: 20290131, Points: 100}}}}
	if _, err := share.Convert(p, acc, "cv_1", "pay", "", 5, noon); err != nil {
		t.Errorf("from a wallet without a debt: %v", err)
	}
	acc.Purses = []loyalty.Purse{{Wallet: "pay", Debt: 1, Lots: []loyalty.Lot{{Expires: 20290131, Points: 100}}}}
	_, err := share.Convert(p, acc, "cv_1", "pay", "", 5, noon)
	wantRefusal(t, "from a wallet with a debt", err, loyalty.ValidationFailed, "/to")
	acc.Purses[0].Debt = 0
	acc.Status = loyalty.Frozen
	_, err = share.Convert(p, acc, "cv_1", "pay", "", 5, noon)
	wantRefusal(t, "frozen", err, loyalty.AccountFrozen, "")
}

// Each field of a refund makes it another one.
func TestRefundsThatDiffer(t *testing.T) {
	base := loyalty.Refund{
		ID: "r", At: noon, Status: loyalty.RefundSucceeded, Amount: 10,
		Lines: []loyalty.RefundLine{{ID: "1", Quantity: 1, Amount: 5}},
	}
	if other := base; !award.EqualRefunds(base, other) {
		t.Error("a refund differs from itself")
	}
	moved := base
	if moved.At = noon.In(time.FixedZone("x", 3600)); !award.EqualRefunds(base, moved) {
		t.Error("the zone of the instant is no difference")
	}
	kind := reflect.TypeFor[loyalty.Refund]()
	for i := range kind.NumField() {
		other := base
		switch f := reflect.ValueOf(&other).Elem().Field(i); f.Kind() {
		case reflect.String:
			f.SetString("other")
		case reflect.Int64:
			f.SetInt(f.Int() + 1)
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Struct:
			other.At = noon.Add(1)
		case reflect.Slice:
			other.Lines = []loyalty.RefundLine{{ID: "1", Quantity: 1, Amount: 6}}
		default:
			t.Fatalf("a field of the kind %s", f.Kind())
		}
		if award.EqualRefunds(base, other) || award.EqualRefunds(other, base) {
			t.Errorf("%s makes no difference", kind.Field(i).Name)
		}
	}
}

func TestOnlySucceededRefundsAddUp(t *testing.T) {
	o := paid("EUR", loyalty.Line{Amount: 1000})
	for _, c := range []struct {
		status loyalty.RefundStatus
		amount int64
		code   loyalty.Code
	}{
		{loyalty.RefundSucceeded, 400, ""},
		{loyalty.RefundSucceeded, 401, loyalty.RefundExceedsPayment},
		{loyalty.RefundFailed, 1000, ""},
		{loyalty.RefundPending, 1000, ""},
		{"lost", 1, loyalty.ValidationFailed},
	} {
		o.Refunds = []loyalty.Refund{back("a", 600), {ID: "b", Status: c.status, Amount: c.amount}}
		pointer := map[loyalty.Code]string{
			loyalty.RefundExceedsPayment: "/refunds", loyalty.ValidationFailed: "/refunds/1/status",
		}[c.code]
		wantRefusal(t, fmt.Sprint(c.status, " ", c.amount), award.CheckRefunds(o), c.code, pointer)
	}
	for _, c := range []struct {
		name    string
		edit    func(*loyalty.Order)
		code    loyalty.Code
		pointer string
	}{
		{
			"as many refunds as there may be", func(o *loyalty.Order) { o.Refunds = manyRefunds(award.MaxRefunds) },
			"", "",
		},
		{
			"more refunds than there may be", func(o *loyalty.Order) { o.Refunds = manyRefunds(award.MaxRefunds + 1) },
			loyalty.ValidationFailed, "/refunds",
		},
		{
			"two of one ID", func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("a", 1), back("a", 1)} },
			loyalty.ValidationFailed, "/refunds/1/id",
		},
		{"included tax of all", func(o *loyalty.Order) {
			o.Refunds = []loyalty.Refund{{ID: "a", Status: loyalty.RefundSucceeded, Amount: 5, Included: 5}}
		}, "", ""},
		{"included tax of more", func(o *loyalty.Order) {
			o.Refunds = []loyalty.Refund{{ID: "a", Status: loyalty.RefundSucceeded, Amount: 5, Included: 6}}
		}, loyalty.ValidationFailed, "/refunds/0/tax"},
		{"parts of more than all", func(o *loyalty.Order) {
			o.Refunds = []loyalty.Refund{{ID: "a", Status: loyalty.RefundSucceeded, Amount: 5, Goods: 6}}
		}, loyalty.ValidationFailed, "/refunds/0/amount"},
		{"a dispute about all", func(o *loyalty.Order) {
			o.Disputes = []loyalty.Dispute{{ID: "d", At: noon, Status: loyalty.DisputeOpen, Amount: 1000}}
		}, "", ""},
		{"a dispute about more", func(o *loyalty.Order) {
			o.Disputes = []loyalty.Dispute{{ID: "d", At: noon, Status: loyalty.DisputeOpen, Amount: 1001}}
		}, loyalty.ValidationFailed, "/disputes/0/amount"},
		{"a dispute below zero", func(o *loyalty.Order) {
			o.Disputes = []loyalty.Dispute{{ID: "d", At: noon, Status: loyalty.DisputeOpen, Amount: -1}}
		}, loyalty.AmountOutOfRange, "/disputes/0/amount"},
		{
			"a dispute of no status",
			func(o *loyalty.Order) { o.Disputes = []loyalty.Dispute{{ID: "d", At: noon, Status: "x", Amount: 1}} },
			loyalty.ValidationFailed, "/disputes/0/status",
		},
		{"two disputes of one ID", func(o *loyalty.Order) {
			o.Disputes = slices.Repeat([]loyalty.Dispute{{ID: "d", At: noon, Status: loyalty.DisputeWon, Amount: 1}}, 2)
		}, loyalty.ValidationFailed, "/disputes/1/id"},
		{
			"too many disputes", func(o *loyalty.Order) { o.Disputes = make([]loyalty.Dispute, award.MaxRefunds+1) },
			loyalty.ValidationFailed, "/disputes",
		},
		{"a line's whole amount", func(o *loyalty.Order) {
			o.Refunds = []loyalty.Refund{back("a", 1000, loyalty.RefundLine{ID: "1", Quantity: 1, Amount: 1000})}
		}, "", ""},
		{"more than a line's amount", func(o *loyalty.Order) {
			o.Shipping, o.Refunds = 10, []loyalty.Refund{
				back("a", 1001, loyalty.RefundLine{ID: "1", Quantity: 1, Amount: 1001}),
			}
		}, loyalty.RefundExceedsPayment, "/refunds"},
		{"a line's discounted amount, rounded up", func(o *loyalty.Order) {
			o.Discount, o.Refunds = 500, []loyalty.Refund{
				back("a", 500, loyalty.RefundLine{ID: "1", Quantity: 1, Amount: 500}),
			}
		}, "", ""},
		{"an unknown line", func(o *loyalty.Order) {
			o.Refunds = []loyalty.Refund{back("a", 1, loyalty.RefundLine{ID: "9", Quantity: 1, Amount: 1})}
		}, loyalty.ValidationFailed, "/refunds/0/line_items/0/id"},
		{"all shipping and tax", func(o *loyalty.Order) {
			o.Shipping, o.Tax, o.Refunds = 5, 6, []loyalty.Refund{
				{ID: "a", Status: loyalty.RefundSucceeded, Amount: 11, Shipping: 5, Tax: 6},
			}
		}, "", ""},
		{"more shipping", func(o *loyalty.Order) {
			o.Shipping, o.Tax, o.Refunds = 5, 6, []loyalty.Refund{
				{ID: "a", Status: loyalty.RefundSucceeded, Amount: 11, Shipping: 6},
			}
		}, loyalty.RefundExceedsPayment, "/refunds"},
		{"more tax", func(o *loyalty.Order) {
			o.Shipping, o.Tax, o.Refunds = 5, 6, []loyalty.Refund{
				{ID: "a", Status: loyalty.RefundSucceeded, Amount: 11, Tax: 7},
			}
		}, loyalty.RefundExceedsPayment, "/refunds"},
	} {
		o := paid("EUR", loyalty.Line{Amount: 1000})
		c.edit(&o)
		wantRefusal(t, c.name, award.CheckOrder(o), c.code, c.pointer)
	}
}

func manyRefunds(n int) (all []loyalty.Refund) {
	for i := range n {
		all = append(all, back(fmt.Sprint(i), 1))
	}
	return all
}

func TestFeeIsPaidWithTheFirstLots(t *testing.T) {
	d := posting.Decide((&loyalty.Program{}), loyalty.Account{}, noon)
	lots := []loyalty.Lot{{Expires: 20270101, Points: 5}, {Expires: 20270201, Points: 7}, {Expires: 0, Points: 9}}
	for fee, want := range map[loyalty.Points][]loyalty.Lot{
		0: lots, 3: {{Expires: 20270101, Points: 2}, {Expires: 20270201, Points: 7}, {Expires: 0, Points: 9}},
		5: lots[1:], 6: {{Expires: 20270201, Points: 6}, {Expires: 0, Points: 9}}, 12: lots[2:], 21: nil,
	} {
		if got := share.SentLots(d, lots, fee); !slices.Equal(got, want) {
			t.Errorf("after a fee of %d arrive %v, want %v", fee, got, want)
		}
	}
}

// Points that a reward credited to another wallet are taken back in proportion to all points that are returned, rounded
// in the member's favor.
func TestPointsOfAnotherWalletGoBackInParts(t *testing.T) {
	p := stocked(t, func(p *loyalty.Program, r *loyalty.Reward) {
		p.Wallets = []loyalty.Wallet{{ID: "miles"}}
		r.Type, r.Wallet, r.Points = "wallet_points", "miles", 90
		p.Redemption.OnRefund = loyalty.ShareBack
	})
	out := redeemed(t, p, saver(t, p, ample), loyalty.Redemption{ID: "rd_1"}, true, noon)
	for _, c := range []struct {
		share      *big.Rat
		main, held loyalty.Points
	}{{big.NewRat(1, 3), 33, 61}, {big.NewRat(1, 2), 50, 45}, {big.NewRat(1, 1), 100, 0}} {
		back, err := redeem.Reverse(p, out.Account, last(out), c.share, noon)
		if err != nil {
			t.Fatal(err)
		}
		r := last(back).Redemption
		if r.Restored != c.main || back.Account.BalanceOf("miles").Active != c.held || r.Credit.Worth != 90 ||
			back.Account.Balance().Active != ample.Points-100+c.main {
			t.Errorf(
				"after %s came back: %d points, %d miles, credit %+v; want %d, %d",
				c.share,
				r.Restored,
				back.Account.BalanceOf("miles").Active,
				r.Credit,
				c.main,
				c.held,
			)
		}
		for _, x := range last(back).Postings {
			if x.Points == 0 {
				t.Errorf("a posting of nothing: %+v", x)
			}
		}
		out = back
	}
	if r := last(out).Redemption; r.Status != loyalty.Reversed {
		t.Errorf("%s", r.Status)
	}
}
