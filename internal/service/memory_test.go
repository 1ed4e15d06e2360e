package service

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

var noon = time.Date(2026, 12, 1, 11, 0, 0, 0, time.UTC)

// memoryLedger returns a ledger over a table in memory, at noon.
func memoryLedger(t *testing.T) *ledger.Ledger {
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	return &ledger.Ledger{Table: tab, Now: func() time.Time { return noon }}
}
