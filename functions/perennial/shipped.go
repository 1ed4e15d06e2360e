package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/perennial-loyalty/perennial/internal/local"
	"github.com/perennial-loyalty/perennial/internal/local/binaries"
	"github.com/perennial-loyalty/perennial/internal/stack"
)

// shipped returns the settings for running the functions as binaries, and builds the binaries. Without the flag
// --functions, it returns nil.
func (r *running) shipped(ctx context.Context, programID string) (*local.Binaries, error) {
	if !r.Functions {
		return nil, nil
	}
	root, err := binaries.Root()
	if err != nil {
		return nil, err
	}
	template, err := stack.Read(filepath.Join(root, "template.yaml"))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range template.Functions {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	fmt.Fprintf(os.Stderr, "Building %d functions …\n", len(names))
	dir, err := binaries.Build(ctx, root, names...)
	if err != nil {
		return nil, err
	}
	log := &functionLog{out: os.Stderr, verbose: r.Verbose}
	b := &local.Binaries{Template: template, Dir: dir, Program: programID, Output: log.line}
	if r.DynamoDB != "" {
		b.DynamoDB, b.TableName = r.DynamoDB, devTable
	}
	return b, nil
}

// end stops the functions' processes.
func (r *running) end() {
	if r.stack == nil {
		return
	}
	if err := r.stack.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "perennial:", err)
	}
}

// A functionLog prints the log lines of the functions. It prints all lines, or only warnings, errors and lines that are
// not log entries.
type functionLog struct {
	out     io.Writer
	verbose bool
	mu      sync.Mutex
}

func (l *functionLog) line(function string, line []byte) {
	var entry struct{ Level string }
	isEntry := json.Unmarshal(line, &entry) == nil && entry.Level != ""
	if isEntry && !l.verbose && entry.Level != "WARN" && entry.Level != "ERROR" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.out, "%s: %s\n", function, line)
}
