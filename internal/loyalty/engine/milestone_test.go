package engine

import (
	"strconv"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func TestAMilestoneIsGivenTakenBackAndGivenAgain(t *testing.T) {
	second := func() *shop {
		s := newShop(t, made(t, func(p *loyalty.Program) {
			p.Earn.Pending = calendar.Wait{}
			p.Milestones = []loyalty.Milestone{{ID: "second", Target: 2, Points: 50}}
		}))
		s.buy("1", 1, noon)
		return s
	}
	s := second()
	o := s.buy("2", 1, noon)
	want := func(b loyalty.Balance) {
		t.Helper()
		if got := s.acc.Balance(); got != b {
			t.Errorf("there are %+v, want %+v", got, b)
		}
	}
	want(loyalty.Balance{Active: 52})
	o.Status = loyalty.OrderCanceled
	s.submit(o, noon)
	want(loyalty.Balance{Active: 1})
	o.Status = loyalty.OrderPaid
	s.submit(o, noon)
	want(loyalty.Balance{Active: 52})
	o.Refunds = []loyalty.Refund{back("1", 100)}
	s.submit(o, noon)
	want(loyalty.Balance{Active: 1}) // a full refund counts like a cancellation
	o.Refunds[0].Status = loyalty.RefundFailed
	s.submit(o, noon)
	want(loyalty.Balance{Active: 52})

	s = second()
	o = s.buy("2", 1, noon)
	s.spend(52, noon)
	o.Status = loyalty.OrderCanceled
	s.submit(o, noon)
	want(loyalty.Balance{Debt: 51})
	later := noon.AddDate(2, 0, 0)
	s.buy("3", 1, later)
	want(loyalty.Balance{}) // 51 of debt, 1 of the order and 50 of the milestone
	if len(s.acc.Reached) != 1 || s.acc.Reached[0].Revision != 3 {
		t.Errorf("reached %+v", s.acc.Reached)
	}
}

func TestAMilestoneThatIsReachedAgainYearsLaterIsWorthAsMuch(t *testing.T) {
	s := newShop(t, made(t, func(p *loyalty.Program) {
		p.Earn.Pending = calendar.Wait{}
		p.Milestones = []loyalty.Milestone{{ID: "first", Target: 1, Points: 50}}
	}))
	o := s.buy("1", 10, noon)
	o.Status = loyalty.OrderCanceled
	s.submit(o, noon)
	s.buy("2", 10, noon.AddDate(2, 0, 0))
	if b := s.acc.Balance(); b != (loyalty.Balance{Active: 60}) {
		t.Errorf("two years after the first was canceled, an order leaves %+v", b)
	}
}

// A milestone is reached by the order that has its number, whenever that order is reported: its points belong to the
// lot of that order's day. They move when another order has the number.
func TestMilestoneIsDatedByItsOrder(t *testing.T) {
	s := newShop(t, made(t, func(p *loyalty.Program) {
		p.Earn.Pending, p.Tiers, p.Zone = calendar.Wait{}, loyalty.Tiers{}, time.UTC
		p.Milestones = []loyalty.Milestone{{ID: "second", Target: 2, Points: 50}}
	}))
	s.acc.Joined = noon
	place := func(id string, months int, status loyalty.OrderStatus, reported int) {
		t.Helper()
		o := paid("EUR", loyalty.Line{Amount: 10_00})
		o.ID, o.PlacedAt, o.Status = id, noon.AddDate(0, months, 0), status
		s.submit(o, noon.AddDate(0, reported, 0))
	}
	want := func(month int) {
		t.Helper()
		day, points := calendar.EndOfMonth.Date(calendar.DateOf(noon.AddDate(1, month, 0), time.UTC)), loyalty.Points(0)
		for _, l := range s.acc.Lots {
			if l.Expires == day {
				points = l.Points
			}
		}
		if points != 60 {
			t.Errorf("there are %+v, want 60 points until %s", s.acc.Lots, day)
		}
	}
	place("c", 2, loyalty.OrderPaid, 2)
	place("a", 0, loyalty.OrderPaid, 2) // c is the second order
	want(2)
	place("b", 1, loyalty.OrderPaid, 3) // now b is
	want(1)
	place("a", 0, loyalty.OrderCanceled, 3) // c again
	want(2)
	place("c", 2, loyalty.OrderCanceled, 3) // only b is left
	if s.acc.Balance().Active != 10 {
		t.Errorf("one order leaves %+v", s.acc.Balance())
	}
	place("c", 2, loyalty.OrderPaid, 3)
	want(2)
}

// A milestone beyond the orders that an account remembers keeps the day on which it was reached.
func TestMilestoneBeyondTheRememberedOrders(t *testing.T) {
	s := newShop(t, made(t, func(p *loyalty.Program) {
		p.Earn.Pending, p.Tiers, p.Zone = calendar.Wait{}, loyalty.Tiers{}, time.UTC
		p.Milestones = []loyalty.Milestone{{ID: "many", Target: posting.MaxOrderNumber + 1, Points: 50}}
	}))
	for i := range posting.MaxOrderNumber + 3 {
		s.buy(strconv.Itoa(i), 1, noon.AddDate(0, 0, 10*i))
	}
	reached := calendar.DateOf(noon.AddDate(1, 0, 10*posting.MaxOrderNumber), time.UTC)
	if got := s.acc.Reached[0].Grant.Expires; got != calendar.EndOfMonth.Date(reached) ||
		s.acc.Balance().Active != posting.MaxOrderNumber+53 {
		t.Errorf(
			"the milestone's points expire on %s, want the end of the month of %s; there are %+v", got, reached,
			s.acc.Balance(),
		)
	}
	if len(s.acc.First.Orders) != 0 {
		t.Errorf("the account remembers %d orders for nothing", len(s.acc.First.Orders))
	}
}
