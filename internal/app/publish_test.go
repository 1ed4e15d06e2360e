package app

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/program"
)

// publication returns the demo program with a remark that distinguishes it.
func publication(t *testing.T, remark string) Publication {
	t.Helper()
	source := append(program.Demo(), "\n# "+remark...)
	p, problems := program.Compile(source)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return Publication{Program: p, Source: source, By: "test"}
}

func (in Publication) at(t time.Time) Publication {
	in.At = &t
	return in
}

func (in Publication) back() Publication {
	in.Back = true
	return in
}

func mustPublish(t *testing.T, a *App, in Publication, want int, wantFresh bool) {
	t.Helper()
	if version, fresh, err := a.Programs.Publish(t.Context(), in); version != want || fresh != wantFresh || err != nil {
		t.Fatalf("version %d, made now: %v, %v; want %d, %v", version, fresh, err, want, wantFresh)
	}
}

func TestCachedVersionEndsWhenNextTakesEffect(t *testing.T) {
	a, tab, now := newApp(t)
	mustPublish(t, a, publication(t, "a"), 1, true)
	instant := now.Add(10 * time.Second)
	mustPublish(t, a, publication(t, "b").at(instant), 2, true)
	for _, c := range []struct {
		at   time.Time
		want int
	}{{*now, 1}, {instant.Add(-1), 1}, {instant, 2}, {instant.Add(liveFor), 2}, {instant.Add(-1), 1}} {
		*now = c.at
		if p, err := a.Programs.Live(t.Context(), "bluebird"); err != nil || p.Version != c.want {
			t.Errorf("%s from the instant: version %d, %v", c.at.Sub(instant), p.Version, err)
		}
	}
	*now = instant.Add(-1)
	_, _ = a.Programs.Live(t.Context(), "bluebird")
	tab.gets = 0
	if _, err := a.Programs.Live(t.Context(), "bluebird"); err != nil || tab.gets != 0 {
		t.Errorf("read %d times just before the instant, %v", tab.gets, err)
	}
}

func TestUnchangedProgramIsNotPublishedTwice(t *testing.T) {
	a, _, now := newApp(t)
	in := func(days int) time.Time { return now.AddDate(0, 0, days) }
	mustPublish(t, a, publication(t, "a"), 1, true)
	mustPublish(t, a, publication(t, "a"), 1, false)
	mustPublish(t, a, publication(t, "a").at(in(1)), 1, false)
	mustPublish(t, a, publication(t, "b").at(in(2)), 2, true)
	mustPublish(t, a, publication(t, "b").at(in(2)), 2, false)
	mustPublish(t, a, publication(t, "b").at(in(3)), 2, false)
	mustPublish(t, a, publication(t, "b").at(in(1)), 3, true)
	mustPublish(t, a, publication(t, "a").at(in(3)), 4, true)
	mustPublish(t, a, publication(t, "a"), 1, false)
}

func TestRollbackWithdrawsScheduledVersions(t *testing.T) {
	a, _, now := newApp(t)
	mustPublish(t, a, publication(t, "a"), 1, true)
	mustPublish(t, a, publication(t, "b").at(now.AddDate(0, 0, 1)), 2, true)
	mustPublish(t, a, publication(t, "a").back(), 1, false)
	mustPublish(t, a, publication(t, "c"), 3, true)
	mustPublish(t, a, publication(t, "d").at(now.AddDate(0, 0, 1)), 4, true)
	mustPublish(t, a, publication(t, "a").back(), 5, true)
	*now = now.AddDate(0, 0, 2)
	if s, err := a.Catalog.Schedule(t.Context(), "bluebird"); s.Live != 5 || err != nil {
		t.Errorf("version %d is live, %v", s.Live, err)
	}
}

func TestInvalidEffectiveAtIsRejected(t *testing.T) {
	a, _, now := newApp(t)
	mustPublish(t, a, publication(t, "a"), 1, true)
	refused := func(in Publication) {
		t.Helper()
		var no *loyalty.Error
		if _, _, err := a.Programs.Publish(t.Context(), in); !errors.As(err, &no) ||
			no.Code != loyalty.ValidationFailed || no.Pointer != "/effective_at" {
			t.Errorf("%s from now: %v", in.At.Sub(*now), err)
		}
	}
	refused(publication(t, "a").at(*now))
	refused(publication(t, "b").at(now.Add(-time.Hour)))
	refused(publication(t, "b").at(now.AddDate(1, 0, 0).Add(time.Millisecond)))
	mustPublish(t, a, publication(t, "b").at(now.AddDate(1, 0, 0)), 2, true)
	for i := range ledger.MaxUpcoming - 1 {
		mustPublish(t, a, publication(t, fmt.Sprint(i)).at(now.Add(time.Duration(i+1)*time.Hour)), 3+i, true)
	}
	refused(publication(t, "one too many").at(now.Add(time.Minute)))
	mustPublish(t, a, publication(t, "b").at(now.AddDate(1, 0, 0)), 2, false)
	mustPublish(t, a, publication(t, "at once"), 12, true)
}

func TestBirthdaysCountFromTheirPublication(t *testing.T) {
	a, _, now := newApp(t)
	birthday := func(remark string) Publication {
		in := publication(t, remark)
		in.Program.Earn.Actions = []loyalty.Action{{ID: "birthday", Event: award.EventBirthday, Points: 100}}
		return in
	}
	tomorrow := now.AddDate(0, 0, 1)
	in := birthday("a").at(tomorrow)
	mustPublish(t, a, in, 1, true)
	if got := in.Program.Earn.Actions[0].Since; !got.Equal(tomorrow) {
		t.Errorf("since %s, not %s", got, tomorrow)
	}
	again := birthday("b").at(tomorrow.AddDate(0, 0, 1))
	mustPublish(t, a, again, 2, true)
	if got := again.Program.Earn.Actions[0].Since; !got.Equal(tomorrow) {
		t.Errorf("the next version has %s, want %s", got, tomorrow)
	}
}
