package calendar

import (
	"testing"
	"time"
)

// In some zones clocks change at midnight: that hour does not exist, or exists twice. A day begins with its first
// instant all the same, and the day before ends there.
func TestADayBeginsWithItsFirstInstantAlsoWhereClocksChangeAtMidnight(t *testing.T) {
	for _, c := range []struct {
		zone string
		day  Date
		want string
	}{
		{"Europe/Berlin", 20270328, "2027-03-27T23:00:00Z"},
		{"America/Santiago", 20270905, "2027-09-05T04:00:00Z"}, // there is no 00:00
		{"America/Havana", 20270314, "2027-03-14T05:00:00Z"},
		{"Asia/Beirut", 20270328, "2027-03-27T22:00:00Z"},
		{"Africa/Cairo", 20270430, "2027-04-29T22:00:00Z"},
		{"Asia/Gaza", 20181027, "2018-10-26T21:00:00Z"}, // 00:00 comes twice
		{"America/Havana", 20271107, "2027-11-07T04:00:00Z"},
		{"Atlantic/Azores", 20271031, "2027-10-31T00:00:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.day.Start(zone).Format(time.RFC3339); got != c.want {
			t.Errorf("%s begins in %s at %s, want %s", c.day, c.zone, got, c.want)
		}
	}
}

func TestEveryDayOfTenYearsBeginsWhereTheLastEnds(t *testing.T) {
	for _, name := range []string{
		"UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "America/Asuncion", "America/Havana",
		"Asia/Beirut",
		"Asia/Gaza", "Africa/Cairo", "Atlantic/Azores", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Auckland",
		"Asia/Tehran",
	} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for at := time.Date(2019, 1, 1, 12, 0, 0, 0, time.UTC); at.Year() < 2030; at = at.AddDate(0, 0, 1) {
			day, next := DateOf(at, time.UTC), DateOf(at.AddDate(0, 0, 1), time.UTC)
			first := day.Start(zone)
			if DateOf(first, zone) != day || DateOf(first.Add(-1), zone) >= day ||
				!day.End(zone).Equal(next.Start(zone)) {
				t.Errorf("in %s %s begins at %s and ends at %s", name, day, first, day.End(zone))
			}
		}
	}
}
