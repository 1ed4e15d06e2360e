package engine

import (
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// If a level is withdrawn, its validity and its entry bonus are withdrawn too. If the order is restored, both are
// restored unchanged.
func TestCanceledOrderWithdrawsLevelAndBonus(t *testing.T) {
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprint("keep ", keep), func(t *testing.T) {
			p := bySpend(t, func(t *loyalty.Tiers) {
				t.Calendar, t.KeepYear, t.KeepOnRefund, t.Levels[2].EntryBonus = true, 2, keep, 300
			})
			s := member2026(t, p)
			small := s.buy("1", 400, instant(t, "2026-02-01T12:00:00Z"))
			large := s.buy("2", 1700, instant(t, "2026-03-01T12:00:00Z"))
			gold, bonus := s.acc.Tier, bonuses(s.acc)
			if gold.Level != "gold" || bonus == "[]" {
				t.Fatalf("the orders reached %+v with the bonuses %s", gold, bonus)
			}
			later := instant(t, "2026-06-01T12:00:00Z")
			large.Status = loyalty.OrderCanceled
			s.submit(large, later)
			want, left := posting.FirstStanding(&s.p.Tiers, s.acc), "[]"
			if keep {
				want, left = gold, bonus
			}
			if got := s.acc.Tier; got != want || bonuses(s.acc) != left {
				t.Errorf(
					"after the cancellation the level is %+v with %s, want %+v with %s", got, bonuses(s.acc), want,
					left,
				)
			}
			large.Status = loyalty.OrderPaid
			s.submit(large, later)
			if got := s.acc.Tier; got != gold || bonuses(s.acc) != bonus {
				t.Errorf("after the restoration the level is %+v with %s", got, bonuses(s.acc))
			}
			small.Refunds = []loyalty.Refund{back("1", 100_00)}
			s.submit(small, later)
			if got := s.acc.Tier; got != gold {
				t.Errorf("2000 EUR remain, and the level is %+v", got)
			}
		})
	}
}

// If the remaining orders reach a level at a later instant, the level counts from then on, and the entry bonus stays.
func TestLevelCountsFromTheInstantAtWhichTheRemainingFactsQualify(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) { t.KeepFor, t.Levels[1].EntryBonus = calendar.Period{Months: 12}, 100 })
	s := member2026(t, p)
	first := s.buy("1", 500, instant(t, "2026-02-01T12:00:00Z"))
	second := instant(t, "2026-03-20T12:00:00Z")
	s.buy("2", 500, second)
	first.Refunds = []loyalty.Refund{back("1", 1)}
	n := len(s.entries)
	s.submit(first, instant(t, "2026-04-01T12:00:00Z"))
	got := s.acc.Tier
	if got.Level != "silver" || !got.Since.Equal(second) || !got.Until.Equal(second.AddDate(1, 0, 0)) {
		t.Errorf("silver is had since %s until %s", got.Since, got.Until)
	}
	if got := s.acc.Balance().Active; got != 100+499+500 {
		t.Errorf("%d points are left", got)
	}
	for _, e := range s.entries[n:] {
		if e.Kind == loyalty.KindClawback && e.Cause.Kind == loyalty.CauseTierChange {
			t.Errorf("the bonus was taken back: %+v", e)
		}
	}
}

// The reason of an entry about a level that is withdrawn names the order.
func TestWithdrawalNamesTheOrder(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) { t.KeepFor = calendar.Period{Months: 12} })
	s := member2026(t, p)
	o := s.buy("1042", 500, instant(t, "2026-02-01T12:00:00Z"))
	o.Status = loyalty.OrderCanceled
	s.submit(o, instant(t, "2026-02-02T12:00:00Z"))
	e := s.entries[len(s.entries)-1]
	got, want := e.Reasons[0], "silver to bronze, withdrawn: order 1042"
	if e.Kind != loyalty.KindMoveTier || got.Kind != loyalty.WasWithdrawn || got.Effect() != want {
		t.Errorf("the last entry is %s: %s, want %s", e.Kind, got.Effect(), want)
	}
}

// Reviews are repeated too: a member never gets a lower level than the reviews give without the order.
func TestWithdrawalKeepsWhatReviewsGiveWithoutTheOrder(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) {
		t.Window, t.KeepPeriods, t.MoveDown = loyalty.Window{
			Kind: loyalty.CycleWindow, Months: 1, From: 101,
		}, 2, loyalty.OneStep
	})
	s := member2026(t, p)
	s.buy("gold", 2000, instant(t, "2026-01-10T12:00:00Z"))
	s.pass(instant(t, "2026-02-10T12:00:00Z"))
	again := s.buy("again", 2000, instant(t, "2026-02-10T12:00:00Z"))
	s.wantLevel(t, "2026-03-15T12:00:00Z", "gold") // by February
	again.Status = loyalty.OrderCanceled
	s.submit(again, instant(t, "2026-03-20T12:00:00Z"))
	got := s.acc.Tier
	since, last := calendar.DateOf(got.Since, p.Zone), calendar.DateOf(got.Until.Add(-time.Millisecond), p.Zone)
	if got.Level != "silver" || since != 20260301 || last != 20260331 {
		t.Errorf("without February gold falls one step on 1 March, and the level is %+v", got)
	}
}

// An entry bonus whose lot has expired becomes active again if its level now counts from a later day whose lot has not
// expired.
func TestExpiredBonusLivesOnInALaterLot(t *testing.T) {
	for _, spent := range []loyalty.Points{0, 30, 100} {
		p := bySpend(t, func(t *loyalty.Tiers) { t.KeepFor, t.Levels[1].EntryBonus = calendar.Period{Months: 12}, 100 })
		p.Earn.Rates["EUR"] = loyalty.Rate{Points: p.Earn.Rates["EUR"].Points, Per: 1_000_000_000}
		p.Earn.Expires = calendar.Expiry{After: calendar.Period{Months: 1}, RoundTo: calendar.EndOfMonth}
		if err := Compile(p); err != nil {
			t.Fatal(err)
		}
		s := member2026(t, p)
		first := s.buy("1", 500, instant(t, "2026-02-01T12:00:00Z")) // the bonus expires in March
		if spent > 0 {
			s.spend(spent, instant(t, "2026-03-05T12:00:00Z"))
		}
		s.buy("2", 500, instant(t, "2026-03-20T12:00:00Z"))
		first.Status = loyalty.OrderCanceled
		s.submit(first, instant(t, "2026-04-10T12:00:00Z"))
		if got := s.acc.Balance(); got.Active-got.Debt != 100-spent || s.acc.Expired != 0 || s.acc.Earned != 100 {
			t.Errorf("with %d spent there are %+v, %d expired and %d earned", spent, got, s.acc.Expired, s.acc.Earned)
		}
		s.pass(instant(t, "2026-05-02T12:00:00Z"))
		if s.acc.Expired != 100-spent {
			t.Errorf("with %d spent %d expired", spent, s.acc.Expired)
		}
	}
}

// A shop that was offline reports several orders of a morning at once. For each, the level at its instant counts.
func TestOrderFindsTheLevelThatAnEarlierOneReached(t *testing.T) {
	p := bySpend(
		t, func(t *loyalty.Tiers) {
			t.KeepFor, t.Levels[1].Multiply = calendar.Period{Months: 12}, big.NewRat(2, 1)
		},
	)
	s := member2026(t, p)
	report := instant(t, "2026-02-01T12:00:00Z")
	for i, x := range []struct {
		before time.Duration
		euros  int64
		want   loyalty.Points
	}{{2 * time.Hour, 10, 10}, {time.Hour, 600, 600}, {30 * time.Minute, 10, 20}, {90 * time.Minute, 10, 10}} {
		o := bought("EUR", loyalty.Line{Amount: x.euros * 100})
		o.ID, o.PlacedAt = fmt.Sprint(i), report.Add(-x.before)
		if got := s.submit(o, report).Order.Worth; got != x.want {
			t.Errorf("the order placed %s before the report is worth %d, want %d", x.before, got, x.want)
		}
	}
	if got := s.acc.Tier; !got.Since.Equal(report.Add(-time.Hour)) {
		t.Errorf("silver is had since %s", got.Since)
	}
}

// A full refund withdraws a level like a cancellation does, in a tier group too.
func TestRefundInFullWithdrawsALevelOfATierGroup(t *testing.T) {
	p := twoTierGroups(t, func(l *loyalty.TierGroup) {
		l.Tiers = loyalty.Tiers{
			By: loyalty.ByBrands, Brands: []string{"east", "west"},
			Window: loyalty.Window{Kind: loyalty.CycleWindow, Months: 3, From: 101}, KeepPeriods: 1,
			MoveDown: loyalty.ToQualified, RepeatEntryBonus: true,
			Levels: []loyalty.Level{{ID: "one"}, {ID: "both", From: 2, EntryBonus: 250}},
		}
	})
	s := newShop(t, p)
	at := noon.Add(time.Hour)
	o := bought("EUR", loyalty.Line{Amount: 10_00, Brand: "east"}, loyalty.Line{Amount: 10_00, Brand: "west"})
	o.PlacedAt = at
	s.submit(o, at)
	if got := s.on().Level; got != "both" || bonuses(s.acc) == "[]" {
		t.Fatalf("the level is %s with %s", got, bonuses(s.acc))
	}
	o.Refunds = []loyalty.Refund{back("1", 20_00)}
	s.submit(o, at.Add(time.Hour))
	if got := s.on(); got.Level != "one" || bonuses(s.acc) != "[]" || s.acc.Balance() != (loyalty.Balance{}) {
		t.Errorf("after the refund the level is %+v with %s, and there are %+v", got, bonuses(s.acc), s.acc.Balance())
	}
}

// Points that do not expire because of a level expire again when it is withdrawn, after a notice of 14 days at least.
func TestWithdrawnLevelProtectsNoPoints(t *testing.T) {
	for _, c := range []struct {
		refunded string
		notice   calendar.Period
		until    calendar.Date
	}{
		{"2026-03-01T12:00:00Z", calendar.Period{}, 20260901}, // after the order of 1 March, the last that counts
		{"2026-08-25T12:00:00Z", calendar.Period{}, 20260908},
		{"2026-08-25T12:00:00Z", calendar.Period{Days: 30}, 20260924},
		{"2027-02-01T12:00:00Z", calendar.Period{}, 20270215},
	} {
		p := bySpend(
			t,
			func(t *loyalty.Tiers) {
				t.KeepFor, t.Levels[2].Expires = calendar.Period{Months: 24}, &calendar.Expiry{}
			},
		)
		p.Earn.Expires, p.AdvanceNotice = calendar.Expiry{
			After: calendar.Period{Months: 6}, Inactive: true, ResetBy: []string{"order"},
		}, loyalty.AdvanceNotice{Period: c.notice, MaxExtensions: 2}
		if err := Compile(p); err != nil {
			t.Fatal(err)
		}
		s := member2026(t, p)
		s.buy("1", 100, instant(t, "2026-03-01T10:00:00Z"))
		gold := s.buy("2", 2000, instant(t, "2026-03-02T10:00:00Z"))
		if got := s.acc.Lots; len(got) != 1 || got[0] != (loyalty.Lot{Expires: 0, Points: 2100}) {
			t.Fatalf("gold protects %+v", got)
		}
		gold.Refunds = []loyalty.Refund{back("1", 2000_00)}
		s.submit(gold, calendar.Later(instant(t, c.refunded), gold.PlacedAt.Add(time.Hour)))
		if got := s.acc.Lots; len(got) != 1 ||
			got[0] != (loyalty.Lot{
				Expires: calendar.Slides + c.until, Points: 100,
			}) || s.acc.Slides != calendar.Slides+c.until {
			t.Errorf(
				"refunded on %s, the points are %+v and slide to %s, want %s", c.refunded, got, s.acc.Slides, c.until,
			)
		}
	}
}

// An account remembers a bounded number of entry bonuses of one level. Older bonuses are final.
func TestAnAccountRemembersFewBonuses(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) {
		t.Window, t.KeepPeriods, t.RepeatEntryBonus, t.Levels[1].EntryBonus = loyalty.Window{
			Kind: loyalty.CycleWindow, Months: 1, From: 101,
		}, 1, true, 10
	})
	p.Earn.Expires = calendar.Expiry{}
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	s := member2026(t, p)
	var orders []loyalty.Order
	for i := range 15 {
		orders = append(orders, s.buy(fmt.Sprint(i), 500, instant(t, "2026-01-10T12:00:00Z").AddDate(0, i, 0)))
	}
	now := instant(t, "2027-04-01T12:00:00Z")
	points := func() loyalty.Points { s.pass(now); return s.acc.Balance().Active }
	if got, n := points(), len(s.acc.Reached); got != 15*510 || n != posting.MaxBonuses {
		t.Fatalf("there are %d points, and %d bonuses are remembered", got, n)
	}
	for _, c := range []struct {
		canceled int
		want     loyalty.Points
	}{{14, 14 * 510}, {0, 13*510 + 10}, {13, 12*510 + 10}} { // the bonus of the first month is final
		o := orders[c.canceled]
		o.Status = loyalty.OrderCanceled
		s.submit(o, now)
		if got := points(); got != c.want {
			t.Errorf("without order %d there are %d points, want %d", c.canceled, got, c.want)
		}
	}
}

// If a level was reached before another level was set manually, it counts when the manual level ends, even if a third
// level was reached and withdrawn in the meantime.
func TestWithdrawalKeepsWhatWasReachedBeforeAManualLevel(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Tiers = loyalty.Tiers{
			By: loyalty.ByPointsEarned, Months: 3, KeepFor: calendar.Period{Months: 12}, MoveDown: loyalty.ToQualified,
			Levels: []loyalty.Level{
				{ID: "bronze"}, {ID: "silver", From: 100}, {ID: "gold", From: 300}, {ID: "black", From: 900},
			},
		}
	})
	s := newShop(t, p)
	s.acc.Joined = noon
	order := func(id string, euros int64, at time.Time) loyalty.Order {
		o := paid("EUR", loyalty.Line{Amount: euros * 100})
		o.ID, o.PlacedAt = id, at
		s.submit(o, at)
		return o
	}
	for i := range 3 {
		order(fmt.Sprint("o", i), 100, noon.AddDate(0, i, 0))
	}
	at := noon.AddDate(0, 2, 1)
	out, err := tier.SetTier(
		Begin(p, s.acc, at), "t1", tier.Placement{Level: "silver", Reason: "a match", Until: at.AddDate(0, 3, 0)},
	)
	if err != nil {
		t.Fatal(err)
	}
	s.took(out)
	at = noon.AddDate(0, 3, 0)
	o := order("large", 900, at)
	if s.acc.Tier.Level != "black" {
		t.Fatalf("the order reached %s, want black", s.acc.Tier.Level)
	}
	o.Status = loyalty.OrderCanceled
	s.submit(o, at.Add(time.Hour))
	if s.acc.Tier.Level != "silver" {
		t.Fatalf("the cancellation leads to %s, want silver", s.acc.Tier.Level)
	}
	s.pass(noon.AddDate(0, 6, 0))
	if s.acc.Tier.Level != "gold" {
		t.Errorf("after the manual level the member is %s, want gold", s.acc.Tier.Level)
	}
}

// The same applies if the withdrawal is so late that the account has merged the months of that time.
func TestLateWithdrawalKeepsWhatWasReachedUnderAManualLevel(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Tiers = loyalty.Tiers{
			By: loyalty.ByPointsEarned, Months: 1, KeepFor: calendar.Period{Months: 2},
			Grace:    calendar.Period{Months: 5},
			MoveDown: loyalty.ToQualified,
			Levels:   []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: 100}, {ID: "gold", From: 300}},
		}
	})
	s := newShop(t, p)
	out, err := tier.SetTier(
		Begin(p, s.acc, noon), "t1", tier.Placement{Level: "silver", Reason: "a match", Until: noon.AddDate(0, 3, 0)},
	)
	if err != nil {
		t.Fatal(err)
	}
	s.took(out)
	order := func(id string, euros int64, months int) loyalty.Order {
		o := paid("EUR", loyalty.Line{Amount: euros * 100})
		o.ID, o.PlacedAt = id, noon.AddDate(0, months, 0)
		s.submit(o, o.PlacedAt)
		return o
	}
	large := order("large", 510, 2)
	order("small", 10, 6)
	if s.acc.Tier.Level != "gold" {
		t.Fatalf("the orders lead to %s, want gold", s.acc.Tier.Level)
	}
	large.Refunds = []loyalty.Refund{back("1", 255_00)}
	s.submit(large, noon.AddDate(0, 6, 1))
	s.pass(noon.AddDate(0, 8, 1))
	if s.acc.Tier.Level != "silver" {
		t.Errorf("after the manual level the member is %s, want silver by what remains of the order", s.acc.Tier.Level)
	}
}
