package inventory

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/ledgertest"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// The rewards of the tests: a mug with one unit and a waitlist, a poster with one unit, a voucher with uploaded codes,
// and a tour with two dates.
func rewards() []loyalty.Reward {
	one := []loyalty.StockBatch{{Quantity: 1}}
	return []loyalty.Reward{
		{ID: "mug", Type: "free_product", Cost: 1, StockBatches: one, FirstCall: calendar.Period{Hours: 24}},
		{ID: "poster", Type: "free_product", Cost: 1, StockBatches: one},
		{ID: "voucher", Type: "partner", Cost: 1, Codes: loyalty.Codes{From: loyalty.UploadedCode}},
		{ID: "tour", Type: "experience", Cost: 1, Dates: []loyalty.RewardDate{
			{ID: "a", At: noon.Add(time.Hour), Capacity: 1}, {ID: "b", At: noon.Add(2 * time.Hour), Capacity: 1},
		}},
	}
}

func programOf(t *testing.T, rewards ...loyalty.Reward) *loyalty.Program {
	t.Helper()
	p := &loyalty.Program{ID: "p", Version: 1, Zone: time.UTC, Spending: loyalty.Spending{Rewards: rewards}}
	if err := engine.Compile(p); err != nil {
		t.Fatal(err)
	}
	return p
}

// The available stock includes units of expired reservations. Members on the waitlist have priority.
func TestStockThatAMemberCanRedeem(t *testing.T) {
	stock := func(edit func(earn.Budgets)) earn.Budgets {
		s := earn.Budgets{
			"rewards.mug": 1, "rewards.poster": 1, "codes.voucher": 0,
			redeem.KeyOn(&rewards()[3], "a"): 1, redeem.KeyOn(&rewards()[3], "b"): 1,
		}
		edit(s)
		return s
	}
	expired, later := stored.Stamped(noon)+"#rd_1", stored.Stamped(noon.Add(time.Second))+"#rd_1"
	for _, c := range []struct {
		name  string
		m     loyalty.MemberID
		setup func(tab table.Table)
		want  earn.Budgets
	}{
		{"nothing is taken", "mem_ada", func(table.Table) {}, stock(func(earn.Budgets) {})},
		{
			"a unit is taken", "mem_ada", func(tab table.Table) { spend(t, tab, "rewards.poster", 1) },
			stock(func(s earn.Budgets) { s["rewards.poster"] = 0 }),
		},
		{
			"a reservation of a taken unit has expired", "mem_ada", func(tab table.Table) {
				spend(t, tab, "rewards.poster", 1)
				put(t, tab, table.Put(listed("poster", expired, ledger.ListedDoc{Member: "mem_bob"})))
			},
			stock(func(earn.Budgets) {}),
		},
		{
			"a reservation of a taken unit has not expired", "mem_ada", func(tab table.Table) {
				spend(t, tab, "rewards.poster", 1)
				put(t, tab, table.Put(listed("poster", later, ledger.ListedDoc{Member: "mem_bob"})))
			},
			stock(func(s earn.Budgets) { s["rewards.poster"] = 0 }),
		},
		{
			"a reservation of the first date has expired", "mem_ada", func(tab table.Table) {
				spend(t, tab, redeem.KeyOn(&rewards()[3], "a"), 1)
				put(t, tab, table.Put(listed("tour", expired, ledger.ListedDoc{Member: "mem_bob", Date: "a"})))
			},
			stock(func(earn.Budgets) {}),
		},
		{
			"a reservation of the last date has expired", "mem_ada", func(tab table.Table) {
				spend(t, tab, redeem.KeyOn(&rewards()[3], "b"), 1)
				put(t, tab, table.Put(listed("tour", expired, ledger.ListedDoc{Member: "mem_bob", Date: "b"})))
			},
			stock(func(earn.Budgets) {}),
		},
		{
			"a reservation with a code has expired", "mem_ada", func(tab table.Table) {
				put(t, tab, table.Put(listed("voucher", expired, ledger.ListedDoc{Member: "mem_bob"})))
			},
			stock(func(s earn.Budgets) { s["codes.voucher"] = 1 }),
		},
		{
			"the pool has a code", "mem_ada", func(tab table.Table) {
				put(t, tab, table.Put(table.Item{Key: ledger.PoolKey("p", "voucher", "A"), Doc: []byte("{}")}))
				put(t, tab, table.Put(table.Item{Key: ledger.PoolKey("p", "voucher", "B"), Doc: []byte("{}")}))
			},
			stock(func(s earn.Budgets) { s["codes.voucher"] = 1 }),
		},
		{
			"another member waits", "mem_ada", func(tab table.Table) { put(t, tab, waiting("mug", "mem_bob", 0)...) },
			stock(func(s earn.Budgets) { s["turns.mug"] = 0 }),
		},
		{
			"another member waits, without a member", "",
			func(tab table.Table) { put(t, tab, waiting("mug", "mem_bob", 0)...) }, stock(func(earn.Budgets) {}),
		},
		{
			"the member waits", "mem_bob", func(tab table.Table) { put(t, tab, waiting("mug", "mem_bob", 0)...) },
			stock(func(earn.Budgets) {}),
		},
		{
			"another member waits for a taken unit", "mem_ada", func(tab table.Table) {
				spend(t, tab, "rewards.mug", 1)
				put(t, tab, waiting("mug", "mem_bob", 0)...)
			},
			stock(func(s earn.Budgets) { s["rewards.mug"] = 0 }),
		},
		{
			"another member waits for the unit of an expired reservation", "mem_ada", func(tab table.Table) {
				spend(t, tab, "rewards.mug", 1)
				put(t, tab, table.Put(listed("mug", expired, ledger.ListedDoc{Member: "mem_bob"})))
				put(t, tab, waiting("mug", "mem_bob", 0)...)
			},
			stock(func(s earn.Budgets) { s["turns.mug"] = 0 }),
		},
		{
			"the call of another member has ended", "mem_ada", func(tab table.Table) {
				put(t, tab, waiting("mug", "mem_bob", stored.Millis(noon.Add(-24*time.Hour)))...)
			},
			stock(func(earn.Budgets) {}),
		},
	} {
		l := ledgertest.New(t).Ledger
		c.setup(l.Table)
		got, err := Stock{l}.CountsFor(t.Context(), programOf(t, rewards()...), c.m)
		if err != nil || !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.name, got, err, c.want)
		}
	}
}

// A waitlist is read as far as there is stock, beyond the first page.
func TestStockForALongWaitlist(t *testing.T) {
	for _, c := range []struct {
		units, waiting int
		turn           bool // whether a member who does not wait can redeem
	}{
		{CallsAtOnce, CallsAtOnce - 1, true},
		{CallsAtOnce, CallsAtOnce, false},
		{CallsAtOnce + 1, CallsAtOnce, true},
		{CallsAtOnce + 1, CallsAtOnce + 1, false},
		{CallsAtOnce + 2, CallsAtOnce + 1, true},
	} {
		l := ledgertest.New(t).Ledger
		mug := rewards()[0]
		mug.StockBatches = []loyalty.StockBatch{{Quantity: int64(c.units)}}
		for i := range c.waiting {
			put(t, l.Table, waiting("mug", fmt.Sprintf("mem_%02d", i), 0)...)
		}
		p := programOf(t, mug)
		got, err := Stock{l}.CountsFor(t.Context(), p, "mem_ada")
		_, refused := got["turns.mug"]
		if err != nil || refused == c.turn || got["rewards.mug"] != loyalty.Points(c.units) {
			t.Errorf("%d units, %d waiting members: %v, %v", c.units, c.waiting, got, err)
		}
		last := loyalty.MemberID(fmt.Sprintf("mem_%02d", c.waiting-1))
		if got, err := (Stock{l}).CountsFor(t.Context(), p, last); err != nil || len(got) != 1 {
			t.Errorf("%d units, the last of %d waiting members: %v, %v", c.units, c.waiting, got, err)
		}
	}
}

// Expired reservations are found in batches, in the order of their expiries.
func TestExpiredReservationsAreFound(t *testing.T) {
	mug := &rewards()[0]
	for _, n := range []int{0, 1, expiredAtOnce - 1, expiredAtOnce, expiredAtOnce + 1, 2 * expiredAtOnce} {
		l := ledgertest.New(t).Ledger
		for i := range n {
			sk := stored.Stamped(noon.Add(time.Duration(i-n)*time.Second)) + "#rd"
			put(t, l.Table, table.Put(listed("mug", sk, ledger.ListedDoc{Member: fmt.Sprint(i)})))
		}
		put(t, l.Table, table.Put(listed("mug", stored.Stamped(noon.Add(time.Millisecond)), ledger.ListedDoc{})))
		found, all := 0, false
		for before := (ExpiredHolds{}); !all && found <= n; {
			var got ExpiredHolds
			if err := (Stock{l}).Expired(t.Context(), "p", mug, before); !errors.As(err, &got) {
				t.Fatal(err)
			}
			for i, it := range got.holds {
				if d, err := readListed(it); err != nil || d.Member != fmt.Sprint(found+i) {
					t.Errorf("of %d, reservation %d is %+v, %v", n, found+i, d, err)
				}
			}
			found += len(got.holds)
			before, all = got, got.All
			if len(got.holds) > expiredAtOnce || got.All != (len(got.holds) < expiredAtOnce) {
				t.Errorf("of %d, %d are found, all %t", n, len(got.holds), got.All)
			}
		}
		if found != n {
			t.Errorf("%d of %d are found", found, n)
		}
	}
	l := ledgertest.New(t).Ledger
	if err := (Stock{l}).ReleaseExpired(t.Context(), programOf(t), ExpiredHolds{holds: []table.Item{
		listed("mug", "x", ledger.ListedDoc{Member: "mem_eve"}),
	}}); !errors.Is(err, loyalty.NotFound) {
		t.Errorf("an unknown member: %v", err)
	}
	if err := (Stock{l}).ReleaseExpired(
		t.Context(), programOf(t), ExpiredHolds{holds: []table.Item{{Doc: []byte(`{"m":5}`)}}},
	); err == nil {
		t.Error("a reservation is damaged")
	}
}

// waitlist returns a ledger with a program of a mug without units, and members who are enrolled.
func waitlist(t *testing.T, ms ...loyalty.MemberID) (Waitlists, *ledgertest.Bench, *loyalty.Program) {
	t.Helper()
	b := ledgertest.New(t)
	l := b.Ledger
	p := programOf(t, rewards()...)
	for _, m := range ms {
		if _, err := (members.Members{Ledger: l}).Enroll(
			t.Context(), p, members.Enrollment{Member: m}, ledger.By{Input: string(m)},
		); err != nil {
			t.Fatal(err)
		}
	}
	spend(t, l.Table, "rewards.mug", 1)
	return Waitlists{l}, b, p
}

// A member joins a waitlist while the reward is out of stock, or the stock is for other members.
func TestRequestToJoinAWaitlist(t *testing.T) {
	for _, c := range []struct {
		name     string
		reward   string
		m        loyalty.MemberID
		setup    func(ws Waitlists)
		code     loyalty.Code
		position int
		replayed bool
	}{
		{"out of stock", "mug", "mem_ada", func(Waitlists) {}, "", 1, false},
		{"an unknown reward", "cup", "mem_ada", func(Waitlists) {}, loyalty.NotFound, 0, false},
		{
			"a reward without a waitlist", "poster", "mem_ada",
			func(ws Waitlists) { spend(t, ws.Table, "rewards.poster", 1) }, loyalty.ValidationFailed, 0, false,
		},
		{"an unknown member", "mug", "mem_eve", func(Waitlists) {}, loyalty.NotFound, 0, false},
		{
			"after another member", "mug", "mem_ada",
			func(ws Waitlists) { put(t, ws.Table, waiting("mug", "0", 0)...) }, "", 2, false,
		},
		{
			"a member who waits", "mug", "mem_ada",
			func(ws Waitlists) { put(t, ws.Table, waiting("mug", "mem_ada", 0)...) }, "", 1, true,
		},
		{
			"in stock", "mug", "mem_ada", func(ws Waitlists) { spend(t, ws.Table, "rewards.mug", -1) },
			loyalty.ValidationFailed, 0, true,
		},
		{
			"in stock for another member", "mug", "mem_ada", func(ws Waitlists) {
				spend(t, ws.Table, "rewards.mug", -1)
				put(t, ws.Table, waiting("mug", "0", 0)...)
			}, "", 2, false,
		},
	} {
		ws, _, p := waitlist(t, "mem_ada")
		c.setup(ws)
		at, err := ws.Join(t.Context(), p, c.reward, c.m)
		wantRejection(t, c.name, err, c.code)
		if at.Position != c.position || err == nil && (at.Replayed != c.replayed || !at.Waits || at.Since.IsZero()) {
			t.Errorf("%s: %+v", c.name, at)
		}
	}
}

// A write that is lost or conflicts is repeated.
func TestWaitlistAfterAFailedWrite(t *testing.T) {
	for _, failed := range []error{&table.ConflictError{}, table.ErrBusy} {
		ws, b, p := waitlist(t, "mem_ada")
		busy := errors.Is(failed, table.ErrBusy)
		b.Fail = []error{failed}
		at, err := ws.Join(t.Context(), p, "mug", "mem_ada")
		if busy != errors.Is(err, ledger.ErrTryAgain) || !busy && (err != nil || at.Position != 1) {
			t.Errorf("join after %v: %+v, %v", failed, at, err)
		}
		if _, err := ws.Join(t.Context(), p, "mug", "mem_ada"); err != nil {
			t.Fatal(err)
		}
		b.Fail = []error{failed}
		at, err = ws.Leave(t.Context(), p, "mug", "mem_ada")
		if busy != errors.Is(err, ledger.ErrTryAgain) || !busy && (err != nil || at.Waits) {
			t.Errorf("leave after %v: %+v, %v", failed, at, err)
		}
		if at, err := ws.Place(t.Context(), p, "mug", "mem_ada"); err != nil || at.Waits != busy {
			t.Errorf("after %v: %+v, %v", failed, at, err)
		}
		if at, err := ws.Leave(t.Context(), p, "mug", "mem_ada"); err != nil || at.Waits || at.Member != "mem_ada" {
			t.Errorf("leave again: %+v, %v", at, err)
		}
	}
}

// A member waits until the end of the claim period, exclusive.
func TestPlaceOnAWaitlist(t *testing.T) {
	for _, c := range []struct {
		name   string
		called time.Time
		waits  bool
	}{
		{"not called", time.Time{}, true},
		{"called now", noon, true},
		{"before the end", noon.Add(-24*time.Hour + time.Millisecond), true},
		{"at the end", noon.Add(-24 * time.Hour), false},
	} {
		ws, _, p := waitlist(t, "mem_ada")
		put(t, ws.Table, waiting("mug", "mem_ada", stored.Millis(c.called))...)
		at, err := ws.Place(t.Context(), p, "mug", "mem_ada")
		ends := c.called.Add(24 * time.Hour)
		if c.called.IsZero() || !c.waits {
			ends = time.Time{}
		}
		if err != nil || at.Waits != c.waits || !at.CallEnds.Equal(ends) || at.Position > 0 != c.waits {
			t.Errorf("%s: %+v, %v", c.name, at, err)
		}
		place, waiter, err := ws.standing(t.Context(), "p", "mug", "mem_ada")
		if err != nil || place.Version > 0 != c.waits || waiter.Version > 0 != c.waits {
			t.Errorf("%s: the member has the items %+v and %+v, %v", c.name, place, waiter, err)
		}
		for reward, n := range map[string]int{"mug": 2, "poster": 0} {
			r, _ := redeem.FindReward(p.Rewards, reward)
			ops, err := ws.Leaving(t.Context(), "p", &r, "mem_ada")
			if !c.waits {
				n = 0
			}
			if err != nil || len(ops) != n {
				t.Errorf(
					"%s: %d operations remove the member from the waitlist of %s, %v", c.name, len(ops), reward, err,
				)
			}
		}
	}
	ws, _, p := waitlist(t, "mem_ada")
	_, err := ws.Place(t.Context(), p, "cup", "mem_ada")
	wantRejection(t, "an unknown reward", err, loyalty.NotFound)
	put(t, ws.Table, table.Put(table.Item{Key: placeKey("p", "mug", "mem_ada"), Doc: []byte(`{"sk":"gone"}`)}))
	if at, err := ws.Place(t.Context(), p, "mug", "mem_ada"); err != nil || at.Waits {
		t.Errorf("a place that is not in the list: %+v, %v", at, err)
	}
	if at, err := ws.Leave(t.Context(), p, "mug", "mem_ada"); err != nil || at.Waits {
		t.Errorf("a place that is not in the list: %+v, %v", at, err)
	}
}

// RecordCalled removes the members whose claim periods are over, and records the called members, at most CallsAtOnce
// of each.
func TestRecordOfCalledMembers(t *testing.T) {
	for _, n := range []int{CallsAtOnce, CallsAtOnce + 1} {
		ws, _, p := waitlist(t)
		mug, _ := redeem.FindReward(p.Rewards, "mug")
		over := stored.Millis(noon.Add(-24 * time.Hour))
		var call redeem.Call
		before := map[int]int64{1: stored.Millis(noon.Add(-time.Hour))} // a member who was called before
		for i := range n {
			lost, called := fmt.Sprintf("lost_%02d", i), fmt.Sprintf("mem_%02d", i)
			put(t, ws.Table, waiting("mug", lost, over)...)
			put(t, ws.Table, waiting("mug", called, before[i])...)
			call.Lost = append(call.Lost, redeem.WaitlistEntry{Member: memberID(lost)})
			call.Called = append(call.Called, redeem.WaitlistEntry{Member: memberID(called)})
		}
		call.Called[0].Member = "mem_eve" // who has left meanwhile
		if err := ws.RecordCalled(t.Context(), p, &mug, call); err != nil {
			t.Fatal(err)
		}
		rest, called := 0, 0
		for it, err := range ws.Entries(t.Context(), "p", "mug", 100) {
			if err != nil {
				t.Fatal(err)
			}
			w, err := readWaiter(it)
			if err != nil {
				t.Fatal(err)
			}
			rest++
			if w.Called.Equal(noon) {
				called++
			}
		}
		if rest != n+n-CallsAtOnce || called != CallsAtOnce-2 {
			t.Errorf("of %d, %d wait and %d are called", n, rest, called)
		}
	}
}
