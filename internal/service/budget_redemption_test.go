package service_test

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// A rejection because of missing stock is decided twice. In between, the expired reservations of the reward are read.
func TestCostOfRejectionWithoutStock(t *testing.T) {
	meter := &tabletest.Meter{Table: servicetest.Memory(t)}
	b := newBench(t, meter)
	b.Offer(t, servicetest.Mug(1))
	pooled := servicetest.Mug(1)
	pooled.ID, pooled.StockBatches, pooled.Codes.From = "pooled", nil, loyalty.UploadedCode
	b.Offer(t, pooled)
	b.Enroll(t, "mem_ada")
	b.Grant(t, "mem_ada", 1_000)
	b.Take(t, service.RedemptionRequest{ID: "rd_0", Member: "mem_ada", Reward: "mug"})
	for _, c := range []struct {
		Reward string
		Read   float64 // the account and the counters or pool queries, twice; the reservations, once
	}{{"mug", 5}, {"pooled", 7}} {
		meter.Take()
		_, err := b.Try(t, service.RedemptionRequest{ID: "rd_" + c.Reward, Member: "mem_ada", Reward: c.Reward})
		servicetest.WantRejection(t, err, loyalty.RewardOutOfStock)
		if u := meter.Take(); u.Read != c.Read || u.Write != 1 {
			t.Errorf("%s: a refusal costs %+v", c.Reward, u)
		}
	}
}
