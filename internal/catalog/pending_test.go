package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/table"
)

var errStopped = errors.New("the process was stopped")

// large returns a version whose source and snapshot need two parts each. Its content depends on seed.
func large(seed uint64) Published {
	return Published{
		Program: "p", Source: incompressible(seed, 600_000), Snapshot: incompressible(seed+100, 600_000), By: "test",
	}
}

// stopAfter makes all writes fail after n further writes.
func (b *bench) stopAfter(n int) {
	b.Fail = make([]error, 100)
	for i := n; i < len(b.Fail); i++ {
		b.Fail[i] = errStopped
	}
}

// remaining returns the number of parts that do not expire, and the number of sets in the list.
func (b *bench) remaining(t *testing.T) (parts, sets int) {
	t.Helper()
	q := table.Query{PK: stored.ProgramPartition("p"), From: partPrefix, To: partPrefix + "~"}
	for it, err := range b.Table.Query(t.Context(), q) {
		switch {
		case err != nil:
			t.Fatal(err)
		case it.Expires.IsZero():
			parts++
		case string(it.Doc) != `{}`:
			t.Errorf("%s expires, but has %d bytes", it.Key, len(it.Doc))
		}
	}
	_, d, err := b.pending(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	return parts, len(d.Sets)
}

// want fails the test unless a version can be read completely.
func (b *bench) want(t *testing.T, version int, want Published) {
	t.Helper()
	v, err := b.Published(t.Context(), "p", version)
	if err != nil || !bytes.Equal(v.Source, want.Source) {
		t.Errorf("version %d has %d bytes of source, want %d; %v", version, len(v.Source), len(want.Source), err)
	}
	snapshot, err := b.Snapshot(t.Context(), "p", version)
	if err != nil || !bytes.Equal(snapshot, want.Snapshot) {
		t.Errorf("version %d has %d bytes of snapshot, want %d; %v", version, len(snapshot), len(want.Snapshot), err)
	}
}

// A publication can stop before each of its writes. A later publication removes its parts, and can itself stop before
// each of its writes. The same content can be published at any time.
func TestNoPartsRemainOfInterruptedPublications(t *testing.T) {
	const writes, removals = 4, 3 // the list, two parts and the version; two parts and the list
	content := Published{Program: "p", Source: []byte("x"), Snapshot: large(1).Snapshot, By: "test"}
	small := Published{Program: "p", Source: []byte("x"), Snapshot: []byte(`{}`), By: "test"}
	for _, c := range []struct {
		name  string
		third Published
		parts int
	}{{"then another version", small, 0}, {"then the same content", content, 2}} {
		for stop := range writes {
			for stopAgain := range removals + 2 {
				if stop < writes-1 && stopAgain < removals+1 {
					continue // an interrupted removal of all parts includes these cases
				}
				t.Run(fmt.Sprintf("stopped after %d and %d writes, %s", stop, stopAgain, c.name), func(t *testing.T) {
					b := newBench(t)
					b.stopAfter(stop)
					if err := b.Publish(t.Context(), content, 0); !errors.Is(err, errStopped) {
						t.Fatal(err)
					}
					b.Clock = b.Clock.Add(abandonedAfter)
					b.stopAfter(stopAgain)
					version := 1
					if err := b.Publish(t.Context(), small, 0); err != nil {
						version = 0
					}
					if (version == 1) != (stopAgain > removals) {
						t.Errorf("the second publication resulted in version %d", version)
					}
					b.Fail = nil
					if err := b.Publish(t.Context(), c.third, version); err != nil {
						t.Fatal(err)
					}
					b.want(t, version+1, c.third)
					if parts, sets := b.remaining(t); parts != c.parts || sets != 0 {
						t.Errorf("%d parts and %d sets remain, want %d parts", parts, sets, c.parts)
					}
				})
			}
		}
	}
}

// The parts of a published version remain if another publication of the same content is interrupted.
func TestPartsOfPublishedVersionRemain(t *testing.T) {
	b := newBench(t)
	if err := b.Publish(t.Context(), large(1), 0); err != nil {
		t.Fatal(err)
	}
	other := large(1)
	other.Snapshot = large(2).Snapshot
	b.stopAfter(3)
	if err := b.Publish(t.Context(), other, 1); !errors.Is(err, errStopped) {
		t.Fatal(err)
	}
	b.Fail = nil
	b.Clock = b.Clock.Add(abandonedAfter)
	b.publish(t, 1, time.Time{})
	b.want(t, 1, large(1))
	if parts, sets := b.remaining(t); parts != 4 || sets != 0 {
		t.Errorf("%d parts and %d sets remain, want the four parts of the version", parts, sets)
	}
}

// A removal and a publication run at the same time. At each write of the publication, the removal of its parts runs
// completely. The publication writes them again.
func TestRemovalDuringPublication(t *testing.T) {
	for at := range 6 {
		b := newBench(t)
		n := 0
		var before func() error
		before = func() error {
			if n++; n <= at {
				b.Before = before
				return nil
			}
			b.Clock = b.Clock.Add(abandonedAfter)
			return b.removeAbandoned(t.Context(), "p")
		}
		b.Before = before
		if err := b.Publish(t.Context(), large(1), 0); err != nil {
			t.Fatalf("before write %d: %v", at, err)
		}
		b.want(t, 1, large(1))
		if parts, sets := b.remaining(t); parts != 4 || sets != 0 {
			t.Errorf("before write %d: %d parts and %d sets remain, want four parts", at, parts, sets)
		}
	}
}

// A publication stops a removal: at each write of the removal, the same content is published.
func TestPublicationDuringRemoval(t *testing.T) {
	for at := range 5 {
		b := newBench(t)
		b.stopAfter(5)
		if err := b.Publish(t.Context(), large(1), 0); !errors.Is(err, errStopped) {
			t.Fatal(err)
		}
		b.Fail = nil
		b.Clock = b.Clock.Add(abandonedAfter)
		n := 0
		var before func() error
		before = func() error {
			if n++; n <= at {
				b.Before = before
				return nil
			}
			list, d, err := b.pending(t.Context(), "p")
			if err != nil {
				return err
			}
			if len(d.Sets) != 2 || list.Version == 0 {
				t.Errorf("before write %d: %d sets", at, len(d.Sets))
			}
			version, snapshot, sets, err := versionDocs(large(1), publishedDoc{Source: string(large(1).Source)})
			if err != nil {
				return err
			}
			return b.commitVersion(t.Context(), "p", []table.Op{
				table.Put(table.Item{Key: VersionKey("p", 1), Doc: version}),
				table.Put(table.Item{Key: SnapshotKey("p", 1), Doc: snapshot}),
			}, sets)
		}
		b.Before = before
		if err := b.removeAbandoned(t.Context(), "p"); err != nil {
			t.Fatalf("before write %d: %v", at, err)
		}
		b.want(t, 1, large(1))
		if parts, sets := b.remaining(t); parts != 4 || sets != 0 {
			t.Errorf("before write %d: %d parts and %d sets remain, want four parts", at, parts, sets)
		}
	}
}

// One publication removes a bounded number of sets. The parts of recent publications remain, unless there are too many.
func TestRemovalIsBounded(t *testing.T) {
	b := newBench(t)
	it := table.Item{Key: pendingKey("p")}
	var d pendingDoc
	for i := range 5 {
		d.Sets = append(d.Sets, pendingSetDoc{Hash: fmt.Sprint(i), Count: 1, At: stored.Millis(noon)})
	}
	if changed, err := writePending(t.Context(), b.Table, &it, d); changed || err != nil {
		t.Fatal(changed, err)
	}
	for i, want := range []int{5, 3, 1, 0, 0} {
		if i == 1 {
			b.Clock = b.Clock.Add(abandonedAfter)
		}
		b.publish(t, i, time.Time{})
		if _, sets := b.remaining(t); sets != want {
			t.Errorf("%d sets remain after %d publications, want %d", sets, i+1, want)
		}
	}
	for i := range maxPending + 1 {
		d.Sets = append(d.Sets, pendingSetDoc{Hash: fmt.Sprint("n", i), Count: 1, At: stored.Millis(b.Clock)})
	}
	it, _, err := b.pending(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := writePending(t.Context(), b.Table, &it, pendingDoc{d.Sets[5:]}); changed || err != nil {
		t.Fatal(changed, err)
	}
	b.publish(t, 5, time.Time{})
	if _, sets := b.remaining(t); sets != maxPending {
		t.Errorf("%d recent sets remain, want %d", sets, maxPending)
	}
}
