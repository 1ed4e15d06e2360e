package inventory_test

import (
	"fmt"
	"math/big"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// The stated stock of a reward agrees with the result of redeeming it.
func TestStatedStockCanBeRedeemed(t *testing.T) {
	for _, c := range scarce(loyalty.RewardDate{ID: "may", At: servicetest.Start.AddDate(1, 0, 0), Capacity: 1}) {
		t.Run(c.Name, func(t *testing.T) {
			b := newBench(t, servicetest.Memory(t))
			b.Offer(t, c.Reward)
			ids := []loyalty.MemberID{"mem_ada", "mem_bob", "mem_eve"}
			for _, m := range ids {
				b.Enroll(t, m)
				b.Grant(t, m, 1_000)
			}
			says := func(m loyalty.MemberID, lacks ...loyalty.Requirement) {
				t.Helper()
				left, err := inventory.Stock{Ledger: b.Ledger}.CountsFor(t.Context(), b.P, m)
				got, other := members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, m)
				if err != nil || other != nil {
					t.Fatal(err, other)
				}
				q := engine.Available(b.P, got.Account, c.Reward, loyalty.Redemption{}, left, b.Now())
				if len(q.Unmet) != len(lacks) || len(lacks) > 0 && q.Unmet[0].Requirement != lacks[0] {
					t.Errorf("%s lacks %+v, want %v", m, q.Unmet, lacks)
				}
			}
			if c.Reward.Codes.From == loyalty.UploadedCode {
				says("mem_ada", loyalty.RequirementStock)
				b.Upload(t, "mug", 1)
			}
			says("mem_ada")
			b.Take(t, service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "mug", Date: c.Date})
			says("mem_bob", loyalty.RequirementStock)
			if c.Reward.HasWaitlist() {
				if _, err := (inventory.Waitlists{Ledger: b.Ledger}).Join(
					t.Context(), b.P, "mug", "mem_bob",
				); err != nil {
					t.Fatal(err)
				}
			}
			b.Wait(time.Hour)
			says("mem_bob")
			if c.Reward.HasWaitlist() {
				says("mem_eve", loyalty.RequirementWaitlist)
				_, err := b.Try(t, service.RedemptionRequest{ID: "rd_2", Member: "mem_eve", Reward: "mug"})
				servicetest.WantRejection(t, err, loyalty.RewardOutOfStock)
				says("mem_eve", loyalty.RequirementWaitlist)
			}
			b.Take(t, service.RedemptionRequest{ID: "rd_3", Member: "mem_bob", Reward: "mug", Date: c.Date})
			says("mem_eve", loyalty.RequirementStock)
		})
	}
}

func TestCostOfReadingStock(t *testing.T) {
	meter := &tabletest.Meter{Table: servicetest.Memory(t)}
	b := newBench(t, meter)
	b.Enroll(t, "mem_ada")
	cost := func(r loyalty.Reward) float64 {
		t.Helper()
		b.Offer(t, r)
		meter.Take()
		if _, err := (inventory.Stock{Ledger: b.Ledger}).CountsFor(t.Context(), b.P, "mem_ada"); err != nil {
			t.Fatal(err)
		}
		return meter.Take().Read
	}
	pooled, waited := servicetest.Mug(0), servicetest.Mug(5)
	pooled.StockBatches, pooled.Codes.From = nil, loyalty.UploadedCode
	waited.FirstCall = calendar.Period{Hours: 24}
	base := cost(servicetest.Mug(5)) // the cost of its counters
	for _, c := range []struct {
		Name string
		Read float64
		Got  float64
	}{
		{"none left", 2, cost(servicetest.Mug(0))},
		{"a pool that is empty", 2, cost(pooled)},
		{"an empty waitlist", 2, cost(waited)},
	} {
		if c.Got != c.Read {
			t.Errorf("%s: %g reads, want %g; units alone are %g", c.Name, c.Got, c.Read, base)
		}
	}
	b.Upload(t, "mug", 3)
	if got := cost(pooled); got != 1 {
		t.Errorf("a pool with codes: %g reads", got)
	}
}

// A quote takes two sequential steps for every kind of reward, in stock or not. This holds also if the reservation of
// the last unit, seat or code has expired, if members wait, and if a campaign has a budget.
func TestAQuoteTakesTwoSteps(t *testing.T) {
	dates := []loyalty.RewardDate{
		{ID: "may", At: servicetest.Start.AddDate(1, 0, 0), Capacity: 1},
		{ID: "june", At: servicetest.Start.AddDate(1, 1, 0), Capacity: 9},
	}
	for _, held := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			meter := &tabletest.Meter{Table: servicetest.Memory(t), Bubble: true}
			b := newBench(t, meter)
			b.SetCampaign(
				t, loyalty.Rule{ID: "double", Give: loyalty.Multiply{By: big.NewRat(2, 1)}, Budget: 1_000_000},
			)
			b.Enroll(t, "mem_ada")
			b.Grant(t, "mem_ada", 1_000)
			for i, c := range scarce(dates...) {
				c.Reward.ID = fmt.Sprint("reward", i)
				b.Offer(t, c.Reward)
				if c.Reward.Codes.From == loyalty.UploadedCode {
					b.Upload(t, c.Reward.ID, 1)
				}
				if !held {
					continue
				}
				b.Take(
					t,
					service.RedemptionRequest{
						ID: fmt.Sprint("rd_", i), Member: "mem_ada", Reward: c.Reward.ID, Date: c.Date,
					},
				)
				if c.Reward.HasWaitlist() {
					if _, err := (inventory.Waitlists{Ledger: b.Ledger}).Join(
						t.Context(), b.P, c.Reward.ID, "mem_ada",
					); err != nil {
						t.Fatal(err)
					}
				}
			}
			b.Wait(time.Hour)       // the expiry of the reservations is not recorded yet
			b.Balance(t, "mem_ada") // caches the key of the program
			meter.Take()
			q, err := service.Quotes{Ledger: b.Ledger}.Quote(t.Context(), b.P, b.Order("1042", "mem_ada", 10_000))
			if err != nil || q.Points != 200 || len(q.Rewards) != 6 || q.Profile.Member != "mem_ada" {
				t.Fatalf("%+v, %v", q, err)
			}
			for _, r := range q.Rewards {
				if len(r.Unmet) > 0 && r.Reward.ID != "five-off" {
					t.Errorf("%s lacks %+v", r.Reward.ID, r.Unmet)
				}
			}
			u := meter.Take()
			t.Logf("held %t: %+v", held, u)
			if u.Steps != 2 {
				t.Errorf("a quote took %d steps and %d calls, held %t", u.Steps, u.Calls, held)
			}
			if _, err := (inventory.Stock{Ledger: b.Ledger}).CountsFor(t.Context(), b.P, "mem_ada"); err != nil {
				t.Fatal(err)
			}
			if u := meter.Take(); u.Steps != 2 {
				t.Errorf("StockFor took %d steps and %d calls, held %t", u.Steps, u.Calls, held)
			}
		})
	}
}
