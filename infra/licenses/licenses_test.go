package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/notices"
)

const top = "../.."

// permitted are the licenses that a module in a binary may have. The MPL applies only to the files of its module.
var permitted = []string{
	"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "GooglePatentsFile", "ISC", "MIT", "MIT-0", "MPL-2.0",
}

// TestListsAreUpToDate fails if go.mod or a license has changed since the files were written.
func TestListsAreUpToDate(t *testing.T) {
	list, text, err := generate(top)
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string][]byte{listFile: list, noticesFile: text} {
		got, err := os.ReadFile(filepath.Join(top, file))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is out of date. Run go generate ./internal/notices.", file)
		}
	}
	if notices.Text != string(text) {
		t.Error("the binaries contain other notices")
	}
	for path, reason := range reasonsIn(string(list)) {
		if reason == "" {
			t.Errorf("%s: write the reason for %s", listFile, path)
		}
	}
}

func TestShippedModulesHavePermittedLicenses(t *testing.T) {
	shipped, err := shippedModules(top)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range shipped {
		licenses, err := m.licenses()
		if err != nil {
			t.Error(err)
		}
		for id := range strings.SplitSeq(licenses, ", ") {
			if !slices.Contains(permitted, id) {
				t.Errorf("%s has the license %s", m.Path, id)
			}
		}
		if !strings.Contains(notices.Text, "\n"+m.Path+" "+m.Version+" (") {
			t.Errorf("the notices lack %s", m.Path)
		}
	}
	if len(shipped) < 20 || !strings.Contains(notices.Text, "the Go standard library") {
		t.Errorf("the notices have %d modules", len(shipped))
	}
}

func TestUnknownLicensesAreErrors(t *testing.T) {
	dir := t.TempDir()
	m := module{Path: "example.com/secret", Version: "v1.0.0", Dir: dir}
	if _, err := m.licenses(); err == nil {
		t.Error("a module without a license is listed")
	}
	if _, err := noticesOf(map[string]module{m.Path: m}); err == nil {
		t.Error("a binary contains a module without a license")
	}
	if err := os.WriteFile(filepath.Join(dir, "LICENSE"), []byte("All rights reserved."), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := m.licenses(); err == nil {
		t.Error("an unknown license is listed")
	}
}

func TestReasonsAreKept(t *testing.T) {
	m := module{Path: "example.com/a", Version: "v1.0.0", Dir: top}
	list, err := listOf([]module{m}, map[string]module{m.Path: m}, map[string]string{m.Path: "Counts."})
	if err != nil {
		t.Fatal(err)
	}
	if got := reasonsIn(string(list))[m.Path]; got != "Counts." {
		t.Errorf("the reason is %q in:\n%s", got, list)
	}
}
