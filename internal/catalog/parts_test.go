package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// incompressible returns a JSON object of about n bytes that compression halves at most. Its content depends on seed.
func incompressible(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	var b bytes.Buffer
	b.WriteString(`{"text":"`)
	for b.Len() < n {
		fmt.Fprintf(&b, "%016x", r.Uint64())
	}
	b.WriteString(`"}`)
	return b.Bytes()
}

// parts returns the number of items with parts in the table. The parts of a draft are included.
func (b *bench) parts(t *testing.T) (n int) {
	t.Helper()
	q := table.Query{PK: stored.ProgramPartition("p"), From: partPrefix, To: partPrefix + "~"}
	for _, err := range b.Table.Query(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// The largest sources and snapshots are stored in parts. Readers receive them complete.
func TestLargeVersionsAreStoredInParts(t *testing.T) {
	for _, c := range []struct {
		name             string
		source, snapshot int
		parts            bool
	}{
		{"small", 1_000, 1_000, false},
		{"the largest without parts", inlineBytes - 100, inlineBytes - 100, false},
		{"in parts", inlineBytes + 100, inlineBytes + 100, true},
		{"the largest", 2 << 20, 4 << 20, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			in := Published{
				Program: "p", Source: []byte(strings.Trim(string(incompressible(1, c.source)), `{}"`)),
				Snapshot: incompressible(2, c.snapshot), By: "test",
			}
			if err := b.Publish(t.Context(), in, 0); err != nil {
				t.Fatal(err)
			}
			if n := b.parts(t); n > 0 != c.parts {
				t.Errorf("there are %d parts", n)
			}
			v, err := b.Published(t.Context(), "p", 1)
			if err != nil || !bytes.Equal(v.Source, in.Source) || v.By != "test" || !v.At.Equal(noon) {
				t.Errorf("%d bytes of source, want %d; %v", len(v.Source), len(in.Source), err)
			}
			snapshot, err := b.Snapshot(t.Context(), "p", 1)
			if err != nil || !bytes.Equal(snapshot, in.Snapshot) {
				t.Errorf("%d bytes of snapshot, want %d; %v", len(snapshot), len(in.Snapshot), err)
			}
			version, snapshot, err := b.NewestSnapshot(t.Context(), "p")
			if err != nil || version != 1 || !bytes.Equal(snapshot, in.Snapshot) {
				t.Errorf("version %d: %d bytes of snapshot, want %d; %v", version, len(snapshot), len(in.Snapshot), err)
			}
			for v, err := range b.Versions(t.Context(), "p", 0, 0) {
				if err != nil || v.Version != 1 || v.Source != nil {
					t.Errorf("version %d with %d bytes of source; %v", v.Version, len(v.Source), err)
				}
				if source, err := b.Source(t.Context(), v); err != nil || !bytes.Equal(source, in.Source) {
					t.Errorf("%d bytes of source, want %d; %v", len(source), len(in.Source), err)
				}
			}
		})
	}
}

// A version that is published twice, or whose first publication was interrupted after its parts, uses the same parts.
// A withdrawn version keeps them.
func TestPartsBelongToTheirContent(t *testing.T) {
	b := newBench(t)
	in := Published{Program: "p", Source: incompressible(1, 400_000), Snapshot: incompressible(2, 400_000), By: "test"}
	snapshot, err := split("p", in.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.store(t.Context(), "p", []partSet{snapshot}); err != nil { // the interrupted publication
		t.Fatal(err)
	}
	if version, _, err := b.NewestSnapshot(t.Context(), "p"); version != 0 || err != nil {
		t.Fatalf("parts alone look like version %d; %v", version, err)
	}
	if err := b.Publish(t.Context(), in, 0); err != nil {
		t.Fatal(err)
	}
	n := b.parts(t)
	in.Effective = noon.Add(time.Hour)
	if err := b.Publish(t.Context(), in, 1); err != nil {
		t.Fatal(err)
	}
	if err := b.Withdraw(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	if again := b.parts(t); again != n {
		t.Errorf("there are %d parts after the second publication and %d after the first", again, n)
	}
	for version := 1; version <= 2; version++ {
		v, err := b.Published(t.Context(), "p", version)
		if err != nil || !bytes.Equal(v.Source, in.Source) || v.Withdrawn.IsZero() != (version == 1) {
			t.Errorf("version %d: %d bytes, withdrawn at %v; %v", version, len(v.Source), v.Withdrawn, err)
		}
	}
}

// A draft overwrites the parts of the draft before it. They are separate from the parts of versions.
func TestPartsOfDrafts(t *testing.T) {
	b := newBench(t)
	large, medium := incompressible(1, 2<<20), incompressible(2, 600_000)
	for i, source := range [][]byte{medium, large, large, medium, large, []byte("small"), large} {
		if _, err := b.SaveDraft(t.Context(), "p", source, nil); err != nil {
			t.Fatal(err)
		}
		got, version, err := b.Draft(t.Context(), "p")
		if err != nil || !bytes.Equal(got, source) || version == 0 {
			t.Errorf("draft %d: %d bytes, want %d; %v", i, len(got), len(source), err)
		}
	}
	if n := b.parts(t); n != 5 {
		t.Errorf("there are %d parts, want those of the largest draft, 5", n)
	}
	in := Published{Program: "p", Source: large, Snapshot: []byte(`{}`), By: "test"}
	if err := b.Publish(t.Context(), in, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := b.SaveDraft(t.Context(), "p", medium, nil); err != nil {
		t.Fatal(err)
	}
	if v, err := b.Published(t.Context(), "p", 1); err != nil || !bytes.Equal(v.Source, large) {
		t.Errorf("the version has %d bytes after the draft was replaced; %v", len(v.Source), err)
	}
}

// A part that is missing or has another content is never returned.
func TestMissingAndOtherParts(t *testing.T) {
	for _, other := range []func(table.Item) table.Op{
		table.Delete,
		func(it table.Item) table.Op {
			it.Doc = stored.Encode(stored.PartDoc{Packed: table.Binary([]byte("other"))})
			return table.Put(it)
		},
	} {
		b := newBench(t)
		source := incompressible(1, 600_000)
		if _, err := b.SaveDraft(t.Context(), "p", source, nil); err != nil {
			t.Fatal(err)
		}
		in := Published{Program: "p", Source: source, Snapshot: incompressible(2, 600_000), By: "test"}
		if err := b.Publish(t.Context(), in, 0); err != nil {
			t.Fatal(err)
		}
		q := table.Query{PK: stored.ProgramPartition("p"), From: partPrefix, To: partPrefix + "~"}
		for it, err := range b.Table.Query(t.Context(), q) {
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(it.Key.SK, "#000") {
				continue
			}
			if err := b.Table.Transact(t.Context(), other(it)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Published(t.Context(), "p", 1); !errors.Is(err, errOtherParts) {
			t.Errorf("source: %v", err)
		}
		if _, err := b.Snapshot(t.Context(), "p", 1); !errors.Is(err, errOtherParts) {
			t.Errorf("snapshot: %v", err)
		}
		if _, _, err := b.Draft(t.Context(), "p"); !errors.Is(err, ledger.ErrTryAgain) {
			t.Errorf("draft: %v", err)
		}
	}
}
