package posting

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

// Stored, an empty list of usages is none, so both have to leave the account alike. Found by seed 1795347565682758740.
func TestAnEmptyUsageForgetsNothing(t *testing.T) {
	acc := loyalty.Account{
		Status: loyalty.Active,
		Usage:  []loyalty.Usage{{Rule: "earn.rules.old", Ends: calendar.DateOf(time.Unix(0, 0), time.UTC), N: 1}},
	}
	for _, usage := range [][]loyalty.Usage{nil, {}} {
		e := loyalty.Entry{
			Sequence: 1, Effective: time.Date(2027, 4, 8, 0, 0, 0, 0, time.UTC),
			Detail: loyalty.Detail{Remembered: loyalty.Remembered{Usage: usage}},
		}
		got, err := Apply(acc, e)
		if err != nil || len(got.Usage) != 1 {
			t.Errorf("with %#v: %v, %v", usage, got.Usage, err)
		}
	}
}

// An account remembers the days to which a grace period postponed points, each once, and forgets the oldest.
func TestDaysThatAnAccountRemembers(t *testing.T) {
	var days []calendar.Date
	for i := range loyalty.MaxGraced {
		days = AddGraced(days, calendar.Date(20270101+i))
	}
	if days = AddGraced(days, 20270101); len(days) != loyalty.MaxGraced || days[0] != 20270101 {
		t.Errorf("it remembers %d days from %s on", len(days), days[0])
	}
	if days = AddGraced(days, 20270801); len(days) != loyalty.MaxGraced || days[0] != 20270102 ||
		days[loyalty.MaxGraced-1] != 20270801 {
		t.Errorf("it remembers %d days from %s to %s", len(days), days[0], days[len(days)-1])
	}
}

// Of the entries that give or take points, those of the member are activities, but neither contributions to others nor
// orders that are decided again because of other orders.
func TestEntriesThatAreActivities(t *testing.T) {
	at := loyaltytest.Noon.Add(time.Hour)
	for _, c := range []struct {
		name  string
		entry loyalty.Entry
		last  time.Time
		want  time.Time
	}{
		{"points", loyalty.Entry{Kind: loyalty.KindEarn}, loyaltytest.Noon, at},
		{"a redemption", loyalty.Entry{Kind: loyalty.KindRedeem}, loyaltytest.Noon, at},
		{"a redemption after a later activity", loyalty.Entry{Kind: loyalty.KindRedeem}, at.Add(1), at.Add(1)},
		{
			"a contribution to another member's redemption",
			loyalty.Entry{
				Kind:   loyalty.KindRedeem,
				Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &loyalty.Redemption{By: "mem_b"}}},
			},
			loyaltytest.Noon, loyaltytest.Noon,
		},
		{"an expiry", loyalty.Entry{Kind: loyalty.KindExpire}, loyaltytest.Noon, loyaltytest.Noon},
		{
			"an event that is decided again",
			loyalty.Entry{Kind: loyalty.KindEarn, Reasons: []loyalty.Reason{{Kind: loyalty.HasFollowed}}},
			loyaltytest.Noon, loyaltytest.Noon,
		},
		{
			"an order",
			loyalty.Entry{
				Kind: loyalty.KindEarn,
				Detail: loyalty.Detail{
					Subject: loyalty.Subject{
						Order: &loyalty.OrderState{
							Order: loyalty.Order{PlacedAt: loyaltytest.Noon.Add(-1)}, Counted: true,
						},
					},
				},
			},
			loyaltytest.Noon, loyaltytest.Noon,
		},
		{
			"a later order",
			loyalty.Entry{
				Kind: loyalty.KindEarn,
				Detail: loyalty.Detail{
					Subject: loyalty.Subject{
						Order: &loyalty.OrderState{Order: loyalty.Order{PlacedAt: at}, Counted: true},
					},
				},
			},
			loyaltytest.Noon, at,
		},
		{
			"an order that no longer counts",
			loyalty.Entry{
				Kind: loyalty.KindClawback,
				Detail: loyalty.Detail{
					Subject: loyalty.Subject{
						Order: &loyalty.OrderState{
							Order: loyalty.Order{PlacedAt: loyaltytest.Noon}, ActiveBefore: loyaltytest.Noon.Add(-1),
						},
					},
				},
			},
			loyaltytest.Noon, loyaltytest.Noon.Add(-1),
		},
	} {
		acc := loyalty.Account{Status: loyalty.Active, Joined: loyaltytest.Noon, LastActivity: c.last}
		c.entry.Sequence, c.entry.Effective, c.entry.Recorded = 1, at, at
		got, err := Apply(acc, c.entry)
		if err != nil || !got.LastActivity.Equal(c.want) {
			t.Errorf("%s: %s, %v; want %s", c.name, got.LastActivity, err, c.want)
		}
	}
	e := loyalty.Entry{
		Sequence: 1, Effective: at, Recorded: at,
		Detail: loyalty.Detail{
			Remembered: loyalty.Remembered{
				Undecided: []loyalty.Again{{Order: loyalty.PlacedOrder{At: loyaltytest.Noon, ID: "1"}}},
			},
		},
	}
	if got, err := Apply((loyalty.Account{Status: loyalty.Active}), e); err != nil || len(got.Undecided) != 1 {
		t.Errorf("orders that wait: %+v, %v", got.Undecided, err)
	}
}
