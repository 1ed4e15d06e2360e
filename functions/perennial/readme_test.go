package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestReadmeCommandsPrintShownOutput runs the README's shell blocks in order, as a new user would, and compares
// their output with the following block, in which … matches any text, and the JSON member "…": "…" any other members.
func TestReadmeCommandsPrintShownOutput(t *testing.T) {
	for _, tool := range []string{"make", "curl", "bash"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("install %s: the blocks require it", tool)
		}
	}
	source := readme(t)
	form := regexp.MustCompile("(?s)```sh\n(.*?)```\n(?:\n```(text|json)\n(.*?)```)?")
	diagram := regexp.MustCompile("(?s)```mermaid\n.*?```")
	if _, rest, found := bytes.Cut(diagram.ReplaceAll(form.ReplaceAll(source, nil), nil), []byte("```")); found {
		t.Fatalf("a block contains neither commands nor the output of the preceding ones:\n```%s", rest)
	}
	blocks := form.FindAllStringSubmatch(string(source), -1)
	if len(blocks) < 5 || !strings.HasPrefix(blocks[0][1], "make run") {
		t.Fatalf("the README has %d shell blocks, and does not begin with make run", len(blocks))
	}
	url, welcome := readmeRun(t, strings.TrimSpace(blocks[0][1]))
	wantLike(t, blocks[0][1], blocks[0][3], strings.ReplaceAll(welcome, url, "http://127.0.0.1:8080"))
	export := regexp.MustCompile(`(?m)^export .*$`).FindString(welcome)
	for _, b := range blocks[1:] {
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", export+"\n"+b[1])
		cmd.Dir = "../.."
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s\n%v", b[1], err)
		}
		switch b[2] {
		case "text":
			wantLike(t, b[1], b[3], string(out))
		case "json":
			wantJSON(t, b[1], b[3], out)
		}
	}
}

// readmeRun starts the README's command on a free port, in its own process group so that all of its processes can
// be stopped, and returns when it is ready.
func readmeRun(t *testing.T, command string) (url, said string) {
	args, ok := strings.CutSuffix(command, "'")
	if !ok {
		t.Fatalf("%q does not end in ARGS='…'", command)
	}
	cmd := exec.Command("bash", "-c", args+" --addr 127.0.0.1:0'")
	cmd.Dir, cmd.SysProcAttr = "../..", &syscall.SysProcAttr{Setpgid: true}
	out, err := os.CreateTemp(t.TempDir(), "run")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		_ = cmd.Wait()
		out.Close()
	})
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		b, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte("Stop with Ctrl-C")) {
			return regexp.MustCompile(`http://[0-9.:]+`).FindString(string(b)), string(b)
		}
	}
	b, _ := os.ReadFile(out.Name())
	t.Fatalf("%s never got ready:\n%s", command, b)
	return "", ""
}

// wantLike compares texts. … matches any text.
func wantLike(t *testing.T, command, want, got string) {
	t.Helper()
	if !like(strings.TrimSpace(want), strings.TrimSpace(got)) {
		t.Errorf("the README states that\n%s\nprints\n%s\nbut it prints\n%s", command, want, got)
	}
}

func like(want, got string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(want), "…", ".*")
	return regexp.MustCompile(`(?s)^` + pattern + `$`).MatchString(got)
}

// wantJSON compares JSON by content, because the README formats it with line breaks.
func wantJSON(t *testing.T, command, want string, got []byte) {
	t.Helper()
	var w, g any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Errorf("the README's output for\n%s\nis not JSON: %v", command, err)
		return
	}
	if err := json.Unmarshal(got, &g); err != nil {
		t.Errorf("%s\ndoes not print JSON: %v\n%s", command, err, got)
		return
	}
	omit(w, g)
	anything := cmp.Comparer(func(a, b string) bool { return like(a, b) || like(b, a) })
	if diff := cmp.Diff(w, g, anything); diff != "" {
		t.Errorf("%s\nprints other output than the README shows (-README +printed):\n%s", command, diff)
	}
}

// omit removes the members of the response that the README's JSON omits.
func omit(w, g any) {
	switch w := w.(type) {
	case map[string]any:
		g, ok := g.(map[string]any)
		if !ok {
			return
		}
		if w["…"] == "…" {
			maps.DeleteFunc(g, func(name string, _ any) bool { _, shown := w[name]; return !shown })
			delete(w, "…")
		}
		for name := range w {
			omit(w[name], g[name])
		}
	case []any:
		g, ok := g.([]any)
		for i := range w {
			if ok && i < len(g) {
				omit(w[i], g[i])
			}
		}
	}
}
