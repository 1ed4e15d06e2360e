package verify_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/verify"
	"github.com/perennial-loyalty/perennial/internal/verify/verifytest"
)

// A bench checks a table.
type bench struct{ *verifytest.Bench }

func newBench(t *testing.T) bench { return bench{verifytest.New(t)} }

// logAll appends all entries that are not in the log, and returns the checkpoint.
func (b bench) logAll() translog.Checkpoint {
	c, _ := b.LogAll()
	return c
}

func (b bench) verify(checkpoints ...translog.Checkpoint) verify.Report {
	b.T.Helper()
	r, err := verify.Table(b.T.Context(), b.Table, checkpoints)
	if err != nil {
		b.T.Fatal(err)
	}
	return r
}

// want requires that the first finding has a text.
func (b bench) want(r verify.Report, text string) {
	b.T.Helper()
	if len(r.Findings) == 0 || !strings.Contains(r.Findings[0].String(), text) {
		b.T.Errorf("the first finding must contain %q: %v", text, r.Findings)
	}
}

func adjustment(n int) table.Key {
	return stored.CauseKey("bluebird", loyalty.Cause{
		Kind: loyalty.CauseAdjustment, ID: fmt.Sprintf("adj_%04d", n), Revision: 1,
	})
}

func TestUnchangedTableHasNoFindings(t *testing.T) {
	b := newBench(t)
	b.Member("mem_ada", 30)
	before := b.logAll()
	b.Member("mem_ben", 20)
	after := b.logAll()
	b.Now = b.Now.Add(30 * time.Second)
	b.Member("mem_cleo", 0)
	r := b.verify(before)
	if len(r.Findings) != 0 || r.Programs != 1 || r.Members != 3 || r.Entries != 53 || r.Unlogged != 1 ||
		len(r.NotAnchored) != 0 {
		t.Errorf("%+v", r)
	}
	if r := b.verify(after); len(r.Findings) != 0 {
		t.Errorf("%+v", r)
	}
	if r := b.verify(); len(r.Findings) != 0 || !slices.Equal(r.NotAnchored, []string{"bluebird"}) {
		t.Errorf("%+v", r)
	}
}

func TestChangedEntryIsFound(t *testing.T) {
	b := newBench(t)
	b.Member("mem_ada", 30)
	anchor := b.logAll()
	doc := bytes.Replace(b.Get(adjustment(7)).Doc, []byte(`"test"`), []byte(`"best"`), 1)
	b.Change(adjustment(7), doc)
	b.want(b.verify(anchor), "breaks the chain")
}

// TestRewrittenChainIsFound replaces an entry and recomputes the chain, so that only the log shows the change.
func TestRewrittenChainIsFound(t *testing.T) {
	b, other := newBench(t), newBench(t)
	b.Member("mem_ada", 30)
	anchor := b.logAll()
	other.Now = other.Now.Add(time.Second)
	other.Member("mem_ada", 30)
	b.copyFrom(other, func(k table.Key) bool { return !strings.HasSuffix(k.PK, "#LOG") })
	b.want(b.verify(), "leaf 0 has no entry in the table")
	other.logAll()
	b.copyFrom(other, func(k table.Key) bool { return strings.HasSuffix(k.PK, "#LOG") })
	if r := b.verify(); len(r.Findings) != 0 || len(r.NotAnchored) != 1 {
		t.Errorf("%+v", r)
	}
	b.want(b.verify(anchor), "it was forked")
}

// copyFrom replaces all items with the given keys by those of another table.
func (b bench) copyFrom(other bench, match func(table.Key) bool) {
	b.T.Helper()
	for _, key := range b.Matching(match) {
		b.Change(key, nil)
	}
	for _, key := range other.Matching(match) {
		it := other.Get(key)
		it.Version = 0
		if err := b.Table.Transact(b.T.Context(), table.Put(it)); err != nil {
			b.T.Fatal(err)
		}
	}
}

func TestRemovedMemberIsFound(t *testing.T) {
	b := newBench(t)
	b.Member("mem_ada", 20)
	b.Member("mem_ben", 20)
	anchor := b.logAll()
	for _, key := range b.Matching(func(k table.Key) bool {
		return strings.Contains(k.PK, "mem_ben") || strings.Contains(k.PK, "#ADJ#") && k.PK > adjustment(20).PK
	}) {
		b.Change(key, nil)
	}
	r := b.verify(anchor)
	b.want(r, "leaf 21 has no entry in the table")
	if r.Members != 1 || len(r.Findings) != 2 {
		t.Errorf("%+v", r)
	}
}

// TestEachRemovedEntryIsFound removes the entries one after the other.
func TestEachRemovedEntryIsFound(t *testing.T) {
	for n := 1; n <= 20; n++ {
		b := newBench(t)
		b.Member("mem_ada", 20)
		b.logAll()
		b.Change(adjustment(n), nil)
		b.want(b.verify(), fmt.Sprintf("leaf %d has no entry in the table", n))
	}
}

// TestTruncatedTableIsFound returns the whole table to an earlier state.
func TestTruncatedTableIsFound(t *testing.T) {
	b := newBench(t)
	b.Member("mem_ada", 20)
	b.logAll()
	early := newBench(t)
	early.copyFrom(b, func(table.Key) bool { return true })
	b.Member("mem_ben", 1)
	anchor := b.logAll()
	if r := early.verify(); len(r.Findings) != 0 {
		t.Errorf("%+v", r)
	}
	b.want(early.verify(anchor), "it was truncated: it has 21 leaves, but the given checkpoint states 23")
	empty := newBench(t)
	b.want(empty.verify(anchor), "it was truncated: it has 0 leaves")
}

func TestForgedEntryIsFound(t *testing.T) {
	b := newBench(t)
	b.Member("mem_ada", 5)
	b.Now = b.Now.Add(time.Hour)
	b.Member("mem_ben", 1)
	b.Now = b.Now.Add(-2 * time.Hour) // a forged entry of an earlier time
	anchor := b.logAll()
	b.Member("mem_eve", 1)
	b.want(b.verify(anchor), "but the log does not contain it")
}

func TestChangedLogIsFound(t *testing.T) {
	b := newBench(t)
	b.Member("mem_ada", 50)
	anchor := b.logAll()
	tiles := b.Matching(func(k table.Key) bool { return strings.HasPrefix(k.SK, "TILE#0001#00#000000000001") })
	b.Change(tiles[0], nil)
	r := b.verify(anchor)
	b.want(r, "tile 1 of level 0 is missing or changed; the first leaf below it is 16")
	if len(r.Findings) != 1 {
		t.Errorf("%v", r.Findings)
	}
	anchor.Size -= 20
	b.want(b.verify(anchor), "the root at size 31 cannot be computed")
}

func TestChangedBalanceIsFound(t *testing.T) {
	b := newBench(t)
	b.Member("mem_ada", 3)
	b.logAll()
	key := stored.AccountKey("bluebird", "mem_ada")
	acc, err := stored.ReadAccount(b.Get(key), "mem_ada")
	if err != nil {
		t.Fatal(err)
	}
	acc.Sequence++
	doc, err := json.Marshal(stored.StoredAccount(acc))
	if err != nil {
		t.Fatal(err)
	}
	b.Change(key, doc)
	b.want(b.verify(), "member mem_ada: the stored account is")
}

func TestChangedAuditRecordIsFound(t *testing.T) {
	b := newBench(t)
	for n := 1; n <= 3; n++ {
		version := table.Item{
			Key: catalog.VersionKey("bluebird", n),
			Doc: fmt.Appendf(nil, `{"at":%d,"by":"k1"}`, verifytest.Start.UnixMilli()),
		}
		if err := b.Table.Transact(t.Context(), table.Put(version)); err != nil {
			t.Fatal(err)
		}
	}
	anchor := b.logAll()
	if r := b.verify(anchor); len(r.Findings) != 0 || r.Unlogged != 0 || anchor.Size != 3 {
		t.Errorf("%+v", r)
	}
	key := table.Key{PK: "P#bluebird#AUDIT", SK: "RECORD#PROGRAM#000002"}
	b.Change(key, bytes.Replace(b.Get(key).Doc, []byte(`"k1"`), []byte(`"k2"`), 1))
	b.want(b.verify(anchor), "audit list: audit: record 2 breaks the chain")
	b.Change(key, nil)
	b.want(b.verify(anchor), "leaf 1 has no entry in the table")
}

func TestNewEpochIsAnchoredByItsFirstLeaf(t *testing.T) {
	b := newBench(t)
	b.Member("mem_ada", 40)
	anchor := b.logAll()
	r, err := b.Log.Read(t.Context(), "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Log.NewEpoch(t.Context(), "bluebird", r.Checkpoint()); err != nil {
		t.Fatal(err)
	}
	second := b.logAll()
	for _, c := range []translog.Checkpoint{anchor, second} {
		if r := b.verify(c); len(r.Findings) != 0 {
			t.Errorf("%+v", r)
		}
	}
	anchor.Size--
	b.want(b.verify(anchor), "epoch 2 does not begin with the given checkpoint")
	second.Epoch++
	b.want(b.verify(second), "is of epoch 3, but the log is of epoch 2")
}

// TestFailedReadIsReturned checks that a failed read is an error and not a finding.
func TestFailedReadIsReturned(t *testing.T) {
	b := newBench(t)
	b.Member("mem_ada", 3)
	b.logAll()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := verify.Table(ctx, b.Table, nil); err == nil {
		t.Error("a canceled check succeeded")
	}
}
