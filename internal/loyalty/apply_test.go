package loyalty

import (
	"testing"
	"time"
)

// Stored, an empty list of usages is none, so both have to leave the account alike. Found by seed 1795347565682758740.
func TestAnEmptyUsageForgetsNothing(t *testing.T) {
	acc := Account{Status: Active, Usage: []Usage{{Rule: "earn.rules.old", Ends: DateOf(time.Unix(0, 0), time.UTC), N: 1}}}
	for _, usage := range [][]Usage{nil, {}} {
		e := Entry{Sequence: 1, Effective: time.Date(2027, 4, 8, 0, 0, 0, 0, time.UTC), Usage: usage}
		got, err := acc.Apply(e)
		if err != nil || len(got.Usage) != 1 {
			t.Errorf("with %#v: %v, %v", usage, got.Usage, err)
		}
	}
}

// An account remembers the days to which a grace period postponed points, each once, and forgets the oldest.
func TestDaysThatAnAccountRemembers(t *testing.T) {
	var days []Date
	for i := range maxGraced {
		days = addGraced(days, Date(20270101+i))
	}
	if days = addGraced(days, 20270101); len(days) != maxGraced || days[0] != 20270101 {
		t.Errorf("it remembers %d days from %s on", len(days), days[0])
	}
	if days = addGraced(days, 20270801); len(days) != maxGraced || days[0] != 20270102 || days[maxGraced-1] != 20270801 {
		t.Errorf("it remembers %d days from %s to %s", len(days), days[0], days[len(days)-1])
	}
}

// Of the entries that give or take points, those of the member are activities, but neither contributions to others nor
// orders that are decided again because of other orders.
func TestEntriesThatAreActivities(t *testing.T) {
	at := noon.Add(time.Hour)
	for _, c := range []struct {
		name  string
		entry Entry
		last  time.Time
		want  time.Time
	}{
		{"points", Entry{Kind: KindEarn}, noon, at},
		{"a redemption", Entry{Kind: KindRedeem}, noon, at},
		{"a redemption after a later activity", Entry{Kind: KindRedeem}, at.Add(1), at.Add(1)},
		{"an expiry", Entry{Kind: KindExpire}, noon, noon},
		{"an event that is decided again", Entry{Kind: KindEarn, Reasons: []Reason{{Kind: HasFollowed}}}, noon, noon},
		{"an order", Entry{Kind: KindEarn, Order: &OrderState{Order: Order{PlacedAt: noon.Add(-1)}, Counted: true}}, noon, noon},
		{"a later order", Entry{Kind: KindEarn, Order: &OrderState{Order: Order{PlacedAt: at}, Counted: true}}, noon, at},
		{
			"an order that no longer counts",
			Entry{Kind: KindClawback, Order: &OrderState{Order: Order{PlacedAt: noon}, ActiveBefore: noon.Add(-1)}}, noon, noon.Add(-1),
		},
	} {
		acc := Account{Status: Active, Joined: noon, LastActivity: c.last}
		c.entry.Sequence, c.entry.Effective, c.entry.Recorded = 1, at, at
		got, err := acc.Apply(c.entry)
		if err != nil || !got.LastActivity.Equal(c.want) {
			t.Errorf("%s: %s, %v; want %s", c.name, got.LastActivity, err, c.want)
		}
	}
	e := Entry{Sequence: 1, Effective: at, Recorded: at, Undecided: []Again{{Order: PlacedOrder{noon, "1"}}}}
	if got, err := (Account{Status: Active}).Apply(e); err != nil || len(got.Undecided) != 1 {
		t.Errorf("orders that wait: %+v, %v", got.Undecided, err)
	}
}
