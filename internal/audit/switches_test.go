package audit

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/switches"
)

func TestChangesOfSwitchesAreActions(t *testing.T) {
	l := newList(t)
	now := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	cs := catalog.Catalog{Ledger: &ledger.Ledger{Table: l.Table, Now: func() time.Time { return now }}}
	in := catalog.Published{Program: "bluebird", Source: []byte("x"), Snapshot: []byte(`{}`), By: "test"}
	if err := cs.Publish(t.Context(), in, 0); err != nil {
		t.Fatal(err)
	}
	for _, stopped := range [][]switches.Switch{{switches.ReadOnly, switches.Earn}, nil} {
		if _, err := cs.SetSwitches(t.Context(), "bluebird", stopped, "incident", "command_line"); err != nil {
			t.Fatal(err)
		}
	}
	for n, want := range []string{
		`update_switches program:bluebird incident {"stopped":[]} {"stopped":["earn","read_only"]}`,
		`update_switches program:bluebird incident {"stopped":["earn","read_only"]} {"stopped":[]}`,
	} {
		key := stored.ProgramKey("bluebird", fmt.Sprintf("CHANGE#%08d", n+1))
		it, err := l.Table.Get(t.Context(), key)
		if err != nil || it.Version == 0 || !IsSource(key) {
			t.Fatal(it, err)
		}
		r := l.mustAppend(t, it)
		got := fmt.Sprintf("%s %s %s %s %s", r.Action, r.Resource, r.Reason, r.Before, r.After)
		if got != want || r.Actor != "command_line" || !r.At.Equal(now) {
			t.Errorf("change %d is %s, by %s at %s", n+1, got, r.Actor, r.At)
		}
	}
}
