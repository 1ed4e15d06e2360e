package service_test

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// An immediate transfer costs the reads and writes of both accounts. An offer costs only a read of the recipient's
// account.
func TestWhatATransferCosts(t *testing.T) {
	meter := &tabletest.Meter{Table: servicetest.Memory(t)}
	b := newBench(t, meter)
	from, to := servicetest.TypicalMember(t, b.Bench), loyalty.MemberID("mem_2f0q3fdhnpe7fvfrgd48")
	b.Enroll(t, to)
	b.Grant(t, from, 1_000)
	b.AllowTransfers(t, loyalty.Transfers{Min: 1})
	give := func(n int) (string, error) {
		id := fmt.Sprintf("tr_%02d23456789abcdefghij", n)
		_, err := b.Transfer(t, service.TransferRequest{ID: id, From: from, To: to, Points: 100})
		return id, err
	}
	within := func(what string, read, write float64, err error) {
		t.Helper()
		u := meter.Take()
		t.Logf("%s costs %g read and %g write units", what, u.Read, u.Write)
		if err != nil || u.Read > read || u.Write > write {
			t.Errorf("%s may cost %g read and %g write units, %v", what, read, write, err)
		}
	}
	give(0)
	meter.Take()
	_, err := give(1)
	within("a transfer at once", 2, 10, err)

	b.AllowTransfers(t, loyalty.Transfers{Min: 1, Accept: calendar.Period{Days: 7}})
	id, err := give(2)
	within("an offer, which moves what is due", 2, 7, err)
	_, err = service.Transfers{Ledger: b.Ledger}.Accept(t.Context(), b.P, id, ledger.By{Input: "yes"})
	within("to accept it", 3, 12, err)
	id, _ = give(3)
	meter.Take()
	_, err = service.Transfers{Ledger: b.Ledger}.Cancel(t.Context(), b.P, id, ledger.By{Input: "no"})
	within("to take it back", 2, 7, err)
}
