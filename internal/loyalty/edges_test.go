package loyalty

import (
	"errors"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"
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

func TestSecondNoticeChangesNothing(t *testing.T) {
	p := made(t, func(p *Program) { p.AdvanceNotice = AdvanceNotice{Period{Days: 14}, 2} })
	acc := joined(t, p, noon)
	for i, want := range []int{1, 0, 0} {
		out, err := p.Notify(acc, OfExpiry, "2027-01-31", noon.Add(time.Duration(i)*time.Hour))
		if err != nil || len(out.Entries) != want {
			t.Fatalf("notice %d: %+v, %v", i, out.Entries, err)
		}
		acc = out.Account
	}
	if n := acc.Notices; len(n) != 1 || !n[0].At.Equal(noon) {
		t.Errorf("%+v", n)
	}
	for _, c := range []struct {
		what    NoticeOf
		subject string
	}{{"else", "x"}, {OfFall, ""}, {OfExpiry, "a#b"}, {OfExpiry, "a~b"}, {OfExpiry, "a b"}} {
		_, err := p.Notify(acc, c.what, c.subject, noon)
		wantRefusal(t, fmt.Sprint(c.what, " ", c.subject), err, ValidationFailed, "")
	}
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

func TestLaterVersionKeepsTheBeginningOfTheFirstAction(t *testing.T) {
	begun := Action{ID: "birthday", Event: EventBirthday, Points: 1, Since: noon}
	for _, before := range [][]Action{{begun}, {{ID: "x", Event: "visit.completed"}, begun}} {
		p := &Program{Earn: Earn{Actions: []Action{{ID: "birthday", Event: EventBirthday, Points: 2}}}}
		if p.Supersede(&Program{Earn: Earn{Actions: before}}, noon.AddDate(1, 0, 0), ""); !p.Earn.Actions[0].Since.Equal(
			noon,
		) {
			t.Errorf("since %s", p.Earn.Actions[0].Since)
		}
	}
}

func TestBudgetOfTheLiveVersionBoundsARule(t *testing.T) {
	at := func(budget Points, caps ...Cap) *Program {
		return made(t, func(p *Program) {
			p.Earn.Rules = []Rule{{ID: "r", Give: Fixed{10}, Budget: budget, Caps: caps}, {ID: "s", Give: Fixed{1}}}
		})
	}
	for _, c := range []struct {
		was, live *Program
		budget    Points
		bounded   bool
	}{
		{at(0), at(5), 5, true}, {at(5), at(0), 0, true}, {at(0, Cap{9, PerDay, false}), at(5), 5, true}, {at(5), at(6), 6, true},
	} {
		under := c.was.underBudgetsOf(c.live)
		if r := under.compiled.rules[0]; r.Budget != c.budget || r.bounded != c.bounded || under == c.was {
			t.Errorf("the budget is %d, bounded %t; want %d, %t", r.Budget, r.bounded, c.budget, c.bounded)
		}
		if under.compiled.rules[1].bounded || c.was.compiled.rules[0].Budget == c.budget {
			t.Error("another rule or version changed")
		}
		if again := under.underBudgetsOf(c.live); again != under {
			t.Error("the same budgets make another program")
		}
	}
	p := at(5)
	if p.underBudgetsOf(p) != p || p.underBudgetsOf(made(t, func(*Program) {})) != p {
		t.Error("nothing differs, or the live version has no such rule")
	}
}

func TestBudgetsAfterSpends(t *testing.T) {
	was := Budgets{"a": 10, "b": 5}
	if got, want := was.after([]Spend{{Rule: "a", Points: 3}, {Rule: "c", Points: 1}, {Rule: "a", Points: -1}}), (Budgets{"a": 8, "b": 5}); !maps.Equal(
		got,
		want,
	) ||
		was["a"] != 10 {
		t.Errorf("%v are left, want %v", got, want)
	}
}

func TestWhatIsLeftOfAReward(t *testing.T) {
	p := stocked(t, func(_ *Program, r *Reward) { r.StockBatches = []StockBatch{{At: noon, Quantity: 2}} })
	r := &p.Rewards[0]
	for _, c := range []struct {
		left Budgets
		at   time.Time
		want []Requirement
	}{
		{nil, noon, nil},
		{nil, noon.Add(-1), []Requirement{RequirementStock}},
		{Budgets{r.Key(): 1}, noon, nil},
		{Budgets{r.Key(): 0}, noon, []Requirement{RequirementStock}},
		{Budgets{r.CodesKey(): 1, r.TurnKey(): 1}, noon, nil},
		{Budgets{r.CodesKey(): 0}, noon, []Requirement{RequirementStock}},
		{Budgets{r.TurnKey(): 0, r.Key(): 2}, noon, []Requirement{RequirementWaitlist}},
	} {
		var got []Requirement
		for _, l := range r.gone(c.left, c.at) {
			got = append(got, l.Requirement)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v at %s: %v, want %v", c.left, c.at, got, c.want)
		}
	}
}

func TestNextDayOfAMember(t *testing.T) {
	p := testProgram(t) // in Berlin
	acc := joined(t, p, noon)
	from, until := p.Tomorrow(acc, instant(t, "2027-03-27T23:00:00Z"))
	if !from.Equal(instant(t, "2027-03-28T22:00:00Z")) || !until.Equal(instant(t, "2027-03-29T22:00:00Z")) {
		t.Errorf("from %s until %s", from, until)
	}
	acc.Traits.Zone = "America/New_York"
	from, until = p.Tomorrow(acc, instant(t, "2027-03-28T03:59:59Z"))
	if !from.Equal(instant(t, "2027-03-28T04:00:00Z")) || !until.Equal(instant(t, "2027-03-29T04:00:00Z")) {
		t.Errorf("in New York from %s until %s", from, until)
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

func TestOrdersAfterAnOrderWithWhatTheyUse(t *testing.T) {
	entry := func(id string, minutes int, n int64) Entry {
		o := Order{ID: id, PlacedAt: noon.Add(time.Duration(minutes) * time.Minute)}
		return Entry{Order: &OrderState{Order: o}, Usage: []Usage{{Rule: "r", Per: PerEver, N: n}}}
	}
	got := LaterThan(
		PlacedOrder{noon, "b"},
		[]Entry{
			entry("b", 0, 1),
			{},
			entry("a", 0, 2),
			entry("c", 0, 4),
			entry("d", 5, 8),
			entry("c", 0, 16),
			entry("d", 5, -3),
		},
	)
	if len(got.All) != 2 || got.All[0].Order.ID != "c" || got.All[0].Usage[0].N != 20 || got.All[1].Order.ID != "d" ||
		got.All[1].Usage[0].N != 5 {
		t.Errorf("%+v", got.All)
	}
}

// ReasonKind a reward gave in another wallet goes back in proportion to the points that are not back yet, rounded up.
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
	}{{big.NewRat(1, 3), 33, 60}, {big.NewRat(1, 2), 50, 44}, {big.NewRat(1, 1), 100, 0}} {
		back, err := p.Reverse(out.Account, last(out), c.share, noon)
		if err != nil {
			t.Fatal(err)
		}
		r := last(back).Redemption
		if r.Restored != c.main || back.Account.BalanceOf("miles").Active != c.held || r.Credit.Worth != c.held ||
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

// Each version does what is due until the next one takes over.
func TestVersionsPassTimeInTurn(t *testing.T) {
	birthday := func(points Points) *Program {
		return made(t, func(p *Program) {
			p.Earn.Actions = []Action{{ID: "birthday", Event: EventBirthday, Points: points, Since: noon.AddDate(-1, 0, 0)}}
		})
	}
	was, is := birthday(30), birthday(50)
	due := Date(20261202).start(was.Zone)
	acc := joined(t, was, noon)
	acc.Traits.Birthday = 1202
	for _, c := range []struct {
		until, now time.Time
		want       Points
	}{
		{due, due.Add(time.Hour), 50},
		{due.Add(time.Millisecond), due.Add(time.Hour), 30},
		{due.Add(time.Hour), due.Add(time.Hour), 30},
		{due.Add(2 * time.Hour), due.Add(time.Hour), 30},
		{due.Add(-time.Hour), due, 50},
		{due, due, 50},
		{due.Add(time.Hour), due.Add(-time.Millisecond), 0},
	} {
		out, err := is.AdvanceThrough(acc, []Live{{was, c.until}}, c.now)
		if err != nil || out.Account.Balance().Active+out.Account.Balance().Pending != c.want {
			t.Errorf("until %s, now %s: %+v, %v; want %d points", c.until, c.now, out.Account.Balance(), err, c.want)
		}
	}
	three, err := birthday(70).AdvanceThrough(acc, []Live{{was, due.Add(-time.Hour)}, {is, due.Add(time.Hour)}}, due.AddDate(1, 0, 1))
	if got := three.Account.Balance().Active; err != nil || got != 120 {
		t.Errorf("three versions give %d points, %v", got, err)
	}
}

func TestOrderSaysThatItsTendersAreNotKnown(t *testing.T) {
	p := testProgram(t)
	o := paid("EUR", Line{Amount: 1000})
	o.Receipts = []Receipt{captured("p", 1000, func(f *Fact) { f.Mixed = true })}
	says := func(o Order) (args []string) {
		q, err := p.Quote(joined(t, p, noon), p.Paid(o), nil, noon)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range q.Reasons {
			if b.Kind == IsUnknownTender {
				args = append(args, b.Rule, b.Points, strings.Join(b.Args, " "))
			}
		}
		return args
	}
	if got, want := says(o), []string{"earn.purchase", "0", "10.00 EUR"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	o.Receipts = []Receipt{captured("p", 1000)}
	if got := says(o); got != nil {
		t.Errorf("%q for an order whose tenders are known", got)
	}
}

func TestCategoryUnderACondition(t *testing.T) {
	p := made(t, func(p *Program) {
		p.Earn.Pending = Wait{}
		p.Earn.Categories = []CategoryRule{
			{ID: "large", Category: "beans", Multiply: big.NewRat(4, 1), When: atLeast(1000)},
			{ID: "all", Category: "beans", Multiply: big.NewRat(2, 1)},
			{ID: "never", Category: "mugs", Multiply: big.NewRat(9, 1), When: unmet{}},
		}
	})
	for _, c := range []struct {
		category string
		amount   int64
		want     Points
	}{{"beans", 1000, 40}, {"beans", 900, 18}, {"mugs", 1000, 10}, {"cups", 1000, 10}} {
		s := newShop(t, p)
		s.tell(paid("EUR", Line{Category: c.category, Amount: c.amount}), noon)
		if got := s.acc.Balance().Active; got != c.want {
			t.Errorf("%s for %d give %d points, want %d", c.category, c.amount, got, c.want)
		}
	}
}

func TestRefusedFulfilmentNamesWhatIsPossible(t *testing.T) {
	for from, want := range map[FulfillmentStatus]string{
		Ordered:   "",
		Shipped:   "The fulfillment is shipped, and can become delivered.",
		Delivered: "The fulfillment is delivered, and can become nothing else any more.",
	} {
		_, err := Fulfillment{Status: from}.Move(Ordered, "", noon)
		var rejected *Error
		if got := errors.As(err, &rejected); got != (want != "") || got && rejected.Detail != want {
			t.Errorf("%s: %v", from, err)
		}
	}
}

// Visits count towards a level as long as the event is in the state that is one.
func TestLevelByVisits(t *testing.T) {
	p := made(t, func(p *Program) {
		p.Events = []EventType{{Name: "lesson", States: []string{"done", "undone"}}}
		p.Earn.Actions = []Action{{ID: "lesson", Event: "lesson.done", Points: 10}}
		p.Tiers.By, p.Tiers.Visit = ByVisits, "lesson.done"
		p.Tiers.Levels[1].From, p.Tiers.Levels[2].From = 1, 2
	})
	s := newShop(t, p)
	states := map[string]*EventState{}
	for i, c := range []struct{ id, state, want string }{
		{"1", "done", "silver"}, {"1", "done", "silver"}, {"2", "undone", "silver"}, {"2", "done", "gold"}, {"1", "undone", "silver"}, {"2", "undone", "bronze"},
	} {
		ev := Event{Type: "lesson." + c.state, ID: c.id, Member: "mem_ada", At: noon}
		out, err := p.PlaceEvent(s.acc, states[c.id], p, ev, noon.Add(time.Duration(i)*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		s.took(out)
		for _, e := range out.Entries {
			if e.Event != nil {
				states[c.id] = e.Event
			}
		}
		if s.acc.Tier.Level != c.want {
			t.Errorf("after event %d the level is %s, want %s", i, s.acc.Tier.Level, c.want)
		}
	}
}

func TestReturnedMessageOfNoNoticeChangesNothing(t *testing.T) {
	p := made(t, func(p *Program) { p.AdvanceNotice = AdvanceNotice{Period{Days: 14}, 2} })
	acc := joined(t, p, noon)
	for _, on := range []Trigger{BeforeExpiry, BeforeTier, AfterIdle} {
		s := Reminded{SentReminders: []SentReminder{{On: on, Subject: Subject{ID: "2027-01-31"}, At: noon, Channel: Email, ID: "msg", Failed: true}}}
		if out, err := p.Unnotify(acc, s, "msg", noon); err != nil || len(out.Entries) != 0 {
			t.Errorf("%s: %+v, %v", on, out.Entries, err)
		}
	}
}
