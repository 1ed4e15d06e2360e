package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program"
)

// A file that takes less for silver moves whoever has it; looking at that changes nothing.
func TestAPreviewSaysWhoseLevelAFileWouldChange(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	now := time.Now().UTC()
	live, problems := program.Compile(program.Demo())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	live.Version = 1
	table, err := openData(dir)
	if err != nil {
		t.Fatal(err)
	}
	l := &ledger.Ledger{Table: table, Now: func() time.Time { return now }}
	const ada = "mem_00000000000000000001"
	if _, err := l.Enrol(t.Context(), live, ledger.Enrolment{Member: ada}, ledger.By{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	o := loyalty.Order{ID: "1", Member: ada, PlacedAt: now, Currency: "EUR", Status: loyalty.OrderPaid, Lines: []loyalty.Line{{ID: "1", Quantity: 1, Amount: 200_00}}}
	if _, err := l.PutOrder(t.Context(), live, o, ledger.By{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cheap.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(string(program.Demo()), "from: 500,", "from: 100,", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &reassess{Program: "bluebird", File: file, Levels: "full"}
	next, err := c.next(live, now.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		next *loyalty.Program
		to   string
	}{{live, "bronze"}, {next, "silver"}, {live, "bronze"}} {
		seen := 0
		for shard := range ledger.Shards {
			for m, err := range l.LevelChanges(t.Context(), live, x.next, shard, "", now.Add(time.Minute)) {
				if seen++; err != nil || m.Member != ada || m.From != "bronze" || m.To != x.to || m.Down(x.next) {
					t.Errorf("%+v, %v, want %s", m, err, x.to)
				}
			}
		}
		if seen != 1 {
			t.Errorf("%d members were looked at", seen)
		}
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	c.Program = "other"
	if _, err := c.next(live, now); err == nil {
		t.Error("a file of another program was taken")
	}
}
