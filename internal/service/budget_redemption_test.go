package service_test

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// A rejection because of missing stock is decided twice. In between, the expired reservations of the reward are read.
func TestCostOfRejectionWithoutStock(t *testing.T) {
	meter := &tabletest.Meter{Table: memory(t)}
	b := newBench(t, meter)
	b.offer(t, mug(1))
	pooled := mug(1)
	pooled.ID, pooled.StockBatches, pooled.Codes.From = "pooled", nil, loyalty.UploadedCode
	b.offer(t, pooled)
	b.enrol(t, "mem_ada")
	b.grant(t, "mem_ada", 1_000)
	b.take(t, service.RedemptionRequest{ID: "rd_0", Member: "mem_ada", Reward: "mug"})
	for _, c := range []struct {
		Reward string
		Read   float64 // the account and the counters or pool queries, twice; the reservations, once
	}{{"mug", 5}, {"pooled", 7}} {
		meter.Take()
		_, err := b.try(t, service.RedemptionRequest{ID: "rd_" + c.Reward, Member: "mem_ada", Reward: c.Reward})
		wantRefusal(t, err, loyalty.RewardOutOfStock)
		if u := meter.Take(); u.Read != c.Read || u.Write != 1 {
			t.Errorf("%s: a refusal costs %+v", c.Reward, u)
		}
	}
}
