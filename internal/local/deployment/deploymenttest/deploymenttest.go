// Package deploymenttest runs the functions' binaries in tests, with package deployment.
package deploymenttest

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/local/binaries"
	"github.com/perennial-loyalty/perennial/internal/local/deployment"
	"github.com/perennial-loyalty/perennial/internal/stack"
)

// A build contains the binaries of all functions in the template. All tests of a process use the same build.
type build struct {
	root, dir string
	err       error
}

var built = sync.OnceValue(func() (b build) {
	if b.root, b.err = binaries.Root(); b.err != nil {
		return b
	}
	if b.err = readSources(b.root); b.err != nil {
		return b
	}
	template, err := stack.Read(templatePath(b.root))
	if err != nil {
		return build{err: err}
	}
	var names []string
	for _, f := range template.Functions {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	b.dir, b.err = binaries.Build(context.Background(), b.root, names...)
	return b
})

func templatePath(root string) string { return filepath.Join(root, "template.yaml") }

// readSources reads every Go file of the module. The go command then detects that the test depends on these files, and
// does not use a cached result after one of them has changed.
func readSources(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "build") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			_, err = os.Stat(path)
		}
		return err
	})
}

// Build returns a copy of template.yaml, which the test may change, and the directory with up-to-date binaries.
func Build(t testing.TB) (template *stack.Template, dir string) {
	t.Helper()
	b := built()
	if b.err != nil {
		t.Fatal(b.err)
	}
	template, err := stack.Read(templatePath(b.root))
	if err != nil {
		t.Fatal(err)
	}
	return template, b.dir
}

// Start runs a deployment of template.yaml with up-to-date binaries until the test ends. If o has no log, warnings and
// errors are written to the output of the test.
func Start(t testing.TB, o deployment.Options) *deployment.Deployment {
	t.Helper()
	o.Template, o.Binaries = Build(t)
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	d, err := deployment.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}
