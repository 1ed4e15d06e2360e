package api

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// TestPersonalDataIsUnreadableAtRest stores personal data in a data directory, and searches for it in all files of the
// directory and in the log. The write-ahead log of the table is not compressed and contains every write, so the search
// finds data that is not encrypted: the wording of a consent shows this.
func TestPersonalDataIsUnreadableAtRest(t *testing.T) {
	dir := t.TempDir()
	tab, err := pebbletable.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, tab)
	ada := w.remind()
	w.must("PATCH", "/v1/members/"+ada, `{"external_id": "canary-external", "email": "canary-email@example.com",
		"phone": "+4915112345678", "name": "Canary Lovelace", "birthday": "1987-06-05"}`)
	w.must("POST", "/v1/members/"+ada+"/adjustments", `{"points": 3000, "reason": "canary-reason"}`)
	w.must("PUT", "/v1/members/"+ada+"/status", `{"status": "active", "reason": "the member called"}`)
	gift := w.must("POST", "/v1/redemptions",
		`{"member": "external:canary-external", "reward": "gift-25", "commit": true}`)
	w.must("POST", "/v1/redemptions/"+gift+"/send",
		`{"email": "canary-friend@example.com", "name": "Canary Friend", "message": "canary-message"}`)
	p, err := w.app.Programs.Live(t.Context(), "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.app.Consents.AddressFailed(t.Context(), p, loyalty.MemberID(ada), members.FailedAddress{
		Channel: loyalty.Email, Address: "canary-failed@example.com", Why: members.Bounced, At: w.now,
	}); err != nil {
		t.Fatal(err)
	}
	if err := tab.Close(); err != nil {
		t.Fatal(err)
	}
	stored := contents(t, dir)
	if !bytes.Contains(stored, []byte("news-1")) {
		t.Error("the search does not find data that is not encrypted")
	}
	for _, canary := range []string{
		"canary-external", "canary-email", "5112345678", "Lovelace", "1987-06-05", "canary-friend", "Canary Friend",
		"canary-message", "canary-failed", "canary-reason",
	} {
		if bytes.Contains(stored, []byte(canary)) {
			t.Errorf("the data directory contains %q", canary)
		}
		if bytes.Contains(w.log.Bytes(), []byte(canary)) {
			t.Errorf("the log contains %q", canary)
		}
	}
}

// contents returns the contents of all files in a directory.
func contents(t *testing.T, dir string) (all []byte) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all = append(all, b...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
