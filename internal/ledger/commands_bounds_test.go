package ledger

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/table"
)

func TestSharesOfABudget(t *testing.T) {
	for _, budget := range []loyalty.Points{0, 1, 15, 16, 17, 31, 100, 1_000_000_007} {
		sum, last := int64(0), int64(math.MaxInt64)
		for i := range BudgetShards {
			n := shardShare(budget, i)
			if n > last || int64(budget)/BudgetShards > n || n > int64(budget)/BudgetShards+1 {
				t.Errorf("counter %d has %d of %d", i, n, budget)
			}
			sum, last = sum+n, n
		}
		if sum != int64(budget) {
			t.Errorf("the counters have %d of %d", sum, budget)
		}
	}
}

func TestSpendsOfOneTransaction(t *testing.T) {
	got := inAll([]posting.Spend{
		{Rule: "a", Points: -3, Budget: 5},
		{Rule: "b", Points: 1, Budget: 7},
		{Rule: "a", Points: 4, Budget: 9},
		{Rule: "a", Points: -1, Budget: 2},
		{Rule: "c", Points: -2, Budget: 3},
	})
	want := []posting.Spend{
		{Rule: "a", Points: 0, Budget: 9}, {Rule: "b", Points: 1, Budget: 7}, {Rule: "c", Points: -2, Budget: 3},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Points are taken from the home counter if it has enough, else from several, the fullest first. Counters below their
// floor are raised first.
func TestCountersThatASpendChanges(t *testing.T) {
	type change struct {
		shard     int
		n, floor  int64
		unlimited bool
	}
	const home, budget = 3, 32 // each counter has a share of 2
	counters := func(edit func(*[BudgetShards]int64)) (all [BudgetShards]int64) {
		edit(&all)
		return all
	}
	full := counters(func(*[BudgetShards]int64) {})
	for _, c := range []struct {
		name     string
		counters [BudgetShards]int64
		points   loyalty.Points
		want     []change
	}{
		{"nothing", full, 0, nil},
		{"what the home counter has", full, 2, []change{{home, -2, -2, false}}},
		{"more than the home counter has", full, 3, []change{{0, -2, -2, false}, {1, -1, -2, false}}},
		{
			"an empty home counter", counters(func(n *[BudgetShards]int64) { n[home], n[0] = -2, -1 }), 3,
			[]change{{1, -2, -2, false}, {2, -1, -2, false}},
		},
		{
			"a full one first", counters(func(n *[BudgetShards]int64) { n[home], n[9] = -2, 1 }), 4,
			[]change{{9, -3, -2, false}, {0, -1, -2, false}},
		},
		{
			"a counter below its floor", counters(func(n *[BudgetShards]int64) { n[5] = -3 }), 1,
			[]change{{5, 1, 0, true}, {0, -2, -2, false}},
		},
		{"points that go back", full, -5, []change{{home, 5, 0, true}}},
		{"more than there is", full, 33, []change{{home, -33, 0, true}}},
		{"all that there is", counters(func(n *[BudgetShards]int64) {
			for i := range n {
				n[i] = -2
			}
			n[7] = 0
		}), 2, []change{{7, -2, -2, false}}},
		{"one more than there is", counters(func(n *[BudgetShards]int64) {
			for i := range n {
				n[i] = -2
			}
			n[7] = 0
		}), 3, []change{{home, -3, 0, true}}},
	} {
		b := BudgetCounters{Program: "p", counters: map[string][BudgetShards]int64{"r": c.counters}}
		cause := ""
		for i := 0; int(stored.Hashed(cause)%BudgetShards) != home; i++ {
			cause = fmt.Sprint(i)
		}
		var got []change
		for _, op := range b.ops([]posting.Spend{{Rule: "r", Points: c.points, Budget: budget}}, cause) {
			var x change
			if _, err := fmt.Sscanf(op.Item.Key.SK, "BUDGET#%02d", &x.shard); err != nil {
				t.Fatal(err)
			}
			x.n, x.floor = op.Delta, op.Floor
			if x.floor == math.MinInt64 {
				x.floor, x.unlimited = 0, true
			}
			got = append(got, x)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// A listed reservation is added when it begins and removed when it ends.
func TestListOfReservations(t *testing.T) {
	r := loyalty.Redemption{ID: "rd_1", Reward: "mug", Until: noon, Listed: true, Date: "2027-01-01"}
	plain := r
	plain.Listed = false
	for _, c := range []struct {
		name string
		e    loyalty.Entry
		want []table.Op
	}{
		{
			"reserved",
			loyalty.Entry{
				Kind: loyalty.KindReserve, Member: "mem_ada",
				Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &r}},
			},
			[]table.Op{table.Put(table.Item{
				Key: listedKey("p", &r), Doc: stored.Encode(ListedDoc{"mem_ada", "2027-01-01"}),
			})},
		},
		{
			"committed",
			loyalty.Entry{Kind: loyalty.KindRedeem, Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &r}}},
			[]table.Op{table.Delete(table.Item{Key: listedKey("p", &r), Version: 1})},
		},
		{
			"released",
			loyalty.Entry{Kind: loyalty.KindRelease, Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &r}}},
			[]table.Op{table.Delete(table.Item{Key: listedKey("p", &r), Version: 1})},
		},
		{
			"restored",
			loyalty.Entry{Kind: loyalty.KindRestore, Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &r}}},
			nil,
		},
		{
			"not listed",
			loyalty.Entry{
				Kind: loyalty.KindReserve, Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &plain}},
			},
			nil,
		},
		{"no redemption", loyalty.Entry{Kind: loyalty.KindRedeem}, nil},
	} {
		if got := listOps("p", []loyalty.Entry{c.e}); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// A committed redemption makes its code usable, and a reservation that ends otherwise returns its code to the pool.
func TestCodesOfRedemptions(t *testing.T) {
	shared := loyalty.Reward{
		ID: "shared", Type: "free_product", Codes: loyalty.Codes{From: loyalty.SharedCode, Shared: "NEWYEAR"},
	}
	older := shared
	older.Codes.Shared = "SPRNG"
	p := &loyalty.Program{
		ID: "p", Spending: loyalty.Spending{Rewards: []loyalty.Reward{shared, {ID: "pool", Type: "free_product"}}},
	}
	rules := &loyalty.Program{ID: "p", Spending: loyalty.Spending{Rewards: []loyalty.Reward{older}}}
	own := loyalty.Redemption{ID: "rd_1", Reward: "pool", Code: "ABC"}
	pooled := own
	pooled.Pooled = true
	for _, c := range []struct {
		name     string
		kind     loyalty.Kind
		r        loyalty.Redemption
		revision int
		want     string // the partition of the written item
	}{
		{"a code is redeemed", loyalty.KindRedeem, own, 1, "P#p#CODE#ABC"},
		{"a code of a pool is redeemed", loyalty.KindRedeem, pooled, 1, "P#p#CODE#ABC"},
		{"a code of a pool is released", loyalty.KindRelease, pooled, 2, "P#p#POOL#pool"},
		{"another code is released", loyalty.KindRelease, own, 2, ""},
		{"a code is reserved", loyalty.KindReserve, pooled, 1, ""},
		{"no code", loyalty.KindRedeem, loyalty.Redemption{ID: "rd_1", Reward: "pool"}, 1, ""},
		{
			"a shared code is redeemed", loyalty.KindRedeem,
			loyalty.Redemption{ID: "rd_1", Reward: "shared", Code: "NEWYEAR"},
			1, "",
		},
		{
			"an older shared code is redeemed", loyalty.KindRedeem,
			loyalty.Redemption{ID: "rd_1", Reward: "shared", Code: "SPRNG"},
			1, "P#p#CODE#SPRNG",
		},
		{
			"a shared code of the reservation's version", loyalty.KindRedeem,
			loyalty.Redemption{ID: "rd_1", Reward: "shared", Code: "SPRNG"},
			2, "",
		},
		{
			"a present shared code in a later revision", loyalty.KindRedeem,
			loyalty.Redemption{ID: "rd_1", Reward: "shared", Code: "NEWYEAR"},
			2, "P#p#CODE#NEWYEAR",
		},
	} {
		e := loyalty.Entry{
			Kind: c.kind, Member: "mem_ada", Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &c.r}},
			Cause: loyalty.Cause{Revision: c.revision},
		}
		ops := codeOps(p, rules, []loyalty.Entry{{}, e})
		var got string
		if len(ops) > 0 {
			got = ops[0].Item.Key.PK
		}
		if got != c.want || len(ops) > 1 {
			t.Errorf("%s: %+v, want an item in %q", c.name, ops, c.want)
		}
		if got == "P#p#CODE#ABC" && (ops[0].Item.Version == 1) != c.r.Pooled {
			t.Errorf("%s: it is written over version %d", c.name, ops[0].Item.Version)
		}
	}
	if ops := codeOps(p, rules, []loyalty.Entry{
		{Kind: loyalty.KindRelease, Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &pooled}}},
		{
			Kind: loyalty.KindReserve,
			Detail: loyalty.Detail{
				Subject: loyalty.Subject{Redemption: &loyalty.Redemption{ID: "rd_2", Code: "ABC", Pooled: true}},
			},
		},
	}); len(ops) > 0 {
		t.Errorf("a code that was taken over is returned: %+v", ops)
	}
}

// The past versions are those that were live after a given instant and before the present version.
func TestVersionsSinceAnInstant(t *testing.T) {
	at := func(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }
	loaded := map[int]*loyalty.Program{}
	for v := range 5 {
		loaded[v] = &loyalty.Program{ID: "p", Version: v}
	}
	schedule := Schedule{
		Live: 3, Since: at(-50), Past: []Ended{{Version: 1, Until: at(-30)}, {Version: 2, Until: at(-10)}},
	}
	for _, c := range []struct {
		name    string
		version int
		since   time.Time
		read    time.Time
		now     time.Time
		want    []int
		until   time.Time
	}{
		{"none", 3, at(-10), at(0), at(0), nil, at(0)},
		{"one", 3, at(-11), at(0), at(0), []int{2}, at(0)},
		{"two", 3, at(-31), at(0), at(0), []int{1, 2}, at(0)},
		{"at the end of the first", 3, at(-30), at(0), at(0), []int{2}, at(0)},
		{"a schedule that was read before", 3, at(0), at(-1), at(0), nil, at(-1)},
		{"a schedule that was read at that instant", 3, at(0), at(0), at(0), nil, at(0)},
		{"a schedule that was read later", 3, at(0), at(1), at(0), nil, at(0)},
		{"a version that has ended", 2, at(-31), at(-1), at(0), []int{1}, at(-10).Add(-time.Millisecond)},
		{"a version that ended at that instant", 2, at(-11), at(-1), at(-10), nil, at(-10).Add(-time.Millisecond)},
		{"a version that ends later", 2, at(-11), at(-1), at(-10).Add(-1), nil, at(-10).Add(-1)},
		{"a version that is not live yet", 4, at(-11), at(-1), at(0), []int{2}, at(0)},
	} {
		l := &Ledger{
			Now: func() time.Time { return c.now },
			Versions: func(context.Context, string) (Schedule, time.Time, error) {
				return schedule, c.read, nil
			},
			Program: func(_ context.Context, _ string, v int) (*loyalty.Program, error) { return loaded[v], nil },
		}
		versions, until, err := l.past(t.Context(), loaded[c.version], c.since, c.now)
		var got []int
		for _, v := range versions {
			got = append(got, v.Program.Version)
		}
		if err != nil || !slices.Equal(got, c.want) || !until.Equal(c.until) {
			t.Errorf("%s: %v until %s, %v; want %v until %s", c.name, got, until, err, c.want, c.until)
		}
	}
}

// Large parts of an order are stored separately, with the revision that changed them.
func TestPartsOfALargeOrder(t *testing.T) {
	state := func(lines, refunds int) *loyalty.OrderState {
		s := &loyalty.OrderState{
			Order: loyalty.Order{ID: "1", Currency: "EUR"}, LinesSince: lines, RefundsSince: refunds,
		}
		for i := range 60 {
			id := fmt.Sprint("line-", i)
			s.Order.Lines = append(s.Order.Lines, loyalty.Line{ID: id, Quantity: 1, Amount: int64(i)})
			s.Order.Refunds = append(
				s.Order.Refunds, loyalty.Refund{ID: id, Amount: int64(i), Status: loyalty.RefundSucceeded},
			)
		}
		return s
	}
	for _, c := range []struct {
		name           string
		order          *loyalty.OrderState
		parts          int
		lines, refunds int // in the entry
	}{
		{"no parts", state(0, 0), 0, 60, 60},
		{"lines that change", state(3, 0), 1, 0, 60},
		{"lines that changed before", state(2, 0), 0, 0, 60},
		{"refunds that change", state(0, 3), 1, 60, 0},
		{"both", state(3, 3), 2, 0, 0},
		{"refunds that change, and lines that changed before", state(1, 3), 1, 0, 0},
	} {
		e := loyalty.Entry{
			Cause:  loyalty.Cause{Kind: loyalty.CauseOrder, ID: "1", Revision: 3},
			Detail: loyalty.Detail{Subject: loyalty.Subject{Order: c.order}},
		}
		doc, parts := stored.Apart("p", e, stored.EncodedEntry(e))
		d, err := stored.UnpackedEntry(doc)
		if err != nil || len(parts) != c.parts || len(d.Order.Lines) != c.lines || len(d.Order.Refunds) != c.refunds {
			t.Errorf("%s: %d parts, %+v, %v", c.name, len(parts), d.Order, err)
		}
	}
	small := []byte(`{}`)
	if doc, parts := stored.Apart(
		"p", loyalty.Entry{Detail: loyalty.Detail{Subject: loyalty.Subject{Order: state(3, 3)}}}, small,
	); !slices.Equal(doc, small) ||
		parts != nil {
		t.Errorf("a small document is stored as %s with %d parts", doc, len(parts))
	}
}
