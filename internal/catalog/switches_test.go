package catalog_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/switches"
)

// TestPublicationKeepsSwitches sets a switch twice and publishes a version. The switch remains set, and only the first
// call stores a change.
func TestPublicationKeepsSwitches(t *testing.T) {
	x := newTimetable(t)
	cs := catalog.Catalog{Ledger: x.Ledger}
	set := func() (switches.State, error) {
		return cs.SetSwitches(t.Context(), "bluebird", []switches.Switch{switches.Redeem}, "incident", "command_line")
	}
	if _, err := set(); !errors.Is(err, loyalty.NotFound) {
		t.Errorf("before the first publication: %v", err)
	}
	x.publish(0, 0)
	for range 2 {
		if s, err := set(); err != nil || !s.Has(switches.Redeem) || s.Changes != 1 {
			t.Fatalf("%+v, %v", s, err)
		}
	}
	x.publish(1, 0)
	x.publish(2, 2)
	s, err := cs.Schedule(t.Context(), "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	want := switches.State{
		Stopped: []switches.Switch{switches.Redeem}, Reason: "incident", At: x.now, By: "command_line", Changes: 1,
	}
	if diff := cmp.Diff(want, s.Switches); diff != "" {
		t.Errorf("the publication changed the switches (-want +got):\n%s", diff)
	}
	it, err := x.Table.Get(t.Context(), stored.ProgramKey("bluebird", "CHANGE#00000002"))
	if err != nil || it.Version != 0 {
		t.Errorf("a repetition stored a change: %s, %v", it.Doc, err)
	}
}
