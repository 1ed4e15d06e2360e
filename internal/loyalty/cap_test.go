package loyalty

import (
	"reflect"
	"testing"
	"time"
)

func capped(t *testing.T, caps ...Cap) *shop {
	p := testProgram(t)
	p.Earn.Caps = caps
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	return newShop(t, p)
}

func (s *shop) buy(id string, euros int64, at time.Time) Order {
	o := paid("EUR", Line{Amount: euros * 100})
	o.ID, o.PlacedAt = id, at
	s.tell(o, at)
	return o
}

func (s *shop) want(t *testing.T, id string, worth Points) {
	t.Helper()
	if got := s.states[id].Worth; got != worth {
		t.Errorf("order %s is worth %d, want %d", id, got, worth)
	}
}

func TestCapsCutAndSaySo(t *testing.T) {
	s := capped(t, Cap{Points: 100, Per: PerOrder}, Cap{Points: 150, Per: PerDay}, Cap{Points: 260, Per: PerMonth})
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
	e := s.tell(func() Order { o.Channel = "web"; return o }(), noon.AddDate(0, 1, 0))
	if last := e.Because[len(e.Because)-2]; !reflect.DeepEqual(last, Reason("earn.caps", "-40", IsCapped, "150", "day")) {
		t.Errorf("the cut is reported as %+v", e.Because)
	}
}

func TestRefundsGiveRoomBackButNeverPoints(t *testing.T) {
	s := capped(t, Cap{Points: 100, Per: PerDay})
	first := s.buy("1", 80, noon)
	second := s.buy("2", 80, noon)
	s.want(t, "2", 20)
	first.Refunds = []Refund{back("1", 8_000)}
	s.tell(first, noon)
	s.want(t, "1", 0)
	second.Refunds = []Refund{back("1", 1)}
	s.tell(second, noon)
	s.want(t, "2", 20)
	s.buy("3", 90, noon)
	s.want(t, "3", 80)
	first.Refunds[0].Status = RefundFailed
	s.tell(first, noon)
	s.want(t, "1", 80) // it had them before the others came
	second.Refunds[0].Amount = 7_000
	s.tell(second, noon)
	s.want(t, "2", 10)
}

func TestPeriodsOfCapsEndByTheCalendar(t *testing.T) {
	for _, c := range []struct {
		per  CapPeriod
		day  Date
		ends Date
	}{
		{PerDay, 20261201, 20261201},
		{PerWeek, 20261201, 20261206}, // a Tuesday
		{PerWeek, 20261206, 20261206}, // a Sunday
		{PerWeek, 20261207, 20261213},
		{PerWeek, 20261231, 20270103},
		{PerMonth, 20280210, 20280229},
		{PerYear, 20261201, 20261231},
	} {
		if got := c.per.ends(c.day); got != c.ends {
			t.Errorf("the %s of %s ends on %s, want %s", c.per, c.day, got, c.ends)
		}
	}
}

func TestUsageIsForgottenOnceNoOrderCanComeForIt(t *testing.T) {
	s := capped(t, Cap{Points: 100, Per: PerDay})
	s.buy("1", 50, noon)
	s.buy("2", 50, noon.Add(MaxOrderAge))
	if len(s.acc.Usage) != 2 {
		t.Errorf("an order could still come, and the usage is %+v", s.acc.Usage)
	}
	s.buy("3", 50, noon.Add(MaxOrderAge+96*time.Hour))
	if len(s.acc.Usage) != 2 {
		t.Errorf("no order can come any more, and the usage is %+v", s.acc.Usage)
	}
}
