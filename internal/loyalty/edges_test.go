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
	for _, b := range s.entries[len(s.entries)-1].Because {
		if b.What == WasMoved {
			t.Errorf("because %+v", b)
		}
	}
}

// A debt is written off only beyond its bound, and exactly the rest.
func TestBoundOfADebt(t *testing.T) {
	for _, c := range []struct {
		take      TakeBack
		most      Points
		spent     Points
		debt      Points
		writesOff Points
	}{
		{TakeBackDebt, 30, 30, 30, 0},
		{TakeBackDebt, 30, 31, 30, 1},
		{TakeBackDebt, 30, 29, 29, 0},
		{TakeBackDebt, 0, 90, 90, 0},
		{TakeBackUnlimited, 30, 90, 90, 0},
		{TakeBackWithinBalance, 0, 30, 0, 30},
		{TakeBackWithinBalance, 0, 0, 0, 0},
		{TakeBackPendingOnly, 0, 30, 0, 100},
	} {
		s := newShop(t, made(t, func(p *Program) { p.Earn.Pending, p.TakeBack, p.DebtAtMost = Wait{}, c.take, c.most }))
		o := s.buy("1", 100, noon)
		if c.spent > 0 {
			s.spend(c.spent, noon)
		}
		o.Refunds = []Refund{back("r", o.total())}
		e, off, reasons := s.tell(o, noon), Points(0), 0
		for _, b := range e.Because {
			if b.What == IsKept {
				n := Points(0)
				fmt.Sscan(b.Points, &n)
				off, reasons = off+n, reasons+1
			}
		}
		if s.acc.Debt != c.debt || off != c.writesOff || (reasons > 0) != (off > 0) {
			t.Errorf("%v up to %d with %d spent: %d owed, %d written off for %d reasons; want %d, %d", c.take, c.most, c.spent, s.acc.Debt, off, reasons, c.debt, c.writesOff)
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
		out, err := p.Notify(acc, OfLapse, "2027-01-31", noon.Add(time.Duration(i)*time.Hour))
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
	}{{"else", "x"}, {OfFall, ""}, {OfLapse, "a#b"}, {OfLapse, "a~b"}, {OfLapse, "a b"}} {
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
		if p.Supersede(&Program{Earn: Earn{Actions: before}}, noon.AddDate(1, 0, 0), ""); !p.Earn.Actions[0].Since.Equal(noon) {
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

func TestOrdersThatWaitToBeDecidedAgain(t *testing.T) {
	placed := func(i int) PlacedOrder { return PlacedOrder{noon.Add(time.Duration(i)), fmt.Sprint(i)} }
	asked := func(n int) Outcome {
		out := Outcome{Account: Account{Status: Active}, Entries: []Entry{{Cause: Cause{CauseOrder, "why", 1}}}}
		for i := range n {
			out.Needs.Orders = append(out.Needs.Orders, placed(i))
		}
		return out
	}
	for _, c := range []struct{ orders, now, waiting int }{{3, 3, 0}, {3, 4, 0}, {3, 2, 1}, {3, 0, 3}, {maxUndecided, 0, maxUndecided}} {
		out := asked(c.orders).Postpone(c.now)
		if len(out.Needs.Orders) != min(c.orders, c.now) || len(out.Account.Undecided) != c.waiting || len(out.Entries[0].Undecided) != c.waiting ||
			out.Account.UndecidedFrom != (Again{}) || out.Account.HasUndecided() != (c.waiting > 0) {
			t.Errorf("%d orders, %d at once: %+v", c.orders, c.now, out)
		}
		if c.waiting > 0 && out.Account.Undecided[0] != (Again{placed(c.now), "why"}) {
			t.Errorf("%+v waits first", out.Account.Undecided[0])
		}
	}
	out := asked(maxUndecided + 3).Postpone(0)
	if out.Account.UndecidedFrom != (Again{placed(maxUndecided), "why"}) || *out.Entries[0].UndecidedFrom != out.Account.UndecidedFrom || len(out.Account.Undecided) != maxUndecided {
		t.Errorf("from %+v on", out.Account.UndecidedFrom)
	}
	again := asked(maxUndecided + 3)
	again.Account = out.Account
	if again = again.Postpone(0); len(again.Entries[0].Undecided) != 0 || again.Entries[0].UndecidedFrom != nil || again.Account.UndecidedFrom != out.Account.UndecidedFrom {
		t.Errorf("orders that wait are added again: %+v", again.Entries[0])
	}
	none := asked(2)
	none.Entries = nil
	if none = none.Postpone(1); len(none.Needs.Orders) != 1 || none.Account.HasUndecided() {
		t.Errorf("without an entry: %+v", none)
	}
	p := testProgram(t)
	acc := Account{Status: Active, Undecided: []Again{{placed(2), "why"}}}
	if got := p.Resume(acc, nil).Needs.Orders; !slices.Equal(got, []PlacedOrder{placed(2)}) {
		t.Errorf("%+v are resumed", got)
	}
	if got := p.Resume(acc, []PlacedOrder{placed(5)}).Needs.Orders; !slices.Equal(got, []PlacedOrder{placed(2)}) {
		t.Errorf("%+v are resumed before those that wait by their IDs", got)
	}
	acc.Undecided, acc.UndecidedFrom = nil, Again{placed(3), "why"}
	for _, n := range []int{1, maxUndecided, maxUndecided + 1} {
		got := p.Resume(acc, asked(n).Needs.Orders)
		if len(got.Needs.Orders) != min(n, maxUndecided) || (got.resumed.from != Again{}) != (n > maxUndecided) {
			t.Errorf("of %d orders %d are resumed, from %+v on", n, len(got.Needs.Orders), got.resumed.from)
		}
	}
	acc.Status = Frozen
	if got := p.Resume(acc, asked(3).Needs.Orders); !got.Needs.IsZero() || !p.NextRun(acc).IsZero() {
		t.Errorf("a frozen account: %+v", got.Needs)
	}
	acc.Status, acc.Seen = Active, noon
	if got := p.NextRun(acc); !got.Equal(noon) {
		t.Errorf("the next run is at %s", got)
	}
	order := func(id int) Entry {
		return Entry{Order: &OrderState{Order: Order{ID: fmt.Sprint(id), PlacedAt: placed(id).At}}}
	}
	got := PlacedFrom(placed(2), []Entry{order(4), {}, order(2), order(1), order(4), order(3)})
	if !slices.Equal(got, []PlacedOrder{placed(2), placed(3), placed(4)}) {
		t.Errorf("placed from the second on: %+v", got)
	}
}
