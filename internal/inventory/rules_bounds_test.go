package inventory

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/ledgertest"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A member's position on a waitlist is counted up to a bound.
func TestLastPositionOfAWaitlist(t *testing.T) {
	l := ledgertest.New(t).Ledger
	p := &loyalty.Program{ID: "p", Zone: time.UTC, Spending: loyalty.Spending{Rewards: []loyalty.Reward{{ID: "mug"}}}}
	member := func(n int) loyalty.MemberID { return loyalty.MemberID(fmt.Sprintf("mem_%04d", n)) }
	for n := 1; n <= farthest+1; n += 25 {
		var ops []table.Op
		for i := n; i < n+25 && i <= farthest+1; i++ {
			sk := string(member(i))
			ops = append(ops,
				table.Put(table.Item{Key: placeKey("p", "mug", member(i)), Doc: stored.Encode(placeDoc{sk})}),
				table.Put(table.Item{
					Key: table.Key{PK: linePartition("p", "mug"), SK: sk},
					Doc: stored.Encode(waitlistEntryDoc{sk, stored.Millis(noon), 0}),
				}))
		}
		if err := l.Table.Transact(t.Context(), ops...); err != nil {
			t.Fatal(err)
		}
	}
	for n, want := range map[int]int{1: 1, 2: 2, farthest: farthest, farthest + 1: 0} {
		at, err := Waitlists{l}.Place(t.Context(), p, "mug", member(n))
		if err != nil || !at.Waits || at.Position != want {
			t.Errorf("member %d: %+v, %v", n, at, err)
		}
	}
	if at, err := (Waitlists{l}).Place(t.Context(), p, "mug", "mem_other"); err != nil || at.Waits {
		t.Errorf("another member: %+v, %v", at, err)
	}
}
