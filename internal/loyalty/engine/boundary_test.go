package engine

import (
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// The level at the instant of an order counts for the order: a level that begins at that instant has begun, and one
// that ends then has ended.
func TestOrderAtTheInstantOfALevel(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Earn.Pending = calendar.Wait{}
		p.Tiers = loyalty.Tiers{
			By: loyalty.ByPointsEarned, KeepFor: calendar.Period{Days: 40}, MoveDown: loyalty.ToQualified, Months: 1,
			Levels: []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: 100, Multiply: big.NewRat(2, 1)}},
		}
	})
	s := newShop(t, p)
	s.acc.Joined = noon.Add(-time.Hour)
	first := paid("EUR", loyalty.Line{Amount: 100_00})
	s.submit(first, noon)
	ends := s.acc.Tier.Until
	if s.acc.Tier.Level != "silver" || !ends.Equal(noon.AddDate(0, 0, 40)) {
		t.Fatalf("the level is %+v", s.acc.Tier)
	}
	s.pass(ends.Add(time.Hour))
	if s.acc.Tier.Level != "bronze" || !s.acc.Tier.Since.Equal(ends) {
		t.Fatalf("at the end of silver the level is %+v", s.acc.Tier)
	}
	for _, c := range []struct {
		placed time.Time
		level  string
		points loyalty.Points
	}{
		{noon.Add(-time.Millisecond), "bronze", 1},
		{noon, "silver", 2},
		{noon.Add(time.Millisecond), "silver", 2},
		{ends.Add(-time.Millisecond), "silver", 2},
		{ends, "bronze", 1},
		{ends.Add(time.Millisecond), "bronze", 1},
	} {
		o := paid("EUR", loyalty.Line{Amount: 1_00})
		o.ID, o.PlacedAt = c.placed.Format(time.RFC3339Nano), c.placed
		q, err := award.PlaceOrder(Begin(p, s.acc, ends.Add(time.Hour)), nil, EarnRules(p), o, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := q.Entries[0].Order; got.Buyer.Level != c.level || got.Worth != c.points {
			t.Errorf(
				"an order of %s is worth %d at %s, want %d at %s", c.placed, got.Worth, got.Buyer.Level, c.points,
				c.level,
			)
		}
	}
}

// A lock, a level's validity and its grace period last until exactly their end.
func TestLevelEndsAtItsInstant(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Tiers = loyalty.Tiers{
			By: loyalty.ByPointsEarned, KeepFor: calendar.Period{Days: 30}, Grace: calendar.Period{Days: 10},
			MoveDown: loyalty.ToQualified, Months: 1,
			Levels: []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: 100}, {ID: "gold", From: 300}},
		}
	})
	end, locked := noon.AddDate(0, 0, 40), noon.AddDate(0, 0, 20)
	for _, c := range []struct {
		name  string
		place *tier.Placement
		at    time.Time
		want  string
	}{
		{"before the end of the grace", nil, end.Add(-time.Millisecond), "silver"},
		{"at the end of the grace", nil, end, "bronze"},
		{
			"before the end of the lock", &tier.Placement{Level: "bronze", Until: locked, Locked: true},
			locked.Add(-1), "bronze",
		},
		{"at the end of the lock", &tier.Placement{Level: "bronze", Until: locked, Locked: true}, locked, "silver"},
	} {
		s := newShop(t, p)
		if c.place != nil {
			c.place.Reason = "a test"
			out, err := tier.SetTier(Begin(p, s.acc, noon), "t1", *c.place)
			if err != nil {
				t.Fatal(err)
			}
			s.took(out)
		}
		s.submit(paid("EUR", loyalty.Line{Amount: 100_00}), noon)
		if s.pass(c.at); s.acc.Tier.Level != c.want {
			t.Errorf("%s the level is %s, want %s", c.name, s.acc.Tier.Level, c.want)
		}
	}
}

// A later version may make a budget smaller than the points that were already spent. The budget then gives nothing, and
// no points are taken back.
func TestShrunkBudget(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Earn.Pending, p.Tiers = calendar.Wait{}, loyalty.Tiers{}
		p.Campaigns = []loyalty.Rule{{ID: "extra", Give: loyalty.Fixed{Points: 50}, Budget: 60}}
	})
	place := func(
		acc loyalty.Account, prior *loyalty.OrderState, o loyalty.Order, left loyalty.Points,
	) (loyalty.Account, *loyalty.OrderState, []posting.Spend) {
		t.Helper()
		out, err := award.PlaceOrder(Begin(p, acc, noon), prior, EarnRules(p), o, earn.Budgets{"campaigns.extra": left})
		if err != nil {
			t.Fatal(err)
		}
		return out.Account, out.Entries[0].Order, out.Spends
	}
	first := paid("EUR", loyalty.Line{Amount: 10_00})
	acc, state, spends := place(newShop(t, p).acc, nil, first, 60)
	if state.Worth != 60 || len(spends) != 1 || spends[0].Points != 50 {
		t.Fatalf("the order is worth %d and spends %+v", state.Worth, spends)
	}
	second := first
	second.ID = "1043"
	for left, want := range map[loyalty.Points]loyalty.Points{-40: 10, -1: 10, 0: 10, 1: 11, 49: 59, 50: 60, 51: 60} {
		if _, got, _ := place(acc, nil, second, left); got.Worth != want {
			t.Errorf("with %d left, another order is worth %d, want %d", left, got.Worth, want)
		}
	}
	half := first
	half.Refunds = []loyalty.Refund{back("1", 10_00)}
	acc, state, spends = place(acc, state, half, -40)
	if state.Worth != 0 || len(spends) != 1 || spends[0].Points != -50 {
		t.Errorf("refunded in full, the order is worth %d and spends %+v", state.Worth, spends)
	}
	half.Refunds[0].Status = loyalty.RefundFailed
	if _, state, _ = place(acc, state, half, -40); state.Worth != 60 {
		t.Errorf("the refund failed, and the order is worth %d, want 60", state.Worth)
	}
}

func TestTextInALanguage(t *testing.T) {
	for _, c := range []struct {
		text   loyalty.Text
		locale string
		want   string
	}{
		{loyalty.Text{"de": "Punkt", "en": "point"}, "de-AT", "Punkt"},
		{loyalty.Text{"de": "Punkt", "en": "point"}, "fr", "point"},
		{loyalty.Text{"de": "Punkt", "fr": "point", "it": "punto"}, "es", "Punkt"}, // the first language there is
		{loyalty.Text{"it": "punto", "fr": "point"}, "", "point"},
		{nil, "en", ""},
	} {
		if got := c.text.In(c.locale); got != c.want {
			t.Errorf("%v in %q is %q, want %q", c.text, c.locale, got, c.want)
		}
	}
}

// If levels are reached by spend, the account counts no visits.
func TestVisitsCountOnlyWhereLevelsGoByThem(t *testing.T) {
	p := twoTierGroups(t, func(l *loyalty.TierGroup) {
		l.Tiers = loyalty.Tiers{
			By: loyalty.BySpend, Currency: "EUR", Visit: "visit.completed", Months: 12,
			Levels: []loyalty.Level{{ID: "guest"}, {ID: "friend", From: 100_00}},
		}
	})
	s := newShop(t, p)
	ev := loyalty.Event{Type: "visit.completed", ID: "v1", Member: s.acc.Member, At: noon}
	out, err := award.PlaceEvent(Begin(p, s.acc, noon), nil, EarnRules(p), ev)
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Account.TierGroups)+len(out.Account.Metrics) > 0 || len(out.Entries[0].Counts) > 0 {
		t.Errorf("a visit counts %+v and %+v", out.Account.Metrics, out.Account.TierGroups)
	}
}

// An extension of points with a fixed expiry day does not move points that slide.
func TestExtensionOfFixedPointsMovesNothingThatSlides(t *testing.T) {
	s := newShop(t, made(t, func(p *loyalty.Program) {
		p.Earn.Pending, p.Goodwill = calendar.Wait{}, loyalty.Goodwill{Extend: calendar.Period{Months: 12}}
		p.Earn.Expires = calendar.Expiry{After: calendar.Period{Months: 6}, Inactive: true, ResetBy: []string{"order"}}
	}))
	s.acc.Lots = []loyalty.Lot{{Expires: 20270301, Points: 40}}
	out, err := Extend(s.p, s.acc, "x1", 20270601, "sorry", noon)
	if err != nil {
		t.Fatal(err)
	}
	if out.Account.Slides != 0 || out.Account.Lots[0] != (loyalty.Lot{Expires: 20270601, Points: 40}) {
		t.Errorf("the extension leaves %+v, and others slide to %s", out.Account.Lots, out.Account.Slides)
	}
}

// Rules may give from 0 to MaxPoints points, and bands must be in ascending order.
func TestBoundsOfWhatRulesGive(t *testing.T) {
	band := func(all ...loyalty.Band) loyalty.Steps {
		return loyalty.Steps{Bands: map[loyalty.Currency][]loyalty.Band{"EUR": all}}
	}
	for _, c := range []struct {
		give loyalty.Strategy
		ok   bool
	}{
		{loyalty.Fixed{Points: 0}, true},
		{loyalty.Fixed{Points: -1}, false},
		{loyalty.Fixed{Points: loyalty.MaxPoints}, true},
		{loyalty.Fixed{Points: loyalty.MaxPoints + 1}, false},
		{loyalty.PerVisit{Points: loyalty.MaxPoints}, true},
		{loyalty.PerVisit{Points: loyalty.MaxPoints + 1}, false},
		{loyalty.PerVisit{Points: -1}, false},
		{band(loyalty.Band{From: 0, Points: 0}), true},
		{band(loyalty.Band{From: -1, Points: 0}), false},
		{band(loyalty.Band{From: 0, Points: -1}), false},
		{band(loyalty.Band{From: 0, Points: loyalty.MaxPoints}), true},
		{band(loyalty.Band{From: 0, Points: loyalty.MaxPoints + 1}), false},
		{band(), false},
		{band(loyalty.Band{From: 0, Points: 5}, loyalty.Band{From: 100, Points: 5}), true},
		{band(loyalty.Band{From: 0, Points: 5}, loyalty.Band{From: 0, Points: 6}), false},
		{band(loyalty.Band{From: 0, Points: 5}, loyalty.Band{From: 100, Points: 4}), false},
	} {
		if _, err := c.give.Compile(); (err == nil) != c.ok {
			t.Errorf("%+v is answered with %v, want it accepted: %t", c.give, err, c.ok)
		}
	}
}

// An entry that takes points from one wallet and gives none in another is a clawback, in any order of the wallets.
func TestEntryThatOnlyTakesIsAClawback(t *testing.T) {
	for _, falls := range []string{"a", "b"} {
		p := made(t, func(p *loyalty.Program) {
			p.Earn.Pending, p.Tiers = calendar.Wait{}, loyalty.Tiers{}
			p.Earn.Rates = map[loyalty.Currency]loyalty.Rate{"EUR": {Points: new(big.Rat), Per: 100}}
			for _, id := range []string{"a", "b"} {
				per := int64(100)
				if id != falls {
					per = 100_00 // one point, whether the order costs 120 or 110
				}
				rates := map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 1), Per: per}}
				p.Wallets = append(
					p.Wallets,
					loyalty.Wallet{ID: id, Rates: rates, Expires: calendar.Expiry{After: calendar.Period{Months: 6}}},
				)
			}
		})
		s := newShop(t, p)
		o := paid("EUR", loyalty.Line{Amount: 120_00})
		s.submit(o, noon)
		o.Refunds = []loyalty.Refund{back("1", 10_00)}
		if e := s.submit(o, noon); e.Kind != loyalty.KindClawback {
			t.Errorf("a refund that takes from wallet %s is an entry of kind %s", falls, e.Kind)
		}
	}
}
