package local

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// BenchmarkStart measures how long a stack needs to open a store and to complete its logs, with few and with a million
// items of members. Nothing is missing from the logs.
func BenchmarkStart(b *testing.B) {
	for _, members := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) {
			dir := b.TempDir()
			fillStore(b, dir, members)
			for b.Loop() {
				tab, err := pebbletable.Open(dir)
				if err != nil {
					b.Fatal(err)
				}
				o := Options{Table: tab, Clock: NewClock(time.Time{}), Log: slog.New(slog.DiscardHandler)}
				stack, err := New(o)
				if err != nil {
					b.Fatal(err)
				}
				stack.feed.catchUp()
				if err := tab.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// fillStore creates a store with the items of one member, copied for each member, and a complete log.
func fillStore(b *testing.B, dir string, members int) {
	tab, err := pebbletable.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer tab.Close()
	stack, p, _ := newStack(b, tab, NewClock(time.Time{}))
	enroll(b, stack, p, 0)
	stack.feed.close()
	account, err := tab.Get(b.Context(), table.Key{PK: "P#bluebird#M#" + string(memberID(0)), SK: "ACCOUNT"})
	if err != nil || account.Version == 0 {
		b.Fatal(account.Key, err)
	}
	tab.Journal(nil) // the log is complete
	account.Version, account.Index = 0, table.Key{}
	var ops []table.Op
	for i := 1; i < members; i++ {
		account.Key.PK = "P#bluebird#M#" + string(memberID(i))
		if ops = append(ops, table.Put(account)); len(ops) == 100 || i == members-1 {
			if err := tab.Transact(b.Context(), ops...); err != nil {
				b.Fatal(err)
			}
			ops = ops[:0]
		}
	}
}
