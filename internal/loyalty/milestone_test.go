package loyalty

import "testing"

func TestAMilestoneIsGivenTakenBackAndGivenAgain(t *testing.T) {
	second := func() *shop {
		s := newShop(t, made(t, func(p *Program) {
			p.Earn.Pending = Wait{}
			p.Milestones = []Milestone{{ID: "second", Reaches: 2, Points: 50}}
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
	o.Status = OrderCancelled
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
	o.Status = OrderCancelled
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
		p.Milestones = []Milestone{{ID: "first", Reaches: 1, Points: 50}}
	}))
	o := s.buy("1", 10, noon)
	o.Status = OrderCancelled
	s.tell(o, noon)
	s.buy("2", 10, noon.AddDate(2, 0, 0))
	if b := s.acc.Balance(); b != (Balance{Active: 60}) {
		t.Errorf("two years after the first was cancelled, an order leaves %+v", b)
	}
}
