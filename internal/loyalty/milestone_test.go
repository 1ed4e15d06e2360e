package loyalty

import (
	"strconv"
	"testing"
	"time"
)

func TestAMilestoneIsGivenTakenBackAndGivenAgain(t *testing.T) {
	second := func() *shop {
		s := newShop(t, made(t, func(p *Program) {
			p.Earn.Pending = Wait{}
			p.Milestones = []Milestone{{ID: "second", Target: 2, Points: 50}}
		}))
		s.buy("1", 1, noon)
		return s
	}
	s := second()
	o := s.buy("2", 1, noon)
	want := func(b Balance) {
		t.Helper()
		if got := s.acc.Balance(); got != b {
			t.Errorf("there are %+v, want %+v", got, b)
		}
	}
	want(Balance{Active: 52})
	o.Status = OrderCanceled
	s.tell(o, noon)
	want(Balance{Active: 1})
	o.Status = OrderPaid
	s.tell(o, noon)
	want(Balance{Active: 52})
	o.Refunds = []Refund{back("1", 100)}
	s.tell(o, noon)
	want(Balance{Active: 1}) // a full refund counts like a cancellation
	o.Refunds[0].Status = RefundFailed
	s.tell(o, noon)
	want(Balance{Active: 52})

	s = second()
	o = s.buy("2", 1, noon)
	s.spend(52, noon)
	o.Status = OrderCanceled
	s.tell(o, noon)
	want(Balance{Debt: 51})
	later := noon.AddDate(2, 0, 0)
	s.buy("3", 1, later)
	want(Balance{}) // 51 of debt, 1 of the order and 50 of the milestone
	if len(s.acc.Reached) != 1 || s.acc.Reached[0].Revision != 3 {
		t.Errorf("reached %+v", s.acc.Reached)
	}
}

func TestAMilestoneThatIsReachedAgainYearsLaterIsWorthAsMuch(t *testing.T) {
	s := newShop(t, made(t, func(p *Program) {
		p.Earn.Pending = Wait{}
		p.Milestones = []Milestone{{ID: "first", Target: 1, Points: 50}}
	}))
	o := s.buy("1", 10, noon)
	o.Status = OrderCanceled
	s.tell(o, noon)
	s.buy("2", 10, noon.AddDate(2, 0, 0))
	if b := s.acc.Balance(); b != (Balance{Active: 60}) {
		t.Errorf("two years after the first was canceled, an order leaves %+v", b)
	}
}

// A milestone is reached by the order that has its number, whenever that order is reported: its points belong to the lot
// of that order's day. They move when another order has the number.
func TestMilestoneIsDatedByItsOrder(t *testing.T) {
	s := newShop(t, made(t, func(p *Program) {
		p.Earn.Pending, p.Tiers, p.Zone = Wait{}, Tiers{}, time.UTC
		p.Milestones = []Milestone{{ID: "second", Target: 2, Points: 50}}
	}))
	s.acc.Joined = noon
	place := func(id string, months int, status OrderStatus, reported int) {
		t.Helper()
		o := paid("EUR", Line{Amount: 10_00})
		o.ID, o.PlacedAt, o.Status = id, noon.AddDate(0, months, 0), status
		s.tell(o, noon.AddDate(0, reported, 0))
	}
	want := func(month int) {
		t.Helper()
		day, points := EndOfMonth.date(DateOf(noon.AddDate(1, month, 0), time.UTC)), Points(0)
		for _, l := range s.acc.Lots {
			if l.Expires == day {
				points = l.Points
			}
		}
		if points != 60 {
			t.Errorf("there are %+v, want 60 points until %s", s.acc.Lots, day)
		}
	}
	place("c", 2, OrderPaid, 2)
	place("a", 0, OrderPaid, 2) // c is the second order
	want(2)
	place("b", 1, OrderPaid, 3) // now b is
	want(1)
	place("a", 0, OrderCanceled, 3) // c again
	want(2)
	place("c", 2, OrderCanceled, 3) // only b is left
	if s.acc.Balance().Active != 10 {
		t.Errorf("one order leaves %+v", s.acc.Balance())
	}
	place("c", 2, OrderPaid, 3)
	want(2)
}

// A milestone beyond the orders that an account remembers keeps the day on which it was reached.
func TestMilestoneBeyondTheRememberedOrders(t *testing.T) {
	s := newShop(t, made(t, func(p *Program) {
		p.Earn.Pending, p.Tiers, p.Zone = Wait{}, Tiers{}, time.UTC
		p.Milestones = []Milestone{{ID: "many", Target: MaxOrderNumber + 1, Points: 50}}
	}))
	for i := range MaxOrderNumber + 3 {
		s.buy(strconv.Itoa(i), 1, noon.AddDate(0, 0, 10*i))
	}
	reached := DateOf(noon.AddDate(1, 0, 10*MaxOrderNumber), time.UTC)
	if got := s.acc.Reached[0].Grant.Expires; got != EndOfMonth.date(reached) || s.acc.Balance().Active != MaxOrderNumber+53 {
		t.Errorf("the milestone's points expire on %s, want the end of the month of %s; there are %+v", got, reached, s.acc.Balance())
	}
	if len(s.acc.First.Orders) != 0 {
		t.Errorf("the account remembers %d orders for nothing", len(s.acc.First.Orders))
	}
}
