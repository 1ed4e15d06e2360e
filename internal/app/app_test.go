package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

type counting struct {
	table.Table
	gets int
}

func (c *counting) Get(ctx context.Context, key table.Key) (table.Item, error) {
	c.gets++
	return c.Table.Get(ctx, key)
}

func newApp(t *testing.T) (*App, *counting, *time.Time) {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	now := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	c := &counting{Table: tab}
	a := &App{
		Table: c, Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Stage: Test, Secret: []byte("0123456789abcdefghijklmnopqrstuv"),
	}
	if err := a.Wire(); err != nil {
		t.Fatal(err)
	}
	return a, c, &now
}

func TestPlaceholderSecretIsRejected(t *testing.T) {
	for _, secret := range []string{
		"", "short", strings.Repeat("0", 64), strings.Repeat("abc", 20), "changeme-changeme-changeme-0123456789",
		"<put your placeholder here 0123456789>", "0123456789abcdefghijklmnopqrstu",
	} {
		a := &App{Table: &counting{}, Now: time.Now, Log: slog.Default(), Stage: Test, Secret: []byte(secret)}
		err := a.Wire()
		if err == nil {
			t.Errorf("the secret %q was accepted", secret)
		}
		if err != nil && secret != "" && strings.Contains(err.Error(), secret) {
			t.Errorf("the error contains the secret: %v", err)
		}
	}
}

func TestWireRequiresDependencies(t *testing.T) {
	good := func() App {
		return App{
			Table: &counting{}, Now: time.Now, Log: slog.Default(), Stage: Test,
			Secret: []byte("0123456789abcdefghijklmnopqrstuv"),
		}
	}
	for name, spoil := range map[string]func(*App){
		"no table":     func(a *App) { a.Table = nil },
		"no clock":     func(a *App) { a.Now = nil },
		"no log":       func(a *App) { a.Log = nil },
		"no stage":     func(a *App) { a.Stage = "" },
		"an odd stage": func(a *App) { a.Stage = "prod" },
	} {
		a := good()
		if spoil(&a); a.Wire() == nil {
			t.Errorf("with %s, Wire returned no error", name)
		}
	}
}

func TestDerivedKeysDifferByPurpose(t *testing.T) {
	a, _, _ := newApp(t)
	cursor, blind := a.Derive("cursor"), a.Derive("blind-index")
	if len(cursor) != 32 || bytes.Equal(cursor, blind) || !bytes.Equal(cursor, a.Derive("cursor")) {
		t.Error("keys must differ by purpose and be reproducible")
	}
	other := *a
	other.Secret = []byte("vutsrqponmlkjihgfedcba9876543210")
	if bytes.Equal(cursor, other.Derive("cursor")) {
		t.Error("another secret gives the same key")
	}
}

func publish(t *testing.T, a *App, after int, change func(string) string) {
	t.Helper()
	source := []byte(change(string(program.Demo())))
	p, problems := program.Compile(source)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	in := catalog.Published{Program: "bluebird", Source: source, Snapshot: snapshot.Encode(p), By: "test"}
	if err := a.Catalog.Publish(t.Context(), in, after); err != nil {
		t.Fatal(err)
	}
}

func same(s string) string { return s }

func TestLiveVersionIsRefreshedAfter30Seconds(t *testing.T) {
	a, tab, now := newApp(t)
	if _, err := a.Programs.Live(t.Context(), "bluebird"); !errors.Is(err, ErrNotPublished) {
		t.Fatalf("before the first publication: %v", err)
	}
	publish(t, a, 0, same)
	live := func() int {
		t.Helper()
		p, err := a.Programs.Live(t.Context(), "bluebird")
		if err != nil {
			t.Fatal(err)
		}
		if p.ID != "bluebird" {
			t.Errorf("the program ID is %q", p.ID)
		}
		return p.Version
	}
	if v := live(); v != 1 {
		t.Fatalf("the first publication is visible at once, not version %d", v)
	}
	publish(t, a, 1, func(s string) string { return strings.Replace(s, "cost: 500", "cost: 450", 1) })
	tab.gets = 0
	*now = now.Add(liveFor - time.Nanosecond)
	if v := live(); v != 1 || tab.gets != 0 {
		t.Errorf("just before 30 seconds: version %d, %d reads", v, tab.gets)
	}
	*now = now.Add(time.Nanosecond)
	if v := live(); v != 2 || tab.gets != 2 {
		t.Errorf("at 30 seconds: version %d, %d reads", v, tab.gets)
	}
	publish(t, a, 2, same)
	a.Programs.Forget("bluebird")
	if v := live(); v != 3 {
		t.Errorf("after Forget: version %d", v)
	}
}

func TestVersionIsCached(t *testing.T) {
	a, tab, _ := newApp(t)
	publish(t, a, 0, same)
	first, err := a.Ledger.Program(t.Context(), "bluebird", 1)
	if err != nil {
		t.Fatal(err)
	}
	tab.gets = 0
	second, err := a.Programs.Version(t.Context(), "bluebird", 1)
	if err != nil || first != second || tab.gets != 0 {
		t.Errorf("compiled again (%v), %d reads, %v", first != second, tab.gets, err)
	}
	if _, err := a.Programs.Version(t.Context(), "bluebird", 2); !errors.Is(err, loyalty.NotFound) {
		t.Errorf("a version that does not exist: %v", err)
	}
	if _, err := a.Programs.Version(t.Context(), "redbird", 1); !errors.Is(err, loyalty.NotFound) {
		t.Errorf("another program's version: %v", err)
	}
}
