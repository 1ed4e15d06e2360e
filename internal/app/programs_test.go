package app

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// TestColdProcessReadsLiveProgramInOneStep checks that a cold process reads the newest snapshot in parallel with
// the number of the live version, and needs a second step only if the newest version is not live.
func TestColdProcessReadsLiveProgramInOneStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, tab, now := newApp(t)
		meter := &tabletest.Meter{Table: tab, Bubble: true}
		process := func() *App {
			a := &App{Table: meter, Now: first.Now, Log: first.Log, Stage: first.Stage, Secret: first.Secret}
			if err := a.Wire(); err != nil {
				t.Fatal(err)
			}
			return a
		}
		takes := func(what string, a *App, version, steps, calls int) {
			t.Helper()
			meter.Take()
			p, err := a.Programs.Live(t.Context(), "bluebird")
			if err != nil || p.Version != version || p.ID != "bluebird" {
				t.Fatalf("%s: version %d, %v", what, p.Version, err)
			}
			if u := meter.Take(); u.Steps != steps || u.Calls != calls {
				t.Errorf("%s took %d steps and %d calls, want %d and %d", what, u.Steps, u.Calls, steps, calls)
			}
		}
		operator, warm := process(), process()
		mustPublish(t, operator, publication(t, "a"), 1, true)
		takes("a cold process", warm, 1, 1, 2)
		takes("a warm process", warm, 1, 0, 0)
		*now = now.Add(liveFor)
		takes("a warm process after 30 seconds", warm, 1, 1, 1)
		mustPublish(t, operator, publication(t, "b"), 2, true)
		*now = now.Add(liveFor)
		takes("a warm process after a publication", warm, 2, 2, 2)
		takes("a cold process after a publication", process(), 2, 1, 2)
		mustPublish(t, operator, publication(t, "c").at(now.Add(time.Hour)), 3, true)
		takes("a cold process with a scheduled version", process(), 2, 2, 3)
		mustPublish(t, operator, publication(t, "b").back(), 2, false)
		takes("a cold process with a withdrawn version", process(), 2, 2, 3)
	})
}
