package verify_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/listing"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/verify"
)

// A snapshot contains all items of a table.
type snapshot map[table.Key]table.Item

func (b bench) snapshot() snapshot {
	b.T.Helper()
	all := snapshot{}
	for it, err := range b.Table.Items(b.T.Context()) {
		if err != nil {
			b.T.Fatal(err)
		}
		all[it.Key] = it
	}
	return all
}

// history makes changes of three members and returns the state of the table after each of them, with the checkpoint
// that was published until then.
func history(t *testing.T, random *rand.Rand) (states []snapshot, checkpoints []verify.SignedCheckpoint) {
	b := newBench(t)
	members := []loyalty.MemberID{"mem_ada", "mem_ben", "mem_cleo"}
	for _, m := range members {
		b.Member(m, 0)
	}
	var published verify.SignedCheckpoint
	for range 30 {
		if random.IntN(4) == 0 {
			if c, text := b.LogAll(); text != "" {
				published = verify.SignedCheckpoint{Checkpoint: c, Text: text}
			}
		} else {
			b.Adjust(members[random.IntN(len(members))])
		}
		states, checkpoints = append(states, b.snapshot()), append(checkpoints, published)
	}
	return states, checkpoints
}

// torn returns a copy of a table whose items are from several instants.
func torn(t *testing.T, random *rand.Rand, states []snapshot) bench {
	t.Helper()
	c := newBench(t)
	for key := range states[len(states)-1] {
		it, ok := states[random.IntN(len(states))][key]
		if !ok {
			continue
		}
		it.Version = 0
		if err := c.Table.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (b bench) reconcile(checkpoints ...verify.SignedCheckpoint) ([]verify.Repair, verify.Report) {
	b.T.Helper()
	r := verify.Reconciler{
		Source: b.Table, Log: b.Log, Shard: fmt.Sprint("reconcile-", b.Next()),
		Lists:   listing.List{Table: b.Table, Now: time.Now},
		Program: func(context.Context, string) (*loyalty.Program, error) { return b.Program, nil },
	}
	repairs, report, err := r.Reconcile(b.T.Context(), checkpoints)
	if err != nil {
		b.T.Fatal(err)
	}
	return repairs, report
}

// TestTornCopiesAreReconciled restores copies whose items are from up to four instants. After Reconcile, every account
// is the result of its entries, or the report names the member whose entries have a gap. A second run repairs nothing.
func TestTornCopiesAreReconciled(t *testing.T) {
	cuts := 200
	if os.Getenv("PERENNIAL_LONG") != "" {
		cuts = 5_000
	}
	random := rand.New(rand.NewPCG(5, 6))
	rebuilt, gaps, epochs := 0, 0, 0
	var states []snapshot
	var checkpoints []verify.SignedCheckpoint
	for cut := range cuts {
		if cut%20 == 0 {
			states, checkpoints = history(t, random)
		}
		at := random.IntN(len(states) - 4)
		c := torn(t, random, states[at:at+1+random.IntN(4)])
		var anchors []verify.SignedCheckpoint
		if anchor := checkpoints[len(checkpoints)-1]; anchor.Size > 0 {
			anchors = append(anchors, anchor)
		}
		repairs, report := c.reconcile(anchors...)
		for _, r := range repairs {
			if strings.Contains(r.Detail, "rebuilt") {
				rebuilt++
			}
			if strings.Contains(r.Detail, "a new epoch") {
				epochs++
			}
		}
		for _, f := range report.Findings {
			switch { // entries are missing
			case strings.HasPrefix(f.Subject, "member "):
				gaps++
			case !strings.Contains(f.Detail, "in the table"):
				t.Fatalf("cut %d: %v", cut, f)
			}
		}
		before := c.snapshot()
		if again, second := c.reconcile(); len(again) != 0 || len(second.Findings) != len(report.Findings) {
			t.Fatalf("cut %d: the second run made the repairs %v and found %v", cut, again, second.Findings)
		}
		for key, it := range c.snapshot() {
			if !bytes.Equal(it.Doc, before[key].Doc) {
				t.Fatalf("cut %d: the second run changed %s", cut, key)
			}
		}
		if t.Failed() {
			return
		}
	}
	if rebuilt == 0 || gaps == 0 || epochs == 0 {
		t.Errorf("%d accounts were rebuilt, %d had gaps, and %d logs began a new epoch", rebuilt, gaps, epochs)
	}
}

// TestForkedLogIsNotReplaced reconciles a table with a checkpoint of another history.
func TestForkedLogIsNotReplaced(t *testing.T) {
	b, other := newBench(t), newBench(t)
	b.Member("mem_ada", 5)
	b.logAll()
	other.Member("mem_ben", 3)
	c := verify.SignedCheckpoint{Checkpoint: other.logAll()}
	c.Text = c.Checkpoint.Text()
	repairs, report := b.reconcile(c)
	for _, repair := range repairs {
		if repair.Subject == "log" {
			t.Errorf("%v", repair)
		}
	}
	b.want(report, "it was forked")
}

// TestReconcileNeverChangesEntries compares the entries before and after.
func TestReconcileNeverChangesEntries(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	states, _ := history(t, random)
	c := torn(t, random, states[10:14])
	before := c.snapshot()
	c.reconcile()
	for key, it := range c.snapshot() {
		if strings.Contains(key.PK, "#E#") && !bytes.Equal(it.Doc, before[key].Doc) {
			t.Errorf("%s changed", key)
		}
	}
}
