package service_test

import (
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

const kiel = "~the encrypted address"

// posted offers a mug that is sent to an address, and enrolls a member with points.
func (b *bench) posted(tb testing.TB) {
	r := servicetest.Mug(5)
	r.Manual, r.Address = true, true
	b.Offer(tb, r)
	b.Enroll(tb, "mem_ada")
	b.Grant(tb, "mem_ada", 1_000)
}

// fulfill updates a fulfillment, and repeats the request until it is answered, as a caller does.
func (b *bench) fulfil(tb testing.TB, id string, to redeem.FulfillmentStatus) (service.RedemptionResult, error) {
	for {
		r, err := service.Fulfillments{Ledger: b.Ledger}.Fulfill(
			tb.Context(), b.P, id, to, "", ledger.By{Actor: "test"},
		)
		if !errors.Is(err, ledger.ErrTryAgain) {
			return r, err
		}
	}
}

func (b *bench) open(tb testing.TB, s redeem.FulfillmentStatus) (ids []string) {
	for h, err := range (service.Fulfillments{Ledger: b.Ledger}).List(tb.Context(), b.P.ID, s, "", 0) {
		if err != nil {
			tb.Fatal(err)
		}
		ids = append(ids, h.Redemption)
	}
	return ids
}

func TestShippingAndCancelingAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.posted(t)
		for round := range 5 {
			id := fmt.Sprint("rd_", round)
			before := b.Balance(t, "mem_ada").Active
			b.Take(t, service.RedemptionRequest{ID: id, Member: "mem_ada", Reward: "mug", Commit: true, Address: kiel})
			errs := servicetest.InParallel(10, func(i int) error {
				to := redeem.Shipped
				if i%2 == 0 {
					to = redeem.FulfillmentCanceled
				}
				_, err := b.fulfil(t, id, to)
				return err
			})
			h, err := service.Fulfillments{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, "mem_ada", id)
			if err != nil || len(h.Steps) != 2 {
				t.Fatalf("%+v, %v", h, err)
			}
			cancelled := h.Status == redeem.FulfillmentCanceled
			for i, err := range errs {
				if won := (i%2 == 0) == cancelled; won != (err == nil) {
					t.Errorf("it is %s, and request %d returned %v", h.Status, i, err)
				}
				if err != nil {
					servicetest.WantRejection(t, err, loyalty.InvalidFulfillmentTransition)
				}
			}
			want := before - 100
			if cancelled {
				want = before
			}
			if got := b.Balance(t, "mem_ada").Active; got != want {
				t.Errorf("it is %s, and %d points are left of %d", h.Status, got, before)
			}
		}
		if err := (ledger.Statements{Ledger: b.Ledger}).Audit(t.Context(), b.P.ID, "mem_ada"); err != nil {
			t.Error(err)
		}
	})
}

func TestAnOrderThatIsRefundedIsNotSent(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.posted(t)
		for _, id := range []string{"rd_1", "rd_2"} {
			b.Take(t, service.RedemptionRequest{ID: id, Member: "mem_ada", Reward: "mug", Commit: true, Address: kiel})
		}
		if _, err := b.fulfil(t, "rd_2", redeem.Shipped); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"rd_1", "rd_2"} {
			if _, err := (service.Redemptions{Ledger: b.Ledger}).Reverse(
				t.Context(), b.P, id, big.NewRat(1, 1), ledger.By{Input: id},
			); err != nil {
				t.Fatal(err)
			}
		}
		if ordered, shipped := b.open(t, redeem.Ordered), b.open(t, redeem.Shipped); len(ordered) != 0 ||
			len(shipped) != 1 || shipped[0] != "rd_2" {
			t.Errorf("ordered are %v, shipped %v", ordered, shipped)
		}
	})
}

// The encrypted address is in one item, which can be deleted, and in no entry.
func TestAnAddressIsInNoEntry(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	b.posted(t)
	b.Take(t, service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "mug", Commit: true, Address: kiel})
	b.Take(t, service.RedemptionRequest{ID: "rd_2", Member: "mem_ada", Reward: "mug", Address: kiel})
	if _, err := (service.Redemptions{Ledger: b.Ledger}).Commit(
		t.Context(), b.P, "rd_2", ledger.By{Input: "c"},
	); err != nil {
		t.Fatal(err)
	}
	var dump strings.Builder
	if err := b.Table.(interface{ Dump(io.Writer) error }).Dump(&dump); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(dump.String()) {
		personal := strings.Contains(line, kiel)
		if item := strings.Contains(line, `"P#bluebird#M#mem_ada" "FULFIL#rd_`); personal != item {
			t.Error(line)
		}
	}
	// After the item was deleted, an update is rejected, and the ledger continues to work.
	it, err := b.Table.Get(t.Context(), table.Key{PK: "P#bluebird#M#mem_ada", SK: "FULFIL#rd_1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Table.Transact(t.Context(), table.Delete(it)); err != nil {
		t.Fatal(err)
	}
	_, err = b.fulfil(t, "rd_1", redeem.Shipped)
	servicetest.WantRejection(t, err, loyalty.InvalidFulfillmentTransition)
}

// The address of a reservation expires in the table unless the reservation is committed.
func TestTheAddressOfAReservationIsDropped(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	b.posted(t)
	b.Take(t, service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "mug", Address: kiel})
	key := table.Key{PK: "P#bluebird#M#mem_ada", SK: "FULFIL#rd_1"}
	it, err := b.Table.Get(t.Context(), key)
	if err != nil || it.Expires.IsZero() || !it.Index.IsZero() {
		t.Errorf("reserved: %+v, %v", it, err)
	}
	if _, err := (service.Redemptions{Ledger: b.Ledger}).Commit(
		t.Context(), b.P, "rd_1", ledger.By{Input: "c"},
	); err != nil {
		t.Fatal(err)
	}
	it, err = b.Table.Get(t.Context(), key)
	if err != nil || !it.Expires.IsZero() || it.Index.IsZero() {
		t.Errorf("committed: %+v, %v", it, err)
	}
}

// In addition to the redemption, the item of the fulfillment and its position in the list are written.
func TestTheUnitsThatAFulfillmentCosts(t *testing.T) {
	meter := &tabletest.Meter{Table: servicetest.Memory(t)}
	b := newBench(t, meter)
	r := servicetest.Mug(0)
	r.StockBatches, r.Manual = nil, true
	b.Offer(t, r)
	b.Enroll(t, "mem_ada")
	b.Grant(t, "mem_ada", 1_000)
	meter.Take()
	b.Take(t, service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "mug", Commit: true, Address: kiel})
	if u := meter.Take(); u.Read > 1 || u.Write > 8 {
		t.Errorf("to order costs %g read and %g write units", u.Read, u.Write)
	}
	if _, err := b.fulfil(t, "rd_1", redeem.Shipped); err != nil {
		t.Fatal(err)
	}
	if u := meter.Take(); u.Read > 2 || u.Write > 3 {
		t.Errorf("to ship costs %g read and %g write units", u.Read, u.Write)
	}
}
