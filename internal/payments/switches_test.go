package payments_test

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
	"github.com/perennial-loyalty/perennial/internal/switches"
)

// TestSwitchStopsWebhooks sends an event of a payment provider while earning is stopped. The answer is 503, so that
// the provider sends the event again, and nothing is stored. After the release, the same event is applied.
func TestSwitchStopsWebhooks(t *testing.T) {
	s := newShop(t, "payments")
	event := sample.Event{
		Provider: app.Stripe, Type: "payment_intent.succeeded", Payment: "pi_1", Total: 4999, Member: s.member,
	}
	set := func(stopped ...switches.Switch) {
		t.Helper()
		_, err := s.stack.App.Catalog.SetSwitches(t.Context(), "corner", stopped, "incident", "command_line")
		if err != nil {
			t.Fatal(err)
		}
		s.stack.App.Programs.Forget("corner")
	}
	for _, stopped := range []switches.Switch{switches.Earn, switches.ReadOnly} {
		set(stopped)
		before := s.dump()
		s.want(event, "503 temporarily_unavailable")
		if s.dump() != before {
			t.Errorf("with %s set, a webhook changed the table", stopped)
		}
	}
	set(switches.Redeem)
	s.want(event, "200 applied")
	if n := s.points(s.member); n != 49 {
		t.Errorf("the member has %d points", n)
	}
}
