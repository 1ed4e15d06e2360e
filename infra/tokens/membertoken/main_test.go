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

// TestSnippetsSignValidTokens runs each snippet whose interpreter is installed, and verifies its token. Go and Python
// are always installed where the tests run.
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
		"Node": {"node", "member_token.mjs"}, "PHP": {"php", "member_token.php"},
	} {
		t.Run(language, func(t *testing.T) {
			if _, err := exec.LookPath(command[0]); err != nil && (language == "Node" || language == "PHP") {
				t.Skipf("%s is not installed", command[0])
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
