package ledger_test

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

func TestWhatARedemptionCosts(t *testing.T) {
	meter := &tabletest.Meter{Table: memory(t)}
	b := newBench(t, meter)
	m := typicalMember(t, b)
	stock := mug(1_000)
	stock.ID = "stock"
	pooled := mug(1_000)
	pooled.ID, pooled.Drops, pooled.Codes.From = "pooled", nil, loyalty.UploadedCode
	generated := mug(1_000)
	generated.ID, generated.Drops, generated.Codes.From = "generated", nil, loyalty.GeneratedCode
	for _, r := range []loyalty.Reward{stock, pooled, generated} {
		b.offer(t, r)
	}
	b.upload(t, "pooled", 20)
	for shard := range ledger.BudgetShards { // the first use of each counter makes it, which costs more
		key := table.Key{PK: "P#bluebird#C#rewards.stock", SK: fmt.Sprintf("BUDGET#%02d", shard)}
		if err := meter.Transact(t.Context(), table.Add(key, "n", 0, 0)); err != nil {
			t.Fatal(err)
		}
	}
	b.grant(t, m, 1_000)
	for i, c := range []struct {
		reward                      string
		once, reserve, commit, back [2]float64 // read and write units
	}{
		{"sticker", [2]float64{1, 5}, [2]float64{1, 7}, [2]float64{2, 7}, [2]float64{2, 7}},
		{"stock", [2]float64{2, 7}, [2]float64{2, 11}, [2]float64{2, 9}, [2]float64{2, 11}},
		{"generated", [2]float64{1, 9}, [2]float64{1, 7}, [2]float64{2, 11}, [2]float64{2, 7}},
		{"pooled", [2]float64{3, 11}, [2]float64{3, 11}, [2]float64{2, 13}, [2]float64{2, 11}},
	} {
		within := func(what string, most [2]float64, err error) {
			t.Helper()
			u := meter.Take()
			t.Logf("%s %s costs %g read and %g write units", what, c.reward, u.Read, u.Write)
			if err != nil || u.Read > most[0] || u.Write > most[1] {
				t.Errorf("%s %s may cost %g read and %g write units, %v", what, c.reward, most[0], most[1], err)
			}
		}
		redeem := func(n int, commit bool) (string, error) {
			id := fmt.Sprintf("rd_%02d23456789abcdefghij", 10*i+n)
			_, err := b.Redeem(t.Context(), b.p, ledger.RedemptionRequest{ID: id, Member: m, Reward: c.reward, Commit: commit}, ledger.By{Actor: "key_1", Input: id})
			return id, err
		}
		meter.Take()
		_, err := redeem(0, true)
		within("to reserve and commit at once", c.once, err)
		id, err := redeem(1, false)
		within("to reserve", c.reserve, err)
		_, err = b.Commit(t.Context(), b.p, id, ledger.By{Actor: "key_1", Input: "c"})
		within("to commit", c.commit, err)
		id, _ = redeem(2, false)
		meter.Take()
		_, err = b.Cancel(t.Context(), b.p, id, ledger.By{Actor: "key_1", Input: "x"})
		within("to cancel", c.back, err)
	}
}

// A refusal is decided twice, and once it is looked up in between whose reservations have lapsed.
func TestWhatARefusalForWantOfPiecesCosts(t *testing.T) {
	meter := &tabletest.Meter{Table: memory(t)}
	b := newBench(t, meter)
	b.offer(t, mug(1))
	pooled := mug(1)
	pooled.ID, pooled.Drops, pooled.Codes.From = "pooled", nil, loyalty.UploadedCode
	b.offer(t, pooled)
	b.enrol(t, "mem_ada")
	b.grant(t, "mem_ada", 1_000)
	b.take(t, ledger.RedemptionRequest{ID: "rd_0", Member: "mem_ada", Reward: "mug"})
	for _, c := range []struct {
		reward string
		read   float64 // twice the account, and the counters or the two ends of the pool; the reservations
	}{{"mug", 5}, {"pooled", 7}} {
		meter.Take()
		_, err := b.try(t, ledger.RedemptionRequest{ID: "rd_" + c.reward, Member: "mem_ada", Reward: c.reward})
		wantRefusal(t, err, loyalty.RewardOutOfStock)
		if u := meter.Take(); u.Read != c.read || u.Write != 1 {
			t.Errorf("%s: a refusal costs %+v", c.reward, u)
		}
	}
}
