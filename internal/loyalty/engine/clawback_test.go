package engine

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// made returns the compiled test program with an edit.
func made(tb testing.TB, edit func(*loyalty.Program)) *loyalty.Program {
	tb.Helper()
	p := testProgram(tb)
	edit(p)
	if err := Compile(p); err != nil {
		tb.Fatal(err)
	}
	return p
}

// A shop reports the delivery and a refund together: pending points become active and are taken back in one entry.
func TestADeliveryAndARefundMayBeSentAtOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		wait calendar.Wait
		want loyalty.Balance
	}{
		{"the points become active at once", calendar.Wait{Until: calendar.WhenDelivered}, loyalty.Balance{Active: 62}},
		{
			"the points become active later",
			calendar.Wait{Until: calendar.WhenDelivered, For: calendar.Period{Days: 14}},
			loyalty.Balance{Pending: 50, Active: 12},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShop(t, made(t, func(p *loyalty.Program) {
				p.Earn.Pending = c.wait
				p.Earn.Rules = []loyalty.Rule{
					{
						ID: "extra", Give: loyalty.Fixed{Points: 24},
						Match: loyalty.Match{MinSpend: map[loyalty.Currency]int64{"EUR": 6000}},
						Life:  loyalty.Life{Pending: new(calendar.Wait)},
					},
					{ID: "more", Give: loyalty.Fixed{Points: 12}, Life: loyalty.Life{Pending: new(calendar.Wait)}},
				}
			}))
			o := paid("EUR", loyalty.Line{Amount: 10_000})
			s.submit(o, noon)
			o.Delivered = noon.Add(time.Hour)
			o.Refunds = []loyalty.Refund{back("1", 5_000)}
			s.submit(o, noon.Add(2*time.Hour))
			if b := s.acc.Balance(); b != c.want {
				t.Errorf("half of the order is left, and of its points %+v, want %+v", b, c.want)
			}
			o.Refunds[0].Status = loyalty.RefundFailed
			s.submit(o, noon.Add(3*time.Hour))
			if b := s.acc.Balance(); b.Active+b.Pending != 136 {
				t.Errorf("the refund failed, and there are %+v", b)
			}
		})
	}
}

func TestADebtIsBoundedWhateverLivesTheOrdersPointsHave(t *testing.T) {
	s := newShop(t, made(t, func(p *loyalty.Program) {
		p.Earn.Pending, p.MaxDebt = calendar.Wait{}, 30
		p.Earn.Rules = []loyalty.Rule{
			{
				ID: "extra", Give: loyalty.Fixed{Points: 100},
				Life: loyalty.Life{Expires: &calendar.Expiry{After: calendar.Period{Days: 60}}},
			},
		}
	}))
	o := paid("EUR", loyalty.Line{Amount: 10_000})
	s.submit(o, noon)
	s.spend(200, noon)
	o.Status = loyalty.OrderCanceled
	s.submit(o, noon)
	if b := s.acc.Balance(); b != (loyalty.Balance{Debt: 30}) {
		t.Errorf("of 200 points that were spent, with a debt of at most 30, there are %+v", b)
	}
	if got := expiredPoints(s.states[o.ID]); got != 170 {
		t.Errorf("%d were written off, want 170", got)
	}
}

// Policies that never lead to debt do not do so either if the points were spent before the day on which they would have
// expired, and the order is canceled after it.
func TestPoliciesWithoutDebtOweNothingAfterExpiry(t *testing.T) {
	for reach, want := range map[loyalty.ClawbackPolicy]loyalty.Balance{
		loyalty.ClawbackPendingOnly:   {Active: 20},
		loyalty.ClawbackWithinBalance: {},
		loyalty.ClawbackDebt:          {Debt: 80},
	} {
		s := newShop(t, made(t, func(p *loyalty.Program) {
			p.Earn.Pending, p.Earn.Expires = calendar.Wait{}, calendar.Expiry{
				After: calendar.Period{Days: 30}, RoundTo: calendar.EndOfDay,
			}
			p.Clawback = reach
		}))
		o := paid("EUR", loyalty.Line{Amount: 100_00})
		s.submit(o, noon)
		s.spend(100, noon)
		after := noon.AddDate(0, 0, 40)
		other := paid("EUR", loyalty.Line{Amount: 20_00})
		other.ID, other.PlacedAt = "1043", after
		s.submit(other, after)
		o.Status = loyalty.OrderCanceled
		s.submit(o, after)
		if got := s.acc.Balance(); got != want {
			t.Errorf("policy %d: the cancellation leaves %+v, want %+v", reach, got, want)
		}
		o.Status = loyalty.OrderPaid
		s.submit(o, after)
		if got := s.acc.Balance(); got != (loyalty.Balance{Active: 20}) {
			t.Errorf("policy %d: the restored order leaves %+v, want 20 active points", reach, got)
		}
	}
}
