package tier

import (
	"reflect"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func TestNeedsOfTwoDecisions(t *testing.T) {
	later := loyalty.PlacedOrder{At: loyaltytest.Noon, ID: "9"}
	a := posting.Needs{
		Since: loyaltytest.Noon, Recorded: loyaltytest.Noon.Add(-1), Orders: loyaltytest.NumberedOrders(3, 1),
	}
	for _, c := range []struct {
		m, want posting.Needs
	}{
		{
			posting.Needs{},
			posting.Needs{
				Since: loyaltytest.Noon, Recorded: loyaltytest.Noon.Add(-1), Orders: loyaltytest.NumberedOrders(1, 3),
			},
		},
		{
			posting.Needs{Orders: loyaltytest.NumberedOrders(2, 3)},
			posting.Needs{
				Since: loyaltytest.Noon, Recorded: loyaltytest.Noon.Add(-1),
				Orders: loyaltytest.NumberedOrders(1, 2, 3),
			},
		},
		{
			posting.Needs{Since: loyaltytest.Noon.Add(-5), Recorded: loyaltytest.Noon, All: true},
			posting.Needs{
				Since: loyaltytest.Noon.Add(-5), Recorded: loyaltytest.Noon.Add(-1), All: true,
				Orders: loyaltytest.NumberedOrders(1, 3),
			},
		},
		{
			posting.Needs{Numbers: true, Later: later},
			posting.Needs{
				Since: loyaltytest.Noon, Recorded: loyaltytest.Noon.Add(-1), Orders: loyaltytest.NumberedOrders(1, 3),
				Numbers: true, Later: later,
			},
		},
	} {
		if got := MergeNeeds(a, c.m); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v: %+v", c.m, got)
		}
		if got := MergeNeeds(c.m, a); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v, the other way round: %+v", c.m, got)
		}
	}
	for _, c := range []struct {
		needs           posting.Needs
		zero, undecided bool
	}{
		{posting.Needs{}, true, false},
		{posting.Needs{Since: loyaltytest.Noon}, false, false},
		{posting.Needs{Recorded: loyaltytest.Noon}, false, false},
		{posting.Needs{All: true}, false, false},
		{posting.Needs{Orders: loyaltytest.NumberedOrders(1)}, false, false},
		{posting.Needs{Numbers: true}, false, true},
		{posting.Needs{Later: later}, false, true},
	} {
		if NeedsNothing(c.needs) != c.zero || Undecided(c.needs) != c.undecided {
			t.Errorf("%+v: none %t, undecided %t", c.needs, NeedsNothing(c.needs), Undecided(c.needs))
		}
	}
	enough := posting.Needs{Recorded: loyaltytest.Noon}
	first := loyaltytest.Noon.Add(-loyalty.MaxOrderAhead - clockSkew)
	if Enough(enough, loyalty.Entry{Recorded: first}) ||
		!Enough(enough, loyalty.Entry{Recorded: first.Add(-1)}) {
		t.Error("an entry that was recorded in time is not needed")
	}
	if enough.All = true; Enough(enough, loyalty.Entry{Recorded: first.Add(-1)}) {
		t.Error("not all entries are needed")
	}
}

// A change of the traits that levels depend on requires all entries, as only earlier ones contain the traits before.
func TestTraitsThatLevelsDependOn(t *testing.T) {
	entry := func(kind loyalty.Kind, at time.Time, args ...string) loyalty.Entry {
		return loyalty.Entry{Kind: kind, Effective: at, Reasons: []loyalty.Reason{{Args: args}}}
	}
	for _, c := range []struct {
		name  string
		entry loyalty.Entry
		want  bool
	}{
		{"segments", entry(loyalty.KindUpdateMember, loyaltytest.Noon, "segments"), true},
		{"segments and others", entry(loyalty.KindUpdateMember, loyaltytest.Noon, "zone", "segments"), true},
		{"the beginning of the year", entry(loyalty.KindUpdateMember, loyaltytest.Noon, "membership_year_start"), true},
		{"channels", entry(loyalty.KindUpdateMember, loyaltytest.Noon, ChangedChannels), true},
		{"the time zone", entry(loyalty.KindUpdateMember, loyaltytest.Noon, "zone"), false},
		{"before that instant", entry(loyalty.KindUpdateMember, loyaltytest.Noon.Add(-1), "segments"), false},
		{"no reason", loyalty.Entry{Kind: loyalty.KindUpdateMember, Effective: loyaltytest.Noon}, false},
		{"another entry", entry(loyalty.KindEnroll, loyaltytest.Noon, "segments"), false},
	} {
		if got := (History{
			Entries: []loyalty.Entry{{Kind: loyalty.KindEarn}, c.entry},
		}).ChangesTraits(loyaltytest.Noon); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

func TestFactThatNoLongerCounts(t *testing.T) {
	brand := func(month int, name string, n int64) loyalty.Bought {
		return loyalty.Bought{Month: month, Brand: name, N: n}
	}
	for _, c := range []struct {
		name string
		fact Fact
		want bool
	}{
		{"nothing", Fact{}, true},
		{"spend", Fact{Metrics: []loyalty.Metric{{Month: 202612, Spend: 1}}}, false},
		{
			"spend that was refunded",
			Fact{Metrics: []loyalty.Metric{{Month: 202612, Spend: 1}, {Month: 202612, Spend: -1}}},
			true,
		},
		{"a brand", Fact{Brands: []loyalty.Bought{brand(202612, "east", 1)}}, false},
		{
			"a brand that was returned",
			Fact{Brands: []loyalty.Bought{brand(202612, "east", 1), brand(202612, "east", -1)}},
			true,
		},
		{
			"a brand instead of another",
			Fact{Brands: []loyalty.Bought{brand(202612, "east", 1), brand(202612, "west", -1)}},
			false,
		},
		{"a change of the member", Fact{Entry: &loyalty.Entry{}}, false},
	} {
		if got := c.fact.nothing(); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}
