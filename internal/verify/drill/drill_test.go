package drill

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/verify"
	"github.com/perennial-loyalty/perennial/internal/verify/verifytest"
)

// history creates a table with three members, 40 adjustments, an audit list and a log that lacks the last entries.
func history(t *testing.T, random *rand.Rand) *verifytest.Bench {
	t.Helper()
	b := verifytest.New(t)
	b.By.Actor = "0123456789ab" // an API key
	members := []loyalty.MemberID{"mem_ada", "mem_ben", "mem_cleo"}
	for _, m := range members {
		b.Member(m, 2)
	}
	for range 34 {
		if random.IntN(4) == 0 {
			b.LogAll()
		}
		b.Adjust(members[random.IntN(len(members))])
	}
	b.LogAll()
	b.Now = b.Now.Add(-50 * time.Second) // within a minute of the last record
	for range random.IntN(3) {
		b.Adjust(members[0])
		b.Now = b.Now.Add(-time.Minute)
	}
	return b
}

// newDrill returns a drill of a table.
func newDrill(t *testing.T, b *verifytest.Bench, seed uint64) *Drill {
	t.Helper()
	target, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	return &Drill{
		Source: b.Table, Target: target, Log: translog.Log{Table: target, Secret: b.Log.Secret}, Window: 12,
		Program: func(context.Context, string) (*loyalty.Program, error) { return b.Program, nil },
		Random:  seedtest.Random(seed), Now: func() time.Time { return b.Now }, Shard: fmt.Sprint("drill-", b.Next()),
	}
}

// TestTornCopiesAreProven restores 200 torn copies, or 5,000 in the long version, and proves each of them.
func TestTornCopiesAreProven(t *testing.T) {
	cuts := 200
	if os.Getenv("PERENNIAL_LONG") != "" {
		cuts = 5_000
	}
	seed := seedtest.Or(t, 11)
	random := rand.New(rand.NewPCG(seed, 12))
	seen := map[string]int{}
	var b *verifytest.Bench
	var before bytes.Buffer
	for cut := range cuts {
		if cut%20 == 0 {
			b = history(t, random)
			before.Reset()
			if err := b.Table.Dump(&before); err != nil {
				t.Fatal(err)
			}
		}
		d := newDrill(t, b, random.Uint64())
		r, err := d.Run(t.Context())
		if err == nil {
			err = r.Err()
		}
		if err != nil {
			t.Fatalf("cut %d: %v: %v; %+v, repairs %v", cut, err, r.Unproven, r.Cut, r.Repairs)
		}
		count(seen, r)
		_ = d.Target.Close()
		if cut%20 != 19 {
			continue
		}
		var after bytes.Buffer
		if err := b.Table.Dump(&after); err != nil || !bytes.Equal(before.Bytes(), after.Bytes()) {
			t.Fatalf("the cuts before %d changed the original: %v", cut, err)
		}
	}
	for _, kind := range []string{
		"rebuilt", "a new epoch", "records appended", "it ends with record", "gap", "lost", "audit", "nothing lost",
	} {
		if seen[kind] == 0 {
			t.Errorf("no cut had the effect %q", kind)
		}
	}
	t.Log(seen)
}

// count counts the effects of a drill.
func count(seen map[string]int, r Result) {
	for _, repair := range r.Repairs {
		for _, kind := range []string{"rebuilt", "a new epoch", "records appended", "it ends with record"} {
			if strings.Contains(repair.Detail, kind) {
				seen[kind]++
			}
		}
	}
	for _, f := range r.Report.Findings {
		switch {
		case f.Member != "":
			seen["gap"]++
		case f.Lost:
			seen["lost"]++
		default:
			seen["audit"]++
		}
	}
	if r.Cut.Records == 0 && len(r.Report.Findings) == 0 {
		seen["nothing lost"]++
	}
}

// TestRestoredLogExtendsTheGivenCheckpoint verifies a restored table with a checkpoint from before the restore, and
// later with one of the new epoch.
func TestRestoredLogExtendsTheGivenCheckpoint(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	b := history(t, random)
	before, text := b.LogAll()
	if text == "" {
		r, err := b.Log.Read(t.Context(), "bluebird")
		if err != nil {
			t.Fatal(err)
		}
		text = r.Checkpoint()
		if before, err = translog.ParseCheckpoint(text); err != nil {
			t.Fatal(err)
		}
	}
	for seed := uint64(1); ; seed++ {
		d := newDrill(t, b, seed)
		d.Checkpoints = []verify.SignedCheckpoint{{Checkpoint: before, Text: text}}
		r, err := d.Run(t.Context())
		if err != nil || r.Err() != nil {
			t.Fatal(err, r.Unproven)
		}
		if r.Cut.Leaves == 0 {
			continue
		}
		log, err := d.Log.Read(t.Context(), "bluebird")
		if err != nil {
			t.Fatal(err)
		}
		if log.Epoch() != 2 || log.Previous() != text {
			t.Errorf("the log is of epoch %d and begins with %q", log.Epoch(), log.Previous())
		}
		after, err := translog.ParseCheckpoint(log.Checkpoint())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []translog.Checkpoint{before, after} {
			again, err := verify.Table(t.Context(), d.Target, []translog.Checkpoint{c})
			if err != nil || len(again.Findings) != len(r.Report.Findings) || len(again.NotAnchored) > 0 {
				t.Errorf("epoch %d: %+v %v", c.Epoch, again, err)
			}
		}
		return
	}
}

func adjustment(id string) table.Key {
	return stored.CauseKey("bluebird", loyalty.Cause{Kind: loyalty.CauseAdjustment, ID: id, Revision: 1})
}

func TestDrillRejectsDamagedOriginal(t *testing.T) {
	b := history(t, rand.New(rand.NewPCG(5, 6)))
	b.Change(adjustment("adj_0007"), nil)
	if _, err := newDrill(t, b, 1).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "the original has") {
		t.Error(err)
	}
}

// TestChangedEntryIsNotProven changes an entry of the copy while the copy is reconciled.
func TestChangedEntryIsNotProven(t *testing.T) {
	b := history(t, rand.New(rand.NewPCG(7, 8)))
	d := newDrill(t, b, 2)
	key := adjustment("adj_0001")
	changed := false
	d.Program = func(ctx context.Context, _ string) (*loyalty.Program, error) {
		copied := *b
		if copied.Table = d.Target; !changed {
			changed = true
			copied.Change(key, bytes.Replace(copied.Get(key).Doc, []byte(`"test"`), []byte(`"best"`), 1))
		}
		return b.Program, nil
	}
	r, err := d.Run(t.Context())
	if err != nil || r.Err() == nil || !strings.Contains(strings.Join(r.Unproven, "\n"), "the entry P#bluebird#E#") {
		t.Errorf("%v %v", err, r.Unproven)
	}
}

// TestUnexplainedFindingsAreListed checks each kind of finding with and without a missing record.
func TestUnexplainedFindingsAreListed(t *testing.T) {
	findings := []verify.Finding{
		{Program: "b", Subject: "member m", Member: "m"},
		{Program: "b", Subject: "log", Lost: true},
		{Program: "b", Subject: verify.AuditList},
		{Program: "b", Subject: "log", Detail: "it was forked"},
	}
	cut := Cut{Records: 1, entries: map[memberKey]int{{"b", "m"}: 1}, audited: map[string]int{"b": 1}}
	got := unexplained(cut, verify.Report{Findings: findings})
	if len(got) != 1 || !strings.Contains(got[0], "forked") {
		t.Errorf("%v", got)
	}
	other := Cut{entries: map[memberKey]int{{"b", "n"}: 1}, audited: map[string]int{"c": 1}}
	if got := unexplained(other, verify.Report{Findings: findings}); len(got) != 4 {
		t.Errorf("%v", got)
	}
}
