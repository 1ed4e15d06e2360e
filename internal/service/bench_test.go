package service_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// The benchmark places an order of three line items on a table in memory. It measures the cost of a command apart from
// I/O.
func BenchmarkPutOrderInMemory(b *testing.B) {
	l := newBench(b, memory(b))
	for i := range 1000 {
		l.enrol(b, member(i))
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		o := l.order(fmt.Sprint("o", n), member(n%1000), 2999)
		o.Lines = append(o.Lines,
			loyalty.Line{ID: "2", SKU: "BEAN-1", Category: "coffee-beans", Quantity: 2, Amount: 2598},
			loyalty.Line{ID: "3", SKU: "BEAN-2", Category: "coffee-beans", Quantity: 1, Amount: 899})
		if _, err := (service.Orders{Ledger: l.Ledger}).Put(
			b.Context(), l.p, o, ledger.By{Actor: "bench"},
		); err != nil {
			b.Fatal(err)
		}
	}
}

// The benchmark redeems a reward immediately, from an account with enough points for all iterations.
func BenchmarkRedeemInMemory(b *testing.B) {
	l := newBench(b, memory(b))
	l.enrol(b, "mem_ada")
	l.grant(b, "mem_ada", loyalty.MaxPoints)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		in := service.RedemptionRequest{ID: fmt.Sprint("rd_", n), Member: "mem_ada", Reward: "sticker", Commit: true}
		if _, err := (service.Redemptions{Ledger: l.Ledger}).Redeem(
			b.Context(), l.p, in, ledger.By{Input: in.ID},
		); err != nil {
			b.Fatal(err)
		}
	}
}

// 32 goroutines redeem the same reward for different members: first a reward with a large stock, then a reward with
// unlimited stock. The difference is the cost of limited stock.
func BenchmarkDrop(b *testing.B) {
	const members = 256
	l := newBench(b, memory(b))
	l.offer(b, mug(1_000_000_000))
	for i := range members {
		l.enrol(b, member(i))
		l.grant(b, member(i), loyalty.MaxPoints)
	}
	run := 0
	for _, reward := range []string{"mug", "sticker"} {
		b.Run(map[string]string{"mug": "limited", "sticker": "unlimited"}[reward], func(b *testing.B) {
			run++
			began := time.Now()
			amongst(32, b.N, func(i int) {
				id := fmt.Sprintf("rd_%d_%d", run, i)
				if _, err := l.try(
					b, service.RedemptionRequest{ID: id, Member: member(i % members), Reward: reward, Commit: true},
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
	l := newBench(b, memory(b))
	l.crowd(b, members)
	for i := range members {
		l.grant(b, member(i), loyalty.MaxPoints)
	}
	served, took := 0, time.Duration(0)
	for run := range b.N {
		r := mug(pieces)
		r.ID, r.Codes = fmt.Sprint("drop-", run), loyalty.Codes{From: loyalty.GeneratedCode}
		l.offer(b, r)
		began := time.Now()
		amongst(64, members, func(i int) {
			in := service.RedemptionRequest{
				ID: fmt.Sprintf("rd_%d_%d", run, i), Member: member(i), Reward: r.ID, Commit: true,
			}
			if _, err := l.try(b, in); err != nil && !errors.Is(err, loyalty.RewardOutOfStock) {
				b.Error(err)
			}
		})
		took += time.Since(began)
		served += members
		if got := l.spent(b, r.ID); got != pieces {
			b.Fatalf("%d of %d units were redeemed", got, pieces)
		}
	}
	b.ReportMetric(float64(served)/took.Seconds(), "takers/s")
}
