package pebbletable

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/table"
)

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(t *testing.T, dir string)
		want    string
	}{
		"a directory in use": {func(t *testing.T, dir string) {
			tab, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { tab.Close() })
		}, "in use by another process"},
		"a directory of another program": {func(t *testing.T, dir string) {
			writeFile(t, filepath.Join(dir, "letters.txt"), "Dear Ada")
		}, "not a directory of Perennial"},
		"a table of a later format": {func(t *testing.T, dir string) {
			writeFile(t, filepath.Join(dir, markName), "perennial table, form 3\n")
		}, "unknown format"},
		"a file": {func(t *testing.T, dir string) {
			if err := os.Remove(dir); err != nil {
				t.Fatal(err)
			}
			writeFile(t, dir, "")
		}, "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c.prepare(t, dir)
			before := files(t, dir)
			_, err := Open(dir)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v, want %q and the directory", err, c.want)
			}
			if diff := cmp.Diff(before, files(t, dir)); diff != "" {
				t.Errorf("the directory was changed:\n%s", diff)
			}
		})
	}
}

func TestReopenedTableIsUnchanged(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	var before, after bytes.Buffer
	for _, dump := range []*bytes.Buffer{&before, &after} {
		tab, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if dump == &before {
			it := table.Item{
				Key: table.Key{PK: "p", SK: "a"}, Index: table.Key{PK: "i", SK: "1"}, Doc: []byte(`{"n": 1}`),
			}
			other := table.Item{
				Key: table.Key{PK: "p", SK: "b\n"}, Expires: time.Unix(2_000_000_000, 5), Doc: []byte(`{}`),
			}
			if err := tab.Transact(t.Context(), table.Put(it), table.Put(other)); err != nil {
				t.Fatal(err)
			}
		}
		if err := tab.Dump(dump); err != nil {
			t.Fatal(err)
		}
		if err := tab.Close(); err != nil {
			t.Fatal(err)
		}
	}
	want := `"p" "a" v1 "i" "1" 0 {"n":1}` + "\n" + `"p" "b\n" v1 "" "" 2000000000 {}` + "\n"
	if before.String() != want || after.String() != want {
		t.Errorf("got %s, then %s, want %s", &before, &after, want)
	}
}

func TestClosedTableReturnsErrors(t *testing.T) {
	tab := memory(t)
	if err := tab.Close(); err != nil {
		t.Fatal(err)
	}
	key := table.Key{PK: "p", SK: "a"}
	_, err := tab.Get(t.Context(), key)
	errs := []error{err, tab.Close(), tab.Dump(&bytes.Buffer{}), tab.Transact(t.Context(), table.Add(key, "n", 1, 0))}
	for _, err := range tab.Query(t.Context(), table.Query{PK: "p"}) {
		errs = append(errs, err)
	}
	if len(errs) != 5 || slices.ContainsFunc(errs, func(err error) bool { return err == nil }) {
		t.Errorf("got %v, want five errors", errs)
	}
}

func TestZeroBytesInKeysAreOrdered(t *testing.T) {
	tab := checked(t, memory(t))
	ordered := []string{"\x00", "\x00\x00", "\x00a", "a", "a\x00", "a\x00\x00b", "a\x00b", "ab", "b"}
	for _, sk := range slices.Backward(ordered) {
		for _, pk := range []string{"p", "p\x00", "p\x00a"} {
			it := table.Item{Key: table.Key{PK: pk, SK: sk}, Index: table.Key{PK: pk, SK: sk}, Doc: []byte(`{}`)}
			if err := tab.Transact(t.Context(), table.Put(it)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, index := range []bool{false, true} {
		for _, pk := range []string{"p", "p\x00", "p\x00a"} {
			got := []string{}
			for it, err := range tab.Query(t.Context(), table.Query{PK: pk, Index: index, From: "\x00\x00", To: "ab"}) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, it.Key.SK)
			}
			if diff := cmp.Diff(ordered[1:8], got); diff != "" {
				t.Errorf("partition %q, index %v (-want +got):\n%s", pk, index, diff)
			}
		}
	}
}

// The items are encoded by the first release. Every later release must read them.
func TestStoredFormsStayReadable(t *testing.T) {
	key := table.Key{PK: "P#p#M#m", SK: "ACCOUNT"}
	for stored, want := range map[string]table.Item{
		"00017b7d": {Key: key, Version: 1, Doc: []byte(`{}`)},
		"03ac0280d0acf30e03646573027369" + "7b226e223a317d": {
			Key: key, Version: 300, Expires: time.Unix(2_000_000_000, 0).UTC(),
			Index: table.Key{PK: "des", SK: "si"}, Doc: []byte(`{"n":1}`),
		},
	} {
		value, err := hex.DecodeString(stored)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeItem(key, value)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stored, diff)
		}
		if again := hex.EncodeToString(encodeItem(got)); again != stored {
			t.Errorf("encoded as %s, want %s", again, stored)
		}
		for n := range len(value) - len(want.Doc) {
			if _, err := decodeItem(key, value[:n]); err == nil {
				t.Errorf("the first %d bytes of %s were decoded as an item", n, stored)
			}
		}
	}
	if _, err := decodeItem(key, []byte{0x80, 1, '{', '}'}); err == nil {
		t.Error("an item with an unknown flag was decoded")
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// files returns the names in dir, or none if it is not a directory.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, _ := os.ReadDir(dir)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestRowsArePartitioned requires that the partition of a row's key is all up to the first part, also if parts contain
// zero bytes, and that rows of different partitions are ordered as their partitions.
func TestRowsArePartitioned(t *testing.T) {
	parts := []string{"a", "a\x00", "a\x00b", "b", "é", "\x00"}
	for _, pk := range parts {
		for _, sk := range parts {
			row := itemKey(table.Key{PK: pk, SK: sk})
			partition := appendParts([]byte{itemRow}, pk)
			if n := splitPartition(row); n != len(partition) {
				t.Errorf("the partition of %q has %d bytes, want %d", row, n, len(partition))
			}
			for _, other := range parts {
				for _, suffix := range parts {
					o := itemKey(table.Key{PK: other, SK: suffix})
					if c := bytes.Compare(partition, appendParts([]byte{itemRow}, other)); c != 0 &&
						c != bytes.Compare(row, o) {
						t.Errorf("%q and %q are ordered differently than their partitions", row, o)
					}
				}
			}
		}
	}
	if bound := beyond(itemKey(table.Key{PK: "a", SK: "b"})); splitPartition(bound) != 3 {
		t.Errorf("the partition of %q has %d bytes", bound, splitPartition(bound))
	}
}
