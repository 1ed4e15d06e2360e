package dynamotable_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable/dynamotest"
)

// BenchmarkTransact commits an entry and its account. Each writer has its own account.
func BenchmarkTransact(b *testing.B) {
	tab := dynamotest.Open(b)
	for _, writers := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("two puts/%d writers", writers), func(b *testing.B) {
			run := rand.Text()[:8]
			var next atomic.Int64
			var all sync.WaitGroup
			b.ReportAllocs()
			for w := range writers {
				account := table.Item{Key: table.Key{PK: fmt.Sprint(run, "M", w), SK: "ACCOUNT"}}
				account.Doc = json.RawMessage(`{"active":120,"lots":[{"at":"2027-12-31","points":120}]}`)
				all.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						entry := table.Item{
							Key: table.Key{PK: fmt.Sprint(run, "O#", n), SK: "000001"}, Doc: account.Doc,
						}
						if err := tab.Transact(b.Context(), table.Put(entry), table.Put(account)); err != nil {
							b.Error(err)
							return
						}
						account.Version++
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "transactions/s")
		})
	}
}

func BenchmarkGet(b *testing.B) {
	tab := dynamotest.Open(b)
	it := item("a", 0)
	if err := tab.Transact(b.Context(), table.Put(it)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tab.Get(b.Context(), it.Key); err != nil {
			b.Fatal(err)
		}
	}
}
