package translog

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/perennial-loyalty/perennial/internal/goldentest"
)

// A vector is a proof in the form of GET /v1/entries/{entry}/proof, with the result of its verification.
type vector struct {
	Name        string   `json:"name"`
	Valid       bool     `json:"valid"`
	Hash        string   `json:"hash"`
	LeafIndex   int64    `json:"leaf_index"`
	Path        []string `json:"path"`
	Checkpoint  string   `json:"checkpoint"`
	VerifierKey string   `json:"verifier_key"`
}

const vectorFile = "testdata/proofs.json"

// vectors returns proofs of all leaves in small logs and of some in a large one, and mutations of one of them.
func vectors(t *testing.T) (all []vector) {
	t.Helper()
	for _, size := range []int{1, 2, 3, 7, 16, 300} {
		l, _ := newLog(t)
		records := records(0, size)
		appendAll(t, l, Batch{Records: records})
		r, err := l.Read(t.Context(), "bluebird")
		if err != nil {
			t.Fatal(err)
		}
		for i, rec := range records {
			if size > 16 && i%75 != 0 && i != size-1 {
				continue
			}
			p, err := r.Prove(rec.Hash, rec.Recorded)
			if err != nil {
				t.Fatal(err)
			}
			v := vector{
				Name: "leaf " + itoa(i) + " of " + itoa(size), Valid: true, LeafIndex: p.Index,
				Hash: base64.StdEncoding.EncodeToString(rec.Hash[:]), Path: []string{}, Checkpoint: p.Checkpoint,
				VerifierKey: r.VerifierKey(),
			}
			for _, h := range p.Path {
				v.Path = append(v.Path, h.String())
			}
			all = append(all, v)
		}
	}
	return append(all, mutations(t, all[len(all)-2])...)
}

// mutations returns invalid variants of a proof.
func mutations(t *testing.T, valid vector) (all []vector) {
	t.Helper()
	add := func(name string, change func(*vector)) {
		v := valid
		v.Name, v.Valid, v.Path = name, false, slices.Clone(valid.Path)
		change(&v)
		all = append(all, v)
	}
	other, err := VerifierKey([]byte("another secret of at least 32 bytes"), "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	zero := tlog.Hash{}.String()
	add("next leaf", func(v *vector) { v.LeafIndex++ })
	add("previous leaf", func(v *vector) { v.LeafIndex-- })
	add("negative leaf", func(v *vector) { v.LeafIndex = -1 })
	add("leaf beyond the size", func(v *vector) { v.LeafIndex = 300 })
	add("other hash", func(v *vector) { v.Hash = zero })
	add("other path", func(v *vector) { v.Path[3] = zero })
	add("short path", func(v *vector) { v.Path = v.Path[1:] })
	add("long path", func(v *vector) { v.Path = append(v.Path, zero) })
	add("other size", func(v *vector) { v.Checkpoint = strings.Replace(v.Checkpoint, "\n300\n", "\n301\n", 1) })
	add("other program", func(v *vector) {
		v.Checkpoint = strings.Replace(v.Checkpoint, "perennial/bluebird/1", "perennial/redbird/1", 1)
	})
	add("other key", func(v *vector) { v.VerifierKey = other })
	return all
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// check verifies a proof as a Go program does.
func (v vector) check() error {
	c, err := OpenCheckpoint(v.Checkpoint, v.VerifierKey)
	if err != nil {
		return err
	}
	hash, err := tlog.ParseHash(v.Hash)
	if err != nil {
		return err
	}
	var path tlog.RecordProof
	for _, text := range v.Path {
		h, err := tlog.ParseHash(text)
		if err != nil {
			return err
		}
		path = append(path, h)
	}
	return tlog.CheckRecord(path, c.Size, c.Root, v.LeafIndex, leafHash(hash))
}

// TestProofsEqualVectors compares the proofs with the test vectors, and verifies the vectors.
func TestProofsEqualVectors(t *testing.T) {
	got, err := json.MarshalIndent(vectors(t), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *goldentest.Update {
		if err := os.WriteFile(vectorFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(vectorFile)
	if err != nil || string(got) != string(want) {
		t.Fatalf("the proofs differ from %s: %v", vectorFile, err)
	}
	for _, v := range readVectors(t) {
		if err := v.check(); (err == nil) != v.Valid {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
}

func readVectors(t *testing.T) (all []vector) {
	t.Helper()
	b, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestPythonVerifiesVectors verifies some of the vectors with a program of at most 60 lines of Python.
func TestPythonVerifiesVectors(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	script := filepath.Join("testdata", "verify_proof.py")
	source, err := os.ReadFile(script)
	if lines := strings.Count(string(source), "\n"); err != nil || lines > 60 {
		t.Fatalf("%d lines: %v", lines, err)
	}
	for i, v := range readVectors(t) {
		if v.Valid && i%12 != 0 {
			continue // each run takes some time
		}
		proof, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), python, script, v.VerifierKey)
		cmd.Stdin = strings.NewReader(string(proof))
		if out, err := cmd.CombinedOutput(); (err == nil) != v.Valid {
			t.Errorf("%s: %v\n%s", v.Name, err, out)
		}
	}
}
