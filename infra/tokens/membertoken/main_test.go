package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// TestSnippetsSignValidTokens runs each snippet and verifies its token. Go and Python are always installed where the
// tests run. Node is skipped if it is not installed. PHP is skipped unless it is installed or was downloaded by
// infra/php, which make test runs where apt-get is available.
func TestSnippetsSignValidTokens(t *testing.T) {
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	tokens := &auth.Tokens{Table: tab, Now: time.Now, Secret: []byte("0123456789abcdefghijklmnopqrstuv")}
	_, secret, err := tokens.CreateKey(t.Context(), "bluebird", nil)
	if err != nil {
		t.Fatal(err)
	}
	for language, command := range map[string][]string{
		"Go": {"go", "run", "./membertoken"}, "Python": {"python3", "member_token.py"},
		"Node": {"node", "member_token.mjs"}, "PHP": {php(t), "member_token.php"},
	} {
		t.Run(language, func(t *testing.T) {
			if _, err := exec.LookPath(command[0]); err != nil && (language == "Node" || language == "PHP") {
				t.Skipf("%s is not installed", language)
			}
			cmd := exec.CommandContext(t.Context(), command[0], append(command[1:], "bluebird", "ada")...)
			cmd.Dir = ".."
			cmd.Env = append(os.Environ(), "PERENNIAL_TOKEN_SECRET="+secret)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			who, err := tokens.Verify(t.Context(), "Bearer "+strings.TrimSpace(string(out)))
			if err != nil || who.Program != "bluebird" || who.Subject != "ada" {
				t.Errorf("%+v, %v", who, err)
			}
		})
	}
}

// php returns the PHP interpreter, which may not exist.
func php(t *testing.T) string {
	t.Helper()
	args := []string{"--installed"}
	if _, err := exec.LookPath("apt-get"); err == nil && os.Getenv("PERENNIAL_REQUIRE_PHP") != "" {
		args = nil
	}
	out, err := exec.CommandContext(t.Context(), "../../php", args...).Output()
	if err != nil && args == nil {
		t.Fatalf("infra/php: %v", err)
	}
	return strings.TrimSpace(string(out))
}
