package translog

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

var (
	secret = []byte("0123456789abcdefghijklmnopqrstuvwxyz")
	start  = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
)

func newLog(t testing.TB) (Log, *tabletest.Meter) {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	m := &tabletest.Meter{Table: tab}
	return Log{Table: m, Secret: secret}, m
}

// records returns n records, one second apart, starting with the given number.
func records(first, n int) []Record {
	var all []Record
	for i := first; i < first+n; i++ {
		all = append(all, Record{
			Hash:     sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i))),
			Recorded: start.Add(time.Duration(i) * time.Second), Position: fmt.Sprint(1_000_000 + i),
		})
	}
	return all
}

// expected returns the root of a tree over records, computed with another data structure.
func expected(t testing.TB, all []Record) tlog.Hash {
	t.Helper()
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) (hashes []tlog.Hash, err error) {
		for _, i := range indexes {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
	for i, rec := range all {
		more, err := tlog.StoredHashes(int64(i), rec.Hash[:], read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(int64(len(all)), read)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// checkLog checks that the log contains exactly the records, in this order, and proves each of them.
func checkLog(t testing.TB, l Log, all []Record) {
	t.Helper()
	r, err := l.Read(t.Context(), "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	key, err := VerifierKey(secret, "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	c, err := OpenCheckpoint(r.Checkpoint(), key)
	if want := (Checkpoint{"bluebird", 1, int64(len(all)), expected(t, all)}); err != nil || c != want {
		t.Fatalf("the checkpoint is %+v (%v), want %+v", c, err, want)
	}
	for i, rec := range all {
		p, err := r.Prove(rec.Hash, rec.Recorded)
		if err != nil {
			t.Fatalf("record %d: %v", i, err)
		}
		if err := tlog.CheckRecord(tlog.RecordProof(p.Path), c.Size, c.Root, p.Index, leafHash(rec.Hash)); err != nil {
			t.Fatalf("record %d at leaf %d: %v", i, p.Index, err)
		}
	}
}

func appendAll(t testing.TB, l Log, b Batch) string {
	t.Helper()
	checkpoint, err := l.Append(t.Context(), "bluebird", b)
	if err != nil {
		t.Fatal(err)
	}
	return checkpoint
}

func TestAppendWithinBudget(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	sizes := map[string]func() int{
		"one record":        func() int { return 1 },
		"49 records":        func() int { return 49 },
		"50 records":        func() int { return 50 },
		"up to 49 records":  func() int { return 1 + random.IntN(49) },
		"up to 200 records": func() int { return 1 + random.IntN(200) },
		"1,000 records":     func() int { return 1_000 },
	}
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			l, m := newLog(t)
			n := 0
			for range 400 {
				b := Batch{Shard: "shard-1", Records: records(n, size())}
				if n += len(b.Records); n > 9_000 {
					break
				}
				m.Take()
				appendAll(t, l, b)
				limit := 8.0
				if len(b.Records) >= 50 {
					limit = 0.2 * float64(len(b.Records))
				}
				if used := m.Take().Write; used > limit {
					t.Fatalf("a batch of %d records after %d used %v write units", len(b.Records), n, used)
				}
			}
		})
	}
}

// TestLargeLogStaysWithinBudget sets all levels of a log of 16 million records to their largest size.
func TestLargeLogStaysWithinBudget(t *testing.T) {
	l, m := newLog(t)
	h := head{program: "bluebird", epoch: 1, size: 1<<24 - 1, latest: start}
	for level := range 6 {
		var hashes []tlog.Hash
		for i := range tileWidth - 1 {
			hashes = append(hashes, tlog.RecordHash([]byte{byte(level), byte(i)}))
		}
		h.edges = append(h.edges, hashes)
	}
	for i := range maxPositions {
		h.positions = append(h.positions, position{shardName(fmt.Sprint(i)), "1234567890123456789012345"})
	}
	if err := l.Table.Transact(t.Context(), table.Put(h.encode())); err != nil {
		t.Fatal(err)
	}
	for n := range 200 {
		b := Batch{Shard: "shard-1", Records: records(n*49, 49)}
		for i := range b.Records {
			b.Records[i].Position = fmt.Sprintf("%040d", n*49+i+1)
		}
		m.Take()
		appendAll(t, l, b)
		if used := m.Take().Write; used > 8 {
			it, _ := m.Get(t.Context(), headKey("bluebird"))
			t.Fatalf("batch %d used %v write units; HEAD has %d bytes", n, used, tabletest.Size(it))
		}
	}
}

func TestLogContainsEveryRecordOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	l, _ := newLog(t)
	all := records(0, 1_500)
	for at := 0; at < len(all); {
		n := min(len(all)-at, 1+random.IntN(120))
		from := max(0, at-random.IntN(40)) // some records are delivered again
		b := Batch{Shard: "shard-1", Records: all[from : at+n]}
		if appendAll(t, l, b) == "" {
			t.Fatal("new records were skipped")
		}
		if appendAll(t, l, b) != "" {
			t.Fatal("a repeated batch was appended again")
		}
		at += n
	}
	checkLog(t, l, all)
	if appendAll(t, l, Batch{Records: all}) != "" {
		t.Error("records without positions were appended again")
	}
}

// TestLastRecordOfAFullTileIsLoggedOnce repeats a batch whose last record has the position of its shard.
func TestLastRecordOfAFullTileIsLoggedOnce(t *testing.T) {
	l, _ := newLog(t)
	all := records(0, tileWidth)
	appendAll(t, l, Batch{Shard: "shard-1", Records: all})
	if appendAll(t, l, Batch{Shard: "shard-1", Records: all[tileWidth-1:]}) != "" {
		t.Error("the last record was appended again")
	}
	checkLog(t, l, all)
}

func TestRedrivenRecordsBelowThePositionAreAppended(t *testing.T) {
	l, _ := newLog(t)
	all := records(0, 300)
	appendAll(t, l, Batch{Shard: "shard-1", Records: all[:100]})
	appendAll(t, l, Batch{Shard: "shard-1", Records: all[200:]})
	appendAll(t, l, Batch{Shard: "shard-1", Records: all[90:210]})
	checkLog(t, l, append(append(append([]Record{}, all[:100]...), all[200:]...), all[100:200]...))
}

func TestLateRecordsAreFound(t *testing.T) {
	l, _ := newLog(t)
	all := records(0, 800)
	var order []Record
	add := func(shard string, records []Record) {
		appendAll(t, l, Batch{Shard: shard, Records: records})
		order = append(order, records...)
	}
	add("shard-1", all[600:700])
	add("shard-2", all[0:300])
	add("shard-1", all[700:800])
	add("shard-2", all[300:600])
	checkLog(t, l, order)
}

func TestConcurrentWritersLoseNothing(t *testing.T) {
	l, _ := newLog(t)
	var group sync.WaitGroup
	for shard := range 4 {
		group.Go(func() {
			for i := range 12 {
				b := Batch{Shard: fmt.Sprint("shard-", shard), Records: records(shard*1_000+i*20, 20)}
				for {
					_, err := l.Append(t.Context(), "bluebird", b)
					if err == nil {
						break
					}
					if !errors.Is(err, table.ErrBusy) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	group.Wait()
	r, err := l.Read(t.Context(), "bluebird")
	if err != nil || r.Size() != 4*12*20 {
		t.Fatalf("the log has %d records: %v", r.Size(), err)
	}
	for shard := range 4 {
		for _, rec := range records(shard*1_000, 12*20) {
			if _, err := r.Prove(rec.Hash, rec.Recorded); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestEarlierCheckpointsRemainConsistent(t *testing.T) {
	l, _ := newLog(t)
	var checkpoints []Checkpoint
	for n := 0; n < 700; n += 33 {
		c, err := ParseCheckpoint(appendAll(t, l, Batch{Shard: "s", Records: records(n, 33)}))
		if err != nil {
			t.Fatal(err)
		}
		checkpoints = append(checkpoints, c)
	}
	r, err := l.Read(t.Context(), "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checkpoints {
		if root, err := r.Root(c.Size); err != nil || root != c.Root {
			t.Errorf("the root at size %d is %v (%v), want %v", c.Size, root, err, c.Root)
		}
	}
}

func TestChangedTileIsFound(t *testing.T) {
	for name, doc := range map[string][]byte{
		"changed": encode(tileDoc{Hashes: textOf(make([]tlog.Hash, tileWidth))}),
		"short":   encode(tileDoc{Hashes: textOf(make([]tlog.Hash, tileWidth-1))}),
		"empty":   encode(tileDoc{}),
		"removed": nil,
	} {
		t.Run(name, func(t *testing.T) { changeTile(t, doc) })
	}
}

// changeTile replaces the document of a tile, or removes the tile, and reads the log.
func changeTile(t *testing.T, doc []byte) {
	l, m := newLog(t)
	appendAll(t, l, Batch{Shard: "s", Records: records(0, 600)})
	prefix := "TILE#0001#00#000000000007"
	for it, err := range m.Query(t.Context(), table.Query{PK: partition("bluebird"), From: prefix, To: prefix + "~"}) {
		if err != nil {
			t.Fatal(err)
		}
		op := table.Delete(it)
		if doc != nil {
			it.Doc = doc
			op = table.Put(it)
		}
		if err := m.Transact(t.Context(), op); err != nil {
			t.Fatal(err)
		}
	}
	r, err := l.Read(t.Context(), "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	n := int64(0)
	for _, err = range r.Leaves() {
		if err != nil {
			break
		}
		n++
	}
	var damaged *TileError
	if n != 7*tileWidth || !errors.As(err, &damaged) || damaged.Leaf() != n {
		t.Errorf("%d leaves, then %v", n, err)
	}
}

func TestNewEpochBeginsWithTheOldCheckpoint(t *testing.T) {
	l, _ := newLog(t)
	appendAll(t, l, Batch{Shard: "s", Records: records(0, 100)})
	old := appendAll(t, l, Batch{Shard: "s", Records: records(100, 100)})
	if err := l.NewEpoch(t.Context(), "bluebird", old); err != nil {
		t.Fatal(err)
	}
	c, err := ParseCheckpoint(appendAll(t, l, Batch{Records: records(0, 200)}))
	if err != nil || c.Epoch != 2 || c.Size != 201 {
		t.Errorf("%+v %v", c, err)
	}
	r, err := l.Read(t.Context(), "bluebird")
	if err != nil || r.Previous() != old {
		t.Fatalf("%q %v", r.Previous(), err)
	}
	for leaf, err := range r.Leaves() {
		if err != nil || leaf != tlog.RecordHash([]byte(old)) {
			t.Errorf("the first leaf is %v: %v", leaf, err)
		}
		break
	}
	if err := l.NewEpoch(t.Context(), "bluebird", "no checkpoint"); !errors.Is(err, ErrCheckpoint) {
		t.Error(err)
	}
	c.Epoch = 5 // a checkpoint that was published after the instant of the restore
	if err := l.NewEpoch(t.Context(), "bluebird", c.Text()); err != nil {
		t.Fatal(err)
	}
	if r, err = l.Read(t.Context(), "bluebird"); err != nil || r.Epoch() != 6 {
		t.Errorf("the log is of epoch %d: %v", r.Epoch(), err)
	}
}

func TestOtherTextsAreNoCheckpoints(t *testing.T) {
	text := Checkpoint{Program: "p", Epoch: 1, Size: 7, Root: tlog.RecordHash(nil)}.Text()
	if c, err := ParseCheckpoint(text); err != nil || c.Size != 7 {
		t.Fatal(c, err)
	}
	for _, other := range []string{
		strings.Replace(text, "\n7\n", "\n07\n", 1), strings.Replace(text, "\n7\n", "\n+7\n", 1),
		strings.Replace(text, "/1\n", "/01\n", 1), strings.Replace(text, "perennial/", "other/", 1),
		text + "another line\n", strings.TrimSuffix(text, "\n"), strings.Replace(text, "\n7\n", "\n-7\n", 1),
	} {
		if c, err := ParseCheckpoint(other); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("%q was parsed as %+v", other, c)
		}
	}
}

// TestHeadAtReturnsEarlierLog replaces the head of a log by each earlier one, and appends the other records again.
func TestHeadAtReturnsEarlierLog(t *testing.T) {
	const n = 300
	all := records(0, n)
	for size := 0; size <= n; size += 7 {
		l, _ := newLog(t)
		for first := 0; first < n; first += 30 {
			appendAll(t, l, Batch{Records: all[first : first+30]})
		}
		r, err := l.Read(t.Context(), "bluebird")
		if err != nil {
			t.Fatal(err)
		}
		it, err := r.HeadAt(int64(size))
		if err == nil {
			err = l.Table.Transact(t.Context(), table.Put(it))
		}
		if err != nil {
			t.Fatal(err)
		}
		if r, err = l.Read(t.Context(), "bluebird"); err != nil || r.Checkpoint() != "" || r.Size() != int64(size) {
			t.Fatal(r.Checkpoint(), r.Size(), err)
		}
		if root, err := r.Root(int64(size)); err != nil || root != expected(t, all[:size]) {
			t.Fatalf("the root at size %d is %s, %v", size, root, err)
		}
		if size < n {
			appendAll(t, l, Batch{Records: all[size:]})
			checkLog(t, l, all)
		}
	}
}

// TestRecordAfterTheCheckpointHasNoProof appends records with and without a signature. The proofs of the former are for
// the size of the checkpoint, although the log is larger.
func TestRecordAfterTheCheckpointHasNoProof(t *testing.T) {
	l, _ := newLog(t)
	all := records(0, 60)
	appendAll(t, l, Batch{Records: all[:37]})
	signed, err := ParseCheckpoint(appendAll(t, l, Batch{Records: all[37:40]}))
	if err != nil {
		t.Fatal(err)
	}
	appendAll(t, Log{Table: l.Table}, Batch{Records: all[40:]})
	r, err := l.Read(t.Context(), "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	for i, rec := range all {
		p, err := r.Prove(rec.Hash, rec.Recorded)
		if i >= 40 {
			if !errors.Is(err, ErrNotLogged) {
				t.Errorf("record %d has a proof: %v", i, err)
			}
			continue
		}
		if err == nil {
			err = tlog.CheckRecord(tlog.RecordProof(p.Path), signed.Size, signed.Root, int64(i), leafHash(rec.Hash))
		}
		if err != nil {
			t.Errorf("record %d: %v", i, err)
		}
	}
}

func TestForeignSignaturesAreRejected(t *testing.T) {
	l, _ := newLog(t)
	checkpoint := appendAll(t, l, Batch{Records: records(0, 3)})
	other, err := VerifierKey([]byte("another secret of at least 32 bytes"), "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCheckpoint(checkpoint, other); err == nil {
		t.Error("a checkpoint was accepted with another key")
	}
	for _, text := range []string{"", "a\n1\nb\n", "perennial/b/0\n1\n" + (tlog.Hash{}).String() + "\n"} {
		if _, err := ParseCheckpoint(text); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("%q was accepted: %v", text, err)
		}
	}
}

func TestUnloggedRecordHasNoProof(t *testing.T) {
	l, _ := newLog(t)
	r, err := l.Read(t.Context(), "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	rec := records(5, 1)[0]
	if _, err := r.Prove(rec.Hash, rec.Recorded); !errors.Is(err, ErrNotLogged) {
		t.Error(err)
	}
	appendAll(t, l, Batch{Records: records(10, 100)})
	if r, err = l.Read(t.Context(), "bluebird"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Prove(rec.Hash, rec.Recorded); !errors.Is(err, ErrNotLogged) {
		t.Error(err)
	}
}
