package local

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/keyring/keyringtest"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// An idleRun is what remains of a stack whose clock was advanced: its table, its messages, the last runs of its
// schedules, and how often each schedule was run.
type idleRun struct {
	table    string
	messages []notify.Message
	last     []Run
	ran      map[string]int
}

// advanced returns a stack with demo data that was advanced by the given number of days in random steps, with orders in
// between. If hourly is set, no run of a schedule is skipped.
func advanced(t testing.TB, days int, hourly bool) idleRun {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	random := rand.NewChaCha8([32]byte{1})
	stack, p, _ := newStack(t, tab, NewClock(noon), func(o *Options) { o.Random = random })
	if err := Seed(t.Context(), stack.App, p, noon); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		in := members.Enrollment{
			Member: memberID(i), Profile: members.Profile{Email: fmt.Sprintf("m%d@example.com", i)},
			Consents: []remind.Consent{
				{
					Channel: loyalty.Email, Purpose: loyalty.Marketing, Granted: true, At: noon, Wording: "v1",
					Source: "test",
				},
			},
		}
		if _, err := stack.App.Members.Enroll(t.Context(), p, in, by); err != nil {
			t.Fatal(err)
		}
	}
	r := idleRun{ran: map[string]int{}}
	for i := range stack.scheduler.timers {
		tm := &stack.scheduler.timers[i]
		if hourly {
			tm.work = nil
		}
		function := tm.handler
		tm.handler = invoked(func(ctx context.Context, payload []byte) ([]byte, error) {
			r.ran[tm.function]++
			return function.Invoke(ctx, payload)
		})
	}
	steps := rand.New(rand.NewPCG(1, 2))
	for end := noon.AddDate(0, 0, days); stack.clock.Now().Before(end); {
		step := min(time.Duration(1+steps.IntN(8*24*60))*time.Minute, end.Sub(stack.clock.Now()))
		if err := stack.Advance(t.Context(), step); err != nil {
			t.Fatal(err)
		}
		orderAt(t, stack, p, memberID(steps.IntN(5)), 100*(1+steps.Int64N(300)))
	}
	stack.App.KeyUse.Wait()
	var dump bytes.Buffer
	if err := tab.Dump(&dump); err != nil {
		t.Fatal(err)
	}
	r.table = keyringtest.Opened(t, stack.App.Ledger.Keyring, dump.String())
	r.messages, r.last = stack.Outbox.Messages(), stack.Runs()
	for i := range r.last {
		r.last[i].Took = "" // by the machine's clock
	}
	return r
}

// orderAt places an order of a member at the current time.
func orderAt(t testing.TB, s *Stack, p *loyalty.Program, m loyalty.MemberID, amount int64) {
	t.Helper()
	now := s.clock.Now()
	_, err := service.Orders{Ledger: s.App.Ledger}.Put(t.Context(), p, loyalty.Order{
		ID: fmt.Sprint("idle-", now.Unix()), Member: m, PlacedAt: now, Currency: "EUR", Status: loyalty.OrderPaid,
		Lines: []loyalty.Line{{ID: "1", SKU: "MUG", Quantity: 1, Amount: amount}},
	}, by)
	if err != nil {
		t.Fatal(err)
	}
}

// TestSkippedRunsHaveNoEffect compares a stack that skips the runs of schedules without work with one that runs every
// schedule every hour.
func TestSkippedRunsHaveNoEffect(t *testing.T) {
	days := 60
	if os.Getenv("PERENNIAL_LONG") != "" {
		days = 500
	}
	skips, hourly := advanced(t, days, false), advanced(t, days, true)
	if d := cmp.Diff(hourly.table, skips.table); d != "" {
		t.Errorf("the tables differ (-hourly +skipping):\n%s", d)
	}
	if d := cmp.Diff(hourly.messages, skips.messages); d != "" {
		t.Errorf("the messages differ (-hourly +skipping):\n%s", d)
	}
	if d := cmp.Diff(hourly.last, skips.last); d != "" {
		t.Errorf("the last runs differ (-hourly +skipping):\n%s", d)
	}
	t.Logf("%d messages; runs: hourly %v, skipping %v", len(skips.messages), hourly.ran, skips.ran)
	if len(skips.messages) == 0 {
		t.Error("no message was sent")
	}
	for function, n := range hourly.ran {
		if n < days*24 || skips.ran[function] >= n/2 {
			t.Errorf("%s ran %d times of %d", function, skips.ran[function], n)
		}
	}
}

// BenchmarkIdleTime measures 500 days of the test clock with the 200 members of the demo data.
func BenchmarkIdleTime(b *testing.B) {
	for b.Loop() {
		advanced(b, 500, false)
	}
}
