package service_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/messages"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

func TestMessageIDDependsOnEveryPart(t *testing.T) {
	due := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	news := func(reminder, subject string, on loyalty.Trigger, c loyalty.Channel, due time.Time) remind.News {
		return remind.News{Reminder: reminder, On: on, Channel: c, Subjects: []remind.Subject{{ID: subject, Due: due}}}
	}
	base := news("expiring", "2026-03-31", loyalty.BeforeExpiry, loyalty.Email, due)
	ids := map[string]string{messages.MessageID("bluebird", "mem_ada", base): "base"}
	for name, id := range map[string]string{
		"program": messages.MessageID("redbird", "mem_ada", base),
		"member":  messages.MessageID("bluebird", "mem_eve", base),
		"reminder": messages.MessageID(
			"bluebird", "mem_ada", news("last-call", "2026-03-31", loyalty.BeforeExpiry, loyalty.Email, due),
		),
		"subject": messages.MessageID(
			"bluebird", "mem_ada", news("expiring", "2026-04-30", loyalty.BeforeExpiry, loyalty.Email, due),
		),
		"trigger": messages.MessageID(
			"bluebird", "mem_ada", news("expiring", "2026-03-31", loyalty.BeforeTier, loyalty.Email, due),
		),
		"channel": messages.MessageID(
			"bluebird", "mem_ada", news("expiring", "2026-03-31", loyalty.BeforeExpiry, loyalty.SMS, due),
		),
		"due": messages.MessageID(
			"bluebird", "mem_ada",
			news("expiring", "2026-03-31", loyalty.BeforeExpiry, loyalty.Email, due.Add(time.Second)),
		),
		"cut": messages.MessageID("bluebirdm", "em_ada", base),
	} {
		if ids[id] != "" {
			t.Errorf("another %s gives the message ID of %s", name, ids[id])
		}
		ids[id] = name
	}
	elsewhere := news("expiring", "2026-03-31", loyalty.BeforeExpiry, loyalty.Email, due.In(time.FixedZone("", 3600)))
	if ids[messages.MessageID("bluebird", "mem_ada", elsewhere)] != "base" {
		t.Error("the time zone of an instant changes the message ID")
	}
}

// One transaction normally has at most 20 entries of time. Entries that are due at the same instant cannot be divided
// among transactions: here 20 reservations expire at the instant at which an order becomes active.
func TestMoreEntriesThanUsualAreDueAtOneInstant(t *testing.T) {
	for _, n := range []int{19, 20} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			b := newBench(t, servicetest.Memory(t))
			b.P.Hold = 14 * 24 * time.Hour
			b.Offer(t, loyalty.Reward{ID: "mug", Type: "free_product", Cost: 1})
			b.Enroll(t, "mem_ada")
			b.Grant(t, "mem_ada", 100)
			b.Put(t, b.Order("1", "mem_ada", 1_000))
			for i := range n {
				b.Take(t, service.RedemptionRequest{ID: fmt.Sprint("rd_", i), Member: "mem_ada", Reward: "mug"})
			}
			b.WantBalance(
				t, "mem_ada",
				loyalty.Balance{Active: loyalty.Points(100 - n), Pending: 10, Reserved: loyalty.Points(n)},
			)
			b.Wait(15 * 24 * time.Hour)
			if written, err := b.Advance(t.Context(), b.P, "mem_ada"); err != nil || written != n+1 {
				t.Errorf("%d entries are written, %v", written, err)
			}
			b.WantBalance(t, "mem_ada", loyalty.Balance{Active: 110})
			b.Audit(t, "mem_ada")
		})
	}
}

// Entries of time that are due but not written yet can be read like written entries.
func TestUnwrittenEntryIsReadByID(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	b.Enroll(t, "mem_ada")
	b.Put(t, b.Order("1", "mem_ada", 1_000))
	b.Wait(20 * 24 * time.Hour)
	failing := *b.Ledger
	failing.Table = refusing{b.Table}
	was, err := members.Members{Ledger: &failing}.Current(t.Context(), b.P, "mem_ada")
	if err != nil || len(was.Unwritten) != 1 || was.Unwritten[0].Kind != loyalty.KindActivate {
		t.Fatalf("%+v, %v", was.Unwritten, err)
	}
	id := was.Unwritten[0].ID()
	if e, err := (ledger.Statements{Ledger: &failing}).Current(t.Context(), b.P, "mem_ada", id); err != nil ||
		e.ID() != id {
		t.Errorf("%+v, %v", e, err)
	}
	for _, other := range []string{id[:len(id)-1] + "2", "ent_order~2~1", "ent_nothing"} {
		if _, err := (ledger.Statements{Ledger: &failing}).Current(
			t.Context(), b.P, "mem_ada", other,
		); !errors.Is(err, loyalty.NotFound) {
			t.Errorf("%s: %v", other, err)
		}
	}
	if e, err := (ledger.Statements{Ledger: &failing}).Current(
		t.Context(), b.P, "mem_ada", "ent_order~1~1",
	); err != nil ||
		e.Kind != loyalty.KindEarn {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestWaitingListRejectsMembersWhoMayNotHaveTheReward(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	r := servicetest.Mug(1)
	r.FirstCall, r.Tiers = calendar.Period{Hours: 24}, []string{"gold"}
	b.Offer(t, r)
	b.Offer(
		t,
		loyalty.Reward{ID: "print", Type: "free_product", Cost: 10, StockBatches: []loyalty.StockBatch{{Quantity: 1}}},
	)
	b.Enroll(t, "mem_ada")
	_, err := inventory.Waitlists{Ledger: b.Ledger}.Join(t.Context(), b.P, "mug", "mem_ada")
	servicetest.WantRejection(t, err, loyalty.RewardUnavailable)
	_, err = inventory.Waitlists{Ledger: b.Ledger}.Join(t.Context(), b.P, "print", "mem_ada")
	servicetest.WantRejection(t, err, loyalty.ValidationFailed)
	_, err = inventory.Waitlists{Ledger: b.Ledger}.Join(t.Context(), b.P, "mug", "mem_nobody")
	servicetest.WantRejection(t, err, loyalty.NotFound)
	_, err = inventory.Waitlists{Ledger: b.Ledger}.Join(t.Context(), b.P, "nothing", "mem_ada")
	servicetest.WantRejection(t, err, loyalty.NotFound)
}

// A visit reads the entries in batches of 200.
func TestVisitReadsEveryEntrySinceTheLast(t *testing.T) {
	for _, n := range []int{198, 199, 200, 405} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			b := newBench(t, servicetest.Memory(t))
			b.Enroll(t, "mem_ada")
			for range n {
				b.Wait(time.Second)
				b.Grant(t, "mem_ada", 1)
			}
			v, err := messages.Reminders{Ledger: b.Ledger}.Visit(t.Context(), b.P, "mem_ada", nil)
			if err != nil || v.State.Seen != int64(n)+1 {
				t.Errorf("%d entries were read, %v", v.State.Seen, err)
			}
		})
	}
}

func TestVisitWritesWhatIsDue(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	b.Enroll(t, "mem_ada")
	b.Put(t, b.Order("1", "mem_ada", 1_000))
	b.Wait(20 * 24 * time.Hour)
	if v, err := (messages.Reminders{Ledger: b.Ledger}).Visit(t.Context(), b.P, "mem_ada", nil); err != nil ||
		v.State.Seen != 3 {
		t.Fatalf("%+v, %v", v, err)
	}
	kinds := map[loyalty.Kind]int{}
	for e, err := range (ledger.Statements{Ledger: b.Ledger}).List(t.Context(), b.P.ID, "mem_ada", 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		kinds[e.Kind]++
	}
	if kinds[loyalty.KindActivate] != 1 || len(kinds) != 3 {
		t.Errorf("the statement has %v", kinds)
	}
}

// refusing is a table that accepts no write.
type refusing struct{ table.Table }

func (refusing) Transact(context.Context, ...table.Op) error { return table.ErrBusy }
