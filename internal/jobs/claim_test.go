package jobs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/service"
)

func TestUnsentMessagesAreRetriedAndUnknownOutcomesSettled(t *testing.T) {
	unknown := errors.New("the connection broke")
	cases := []struct {
		what  string
		fails func(n int) (error, bool)
		want  int // the number of messages that arrive
	}{
		{"certainly not sent, three times", func(n int) (error, bool) {
			if n <= 3 {
				return fmt.Errorf("%w: throttled", notify.ErrNotSent), false
			}
			return nil, false
		}, 1},
		// A notice of expiry is transactional: it is sent again with the same ID, and the provider may recognize
		// it.
		{"unknown outcome, was sent", func(n int) (error, bool) {
			if n == 1 {
				return unknown, true
			}
			return nil, false
		}, 2},
		{"unknown outcome, was not sent", func(n int) (error, bool) {
			if n == 1 {
				return unknown, false
			}
			return nil, false
		}, 1},
	}
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			b, p, calls := newBench(t, 0), &provider{}, 0
			b.now = noon
			b.remember(t, 1)
			b.remindAll(t, p)
			p.fails = func(notify.Message) (error, bool) { calls++; return c.fails(calls) }
			b.now = firstNotice
			b.runUntil(t, p, firstNotice.Add(10*time.Hour))
			if len(p.took) != c.want {
				t.Errorf("%d arrived: %v", len(p.took), said(p))
			}
			ids := map[string]bool{}
			for _, m := range p.took {
				ids[m.ID] = true
			}
			if len(ids) != 1 {
				t.Errorf("the messages have %d IDs", len(ids))
			}
		})
	}
}

// TestUnsentMessageDoesNotBlockOthers checks that a message that the provider refuses each time neither blocks the
// member's other messages nor is lost once it is accepted.
func TestUnsentMessageDoesNotBlockOthers(t *testing.T) {
	b, p := newBench(t, 0), &provider{}
	b.now = noon
	const reminders = "  messages:\n    - { id: by-mail, on: [\"12-15\"], channels: [email], title: A, text: B }\n" +
		"    - { id: by-phone, on: [\"12-15\"], channels: [sms], title: A, text: B }\n"
	source := string(program.Demo())
	from, until := strings.Index(source, "reminders:"), strings.Index(source, "examples:")
	b.publishAgain(t, source[:from]+"reminders:\n"+reminders+source[until:], 1)
	b.remember(t, 1)
	p.fails = func(m notify.Message) (error, bool) {
		if m.Channel == loyalty.Email {
			return fmt.Errorf("%w: bad request", notify.ErrNotSent), false
		}
		return nil, false
	}
	b.now = time.Date(2026, 12, 15, 8, 35, 0, 0, time.UTC)
	b.remindAll(t, p)
	if got := strings.Join(said(p), ", "); got != "12-15T08:35 by-phone" {
		t.Errorf("sent %s", got)
	}
	p.fails = nil
	b.now = b.now.Add(again)
	b.remindAll(t, p)
	if got := strings.Join(said(p), ", "); got != "12-15T08:35 by-phone, 12-15T09:05 by-mail" {
		t.Errorf("sent %s", got)
	}
}

// TestUnsentMessageIsRetriedDespiteConsentChange checks that recording a consent during a send does not make an
// unsent message count as sent.
func TestUnsentMessageIsRetriedDespiteConsentChange(t *testing.T) {
	b, p, calls := newBench(t, 0), &provider{}, 0
	b.now = noon.Add(-4 * time.Hour)
	m := b.remember(t, 1)
	adjust := service.Adjustment{ID: "adj_more", Member: m, Points: 80, Reason: "x"} // 20 points short of free shipping
	if _, err := b.Adjustments.Adjust(t.Context(), b.program, adjust, ledger.By{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	b.now = noon.Add(24 * time.Hour)
	p.fails = func(notify.Message) (error, bool) {
		if calls++; calls > 1 {
			return nil, false
		}
		again := everything[0]
		again.Source = "till"
		if err := b.Consents.Consent(t.Context(), b.program, m, []remind.Consent{again}, "test"); err != nil {
			t.Error(err)
		}
		return fmt.Errorf("%w: throttled", notify.ErrNotSent), false
	}
	b.runUntil(t, p, b.now.Add(48*time.Hour))
	if len(p.took) != 1 || p.took[0].Purpose != loyalty.Marketing {
		t.Errorf("%d arrived: %v", len(p.took), said(p))
	}
}

// TestCrashLosesOrDuplicatesAtMostOneMessage simulates a crash between the send and its record with a table that
// stops responding. Marketing is not sent again, so at most one message is lost. A notice of expiry is sent again,
// so at most one is duplicated.
func TestCrashLosesOrDuplicatesAtMostOneMessage(t *testing.T) {
	for name, c := range map[string]struct {
		remind   string
		purpose  loyalty.Purpose
		at       time.Time
		arriving int
	}{
		"marketing":     {"nearly-there", loyalty.Marketing, noon.Add(24 * time.Hour), 1},
		"transactional": {"points-30d", loyalty.Transactional, firstNotice, 2},
	} {
		t.Run(name, func(t *testing.T) {
			b, p := newBench(t, 0), &provider{}
			b.now = noon.Add(-4 * time.Hour) // nine in Berlin, before the points are active
			m := b.remember(t, 1)
			if c.purpose == loyalty.Marketing {
				// The member has 20 points too few for free shipping.
				adjust := service.Adjustment{ID: "adj_more", Member: m, Points: 80, Reason: "x"}
				if _, err := b.Adjustments.Adjust(
					t.Context(), b.program, adjust, ledger.By{Actor: "test"},
				); err != nil {
					t.Fatal(err)
				}
			}
			b.now = c.at
			crashed := false
			p.fails = func(notify.Message) (error, bool) {
				if !crashed {
					crashed = true
					b.mu.Lock()
					b.fails = map[string]error{string(m): errors.New("the machine crashed")} // until the test clears it
					b.mu.Unlock()
				}
				return nil, false
			}
			if failed := b.remindAll(t, p); failed == 0 || !crashed {
				t.Fatalf("nothing crashed: %v", said(p))
			}
			b.mu.Lock()
			b.fails = nil
			b.mu.Unlock()
			b.now = b.now.Add(time.Minute) // an immediate visit does not send the message again
			b.remindAll(t, p)
			if len(p.took) != 1 {
				t.Fatalf("within the lease: %v", said(p))
			}
			b.runUntil(t, p, b.now.Add(72*time.Hour))
			arrived := 0
			for _, m := range p.took {
				if m.Reminder == c.remind {
					arrived++
				}
			}
			if arrived != c.arriving {
				t.Errorf("%d arrived: %v", arrived, said(p))
			}
		})
	}
}

func TestConcurrentVisitsSendOnce(t *testing.T) {
	b, p := newBench(t, 0), &provider{}
	b.now = noon
	m := b.remember(t, 1)
	b.now = firstNotice
	r := remindHandler{b.App, p.dispatcher(b.App)}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			remindRun := &remindRun{remindHandler: r, program: b.program, by: remindersOf(b.program)}
			remindRun.safely(context.Background(), m)
			if remindRun.failed.Load() > 0 {
				t.Error("a visit failed")
			}
		})
	}
	all.Wait()
	if len(p.took) != 1 {
		t.Errorf("%v", said(p))
	}
}
