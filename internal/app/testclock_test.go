package app_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
)

func TestEventSetsTestClock(t *testing.T) {
	at := time.Date(2027, 3, 1, 10, 0, 0, 123456789, time.FixedZone("", 3600))
	for _, frozen := range []bool{true, false} {
		var c app.TestClock
		if d := time.Until(c.Now()); d > time.Second || d < -time.Second {
			t.Errorf("before the first event the clock differs by %s from the machine's clock", d)
		}
		var context struct{ Custom map[string]string }
		if err := json.Unmarshal([]byte(app.ClockContext(at, frozen)), &context); err != nil {
			t.Fatal(err)
		}
		if err := c.Set(context.Custom); err != nil {
			t.Fatal(err)
		}
		now := c.Now()
		if frozen && !now.Equal(at) || now.Before(at) || now.Sub(at) > 5*time.Second || now.Location() != time.UTC {
			t.Errorf("frozen %v: got %s, want %s", frozen, now, at)
		}
	}
	if err := new(app.TestClock).Set(nil); err == nil {
		t.Error("an event without a time was accepted")
	}
}
