package catalog_test

import (
	"errors"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

func TestAVersionIsPublishedWithItsSnapshotOrNotAtAll(t *testing.T) {
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	l := &ledger.Ledger{Table: tab, Now: func() time.Time { return servicetest.Start }}
	in := catalog.Published{Program: "bluebird", Source: []byte("program: bluebird"), By: "test"}
	if err := (catalog.Catalog{Ledger: l}).Publish(t.Context(), in, 0); err == nil ||
		errors.As(err, new(*loyalty.Error)) {
		t.Errorf("without a snapshot: %v", err)
	}
	if live, err := (catalog.Catalog{Ledger: l}).Live(t.Context(), "bluebird"); live != 0 || err != nil {
		t.Errorf("version %d is live, %v", live, err)
	}
	if _, err := (catalog.Catalog{Ledger: l}).Snapshot(t.Context(), "bluebird", 1); !errors.Is(err, loyalty.NotFound) {
		t.Errorf("a snapshot that does not exist: %v", err)
	}
	in.Snapshot = []byte(`{"id":"bluebird"}`)
	if err := (catalog.Catalog{Ledger: l}).Publish(t.Context(), in, 0); err != nil {
		t.Fatal(err)
	}
	if got, err := (catalog.Catalog{Ledger: l}).Snapshot(
		t.Context(), "bluebird", 1,
	); string(got) != string(in.Snapshot) || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	if err := (catalog.Catalog{Ledger: l}).Publish(t.Context(), in, 0); !errors.Is(err, loyalty.AlreadyExists) {
		t.Errorf("published over a version: %v", err)
	}
	n := 0
	for v, err := range (catalog.Catalog{Ledger: l}).Versions(t.Context(), "bluebird", 0, 0) {
		if n++; err != nil || v.Version != 1 {
			t.Errorf("%+v, %v", v, err)
		}
		source, err := catalog.Catalog{Ledger: l}.Source(t.Context(), v)
		if err != nil || string(source) != string(in.Source) {
			t.Errorf("the source is %q, %v", source, err)
		}
	}
	if n != 1 {
		t.Errorf("%d versions are listed: a snapshot is none", n)
	}
}
