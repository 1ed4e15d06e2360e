package award

import (
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// inEuros returns a program in UTC with a rate for euros, and an exchange table for other currencies.
func inEuros() *loyalty.Program {
	p := &loyalty.Program{Zone: time.UTC}
	p.Compiled.Rates = map[loyalty.Currency]loyalty.CompiledRate{"EUR": {PerMinor: exact.Whole(1)}}
	p.Exchange = loyalty.Exchange{Base: "EUR", Rates: []loyalty.ExchangeRate{
		{From: 20261101, Rates: map[loyalty.Currency]*big.Rat{"USD": big.NewRat(9, 10), "CHF": big.NewRat(1, 1)}},
		{From: 20261201, Rates: map[loyalty.Currency]*big.Rat{"USD": big.NewRat(8, 10)}},
		{From: 20261202, Rates: map[loyalty.Currency]*big.Rat{"USD": big.NewRat(7, 10)}},
	}}
	return p
}

func TestExchangeRateOfAnOrder(t *testing.T) {
	without := inEuros()
	without.Exchange.Base = ""
	for _, c := range []struct {
		name     string
		p        *loyalty.Program
		currency loyalty.Currency
		at       time.Time
		want     string // empty: no rate
	}{
		{"a currency with its own rate", inEuros(), "EUR", loyaltytest.Noon, ""},
		{"from this day on", inEuros(), "USD", loyaltytest.Noon, "0.8"},
		{"the day before", inEuros(), "USD", loyaltytest.Noon.AddDate(0, 0, -1), "0.9"},
		{"the day after", inEuros(), "USD", loyaltytest.Noon.AddDate(0, 0, 1), "0.7"},
		{"an older table", inEuros(), "CHF", loyaltytest.Noon, "1"},
		{"before all tables", inEuros(), "USD", loyaltytest.Noon.AddDate(0, -2, 0), ""},
		{"an unknown currency", inEuros(), "JPY", loyaltytest.Noon, ""},
		{"without an exchange table", without, "USD", loyaltytest.Noon, ""},
	} {
		o := loyaltytest.Paid(c.currency)
		o.PlacedAt = c.at
		rate, ok := exchange(&c.p.Earning, c.p.Zone, o)
		if ok != (c.want != "") || ok && rate.String() != c.want {
			t.Errorf("%s: %s, %t", c.name, rate.String(), ok)
		}
		err := checkPlaced(&c.p.Earning, c.p.Zone, o, c.at)
		if (err == nil) != (ok || c.currency == "EUR") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestInstantOfAnOrder(t *testing.T) {
	now := loyaltytest.Noon
	for _, c := range []struct {
		name string
		at   time.Time
		ok   bool
	}{
		{"ahead", now.Add(loyalty.MaxOrderAhead), true},
		{"too far ahead", now.Add(loyalty.MaxOrderAhead + 1), false},
		{"old", now.Add(-loyalty.MaxOrderAge), true},
		{"too old", now.Add(-loyalty.MaxOrderAge - 1), false},
	} {
		o := loyaltytest.Paid("EUR")
		o.PlacedAt = c.at
		p := inEuros()
		if err := checkPlaced(&p.Earning, p.Zone, o, now); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, c := range []struct {
		name   string
		member loyalty.MemberID
		joined time.Time
		ok     bool
	}{
		{"a day before joining", "mem_ada", now.Add(loyalty.JoinGrace), true},
		{"more than a day before joining", "mem_ada", now.Add(loyalty.JoinGrace + 1), false},
		{"a guest's order", "", now.Add(loyalty.JoinGrace + 1), true},
	} {
		o := loyaltytest.Paid("EUR")
		o.Member = c.member
		err := checkJoined(
			&loyalty.PaymentTerms{}, time.UTC, loyalty.Account{Joined: c.joined}, o, now.AddDate(0, 0, 80),
		)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestFirstStateOfAnOrder(t *testing.T) {
	p := inEuros()
	p.Version = 7
	acc := loyalty.Account{Member: "mem_ada", Carried: "1/3", Joined: loyaltytest.Noon.AddDate(-1, 0, 0)}
	payments := &loyalty.OrderState{
		Order: loyalty.Order{ReportedStatus: loyalty.Unreported}, Revision: 3,
		Grants: []loyalty.Grant{{Worth: 9}},
	}
	for _, c := range []struct {
		name     string
		currency loyalty.Currency
		carry    bool
		prior    *loyalty.OrderState
		revision int
		rate     string
		carried  string
	}{
		{"in euros", "EUR", false, nil, 1, "", ""},
		{"in dollars", "USD", false, nil, 1, "0.8", ""},
		{"with a carried fraction", "EUR", true, nil, 1, "", "1/3"},
		{"after payments without an order", "EUR", false, payments, 4, "", ""},
	} {
		p.Earn.Carry = c.carry
		o := loyaltytest.Paid(c.currency)
		o.ReportedStatus = loyalty.OrderPaid
		s, err := orderState(posting.Decide(p, acc, loyaltytest.Noon), c.prior, earnRules(p), o)
		if err != nil || s.Revision != c.revision || s.Rate != c.rate || s.Carried != c.carried || s.Program != 7 ||
			s.Grants[0].Worth != 0 {
			t.Errorf("%s: %+v, %v", c.name, s, err)
		}
	}
}

func TestLaterStateOfAnOrder(t *testing.T) {
	p := inEuros()
	p.Compiled.Asks.Zone = true
	acc := loyalty.Account{Member: "mem_ada", Joined: loyaltytest.Noon.AddDate(-1, 0, 0)}
	acc.Traits.Zone = "Europe/Berlin"
	for _, c := range []struct {
		name    string
		edit    func(was, is *loyalty.Order)
		now     time.Time
		code    loyalty.Code
		pointer string
		priced  bool
	}{
		{"the same", func(_, _ *loyalty.Order) {}, loyaltytest.Noon, "", "", false},
		{
			"another member", func(_, is *loyalty.Order) { is.Member = "mem_bob" }, loyaltytest.Noon,
			loyalty.ValidationFailed, "/member", false,
		},
		{
			"another currency", func(_, is *loyalty.Order) { is.Currency = "USD" }, loyaltytest.Noon,
			loyalty.CurrencyMismatch, "/currency", false,
		},
		{
			"another instant", func(_, is *loyalty.Order) { is.PlacedAt = is.PlacedAt.Add(1) }, loyaltytest.Noon,
			loyalty.ValidationFailed, "/placed_at", false,
		},
		{
			"a member for a guest's order", func(was, _ *loyalty.Order) { was.Member = "" }, loyaltytest.Noon, "",
			"", true,
		},
		{
			"a member in time", func(was, _ *loyalty.Order) { was.Member = "" },
			loyaltytest.Noon.Add(loyalty.MaxOrderAge), "",
			"", true,
		},
		{
			"a member too late", func(was, _ *loyalty.Order) { was.Member = "" },
			loyaltytest.Noon.Add(loyalty.MaxOrderAge + 1), loyalty.ValidationFailed, "/member", false,
		},
		{
			"a member who joined later",
			func(was, is *loyalty.Order) {
				was.Member, was.PlacedAt = "", loyaltytest.Noon.AddDate(-2, 0, 0)
				is.PlacedAt = was.PlacedAt
			},
			loyaltytest.Noon.AddDate(-2, 0, 80), loyalty.ValidationFailed, "/placed_at", false,
		},
	} {
		was, is := loyaltytest.Paid("EUR"), loyaltytest.Paid("EUR")
		c.edit(&was, &is)
		prior := &loyalty.OrderState{
			Order:    was,
			Revision: 2,
			Grants:   []loyalty.Grant{{Worth: 9}},
			Shares:   []loyalty.Share{{Used: 1}},
		}
		s, err := nextState(posting.Decide(p, acc, c.now), prior, earnRules(p), is)
		if c.code != "" {
			loyaltytest.WantRefusal(t, c.name, err, c.code, c.pointer)
			continue
		}
		if err != nil || s.Revision != 3 || s.Order.Member != is.Member || (s.Buyer.Zone != "") != c.priced {
			t.Errorf("%s: %+v, %v", c.name, s, err)
		}
		if s.Grants[0].Worth, s.Shares[0].Used = 5, 5; prior.Grants[0].Worth != 9 || prior.Shares[0].Used != 1 {
			t.Errorf("%s: the state before changed", c.name)
		}
	}
}

func TestDataAboutAMemberThatRulesUse(t *testing.T) {
	acc := loyalty.Account{Traits: loyalty.Traits{
		Segments: []string{"vip"}, Birthday: 302, Zone: "Europe/Berlin",
		OptIns: []loyalty.OptIn{{Campaign: "double", At: loyaltytest.Noon}},
	}}
	for _, c := range []struct {
		name string
		ask  func(*loyalty.Compiled)
		want loyalty.Buyer
	}{
		{"none", func(*loyalty.Compiled) {}, loyalty.Buyer{Level: "gold"}},
		{
			"segments", func(c *loyalty.Compiled) { c.Asks.Segments = true },
			loyalty.Buyer{Level: "gold", Segments: []string{"vip"}},
		},
		{
			"registrations", func(c *loyalty.Compiled) { c.Asks.OptIns = true },
			loyalty.Buyer{Level: "gold", OptIns: []string{"double"}},
		},
		{
			"the birthday", func(c *loyalty.Compiled) { c.Asks.Birthday = true },
			loyalty.Buyer{Level: "gold", Birthday: 302},
		},
		{
			"the time zone", func(c *loyalty.Compiled) { c.Asks.Zone = true },
			loyalty.Buyer{Level: "gold", Zone: "Europe/Berlin"},
		},
	} {
		var compiled loyalty.Compiled
		c.ask(&compiled)
		got := buyer(&compiled, acc, loyaltytest.Paid("EUR"), "gold")
		if got.Level != "gold" || !slices.Equal(got.Segments, c.want.Segments) ||
			!slices.Equal(got.OptIns, c.want.OptIns) ||
			got.Birthday != c.want.Birthday ||
			got.Zone != c.want.Zone {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// Points that wait for a delivery are forfeited at the deadline, unless the order was delivered in time.
func TestDeadlineOfPendingPoints(t *testing.T) {
	deadline := loyaltytest.Noon.AddDate(0, 0, 30)
	waiting := &loyalty.Program{Zone: time.UTC}
	waiting.Earn.Pending = calendar.Wait{Until: calendar.WhenDelivered, Within: calendar.Period{Days: 30}}
	for _, c := range []struct {
		name      string
		p         *loyalty.Program
		delivered time.Time
		active    time.Time
		now       time.Time
		want      bool
	}{
		{"before the deadline", waiting, time.Time{}, time.Time{}, deadline.Add(-1), false},
		{"at the deadline", waiting, time.Time{}, time.Time{}, deadline, true},
		{"delivered in time", waiting, deadline, time.Time{}, deadline.Add(1), false},
		{"delivered too late", waiting, deadline.Add(1), time.Time{}, deadline.Add(2), true},
		{"active before", waiting, time.Time{}, loyaltytest.Noon, deadline, false},
		{"without a deadline", &loyalty.Program{Zone: time.UTC}, time.Time{}, time.Time{}, deadline, false},
	} {
		o := loyaltytest.Paid("EUR")
		o.Delivered = c.delivered
		s := loyalty.OrderState{
			Order: o, Worth: 60,
			Grants: []loyalty.Grant{
				{Worth: 50, ActiveAt: c.active}, {Rule: "other", Worth: 10, ActiveAt: loyaltytest.Noon},
			},
		}
		want := time.Time{}
		if c.want {
			want = deadline
		}
		if got := late(&s, earnRules(c.p), c.now)(""); !got.Equal(want) {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
		if ForgetForfeited(&s, earnRules(c.p), c.now); c.delivered.IsZero() && (s.Worth == 10) != c.want {
			t.Errorf("%s: %d points", c.name, s.Worth)
		}
	}
}

func TestGrantThatLaterRevisionsNeed(t *testing.T) {
	for _, c := range []struct {
		name string
		g    loyalty.Grant
		want bool
	}{
		{"nothing", loyalty.Grant{Rule: "r"}, true},
		{"the base", loyalty.Grant{}, false},
		{"points", loyalty.Grant{Rule: "r", Worth: 1}, false},
		{"points from other lots", loyalty.Grant{Rule: "r", Taken: []loyalty.Lot{{Points: 1}}}, false},
		{"converted points", loyalty.Grant{Rule: "r", Converted: []loyalty.Unconverted{{}}}, false},
		{"debt", loyalty.Grant{Rule: "r", Owed: 1}, false},
		{"expired points", loyalty.Grant{Rule: "r", ExpiredOn: 1}, false},
	} {
		if got := empty(c.g); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
	if got := withPreviousPoints(nil, loyalty.Grant{Wallet: "miles"}); got != nil {
		t.Errorf("%+v", got)
	}
	got := withPreviousPoints(nil, loyalty.Grant{Wallet: "miles", Worth: 5})
	if len(got) != 1 || got[0].Kind != loyalty.WasGiven {
		t.Errorf("%+v", got)
	}
}

func TestFractionThatOrdersCarry(t *testing.T) {
	for _, c := range []struct {
		name    string
		was     string // of the order, before
		carried string // of the account
		rest    *big.Rat
		want    string // of the account
		is      string // of the order
	}{
		{"none", "", "", big.NewRat(0, 1), "", ""},
		{"a first fraction", "", "", big.NewRat(1, 2), "0.5", "0.5"},
		{"added to others", "", "0.25", big.NewRat(1, 2), "0.75", "0.5"},
		{"unchanged", "0.5", "0.75", big.NewRat(1, 2), "", "0.5"},
		{"less", "0.5", "0.75", big.NewRat(1, 4), "0.5", "0.25"},
		{"no longer", "0.5", "0.75", big.NewRat(0, 1), "0.25", ""},
		{"in millionths", "", "", big.NewRat(1, 3), "0.333333", "0.333333"},
	} {
		s := loyalty.OrderState{Rest: c.was}
		got := carry(&s, loyalty.Account{Carried: c.carried}, exact.Of(c.rest))
		if got != c.want || s.Rest != c.is {
			t.Errorf("%s: %q with %q of the order, want %q with %q", c.name, got, s.Rest, c.want, c.is)
		}
	}
}

func TestBudgetsOfTheLiveVersion(t *testing.T) {
	version := func(budgets ...loyalty.Points) *loyalty.Program {
		p := &loyalty.Program{}
		p.Compiled.Positions = map[string]int{}
		for i, n := range budgets {
			key := string(rune('a' + i))
			p.Compiled.Positions[key] = i
			p.Compiled.Rules = append(
				p.Compiled.Rules, loyalty.CompiledRule{Key: key, Bounded: n > 0, Rule: loyalty.Rule{Budget: n}},
			)
		}
		return p
	}
	for _, c := range []struct {
		name     string
		is, live []loyalty.Points
		want     []loyalty.Points
	}{
		{"the same", []loyalty.Points{100}, []loyalty.Points{100}, []loyalty.Points{100}},
		{"more", []loyalty.Points{100, 5}, []loyalty.Points{200, 5}, []loyalty.Points{200, 5}},
		{"two of them", []loyalty.Points{100, 5}, []loyalty.Points{200, 6}, []loyalty.Points{200, 6}},
		{"no budget any more", []loyalty.Points{100}, []loyalty.Points{0}, []loyalty.Points{0}},
		{"a new budget", []loyalty.Points{0}, []loyalty.Points{100}, []loyalty.Points{100}},
		{"no rule any more", []loyalty.Points{100}, nil, []loyalty.Points{100}},
	} {
		p := version(c.is...)
		got := UnderBudgetsOf(&p.Earning, &version(c.live...).Earning)
		for i, r := range got.Compiled.Rules {
			if r.Budget != c.want[i] || r.Bounded != (c.is[i] > 0 || c.want[i] > 0) ||
				p.Compiled.Rules[i].Budget != c.is[i] {
				t.Errorf("%s: %+v", c.name, r)
			}
		}
		if same := slices.Equal(c.is, c.want); same != (got == &p.Earning) {
			t.Errorf("%s: a copy %t", c.name, got != &p.Earning)
		}
	}
}
