package activity

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// run records events with the given hours between them, and returns the activity with the instant of the last.
func run(hours ...float64) (a Provider, last time.Time) {
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
	var a Provider
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
	got, err := readProvider(
		table.Item{Key: table.Key{PK: "P#p#PROVIDERS", SK: "stripe"}, Version: 1, Doc: stored.Encode(want.doc())},
	)
	if err != nil || got.Name != "stripe" || !got.First.Equal(want.First) || !got.Last.Equal(last) ||
		len(got.gaps) != len(want.gaps) {
		t.Errorf("%+v, want %+v; %v", got, want, err)
	}
	for day, gap := range want.gaps {
		if got.gaps[day] != gap {
			t.Errorf("%s: %s, want %s", day, got.gaps[day], gap)
		}
	}
}

// A failing table fails transactions with the given errors, one after another.
type failing struct {
	table.Table
	errs []error
}

func (f *failing) Transact(ctx context.Context, ops ...table.Op) error {
	if len(f.errs) == 0 {
		return f.Table.Transact(ctx, ops...)
	}
	err := f.errs[0]
	f.errs = f.errs[1:]
	return err
}

func TestEventsAreRecordedByDay(t *testing.T) {
	memory, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	noon := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	now, tab := noon, &failing{Table: memory}
	ps := Providers{&ledger.Ledger{Table: tab, Now: func() time.Time { return now }}}
	record := func(at time.Time) error {
		now = at
		return ps.Record(t.Context(), "p", "stripe")
	}
	stripe := func() (a Provider) {
		t.Helper()
		for got, err := range ps.List(t.Context(), "p") {
			if a = got; err != nil {
				t.Fatal(err)
			}
		}
		return a
	}
	if err := record(noon); err != nil {
		t.Fatal(err)
	}
	if a := stripe(); !a.First.Equal(noon) || !a.Last.Equal(noon) || a.Usual() != 0 || a.Name != "stripe" {
		t.Errorf("%+v", a)
	}
	for _, hours := range []time.Duration{2, 3} {
		if err := record(noon.Add(hours * time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if a := stripe(); !a.First.Equal(noon) || !a.Last.Equal(noon.Add(3*time.Hour)) || a.Usual() != 2*time.Hour {
		t.Errorf("%+v", a)
	}
	tab.errs = []error{&table.ConflictError{}, table.ErrBusy}
	if err := record(noon.Add(4 * time.Hour)); err != nil {
		t.Errorf("another process recorded it: %v", err)
	}
	if err := record(now); !errors.Is(err, ledger.ErrTryAgain) {
		t.Errorf("the table is busy: %v", err)
	}
	it, err := memory.Get(t.Context(), providerKey("p", "stripe"))
	if err != nil {
		t.Fatal(err)
	}
	it.Doc = []byte(`{"first":"x"}`)
	if err := memory.Transact(t.Context(), table.Put(it)); err != nil {
		t.Fatal(err)
	}
	if err := record(now); err == nil {
		t.Error("the item is damaged")
	}
}
