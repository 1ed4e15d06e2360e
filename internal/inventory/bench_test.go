package inventory

import (
	"math"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

var noon = loyaltytest.Noon

func put(t *testing.T, tab table.Table, ops ...table.Op) {
	t.Helper()
	if err := tab.Transact(t.Context(), ops...); err != nil {
		t.Fatal(err)
	}
}

// spend takes n units of a stock or date from its counters.
func spend(t *testing.T, tab table.Table, rule string, n int64) {
	t.Helper()
	key := table.Key{PK: "P#p#C#" + rule, SK: "BUDGET#00"}
	put(t, tab, table.Add(key, "n", -n, math.MinInt64))
}

// issue stores the item of a code.
func issue(t *testing.T, tab table.Table, code string, d ledger.CodeDoc) {
	t.Helper()
	put(t, tab, table.Put(table.Item{Key: ledger.CodeKey("p", code), Doc: stored.Encode(d)}))
}

// listed returns the item of a listed reservation.
func listed(reward, sk string, d ledger.ListedDoc) table.Item {
	return table.Item{Key: table.Key{PK: ledger.ListedPartition("p", reward), SK: sk}, Doc: stored.Encode(d)}
}

// waiting returns the two items of a waiting member. The members wait in the order of their IDs.
func waiting(reward, m string, called int64) []table.Op {
	return []table.Op{
		table.Put(table.Item{Key: placeKey("p", reward, memberID(m)), Doc: stored.Encode(placeDoc{m})}),
		table.Put(table.Item{
			Key: table.Key{PK: linePartition("p", reward), SK: m}, Doc: stored.Encode(waitlistEntryDoc{m, 1, called}),
		}),
	}
}
