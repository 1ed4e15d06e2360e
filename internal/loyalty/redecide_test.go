package loyalty

import (
	"fmt"
	"testing"
	"time"
)

// A withdrawn level takes its validity and its bonus with it, and a restored order gives them back as they were.
func TestCanceledOrderWithdrawsLevelAndBonus(t *testing.T) {
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprint("keep ", keep), func(t *testing.T) {
			p := bySpend(t, func(t *Tiers) {
				t.Calendar, t.KeepYear, t.KeepOnRefund, t.Levels[2].Points = true, 2, keep, 300
			})
			s := member2026(t, p)
			small := s.buy("1", 400, instant(t, "2026-02-01T12:00:00Z"))
			large := s.buy("2", 1700, instant(t, "2026-03-01T12:00:00Z"))
			gold, bonus := s.acc.Tier, bonuses(s.acc)
			if gold.Level != "gold" || bonus == "[]" {
				t.Fatalf("the orders reached %+v with the bonuses %s", gold, bonus)
			}
			later := instant(t, "2026-06-01T12:00:00Z")
			large.Status = OrderCancelled
			s.tell(large, later)
			want, left := s.p.first(s.acc), "[]"
			if keep {
				want, left = gold, bonus
			}
			if got := s.acc.Tier; got != want || bonuses(s.acc) != left {
				t.Errorf("after the cancellation the level is %+v with %s, want %+v with %s", got, bonuses(s.acc), want, left)
			}
			large.Status = OrderPaid
			s.tell(large, later)
			if got := s.acc.Tier; got != gold || bonuses(s.acc) != bonus {
				t.Errorf("after the restoration the level is %+v with %s", got, bonuses(s.acc))
			}
			small.Refunds = []Refund{back("1", 100_00)}
			s.tell(small, later)
			if got := s.acc.Tier; got != gold {
				t.Errorf("2000 EUR remain, and the level is %+v", got)
			}
		})
	}
}

// Where the remaining orders reach a level later, it counts from then on and the bonus stays.
func TestLevelCountsFromTheInstantAtWhichTheRemainingFactsQualify(t *testing.T) {
	p := bySpend(t, func(t *Tiers) { t.KeepFor, t.Levels[1].Points = Period{Months: 12}, 100 })
	s := member2026(t, p)
	first := s.buy("1", 500, instant(t, "2026-02-01T12:00:00Z"))
	second := instant(t, "2026-03-20T12:00:00Z")
	s.buy("2", 500, second)
	first.Refunds = []Refund{back("1", 1)}
	n := len(s.entries)
	s.tell(first, instant(t, "2026-04-01T12:00:00Z"))
	if got := s.acc.Tier; got.Level != "silver" || !got.Since.Equal(second) || !got.Until.Equal(second.AddDate(1, 0, 0).Add(0)) {
		t.Errorf("silver is had since %s until %s", got.Since, got.Until)
	}
	if got := s.acc.Balance().Active; got != 100+499+500 {
		t.Errorf("%d points are left", got)
	}
	for _, e := range s.entries[n:] {
		if e.Kind == KindClawback && e.Cause.Kind == CauseLevel {
			t.Errorf("the bonus was taken back: %+v", e)
		}
	}
}

// The reason of an entry about a level that is withdrawn names the order.
func TestWithdrawalNamesTheOrder(t *testing.T) {
	p := bySpend(t, func(t *Tiers) { t.KeepFor = Period{Months: 12} })
	s := member2026(t, p)
	o := s.buy("1042", 500, instant(t, "2026-02-01T12:00:00Z"))
	o.Status = OrderCancelled
	s.tell(o, instant(t, "2026-02-02T12:00:00Z"))
	e := s.entries[len(s.entries)-1]
	if got := e.Because[0]; e.Kind != KindTier || got.What != WasWithdrawn || got.Effect() != "silver to bronze, withdrawn: order 1042" {
		t.Errorf("the last entry is %s: %s", e.Kind, got.Effect())
	}
}

// Reviews decide again by themselves: a member never falls below what they give without the order.
func TestWithdrawalKeepsWhatReviewsGiveWithoutTheOrder(t *testing.T) {
	p := bySpend(t, func(t *Tiers) {
		t.Window, t.KeepPeriods, t.MoveDown = Window{CycleWindow, 1, 101}, 2, OneStep
	})
	s := member2026(t, p)
	s.buy("gold", 2000, instant(t, "2026-01-10T12:00:00Z"))
	s.pass(instant(t, "2026-02-10T12:00:00Z"))
	again := s.buy("again", 2000, instant(t, "2026-02-10T12:00:00Z"))
	s.wantLevel(t, "2026-03-15T12:00:00Z", "gold") // by February
	again.Status = OrderCancelled
	s.tell(again, instant(t, "2026-03-20T12:00:00Z"))
	got := s.acc.Tier
	if got.Level != "silver" || DateOf(got.Since, p.Zone) != 20260301 || DateOf(got.Until.Add(-time.Millisecond), p.Zone) != 20260331 {
		t.Errorf("without February gold falls one step on 1 March, and the level is %+v", got)
	}
}
