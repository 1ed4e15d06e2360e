package service_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

// rate makes a version give n points per euro, which are active immediately.
func rate(n int64) func(*loyalty.Program) {
	return func(p *loyalty.Program) {
		p.Earn.Pending = calendar.Wait{}
		p.Earn.Rates["EUR"] = loyalty.Rate{Points: big.NewRat(n, 1), Per: 100}
	}
}

// flat does the same as rate, and removes the levels.
func flat(n int64) func(*loyalty.Program) {
	return func(p *loyalty.Program) {
		rate(n)(p)
		p.Tiers = loyalty.Tiers{}
	}
}

// stars returns a wallet in which orders earn n points per euro.
func stars(n int64) loyalty.Wallet {
	rates := map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(n, 1), Per: 100}}
	return loyalty.Wallet{ID: "stars", Rates: rates}
}

// placed returns an order of 100 EUR that was placed the given time ago.
func (v *versioned) placed(id string, ago time.Duration) loyalty.Order {
	o := v.Order(id, "mem_ada", 10_000)
	o.PlacedAt = v.Now().Add(-ago)
	return o
}

// why returns the effect of the reason that a rule gives in the latest entry.
func why(r service.OrderResult, rule string) string {
	for _, e := range r.Entries {
		for _, b := range e.Reasons {
			if b.Rule == rule {
				return b.Effect()
			}
		}
	}
	return ""
}

// An order is priced by the version that was live when it was placed, whenever it arrives, and keeps that version.
func TestOrderIsPricedByTheVersionOfItsTime(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		v := newVersioned(t, b)
		v.publish(t, "", rate(1))
		v.Enroll(t, "mem_ada")
		v.Wait(24 * time.Hour)
		v.publish(t, "", rate(2))
		v.Wait(24 * time.Hour)
		v.publish(t, "", rate(3))
		v.Wait(time.Hour)
		var late service.OrderResult
		for i, want := range []loyalty.Points{300, 200, 100} {
			late = v.Put(t, v.placed(fmt.Sprint("o", i), time.Duration(i)*24*time.Hour))
			if late.State.Worth != want || late.State.Program != 3-i {
				t.Errorf(
					"an order of %d days ago gave %d by version %d, want %d", i, late.State.Worth, late.State.Program,
					want,
				)
			}
		}
		v.publish(t, "", rate(4))
		late.State.Order.Refunds = []loyalty.Refund{
			{ID: "1", At: v.Now(), Status: loyalty.RefundSucceeded, Amount: 5_000},
		}
		if got := v.Put(t, late.State.Order); got.State.Worth != 50 || got.State.Program != 1 {
			t.Errorf("half of it refunded, it gave %d by version %d", got.State.Worth, got.State.Program)
		}
		v.Audit(t, "mem_ada")
	})
}

// A guest's order and an event are priced by the version of their time as well.
func TestGuestOrderAndEventArePricedByTheVersionOfTheirTime(t *testing.T) {
	review := func(n loyalty.Points) func(*loyalty.Program) {
		return func(p *loyalty.Program) {
			rate(int64(n))(p)
			p.Earn.Actions = []loyalty.Action{{ID: "review", Event: "review.approved", Points: n}}
		}
	}
	v := newVersioned(t, newBench(t, servicetest.Memory(t)))
	v.publish(t, "", review(1))
	v.Enroll(t, "mem_ada")
	v.Wait(24 * time.Hour)
	v.publish(t, "", review(2))
	v.Wait(time.Hour)
	o := v.placed("1", 24*time.Hour)
	o.Member = ""
	v.Put(t, o)
	o.Member = "mem_ada"
	if got := v.Put(t, o); got.State.Worth != 100 || got.State.Program != 1 {
		t.Errorf("the guest's order gave %d by version %d", got.State.Worth, got.State.Program)
	}
	ev := loyalty.Event{Type: "review.approved", ID: "7", Member: "mem_ada", At: v.Now().Add(-24 * time.Hour)}
	got, err := service.Events{Ledger: v.Bench.Ledger}.Put(t.Context(), v.P, ev, ledger.By{Actor: "test"})
	if err != nil || got.State.Worth != 1 || got.State.Program != 1 {
		t.Errorf("the event gave %d by version %d, %v", got.State.Worth, got.State.Program, err)
	}
}

// An event of a type that the version of its instant did not have is accepted and earns nothing.
func TestEventOfALaterTypeEarnsNothing(t *testing.T) {
	v := newVersioned(t, newBench(t, servicetest.Memory(t)))
	v.publish(t, "", rate(1))
	v.Enroll(t, "mem_ada")
	v.Wait(24 * time.Hour)
	v.publish(t, "", func(p *loyalty.Program) {
		p.Events = []loyalty.EventType{{Name: "workshop", States: []string{"attended"}}}
		p.Earn.Actions = []loyalty.Action{{ID: "workshop", Event: "workshop.attended", Points: 5}}
	})
	v.Wait(time.Hour)
	for ago, want := range map[time.Duration]loyalty.Points{2 * time.Hour: 0, time.Minute: 5} {
		ev := loyalty.Event{Type: "workshop.attended", ID: ago.String(), Member: "mem_ada", At: v.Now().Add(-ago)}
		got, err := service.Events{Ledger: v.Bench.Ledger}.Put(t.Context(), v.P, ev, ledger.By{Actor: "test"})
		if err != nil || got.State.Worth != want {
			t.Errorf("an event of %s ago gave %d, %v", ago, got.State.Worth, err)
		}
	}
}

// A recalled version prices no further orders. Orders that were accepted before the recall keep it.
func TestRecalledVersionPricesNothingNew(t *testing.T) {
	v := newVersioned(t, newBench(t, servicetest.Memory(t)))
	v.publish(t, "", flat(1))
	v.Enroll(t, "mem_ada")
	v.Wait(24 * time.Hour)
	v.publish(t, "", flat(50)) // by mistake
	v.Wait(time.Hour)
	accepted := v.Put(t, v.placed("accepted", 0))
	v.Wait(time.Hour)
	v.recalls = []int{2}
	v.publish(t, "", flat(3))
	v.Wait(time.Hour)
	if got := v.Put(t, v.placed("late", 2*time.Hour)); got.State.Worth != 100 || got.State.Program != 1 {
		t.Errorf("an order of the recalled version's time gave %d by version %d", got.State.Worth, got.State.Program)
	}
	if got := v.Put(t, v.placed("present", 0)); got.State.Worth != 300 {
		t.Errorf("a new order gave %d", got.State.Worth)
	}
	accepted.State.Order.Refunds = []loyalty.Refund{
		{ID: "1", At: v.Now(), Status: loyalty.RefundSucceeded, Amount: 5_000},
	}
	if got := v.Put(t, accepted.State.Order); got.State.Worth != 2500 || got.State.Program != 2 {
		t.Errorf("the accepted order gave %d by version %d", got.State.Worth, got.State.Program)
	}
}

// The size of a budget is that of the live version, even for an order that an earlier version prices.
func TestBudgetIsThatOfTheLiveVersion(t *testing.T) {
	budget := func(n loyalty.Points) func(*loyalty.Program) {
		return func(p *loyalty.Program) {
			rate(1)(p)
			p.Campaigns = []loyalty.Rule{{ID: "double", Give: loyalty.Multiply{By: big.NewRat(2, 1)}, Budget: n}}
		}
	}
	for _, c := range []struct{ Was, Is, Want loyalty.Points }{
		{1_000, 30, 130}, {30, 1_000, 200}, {30, 0, 200}, {0, 30, 130},
	} {
		v := newVersioned(t, newBench(t, servicetest.Memory(t)))
		v.publish(t, "", budget(c.Was))
		v.Enroll(t, "mem_ada")
		v.Wait(24 * time.Hour)
		v.publish(t, "", budget(c.Is))
		v.Wait(time.Hour)
		if got := v.Put(t, v.placed("1", 24*time.Hour)); got.State.Worth != c.Want || got.State.Program != 1 {
			t.Errorf("under a budget of %d that was %d an order gave %d", c.Is, c.Was, got.State.Worth)
		}
	}
	v := newVersioned(t, newBench(t, servicetest.Memory(t)))
	v.publish(t, "", budget(30))
	v.Enroll(t, "mem_ada")
	v.Wait(24 * time.Hour)
	v.publish(t, "", rate(1)) // without the campaign: its budget stays
	v.Wait(time.Hour)
	if got := v.Put(t, v.placed("1", 24*time.Hour)); got.State.Worth != 130 {
		t.Errorf("under a campaign that there is no more an order gave %d", got.State.Worth)
	}
}

// Levels and wallets that the program no longer has give no points, and the response states this reason. Orders that
// were accepted before keep their points.
func TestRemovedLevelsAndWalletsGiveNothing(t *testing.T) {
	v := newVersioned(t, newBench(t, servicetest.Memory(t)))
	rich := func(p *loyalty.Program) {
		rate(1)(p)
		p.Wallets = []loyalty.Wallet{stars(1)}
		p.Campaigns = []loyalty.Rule{
			{ID: "club", Give: loyalty.Fixed{Points: 10}, Match: loyalty.Match{Tiers: []string{"silver"}}},
		}
		p.Earn.Actions = []loyalty.Action{{ID: "review", Event: "review.approved", Points: 7, Wallet: "stars"}}
	}
	v.publish(t, "", rich)
	v.Enroll(t, "mem_ada")
	first := v.Order("0", "mem_ada", 60_000)
	v.Put(t, first) // silver
	v.Wait(24 * time.Hour)
	accepted := v.Put(t, v.placed("accepted", 0))
	if accepted.State.Worth != 135 {
		t.Fatalf("an order at level silver gave %d", accepted.State.Worth)
	}
	v.Wait(time.Hour)
	v.publish(t, loyalty.UpgradeOnly, func(p *loyalty.Program) {
		rate(1)(p)
		p.Tiers.Levels = slices.Delete(p.Tiers.Levels, 1, 2)
	})
	v.Wait(time.Hour)
	late := v.Put(t, v.placed("late", 90*time.Minute))
	if late.State.Worth != 100 || late.State.Program != 1 {
		t.Errorf("an order of then gave %d by version %d", late.State.Worth, late.State.Program)
	}
	if got := why(late, "tiers.silver"); got != "the program no longer has the level silver" {
		t.Errorf("the reason for the level is %q", got)
	}
	if got := why(late, "wallets.stars"); got != "the program no longer has the wallet stars" {
		t.Errorf("the reason for the wallet is %q", got)
	}
	ev := loyalty.Event{Type: "review.approved", ID: "7", Member: "mem_ada", At: v.Now().Add(-90 * time.Minute)}
	got, err := service.Events{Ledger: v.Bench.Ledger}.Put(t.Context(), v.P, ev, ledger.By{Actor: "test"})
	if err != nil || len(got.Entry.Wallets) != 0 || got.Entry.Reasons[0].Kind != loyalty.IsMissing {
		t.Errorf("the event: %+v, %v", got.Entry, err)
	}
	balance := func() loyalty.Points {
		m, err := members.Members{Ledger: v.Bench.Ledger}.Get(t.Context(), v.P, "mem_ada")
		if err != nil {
			t.Fatal(err)
		}
		return m.Account.BalanceOf("stars").Active
	}
	if n := balance(); n != 700 {
		t.Errorf("%d stars", n)
	}
	half := []loyalty.Refund{{ID: "1", At: v.Now(), Status: loyalty.RefundSucceeded, Amount: 5_000}}
	accepted.State.Order.Refunds, late.State.Order.Refunds = half, half
	if got := v.Put(t, accepted.State.Order); got.State.Worth != 72 || balance() != 650 {
		t.Errorf("half of the accepted order refunded, it gives %d, and there are %d stars", got.State.Worth, balance())
	}
	if got := v.Put(t, late.State.Order); got.State.Worth != 50 || balance() != 650 {
		t.Errorf("half of the late order refunded, it gives %d, and there are %d stars", got.State.Worth, balance())
	}
	v.Audit(t, "mem_ada")
}

// A registration counts for orders that are placed after it, whenever they arrive.
func TestRegistrationCountsFromItsInstantOn(t *testing.T) {
	v := newVersioned(t, newBench(t, servicetest.Memory(t)))
	v.publish(t, "", func(p *loyalty.Program) {
		flat(1)(p)
		p.Campaigns = []loyalty.Rule{{ID: "double", Give: loyalty.Multiply{By: big.NewRat(2, 1)}, OptIn: true}}
	})
	v.Enroll(t, "mem_ada")
	v.Wait(24 * time.Hour)
	if _, err := (service.Adjustments{Ledger: v.Bench.Ledger}).OptIn(
		t.Context(), v.P, "mem_ada", "double", ledger.By{Actor: "test"},
	); err != nil {
		t.Fatal(err)
	}
	v.Wait(24 * time.Hour)
	v.publish(t, "", func(p *loyalty.Program) {
		flat(1)(p)
		p.Campaigns = []loyalty.Rule{{ID: "other", Give: loyalty.Fixed{Points: 1}, OptIn: true}}
	})
	if _, err := (service.Adjustments{Ledger: v.Bench.Ledger}).OptIn(
		t.Context(), v.P, "mem_ada", "other", ledger.By{Actor: "test"},
	); err != nil {
		t.Fatal(err)
	}
	for ago, want := range map[time.Duration]loyalty.Points{
		24 * time.Hour: 200, 25 * time.Hour: 100, time.Hour: 200, 0: 101,
	} {
		if got := v.Put(t, v.placed(fmt.Sprint("o", ago), ago)); got.State.Worth != want {
			t.Errorf("an order of %s ago gave %d, want %d", ago, got.State.Worth, want)
		}
	}
	v.Audit(t, "mem_ada")
}

// TestQuoteAndAwardAgree quotes random orders of random instants under random versions, and places them in the same
// instant.
func TestQuoteAndAwardAgree(t *testing.T) {
	seed := seedtest.Or(t, 5)
	var seen struct{ late, recalled, joined, missing, wallets, budget int }
	for run := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, run))
		v := newVersioned(t, newBench(t, servicetest.Memory(t)))
		v.publish(t, "", randomVersion(rng))
		v.Enroll(t, "mem_ada")
		for i := range 25 {
			v.Wait(time.Duration(rng.IntN(30)) * time.Hour)
			switch rng.IntN(5) {
			case 0:
				if n := len(v.all); rng.IntN(4) == 0 {
					v.recalls = []int{n}
					seen.recalled++
				}
				v.publish(t, loyalty.UpgradeOnly, randomVersion(rng))
			case 1:
				_, err := service.Adjustments{Ledger: v.Bench.Ledger}.OptIn(
					t.Context(), v.P, "mem_ada", "joined", ledger.By{Actor: "test"},
				)
				if err == nil {
					seen.joined++
				}
			default:
				o := v.randomOrder(rng, fmt.Sprint("o", i))
				quoted := o
				quoted.ID = "quote"
				q, err := service.Quotes{Ledger: v.Bench.Ledger}.Quote(t.Context(), v.P, quoted)
				if err != nil {
					t.Fatal(err)
				}
				got := v.Put(t, o)
				if q.Points != got.State.Worth {
					t.Fatalf(
						"run %d: quoted %d and awarded %d for %+v by version %d", run, q.Points, got.State.Worth, o,
						got.State.Program,
					)
				}
				wallets := slices.DeleteFunc(
					slices.Clone(got.State.Grants), func(g loyalty.Grant) bool { return g.Wallet == "" },
				)
				if diff := cmp.Diff(q.Wallets, wallets, cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("run %d: wallets are quoted and awarded differently (-quoted +awarded):\n%s", run, diff)
				}
				if g := got.State.Grants[0]; !g.ActiveAt.Equal(q.ActiveAt) || g.Expires != q.Expires {
					t.Fatalf("run %d: quoted from %s to %s, and awarded %+v", run, q.ActiveAt, q.Expires, g)
				}
				if got.State.Program != v.P.Version {
					seen.late++
				}
				seen.missing += min(1, len(got.State.Missing))
				seen.wallets += min(1, len(wallets))
				if why(got, "campaigns.budget") != "" {
					seen.budget++
				}
			}
		}
	}
	t.Logf("%+v", seen)
	if seen.late < 50 || seen.recalled < 5 || seen.joined < 10 || seen.missing < 10 || seen.wallets < 50 ||
		seen.budget < 50 {
		t.Errorf("the histories show too little: %+v", seen)
	}
}

// randomVersion changes everything that prices an order.
func randomVersion(rng *rand.Rand) func(*loyalty.Program) {
	n := func(most int) int64 { return 1 + rng.Int64N(int64(most)) }
	return func(p *loyalty.Program) {
		rate(n(4))(p)
		p.Earn.Pending.For = calendar.Period{Days: rng.IntN(3)}
		p.Tiers.Levels[1].From = 50 * n(10)
		if rng.IntN(3) == 0 {
			p.Tiers.Levels = slices.Delete(p.Tiers.Levels, 1, 2)
		}
		if rng.IntN(2) == 0 {
			p.Wallets = []loyalty.Wallet{stars(n(3))}
		}
		if rng.IntN(2) == 0 {
			p.Earn.Caps = []loyalty.Cap{{Points: loyalty.Points(200 * n(5)), Per: loyalty.PerDay}}
		}
		hour := rng.IntN(24) * 60
		for _, r := range []loyalty.Rule{
			{ID: "joined", Give: loyalty.Fixed{Points: loyalty.Points(n(50))}, OptIn: true},
			{ID: "budget", Give: loyalty.Fixed{Points: loyalty.Points(n(50))}, Budget: loyalty.Points(20 * n(10))},
			{ID: "hours", Give: loyalty.Fixed{Points: 3}, Match: loyalty.Match{
				HoursFrom: hour, HoursUntil: (hour + 480) % 1440, TimezoneOf: loyalty.StoreClock,
			}},
			{ID: "weekend", Give: loyalty.Multiply{By: big.NewRat(2, 1)}, Match: loyalty.Match{
				Weekdays: []time.Weekday{0, 6}, TimezoneOf: loyalty.StoreClock,
			}},
			{ID: "silver", Give: loyalty.Fixed{Points: 9}, Match: loyalty.Match{Tiers: []string{"silver"}}},
		} {
			if rng.IntN(3) > 0 {
				p.Campaigns = append(p.Campaigns, r)
			}
		}
	}
}

// randomOrder returns an order of the last days in a random store.
func (v *versioned) randomOrder(rng *rand.Rand, id string) loyalty.Order {
	o := v.Order(id, "mem_ada", rng.Int64N(30_000))
	if joined := servicetest.Start; rng.IntN(2) == 0 {
		o.PlacedAt = joined.Add(time.Duration(rng.Int64N(1 + int64(v.Now().Sub(joined))))).Truncate(time.Millisecond)
	}
	for _, name := range []string{"Asia/Tokyo", "America/New_York"} {
		if zone, err := time.LoadLocation(name); err == nil && rng.IntN(3) == 0 {
			o.Clock = zone
		}
	}
	return o
}
