// Package activity stores when the verified events of payment processors arrived, and detects processors that have
// stopped sending events.
package activity

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

// Providers stores the arrival times of the events of payment processors.
type Providers struct{ *ledger.Ledger }

// A Provider contains the arrival times of the verified events of one payment processor. The table
// stores one item for each processor of a program. The caller updates the item at most every few minutes, not with
// every event.
type Provider struct {
	Name        string
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
func (a Provider) Usual() time.Duration {
	if len(a.gaps) == 0 {
		return 0
	}
	longest := slices.Sorted(maps.Values(a.gaps))
	return max(shortestGap, longest[max(0, len(longest)-2)])
}

// Silent reports whether no event has arrived for more than twice the usual time between two events. It is false for a
// processor that was connected less than a week ago, and for one that has been silent for 14 days, which counts as
// disconnected.
func (a Provider) Silent(now time.Time) bool {
	usual, silence := a.Usual(), now.Sub(a.Last)
	return usual > 0 && now.Sub(a.First) > knownAfter && silence > 2*usual && !a.Disconnected(now)
}

// Disconnected reports whether the processor has been silent for at least 14 days.
func (a Provider) Disconnected(now time.Time) bool { return now.Sub(a.Last) >= disconnected }

// providerDoc is stored. Fields may only be added.
type providerDoc struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
	// The gaps in seconds, keyed by the day on which they ended: 2026-12-01.
	Gaps map[string]int64 `json:"gaps,omitempty"`
}

// Record records that a verified event of a processor arrived now. If another process records an event of the processor
// at the same time, Record writes nothing and returns nil.
func (ps Providers) Record(ctx context.Context, program, provider string) error {
	it, err := ps.Table.Get(ctx, providerKey(program, provider))
	if err != nil {
		return ledger.Retryable(err)
	}
	a, err := readProvider(it)
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

// at returns the arrival times after an event that arrived at the given instant.
func (a Provider) at(now time.Time) Provider {
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

func (a Provider) doc() providerDoc {
	d := providerDoc{First: stored.Millis(a.First), Last: stored.Millis(a.Last), Gaps: map[string]int64{}}
	for day, gap := range a.gaps {
		d.Gaps[day] = int64(gap / time.Second)
	}
	return d
}

func readProvider(it table.Item) (Provider, error) {
	a := Provider{Name: it.Key.SK, gaps: map[string]time.Duration{}}
	if it.Version == 0 {
		return a, nil
	}
	var d providerDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return a, fmt.Errorf("activity: read %s: %w", it.Key, err)
	}
	a.First, a.Last = stored.Instant(d.First), stored.Instant(d.Last)
	for day, seconds := range d.Gaps {
		a.gaps[day] = time.Duration(seconds) * time.Second
	}
	return a, nil
}

// List returns the payment processors of a program that have sent events.
func (ps Providers) List(ctx context.Context, program string) iter.Seq2[Provider, error] {
	return ledger.List(ctx, ps.Table, table.Query{PK: providerKey(program, "").PK}, readProvider)
}

// providerKey returns the key of the item of a payment processor.
func providerKey(program, provider string) table.Key {
	return table.Key{PK: "P#" + program + "#PROVIDERS", SK: provider}
}
