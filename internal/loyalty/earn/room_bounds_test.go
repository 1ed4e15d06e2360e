package earn

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// A period is closed once the account may no longer store its usage.
func TestPeriodIsClosed(t *testing.T) {
	u := loyalty.Usage{Ends: 20261231}
	until := time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC).Add(posting.UsageRetention)
	for at, want := range map[time.Time]bool{
		until: false, until.Add(24*time.Hour - 1): false, until.Add(24 * time.Hour): true,
	} {
		acc := loyalty.Account{Seen: at}
		if got := isClosed(&acc, u); got != want {
			t.Errorf("at %s: %t", at, got)
		}
		if isClosed(&acc, loyalty.Usage{}) {
			t.Error("a period without an end is closed")
		}
		if left := posting.AddUsage([]loyalty.Usage{{Ends: 20261231, N: 1}}, nil, at); (len(left) == 0) != want {
			t.Errorf("at %s the account stores %+v", at, left)
		}
	}
}

func TestUsesOfAShare(t *testing.T) {
	caps, limits := []loyalty.Cap{
		{Points: 10, Per: loyalty.PerOrder, Reject: false}, {Points: 50, Per: loyalty.PerMonth, Reject: false},
	}, []loyalty.Limit{{Times: 3, Per: loyalty.PerMonth}}
	for _, c := range []struct {
		was, is loyalty.Points
		want    []loyalty.Usage
	}{
		{0, 5, []loyalty.Usage{loyaltytest.Monthly(5), loyaltytest.MonthlyTimes(1)}},
		{5, 7, []loyalty.Usage{loyaltytest.Monthly(2)}},
		{5, 5, nil},
		{0, 0, nil},
		{5, 0, []loyalty.Usage{loyaltytest.Monthly(-5), loyaltytest.MonthlyTimes(-1)}},
		{5, 1, []loyalty.Usage{loyaltytest.Monthly(-4)}},
	} {
		s := loyalty.Share{Rule: loyaltytest.LimitedRule, Used: c.was}
		if got := UseShare(&s, c.is, caps, limits, 20261210); !reflect.DeepEqual(got, c.want) || s.Used != c.is {
			t.Errorf("%d becomes %d: %+v, want %+v", c.was, c.is, got, c.want)
		}
	}
	for l, want := range map[loyalty.Limit]string{
		{Times: 1, Per: loyalty.PerDay}: "once per day", {Times: 3, Per: loyalty.PerMonth}: "3 times per month",
		{Times: 1, Per: loyalty.PerEver}: "once ever", {Times: 2, Per: loyalty.PerEver}: "2 times ever",
	} {
		if got := LimitText(l); got != want {
			t.Errorf("%+v: %q, want %q", l, got, want)
		}
	}
	if got := fmt.Sprint(loyalty.Cap{Points: 50, Per: loyalty.PerMonth, Reject: false}); got != "50 per month" {
		t.Error(got)
	}
}
