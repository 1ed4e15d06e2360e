package engine

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

func TestSecondNoticeChangesNothing(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.AdvanceNotice = loyalty.AdvanceNotice{Period: calendar.Period{Days: 14}, MaxExtensions: 2}
	})
	acc := joined(t, p, noon)
	for i, want := range []int{1, 0, 0} {
		out, err := remind.Notify(Begin(p, acc, noon.Add(time.Duration(i)*time.Hour)), loyalty.OfExpiry, "2027-01-31")
		if err != nil || len(out.Entries) != want {
			t.Fatalf("notice %d: %+v, %v", i, out.Entries, err)
		}
		acc = out.Account
	}
	if n := acc.Notices; len(n) != 1 || !n[0].At.Equal(noon) {
		t.Errorf("%+v", n)
	}
	for _, c := range []struct {
		what    loyalty.NoticeOf
		subject string
	}{
		{"else", "x"},
		{loyalty.OfFall, ""},
		{loyalty.OfExpiry, "a#b"},
		{loyalty.OfExpiry, "a~b"},
		{loyalty.OfExpiry, "a b"},
	} {
		_, err := remind.Notify(Begin(p, acc, noon), c.what, c.subject)
		wantRefusal(t, fmt.Sprint(c.what, " ", c.subject), err, loyalty.ValidationFailed, "")
	}
}

func TestBudgetOfTheLiveVersionBoundsARule(t *testing.T) {
	at := func(budget loyalty.Points, caps ...loyalty.Cap) *loyalty.Program {
		return made(t, func(p *loyalty.Program) {
			p.Earn.Rules = []loyalty.Rule{
				{ID: "r", Give: loyalty.Fixed{Points: 10}, Budget: budget, Caps: caps},
				{ID: "s", Give: loyalty.Fixed{Points: 1}},
			}
		})
	}
	for _, c := range []struct {
		was, live *loyalty.Program
		budget    loyalty.Points
		bounded   bool
	}{
		{at(0), at(5), 5, true},
		{at(5), at(0), 0, true},
		{at(0, loyalty.Cap{Points: 9, Per: loyalty.PerDay, Reject: false}), at(5), 5, true},
		{at(5), at(6), 6, true},
	} {
		under := award.UnderBudgetsOf(&c.was.Earning, &c.live.Earning)
		if r := under.Compiled.Rules[0]; r.Budget != c.budget || r.Bounded != c.bounded || under == &c.was.Earning {
			t.Errorf("the budget is %d, bounded %t; want %d, %t", r.Budget, r.Bounded, c.budget, c.bounded)
		}
		if under.Compiled.Rules[1].Bounded || c.was.Compiled.Rules[0].Budget == c.budget {
			t.Error("another rule or version changed")
		}
		if again := award.UnderBudgetsOf(under, &c.live.Earning); again != under {
			t.Error("the same budgets make another program")
		}
	}
	p := at(5)
	is, other := &p.Earning, &made(t, func(*loyalty.Program) {}).Earning
	if award.UnderBudgetsOf(is, is) != is || award.UnderBudgetsOf(is, other) != is {
		t.Error("nothing differs, or the live version has no such rule")
	}
}

func TestWhatIsLeftOfAReward(t *testing.T) {
	p := stocked(t, func(_ *loyalty.Program, r *loyalty.Reward) {
		r.StockBatches = []loyalty.StockBatch{{At: noon, Quantity: 2}}
	})
	r := &p.Rewards[0]
	for _, c := range []struct {
		left earn.Budgets
		at   time.Time
		want []loyalty.Requirement
	}{
		{nil, noon, nil},
		{nil, noon.Add(-1), []loyalty.Requirement{loyalty.RequirementStock}},
		{earn.Budgets{r.Key(): 1}, noon, nil},
		{earn.Budgets{r.Key(): 0}, noon, []loyalty.Requirement{loyalty.RequirementStock}},
		{earn.Budgets{r.CodesKey(): 1, r.TurnKey(): 1}, noon, nil},
		{earn.Budgets{r.CodesKey(): 0}, noon, []loyalty.Requirement{loyalty.RequirementStock}},
		{earn.Budgets{r.TurnKey(): 0, r.Key(): 2}, noon, []loyalty.Requirement{loyalty.RequirementWaitlist}},
	} {
		var got []loyalty.Requirement
		for _, l := range remind.Unavailability(r, c.left, c.at) {
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
	from, until := remind.Tomorrow(&p.Compiled, p.Zone, acc, instant(t, "2027-03-27T23:00:00Z"))
	if !from.Equal(instant(t, "2027-03-28T22:00:00Z")) || !until.Equal(instant(t, "2027-03-29T22:00:00Z")) {
		t.Errorf("from %s until %s", from, until)
	}
	acc.Traits.Zone = "America/New_York"
	from, until = remind.Tomorrow(&p.Compiled, p.Zone, acc, instant(t, "2027-03-28T03:59:59Z"))
	if !from.Equal(instant(t, "2027-03-28T04:00:00Z")) || !until.Equal(instant(t, "2027-03-29T04:00:00Z")) {
		t.Errorf("in New York from %s until %s", from, until)
	}
}

// Each version decides the changes that are due until the next version replaces it.
func TestVersionsPassTimeInTurn(t *testing.T) {
	birthday := func(points loyalty.Points) *loyalty.Program {
		return made(t, func(p *loyalty.Program) {
			p.Earn.Actions = []loyalty.Action{
				{ID: "birthday", Event: award.EventBirthday, Points: points, Since: noon.AddDate(-1, 0, 0)},
			}
		})
	}
	was, is := birthday(30), birthday(50)
	due := calendar.Date(20261202).Start(was.Zone)
	acc := joined(t, was, noon)
	acc.Traits.Birthday = 1202
	for _, c := range []struct {
		until, now time.Time
		want       loyalty.Points
	}{
		{due, due.Add(time.Hour), 50},
		{due.Add(time.Millisecond), due.Add(time.Hour), 30},
		{due.Add(time.Hour), due.Add(time.Hour), 30},
		{due.Add(2 * time.Hour), due.Add(time.Hour), 30},
		{due.Add(-time.Hour), due, 50},
		{due, due, 50},
		{due.Add(time.Hour), due.Add(-time.Millisecond), 0},
	} {
		out, err := AdvanceThrough(is, acc, []tier.Live{{Program: was, Until: c.until}}, c.now)
		if err != nil || out.Account.Balance().Active+out.Account.Balance().Pending != c.want {
			t.Errorf("until %s, now %s: %+v, %v; want %d points", c.until, c.now, out.Account.Balance(), err, c.want)
		}
	}
	three, err := AdvanceThrough(
		birthday(70), acc,
		[]tier.Live{{Program: was, Until: due.Add(-time.Hour)}, {Program: is, Until: due.Add(time.Hour)}},
		due.AddDate(1, 0, 1),
	)
	if got := three.Account.Balance().Active; err != nil || got != 120 {
		t.Errorf("three versions give %d points, %v", got, err)
	}
}

func TestOrderSaysThatItsTendersAreNotKnown(t *testing.T) {
	p := testProgram(t)
	o := paid("EUR", loyalty.Line{Amount: 1000})
	o.Receipts = []loyalty.Receipt{captured("p", 1000, func(f *loyalty.Fact) { f.Mixed = true })}
	says := func(o loyalty.Order) (args []string) {
		q, err := QuoteOrder(p, joined(t, p, noon), receipt.Paid(&p.Earn, &p.Payments, o), nil, noon)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range q.Reasons {
			if b.Kind == loyalty.IsUnknownTender {
				args = append(args, b.Rule, b.Points, strings.Join(b.Args, " "))
			}
		}
		return args
	}
	if got, want := says(o), []string{"earn.purchase", "0", "10.00 EUR"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	o.Receipts = []loyalty.Receipt{captured("p", 1000)}
	if got := says(o); got != nil {
		t.Errorf("%q for an order whose tenders are known", got)
	}
}

func TestCategoryUnderACondition(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Earn.Pending = calendar.Wait{}
		p.Earn.Categories = []loyalty.CategoryRule{
			{ID: "large", Category: "beans", Multiply: big.NewRat(4, 1), When: atLeast(1000)},
			{ID: "all", Category: "beans", Multiply: big.NewRat(2, 1)},
			{ID: "never", Category: "mugs", Multiply: big.NewRat(9, 1), When: unmet{}},
		}
	})
	for _, c := range []struct {
		category string
		amount   int64
		want     loyalty.Points
	}{{"beans", 1000, 40}, {"beans", 900, 18}, {"mugs", 1000, 10}, {"cups", 1000, 10}} {
		s := newShop(t, p)
		s.submit(paid("EUR", loyalty.Line{Category: c.category, Amount: c.amount}), noon)
		if got := s.acc.Balance().Active; got != c.want {
			t.Errorf("%s for %d give %d points, want %d", c.category, c.amount, got, c.want)
		}
	}
}

// An event counts as a visit towards a level while it is in the state that the program names.
func TestLevelByVisits(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Events = []loyalty.EventType{{Name: "lesson", States: []string{"done", "undone"}}}
		p.Earn.Actions = []loyalty.Action{{ID: "lesson", Event: "lesson.done", Points: 10}}
		p.Tiers.By, p.Tiers.Visit = loyalty.ByVisits, "lesson.done"
		p.Tiers.Levels[1].From, p.Tiers.Levels[2].From = 1, 2
	})
	s := newShop(t, p)
	states := map[string]*loyalty.EventState{}
	for i, c := range []struct{ id, state, want string }{
		{"1", "done", "silver"},
		{"1", "done", "silver"},
		{"2", "undone", "silver"},
		{"2", "done", "gold"},
		{"1", "undone", "silver"},
		{"2", "undone", "bronze"},
	} {
		ev := loyalty.Event{Type: "lesson." + c.state, ID: c.id, Member: "mem_ada", At: noon}
		out, err := award.PlaceEvent(
			Begin(p, s.acc, noon.Add(time.Duration(i)*time.Hour)), states[c.id], EarnRules(p), ev,
		)
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
	p := made(t, func(p *loyalty.Program) {
		p.AdvanceNotice = loyalty.AdvanceNotice{Period: calendar.Period{Days: 14}, MaxExtensions: 2}
	})
	acc := joined(t, p, noon)
	for _, on := range []loyalty.Trigger{loyalty.BeforeExpiry, loyalty.BeforeTier, loyalty.AfterIdle} {
		s := remind.Reminded{
			SentReminders: []remind.SentReminder{
				{
					On: on, Subject: remind.Subject{ID: "2027-01-31"}, At: noon, Channel: loyalty.Email, ID: "msg",
					Failed: true,
				},
			},
		}
		if out, err := remind.Unnotify(Begin(p, acc, noon), s, "msg"); err != nil || len(out.Entries) != 0 {
			t.Errorf("%s: %+v, %v", on, out.Entries, err)
		}
	}
}
