package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

type codesCmd struct {
	Upload codesUpload `cmd:"" help:"Add codes to the pool of a reward with uploaded codes."`
}

type codesUpload struct {
	store
	Program string `arg:"" help:"ID of the program."`
	Reward  string `arg:"" help:"ID of the reward."`
	File    string `arg:"" help:"File with one code per line, of any size; - for standard input."`
}

// Run adds the codes to the pool of a reward. It skips codes that were added before, so an interrupted run can be
// repeated. If a line is not a valid code, or if the codes are too easy to guess, it adds no code.
func (c *codesUpload) Run(ctx context.Context) error {
	in, err := c.open()
	if err != nil {
		return err
	}
	defer in.Close()
	return c.programs(ctx, func(p *app.Programs) error {
		live, err := p.Live(ctx, c.Program)
		if err != nil {
			return refused(err)
		}
		reward, ok := redeem.FindReward(live.Rewards, c.Reward)
		switch {
		case !ok:
			return fmt.Errorf("program %s has no reward %s", c.Program, c.Reward)
		case reward.Codes.From != loyalty.UploadedCode:
			return fmt.Errorf("the reward %s has no uploaded codes: its program file lacks codes: uploaded", c.Reward)
		}
		if err := c.check(in); err != nil {
			return err
		}
		lines := codeLines{name: c.File, in: bufio.NewScanner(in)}
		up, err := inventory.Codes{Ledger: p.Catalog.Ledger}.Add(ctx, live.ID, reward.ID, lines.codes())
		fmt.Printf("%d codes added, %d already known\n", up.Added, len(up.Duplicate))
		if err != nil {
			return fmt.Errorf("%w; repeat the command to add the others", refused(err))
		}
		return lines.err
	})
}

// open opens the file. Instead of a file, it can read all of standard input into memory. In both cases, the codes can
// be read twice.
func (c *codesUpload) open() (io.ReadSeekCloser, error) {
	if c.File != "-" {
		return os.Open(c.File)
	}
	all, err := io.ReadAll(os.Stdin)
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	return inMemory{bytes.NewReader(all)}, nil
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// check reads all codes once. It returns an error if a code is invalid or if the codes are too easy to guess.
// Otherwise, it sets the position to the start of the file again.
func (c *codesUpload) check(in io.ReadSeeker) error {
	lines := codeLines{name: c.File, in: bufio.NewScanner(in)}
	var pool redeem.CodePool
	for code := range lines.codes() {
		pool.Add(code)
	}
	if lines.err != nil {
		return lines.err
	}
	if err := pool.Check(); err != nil {
		return refused(err)
	}
	_, err := in.Seek(0, io.SeekStart)
	return err
}

// codeLines reads one code per line. It stops at the first invalid line and sets err.
type codeLines struct {
	name string
	in   *bufio.Scanner
	err  error
}

func (l *codeLines) codes() iter.Seq[string] {
	return func(yield func(string) bool) {
		for n := 1; l.in.Scan(); n++ {
			code := strings.TrimSpace(strings.TrimPrefix(l.in.Text(), "\ufeff"))
			if code == "" {
				continue
			}
			if !redeem.ValidCode(code) {
				l.err = fmt.Errorf(
					"%s:%d: a code is 4 to 64 letters, digits and hyphens, including at least 4 letters or digits",
					l.name, n,
				)
				return
			}
			if !yield(code) {
				return
			}
		}
		if err := l.in.Err(); err != nil {
			l.err = fmt.Errorf("read %s: %w", l.name, err)
		}
	}
}
