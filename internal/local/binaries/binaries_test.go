package binaries_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/local/binaries"
)

func TestBuildUsesDeploymentFlags(t *testing.T) {
	root, err := binaries.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := binaries.Build(t.Context(), root, "relay")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "relay", "bootstrap")
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "version", "-m", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, flag := range []string{"-tags=lambda.norpc", "-trimpath=true", "CGO_ENABLED=0"} {
		if !strings.Contains(string(out), flag) {
			t.Errorf("the binary was built without %s:\n%s", flag, out)
		}
	}
	if _, err := binaries.Build(t.Context(), root, "relay"); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("a current binary was written again: %v", err)
	}
	if _, err := binaries.Build(t.Context(), root, "nothing"); err == nil ||
		!strings.Contains(err.Error(), "functions/nothing") {
		t.Errorf("an unknown function: %v", err)
	}
}

func TestRootRequiresCheckout(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := binaries.Root(); err == nil || !strings.Contains(err.Error(), "checkout") {
		t.Errorf("%v", err)
	}
}
