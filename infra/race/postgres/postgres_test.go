package postgres

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestServerSyncsCommits starts a server, reads its settings, and stops it.
func TestServerSyncsCommits(t *testing.T) {
	bin, err := exec.Command("../../postgresql", "--installed").Output()
	if err != nil {
		t.Skip("PostgreSQL is not installed; infra/postgresql downloads it")
	}
	parent, err := os.MkdirTemp("", "postgres-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(parent)
	if err := os.Chmod(parent, 0o711); err != nil { // the server runs as another user if this process is root
		t.Fatal(err)
	}
	s, err := Start(t.Context(), string(bytes.TrimSpace(bin)), filepath.Join(parent, "data"))
	if err != nil {
		t.Fatal(err)
	}
	query := "SELECT current_setting('fsync'), current_setting('synchronous_commit'), " +
		"current_setting('full_page_writes'), current_setting('listen_addresses')"
	out, err := s.Program(t.Context(), "psql", "-X", "-A", "-t", "-c", query).CombinedOutput()
	if got := strings.TrimSpace(string(out)); err != nil || got != "on|on|on|" {
		t.Errorf("settings %q, %v; want on|on|on|", got, err)
	}
	s.Stop()
	if err := syscall.Kill(s.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the server runs after Stop: %v", err)
	}
}
