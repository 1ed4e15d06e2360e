package payments_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/payments"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// counted counts the writes of activity, and can fail them.
type counted struct {
	table.Table
	writes int
	err    error
}

func (c *counted) Transact(ctx context.Context, ops ...table.Op) error {
	if strings.HasSuffix(ops[0].Item.Key.PK, "#PROVIDERS") {
		c.writes++
		if c.err != nil {
			return c.err
		}
	}
	return c.Table.Transact(ctx, ops...)
}

func TestActivityIsWrittenOnceInTenMinutes(t *testing.T) {
	s := newShop(t, "payments")
	c := &counted{Table: s.table}
	now := noon
	var log bytes.Buffer
	a := *s.stack.App
	a.Now = func() time.Time { return now }
	a.Log = slog.New(slog.NewTextHandler(&log, nil))
	a.Stores = app.NewStores(&ledger.Ledger{
		Table: c, Now: a.Now, Program: a.Programs.Version, Keyring: a.Ledger.Keyring,
	})
	function := payments.Webhooks(&a)
	n := 0
	send := func(provider, want string) {
		t.Helper()
		n++
		e := s.paid(provider)
		e.Payment += fmt.Sprint("_", n)
		body, err := e.Body(settings()["corner"][provider].Secrets[0])
		if err != nil {
			t.Fatal(err)
		}
		h, err := e.Headers(settings()["corner"][provider], body, now)
		if err != nil {
			t.Fatal(err)
		}
		if want == "401" {
			h.Set("Stripe-Signature", "t=1,v1=00")
		}
		if got := post(t, t.Context(), function, e, h, body); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", provider, got, want)
		}
	}
	expect := func(writes int) {
		t.Helper()
		if c.writes != writes {
			t.Errorf("%s after the start: %d writes, want %d", now.Sub(noon), c.writes, writes)
		}
	}
	send(app.Stripe, "401")
	expect(0)
	for range 5 {
		send(app.Stripe, "200")
		expect(1)
		now = now.Add(119 * time.Second)
	}
	send(app.Adyen, "200")
	expect(2)
	now = noon.Add(10 * time.Minute)
	send(app.Stripe, "200")
	expect(3)
	now, c.err = now.Add(10*time.Minute), errors.New("as asked")
	send(app.Stripe, "200") // the event is stored
	expect(4)
	if !strings.Contains(log.String(), "as asked") {
		t.Errorf("the failure is not logged: %s", log.String())
	}
}
