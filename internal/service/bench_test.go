package service_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

// The benchmark places an order of three line items on a table in memory. It measures the cost of a command apart from
// I/O.
func BenchmarkPutOrderInMemory(b *testing.B) {
	l := newBench(b, servicetest.Memory(b))
	for i := range 1000 {
		l.Enroll(b, servicetest.Member(i))
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		o := l.Order(fmt.Sprint("o", n), servicetest.Member(n%1000), 2999)
		o.Lines = append(o.Lines,
			loyalty.Line{ID: "2", SKU: "BEAN-1", Category: "coffee-beans", Quantity: 2, Amount: 2598},
			loyalty.Line{ID: "3", SKU: "BEAN-2", Category: "coffee-beans", Quantity: 1, Amount: 899})
		if _, err := (service.Orders{Ledger: l.Ledger}).Put(
			b.Context(), l.P, o, ledger.By{Actor: "bench"},
		); err != nil {
			b.Fatal(err)
		}
	}
}

// The benchmark redeems a reward immediately, from an account with enough points for all iterations.
func BenchmarkRedeemInMemory(b *testing.B) {
	l := newBench(b, servicetest.Memory(b))
	l.Enroll(b, "mem_ada")
	l.Grant(b, "mem_ada", loyalty.MaxPoints)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		in := service.RedemptionRequest{ID: fmt.Sprint("rd_", n), Member: "mem_ada", Reward: "sticker", Commit: true}
		if _, err := (service.Redemptions{Ledger: l.Ledger}).Redeem(
			b.Context(), l.P, in, ledger.By{Input: in.ID},
		); err != nil {
			b.Fatal(err)
		}
	}
}

// 32 goroutines redeem the same reward for different members: first a reward with a large stock, then a reward with
// unlimited stock. The difference is the cost of limited stock.
func BenchmarkDrop(b *testing.B) {
	const members = 256
	l := newBench(b, servicetest.Memory(b))
	l.Offer(b, servicetest.Mug(1_000_000_000))
	for i := range members {
		l.Enroll(b, servicetest.Member(i))
		l.Grant(b, servicetest.Member(i), loyalty.MaxPoints)
	}
	run := 0
	for _, reward := range []string{"mug", "sticker"} {
		b.Run(map[string]string{"mug": "limited", "sticker": "unlimited"}[reward], func(b *testing.B) {
			run++
			began := time.Now()
			servicetest.Spread(32, b.N, func(i int) {
				id := fmt.Sprintf("rd_%d_%d", run, i)
				if _, err := l.Try(
					b,
					service.RedemptionRequest{
						ID: id, Member: servicetest.Member(i % members), Reward: reward, Commit: true,
					},
				); err != nil {
					b.Error(err)
				}
			})
			b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "takers/s")
		})
	}
}

// A launch: 5,000 members request one of 500 units at the same time, each with its own code.
func BenchmarkDropOf500Under5000(b *testing.B) {
	const pieces, members = 500, 5_000
	l := newBench(b, servicetest.Memory(b))
	l.EnrollAll(b, members)
	for i := range members {
		l.Grant(b, servicetest.Member(i), loyalty.MaxPoints)
	}
	served, took := 0, time.Duration(0)
	for run := range b.N {
		r := servicetest.Mug(pieces)
		r.ID, r.Codes = fmt.Sprint("drop-", run), loyalty.Codes{From: loyalty.GeneratedCode}
		l.Offer(b, r)
		began := time.Now()
		servicetest.Spread(64, members, func(i int) {
			in := service.RedemptionRequest{
				ID: fmt.Sprintf("rd_%d_%d", run, i), Member: servicetest.Member(i), Reward: r.ID, Commit: true,
			}
			if _, err := l.Try(b, in); err != nil && !errors.Is(err, loyalty.RewardOutOfStock) {
				b.Error(err)
			}
		})
		took += time.Since(began)
		served += members
		if got := l.Spent(b, r.ID); got != pieces {
			b.Fatalf("%d of %d units were redeemed", got, pieces)
		}
	}
	b.ReportMetric(float64(served)/took.Seconds(), "takers/s")
}
