package calendar

import (
	"testing"
	"time"
)

func TestDayBeginsAfterGapOfTwoHoursAtMidnight(t *testing.T) {
	zone, err := time.LoadLocation("America/Argentina/Cordoba")
	if err != nil {
		t.Fatal(err)
	}
	if got := Date(1991_10_20).Start(zone); !got.Equal(time.Date(1991, 10, 20, 4, 0, 0, 0, time.UTC)) {
		t.Errorf("the day begins at %s", got)
	}
}

func TestDaysOfAnInstantAndOfAText(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	if got := DateOf(time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC), berlin); got != 2027_01_01 {
		t.Errorf("the day in Berlin is %s", got)
	}
	for text, want := range map[string]Date{"2027-03-31": 2027_03_31, "2027-02-30": 0, "": 0} {
		if got, err := ParseDate(text); got != want || (err == nil) != (want != 0) {
			t.Errorf("%q is %s, %v", text, got, err)
		}
	}
	for d, want := range map[Date]string{
		0: "never", 2027_03_31: "2027-03-31", Slides + 2027_03_31: "2027-03-31", 12345: "12345",
	} {
		if got := d.String(); got != want {
			t.Errorf("%d is written as %q, want %q", d, got, want)
		}
	}
	if Slides.Slides() || !(Slides + 1).Slides() || Date(2027_03_31).Slides() {
		t.Error("only dates above Slides slide")
	}
}

// Dates are ordered by expiry. Of one day, the lot that does not slide is first. Points that never expire are last.
func TestOrderOfDates(t *testing.T) {
	sorted := []Date{1_01_01, 2027_03_30, 2027_03_31, Slides + 2027_03_31, 2027_04_01, Slides + 9999_12_31, 0}
	for i, x := range sorted {
		for j, y := range sorted {
			if got, want := x.Compare(y), i-j; got < 0 != (want < 0) || got > 0 != (want > 0) {
				t.Errorf("%d compared with %d is %d", x, y, got)
			}
		}
	}
}

// A validity that ends at midnight includes the day before as the last whole day.
func TestLastWholeDayBeforeAnInstant(t *testing.T) {
	day := func(d, hour int) time.Time { return time.Date(2027, 3, d, hour, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		until, now time.Time
		want       Date
		ok         bool
	}{
		{day(10, 0), day(9, 23), 2027_03_09, true},
		{day(10, 0), day(10, 0), 2027_03_09, false},
		{day(10, 18), day(9, 0), 2027_03_09, true},
		{day(10, 18), day(10, 0), 2027_03_09, false},
	} {
		if got, ok := LastDay(c.until, c.now, time.UTC); got != c.want || ok != c.ok {
			t.Errorf("until %s, seen at %s: %s, %t", c.until, c.now, got, ok)
		}
	}
}

func TestInstantAfterAndBeforePeriod(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p           Period
		from, after string
	}{
		{Period{}, "2027-01-31T10:20:30Z", "2027-01-31T10:20:30Z"},
		{Period{Months: 1}, "2027-01-31T10:20:30Z", "2027-02-28T10:20:30Z"},
		{Period{Months: 1}, "2027-02-28T10:20:30Z", "2027-03-28T09:20:30Z"}, // at the same local time
		{Period{Months: 1}, "2028-01-29T10:20:30Z", "2028-02-29T10:20:30Z"},
		{Period{Months: 12}, "2028-02-29T10:20:30Z", "2029-02-28T10:20:30Z"},
		{Period{Months: 1}, "2026-12-31T23:30:00Z", "2027-01-31T23:30:00Z"}, // 1 January in Berlin
		{Period{Days: 2}, "2027-03-27T10:00:00Z", "2027-03-29T09:00:00Z"},
		{Period{Minutes: 1}, "2027-10-31T00:30:00Z", "2027-10-31T00:31:00Z"}, // 02:30 occurs twice in Berlin
		{Period{Minutes: 1}, "2027-10-31T01:30:00Z", "2027-10-31T01:31:00Z"},
		{Period{Hours: 48}, "2027-03-27T10:00:00Z", "2027-03-29T10:00:00Z"},
		{Period{Hours: 1, Minutes: 30}, "2027-03-27T10:00:00Z", "2027-03-27T11:30:00Z"},
		{Period{Months: 1, Days: 1}, "2027-01-31T10:00:00Z", "2027-03-01T10:00:00Z"},
	} {
		from, _ := time.Parse(time.RFC3339, c.from)
		if got := c.p.After(from, berlin).Format(time.RFC3339Nano); got != c.after {
			t.Errorf("%+v after %s is %s, want %s", c.p, c.from, got, c.after)
		}
		if c.p.IsZero() != (c.p == Period{}) {
			t.Errorf("%+v has the length zero: %t", c.p, c.p.IsZero())
		}
	}
	from := time.Date(2027, 3, 31, 10, 0, 0, 5, time.UTC)
	if got := (Period{Months: 1, Days: 1, Hours: 1, Minutes: 1}).Before(from, time.UTC); !got.Equal(
		time.Date(2027, 2, 27, 8, 59, 0, 5, time.UTC),
	) {
		t.Errorf("a month, a day, an hour and a minute before is %s", got)
	}
	if got := (Period{1, 2, 3, 4}).Times(3); got != (Period{3, 6, 9, 12}) {
		t.Errorf("three times is %+v", got)
	}
}

func TestRoundingOfExpiryDays(t *testing.T) {
	for _, c := range []struct {
		to         RoundTo
		from, want Date
	}{
		{EndOfDay, 2027_02_10, 2027_02_10},
		{EndOfWeek, 2027_02_08, 2027_02_14}, // a Monday
		{EndOfWeek, 2027_02_13, 2027_02_14},
		{EndOfWeek, 2027_02_14, 2027_02_14},
		{EndOfWeek, 2027_02_15, 2027_02_21},
		{EndOfMonth, 2028_02_01, 2028_02_29},
		{EndOfMonth, 2027_12_31, 2027_12_31},
		{EndOfQuarter, 2027_01_01, 2027_03_31},
		{EndOfQuarter, 2027_03_31, 2027_03_31},
		{EndOfQuarter, 2027_04_01, 2027_06_30},
		{EndOfQuarter, 2027_12_01, 2027_12_31},
		{EndOfYear, 2027_01_01, 2027_12_31},
	} {
		if got := c.to.Date(c.from); got != c.want {
			t.Errorf("%s rounded to %d is %s, want %s", c.from, c.to, got, c.want)
		}
	}
}

func TestExpiryDays(t *testing.T) {
	at := time.Date(2027, 3, 31, 12, 0, 0, 0, time.UTC)
	since := time.Date(2020, 2, 29, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		e     Expiry
		never bool
		want  Date
	}{
		{"never", Expiry{}, true, 0},
		{"after a period", Expiry{After: Period{Days: 30}}, false, 2027_04_30},
		{"at the end of the month", Expiry{After: Period{Days: 31}, RoundTo: EndOfMonth}, false, 2027_05_31},
		{"by inactivity", Expiry{After: Period{Days: 30}, Inactive: true}, false, Slides + 2027_04_30},
		{"on a day of the year", Expiry{On: []Day{331, 930}}, false, 2027_03_31},
		{"on the next day of the year", Expiry{On: []Day{330, 930}}, false, 2027_09_30},
		{"on the first day of the next year", Expiry{On: []Day{101, 330}}, false, 2028_01_01},
		{"on a day after a period", Expiry{After: Period{Months: 6}, On: []Day{929, 1231}}, false, 2027_12_31},
		{"on the anniversary", Expiry{Anniversary: OfJoining}, false, 2028_02_29},
		{
			"on the anniversary after a period",
			Expiry{Anniversary: OfTier, After: Period{Months: 12}},
			false, 2029_02_28,
		},
	} {
		if got := c.e.Date(at, since, time.UTC); got != c.want || c.e.Never() != c.never {
			t.Errorf("%s: %s, never %t", c.name, got, c.e.Never())
		}
	}
	for day, want := range map[Day]Date{229: 2027_02_28, 228: 2027_02_28, 1231: 2027_12_31, 131: 2027_01_31} {
		if got := day.In(2027); got != want {
			t.Errorf("%d is %s", day, got)
		}
	}
	if got := Day(229).In(2028); got != 2028_02_29 {
		t.Errorf("in a leap year it is %s", got)
	}
}

func TestInstantsOfPendingPoints(t *testing.T) {
	at := time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC)
	shipped := at.Add(50 * time.Hour)
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		name             string
		w                Wait
		happened         time.Time
		active, deadline time.Time
	}{
		{"at once", Wait{}, time.Time{}, at, time.Time{}},
		{"after a period", Wait{For: Period{Days: 14}}, time.Time{}, at.AddDate(0, 0, 14), time.Time{}},
		{"manually", Wait{For: Period{Days: 14}, Manual: true}, shipped, time.Time{}, time.Time{}},
		{
			"until it is shipped",
			Wait{Until: WhenShipped, For: Period{Days: 1}},
			time.Time{},
			time.Time{},
			time.Time{},
		},
		{"when it is shipped", Wait{Until: WhenShipped}, shipped, shipped, time.Time{}},
		{
			"after it is shipped",
			Wait{Until: WhenShipped, For: Period{Days: 1}, Within: Period{Days: 60}},
			shipped, shipped.AddDate(0, 0, 1), at.AddDate(0, 0, 60),
		},
		{"a period without an event", Wait{Within: Period{Days: 60}}, time.Time{}, at, time.Time{}},
		{"on a later day", Wait{On: []Day{331, 401}}, time.Time{}, day(2027, 4, 1), time.Time{}},
		{"on the same day next year", Wait{On: []Day{330, 331}}, time.Time{}, day(2028, 3, 30), time.Time{}},
		{"on that day next year", Wait{On: []Day{331}}, time.Time{}, day(2028, 3, 31), time.Time{}},
	} {
		if got := c.w.Active(at, c.happened, time.UTC); !got.Equal(c.active) {
			t.Errorf("%s: active at %s", c.name, got)
		}
		if got := c.w.Deadline(at, time.UTC); !got.Equal(c.deadline) {
			t.Errorf("%s: forfeited at %s", c.name, got)
		}
	}
	early := Wait{On: []Day{331}}.Active(at.Add(-time.Nanosecond), time.Time{}, time.UTC)
	if !early.Equal(at) {
		t.Errorf("just before the day, they become active at %s", early)
	}
}
