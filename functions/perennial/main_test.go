package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// binary is the built command, which the tests run.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "perennial-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "perennial")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, ".")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build the command:", err)
		os.Exit(1)
	}
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

// patience limits every wait of these tests; on an idle machine they take a fraction of it.
const patience = time.Minute

// A process is a running perennial dev.
type process struct {
	t           *testing.T
	cmd         *exec.Cmd
	url, key    string
	tokenSecret string

	said  string // standard output up to the line that shows that it is ready
	err   *bytes.Buffer
	ended chan error
}

// start runs perennial dev on a free port and waits until it is ready.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, err: &bytes.Buffer{}, ended: make(chan error, 1)}
	p.cmd = exec.Command(binary, append([]string{"dev", "--addr", "127.0.0.1:0"}, args...)...)
	p.cmd.Stderr = p.err
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			p.said += lines.Text() + "\n"
			if strings.HasPrefix(lines.Text(), "Move the clock") || strings.HasPrefix(lines.Text(), "{") {
				close(ready)
				break
			}
		}
		_, _ = io.Copy(io.Discard, out)
		p.ended <- p.cmd.Wait()
	}()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	select {
	case <-ready:
	case err := <-p.ended:
		t.Fatalf("dev ended with %v:\n%s", err, p.err)
	case <-time.After(patience):
		t.Fatalf("dev was not ready in %s:\n%s", patience, p.err)
	}
	var line struct {
		URL, Key    string
		TokenSecret string `json:"token_secret"`
	}
	if json.Unmarshal([]byte(p.said), &line) == nil {
		p.url, p.key, p.tokenSecret = line.URL, line.Key, line.TokenSecret
	}
	return p
}

// stop sends a signal and waits for the end of the process.
func (p *process) stop(signal syscall.Signal) error {
	p.t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		return err
	case <-time.After(patience):
		p.t.Fatalf("dev did not end in %s", patience)
		return nil
	}
}

// call sends a request with the process's key and decodes the response.
func (p *process) call(method, path, idempotency, body string) (status int, answer map[string]any, err error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, p.url+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	req.Header.Set("Content-Type", "application/json")
	if idempotency != "" {
		req.Header.Set("Idempotency-Key", idempotency)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, answer, json.NewDecoder(resp.Body).Decode(&answer)
}

// run runs a command until it exits.
func run(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	failure := cmd.Run()
	if exit := (*exec.ExitError)(nil); failure != nil && !errors.As(failure, &exit) {
		t.Fatal(failure)
	}
	return out.String(), err.String(), cmd.ProcessState.ExitCode()
}
