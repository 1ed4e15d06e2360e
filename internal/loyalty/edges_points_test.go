package loyalty

import (
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"testing"
	"time"
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
		change     ActivityChange
		want       []time.Time
		wantLast   time.Time
	}{
		{"the first one", nil, time.Time{}, ActivityChange{At: at(1)[0]}, at(1), at(1)[0]},
		{"a later one", at(1), at(1)[0], ActivityChange{At: at(2)[0]}, at(1, 2), at(2)[0]},
		{"an earlier one", at(2), at(2)[0], ActivityChange{At: at(1)[0]}, at(1, 2), at(2)[0]},
		{"one too many", at(1, 2, 3, 4), at(4)[0], ActivityChange{At: at(5)[0]}, at(2, 3, 4, 5), at(5)[0]},
		{"an earlier one too many", at(2, 3, 4, 5), at(5)[0], ActivityChange{At: at(1)[0]}, at(2, 3, 4, 5), at(5)[0]},
		{"the latest is withdrawn", at(1, 2), at(2)[0], ActivityChange{At: at(2)[0], Withdrawn: true}, at(1), at(1)[0]},
		{"an earlier one is withdrawn", at(1, 2), at(3)[0], ActivityChange{At: at(1)[0], Withdrawn: true}, at(2), at(3)[0]},
		{"the only one is withdrawn", at(1), at(1)[0], ActivityChange{At: at(1)[0], Withdrawn: true}, []time.Time{}, time.Time{}},
		{"one of two of an instant is withdrawn", at(1, 1), at(1)[0], ActivityChange{At: at(1)[0], Withdrawn: true}, at(1), at(1)[0]},
		{"an unknown one is withdrawn", at(1), at(1)[0], ActivityChange{At: at(2)[0], Withdrawn: true}, at(1), at(1)[0]},
	} {
		a := Account{Activities: c.activities, LastActivity: c.last}
		a.changeActivity(c.change)
		if !slices.Equal(a.Activities, c.want) || !a.LastActivity.Equal(c.wantLast) {
			t.Errorf("%s: %v, last %s; want %v, %s", c.name, a.Activities, a.LastActivity, c.want, c.wantLast)
		}
	}
}

func TestPointsThatActivitiesMovedAreForgottenWhenSpent(t *testing.T) {
	to := slides + 20270301
	slid := []Lot{{slides + 20270101, 10}, {slides + 20270201, 20}}
	for _, c := range []struct {
		lots []Lot
		want []Lot
	}{
		{[]Lot{{to, 40}}, slid},
		{[]Lot{{to, 30}}, slid},
		{[]Lot{{to, 25}}, []Lot{{slides + 20270101, 5}, {slides + 20270201, 20}}},
		{[]Lot{{to, 20}}, []Lot{{slides + 20270201, 20}}},
		{[]Lot{{to, 1}}, []Lot{{slides + 20270201, 1}}},
		{[]Lot{{to + 1, 40}}, nil},
		{nil, nil},
	} {
		a := Account{Slides: to, Slid: slid, Purse: Purse{Lots: c.lots}}
		if a.keepSlid(); !slices.Equal(a.Slid, c.want) {
			t.Errorf("of %v remain %v, want %v", c.lots, a.Slid, c.want)
		}
	}
	var all []Lot
	for i := range maxSlid + 2 {
		all = addSlid(all, Lot{slides + Date(20270101+i), 1})
	}
	if len(all) != maxSlid || all[0] != (Lot{slides + 20270103, 3}) {
		t.Errorf("points of earlier days count as of the earliest one: %v", all)
	}
	if got := addSlid([]Lot{{slides + 20270101, 5}}, Lot{slides + 20270101, -5}); len(got) != 0 {
		t.Errorf("a day without points remains: %v", got)
	}
}

func TestSecondActivityOfADayMovesNothing(t *testing.T) {
	s := member2026(t, slidingProgram(t))
	s.buy("1", 100, instant(t, "2026-02-01T12:00:00Z"))
	s.buy("2", 10, instant(t, "2026-02-01T13:00:00Z"))
	for _, p := range s.entries[len(s.entries)-1].Postings {
		if p.Bucket == BucketActive && p.Points != 10 {
			t.Errorf("the second order moves %+v", p)
		}
	}
	for _, b := range s.entries[len(s.entries)-1].Reasons {
		if b.Kind == WasMoved {
			t.Errorf("because %+v", b)
		}
	}
}

// A debt is written off only beyond its bound, and exactly the rest.
func TestBoundOfADebt(t *testing.T) {
	for _, c := range []struct {
		take      ClawbackPolicy
		most      Points
		spent     Points
		debt      Points
		writesOff Points
	}{
		{ClawbackDebt, 30, 30, 30, 0},
		{ClawbackDebt, 30, 31, 30, 1},
		{ClawbackDebt, 30, 29, 29, 0},
		{ClawbackDebt, 0, 90, 90, 0},
		{ClawbackUnlimited, 30, 90, 90, 0},
		{ClawbackWithinBalance, 0, 30, 0, 30},
		{ClawbackWithinBalance, 0, 0, 0, 0},
		{ClawbackPendingOnly, 0, 30, 0, 100},
	} {
		s := newShop(
			t,
			made(t, func(p *Program) { p.Earn.Pending, p.Clawback, p.MaxDebt = Wait{}, c.take, c.most }),
		)
		o := s.buy("1", 100, noon)
		if c.spent > 0 {
			s.spend(c.spent, noon)
		}
		o.Refunds = []Refund{back("r", o.total())}
		e, off, reasons := s.tell(o, noon), Points(0), 0
		for _, b := range e.Reasons {
			if b.Kind == IsKept {
				n := Points(0)
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
	acc := holding(Lot{20290131, 100})
	acc.Debt, acc.Purses = 5, []Purse{{Wallet: "pay", Lots: []Lot{{20290131, 100}}}}
	if _, err := p.Convert(acc, "cv_1", "pay", "", 5, noon); err != nil {
		t.Errorf("from a wallet without a debt: %v", err)
	}
	acc.Purses = []Purse{{Wallet: "pay", Debt: 1, Lots: []Lot{{20290131, 100}}}}
	_, err := p.Convert(acc, "cv_1", "pay", "", 5, noon)
	wantRefusal(t, "from a wallet with a debt", err, ValidationFailed, "/to")
	acc.Purses[0].Debt = 0
	acc.Status = Frozen
	_, err = p.Convert(acc, "cv_1", "pay", "", 5, noon)
	wantRefusal(t, "frozen", err, AccountFrozen, "")
}

// Each field of a refund makes it another one.
func TestRefundsThatDiffer(t *testing.T) {
	base := Refund{ID: "r", At: noon, Status: RefundSucceeded, Amount: 10, Lines: []RefundLine{{"1", 1, 5}}}
	if other := base; !base.equal(other) {
		t.Error("a refund differs from itself")
	}
	moved := base
	if moved.At = noon.In(time.FixedZone("x", 3600)); !base.equal(moved) {
		t.Error("the zone of the instant is no difference")
	}
	kind := reflect.TypeFor[Refund]()
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
			other.Lines = []RefundLine{{"1", 1, 6}}
		default:
			t.Fatalf("a field of the kind %s", f.Kind())
		}
		if base.equal(other) || other.equal(base) {
			t.Errorf("%s makes no difference", kind.Field(i).Name)
		}
	}
}

func TestOnlySucceededRefundsAddUp(t *testing.T) {
	o := paid("EUR", Line{Amount: 1000})
	for _, c := range []struct {
		status RefundStatus
		amount int64
		code   Code
	}{
		{RefundSucceeded, 400, ""}, {RefundSucceeded, 401, RefundExceedsPayment}, {RefundFailed, 1000, ""}, {RefundPending, 1000, ""}, {"lost", 1, ValidationFailed},
	} {
		o.Refunds = []Refund{back("a", 600), {ID: "b", Status: c.status, Amount: c.amount}}
		pointer := map[Code]string{RefundExceedsPayment: "/refunds", ValidationFailed: "/refunds/1/status"}[c.code]
		wantRefusal(t, fmt.Sprint(c.status, " ", c.amount), o.checkRefunds(), c.code, pointer)
	}
	for _, c := range []struct {
		name    string
		edit    func(*Order)
		code    Code
		pointer string
	}{
		{"as many refunds as there may be", func(o *Order) { o.Refunds = manyRefunds(MaxRefunds) }, "", ""},
		{"more refunds than there may be", func(o *Order) { o.Refunds = manyRefunds(MaxRefunds + 1) }, ValidationFailed, "/refunds"},
		{"two of one ID", func(o *Order) { o.Refunds = []Refund{back("a", 1), back("a", 1)} }, ValidationFailed, "/refunds/1/id"},
		{"included tax of all", func(o *Order) { o.Refunds = []Refund{{ID: "a", Status: RefundSucceeded, Amount: 5, Included: 5}} }, "", ""},
		{"included tax of more", func(o *Order) { o.Refunds = []Refund{{ID: "a", Status: RefundSucceeded, Amount: 5, Included: 6}} }, ValidationFailed, "/refunds/0/tax"},
		{"parts of more than all", func(o *Order) { o.Refunds = []Refund{{ID: "a", Status: RefundSucceeded, Amount: 5, Goods: 6}} }, ValidationFailed, "/refunds/0/amount"},
		{"a dispute about all", func(o *Order) { o.Disputes = []Dispute{{"d", noon, DisputeOpen, 1000}} }, "", ""},
		{"a dispute about more", func(o *Order) { o.Disputes = []Dispute{{"d", noon, DisputeOpen, 1001}} }, ValidationFailed, "/disputes/0/amount"},
		{"a dispute below zero", func(o *Order) { o.Disputes = []Dispute{{"d", noon, DisputeOpen, -1}} }, AmountOutOfRange, "/disputes/0/amount"},
		{"a dispute of no status", func(o *Order) { o.Disputes = []Dispute{{"d", noon, "x", 1}} }, ValidationFailed, "/disputes/0/status"},
		{"two disputes of one ID", func(o *Order) { o.Disputes = slices.Repeat([]Dispute{{"d", noon, DisputeWon, 1}}, 2) }, ValidationFailed, "/disputes/1/id"},
		{"too many disputes", func(o *Order) { o.Disputes = make([]Dispute, MaxRefunds+1) }, ValidationFailed, "/disputes"},
		{"a line's whole amount", func(o *Order) { o.Refunds = []Refund{back("a", 1000, RefundLine{"1", 1, 1000})} }, "", ""},
		{"more than a line's amount", func(o *Order) { o.Shipping, o.Refunds = 10, []Refund{back("a", 1001, RefundLine{"1", 1, 1001})} }, RefundExceedsPayment, "/refunds"},
		{"a line's discounted amount, rounded up", func(o *Order) { o.Discount, o.Refunds = 500, []Refund{back("a", 500, RefundLine{"1", 1, 500})} }, "", ""},
		{"an unknown line", func(o *Order) { o.Refunds = []Refund{back("a", 1, RefundLine{"9", 1, 1})} }, ValidationFailed, "/refunds/0/line_items/0/id"},
		{"all shipping and tax", func(o *Order) {
			o.Shipping, o.Tax, o.Refunds = 5, 6, []Refund{{ID: "a", Status: RefundSucceeded, Amount: 11, Shipping: 5, Tax: 6}}
		}, "", ""},
		{"more shipping", func(o *Order) {
			o.Shipping, o.Tax, o.Refunds = 5, 6, []Refund{{ID: "a", Status: RefundSucceeded, Amount: 11, Shipping: 6}}
		}, RefundExceedsPayment, "/refunds"},
		{"more tax", func(o *Order) {
			o.Shipping, o.Tax, o.Refunds = 5, 6, []Refund{{ID: "a", Status: RefundSucceeded, Amount: 11, Tax: 7}}
		}, RefundExceedsPayment, "/refunds"},
	} {
		o := paid("EUR", Line{Amount: 1000})
		c.edit(&o)
		wantRefusal(t, c.name, o.check(), c.code, c.pointer)
	}
}

func manyRefunds(n int) (all []Refund) {
	for i := range n {
		all = append(all, back(fmt.Sprint(i), 1))
	}
	return all
}

func TestFeeIsPaidWithTheFirstLots(t *testing.T) {
	d := (&Program{}).decide(Account{}, noon)
	lots := []Lot{{20270101, 5}, {20270201, 7}, {0, 9}}
	for fee, want := range map[Points][]Lot{0: lots, 3: {{20270101, 2}, {20270201, 7}, {0, 9}}, 5: lots[1:], 6: {{20270201, 6}, {0, 9}}, 12: lots[2:], 21: nil} {
		if got := d.sent(lots, fee); !slices.Equal(got, want) {
			t.Errorf("after a fee of %d arrive %v, want %v", fee, got, want)
		}
	}
}

// Points that a reward credited to another wallet are taken back in proportion to all points that are returned, rounded
// in the member's favor.
func TestPointsOfAnotherWalletGoBackInParts(t *testing.T) {
	p := stocked(t, func(p *Program, r *Reward) {
		p.Wallets = []Wallet{{ID: "miles"}}
		r.Type, r.Wallet, r.Points = "wallet_points", "miles", 90
		p.Redemption.OnRefund = ShareBack
	})
	out := redeemed(t, p, saver(t, p, ample), Redemption{ID: "rd_1"}, true, noon)
	for _, c := range []struct {
		share      *big.Rat
		main, held Points
	}{{big.NewRat(1, 3), 33, 61}, {big.NewRat(1, 2), 50, 45}, {big.NewRat(1, 1), 100, 0}} {
		back, err := p.Reverse(out.Account, last(out), c.share, noon)
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
	if r := last(out).Redemption; r.Status != Reversed {
		t.Errorf("%s", r.Status)
	}
}
