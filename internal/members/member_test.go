package members_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// A member is read with one query, regardless of the number of friends, fulfillments and messages that are stored
// beside the account.
func TestAMemberIsReadWithOneQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		meter := &tabletest.Meter{Table: servicetest.Memory(t), Bubble: true}
		b := newBench(t, meter)
		b.households(t, loyalty.Households{Size: 2})
		codes := b.EnrollReferrers(t, 1)
		for i := 1; i < 20; i++ {
			in := members.Enrollment{
				Member: servicetest.Member(i), Code: codes[0], Profile: members.Profile{Name: fmt.Sprint("Friend ", i)},
				Consents: []remind.Consent{{Channel: loyalty.Email, Purpose: loyalty.Marketing, Granted: true}},
			}
			if _, err := (members.Members{Ledger: b.Ledger}).Enroll(
				t.Context(), b.P, in, ledger.By{Input: fmt.Sprint(i)},
			); err != nil {
				t.Fatal(err)
			}
		}
		parcel := servicetest.Mug(0)
		parcel.StockBatches, parcel.Manual = nil, true
		b.Offer(t, parcel)
		b.Grant(t, servicetest.Member(0), 1_000)
		for i := range 5 {
			b.Take(
				t,
				service.RedemptionRequest{
					ID: fmt.Sprint("rd_", i), Member: servicetest.Member(0), Reward: "mug", Commit: true,
					Address: "~the encrypted address",
				},
			)
		}
		if _, err := (members.Households{Ledger: b.Ledger}).Found(
			t.Context(), b.P, "hh_1", servicetest.Member(0), ledger.By{Input: "1"},
		); err != nil {
			t.Fatal(err)
		}
		stored := 0
		for _, err := range b.Table.Query(
			t.Context(), table.Query{PK: "P#bluebird#M#" + string(servicetest.Member(0))},
		) {
			if stored++; err != nil {
				t.Fatal(err)
			}
		}
		meter.Take()
		got, err := members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, servicetest.Member(0))
		if err != nil || got.Household != "hh_1" || got.Account.Member != servicetest.Member(0) {
			t.Errorf("%+v, %v", got, err)
		}
		want := tabletest.Usage{Units: tabletest.Units{Read: 1}, Calls: 1, Steps: 1, Items: 3}
		if u := meter.Take(); u != want || stored < 25 {
			t.Errorf("reading one of %d items used %+v, want %+v", stored, u, want)
		}
		_, err = members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, "mem_nobody")
		servicetest.WantRejection(t, err, loyalty.NotFound)
	})
}
