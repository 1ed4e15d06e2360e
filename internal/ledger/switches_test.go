package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/switches"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// TestSwitchStopsCommandsBeforeCommit sets switches after the route admitted an order. The ledger commits nothing for
// the order of a member, and records nothing for the order of a guest.
func TestSwitchStopsCommandsBeforeCommit(t *testing.T) {
	for _, member := range []loyalty.MemberID{servicetest.Member(1), ""} {
		memory, err := pebbletable.OpenMemory()
		if err != nil {
			t.Fatal(err)
		}
		defer memory.Close()
		b := newBench(t, memory)
		b.Enroll(t, servicetest.Member(1))
		var state switches.State
		b.Ledger.Versions = func(context.Context, string) (ledger.Schedule, time.Time, error) {
			return ledger.Schedule{Live: b.P.Version, Last: b.P.Version, Switches: state}, b.Ledger.Now(), nil
		}
		dump := func() string {
			var out bytes.Buffer
			if err := memory.Dump(&out); err != nil {
				t.Fatal(err)
			}
			return out.String()
		}
		before := dump()
		for _, c := range []struct {
			stopped, obeyed switches.Switch
			stops           bool
		}{
			{switches.Earn, switches.Earn, true},
			{switches.ReadOnly, switches.Earn, true},
			{switches.ReadOnly, "", true},
			{switches.Redeem, switches.Earn, false},
		} {
			state.Stopped = []switches.Switch{c.stopped}
			o := loyalty.Order{
				ID: "1", Member: member, PlacedAt: b.Ledger.Now(), Currency: "EUR", Status: loyalty.OrderPaid,
				Lines: []loyalty.Line{{ID: "1", Quantity: 1, Amount: 2000}},
			}
			_, err := service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.P, o, ledger.By{Actor: "t", Switch: c.obeyed})
			if _, stopped := errors.AsType[*switches.StoppedError](err); stopped != c.stops || err != nil && !stopped {
				t.Errorf("with %s set: %v", c.stopped, err)
			}
			if changed := dump() != before; changed == c.stops {
				t.Errorf("with %s set, changed: %t", c.stopped, changed)
			}
		}
	}
}
