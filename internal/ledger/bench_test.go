package ledger_test

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// One order of three lines through the ledger onto a table in memory: what a command costs beyond its I/O.
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
		if _, err := l.PutOrder(b.Context(), l.p, o, ledger.By{Actor: "bench"}); err != nil {
			b.Fatal(err)
		}
	}
}

// A reward taken at once, from an account that can pay for long.
func BenchmarkRedeemInMemory(b *testing.B) {
	l := newBench(b, memory(b))
	l.enrol(b, "mem_ada")
	l.grant(b, "mem_ada", loyalty.MaxPoints)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		in := ledger.RedemptionRequest{ID: fmt.Sprint("rd_", n), Member: "mem_ada", Reward: "sticker", Commit: true}
		if _, err := l.Redeem(b.Context(), l.p, in, ledger.By{Input: in.ID}); err != nil {
			b.Fatal(err)
		}
	}
}
