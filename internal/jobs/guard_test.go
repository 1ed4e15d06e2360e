package jobs

import (
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program"
)

// silver returns a bench with the given number of members who have just reached silver.
func silver(t *testing.T, members int) *bench {
	b := newBench(t, 0)
	b.now = noon
	b.euros = 300 // coffee earns twice the points
	for i := range members {
		b.order(t, i)
	}
	if at := b.levels(t, members); at["silver"] != members {
		t.Fatalf("the members are at %v", at)
	}
	return b
}

// levels returns the number of stored members by level.
func (b *bench) levels(t *testing.T, members int) map[string]int {
	t.Helper()
	out := map[string]int{}
	for i := range members {
		_, rest, _ := strings.Cut(string(b.account(t, memberID(i)).Doc), `"tier":{"l":"`)
		level, _, _ := strings.Cut(rest, `"`)
		out[level]++
	}
	return out
}

// republish changes the threshold of silver, effective in an hour.
func (b *bench) republish(t *testing.T, from, guard string, mode loyalty.RefreshMode) {
	t.Helper()
	source := []byte(
		strings.NewReplacer(
			"from: 500,", "from: "+from+",", "  move_down: one_step", guard+"  move_down: one_step",
		).Replace(string(program.Demo())),
	)
	p, problems := program.Compile(source)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	at := b.now.Add(time.Hour)
	if _, _, err := b.Programs.Publish(
		t.Context(), app.Publication{Program: p, Source: source, By: "test", At: &at, Levels: mode},
	); err != nil {
		t.Fatal(err)
	}
	b.now = at.Add(30 * time.Minute)
}

func TestStricterLevelsMoveMembersInNextRun(t *testing.T) {
	b := silver(t, 40)
	b.republish(t, "1900", "", loyalty.FullRefresh)
	b.run(t)
	if at := b.levels(t, 40); at["bronze"] != 40 {
		t.Errorf("the members are at %v", at)
	}
	b = silver(t, 40)
	b.republish(t, "1900", "", loyalty.UpgradeOnly)
	b.run(t)
	if at := b.levels(t, 40); at["silver"] != 40 {
		t.Errorf("the members are at %v", at)
	}
}

func TestGuardStopsRunBeforeAnyMove(t *testing.T) {
	for _, members := range []int{30, 600} {
		testGuard(t, members)
	}
}

func testGuard(t *testing.T, members int) {
	t.Helper()
	b := silver(t, members)
	b.republish(t, "1900", "  max_downgrades: 20%\n", loyalty.FullRefresh)
	b.sent = nil
	b.dispatch(t, b.now)
	bodies := b.sent
	b.sent = nil
	if failed := b.deliver(t, t.Context(), bodies...); len(failed) != len(bodies) || len(bodies) < 10 ||
		len(b.sent) > 0 {
		t.Errorf("%d of %d messages failed, and %d were sent", len(failed), len(bodies), len(b.sent))
	}
	if at := b.levels(t, members); at["silver"] != members {
		t.Errorf("the members are at %v", at)
	}
	b.republish(t, "1900", "  max_downgrades: 100%\n", loyalty.FullRefresh) // the change is intended
	b.dispatch(t, b.now)
	b.sent = nil
	b.dispatch(t, b.now)
	if failed := b.deliver(t, t.Context(), bodies...); len(failed) > 0 {
		t.Errorf("%v failed", failed)
	}
	if at := b.levels(t, members); at["bronze"] != members {
		t.Errorf("afterwards the members are at %v", at)
	}
}
