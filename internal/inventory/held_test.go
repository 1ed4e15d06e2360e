package inventory_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A scarceReward is a reward with the ID mug that can be redeemed once.
type scarceReward struct {
	Name   string
	Reward loyalty.Reward
	Date   string // the date for which the reward is redeemed; empty if it has no dates
}

// scarce returns scarce rewards of each kind: with one unit, with one place on the first of the given dates, with one
// code, and with a waitlist.
func scarce(dates ...loyalty.RewardDate) []scarceReward {
	dated := loyalty.Reward{ID: "mug", Type: "experience", Cost: 100, Dates: dates}
	pooled, waited := servicetest.Mug(1), servicetest.Mug(1)
	pooled.StockBatches, pooled.Codes.From = nil, loyalty.UploadedCode
	waited.FirstCall = calendar.Period{Hours: 24}
	return []scarceReward{
		{"a unit", servicetest.Mug(1), ""},
		{"a place on a date", dated, dates[0].ID},
		{"a code of a pool", pooled, ""},
		{"a unit with a waitlist", waited, ""},
	}
}

func TestUnitsOfExpiredReservationAreAvailable(t *testing.T) {
	for _, c := range scarce(
		loyalty.RewardDate{ID: "may", At: servicetest.Start.AddDate(0, 6, 0), Capacity: 1},
		loyalty.RewardDate{ID: "june", At: servicetest.Start.AddDate(0, 7, 0), Capacity: 20},
	) {
		t.Run(c.Name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, b *bench) {
				b.Offer(t, c.Reward)
				if c.Reward.Codes.From == loyalty.UploadedCode {
					b.Upload(t, "mug", 1)
				}
				for _, m := range []loyalty.MemberID{"mem_ada", "mem_bob"} {
					b.Enroll(t, m)
					b.Grant(t, m, 2_000)
				}
				for i := range 12 { // expired reservations of another date
					if c.Date != "" {
						b.Take(
							t,
							service.RedemptionRequest{
								ID: fmt.Sprint("rd_june_", i), Member: "mem_ada", Reward: "mug", Date: "june",
							},
						)
						b.Wait(time.Second)
					}
				}
				b.Take(t, service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "mug", Date: c.Date})
				_, err := b.Try(
					t, service.RedemptionRequest{ID: "rd_2", Member: "mem_bob", Reward: "mug", Date: c.Date},
				)
				servicetest.WantRejection(t, err, loyalty.RewardOutOfStock)
				if c.Reward.HasWaitlist() {
					if _, err := (inventory.Waitlists{Ledger: b.Ledger}).Join(
						t.Context(), b.P, "mug", "mem_bob",
					); err != nil {
						t.Fatal(err)
					}
				}
				b.Wait(b.P.Hold - time.Millisecond)
				_, err = b.Try(t, service.RedemptionRequest{ID: "rd_3", Member: "mem_bob", Reward: "mug", Date: c.Date})
				servicetest.WantRejection(t, err, loyalty.RewardOutOfStock)
				b.Wait(time.Millisecond)
				got := b.Take(t, service.RedemptionRequest{ID: "rd_4", Member: "mem_bob", Reward: "mug", Date: c.Date})
				if ids := b.Listed(t, "mug"); len(ids) != 1 || ids[0] != "rd_4" {
					t.Errorf("%+v is reserved, and the list says %v", got, ids)
				}
				b.WantBalance(t, "mem_ada", loyalty.Balance{Active: 2_000})
				b.WantBalance(t, "mem_bob", loyalty.Balance{Active: 1_900, Reserved: 100})
				b.Audit(t, "mem_ada")
			})
		})
	}
}

// Several reservations expire, and as many members reserve the reward at the same instant. No reservation is rejected.
func TestUnitsOfManyExpiredReservationsAreAvailable(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench, scale int) {
		n := 10 * scale
		b.Offer(t, servicetest.Mug(int64(n)))
		b.EnrollAll(t, 2*n)
		servicetest.Spread(16, n, func(i int) {
			if _, err := b.Try(
				t,
				service.RedemptionRequest{
					ID: fmt.Sprint("rd_held_", i), Member: servicetest.Member(n + i), Reward: "mug",
				},
			); err != nil {
				t.Error(err)
			}
		})
		b.Wait(time.Hour)
		if r := b.rush(t, n, half); len(r.got) != n || r.others != 0 {
			t.Errorf(
				"of %d who wanted one of %d units each, %d got one and %d were refused", n, n, len(r.got), r.others,
			)
		}
		b.allPay(t, 2*n, n)
	})
}

// Reservations of earlier releases are not in the list. They can still be committed, canceled and expire.
func TestAReservationThatIsNotListedEndsAllTheSame(t *testing.T) {
	for _, end := range []string{"commit", "cancel", "expire"} {
		b := newBench(t, servicetest.Memory(t))
		b.Offer(t, servicetest.Mug(1))
		b.Enroll(t, "mem_ada")
		b.Grant(t, "mem_ada", 100)
		b.Take(t, service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "mug"})
		it, err := b.Table.Get(t.Context(), table.Key{PK: "P#" + b.P.ID + "#M#mem_ada", SK: "ACCOUNT"})
		if err != nil || !strings.Contains(string(it.Doc), `,"ls":true`) {
			t.Fatalf("%s, %v", it.Doc, err)
		}
		it.Doc = []byte(strings.ReplaceAll(string(it.Doc), `,"ls":true`, ""))
		sk := b.Now().Add(b.P.Hold).UTC().Format("2006-01-02T15:04:05.000Z") + "#rd_1"
		item, err := b.Table.Get(t.Context(), table.Key{PK: "P#" + b.P.ID + "#HELD#mug", SK: sk})
		if err != nil || item.Version != 1 {
			t.Fatal(item, err)
		}
		if err := b.Table.Transact(t.Context(), table.Put(it), table.Delete(item)); err != nil {
			t.Fatal(err)
		}
		switch end {
		case "commit":
			_, err = service.Redemptions{Ledger: b.Ledger}.Commit(t.Context(), b.P, "rd_1", ledger.By{Input: "c"})
		case "cancel":
			_, err = service.Redemptions{Ledger: b.Ledger}.Cancel(t.Context(), b.P, "rd_1", ledger.By{Input: "x"})
		default:
			b.Wait(time.Hour)
			_, err = b.Advance(t.Context(), b.P, "mem_ada")
		}
		if want := map[bool]int64{true: 1}[end == "commit"]; err != nil || b.Spent(t, "mug") != want {
			t.Errorf("%s: %d are spent, %v", end, b.Spent(t, "mug"), err)
		}
	}
}
