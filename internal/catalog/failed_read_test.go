package catalog

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// If a read fails, an operation returns the error. It does not continue as if the item were absent.
func TestOperationsReturnTheErrorOfARead(t *testing.T) {
	create := func() table.Table {
		b := newBench(t)
		b.publish(t, 0, time.Time{})
		b.publish(t, 1, noon.Add(time.Hour))
		if _, err := b.SaveDraft(t.Context(), "p", []byte("a"), nil); err != nil {
			t.Fatal(err)
		}
		return b
	}
	in := Published{Program: "p", Source: []byte("x"), Snapshot: []byte(`{}`), By: "test"}
	for name, operation := range map[string]func(Catalog) error{
		"programs": func(c Catalog) error {
			for _, err := range c.ProgramIDs(t.Context()) {
				return err
			}
			return nil
		},
		"snapshot": func(c Catalog) error {
			doc, err := c.Snapshot(t.Context(), "p", 1)
			if err == nil && string(doc) != `{}` {
				t.Errorf("the snapshot is %s", doc)
			}
			return err
		},
		"newest snapshot": func(c Catalog) error {
			_, _, err := c.NewestSnapshot(t.Context(), "p")
			return err
		},
		"version": func(c Catalog) error {
			_, err := c.Published(t.Context(), "p", 1)
			return err
		},
		"draft": func(c Catalog) error {
			_, _, err := c.Draft(t.Context(), "p")
			return err
		},
		"save a draft": func(c Catalog) error {
			_, err := c.SaveDraft(t.Context(), "p", []byte("b"), nil)
			return err
		},
		"publish":       func(c Catalog) error { return c.Publish(t.Context(), in, 2) },
		"publish alone": func(c Catalog) error { return c.PublishAlone(t.Context(), in, 2) },
		"withdraw":      func(c Catalog) error { return c.Withdraw(t.Context(), "p") },
		"recall":        func(c Catalog) error { return c.Recall(t.Context(), "p", []int{1}) },
		"recall none":   func(c Catalog) error { return c.Recall(t.Context(), "p", nil) },
		"live": func(c Catalog) error {
			_, err := c.Live(t.Context(), "p")
			return err
		},
	} {
		tabletest.EachReadFails(t, name, create, func(tab table.Table) error {
			return operation(Catalog{&ledger.Ledger{Table: tab, Now: func() time.Time { return noon }}})
		})
	}
}

// A version can recall earlier versions when it is published.
func TestVersionThatRecallsAnotherOne(t *testing.T) {
	b := newBench(t)
	b.publish(t, 0, time.Time{})
	b.Clock = noon.Add(time.Hour)
	in := Published{Program: "p", Source: []byte("x"), Snapshot: []byte(`{}`), By: "test", Recall: []int{1}}
	if err := b.Publish(t.Context(), in, 1); err != nil {
		t.Fatal(err)
	}
	if s, err := b.Schedule(t.Context(), "p"); err != nil || len(s.Past) != 1 || !s.Past[0].Recalled {
		t.Errorf("%+v, %v", s, err)
	}
}
