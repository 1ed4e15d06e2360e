package api

import (
	"encoding/json"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/translog/source"
)

var checkpointSecret = []byte("abcdefghijklmnopqrstuv0123456789")

// logEntry appends an entry to the transparency log, as the relay does.
func (w *world) logEntry(program, id string) {
	w.t.Helper()
	e, err := w.app.Statements.Find(w.t.Context(), program, id)
	if err != nil {
		w.t.Fatal(err)
	}
	hash, err := source.ParseHash(e.Hash)
	if err != nil {
		w.t.Fatal(err)
	}
	log := translog.Log{Table: w.table, Secret: checkpointSecret}
	batch := translog.Batch{Records: []translog.Record{{Hash: hash, Recorded: e.Recorded}}}
	if _, err := log.Append(w.t.Context(), program, batch); err != nil {
		w.t.Fatal(err)
	}
}

// adjusted creates an entry and returns its ID.
func (w *world) adjusted(member string, points int) string {
	w.t.Helper()
	body := fmt.Sprintf(`{"points": %d, "reason": "for a proof"}`, points)
	return w.must("POST", "/v1/members/"+member+"/adjustments", body)
}

// decode sends a request and requires its status. It decodes the body of a successful response into out.
func (w *world) decode(key, path string, status int, out any) {
	w.t.Helper()
	a := w.do(sentRequest{method: "GET", path: path, key: key})
	if a.status != status {
		w.t.Fatalf("GET %s: %d %s", path, a.status, a.body)
	}
	if status == 200 {
		if err := json.Unmarshal([]byte(a.body), out); err != nil {
			w.t.Fatal(err)
		}
	}
}

// proofs checks that an entry is proved once it is in the log, and only to callers of its program.
func (w *world) proofs() {
	w.t.Helper()
	ada := w.must("POST", "/v1/members", `{}`)
	var entries []string
	for points := 1; points <= 40; points++ {
		entries = append(entries, w.adjusted(ada, points))
	}
	w.decode("admin", "/v1/checkpoint", 404, nil)
	w.decode("admin", "/v1/entries/"+entries[0]+"/proof", 404, nil)
	for _, id := range entries[:39] {
		w.logEntry("bluebird", id)
	}
	for i, id := range entries[:39] {
		var p wire.EntryProof
		w.decode("admin", "/v1/entries/"+id+"/proof", 200, &p)
		if err := checkProof(p, id, int64(i)); err != nil {
			w.t.Errorf("entry %d: %v", i, err)
		}
	}
	w.decode("admin", "/v1/entries/"+entries[39]+"/proof", 404, nil)
	w.decode("admin", "/v1/entries/ent_order~unknown~1/proof", 404, nil)
	w.decode("other", "/v1/entries/"+entries[0]+"/proof", 404, nil)
	var c wire.Checkpoint
	w.decode("admin", "/v1/checkpoint", 200, &c)
	if _, err := translog.OpenCheckpoint(c.Checkpoint, c.VerifierKey); err != nil {
		w.t.Error(err)
	}
}

// checkProof verifies a proof with the public key in it.
func checkProof(p wire.EntryProof, id string, index int64) error {
	c, err := translog.OpenCheckpoint(p.Checkpoint, p.VerifierKey)
	if err != nil {
		return err
	}
	hash, err := tlog.ParseHash(p.Hash)
	if err != nil {
		return err
	}
	var path tlog.RecordProof
	for _, text := range p.Path {
		h, err := tlog.ParseHash(text)
		if err != nil {
			return err
		}
		path = append(path, h)
	}
	if p.Entry != id || p.LeafIndex != index {
		return fmt.Errorf("the proof is for %s at leaf %d", p.Entry, p.LeafIndex)
	}
	return tlog.CheckRecord(path, c.Size, c.Root, p.LeafIndex, tlog.RecordHash(hash[:]))
}

func TestLoggedEntryIsProved(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) { newWorld(t, tab).proofs() })
}
