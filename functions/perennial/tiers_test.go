package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/datadir"
	"github.com/perennial-loyalty/perennial/internal/keyring/keyringtest"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// TestPreviewListsTierChangesOfFile uses a file with a lower threshold for silver, which moves a member. The
// preview changes nothing.
func TestPreviewListsTierChangesOfFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if out, err, status := run(t, "program", "publish", "--data", dir, writeProgram(t)); status != 0 {
		t.Fatal(out, err)
	}
	now := time.Now().UTC()
	live, problems := program.Compile(program.Demo())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	live.Version = 1
	table, err := datadir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	l := &ledger.Ledger{
		Table: table, Now: func() time.Time { return now },
		Keyring: keyringtest.New(table, func() time.Time { return now }),
	}
	const ada = "mem_00000000000000000001"
	if _, err := (members.Members{Ledger: l}).Enroll(
		t.Context(), live, members.Enrollment{Member: ada}, ledger.By{Actor: "test"},
	); err != nil {
		t.Fatal(err)
	}
	o := loyalty.Order{
		ID: "1", Member: ada, PlacedAt: now, Currency: "EUR", Status: loyalty.OrderPaid,
		Lines: []loyalty.Line{{ID: "1", Quantity: 1, Amount: 200_00}},
	}
	if _, err := (service.Orders{Ledger: l}).Put(t.Context(), live, o, ledger.By{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	file := writeProgram(t, "from: 500,", "from: 100,")
	c := &tiersPreview{Program: "bluebird", File: file, TierChanges: "full"}
	next, err := c.next(live, now.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		next *loyalty.Program
		to   string
	}{{live, "bronze"}, {next, "silver"}, {live, "bronze"}} {
		v := catalog.LevelPreview{Live: live, Next: x.next, Now: now, Until: now.Add(time.Minute)}
		seen := 0
		for shard := range stored.Shards {
			for m, err := range (catalog.Catalog{Ledger: l}).LevelChanges(t.Context(), v, shard, "") {
				if seen++; err != nil || m.Member != ada || m.From != "bronze" || m.To != x.to {
					t.Errorf("%+v, %v, want %s", m, err, x.to)
				}
			}
		}
		if seen != 1 {
			t.Errorf("%d members were evaluated", seen)
		}
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	const looked = "1 members evaluated, excluding members without time-dependent changes\n"
	cheap := ada + "  …Z  …\n" + looked + "     1 from bronze to silver\n"
	for _, x := range []struct{ args, want string }{
		{"", looked}, {"--file " + file, cheap}, {"--file " + file, cheap}, {"", looked},
	} {
		args := append([]string{"tiers", "preview", "--data", dir, "bluebird"}, strings.Fields(x.args)...)
		if out, err, status := run(t, args...); status != 0 || !like(x.want, out) {
			t.Errorf("%v: %d %s%s", args, status, out, err)
		}
	}
	c.Program = "other"
	if _, err := c.next(live, now); err == nil {
		t.Error("a file of another program was accepted")
	}
}
