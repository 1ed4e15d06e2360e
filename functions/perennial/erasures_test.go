package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestErasuresAreAppliedToARestoredDirectory applies a list of erasures to a data directory in which the member still
// exists. The member no longer exists when a stack serves the data.
func TestErasuresAreAppliedToARestoredDirectory(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, "--empty", "--json", "--data", data)
	status, answer, err := p.call("POST", "/v1/members", "the-key-of-member-1", `{"external_id":"m1"}`)
	if err != nil || status != 201 {
		t.Fatal(status, answer, err)
	}
	_ = p.stop(syscall.SIGTERM)
	member, _ := answer["id"].(string)
	list := filepath.Join(t.TempDir(), "erasures.json")
	at := `"2026-01-10T09:00:00Z"`
	page := `{"data": [{"member": "` + member + `", "status": "completed", "requested_at": ` + at + `, "due_at": ` +
		at + `, "completed_at": ` + at + `}], "next_cursor": null}`
	if err := os.WriteFile(list, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"erased: " + member + "\n", ""} {
		out, errs, status := run(t, "erasures", "apply", "--data", data, "--program", "bluebird", list)
		if status != 0 || out != want {
			t.Fatalf("%q %s, want %q", out, errs, want)
		}
	}
	p = start(t, "--json", "--data", data)
	defer func() { _ = p.stop(syscall.SIGTERM) }()
	if status, answer, err := p.call("GET", "/v1/members/"+member, "", ""); status != 404 {
		t.Error(status, answer, err)
	}
	none := filepath.Join(data, "none")
	_, errs, status := run(t, "erasures", "apply", "--data", data, "--program", "bluebird", none)
	if status != 1 || !strings.Contains(errs, "none") {
		t.Error(status, errs)
	}
}
