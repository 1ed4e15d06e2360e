package service

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// run records events with the given hours between them, and returns the activity with the instant of the last.
func run(hours ...float64) (a Activity, last time.Time) {
	at := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	a = a.at(at)
	for _, h := range hours {
		at = at.Add(time.Duration(h * float64(time.Hour)))
		a = a.at(at)
	}
	return a, at
}

func TestSilenceIsMoreThanTwiceTheUsualGap(t *testing.T) {
	week := []float64{24, 24, 24, 24, 24, 24, 24}
	for name, c := range map[string]struct {
		hours  []float64
		usual  time.Duration
		silent time.Duration // time from which the processor is silent; zero: never
	}{
		"one event":                      {nil, 0, 0},
		"one event a day":                {week, 24 * time.Hour, 48 * time.Hour},
		"connected for less than a week": {[]float64{24, 24, 24}, 24 * time.Hour, 4 * 24 * time.Hour},
		"several events a minute": {
			append(append([]float64{}, week...), 24, .01, .01), 24 * time.Hour, 48 * time.Hour,
		},
		"one outage of five days": {
			append(append([]float64{}, week...), 120, 24, 24), 24 * time.Hour, 48 * time.Hour,
		},
		"a gap that is two weeks old": {
			[]float64{24, 72, 24, 72, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24},
			24 * time.Hour,
			48 * time.Hour,
		},
		"closed on weekends, two of them": {
			[]float64{24, 24, 24, 24, 72, 24, 24, 24, 24, 72, 24}, 72 * time.Hour, 6 * 24 * time.Hour,
		},
	} {
		a, last := run(c.hours...)
		if got := a.Usual(); got != c.usual {
			t.Errorf("%s: the usual gap is %s, want %s", name, got, c.usual)
		}
		if c.silent == 0 {
			if a.Silent(last.Add(10 * 24 * time.Hour)) {
				t.Errorf("%s: silent", name)
			}
			continue
		}
		if a.Silent(last.Add(c.silent)) || !a.Silent(last.Add(c.silent+time.Second)) {
			t.Errorf(
				"%s: silent %s after the last event: %t, and then %t", name, c.silent, a.Silent(last.Add(c.silent)),
				a.Silent(last.Add(c.silent+time.Second)),
			)
		}
		if a.Silent(last.Add(disconnected)) {
			t.Errorf("%s: a processor that is gone is still silent", name)
		}
	}
}

func TestBusyProcessorIsSilentAfterTwoHoursAtTheEarliest(t *testing.T) {
	at := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	var a Activity
	for range 8 * 24 * 4 {
		a, at = a.at(at), at.Add(15*time.Minute)
	}
	last := at.Add(-15 * time.Minute)
	if a.Silent(last.Add(2*time.Hour)) || !a.Silent(last.Add(2*time.Hour+time.Second)) {
		t.Errorf("the usual gap is %s", a.Usual())
	}
}

func TestActivityIsReadAsItWasRecorded(t *testing.T) {
	want, last := run(24, 1, 23, 24, 30)
	got, err := readActivity(
		table.Item{Key: table.Key{PK: "P#p#PROVIDERS", SK: "stripe"}, Version: 1, Doc: stored.Encode(want.doc())},
	)
	if err != nil || got.Provider != "stripe" || !got.First.Equal(want.First) || !got.Last.Equal(last) ||
		len(got.gaps) != len(want.gaps) {
		t.Errorf("%+v, want %+v; %v", got, want, err)
	}
	for day, gap := range want.gaps {
		if got.gaps[day] != gap {
			t.Errorf("%s: %s, want %s", day, got.gaps[day], gap)
		}
	}
}
