package service

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// An Activity contains the arrival times of the verified events of one payment processor. It shows whether the
// processor has stopped sending events. The table stores one item for each processor of a program. The caller updates
// the item at most every few minutes, not with every event.
type Activity struct {
	Provider    string
	First, Last time.Time                // the instants of the first and the last event
	gaps        map[string]time.Duration // the longest gap that ended on each day, keyed by day: 2026-12-01
}

const (
	gapsFor      = 14 * 24 * time.Hour // the time before the last event for which gaps are stored
	knownAfter   = 7 * 24 * time.Hour  // a processor that was connected for a shorter time does not count as silent
	disconnected = 14 * 24 * time.Hour // a processor that has sent nothing for this long counts as disconnected
	shortestGap  = time.Hour           // the shortest usual gap, because the check runs every hour
)

// Usual returns the usual time between two events. It takes the longest gap of each of the 14 days before the last
// event, and returns the second longest of these gaps. Therefore a shop that is closed on weekends has usual gaps as
// long as a weekend, and one outage does not hide the next. Usual returns at least one hour, or zero if no gap is
// known.
func (a Activity) Usual() time.Duration {
	if len(a.gaps) == 0 {
		return 0
	}
	longest := slices.Sorted(maps.Values(a.gaps))
	return max(shortestGap, longest[max(0, len(longest)-2)])
}

// Silent reports whether no event has arrived for more than twice the usual time between two events. It is false for a
// processor that was connected less than a week ago, and for one that has been silent for 14 days, which counts as
// disconnected.
func (a Activity) Silent(now time.Time) bool {
	usual, silence := a.Usual(), now.Sub(a.Last)
	return usual > 0 && now.Sub(a.First) > knownAfter && silence > 2*usual && !a.Disconnected(now)
}

// Disconnected reports whether the processor has been silent for at least 14 days.
func (a Activity) Disconnected(now time.Time) bool { return now.Sub(a.Last) >= disconnected }

// activityDoc is a stored form: only add fields.
type activityDoc struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
	// The gaps in seconds, keyed by the day on which they ended: 2026-12-01.
	Gaps map[string]int64 `json:"gaps,omitempty"`
}

// RecordActivity records that a verified event of a processor arrived. If another process records one at the same time,
// RecordActivity returns nil without writing, because one record is enough.
func (ps Payments) RecordActivity(ctx context.Context, program, provider string) error {
	it, err := ps.Table.Get(ctx, activityKey(program, provider))
	if err != nil {
		return ledger.Retryable(err)
	}
	a, err := readActivity(it)
	if err != nil {
		return err
	}
	it.Doc = stored.Encode(a.at(ps.Time()).doc())
	err = ps.Table.Transact(ctx, table.Put(it))
	if errors.As(err, new(*table.ConflictError)) {
		return nil
	}
	return ledger.Retryable(err)
}

// at returns the activity after an event that arrived at the given instant.
func (a Activity) at(now time.Time) Activity {
	if a.First.IsZero() {
		a.First, a.Last = now, now
		return a
	}
	gaps := map[string]time.Duration{}
	for day, gap := range a.gaps {
		if at, err := time.Parse(time.DateOnly, day); err == nil && now.Sub(at) < gapsFor {
			gaps[day] = gap
		}
	}
	today := now.UTC().Format(time.DateOnly)
	gaps[today] = max(gaps[today], now.Sub(a.Last))
	a.gaps = gaps
	if now.After(a.Last) {
		a.Last = now
	}
	return a
}

func (a Activity) doc() activityDoc {
	d := activityDoc{First: stored.Millis(a.First), Last: stored.Millis(a.Last), Gaps: map[string]int64{}}
	for day, gap := range a.gaps {
		d.Gaps[day] = int64(gap / time.Second)
	}
	return d
}

func readActivity(it table.Item) (Activity, error) {
	a := Activity{Provider: it.Key.SK, gaps: map[string]time.Duration{}}
	if it.Version == 0 {
		return a, nil
	}
	var d activityDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return a, fmt.Errorf("service: read %s: %w", it.Key, err)
	}
	a.First, a.Last = stored.Instant(d.First), stored.Instant(d.Last)
	for day, seconds := range d.Gaps {
		a.gaps[day] = time.Duration(seconds) * time.Second
	}
	return a, nil
}

// Activities lists, for each payment processor of a program, when its verified events arrived.
func (ps Payments) Activities(ctx context.Context, program string) iter.Seq2[Activity, error] {
	return ledger.List(ctx, ps.Table, table.Query{PK: activityKey(program, "").PK}, readActivity)
}

// activityKey returns the key of the Activity of a payment processor.
func activityKey(program, provider string) table.Key {
	return table.Key{PK: "P#" + program + "#PROVIDERS", SK: provider}
}
