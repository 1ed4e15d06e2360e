package jobs

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/erasure"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/stack/stacktest"
)

// erase erases a member who is in a household and on a waitlist, and whose customer paid an order.
func (b *bench) erase(t *testing.T) {
	t.Helper()
	late := stacktest.Overdue{T: t, Stores: b.Stores, Advance: func(d time.Duration) { b.now = b.now.Add(d) }}
	b.program = late.Publish("bluebird", 1)
	b.Programs.Forget("bluebird")
	ada, eve := memberID(1), memberID(2)
	by := ledger.By{Actor: "test"}
	profile := members.Profile{
		Member: ada, ExternalID: "cust-ada", Email: "ada@example.com", Phone: "+491701234567", Name: "Ada Lovelace",
	}
	_, err := b.Members.Enroll(t.Context(), b.program, members.Enrollment{
		Member: ada, Profile: profile, Segments: []string{"vip"}, Consents: everything,
		Identities: []stored.Identity{
			{Kind: "external", Value: "cust-ada"}, b.EmailName()("bluebird", "ada@example.com"),
		},
	}, by)
	if err != nil {
		t.Fatal(err)
	}
	late.Enroll(eve)
	late.Queue(ada, eve)
	if _, err := b.Households.Found(t.Context(), b.program, "hh_1", eve, by); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Households.Invite(t.Context(), b.program, "hh_1", ada, share.Adult); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Households.AcceptInvitation(t.Context(), b.program, "hh_1", ada); err != nil {
		t.Fatal(err)
	}
	report := &service.Report{
		Payment: "stripe:pi_1", Order: "1", Member: "external:cust-ada", Customer: "stripe:cus_ada",
		Facts: []loyalty.Fact{{
			Kind: loyalty.FactCapture, ID: "ch_1", State: loyalty.FactDone,
			Money: loyalty.Money{Amount: 10_00, Currency: "EUR"}, Clock: 1, At: b.now,
		}},
	}
	d := service.Delivery{Provider: "stripe", Event: "evt_1", Received: b.now, Mark: "x"}
	if _, err := b.Payments.Receive(t.Context(), b.program, d, report); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Erasures().Request(t.Context(), b.program, ada, by); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(erasure.CoolingOff)
	b.sent = nil
	b.Programs.Forget("bluebird") // a separate process reads the program
	b.dispatch(t, b.now)
	if failed := b.deliver(t, t.Context(), b.sent...); len(failed) > 0 {
		t.Errorf("the messages %v failed", failed)
	}
	if _, err := b.Members.Get(t.Context(), b.program, ada); !errors.Is(err, loyalty.NotFound) {
		t.Errorf("got %v, want not_found", err)
	}
}

// TestDueErasuresAreApplied requests two erasures and cancels one. The schedule waits for the other one, and each
// process logs what it erased.
func TestDueErasuresAreApplied(t *testing.T) {
	b := newBench(t, 3)
	b.Backups = nil
	var log strings.Builder
	b.Log = slog.New(slog.NewTextHandler(&log, nil))
	by := ledger.By{Actor: "test"}
	for i := range 2 {
		if _, err := b.Erasures().Request(t.Context(), b.program, memberID(i), by); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Erasures().Cancel(t.Context(), b.program, memberID(1), by); err != nil {
		t.Fatal(err)
	}
	due := b.now.Add(erasure.CoolingOff)
	b.dispatch(t, b.now)
	b.deliver(t, t.Context(), b.sent...) // settles the accounts
	if next, err := Reassess(b.App).(Scheduled).NextWork(t.Context(), b.now); err != nil || !next.Equal(due) {
		t.Errorf("the next work is at %s, want %s; %v", next, due, err)
	}
	for _, step := range []struct {
		at     time.Time
		erased bool
	}{{due.Add(-time.Second), false}, {due, true}, {due.Add(time.Hour), true}} {
		b.now, b.sent = step.at, nil
		b.dispatch(t, b.now)
		if len(b.sent) > 0 {
			b.deliver(t, t.Context(), append(b.sent, b.sent...)...) // each message arrives twice
		}
		for i := range 3 {
			_, err := b.Members.Get(t.Context(), b.program, memberID(i))
			if erased := err != nil; erased != (step.erased && i == 0) {
				t.Errorf("at %s, member %d: %v", step.at, i, err)
			}
		}
	}
	if n := strings.Count(log.String(), "member erased"); n != 1 {
		t.Errorf("%d erasures were logged:\n%s", n, log.String())
	}
}
