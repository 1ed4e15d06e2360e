// Package verifytest creates tables with members, entries and transparency logs for tests of package verify and its
// commands.
package verifytest

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/keyring/keyringtest"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/translog/source"
)

// Start is the time at which each Bench begins.
var Start = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)

// A Bench is a table in memory with members of the program bluebird, their entries and a log.
type Bench struct {
	T       testing.TB
	Table   *pebbletable.Table
	Now     time.Time
	Log     translog.Log
	Program *loyalty.Program
	By      ledger.By // the actor of all changes; the audit list contains the changes of API keys and operators

	last int // the last number of Next
}

// Next returns the next number, starting with 1.
func (b *Bench) Next() int {
	b.last++
	return b.last
}

// New creates an empty Bench.
func New(t testing.TB) *Bench {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	b := &Bench{T: t, Table: tab, Now: Start, By: ledger.By{Actor: "test"}}
	b.Program = &loyalty.Program{ID: "bluebird", Version: 1, Zone: time.UTC}
	b.Log = translog.Log{Table: tab, Secret: []byte("0123456789abcdefghijklmnopqrstuv")}
	return b
}

// Ledger returns a ledger over the table.
func (b *Bench) Ledger() *ledger.Ledger {
	now := func() time.Time { return b.Now }
	return &ledger.Ledger{Table: b.Table, Now: now, Keyring: keyringtest.New(b.Table, now)}
}

// Member enrolls a member and makes adjustments.
func (b *Bench) Member(m loyalty.MemberID, adjustments int) {
	b.T.Helper()
	in := members.Enrollment{Member: m}
	if _, err := (members.Members{Ledger: b.Ledger()}).Enroll(b.T.Context(), b.Program, in, b.By); err != nil {
		b.T.Fatal(err)
	}
	for range adjustments {
		b.Adjust(m)
	}
}

// Adjust makes one adjustment, a minute later. Its ID is adj_ with the result of Next in four digits.
func (b *Bench) Adjust(m loyalty.MemberID) {
	b.T.Helper()
	b.Now = b.Now.Add(time.Minute)
	in := service.Adjustment{ID: fmt.Sprintf("adj_%04d", b.Next()), Member: m, Points: 10, Reason: "test"}
	if _, err := (service.Adjustments{Ledger: b.Ledger()}).Adjust(b.T.Context(), b.Program, in, b.By); err != nil {
		b.T.Fatal(err)
	}
}

// LogAll appends all entries that are not in the log, and returns the checkpoint and its signed text.
func (b *Bench) LogAll() (c translog.Checkpoint, text string) {
	b.T.Helper()
	err := source.AppendMissing(b.T.Context(), b.Log, b.Table.Items(b.T.Context()), b.Now.String(),
		func(_ string, _ int, checkpoint string) { text = checkpoint })
	if err == nil && text != "" {
		c, err = translog.ParseCheckpoint(text)
	}
	if err != nil {
		b.T.Fatal(err)
	}
	return c, text
}

// Get returns an item that must exist.
func (b *Bench) Get(key table.Key) table.Item {
	b.T.Helper()
	it, err := b.Table.Get(b.T.Context(), key)
	if err != nil || it.Version == 0 {
		b.T.Fatal(key, err)
	}
	return it
}

// Change replaces the document of an item, or removes the item if there is no document. Someone who can write the whole
// table can do the same.
func (b *Bench) Change(key table.Key, doc []byte) {
	b.T.Helper()
	it := b.Get(key)
	op := table.Delete(it)
	if doc != nil {
		it.Doc = doc
		op = table.Put(it)
	}
	if err := b.Table.Transact(b.T.Context(), op); err != nil {
		b.T.Fatal(err)
	}
}

// Matching returns the keys of the items for which match is true.
func (b *Bench) Matching(match func(table.Key) bool) (keys []table.Key) {
	b.T.Helper()
	for it, err := range b.Table.Items(b.T.Context()) {
		if err != nil {
			b.T.Fatal(err)
		}
		if match(it.Key) {
			keys = append(keys, it.Key)
		}
	}
	return keys
}
