package service_test

import (
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// A page reads the items that it returns, and one more to know whether there is another page.
func TestAPageReadsNoMoreItemsThanItWasAskedFor(t *testing.T) {
	const rows, limit = 40, 21
	meter := &tabletest.Meter{Table: servicetest.Memory(t)}
	b := newBench(t, meter)
	codes := b.EnrollReferrers(t, 1)
	parcel := servicetest.Mug(0)
	parcel.StockBatches, parcel.Manual = nil, true
	b.Offer(t, parcel)
	b.Grant(t, servicetest.Member(0), 100_000)
	for i := range rows {
		in := members.Enrollment{Member: servicetest.Member(i + 1), Code: codes[0]}
		if _, err := (members.Members{Ledger: b.Ledger}).Enroll(
			t.Context(), b.P, in, ledger.By{Input: fmt.Sprint(i)},
		); err != nil {
			t.Fatal(err)
		}
		b.Take(
			t,
			service.RedemptionRequest{
				ID: fmt.Sprint("rd_", i), Member: servicetest.Member(0), Reward: "mug", Commit: true, Address: kiel,
			},
		)
		published := catalog.Published{Program: b.P.ID, Source: []byte("x"), Snapshot: []byte("{}"), By: "test"}
		if err := (catalog.Catalog{Ledger: b.Ledger}).Publish(t.Context(), published, i); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		Items int // items that are read for each row
		Count func() int
	}{
		"a statement": {
			1, func() int {
				return length(
					t, ledger.Statements{Ledger: b.Ledger}.List(t.Context(), b.P.ID, servicetest.Member(0), 0, limit),
				)
			},
		},
		"its second page": {
			1, func() int {
				return length(
					t, ledger.Statements{Ledger: b.Ledger}.List(t.Context(), b.P.ID, servicetest.Member(0), 30, limit),
				)
			},
		},
		"friends": {2, func() int { return friends(t, b, limit) }},
		"open fulfillments": {
			1, func() int {
				return length(
					t, service.Fulfillments{Ledger: b.Ledger}.List(t.Context(), b.P.ID, redeem.Ordered, "", limit),
				)
			},
		},
		"versions": {1, func() int {
			return length(t, catalog.Catalog{Ledger: b.Ledger}.Versions(t.Context(), b.P.ID, 0, limit))
		}},
		"versions before one": {
			1, func() int {
				return length(t, catalog.Catalog{Ledger: b.Ledger}.Versions(t.Context(), b.P.ID, 30, limit))
			},
		},
	} {
		meter.Take()
		if n := c.Count(); n != limit {
			t.Errorf("%s has %d rows", name, n)
		}
		if u := meter.Take(); u.Items != limit*c.Items {
			t.Errorf("%s of %d reads %d items", name, limit, u.Items)
		}
	}
}

func friends(t *testing.T, b *bench, limit int) int {
	t.Helper()
	list, err := members.Referrals{Ledger: b.Ledger}.Friends(t.Context(), b.P, servicetest.Member(0), "", limit)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func length[T any](t *testing.T, list iter.Seq2[T, error]) (n int) {
	t.Helper()
	for _, err := range list {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// A read of a waitlist reads only as many of the first members as can claim the stock, and never the whole list.
func TestOfALongWaitingListTheBeginningIsRead(t *testing.T) {
	meter := &tabletest.Meter{Table: servicetest.Memory(t)}
	b := newBench(t, meter)
	r := servicetest.Mug(1)
	r.FirstCall = calendar.Period{Hours: 24}
	b.Offer(t, r)
	b.Enroll(t, "mem_ada")
	b.Grant(t, "mem_ada", 1_000)
	b.Take(t, service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "mug"})
	for i := range 70 {
		b.Enroll(t, servicetest.Member(i))
		if _, err := (inventory.Waitlists{Ledger: b.Ledger}).Join(
			t.Context(), b.P, "mug", servicetest.Member(i),
		); err != nil {
			t.Fatal(err)
		}
		b.Wait(time.Second)
	}
	b.Cancel(t, "rd_1")
	for i, want := range map[int]bool{0: true, 1: false, 69: false} {
		meter.Take()
		left, err := inventory.Stock{Ledger: b.Ledger}.CountsFor(t.Context(), b.P, servicetest.Member(i))
		if _, waits := left[r.TurnKey()]; err != nil || waits == want {
			t.Errorf("member %d: %v, %v", i, left, err)
		}
		if u := meter.Take(); u.Items > ledger.BudgetShards+25 {
			t.Errorf("%d items were read", u.Items)
		}
	}
}
