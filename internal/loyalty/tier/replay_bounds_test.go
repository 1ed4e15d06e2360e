package tier

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// counted returns the entry of a revision of an order that counts a metric.
func counted(id string, placed, recorded string, m loyalty.Metric) loyalty.Entry {
	e := loyalty.Entry{
		Kind: loyalty.KindEarn, Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: id}, Recorded: utc(recorded),
		Effective: utc(recorded),
	}
	e.Order = &loyalty.OrderState{Order: loyalty.Order{ID: id, PlacedAt: utc(placed)}}
	e.Metric = &m
	return e
}

func placedManually(group string) loyalty.Entry {
	e := loyalty.Entry{Kind: loyalty.KindMoveTier, Effective: utc("2027-03-02")}
	e.TierGroup, e.Standing = group, &loyalty.Standing{Level: "gold"}
	e.Reasons = []loyalty.Reason{{Kind: loyalty.WasPlaced}}
	return e
}

func TestFactsOfAHistory(t *testing.T) {
	moved := loyalty.Entry{
		Kind:      loyalty.KindMoveTier,
		Effective: utc("2027-03-02"),
		Reasons:   []loyalty.Reason{{Kind: loyalty.HasMoved}},
	}
	branded := counted("1", "2027-03-01", "2027-03-05", points(202703, 0))
	branded.Brands = []loyalty.Bought{{Month: 202703, Brand: "east", N: 1}}
	grouped := counted("1", "2027-03-01", "2027-03-05", points(202703, 7))
	grouped.Counts = []loyalty.TierGroupCount{
		{TierGroup: "partner", Metric: points(202703, 9)}, {TierGroup: "other", Metric: points(202703, 5)},
	}
	order := func(n loyalty.Points) loyalty.Entry {
		return counted("1", "2027-03-01", "2027-03-05", points(202703, n))
	}
	for _, c := range []struct {
		name    string
		tiers   []func(*loyalty.Tiers)
		entries []loyalty.Entry
		want    []string // the instant of each fact
		points  loyalty.Points
		brands  int
	}{
		{
			"enrollment", nil,
			[]loyalty.Entry{{Kind: loyalty.KindEnroll, Effective: utc("2026-01-15")}},
			[]string{"2026-01-15"},
			0, 0,
		},
		{
			"a change of the member", nil,
			[]loyalty.Entry{{Kind: loyalty.KindUpdateMember, Effective: utc("2027-03-02")}},
			[]string{"2027-03-02"},
			0, 0,
		},
		{"a manually set level", nil, []loyalty.Entry{placedManually("")}, []string{"2027-03-02"}, 0, 0},
		{"a manually set level of a tier group", nil, []loyalty.Entry{placedManually("partner")}, nil, 0, 0},
		{"a level that was reached", nil, []loyalty.Entry{moved}, nil, 0, 0},
		{"an entry without reasons", nil, []loyalty.Entry{{Kind: loyalty.KindMoveTier}}, nil, 0, 0},
		{
			"points that expire", nil,
			[]loyalty.Entry{{Kind: loyalty.KindExpire, Reasons: []loyalty.Reason{{Kind: loyalty.WasPlaced}}}},
			nil,
			0, 0,
		},
		{"an order", nil, []loyalty.Entry{order(7)}, []string{"2027-03-01"}, 7, 0},
		{
			"an order before joining", nil,
			[]loyalty.Entry{counted("1", "2025-03-01", "2027-03-05", points(202703, 7))},
			[]string{"2026-01-15"},
			7, 0,
		},
		{"two revisions of an order", nil, []loyalty.Entry{order(7), order(-2)}, []string{"2027-03-01"}, 5, 0},
		{"two revisions with a brand", nil, []loyalty.Entry{branded, branded}, []string{"2027-03-01"}, 0, 2},
		{
			"an order that was placed earlier", nil,
			[]loyalty.Entry{order(7), counted("2", "2027-02-01", "2027-03-05", points(202702, 1))},
			[]string{"2027-02-01", "2027-03-01"},
			8, 0,
		},
		{
			"a refund that keeps levels",
			[]func(*loyalty.Tiers){keepOnRefund},
			[]loyalty.Entry{order(7), order(-2)},
			[]string{"2027-03-01", "2027-03-05"},
			5, 0,
		},
		{
			"a failed refund that keeps levels",
			[]func(*loyalty.Tiers){keepOnRefund},
			[]loyalty.Entry{order(7), order(-2), order(2)},
			[]string{"2027-03-01", "2027-03-05", "2027-03-05"},
			7, 0,
		},
		{
			"a tier group",
			[]func(*loyalty.Tiers){func(t *loyalty.Tiers) { t.Group = "partner" }},
			[]loyalty.Entry{grouped},
			[]string{"2027-03-01"},
			9, 0,
		},
		{"the program", nil, []loyalty.Entry{grouped}, []string{"2027-03-01"}, 7, 0},
	} {
		facts := History{Entries: c.entries}.Facts(Of(threeLevels(c.tiers...)), utc("2026-01-15"))
		var got []string
		sum, brands := loyalty.Points(0), 0
		for _, f := range facts {
			got = append(got, f.At.Format(time.DateOnly))
			sum, brands = sum+f.sum().Points, brands+len(f.Brands)
		}
		if !slices.Equal(got, c.want) || sum != c.points || brands != c.brands {
			t.Errorf("%s: %v, %d points, %d brands", c.name, got, sum, brands)
		}
	}
	award := loyalty.Entry{Kind: loyalty.KindEarn, Reasons: []loyalty.Reason{{Kind: loyalty.WasPlaced}}}
	if SetsManually(&award) {
		t.Error("an award sets a level manually")
	}
}

func TestPlacementOfAStanding(t *testing.T) {
	end := utc("2027-09-01")
	for _, c := range []struct {
		s    loyalty.Standing
		want Placement
	}{
		{loyalty.Standing{Level: "gold", Until: end}, Placement{Level: "gold"}},
		{loyalty.Standing{Level: "gold", Until: end, Given: true}, Placement{Level: "gold", Until: end}},
		{
			loyalty.Standing{Level: "gold", Until: end, Given: true, Lock: end},
			Placement{Level: "gold", Until: end, Locked: true},
		},
		{
			loyalty.Standing{Level: "gold", Until: end, Given: true, Lock: end.Add(-1)},
			Placement{Level: "gold", Until: end},
		},
		{loyalty.Standing{Level: "gold", Minimum: "gold"}, Placement{Level: "gold", Permanent: true}},
	} {
		if got := placement(c.s); got != c.want {
			t.Errorf("%+v: %+v", c.s, got)
		}
	}
}

// Decided again, each fact changes the account and the level as when it happened.
func TestFactThatIsDecidedAgain(t *testing.T) {
	order := Fact{At: utc("2027-03-02"), Metrics: []loyalty.Metric{points(202703, 200)}}
	refund := Fact{At: utc("2027-03-02"), Metrics: []loyalty.Metric{points(202703, -1)}}
	vip := loyalty.Entry{Kind: loyalty.KindUpdateMember}
	vip.Traits = &loyalty.Traits{Segments: []string{"vip"}}
	placed := placedManually("")
	for _, c := range []struct {
		name  string
		tiers []func(*loyalty.Tiers)
		fact  Fact
		want  string
		vip   bool
	}{
		{"an order", nil, order, "silver", false},
		{"an order, if levels are kept on refunds", []func(*loyalty.Tiers){keepOnRefund}, order, "silver", false},
		{"a refund", nil, refund, "bronze", false},
		{"a change of segments", nil, Fact{Entry: &vip}, "gold", true},
		{"enrollment", nil, Fact{Entry: &loyalty.Entry{Kind: loyalty.KindEnroll}}, "bronze", false},
		{"a manually set level", nil, Fact{Entry: &placed}, "gold", false},
	} {
		d := decide(threeLevels(append(c.tiers, vipGold)...), member("bronze"), "2027-03-02")
		d.Trial = &posting.Trial{Whole: d}
		d.Account.Traits.Zone = "Europe/Berlin"
		if err := happens(d, c.fact); err != nil || d.Account.Tier.Level != c.want {
			t.Errorf("%s: %+v, %v", c.name, d.Account.Tier, err)
		}
		traits := d.Account.Traits
		if known := c.fact.Entry != nil && c.fact.Entry.Kind != loyalty.KindMoveTier; known == (traits.Zone != "") ||
			(len(traits.Segments) == 1) != c.vip {
			t.Errorf("%s: %+v", c.name, traits)
		}
	}
	// A refund that keeps levels decides nothing, although the remaining points would reach a level.
	d := decide(threeLevels(keepOnRefund), member("bronze", points(202703, 300)), "2027-03-02")
	d.Trial = &posting.Trial{Whole: d}
	if err := happens(d, refund); err != nil || d.Account.Tier.Level != "bronze" || d.Account.Metrics[0].Points != 299 {
		t.Errorf("a refund that keeps levels: %+v, %v", d.Account.Tier, err)
	}
}

func TestAmountsOfAFact(t *testing.T) {
	level := int(utc("2027-02-01").UnixMilli())
	f := Fact{
		At: utc("2027-03-02"), placed: utc("2027-03-02"), Metrics: []loyalty.Metric{points(level+5, 50)},
		Brands: []loyalty.Bought{{Month: level + 5, Brand: "east", N: 1}},
	}
	acc := member("silver")
	acc.Tier.Since = utc("2027-02-01")
	r := Of(threeLevels(sinceLevel))
	is := acc
	r.count(&is, f, MaxWindow)
	want := []loyalty.Bought{{Month: level, Brand: "east", N: 1}}
	if !reflect.DeepEqual(is.Metrics, []loyalty.Metric{points(level, 50)}) || !slices.Equal(is.Brands, want) {
		t.Errorf("added: %+v, %+v", is.Metrics, is.Brands)
	}
	r.uncount(&is, is, f)
	if len(is.Metrics) != 0 || len(is.Brands) != 0 {
		t.Errorf("removed again: %+v, %+v", is.Metrics, is.Brands)
	}
}

func TestAmountsBeforeAnInstant(t *testing.T) {
	fact := func(at string, month int, n loyalty.Points) Fact {
		return Fact{At: utc(at), placed: utc(at), Metrics: []loyalty.Metric{points(month, n)}}
	}
	facts := []Fact{
		fact("2026-02-28", 202602, 1), fact("2026-03-01", 202603, 2), fact("2027-01-31", 202701, 4),
		fact("2027-02-01", 202702, 8), fact("2027-03-01", 202703, 16),
	}
	for _, c := range []struct {
		name    string
		metrics []loyalty.Metric
		counted string
		want    []loyalty.Metric
	}{
		{
			"every month is stored",
			[]loyalty.Metric{points(202701, 4), points(202702, 8), points(202703, 16)},
			"2027-02-15",
			[]loyalty.Metric{points(202701, 4)},
		},
		{
			"older months are merged",
			[]loyalty.Metric{points(0, 7), points(202702, 8), points(202703, 16)},
			"2027-03-01",
			[]loyalty.Metric{points(202603, 2), points(202701, 4)},
		},
	} {
		acc := member("bronze", c.metrics...)
		acc.Counted = utc(c.counted)
		d := decide(threeLevels(rolling), acc, "2027-03-02")
		base := member("bronze")
		if countBefore(&base, d, facts, utc("2027-02-01")); !reflect.DeepEqual(base.Metrics, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, base.Metrics, c.want)
		}
	}
}

func TestAccountFromWhichLevelsAreDecidedAgain(t *testing.T) {
	since := utc("2027-02-01")
	acc := member("gold")
	acc.Past = []loyalty.Standing{{Level: "bronze", Since: acc.Joined}, {Level: "silver", Since: utc("2027-01-01")}}
	acc.Tier = loyalty.Standing{Level: "gold", Since: since}
	acc.Reached = []loyalty.Reached{
		granted("tiers.silver", 0, 100, since.Add(-1)), granted("tiers.gold", 0, 100, since),
		granted("tiers.bronze", 0, 0, since.Add(-1)),
	}
	for _, c := range []struct {
		all  bool
		tier string
		past int
	}{{false, "silver", 1}, {true, "bronze", 0}} {
		got := Baseline(posting.Decide(threeLevels(), acc, utc("2027-03-02")), History{All: c.all}, nil, since).Account
		if got.Tier.Level != c.tier || len(got.Past) != c.past || !got.Seen.Equal(since.Add(-1)) {
			t.Errorf("from all entries %t: %+v after %+v", c.all, got.Tier, got.Past)
		}
		if len(got.Reached) != 1 || got.Reached[0].Grant.Rule != "tiers.silver" {
			t.Errorf("from all entries %t: bonuses %+v", c.all, got.Reached)
		}
	}
}

// Each instant is decided by the version that was in force then.
func TestVersionOfADecision(t *testing.T) {
	first, second, last := threeLevels(), threeLevels(), threeLevels()
	change, next := utc("2027-02-01"), utc("2027-03-01")
	h := History{Versions: []Live{{first, change}, {second, next}}}
	for _, c := range []struct {
		from, until string
		want        *loyalty.Program
	}{
		{
			"2027-01-15", "2027-01-31", first,
		},
		{"2027-01-15", "2027-02-01", second},
		{
			"2027-02-01", "2027-02-15",
			second,
		},
		{"2027-01-15", "2027-03-01", last},
		{"2027-03-01", "2027-03-15", last},
	} {
		d := decide(first, member("bronze"), c.from)
		if err := passVersions(d, h, last, utc(c.until)); err != nil || d.P != c.want || !d.Now.Equal(utc(c.until)) {
			t.Errorf("from %s until %s: %p at %s, %v", c.from, c.until, d.P, d.Now, err)
		}
	}
	p := threeLevels()
	p.TierGroups = []loyalty.TierGroup{{ID: "partner", Tiers: threeLevels().Tiers}}
	on, _, _ := TierGroupStanding(p, member("bronze"), "partner")
	if got := sameGroup(p, threeLevels()); got != p {
		t.Error("the version itself, for the levels of the program")
	}
	if got := sameGroup(p, on); got.Tiers.Group != "partner" || len(got.Tiers.Levels) != 3 {
		t.Errorf("the tier group: %+v", got.Tiers)
	}
	if got := sameGroup(threeLevels(), on); got.Tiers.Group != "partner" || len(got.Tiers.Levels) != 0 {
		t.Errorf("a version without the tier group: %+v", got.Tiers)
	}
}

func TestFactsAreSeenWhenTheyAreDecidedAgain(t *testing.T) {
	d := decide(threeLevels(), member("bronze"), "2027-03-02")
	trial := decide(threeLevels(), member("bronze"), "2027-02-01")
	trial.Trial = &posting.Trial{Whole: d}
	facts := []Fact{
		{At: utc("2027-01-15"), Metrics: []loyalty.Metric{points(202701, 1)}},
		{At: utc("2027-02-15"), Metrics: []loyalty.Metric{points(202702, 2)}},
		{At: utc("2027-02-20")},
	}
	if err := Replay(d, trial, History{}, facts, utc("2027-02-01")); err != nil {
		t.Fatal(err)
	}
	if a := trial.Account; !a.Seen.Equal(utc("2027-02-15")) || len(a.Metrics) != 1 || !trial.Now.Equal(d.Now) {
		t.Errorf("seen until %s, %+v, now %s", a.Seen, a.Metrics, trial.Now)
	}
	stand(trial, loyalty.Standing{Level: "silver", Since: trial.Now})
	if a := trial.Account; !a.Seen.Equal(trial.Now) || a.Tier.Level != "silver" || a.Past[0].Level != "bronze" {
		t.Errorf("%+v after %+v, seen until %s", a.Tier, a.Past, a.Seen)
	}
}
