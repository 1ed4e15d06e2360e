package engine

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func capped(t *testing.T, caps ...loyalty.Cap) *shop {
	p := testProgram(t)
	p.Earn.Caps = caps
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	return newShop(t, p)
}

func (s *shop) buy(id string, euros int64, at time.Time) loyalty.Order {
	o := paid("EUR", loyalty.Line{Amount: euros * 100})
	o.ID, o.PlacedAt = id, at
	s.submit(o, at)
	return o
}

func (s *shop) want(t *testing.T, id string, worth loyalty.Points) {
	t.Helper()
	if got := s.states[id].Worth; got != worth {
		t.Errorf("order %s is worth %d, want %d", id, got, worth)
	}
}

func TestCapsCutAndSaySo(t *testing.T) {
	s := capped(
		t, loyalty.Cap{Points: 100, Per: loyalty.PerOrder}, loyalty.Cap{Points: 150, Per: loyalty.PerDay},
		loyalty.Cap{Points: 260, Per: loyalty.PerMonth},
	)
	s.buy("1", 130, noon)
	s.want(t, "1", 100)
	o := s.buy("2", 90, noon.Add(time.Hour))
	s.want(t, "2", 50)
	s.buy("3", 90, noon.Add(24*time.Hour))
	s.want(t, "3", 90)
	s.buy("4", 90, noon.Add(48*time.Hour))
	s.want(t, "4", 20)
	s.buy("5", 90, noon.AddDate(0, 1, 0))
	s.want(t, "5", 90)
	e := s.submit(func() loyalty.Order { o.Channel = "web"; return o }(), noon.AddDate(0, 1, 0))
	if last := e.Reasons[len(e.Reasons)-2]; !reflect.DeepEqual(
		last, loyalty.NewReason("earn.caps", "-40", loyalty.IsCapped, "150", "day"),
	) {
		t.Errorf("the cut is reported as %+v", e.Reasons)
	}
}

// If a refund frees room under a cap, the next orders that the cap had reduced get it. If the refund fails, they lose
// it again.
func TestRoomThatARefundFreesGoesToTheNextOrders(t *testing.T) {
	s := capped(t, loyalty.Cap{Points: 100, Per: loyalty.PerMonth})
	first := s.buy("1", 80, noon)
	second := s.buy("2", 60, noon.Add(time.Hour))
	s.want(t, "2", 20)
	first.Refunds = []loyalty.Refund{back("1", 8_000)}
	s.submit(first, noon.Add(2*time.Hour))
	s.want(t, "1", 0)
	s.want(t, "2", 60)
	last := s.entries[len(s.entries)-1]
	if last.Cause.ID != "2" || !last.Follows() || last.Points != 40 {
		t.Errorf("the last entry is %s of %d because %+v", last.Cause, last.Points, last.Reasons)
	}
	s.buy("3", 90, noon.Add(3*time.Hour))
	s.want(t, "3", 40)
	first.Refunds[0].Status = loyalty.RefundFailed
	s.submit(first, noon.Add(4*time.Hour))
	s.want(t, "1", 80)
	s.want(t, "2", 20)
	s.want(t, "3", 0)
	second.Refunds = []loyalty.Refund{back("1", 5_000)}
	s.submit(second, noon.Add(5*time.Hour))
	s.want(t, "2", 10)
	s.want(t, "3", 10)
}

// An order that is decided again because of a refund of a cent gains no points.
func TestRefundGivesNoPoints(t *testing.T) {
	s := capped(t, loyalty.Cap{Points: 100, Per: loyalty.PerDay, Reject: true})
	s.buy("1", 80, noon)
	second := s.buy("2", 60, noon)
	s.want(t, "2", 0)
	second.Refunds = []loyalty.Refund{back("1", 5_000)}
	s.submit(second, noon)
	s.want(t, "2", 0)
}

// An order that is reported late gets the room under the cap that it would have had in time.
func TestLateOrderTakesItsRoom(t *testing.T) {
	s := capped(t, loyalty.Cap{Points: 100, Per: loyalty.PerMonth})
	s.acc.Joined = noon.AddDate(0, -1, 0)
	s.buy("2", 60, noon)
	s.buy("3", 30, noon.Add(time.Hour))
	o := bought("EUR", loyalty.Line{Amount: 8_000})
	o.ID, o.PlacedAt = "1", noon.Add(-time.Hour)
	s.submit(o, noon.Add(2*time.Hour))
	s.want(t, "1", 80)
	s.want(t, "2", 20)
	s.want(t, "3", 0)
}

// If a refund frees a use of a limit, the next order gets it.
func TestTimeOfALimitGoesToTheNextOrder(t *testing.T) {
	s := newShop(t, made(t, func(p *loyalty.Program) {
		p.Earn.Rules = []loyalty.Rule{
			{ID: "once", Give: loyalty.Fixed{Points: 30}, Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}}},
		}
	}))
	first := s.buy("1", 10, noon)
	s.buy("2", 10, noon.Add(time.Minute))
	s.buy("3", 10, noon.Add(2*time.Minute))
	want := func(want ...loyalty.Points) {
		t.Helper()
		if got := s.worths("1", "2", "3"); !slices.Equal(got, want) {
			t.Errorf("the orders are worth %v, want %v", got, want)
		}
	}
	want(40, 10, 10)
	for range 2 {
		first.Status = loyalty.OrderCanceled
		s.submit(first, noon.Add(time.Hour))
		want(0, 40, 10)
		first.Status = loyalty.OrderPaid
		s.submit(first, noon.Add(2*time.Hour))
		want(40, 10, 10)
	}
}

// An account remembers a bounded number of orders that were reduced, while their periods are open.
func TestAccountRemembersFewCutOrders(t *testing.T) {
	s := capped(t, loyalty.Cap{Points: 100, Per: loyalty.PerDay}, loyalty.Cap{Points: 150, Per: loyalty.PerWeek})
	at := noon
	for i := range 50 {
		s.buy(fmt.Sprintf("%02d", i), 90, at)
		at = at.Add(time.Hour)
	}
	if n := len(s.acc.Cut); n != posting.MaxCut {
		t.Errorf("the account remembers %d orders", n)
	}
	s.buy("cut", 200, at.AddDate(0, 4, 0))
	if n := len(s.acc.Cut); n != 1 {
		t.Errorf("no order can be reported for the earlier periods, and the account remembers %d orders", n)
	}
}

func TestUsageIsForgottenOnceNoOrderCanComeForIt(t *testing.T) {
	s := capped(t, loyalty.Cap{Points: 100, Per: loyalty.PerDay})
	s.buy("1", 50, noon)
	s.buy("2", 50, noon.Add(loyalty.MaxOrderAge))
	if len(s.acc.Usage) != 2 {
		t.Errorf("an order could still come, and the usage is %+v", s.acc.Usage)
	}
	s.buy("3", 50, noon.Add(loyalty.MaxOrderAge+96*time.Hour))
	if len(s.acc.Usage) != 2 {
		t.Errorf("no order can come any more, and the usage is %+v", s.acc.Usage)
	}
}
